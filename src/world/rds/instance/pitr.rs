//! A moment of an instance's past as a new instance.

use serde_json::Value;

use super::restore::Source;
use crate::ids::At;
use crate::world::rds::{Rds, automated, needed, number, of, text};
use crate::world::{Moment, Refused};

/// The history that a call names.
struct History {
    settings: serde_json::Map<String, Value>,
    data: crate::world::Data,
    window: (At, At),
}

impl Rds {
    pub(in crate::world::rds) fn restore_to_point_in_time(
        &mut self,
        parameters: &Value,
        moment: &mut Moment<'_>,
    ) -> Result<Value, Refused> {
        let target = needed(parameters, "TargetDBInstanceIdentifier")?;
        let target = self.free_name("TargetDBInstanceIdentifier", target)?;
        let history = self.history(parameters, moment)?;
        let to = point(parameters, "RestoreTime", history.window)?;
        let name = of(&history.settings, "DBInstanceIdentifier").to_owned();
        let event = format!("Restored from DB instance {name} to {to}");
        let data = history.data.as_of(to);
        // Log replay: five to sixty minutes (`aws.md` §2).
        let source = Source { settings: history.settings, data, name, replay: (300, 2400), event };
        self.bring_up(&target, source, parameters, moment)
    }

    fn history(&self, parameters: &Value, moment: &Moment<'_>) -> Result<History, Refused> {
        let now = moment.now;
        let by = ["SourceDBInstanceIdentifier", "SourceDbiResourceId", "SourceDBInstanceAutomatedBackupsArn"];
        let mut given = by.iter().filter_map(|name| text(parameters, name).map(|value| (*name, value)));
        let (Some((by, value)), None) = (given.next(), given.next()) else {
            let message = "You must specify exactly one of SourceDBInstanceIdentifier, SourceDbiResourceId \
                           and SourceDBInstanceAutomatedBackupsArn.";
            return Err(Refused::new("InvalidParameterCombination", message));
        };
        match by {
            "SourceDBInstanceIdentifier" => self.of_instance(self.named(value)?, now),
            "SourceDbiResourceId" => match self.instances.iter().position(|i| i.resource() == value) {
                Some(at) => self.of_instance(at, now),
                None => self.of_retained("DbiResourceId", value, now),
            },
            _ => match self.instances.iter().position(|i| automated::arn(&i.doc, moment) == value) {
                Some(at) => self.of_instance(at, now),
                None => self.of_retained("DBInstanceAutomatedBackupsArn", value, now),
            },
        }
    }

    fn of_instance(&self, at: usize, now: At) -> Result<History, Refused> {
        let instance = &self.instances[at];
        if number(&instance.doc, "BackupRetentionPeriod") == 0 {
            let message =
                format!("The source DB instance {} has a BackupRetentionPeriod equal to 0.", instance.id());
            return Err(Refused::new("PointInTimeRestoreNotEnabled", message));
        }
        let window = instance.window(now).filter(|_| instance.status() != "deleting").ok_or_else(|| {
            let message = format!(
                "DB instance {} is in the {} state and has no backup yet.",
                instance.id(),
                instance.status()
            );
            Refused::new("InvalidDBInstanceState", message)
        })?;
        Ok(History { settings: instance.doc.clone(), data: instance.data.clone(), window })
    }

    fn of_retained(&self, member: &str, value: &str, now: At) -> Result<History, Refused> {
        let kept = self.retained_by(member, value, now).ok_or_else(|| {
            let message = format!("There is no automated backup with the {member} {value}.");
            Refused::not_found("DBInstanceAutomatedBackupNotFound", message)
        })?;
        Ok(History { settings: kept.doc.clone(), data: kept.data.clone(), window: kept.window(now) })
    }
}

/// The moment a call means, inside the window; the refusal tells the bounds.
pub(in crate::world::rds) fn point(
    parameters: &Value,
    by: &str,
    (earliest, latest): (At, At),
) -> Result<At, Refused> {
    let wanted = text(parameters, by).and_then(At::parse);
    match (wanted, parameters["UseLatestRestorableTime"] == true) {
        (None, true) => Ok(latest),
        (Some(at), false) if at < earliest => Err(outside("earlier", earliest)),
        (Some(at), false) if at > latest => Err(outside("later", latest)),
        (Some(at), false) => Ok(at),
        _ => {
            let message = format!("You must specify either {by} or UseLatestRestorableTime, and not both.");
            Err(Refused::new("InvalidParameterCombination", message))
        }
    }
}

fn outside(side: &str, bound: At) -> Refused {
    let message = format!("The specified instance cannot be restored to a time {side} than {bound}.");
    Refused::new("InvalidParameterValue", message)
}
