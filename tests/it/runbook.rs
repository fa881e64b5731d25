//! The runbook format: files that are right, files that are wrong, the schema, and the paper.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use ripcord::ids::At;
use ripcord::runbook::{
    Action, Finding, FindingKind, Offer, ParameterKind, embedded, load, paper, schema, summary,
};
use serde_json::Map;

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

/// Every file that has no findings: the shipped ones, the unusual ones and the drafts of later ones.
fn good() -> Vec<PathBuf> {
    ["runbooks", "tests/data/runbooks/good", "tests/data/runbooks/drafts"]
        .into_iter()
        .flat_map(files)
        .collect()
}

fn findings(path: &Path) -> Vec<Finding> {
    let name = path.file_name().unwrap().to_string_lossy();
    load(&name, &std::fs::read(path).unwrap()).err().unwrap_or_default()
}

fn shown(findings: &[Finding]) -> String {
    findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn flagship() -> &'static str {
    embedded().iter().find(|(name, _)| *name == "ecs-rds-snapshot-restore.yaml").unwrap().1
}

#[test]
fn right_files_have_no_findings() {
    let good = good();
    assert!(good.len() >= 15, "the fixtures are there");
    for path in good {
        let findings = findings(&path);
        assert!(findings.is_empty(), "{}", shown(&findings));
    }
}

#[test]
fn wrong_files_are_told_line_column_and_reason() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(root().join("tests/data/runbooks/bad"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for path in files("tests/data/runbooks/bad") {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            insta::assert_snapshot!(name, shown(&findings(&path)));
        }
    });
}

#[test]
fn every_kind_of_finding_has_a_file() {
    let mut met: BTreeSet<FindingKind> = files("tests/data/runbooks/bad")
        .iter()
        .flat_map(|path| findings(path).into_iter().map(|finding| finding.kind))
        .collect();
    // A file of more than a megabyte is made here instead of being kept.
    met.extend(load("big.yaml", &vec![b'#'; (1 << 20) + 1]).unwrap_err().iter().map(|finding| finding.kind));
    let missing: Vec<_> = FindingKind::ALL.iter().filter(|kind| !met.contains(kind)).collect();
    assert!(missing.is_empty(), "no file under tests/data/runbooks/bad shows {missing:?}");
}

#[test]
fn findings_come_by_place_and_do_not_repeat() {
    for path in files("tests/data/runbooks/bad") {
        let found = findings(&path);
        assert!(!found.is_empty(), "{} has no finding", path.display());
        assert!(found.is_sorted_by_key(|f| (f.line, f.column)), "{}", shown(&found));
        let distinct: BTreeSet<_> = found.iter().map(|f| (f.line, f.column, f.kind, &f.message)).collect();
        assert_eq!(distinct.len(), found.len(), "{}", shown(&found));
    }
}

#[test]
fn a_finding_as_json_names_kind_and_place() {
    let found = load("x.yaml", b"schema: 1\nid: x\ntitle: X\nsteps: []\n").unwrap_err();
    let json = serde_json::to_value(&found).unwrap();
    assert_eq!(json[0]["kind"], "out-of-range");
    assert_eq!((json[0]["line"].as_u64(), json[0]["column"].as_u64()), (Some(4), Some(8)));
    assert_eq!(json[0]["source"], "steps: []");
}

#[test]
fn the_id_is_the_file_name_except_in_a_run_directory() {
    let text = flagship().as_bytes();
    assert!(load("runs/1/runbook.yaml", text).is_ok());
    assert!(load("somewhere/ecs-rds-snapshot-restore.yaml", text).is_ok());
    assert_eq!(load("other.yaml", text).unwrap_err()[0].kind, FindingKind::IdNotFileName);
}

#[test]
fn the_schema_is_the_one_in_assets() {
    let written = root().join("assets/runbook-v1.schema.json");
    let text = format!("{:#}\n", schema());
    if std::env::var_os("RIPCORD_WRITE_SCHEMA").is_some() {
        std::fs::write(&written, &text).unwrap();
    }
    let kept = std::fs::read_to_string(&written).unwrap_or_default();
    assert!(kept == text, "assets/runbook-v1.schema.json is old: run this test with RIPCORD_WRITE_SCHEMA=1");
}

/// Validates files against the schema with an implementation that is not ours.
const VALIDATE: &str = "
import json, sys, yaml
from jsonschema import Draft202012Validator
schema = json.load(open(sys.argv[1]))
Draft202012Validator.check_schema(schema)
validator = Draft202012Validator(schema)
for path in sys.argv[2:]:
    for error in validator.iter_errors(yaml.safe_load(open(path))):
        print(path, list(error.absolute_path), error.message)
";

fn validate(files: &[PathBuf]) -> String {
    let python = root().join("target/venv/bin/python");
    assert!(python.exists(), "target/venv/bin/python is missing: tests/run makes it (jsonschema, PyYAML)");
    let schema = root().join("assets/runbook-v1.schema.json");
    let output = Command::new(python).args(["-c", VALIDATE]).arg(schema).args(files).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn right_files_agree_with_the_schema() {
    assert_eq!(validate(&good()), "");
}

#[test]
fn the_schema_sees_mistakes_of_form() {
    let wrong =
        ["unknown-key", "missing-key", "wrong-type", "unknown-value", "bad-duration", "misplaced-key"];
    for name in wrong {
        let path = root().join(format!("tests/data/runbooks/bad/{name}.yaml"));
        assert_ne!(validate(&[path]), "", "{name}");
    }
}

#[test]
fn the_paper_of_the_flagship_can_be_followed_by_hand() {
    let runbook = load("ecs-rds-snapshot-restore.yaml", flagship().as_bytes()).unwrap();
    let given = serde_json::json!({"cluster": "main", "db": "orders", "services": ["web", "worker"]});
    let page = paper(&runbook, given.as_object().unwrap());
    insta::assert_snapshot!(page.replace(&runbook.digest[..12], "…"));
    let blank = paper(&runbook, &Map::new());
    assert!(blank.contains("--new-db-instance-identifier '<db>-parked'"), "{blank}");
    assert!(!page.contains("{{") && !blank.contains("{{"), "{blank}");
}

#[test]
fn the_summary_of_the_flagship_names_its_parameters_and_steps() {
    let runbook = load("ecs-rds-snapshot-restore.yaml", flagship().as_bytes()).unwrap();
    let mut summary = summary(&runbook);
    summary["digest"] = "…".into();
    insta::assert_snapshot!(format!("{summary:#}"));
}

fn good_runbook(name: &str) -> ripcord::runbook::Runbook {
    let text = std::fs::read(root().join("tests/data/runbooks/good").join(name)).unwrap();
    load(name, &text).unwrap_or_else(|found| panic!("{}", shown(&found)))
}

#[test]
fn the_paper_leaves_nothing_out_that_the_console_judges() {
    let runbook = good_runbook("unusual-to-print.yaml");
    let given = serde_json::json!({"db": "orders", "names": ["orders", "stock"]});
    let page = paper(&runbook, given.as_object().unwrap());
    insta::assert_snapshot!(page.replace(&runbook.digest[..12], "…"));
}

#[test]
fn what_is_not_executed_is_named_wherever_it_stands() {
    assert_eq!(
        good_runbook("foreign-in-place.yaml").foreign(),
        [
            "read `named` (exec)",
            "read of check `asked` (sql)",
            "read of check `absent` (http)",
            "read of step `wait` (exec)",
            "read of step `see` (sql)",
            "read of step `choose` (file)",
            "capture `before` of step `reboot` (exec)",
            "probe of step `reboot` (sql)",
            "verify of step `reboot` (http)",
            "read of step `wait_back` (exec)",
            "step `tell` (exec)",
            "read of step `look` (exec)",
        ]
    );
    assert!(good_runbook("no-rows-to-state.yaml").foreign().is_empty());
}

/// What IAM must allow for one operation, and for what the gate and an unknown outcome read.
fn allowed_for(service: &str, operation: &str) -> Vec<String> {
    let entry = ripcord::catalogue::find(service, operation).unwrap();
    let looks = [entry.observe().map(|look| look.operation), entry.probe().map(|probe| probe.look.operation)];
    let all = looks.into_iter().flatten().chain([operation]);
    // These services have the same name in IAM.
    all.map(|operation| format!("{service}:{operation}")).collect()
}

/// What AWS asks of the caller besides the calls that are named: it passes roles and keys on, tags what it makes, and
/// fills and alarms tables in the caller's name.
fn beside_the_calls(file: &str) -> &'static [&'static str] {
    match file {
        "aurora-pitr.yaml" => {
            &["iam:PassRole", "kms:CreateGrant", "kms:DescribeKey", "rds:AddTagsToResource"]
        }
        "dynamodb-table-restore.yaml" => &[
            "dynamodb:BatchWriteItem",
            "dynamodb:PutItem",
            "dynamodb:UpdateItem",
            "dynamodb:DeleteItem",
            "dynamodb:GetItem",
            "dynamodb:Query",
            "dynamodb:Scan",
            "iam:CreateServiceLinkedRole",
            "iam:PassRole",
            "cloudwatch:PutMetricAlarm",
            "cloudwatch:DescribeAlarms",
            "cloudwatch:DeleteAlarms",
            "kms:CreateGrant",
            "kms:DescribeKey",
        ],
        "aws-backup-on-demand.yaml" => &["iam:PassRole", "backup:TagResource"],
        _ => &["iam:PassRole", "kms:CreateGrant", "kms:DescribeKey"],
    }
}

/// What IAM must allow for every call that is written in a runbook, and for its pickers.
fn needed(text: &str, runbook: &ripcord::runbook::Runbook) -> BTreeSet<String> {
    let mut needed = BTreeSet::new();
    let mut words = text.split([' ', '\n', ',', '{', '}']).filter(|word| !word.is_empty());
    let mut service = "";
    while let Some(word) = words.next() {
        match word {
            "service:" => service = words.next().unwrap(),
            "operation:" => needed.extend(allowed_for(service, words.next().unwrap())),
            _ => {}
        }
    }
    for parameter in &runbook.parameters {
        match parameter.kind {
            ParameterKind::Picker("aws.ecs.cluster") => needed.insert("ecs:ListClusters".to_owned()),
            ParameterKind::Picker("aws.rds.instance") => needed.insert("rds:DescribeDBInstances".to_owned()),
            ParameterKind::Picker("aws.rds.cluster") => needed.insert("rds:DescribeDBClusters".to_owned()),
            ParameterKind::Picker("aws.backup.vault") => needed.insert("backup:ListBackupVaults".to_owned()),
            ParameterKind::Picker(other) => panic!("which permission does the picker `{other}` need?"),
            _ => false,
        };
    }
    needed
}

#[test]
fn every_shipped_runbook_names_every_permission_it_needs() {
    for (file, text) in embedded() {
        let runbook = load(file, text.as_bytes()).unwrap();
        let mut needed = needed(text, &runbook);
        needed.extend(beside_the_calls(file).iter().map(|&action| action.to_owned()));
        assert_eq!(runbook.requires.iam.iter().cloned().collect::<BTreeSet<_>>(), needed, "{file}");
        assert_eq!(runbook.requires.iam.len(), needed.len(), "{file} names one twice");
    }
}

#[test]
fn the_binary_carries_every_file_that_is_shipped() {
    let carried: BTreeSet<_> = embedded().iter().map(|(file, _)| (*file).to_owned()).collect();
    let kept: BTreeSet<_> = files("runbooks")
        .iter()
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    assert_eq!(carried, kept);
    assert_eq!(embedded().len(), carried.len(), "none twice");
}

/// Every step with those inside it and those that take it back.
fn all_steps(steps: &[ripcord::runbook::Step]) -> Vec<&ripcord::runbook::Step> {
    let mut all = Vec::new();
    for step in steps {
        all.push(step);
        all.extend(all_steps(&step.steps));
        if let ripcord::runbook::Undo::Steps { steps, .. } = &step.undo {
            all.extend(all_steps(steps));
        }
    }
    all
}

#[test]
fn every_shipped_runbook_says_what_somebody_has_to_know_at_night() {
    for (file, text) in embedded() {
        let runbook = load(file, text.as_bytes()).unwrap();
        for (what, said) in [
            ("description", &runbook.description),
            ("use_when", &runbook.use_when),
            ("not_when", &runbook.not_when),
            ("owner", &runbook.owner),
        ] {
            assert!(!said.trim().is_empty(), "{file}: {what}");
        }
        let objectives = &runbook.objectives;
        assert!(objectives.rto.is_some() && objectives.restored_when.is_some(), "{file}: objectives");
        // A backup recovers nothing.
        let recovers = *file != "aws-backup-on-demand.yaml";
        assert_eq!(
            (objectives.rpo.is_some(), objectives.recovered_to.is_some()),
            (recovers, recovers),
            "{file}: objectives"
        );
        assert!(runbook.panes.iter().any(|pane| pane.healthy.is_some()), "{file}: what is healthy?");
        assert!(!runbook.preflight.is_empty() && !runbook.follow_ups.is_empty(), "{file}");
        for step in all_steps(&runbook.steps) {
            if matches!(step.action, Action::Wait(_)) {
                let said = step.estimate.is_some() && step.timeout.is_some();
                assert!(said, "{file}: how long does {} take?", step.name);
            }
        }
    }
}

#[test]
fn the_paper_of_every_shipped_runbook_is_filled_in() {
    for (file, text) in embedded() {
        let runbook = load(file, text.as_bytes()).unwrap();
        let page = paper(&runbook, &Map::new());
        assert!(!page.contains("{{") && !page.contains("<error"), "{file}: {page}");
        for step in all_steps(&runbook.steps) {
            assert!(
                page.contains(&format!("(`{}`)", step.name)),
                "{file}: {} is not on the paper",
                step.name
            );
        }
    }
}

#[test]
fn a_snapshot_under_another_key_is_warned_of() {
    let runbook = load("ecs-rds-snapshot-restore.yaml", flagship().as_bytes()).unwrap();
    let step = runbook.steps.iter().find(|step| step.name == "choose_snapshot").unwrap();
    let Action::Prompt(prompt) = &step.action else { panic!("not a prompt") };
    let Offer::Rows(rows) = &prompt.offer else { panic!("no rows") };
    let warns = |row_key: serde_json::Value, db_key: serde_json::Value| {
        let row = serde_json::json!({"data_of": "2026-03-01T00:00:00Z", "engine": "15.4", "key": row_key});
        let scope = serde_json::json!({
            "parameters": {"incident_time": "2026-03-02T00:00:00Z"},
            "baseline": {"db": {"EngineVersion": "15.4", "KmsKeyId": db_key}},
        });
        let warn = rows.warn_when.as_ref().unwrap();
        warn.test(&row, &scope, At::parse("2026-03-03T00:00:00Z").unwrap()).unwrap()
    };
    let (old, new) = (serde_json::json!("key/old"), serde_json::json!("key/new"));
    assert!(!warns(new.clone(), new.clone()) && !warns(serde_json::Value::Null, serde_json::Value::Null));
    assert!(warns(old, new.clone()) && warns(serde_json::Value::Null, new));
}

/// A runbook of `n` steps that read, ask, wait and change things, each using the one before.
fn long_runbook(n: usize) -> String {
    let mut text = flagship().split("\nphases:").next().unwrap().replace("  restored_when: check_app\n", "");
    text = text
        .replace("  recovered_to: choose_snapshot.data_of\n", "")
        .replace("baseline.resource_id", "s0.id")
        .replace("wait_restored.resource_id", "s0.id");
    text += "\nphases: [all]\nsteps:\n";
    for i in 0..n {
        let before = i.saturating_sub(1);
        let check = if i == 0 {
            "nothing_pending".to_owned()
        } else {
            format!("reads.db.DbiResourceId == s{before}.id")
        };
        let step = format!(
            "  - name: s{i}\n    title: \"Step {i} of {{{{ parameters.db }}}}\"\n    phase: all\n    action: assert\n    \
             inputs:\n      check: \"{check} && length(reads.services_now[?status != 'ACTIVE']) == `0`\"\n      rows: \
             {{services_now: {{exactly: \"{{{{ length(parameters.services) }}}}\"}}}}\n      message: It is not so\n    \
             outputs:\n      - {{name: id, selector: reads.db.DbiResourceId, type: string}}\n      - {{name: groups, \
             selector: \"reads.db.VpcSecurityGroups[].VpcSecurityGroupId\", type: list}}\n"
        );
        text += &step;
    }
    text
}

#[test]
fn a_runbook_of_five_hundred_steps_is_checked_at_once() {
    let text = long_runbook(500);
    let found = load("ecs-rds-snapshot-restore.yaml", text.as_bytes()).err().unwrap_or_default();
    assert!(found.is_empty(), "{}", shown(&found));
    let best = (0..3).map(|_| {
        let start = Instant::now();
        load("ecs-rds-snapshot-restore.yaml", text.as_bytes()).unwrap();
        start.elapsed()
    });
    let best = best.min().unwrap();
    println!("500 steps, {} KB: {best:?}", text.len() / 1024);
    // The target of a release build is 100 ms; this bound only says that nothing is quadratic.
    assert!(best < Duration::from_secs(10), "{best:?}");
}

fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let pieces = prop::sample::select(vec![
        "",
        "{{ ",
        " }}",
        "[",
        "]",
        "{",
        "}",
        "\"",
        "'",
        "`",
        "\n",
        "\n  - ",
        ": ",
        "&a ",
        "*a",
        "!!x ",
        "é",
        "\u{0}",
        "steps:",
        "undo:",
        "reads.db",
        "not_null(",
        "|",
        ">-\n",
        "#",
        "- name: x\n",
        "when: ",
        "\t",
        "\u{feff}",
        "0x",
    ]);
    let edits = prop::collection::vec((any::<prop::sample::Index>(), 0..40_usize, pieces), 1..12);
    edits.prop_map(|edits| {
        let mut text = flagship().as_bytes().to_vec();
        for (at, cut, piece) in edits {
            let at = at.index(text.len());
            let end = (at + cut).min(text.len());
            text.splice(at..end, piece.bytes());
        }
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(96) })]

    #[test]
    fn no_bytes_make_the_loader_panic(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        prop_assert!(load("x.yaml", &bytes).is_err());
    }

    #[test]
    fn no_text_makes_the_loader_panic(text in "[ -~\n]{0,400}") {
        prop_assert!(load("x.yaml", text.as_bytes()).is_err());
    }

    #[test]
    fn a_damaged_runbook_is_told_and_quickly(text in mutated()) {
        let start = Instant::now();
        let found = load("x.yaml", &text).err().unwrap_or_default();
        for finding in &found {
            prop_assert!(finding.line >= 1 && finding.column >= 1);
            prop_assert!(!finding.to_string().is_empty());
        }
        prop_assert!(start.elapsed() < Duration::from_secs(5));
    }
}

#[test]
fn hostile_sizes_are_bounded() {
    let hostile = [
        "[".repeat(1 << 20),
        "{a: ".repeat(200_000),
        "- ".repeat(500_000),
        format!("schema: 1\nsteps:\n{}", "  - {}\n".repeat(20_000)),
        format!("a: \"{}\"\n", "{{".repeat(400_000)),
        format!("conditions:\n  a: \"{}\"\n", "(".repeat(900_000)),
        format!("{}: 1\n", "a".repeat(1_000_000)),
        (0..20_000).map(|i| format!("key{i}: 1")).collect::<Vec<_>>().join("\n"),
    ];
    for text in hostile {
        let start = Instant::now();
        assert!(load("x.yaml", &text.as_bytes()[..text.len().min(1 << 20)]).is_err());
        println!("{:.12}… {:?}", text, start.elapsed());
        assert!(start.elapsed() < Duration::from_secs(20), "{:.40}…: {:?}", text, start.elapsed());
    }
}
