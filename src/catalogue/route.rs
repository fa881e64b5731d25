//! Which operation of a REST service a request is for: method and path against the paths of the models.

use super::table::{self, Facts};

/// A request that is for an operation.
#[derive(Clone)]
pub struct Route<'p> {
    pub operation: &'static str,
    pub facts: &'static Facts,
    /// The labels of the path by their wire names, percent-encoded as they stand there.
    pub labels: Vec<(&'static str, &'p str)>,
}

/// The operation that `method` on `path` (without its query) is for, of those that are served. A slash at the end
/// says nothing (the CLI writes those of the model, the SDK leaves them out); where two paths fit, the one with fewer labels is meant.
pub fn route<'p>(service: &str, method: &str, path: &'p str) -> Option<Route<'p>> {
    table::served(service)
        .filter(|(_, facts)| facts.wire.method == method)
        .filter_map(|(operation, facts)| {
            Some(Route { operation, facts, labels: labels(facts.wire.path, path)? })
        })
        .min_by_key(|route| route.labels.len())
}

/// The labels of a path that fits a template.
fn labels<'p>(template: &'static str, path: &'p str) -> Option<Vec<(&'static str, &'p str)>> {
    let (wanted, given) = (segments(template), segments(path));
    if wanted.clone().count() != given.clone().count() {
        return None;
    }
    let mut labels = Vec::new();
    for (wanted, given) in wanted.zip(given) {
        match wanted.strip_prefix('{').and_then(|w| w.strip_suffix('}')) {
            Some(label) if !given.is_empty() => labels.push((label, given)),
            None if wanted == given => {}
            _ => return None,
        }
    }
    Some(labels)
}

fn segments(path: &str) -> std::str::Split<'_, char> {
    let path = path.strip_prefix('/').unwrap_or(path);
    path.strip_suffix('/').unwrap_or(path).split('/')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::{Protocol, all};

    fn routed(method: &str, path: &'static str) -> Option<(&'static str, Vec<(&'static str, &'static str)>)> {
        route("backup", method, path).map(|r| (r.operation, r.labels))
    }

    #[test]
    fn method_and_path_name_the_operation() {
        assert_eq!(routed("GET", "/backup-jobs/"), Some(("ListBackupJobs", vec![])));
        assert_eq!(routed("GET", "/backup-jobs"), Some(("ListBackupJobs", vec![])));
        assert_eq!(routed("PUT", "/backup-jobs"), Some(("StartBackupJob", vec![])));
        assert_eq!(routed("GET", "/backup-jobs/J"), Some(("DescribeBackupJob", vec![("backupJobId", "J")])));
        assert_eq!(routed("POST", "/backup-jobs/J"), Some(("StopBackupJob", vec![("backupJobId", "J")])));
        let arn = "/backup-vaults/Default/recovery-points/arn%3Aaws%3Abackup%3Ax%2Fy";
        let labels = vec![("backupVaultName", "Default"), ("recoveryPointArn", "arn%3Aaws%3Abackup%3Ax%2Fy")];
        assert_eq!(routed("GET", arn), Some(("DescribeRecoveryPoint", labels)));
        for (method, path) in [
            ("DELETE", "/backup-jobs/J"),
            ("POST", "/backup-jobs"),
            ("GET", "/backup-vaults/a/b"),
            ("GET", "/backup-vaults//recovery-points/"),
            ("GET", "/"),
            ("GET", ""),
        ] {
            assert_eq!(routed(method, path), None, "{method} {path}");
        }
        assert!(route("nosuch", "POST", "/").is_none());
    }

    #[test]
    fn every_rest_operation_is_found_by_its_own_path() {
        let rest = all().filter(|o| o.wire().protocol == Protocol::RestJson);
        let mut seen = 0;
        for operation in rest {
            let wire = operation.wire();
            let found = route(operation.service, wire.method, wire.path).map(|r| r.operation);
            assert_eq!(found, Some(operation.name), "{} {}", wire.method, wire.path);
            seen += 1;
        }
        assert!(seen > 15, "{seen}");
    }
}
