//! What the adversary does with a request, and how old it lets a reading be.

use ripcord::ids::Span;
use ripcord::run::{Call, Outcome};

use super::life::Sim;
use super::world::{Fate, REQUEST_LIFE, STALENESS, refused};

impl Sim {
    /// How old the next reading is: mostly fresh, sometimes old, rarely and briefly from long ago.
    pub(super) fn lag(&mut self) -> Span {
        let now = self.world.now;
        if let Some((until, lag)) = self.world.lagging {
            if now < until {
                return lag;
            }
            // Replicas that lag far do so for less than the readings of a probe are spread over, and not again soon.
            if now < until.plus(Span::mins(20)) {
                return self.ordinary_lag();
            }
        }
        if self.rough.lag > 0 && self.chance.permille(90) {
            // It shows at worst what was true when the newest request was intended, and that often: there it hurts.
            let newest = now.since(self.world.intended);
            let worst = Span::secs(900).min(newest);
            let some = Span::secs(self.chance.between(60, 900)).min(newest);
            let lag = if self.chance.percent(50) { worst } else { some };
            self.world.lagging = Some((now.plus(Span::secs(self.chance.between(3, 20))), lag));
            self.met("a replica that lags far behind");
            return lag;
        }
        self.ordinary_lag()
    }

    pub(super) fn ordinary_lag(&mut self) -> Span {
        if self.chance.percent(self.rough.lag) { Span(self.chance.below(STALENESS.0)) } else { Span(0) }
    }

    /// What becomes of a request.
    pub(super) fn fate(&mut self, call: &Call) -> Fate {
        let quick = Span(self.chance.between(50, 900));
        if self.world.state().expired {
            self.met("sent with expired credentials");
            let outcome = refused(call, "ExpiredToken");
            return Fate { says: Some((quick, outcome)), ..Fate::default() };
        }
        if !self.chance.percent(self.rough.calls) {
            let again = self.chance.percent(15).then(|| Span(quick.0 + self.chance.between(10, 200_000)));
            let answered = [Some(Span(quick.0 + 20)), again].into_iter().flatten().collect();
            return Fate { lands: Some(quick), answered, says: None };
        }
        self.trouble(call, quick)
    }

    pub(super) fn trouble(&mut self, call: &Call, quick: Span) -> Fate {
        let deadline = Span::secs(60);
        let unclear = |why: &str| Outcome::Unclear { why: why.to_owned() };
        match self.chance.below(9) {
            0 => {
                let code = *self
                    .chance
                    .pick(&["ThrottlingException", "ValidationException", "AccessDenied"])
                    .unwrap_or(&"");
                self.met(format!("refused with {code}"));
                Fate { says: Some((quick, refused(call, code))), ..Fate::default() }
            }
            1 => {
                self.met("throttled");
                Fate { says: Some((quick, refused(call, "Throttling"))), ..Fate::default() }
            }
            2 => {
                self.met("executed, answer lost");
                Fate { lands: Some(quick), answered: vec![], says: Some((deadline, unclear("timeout"))) }
            }
            3 => {
                self.met("executed, then a server fault");
                let says = Some((Span(quick.0 + 20), unclear("InternalFailure")));
                Fate { lands: Some(quick), answered: vec![], says }
            }
            4 => {
                self.met("a server fault and not executed");
                Fate { says: Some((quick, unclear("InternalFailure"))), ..Fate::default() }
            }
            5 => {
                self.met("never arrived");
                Fate { says: Some((quick, unclear("connection reset"))), ..Fate::default() }
            }
            _ => {
                self.met("executed late");
                let lands = Span(self.chance.between(deadline.0, REQUEST_LIFE.0));
                let heard = self.chance.percent(50).then(|| Span(lands.0 + self.chance.between(1, 30_000)));
                let says = Some((Span(self.chance.between(quick.0, deadline.0)), unclear("timeout")));
                Fate { lands: Some(lands), answered: heard.into_iter().collect(), says }
            }
        }
    }
}
