//! The figures the project promises, measured: `cargo bench`. Targets are on a machine of two cores.
//!
//! | what | target |
//! |---|---|
//! | process start to first frame | 30 ms |
//! | key to frame, p99, with a pane refreshing | 5 ms |
//! | fold of a journal of 100,000 records | 0.5 s |
//! | check of a runbook of 500 steps | 100 ms |
//! | plan of the flagship's reads, beyond the network | 20 ms |
//! | simulated recovery of the flagship without sockets | 250 ms |

#![allow(clippy::unwrap_used, reason = "a bench ends at the first surprise")]

mod check;
mod console;
mod drill;
mod fold;
mod plan;
mod start;

fn main() {
    let mut figures = Figures::default();
    check::run(&mut figures);
    fold::run(&mut figures);
    plan::run(&mut figures);
    drill::run(&mut figures);
    console::run(&mut figures);
    start::run(&mut figures);
    figures.print();
}

/// Times in milliseconds, sorted when asked.
pub struct Times(Vec<f64>);

impl Times {
    /// Runs `work` `rounds` times, after one round that does not count.
    pub fn of(rounds: usize, mut work: impl FnMut()) -> Times {
        work();
        let one = |_| {
            let start = std::time::Instant::now();
            work();
            start.elapsed().as_secs_f64() * 1000.0
        };
        let mut times: Vec<f64> = (0..rounds).map(one).collect();
        times.sort_by(f64::total_cmp);
        Times(times)
    }

    fn quantile(&self, q: f64) -> f64 {
        let last = self.0.len().saturating_sub(1);
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "an index"
        )]
        let index = (q * last as f64).round() as usize;
        self.0.get(index).copied().unwrap_or(f64::NAN)
    }
}

/// What was measured, against what is promised.
#[derive(Default)]
pub struct Figures(Vec<(String, f64, f64, f64)>);

impl Figures {
    /// Records one figure: the quantile that the promise is about, and its target in milliseconds.
    pub fn add(&mut self, what: &str, times: &Times, quantile: f64, target: f64) {
        self.0.push((what.to_owned(), times.quantile(0.5), times.quantile(quantile), target));
    }

    fn print(&self) {
        println!("{:52} {:>10} {:>10} {:>10}", "", "median ms", "judged ms", "target ms");
        for (what, median, judged, target) in &self.0 {
            let word = if judged <= target { "ok" } else { "MISSED" };
            println!("{what:52} {median:10.3} {judged:10.3} {target:10.1}  {word}");
        }
    }
}
