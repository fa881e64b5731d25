//! The runbook format: files that are right, files that are wrong, and the schema.

use std::path::{Path, PathBuf};

use ripcord::runbook::{Finding, load};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &str) -> Vec<PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(root().join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "yaml"))
        .collect();
    files.sort();
    files
}

fn findings(path: &Path) -> Vec<Finding> {
    let name = path.strip_prefix(root()).unwrap().to_string_lossy();
    load(&name, &std::fs::read(path).unwrap()).err().unwrap_or_default()
}

fn shown(findings: &[Finding]) -> String {
    findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn shipped_runbooks_have_no_findings() {
    for path in files("runbooks") {
        let findings = findings(&path);
        assert!(findings.is_empty(), "{}", shown(&findings));
    }
}
