//! The expression language against its references: jmespath.py, the compliance suite, the drafts of the
//! runbook format, and whatever a generator can think of.

use std::path::{Path, PathBuf};
use std::process::Command;

use proptest::prelude::*;
use ripcord::catalogue;
use ripcord::expr::{Expr, Fault, Filled, MAX_LEVELS, MAX_TOKENS, Template, Tree, Type};
use ripcord::ids::At;
use serde::Deserialize;
use serde_json::{Map, Value, json};

#[derive(Deserialize)]
struct Cases {
    given: Map<String, Value>,
    same: Vec<Same>,
    different: Vec<Different>,
}

#[derive(Deserialize)]
struct Same {
    given: String,
    expression: String,
    #[serde(flatten)]
    answer: Answer,
}

#[derive(Deserialize)]
struct Different {
    given: String,
    expression: String,
    ours: Answer,
    theirs: Answer,
    because: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Answer {
    Value(Value),
    Error(Value),
}

fn at(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn data<T: for<'de> Deserialize<'de>>(name: &str) -> T {
    let text = std::fs::read_to_string(at("tests/data/expr").join(name)).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn cases() -> Cases {
    data("cases.json")
}

/// What ripcord makes of it: a value, or why there is none.
fn ours(expression: &str, given: &Value) -> Result<Value, String> {
    let expr = Expr::parse(expression).map_err(|e| e.to_string())?;
    expr.eval(given, given, At(0)).map_err(|e| e.to_string())
}

/// JSON equality in which 2 and 2.0 are the same number.
fn alike(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(x), Value::Number(y)) => x == y || x.as_f64() == y.as_f64(),
        (Value::Array(x), Value::Array(y)) => x.len() == y.len() && x.iter().zip(y).all(|(a, b)| alike(a, b)),
        (Value::Object(x), Value::Object(y)) => {
            x.len() == y.len() && x.iter().all(|(k, v)| y.get(k).is_some_and(|w| alike(v, w)))
        }
        _ => a == b,
    }
}

#[test]
fn expressions_agree_with_jmespath_py_where_the_rules_are_shared() {
    let cases = cases();
    let mut wrong = Vec::new();
    for case in &cases.same {
        let ours = ours(&case.expression, &cases.given[&case.given]);
        let agree = match (&ours, &case.answer) {
            (Ok(value), Answer::Value(theirs)) => alike(value, theirs),
            (Err(_), Answer::Error(_)) => true,
            _ => false,
        };
        if !agree {
            wrong.push(format!("{}: {ours:?}", case.expression));
        }
    }
    assert!(cases.same.len() >= 200, "only {} cases", cases.same.len());
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), cases.same.len(), wrong.join("\n"));
}

#[test]
fn every_deliberate_difference_has_a_case_and_a_reason() {
    let cases = cases();
    for case in &cases.different {
        let Different { expression, because, .. } = case;
        assert!(!because.is_empty(), "{expression}");
        let ours = ours(expression, &cases.given[&case.given]);
        match (&ours, &case.ours) {
            (Ok(value), Answer::Value(expected)) => assert!(alike(value, expected), "{expression}: {value}"),
            (Err(message), Answer::Error(part)) => {
                assert!(message.contains(part.as_str().unwrap()), "{expression}: {message}");
            }
            _ => panic!("{expression}: {ours:?}"),
        }
        if let (Ok(value), Answer::Value(theirs)) = (&ours, &case.theirs) {
            assert!(!alike(value, theirs), "{expression} is no difference");
        }
    }
}

#[test]
fn the_committed_cases_are_what_jmespath_py_answers_today() {
    let python = at("target/venv/bin/python");
    assert!(python.exists(), "peer missing: {} (tests/run peers builds it)", python.display());
    let script = at("tests/scripts/jmespath_cases.py");
    let out = Command::new(&python).arg(&script).output().unwrap();
    assert!(out.status.success(), "peer missing: jmespath.py\n{}", String::from_utf8_lossy(&out.stderr));
    let (now, committed) = (String::from_utf8(out.stdout).unwrap(), at("tests/data/expr/cases.json"));
    let committed = std::fs::read_to_string(committed).unwrap();
    let moved: Vec<_> = now.lines().zip(committed.lines()).filter(|(a, b)| a != b).take(3).collect();
    assert!(now == committed, "write tests/data/expr/cases.json anew with the script: {moved:?}");
}

#[derive(Deserialize)]
struct Compliance {
    groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    file: String,
    given: Value,
    cases: Vec<Value>,
}

#[test]
fn the_compliance_suite_holds_but_for_comparisons_of_unlike_values() {
    let suite: Compliance = data("compliance.json");
    let (mut all, mut unlike, mut wrong) = (0, 0, Vec::new());
    for group in &suite.groups {
        for case in &group.cases {
            all += 1;
            let expression = case["expression"].as_str().unwrap();
            match (ours(expression, &group.given), case.get("result")) {
                (Ok(value), Some(expected)) if alike(&value, expected) => {}
                (Err(_), None) => {}
                (Err(message), Some(_)) if message.contains("is compared with") => unlike += 1,
                (answer, _) => wrong.push(format!("{}: {expression}: {answer:?}", group.file)),
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {all} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!((all, unlike), (861, 29));
}

#[derive(Deserialize)]
struct Drafts {
    expressions: Vec<String>,
    templates: Vec<String>,
}

#[test]
fn every_expression_and_template_of_the_format_drafts_parses() {
    let drafts: Drafts = data("drafts.json");
    assert!(drafts.expressions.len() > 300 && drafts.templates.len() > 150);
    for text in &drafts.expressions {
        let inner = text.strip_prefix("omit_null(").and_then(|t| t.strip_suffix(')')).unwrap_or(text);
        let expr = Expr::parse(inner).unwrap_or_else(|e| panic!("{text}: {e}"));
        assert_eq!(expr.source(), inner);
    }
    for text in &drafts.templates {
        // A text with templates is a template, or an expression in which they are literals.
        if let Err(e) = Template::parse(text) {
            Expr::parse(text).unwrap_or_else(|_| panic!("{text}: {e}"));
        }
    }
}

// ------------------------------------------------------------------------------------------ any input

/// Text that looks like an expression often enough to get past the scanner.
fn expression() -> impl Strategy<Value = String> {
    let token = prop::sample::select(vec![
        "a",
        "b",
        "@",
        "*",
        "[]",
        "[*]",
        "[0]",
        "[-1]",
        "[::2]",
        "[1:]",
        "[?",
        "]",
        "[",
        "(",
        ")",
        "{",
        "}",
        "{a: ",
        ".",
        "|",
        "||",
        "&&",
        "!",
        "==",
        "!=",
        "<",
        ">=",
        "&",
        ",",
        ":",
        "`1`",
        "`[]`",
        "`null`",
        "'x'",
        "\"a\"",
        "length(",
        "sort_by(",
        "map(&",
        "not_null(",
        "contains(",
        "join('', ",
        "to_string(",
        "ago('1d'",
        "add(",
        "sum(",
        "keys(",
        "merge(",
        "newest_by(",
        "group_by(",
        "{{ a }}",
        "{{",
        "}}",
        " ",
        "é",
        "'",
        "`",
        "-1",
        "5",
        "omit_null(",
        "now",
    ]);
    prop::collection::vec(token, 0..40).prop_map(|tokens| tokens.concat())
}

/// Expressions that parse, built from the grammar.
fn grammatical() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "a",
        "b",
        "c",
        "@",
        "`1`",
        "`2.5`",
        "`null`",
        "`true`",
        "`[]`",
        "`{}`",
        "'x'",
        "'2026-03-01T00:00:00Z'",
        "`[1, 2]`",
        "now",
        "{{ a }}",
        "a.b",
        "a[0]",
        "b[]",
        "c[*].a",
        "*",
        "a[::-1]",
    ]);
    leaf.prop_map(str::to_owned).prop_recursive(4, 24, 3, |inner| {
        let two = (inner.clone(), inner.clone());
        prop_oneof![
            (two.clone(), prop::sample::select(vec!["==", "!=", "<", ">=", "&&", "||", "|"]))
                .prop_map(|((a, b), op)| format!("({a}) {op} ({b})")),
            two.clone().prop_map(|(a, b)| format!("[{a}][?{b}]")),
            two.clone().prop_map(|(a, b)| format!("[{a}, {b}][]")),
            two.clone().prop_map(|(a, b)| format!("{{x: {a}, y: {b}}}")),
            two.clone().prop_map(|(a, b)| format!("sort_by({a}, &{b})")),
            two.clone().prop_map(|(a, b)| format!("map(&({b}), {a})")),
            two.prop_map(|(a, b)| format!("not_null({a}, {b})")),
            (
                inner.clone(),
                prop::sample::select(vec![
                    "length",
                    "sum",
                    "avg",
                    "max",
                    "sort",
                    "reverse",
                    "keys",
                    "values",
                    "to_string",
                    "to_number",
                    "type",
                    "abs",
                    "ceil",
                    "to_array",
                    "ago",
                ])
            )
                .prop_map(|(a, f)| format!("{f}({a})")),
            inner.prop_map(|a| format!("!({a})")),
        ]
    })
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-z]{0,3}".prop_map(Value::from),
        Just(json!("2026-03-01T00:00:00+02:00")),
        Just(json!("15m")),
    ];
    leaf.prop_recursive(4, 48, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map("[abc]", inner, 0..4)
                .prop_map(|m| Value::Object(m.into_iter().collect())),
        ]
    })
}

/// Everything there is to do with one text and one document.
fn exercise(text: &str, document: &Value) {
    let scope = json!({"a": document, "b": [1, 2], "parameters": {"db": "x"}});
    if let Ok(mut expr) = Expr::parse(text) {
        for root in expr.roots().iter().chain(expr.slot_roots()) {
            assert!(text.get(root.span.clone()).is_some(), "{text}: {root:?}");
        }
        for expr in [expr.clone(), {
            for finding in expr.check(&types(document), &Type::of(&scope)).findings {
                assert!(text.get(finding.span.clone()).is_some(), "{text}: {finding:?}");
            }
            expr
        }] {
            if let Err(e) = expr.eval(document, &scope, At(0)) {
                assert!(text.get(e.span.clone()).is_some(), "{text}: {e:?}");
                assert!(e.to_string().chars().count() < 400, "{text}: {e}");
            }
            if let Err(e) = expr.test(document, &scope, At(0)) {
                assert!(text.get(e.span.clone()).is_some() && !e.message.is_empty(), "{text}: {e:?}");
            }
            for part in expr.parts(document, &scope, At(0)) {
                assert!(text.get(part.span.clone()).is_some(), "{text}: {part:?}");
            }
        }
    }
    match Template::parse(text) {
        Ok(mut template) => {
            template.check(&Type::of(&scope));
            if let Ok(Filled::Value(value)) = template.eval(&scope, At(0)) {
                assert!(!value.is_null());
            }
        }
        Err(e) => assert!(text.get(e.span.clone()).is_some(), "{text}: {e:?}"),
    }
}

fn types(document: &Value) -> Type {
    Type::object([("a", Type::of(document)), ("b", Type::Any)])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_panics(text in expression(), document in value()) {
        exercise(&text, &document);
    }

    #[test]
    fn no_unicode_text_panics(text in any::<String>(), document in value()) {
        exercise(&text, &document);
        exercise(&format!("{{{{ {text} }}}} {text}"), &document);
    }

    #[test]
    fn no_expression_panics_on_any_value(text in grammatical(), document in value()) {
        prop_assert!(Expr::parse(&text).is_ok() || text.len() > 200, "{}: {:?}", text, Expr::parse(&text).err());
        exercise(&text, &document);
    }

    #[test]
    fn deep_and_long_texts_are_refused_not_overflowed(
        part in prop::sample::select(vec![
            "(", "[", "{a: ", "!", "&", "[?", "[*]", "[]", "*.", "a.", "a||", "a&&", "a|", "a==", "length(", "map(&", "[0]", "[1:]",
            "{{", "'", "`", "\"", "a,", "!a&&", "sort_by(a,&", ".*", "[?a]", "a[", "!(",
        ]),
        n in 1_usize..3000,
        tail in prop::sample::select(vec!["", "a", ")", "]", "}", "}}"]),
    ) {
        let text = format!("{}{tail}", part.repeat(n));
        if Expr::parse(&text).is_ok() {
            prop_assert!(n <= MAX_TOKENS);
        }
        exercise(&text, &json!({"a": {"a": [1]}}));
        exercise(&format!("{{{{{text}}}}}"), &json!(1));
    }

    #[test]
    fn trees_of_any_text_fill_or_fail(texts in prop::collection::vec(expression(), 1..4), document in value()) {
        let wanted = json!({"a": texts.iter().map(|t| format!("{{{{{t}}}}}")).collect::<Vec<_>>(), "b": document});
        if let Ok(tree) = Tree::parse(&wanted) {
            let filled = tree.fill(&json!({"a": 1}), At(0));
            prop_assert!(filled.is_ok_and(|v| v.is_object()) || !tree.templates().is_empty());
        }
    }
}

#[test]
fn the_deepest_expression_runs_on_a_small_stack() {
    let deepest = [
        format!("{}a{}", "[".repeat(MAX_LEVELS / 2), "]".repeat(MAX_LEVELS / 2)),
        format!("{}a{}", "(a||b&&c==".repeat(MAX_LEVELS / 3), ")".repeat(MAX_LEVELS / 3)),
        format!("{}a{}", "length(a[?".repeat(MAX_LEVELS / 3), "])".repeat(MAX_LEVELS / 3)),
        format!("{}a", "!".repeat(MAX_LEVELS)),
        vec!["a"; MAX_TOKENS / 2].join("."),
        vec!["a"; MAX_TOKENS / 2].join("||"),
        format!("a{}", "[]".repeat(MAX_LEVELS)),
    ];
    let thread = std::thread::Builder::new().stack_size(1024 * 1024);
    let run = move || {
        for text in deepest {
            let mut expr = Expr::parse(&text).unwrap_or_else(|e| panic!("{text}: {e}"));
            let mut value = json!([1]);
            for _ in 0..100 {
                value = json!([value]);
            }
            let document = json!({"a": value});
            expr.eval(&document, &document, At(0)).ok();
            expr.check(&Type::Any, &Type::Any);
        }
    };
    thread.spawn(run).unwrap().join().unwrap();
}

#[test]
fn a_large_answer_costs_little_and_an_endless_computation_ends() {
    let instance = |i: u32| {
        let groups: Vec<_> = (0..20).map(|g| json!({"Name": format!("g{g}"), "Status": "in-sync"})).collect();
        json!({"DBInstanceIdentifier": format!("db-{i}"), "Size": i, "Groups": groups})
    };
    let document = json!({"DBInstances": (0..500).map(instance).collect::<Vec<_>>()});
    for text in [
        "length(DBInstances[?Groups[?Status != 'in-sync']]) == `0`",
        "sort_by(DBInstances, &Size)[-1].DBInstanceIdentifier == 'db-499'",
        "length(keys(group_by(DBInstances, &DBInstanceIdentifier))) == `500`",
        "sum(DBInstances[].Size) == `124750`",
    ] {
        assert_eq!(Expr::parse(text).unwrap().test(&document, &document, At(0)), Ok(true), "{text}");
    }
    let all_pairs = "DBInstances[?length({{ DBInstances }}[?Size != `-1` && Size != `-2`]) > `0`]";
    let e = Expr::parse(all_pairs).unwrap().eval(&document, &document, At(0)).unwrap_err();
    assert_eq!(e.fault, Fault::Bound);
}

#[test]
fn the_whole_answer_of_each_read_is_known_to_the_check() {
    for operation in catalogue::all() {
        let Some(output) = operation.output() else { continue };
        let mut expr = Expr::parse("@").unwrap();
        assert_eq!(expr.check(&Type::Shape(output), &Type::Any).findings, []);
        let mut wrong = Expr::parse("NoSuchMember").unwrap();
        assert_eq!(wrong.check(&Type::Shape(output), &Type::Any).findings.len(), 1, "{}", operation.name);
    }
}
