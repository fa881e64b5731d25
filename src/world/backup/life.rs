//! The way of a backup job: `CREATED` → `PENDING` → `RUNNING` → an end (`aws.md` §2).

use serde_json::Value;

use super::job::{Ending, Job};
use super::point::Point;
use super::source::Kin;
use super::{Backup, Due, Reach};
use crate::ids::Span;
use crate::world::{Due as Happening, Moment};

/// A job that cannot begin yet tries again so often.
const AGAIN: Span = Span::mins(10);

/// One step of a job.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::world) enum Step {
    Try,
    Run,
    Progress(u8),
    End,
    Abort,
}

impl Backup {
    pub(super) fn job_step(&mut self, id: &str, step: Step, reach: &mut Reach<'_>, moment: &mut Moment<'_>) {
        let Some(at) = self.jobs.iter().position(|j| j.id() == id) else { return };
        match (step, self.jobs[at].state()) {
            (Step::Try, "CREATED") => self.try_job(at, reach, moment),
            (Step::Run, "PENDING") => self.run_job(at, reach, moment),
            (Step::Progress(percent), "RUNNING") => self.progress(at, percent, reach),
            (Step::End, "RUNNING") => self.end_job(at, reach, moment),
            (Step::Abort, "ABORTING") => self.abort_job(at, reach, moment),
            // A step of a job that was stopped meanwhile.
            _ => {}
        }
    }

    /// One backup of a resource at a time: another one waits in its start window.
    fn try_job(&mut self, at: usize, reach: &mut Reach<'_>, moment: &mut Moment<'_>) {
        let job = &self.jobs[at];
        let (id, arn) = (job.id().to_owned(), job.resource().to_owned());
        if moment.now > job.start_by {
            let why = "Backup job expired before completion: it could not start in its start window.";
            return self.jobs[at].finish("EXPIRED", why, None, moment);
        }
        if let Some(why) = reach.hindrance(&arn, moment.now) {
            return self.jobs[at].finish("FAILED", &why, None, moment);
        }
        if self.jobs.iter().any(|j| j.resource() == arn && j.works()) {
            return moment.later(AGAIN, happens(&id, Step::Try));
        }
        self.jobs[at].set("State", "PENDING");
        let pause = moment.within(&format!("backup-pending/{id}"), Span::secs(5), Span::secs(30));
        moment.later(pause, happens(&id, Step::Run));
    }

    fn run_job(&mut self, at: usize, reach: &mut Reach<'_>, moment: &mut Moment<'_>) {
        let (id, arn) = (self.jobs[at].id().to_owned(), self.jobs[at].resource().to_owned());
        let begun = Kin::of(&arn).and_then(|kin| Ok((kin, reach.begin(&arn, &id, moment)?)));
        let (kin, (point, content)) = match begun {
            Ok(begun) => begun,
            Err(refused) => return self.jobs[at].finish("FAILED", &refused.message, None, moment),
        };
        let lasts = kin.lasts(&id, moment);
        let job = &mut self.jobs[at];
        job.set("State", "RUNNING");
        job.set("RecoveryPointArn", point.as_str());
        job.set("ExpectedCompletionDate", moment.now.plus(lasts).rfc3339());
        let source = reach.document(&arn).cloned().unwrap_or_default();
        self.points.push(Point::begun(&self.jobs[at], &point, content, &source, moment));
        for percent in [10, 45, 80] {
            let after = Span(lasts.0 * u64::from(percent) / 100);
            moment.later(after, happens(&id, Step::Progress(percent)));
        }
        moment.later(lasts, happens(&id, Step::End));
    }

    fn progress(&mut self, at: usize, percent: u8, reach: &mut Reach<'_>) {
        let job = &mut self.jobs[at];
        job.set("PercentDone", format!("{percent}.0"));
        let bytes = job.doc["BackupSizeInBytes"].as_u64().unwrap_or(0);
        job.set("BytesTransferred", bytes / 100 * u64::from(percent));
        if let Some(point) = self.point_of(at) {
            reach.advance(&mut self.points[point].content, percent);
        }
    }

    fn end_job(&mut self, at: usize, reach: &mut Reach<'_>, moment: &mut Moment<'_>) {
        let arn = self.jobs[at].resource().to_owned();
        let told = self.endings.iter().position(|(resource, _)| *resource == arn);
        let mut ending = told.map_or_else(Ending::well, |n| self.endings.remove(n).1);
        if moment.now > self.jobs[at].complete_by {
            ending.state = "EXPIRED".into();
            ending.message = "Backup job expired before completion: its completion window is over.".into();
        }
        if matches!(ending.state.as_str(), "COMPLETED" | "PARTIAL") {
            self.progress(at, 100, reach);
            if let Some(point) = self.point_of(at) {
                self.points[point].complete(&ending.state, moment);
            }
        } else {
            self.drop_point(at, reach);
        }
        self.jobs[at].finish(&ending.state, &ending.message, Some(&ending.category), moment);
    }

    fn abort_job(&mut self, at: usize, reach: &mut Reach<'_>, moment: &mut Moment<'_>) {
        self.drop_point(at, reach);
        self.jobs[at].finish("ABORTED", "Backup job was stopped by user.", None, moment);
    }

    fn point_of(&self, at: usize) -> Option<usize> {
        let arn = self.jobs[at].doc.get("RecoveryPointArn")?.as_str()?;
        self.points.iter().position(|p| p.arn() == arn)
    }

    fn drop_point(&mut self, at: usize, reach: &mut Reach<'_>) {
        if let Some(point) = self.point_of(at) {
            reach.discard(&self.points.remove(point).content);
        }
        self.jobs[at].doc.shift_remove("RecoveryPointArn");
    }
}

impl Ending {
    fn well() -> Ending {
        Ending { state: "COMPLETED".into(), message: String::new(), category: "SUCCESS".into() }
    }
}

impl Job {
    fn finish(&mut self, state: &str, message: &str, category: Option<&str>, moment: &Moment<'_>) {
        self.set("State", state);
        self.set("CompletionDate", moment.now.rfc3339());
        if !message.is_empty() {
            self.set("StatusMessage", message);
        }
        if let Some(category) = category {
            self.set("MessageCategory", Value::from(category));
        }
    }
}

fn happens(id: &str, step: Step) -> Happening {
    Happening::Backup(Due::Job { id: id.to_owned(), step })
}
