//! Laws of the source itself: the direction of imports, what pure modules may not touch, and sizes.
//!
//! Each law is a function from a file to its findings, so that each can be shown to fail on a bad file.

mod source;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;
use source::{File, files_under};

/// The order of imports: a module may import only modules of earlier rows, and none of its own row.
const ORDER: &[&[&str]] = &[
    &["ids"],
    &["text"],
    &["catalogue"],
    &["expr", "diff", "world"],
    &["watch"],
    &["runbook"],
    &["run"],
    &["journal"],
    &["aws", "actions"],
    &["runner"],
    &["drill"],
    &["tui", "headless", "report"],
    &["cli"],
    &["main"],
];

/// Modules without clock, disk, network, threads or environment.
const PURE: &[&str] = &["ids", "text", "catalogue", "expr", "diff", "world", "watch", "runbook", "run"];

/// Folders of other modules that are pure too.
const PURE_FOLDERS: &[&str] = &["src/drill/wire/"];

/// Paths that a pure module never names.
const IMPURE: &[&str] = &[
    "tokio",
    "std::time::Instant",
    "std::time::SystemTime",
    "std::fs",
    "std::env",
    "std::net",
    "std::process",
    "std::thread",
    "std::io::stdin",
    "std::io::stdout",
    "std::io::stderr",
    "jiff::Timestamp::now",
    "jiff::Zoned::now",
    "Instant::now",
    "SystemTime::now",
    "Timestamp::now",
    "Zoned::now",
];

const AWS_CRATES: &[&str] = &["aws_sdk_", "aws_config", "aws_smithy_", "aws_types", "aws_credential_types"];

const FILE_LINES: usize = 600;
const FUNCTION_LINES: usize = 60;

fn rank(module: &str) -> Option<usize> {
    ORDER.iter().position(|row| row.contains(&module))
}

/// Imports against the arrow, and modules that stand nowhere in the order.
fn against_the_arrow(file: &File) -> Vec<String> {
    let module = file.module();
    if module == "lib" {
        return Vec::new();
    }
    let Some(own) = rank(module) else {
        return vec![format!("{}: module `{module}` stands nowhere in the order of imports", file.name)];
    };
    let wrong = |target: &str| target != module && rank(target).is_some_and(|other| other >= own);
    file.crate_modules()
        .into_iter()
        .filter(|(_, target)| wrong(target))
        .map(|(line, target)| format!("{}:{line}: `{module}` must not import `{target}`", file.name))
        .collect()
}

/// Names of AWS crates outside `src/aws/`.
fn aws_outside_its_module(file: &File) -> Vec<String> {
    if file.module() == "aws" {
        return Vec::new();
    }
    let named = |path: &str| AWS_CRATES.iter().any(|name| path.starts_with(name));
    file.paths()
        .into_iter()
        .filter(|(_, path)| named(path))
        .map(|(line, path)| format!("{}:{line}: `{path}` outside src/aws", file.name))
        .collect()
}

/// Clocks, disks, threads and environment in a pure module. Its tests may use them.
fn impure(file: &File) -> Vec<String> {
    let pure =
        PURE.contains(&file.module()) || PURE_FOLDERS.iter().any(|folder| file.name.starts_with(folder));
    if !pure || file.is_test() {
        return Vec::new();
    }
    let is = |path: &str, name: &str| {
        path.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
    };
    file.without_tests()
        .paths()
        .into_iter()
        .filter(|(_, path)| IMPURE.iter().any(|name| is(path, name)))
        .map(|(line, path)| format!("{}:{line}: `{path}` in a pure module", file.name))
        .collect()
}

/// Files that are longer than one sitting.
fn too_long(file: &File) -> Vec<String> {
    let lines = file.text.lines().count();
    if lines <= FILE_LINES || file.is_generated() {
        return Vec::new();
    }
    vec![format!("{}: {lines} lines, more than {FILE_LINES}", file.name)]
}

/// Functions that do more than one thing, judged by their length. Tables inside tests may be longer.
fn long_functions(file: &File) -> Vec<String> {
    if file.is_generated() || file.is_test() {
        return Vec::new();
    }
    file.without_tests()
        .functions()
        .into_iter()
        .filter(|function| function.lines > FUNCTION_LINES)
        .map(|f| {
            format!(
                "{}:{}: `{}` has {} lines, more than {FUNCTION_LINES}",
                file.name, f.line, f.name, f.lines
            )
        })
        .collect()
}

/// Files that no `mod` reaches from one of the roots: they would never be compiled.
fn unreached(files: &[File], roots: &[&str]) -> Vec<String> {
    static MOD: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"\bmod\s+(\w+)\s*;").expect("a valid pattern"));
    let mut open: Vec<PathBuf> = roots.iter().map(PathBuf::from).collect();
    let mut reached = BTreeSet::new();
    while let Some(path) = open.pop() {
        let Some(file) = files.iter().find(|f| Path::new(&f.name) == path) else { continue };
        if !reached.insert(path.clone()) {
            continue;
        }
        let children = children_dir(&path, roots);
        for found in MOD.captures_iter(&file.code) {
            open.push(children.join(format!("{}.rs", &found[1])));
            open.push(children.join(&found[1]).join("mod.rs"));
        }
    }
    let lost = |file: &&File| !reached.contains(Path::new(&file.name));
    files.iter().filter(lost).map(|f| format!("{}: no `mod` reaches this file", f.name)).collect()
}

/// Where the modules that a file declares lie.
fn children_dir(path: &Path, roots: &[&str]) -> PathBuf {
    let parent = path.parent().unwrap_or(Path::new("")).to_path_buf();
    let is_root = roots.iter().any(|root| Path::new(root) == path);
    match path.file_stem().and_then(|stem| stem.to_str()) {
        Some(stem) if !is_root && stem != "mod" => parent.join(stem),
        _ => parent,
    }
}

fn no_findings(findings: &[String]) {
    assert!(findings.is_empty(), "\n{}\n", findings.join("\n"));
}

fn over_source(law: fn(&File) -> Vec<String>) {
    no_findings(&files_under("src").iter().flat_map(law).collect::<Vec<_>>());
}

#[test]
fn imports_follow_the_arrow() {
    over_source(against_the_arrow);
}

#[test]
fn only_the_aws_module_names_the_sdk() {
    over_source(aws_outside_its_module);
}

#[test]
fn pure_modules_stay_pure() {
    over_source(impure);
}

#[test]
fn files_are_one_sitting_long() {
    over_source(too_long);
    no_findings(&files_under("tests/it").iter().flat_map(too_long).collect::<Vec<_>>());
}

#[test]
fn functions_are_short() {
    over_source(long_functions);
}

#[test]
fn every_file_is_compiled() {
    no_findings(&unreached(&files_under("src"), &["src/lib.rs", "src/main.rs"]));
    no_findings(&unreached(&files_under("tests/it"), &["tests/it/main.rs"]));
}

/// Each law is shown a file that breaks it.
mod can_fail {
    use super::*;

    fn bad(name: &str, text: &str) -> File {
        File::new(name, text)
    }

    #[test]
    fn an_import_to_the_right_is_found_with_its_line() {
        let file = bad("src/run/state.rs", "use crate::ids::At;\nuse crate::journal::Line;\n");
        assert_eq!(against_the_arrow(&file), ["src/run/state.rs:2: `run` must not import `journal`"]);
    }

    #[test]
    fn an_import_in_a_group_a_path_or_by_super_is_found() {
        for text in [
            "use crate::{ids, journal::Line};",
            "fn f() { crate::journal::open() }",
            "use super::super::journal::Line;",
        ] {
            assert_eq!(against_the_arrow(&bad("src/run/state.rs", text)).len(), 1, "{text}");
        }
        assert_eq!(against_the_arrow(&bad("src/run.rs", "use super::journal;")).len(), 1);
        assert_eq!(against_the_arrow(&bad("src/main.rs", "use ripcord::main;")).len(), 0);
    }

    #[test]
    fn siblings_do_not_import_each_other_and_own_paths_are_fine() {
        assert_eq!(against_the_arrow(&bad("src/expr/eval.rs", "use crate::diff::Row;")).len(), 1);
        assert_eq!(against_the_arrow(&bad("src/expr/eval.rs", "use crate::expr::Ast;")).len(), 0);
    }

    #[test]
    fn a_module_outside_the_order_is_found() {
        assert_eq!(against_the_arrow(&bad("src/utils.rs", "")).len(), 1);
    }

    #[test]
    fn comments_and_strings_are_not_code() {
        let text = r##"//! crate::journal
            /* use crate::journal; /* nested */ */
            const A: &str = "use crate::journal;"; const B: &str = r#"crate::journal "quoted" "#;
            const C: char = '"'; fn f<'a>(x: &'a str) -> &'a str { x } // crate::cli
        "##;
        assert_eq!(against_the_arrow(&bad("src/run.rs", text)), Vec::<String>::new());
    }

    #[test]
    fn the_sdk_outside_aws_is_found() {
        for text in [
            "use aws_sdk_rds::Client;",
            "fn f(c: &aws_config::SdkConfig) {}",
            "use aws_types::region::Region;",
        ] {
            assert_eq!(aws_outside_its_module(&bad("src/runner/mod.rs", text)).len(), 1, "{text}");
            assert_eq!(aws_outside_its_module(&bad("src/aws/clients.rs", text)).len(), 0, "{text}");
        }
    }

    #[test]
    fn clock_disk_and_environment_in_a_pure_module_are_found() {
        for text in [
            "use std::time::{Duration, Instant};",
            "use std::{fmt, fs};",
            "fn f() { std::env::var(\"HOME\"); }",
            "fn f() { let now = jiff::Timestamp::now(); }",
            "use jiff::Timestamp;\nfn f() { Timestamp::now(); }",
            "async fn f() { tokio::time::sleep(d).await }",
        ] {
            assert_eq!(impure(&bad("src/watch/mod.rs", text)).len(), 1, "{text}");
            assert_eq!(impure(&bad("src/drill/wire/form.rs", text)).len(), 1, "{text}");
            assert_eq!(impure(&bad("src/runner/mod.rs", text)).len(), 0, "{text}");
            assert_eq!(impure(&bad("src/drill/serve.rs", text)).len(), 0, "{text}");
        }
    }

    #[test]
    fn durations_and_the_tests_of_a_pure_module_are_allowed() {
        let text = "use std::time::Duration;\n#[cfg(test)]\nmod tests { use std::fs; fn f() { { } } }\n";
        assert_eq!(impure(&bad("src/watch/mod.rs", text)), Vec::<String>::new());
        let after = format!("{text}use std::env;");
        assert_eq!(impure(&bad("src/watch/mod.rs", &after)).len(), 1, "code after the tests counts again");
    }

    #[test]
    fn a_long_file_is_found_unless_generated() {
        let long = "\n".repeat(FILE_LINES + 1);
        assert_eq!(too_long(&bad("src/run.rs", &long)).len(), 1);
        assert_eq!(too_long(&bad("src/run.rs", &format!("// @generated by a script\n{long}"))).len(), 0);
    }

    #[test]
    fn a_long_function_is_found_by_name() {
        let body = "    let x = '{';\n".repeat(FUNCTION_LINES);
        let text = format!(
            "trait T {{ fn no_body(&self); }}\nfn short() {{}}\nfn long(x: [u8; 3]) -> u8 {{\n{body}}}\n"
        );
        let found = long_functions(&bad("src/run.rs", &text));
        assert_eq!(found, ["src/run.rs:3: `long` has 62 lines, more than 60"]);
    }

    #[test]
    fn a_file_without_mod_is_found() {
        let files = [
            bad("src/lib.rs", "pub mod a; // mod lost;"),
            bad("src/a.rs", "mod b;"),
            bad("src/a/b.rs", ""),
            bad("src/lost.rs", ""),
        ];
        assert_eq!(unreached(&files, &["src/lib.rs"]), ["src/lost.rs: no `mod` reaches this file"]);
    }
}
