//! Who we are at the places of a run, and how far their clock is from ours.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::launch::World;
use super::trouble::{Trouble, exit};
use crate::expr::Template;
use crate::ids::{Clock, Identity, Place, Span};
use crate::run::{CheckResult, CheckVerdict};
use crate::runbook::{Runbook, Target};
use crate::watch::{Question, Unread, UnreadKind};

/// A clock that is this far off deserves a word.
const OFF: Span = Span::secs(30);
/// AWS refuses signatures that are five minutes off: one minute is left for requests on their way.
const TOO_FAR_OFF: Span = Span::mins(4);

impl World {
    /// Who we are at a place, in its role where it has one.
    ///
    /// # Errors
    /// Exit 4 for missing, expired or refused credentials, 5 for an endpoint that does not answer and for a
    /// clock that is too far off.
    pub async fn identity(&self, place: &Place) -> Result<Identity, Trouble> {
        let question = Question {
            place: place.clone(),
            service: "sts".into(),
            operation: "GetCallerIdentity".into(),
            parameters: Value::Object(Map::new()),
        };
        let answer = self.perform.read(&question).await.map_err(|why| self.nobody(place, &why))?;
        let text = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
        Ok(Identity { account: text("Account"), arn: text("Arn"), user_id: text("UserId") })
    }

    fn nobody(&self, place: &Place, why: &Unread) -> Trouble {
        if let Some(off) = self.clock_off(place).filter(|off| *off >= TOO_FAR_OFF) {
            return Trouble::new(
                exit::PREFLIGHT,
                format!("{}: {}", too_far(off), why.message),
                "who we are is not known, so nothing was started",
                "set the clock of this machine, then try again",
            );
        }
        match why.kind {
            UnreadKind::Credentials | UnreadKind::NoAccess => Trouble::new(
                exit::CREDENTIALS,
                format!("AWS does not accept the credentials: {}", why.message),
                "nothing was read or changed",
                "log in again (`aws sso login`, or new keys) and check with `aws sts get-caller-identity`",
            ),
            _ => Trouble::new(
                exit::PREFLIGHT,
                format!("the endpoint does not answer: {}", why.message),
                "who we are is not known, so nothing was started",
                "check the network, the proxy and --endpoint-url, then try again",
            ),
        }
    }

    /// How far the clock of the endpoint is from ours, ahead or behind, as its newest answer said.
    fn clock_off(&self, place: &Place) -> Option<Span> {
        let (theirs, ours) = (self.perform.endpoint_time(place)?, self.clock.wall());
        Some(theirs.since(ours).max(ours.since(theirs)))
    }

    /// The check of the clock, right after the identity was asked.
    pub(super) fn clock_check(&self, place: Option<&Place>) -> CheckResult {
        let off = place.and_then(|place| self.clock_off(place));
        let (verdict, message) = match off {
            None => (CheckVerdict::Skip, "not checked: the answer of the endpoint has no date".to_owned()),
            Some(off) if off >= TOO_FAR_OFF => (CheckVerdict::Fail, too_far(off)),
            Some(off) if off >= OFF => {
                (CheckVerdict::Warn, format!("{} from the clock of the endpoint", off.human()))
            }
            // The date of an answer has no fractions.
            Some(off) => {
                (CheckVerdict::Ok, format!("within {} s of the endpoint", off.0.div_ceil(1000).max(1)))
            }
        };
        CheckResult { name: "clock".into(), verdict, message }
    }

    /// Resolves and pins the place of every target; gives the identity at the first one.
    pub(super) async fn places(
        &self,
        book: &Runbook,
        parameters: &Map<String, Value>,
    ) -> Result<(Vec<Place>, Identity), Trouble> {
        let mut identities: BTreeMap<(String, Option<String>), Identity> = BTreeMap::new();
        let mut places = Vec::new();
        let mut first = None;
        for target in &book.targets {
            let (mut place, wanted) = self.place(target, parameters)?;
            let spot = (place.region.clone(), place.role_arn.clone());
            if !identities.contains_key(&spot) {
                let identity = self.identity(&place).await?;
                identities.insert(spot.clone(), identity);
            }
            let identity = identities.get(&spot).cloned().unwrap_or_default();
            place.account.clone_from(&identity.account);
            if let Some(wanted) = wanted.filter(|w| *w != place.account) {
                return Err(Trouble::new(
                    exit::CREDENTIALS,
                    format!("the credentials are of account {}, the runbook wants {wanted}", place.account),
                    "nothing was read or changed",
                    "choose the profile of that account with --profile",
                ));
            }
            first.get_or_insert(identity);
            places.push(place);
        }
        Ok((places, first.unwrap_or_default()))
    }

    /// Where a target is, without its account, and the account it wants.
    fn place(
        &self,
        target: &Target,
        parameters: &Map<String, Value>,
    ) -> Result<(Place, Option<String>), Trouble> {
        let scope = serde_json::json!({ "parameters": parameters });
        let now = self.clock.now();
        let said = |t: &Option<Template>| match t {
            Some(t) => t.text(&scope, now).map(Some).map_err(|e| Trouble::usage(format!("a target: {e}"))),
            None => Ok(None),
        };
        let region = said(&target.region)?.unwrap_or_else(|| self.region.clone());
        if region.is_empty() {
            return Err(Trouble::new(
                exit::USAGE,
                "no region is known",
                "a run is bound to one account and region for life",
                "give --region, set AWS_REGION, or write the region into the profile",
            ));
        }
        let place = Place {
            target: target.name.clone(),
            region,
            role_arn: said(&target.role_arn)?,
            ..Place::default()
        };
        Ok((place, said(&target.account)?))
    }
}

fn too_far(off: Span) -> String {
    format!("{} from the clock of the endpoint; AWS refuses signatures that are 5 min off", off.human())
}
