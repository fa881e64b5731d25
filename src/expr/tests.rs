//! Tables for parser, evaluator and templates. The comparison with jmespath.py is in `tests/it/expr.rs`.

use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use super::*;

const NOW: At = At(1_772_330_400_000); // 2026-03-01T02:00:00Z

fn scope() -> Value {
    json!({
        "parameters": {"db": "orders", "parked_db": "orders-parked", "services": ["web", "worker"],
                       "incident_time": "2026-03-01T01:40:00Z", "health_url": null, "count": 3},
        "reads": {
            "db": {"DBInstanceStatus": "available", "AllocatedStorage": 20, "MultiAZ": false,
                   "PendingModifiedValues": {}, "LatestRestorableTime": "2026-03-01T01:55:00.000Z"},
            "snapshots": [
                {"id": "a", "at": "2026-02-28T03:00:00.000Z", "Status": "available"},
                {"id": "b", "at": "2026-03-01T03:00:00+02:00", "Status": "available"},
                {"id": "c", "at": "2026-02-27T23:30:00-05:00", "Status": "creating"}],
            "services": [{"name": "web", "n": 3, "want": 3}, {"name": "worker", "n": 1, "want": 2}],
        },
        "big": 9_007_199_254_740_993_i64,
    })
}

fn eval(text: &str) -> Value {
    let (scope, expr) = (scope(), Expr::parse(text).unwrap_or_else(|e| panic!("{text}: {e}")));
    expr.eval(&scope, &scope, NOW).unwrap_or_else(|e| panic!("{text}: {e}"))
}

fn error(text: &str) -> EvalError {
    let (scope, expr) = (scope(), Expr::parse(text).unwrap_or_else(|e| panic!("{text}: {e}")));
    expr.eval(&scope, &scope, NOW).expect_err(text)
}

fn refused(text: &str) -> (String, String) {
    let e = Expr::parse(text).expect_err(text);
    (text.get(e.span.clone()).unwrap_or("<span outside>").to_owned(), e.to_string())
}

#[test]
fn paths_filters_and_projections_work_as_in_jmespath() {
    let table = [
        ("reads.db.DBInstanceStatus", json!("available")),
        ("reads.missing.deep", json!(null)),
        ("reads.services[?n < want].name", json!(["worker"])),
        (
            "reads.services[].{name: name, gap: sub(want, n)}",
            json!([{"name": "web", "gap": 0}, {"name": "worker", "gap": 1}]),
        ),
        ("reads.services[-1].name", json!("worker")),
        ("reads.services[::-1].name", json!(["worker", "web"])),
        ("length(reads.services[?n != want]) == `1`", json!(true)),
        ("parameters.health_url || 'none'", json!("none")),
        ("reads.db.MultiAZ || `null`", json!(null)),
        ("!(reads.db.PendingModifiedValues)", json!(true)),
        ("parameters.services[*] | [0]", json!("web")),
        ("[[parameters.services], `[[1]]`][]", json!([["web", "worker"], [1]])),
        ("reads.db.[DBInstanceStatus, MultiAZ]", json!(["available", false])),
        ("sum(reads.services[].n)", json!(4)),
        ("avg(reads.services[].n)", json!(2)),
        ("avg(`[1, 2]`)", json!(1.5)),
        ("map(&split(@, 'e')[0], parameters.services)", json!(["w", "work"])),
    ];
    for (text, expected) in table {
        assert_eq!(eval(text), expected, "{text}");
    }
}

#[test]
fn times_are_compared_and_sorted_by_the_moment_they_name() {
    let table = [
        ("before('2026-03-01T01:00:00+01:00', '2026-03-01T00:30:00Z')", json!(true)),
        ("'2026-03-01T01:00:00+01:00' == '2026-03-01T00:00:00.000Z'", json!(true)),
        ("'2026-03-01T01:00:00+01:00' < '2026-03-01T00:30:00Z'", json!(true)),
        ("sort_by(reads.snapshots, &at)[].id", json!(["a", "c", "b"])),
        ("newest_by(reads.snapshots, &at).id", json!("b")),
        ("newest_by(`[]`, &at)", json!(null)),
        ("reads.snapshots[?before(at, {{ parameters.incident_time }})].id | sort(@)", json!(["a", "b", "c"])),
        ("seconds_between('2026-03-01T00:00:00Z', '2026-03-01T00:01:00.250Z')", json!(60.25)),
        ("seconds_between(parameters.incident_time, now)", json!(1200)),
        ("ago('90m')", json!("2026-03-01T00:30:00.000Z")),
        ("add(parameters.incident_time, '1d')", json!("2026-03-02T01:40:00.000Z")),
        ("sub(now, '2h')", json!("2026-03-01T00:00:00.000Z")),
        ("now", json!("2026-03-01T02:00:00.000Z")),
        ("reads.now", json!(null)),
        ("max(`[\"2026-03-01T01:00:00+01:00\", \"2026-03-01T00:30:00Z\"]`)", json!("2026-03-01T00:30:00Z")),
    ];
    for (text, expected) in table {
        assert_eq!(eval(text), expected, "{text}");
    }
}

#[test]
fn integers_stay_integers() {
    let table = [
        ("big", json!(9_007_199_254_740_993_i64)),
        ("add(big, `1`)", json!(9_007_199_254_740_994_i64)),
        ("big == `9007199254740992`", json!(false)),
        ("sum([big, big])", json!(18_014_398_509_481_986_i64)),
        ("add(`18446744073709551615`, `0`)", json!(u64::MAX)),
        ("sub(`1`, `0.5`)", json!(0.5)),
        ("ceil(`1.2`)", json!(2)),
        ("abs(`-3`)", json!(3)),
        ("to_number('12')", json!(12)),
        ("to_number('x')", json!(null)),
    ];
    for (text, expected) in table {
        assert_eq!(eval(text), expected, "{text}");
    }
}

#[test]
fn own_functions_on_maps_and_text() {
    let table = [
        ("group_by(reads.snapshots, &Status).creating[].id", json!(["c"])),
        ("keys(group_by(reads.snapshots, &Status))", json!(["available", "creating"])),
        ("at(reads.db, 'AllocatedStorage')", json!(20)),
        ("at(reads.db, 'Nothing')", json!(null)),
        ("split('a/b/c', '/')", json!(["a", "b", "c"])),
        ("not_null(parameters.health_url, 'the front page')", json!("the front page")),
        ("not_null(reads.db, length(`null`)) == reads.db", json!(true)),
        ("merge(`{\"a\": 1, \"b\": 2}`, {b: `3`, c: `4`})", json!({"a": 1, "b": 3, "c": 4})),
    ];
    for (text, expected) in table {
        assert_eq!(eval(text), expected, "{text}");
    }
}

#[test]
fn unlike_values_are_an_error_that_names_both_and_the_place() {
    let table = [
        (
            "reads.db.AllocatedStorage == '20'",
            "the number 20 is compared with the text '20': reads.db.AllocatedStorage == '20'",
        ),
        ("reads.db.AllocatedStorage > '10'", "a number is ordered only with a number: '10' is the text '10'"),
        (
            "reads.db.DBInstanceStatus > 'a'",
            "text has no order unless both are times: reads.db.DBInstanceStatus is the text 'available'",
        ),
        ("reads.db.Nothing < `1`", "a number is ordered only with a number: reads.db.Nothing is null"),
        ("length(reads.db.TagList)", "length wants a list, a map or text: reads.db.TagList is null"),
        (
            "sum(reads.services[].name)",
            "sum wants a list of numbers: reads.services[].name is a list in which element 0 is the text 'web'",
        ),
        (
            "sort_by(reads.services, &nothing)",
            "sort_by wants only numbers or only text to go by: nothing is null; leave out first what has none: list[?key]",
        ),
        (
            "before(parameters.db, now)",
            "before wants a time with its zone, such as 2026-03-01T01:40:00Z: parameters.db is the text 'orders'",
        ),
        ("ago('soon')", "ago wants a duration, such as 90s, 15m, 3h or 2d: 'soon' is the text 'soon'"),
        (
            "contains(parameters.services, `1`)",
            "the text 'web' is compared with the number 1: contains(parameters.services, `1`)",
        ),
        ("split('a', '')", "split wants a separator that is not empty"),
        (
            "reads.services[?name == {{ parameters.nobody }}]",
            "{{ parameters.nobody }} is null; give it a value for that case: not_null(value, `default`)",
        ),
        ("sub(now, `3`)", "sub wants a duration, such as 90s, 15m, 3h or 2d: `3` is the number 3"),
        ("newest_by(reads.services, &n)", "newest_by wants a time to go by: n is the number 3"),
        ("add(now, '999999999d')", "add(now, '999999999d') lies outside the calendar"),
    ];
    for (text, expected) in table {
        assert_eq!(error(text).to_string(), expected, "{text}");
    }
    assert_eq!(eval("reads.db.AllocatedStorage != `null`"), json!(true));
    assert_eq!(eval("reads.db.Nothing == `null`"), json!(true));
}

#[test]
fn a_condition_is_exactly_true_or_false() {
    let scope = scope();
    let test = |t: &str| Expr::parse(t).unwrap().test(&scope, &scope, NOW);
    assert_eq!(test("reads.db.DBInstanceStatus == 'available'"), Ok(true));
    assert_eq!(test("reads.db.MultiAZ"), Ok(false));
    let e = test("reads.db.Nothing && `true`").unwrap_err();
    assert_eq!(e.fault, Fault::Undecided);
    assert_eq!(e.to_string(), "neither true nor false: reads.db.Nothing is null");
    assert_eq!(
        test("reads.services[?n < want]").unwrap_err().to_string(),
        "neither true nor false: reads.services[?n < want] is a list of 1"
    );
}

#[test]
fn the_parts_of_a_condition_are_known_one_by_one() {
    let (scope, text) =
        (scope(), "reads.db.MultiAZ == `false` && length(reads.db.Nothing) == `0` && reads.db.Engine");
    let parts = Expr::parse(text).unwrap().parts(&scope, &scope, NOW);
    let shown: Vec<_> = parts.iter().map(|p| (&text[p.span.clone()], p.value.as_ref().ok())).collect();
    assert_eq!(shown[0], ("reads.db.MultiAZ == `false`", Some(&json!(true))));
    assert_eq!(shown[1], ("length(reads.db.Nothing) == `0`", None));
    assert_eq!(shown[2], ("reads.db.Engine", Some(&json!(null))));
    assert_eq!(Expr::parse("now").unwrap().parts(&scope, &scope, NOW).len(), 1);
}

#[test]
fn what_is_not_the_language_is_refused_with_its_place() {
    let table = [
        ("", "", "the expression is empty"),
        ("a ==", "==", "the expression ends too early"),
        ("a = b", "=", "`=` has no meaning in an expression; equality is written =="),
        ("a == 5", "5", "`5` cannot stand here; a number is written `5` in backticks"),
        ("length(a", "(", "this `(` is never closed"),
        ("a)", ")", "this `)` closes nothing"),
        ("name == 'x", "'x", "this ' is never closed"),
        ("lenght(a)", "lenght", "there is no function lenght; did you mean length?"),
        ("length(a, b)", "length", "length cannot take 2 arguments; length(list)"),
        ("sort_by(a, b)", "b", "sort_by wants &expression here; sort_by(list, &expression)"),
        ("[a b]", "b", "a comma is missing before this"),
        ("join(',' a)", "a", "a comma is missing before this"),
        ("a[::0]", "[::0]", "a slice whose step is 0 never ends"),
        ("&a", "&", "`&` stands only before an argument of a function; sort_by(list, &key)"),
        ("{a: b, a: c}", "c", "the key a is written twice"),
        (
            "omit_null(a)",
            "omit_null",
            "omit_null stands only around the whole of a template that is the whole value; \"{{ omit_null(…) }}\"; elsewhere use not_null(value, `default`)",
        ),
        (
            "a == '{{ b.c }}'",
            "{{ b.c }}",
            "a template inside quotes is not filled in; write {{ b.c }} without quotes around it",
        ),
        (
            "a == 'x-{{ b }}-y'",
            "{{ b }}",
            "a template inside quotes is not filled in; write join('', ['x-', {{ b }}, '-y'])",
        ),
        (
            "a == `\"{{ b }}\"`",
            "{{ b }}",
            "a template inside quotes is not filled in; write {{ b }} without quotes around it",
        ),
        (
            "a == {{ b {{ c }} }}",
            "{{",
            "a template holds no template; inside {{ }} a name is written as it is",
        ),
        ("a == {{ b", "{{", "this template is never closed; a template ends with }}"),
        (
            "a == {{ {x: {y: b}} }}",
            "}",
            "this `}` closes nothing; a template ends at the first }}: write closing braces apart, as in } }",
        ),
        (
            "a == `text`",
            "`text`",
            "`text` cannot stand here; between backticks stands JSON: `5`, `true`, `null`, `[]`; text is written 'text'",
        ),
        ("!a.b", "!a", "`!` takes only what stands right behind it; write !(a.b) for the opposite of a.b"),
        ("!a[?b]", "!a", "`!` takes only what stands right behind it; write !(a.b) for the opposite of a.b"),
        ("größe", "ö", "`ö` has no meaning in an expression"),
    ];
    for (text, at, message) in table {
        let (span, shown) = refused(text);
        assert_eq!((span.as_str(), shown.as_str()), (at, message), "{text}");
    }
}

#[test]
fn tokens_and_levels_are_counted_before_the_recursive_parser_runs() {
    let long = vec!["a"; 129].join(".");
    assert!(refused(&long).1.contains("more than 256 tokens"));
    assert!(Expr::parse(&vec!["a"; 128].join(".")).is_ok());
    for (open, close) in
        [("(", ")"), ("[", "]"), ("a[?", "]"), ("!", ""), ("length(", ")"), ("[*]", ""), ("*.", "a")]
    {
        let deep = format!("{}a{}", open.repeat(40), close.repeat(40));
        let message = refused(&deep).1;
        assert!(message.contains("deeper than 32") || message.contains("more than 256"), "{open}: {message}");
    }
    let fine = format!("{}a{}", "(".repeat(32), ")".repeat(32));
    assert!(Expr::parse(&fine).is_ok());
    assert!(Expr::parse(&vec!["!a"; 60].join(" && ")).is_ok());
    assert!(refused(&"(".repeat(1_000_000)).1.contains("deeper"));
}

#[test]
fn work_is_bounded() {
    let doubling = vec!["[@,@]"; 40].join("|");
    let e = Expr::parse(&doubling).unwrap().eval(&json!(1), &json!(1), NOW).unwrap_err();
    assert_eq!(e.fault, Fault::Bound);
    let text = vec!["join('', [@, @])"; 20].join("|");
    let e = Expr::parse(&text).unwrap().eval(&json!("x".repeat(1000)), &json!(1), NOW).unwrap_err();
    assert_eq!(e.fault, Fault::Bound);
    let list: Vec<i32> = (0..2000).collect();
    let e = Expr::parse("map(&length({{ l }}[?@ != `-1`]), @)").unwrap().eval(
        &json!(list),
        &json!({"l": list}),
        NOW,
    );
    assert_eq!(e.unwrap_err().fault, Fault::Bound);
}

#[test]
fn templates_are_filled_by_type_or_as_text() {
    let scope = scope();
    let fill = |t: &str| Template::parse(t).unwrap().eval(&scope, NOW);
    let value = |t: &str| match fill(t) {
        Ok(Filled::Value(v)) => v,
        other => panic!("{t}: {other:?}"),
    };
    assert_eq!(value("{{ parameters.count }}"), json!(3));
    assert_eq!(value(" {{ parameters.services }}\n"), json!(["web", "worker"]));
    assert_eq!(value("{{ parameters.db }}-parked"), json!("orders-parked"));
    assert_eq!(value("{{ parameters.count }} of {{ reads.db.MultiAZ }}"), json!("3 of false"));
    assert_eq!(value("it's plain"), json!("it's plain"));
    assert_eq!(value("{{ '}}' }}"), json!("}}"));
    assert_eq!(fill("{{ omit_null(parameters.health_url) }}"), Ok(Filled::Omit));
    assert_eq!(value("{{ omit_null(parameters.db) }}"), json!("orders"));
    let wrong = |t: &str| fill(t).unwrap_err();
    assert_eq!(wrong("{{ parameters.nobody }}").fault, Fault::Null);
    assert!(wrong("x {{ parameters.nobody }}").to_string().starts_with("{{ parameters.nobody }} is null"));
    assert!(
        wrong("x {{ parameters.services }}")
            .to_string()
            .starts_with("{{ parameters.services }} is a list of 2 in the middle of text")
    );
    let e = Template::parse("a {{ omit_null(b) }}").unwrap_err();
    assert!(e.message.starts_with("omit_null stands only"), "{e}");
    let e = Template::parse("é {{ a == }} x").unwrap_err();
    assert_eq!(&"é {{ a == }} x"[e.span], "==");
}

#[test]
fn a_tree_fills_every_text_and_leaves_out_what_is_omitted() {
    let tree = Tree::parse(&json!({
        "Db": "{{ parameters.db }}", "Url": "{{ omit_null(parameters.health_url) }}", "N": 5,
        "Filters": [{"Name": "x", "Values": ["a-{{ parameters.db }}", "{{ omit_null(item) }}"]}],
    }))
    .unwrap();
    assert_eq!(
        tree.fill(&scope(), NOW).unwrap(),
        json!({"Db": "orders", "N": 5, "Filters": [{"Name": "x", "Values": ["a-orders"]}]})
    );
    let paths: Vec<_> = tree.templates().into_iter().map(|(p, _)| p).collect();
    assert_eq!(paths, ["Db", "Url", "Filters[0].Values[0]", "Filters[0].Values[1]"]);
    let bad = Tree::parse(&json!({"a": [{"b": "{{ reads.nobody.x }}"}]})).unwrap();
    assert!(
        bad.fill(&scope(), NOW).unwrap_err().to_string().starts_with("a[0].b: {{ reads.nobody.x }} is null")
    );
    let e = Tree::parse(&json!({"a": [{"b": "{{ x("}]})).unwrap_err();
    assert_eq!(e.path, "a[0].b");
}

#[test]
fn roots_name_what_a_run_has_to_provide() {
    let roots = |t: &str| -> Vec<String> {
        let expr = Expr::parse(t).unwrap();
        expr.roots()
            .iter()
            .map(|r| format!("{}{}", r.path.join("."), if r.guarded { "!" } else { "" }))
            .collect()
    };
    assert_eq!(
        roots("reads.db.DBInstanceStatus == parameters.x && now"),
        ["reads.db", "parameters.x", "now"]
    );
    assert_eq!(roots("length(reads.services[?n == want && item])"), ["reads.services"]);
    assert_eq!(roots("not_null(wait.status, 'x') == item"), ["wait.status!", "item"]);
    assert_eq!(roots("reads.[db.a, other]"), ["reads.db", "reads.other"]);
    assert_eq!(roots("sort_by(reads.s, &reads.x)[-1].b"), ["reads.s"]);
    assert_eq!(roots("step.items[?captured.desired != `null`]"), ["step.items"]);
    assert_eq!(roots("a.b == `null`"), ["a.b!"]);
    assert_eq!(roots("@"), [""]);
    assert_eq!(roots("(reads | db).x"), ["reads.db"]);
    let expr = Expr::parse("status == {{ captured.desired }}").unwrap();
    let root = expr.slot_roots().next().unwrap();
    assert_eq!(root.path, ["captured", "desired"]);
    assert_eq!(&expr.source()[root.span.clone()], "captured.desired");
    let t = Template::parse("{{ omit_null(a.b) }}").unwrap();
    assert!(t.roots().all(|r| r.guarded));
}

#[test]
fn spans_cover_whole_calls() {
    let e = error("length(map(&n, reads.services)) == '2'");
    assert_eq!(e.span, 0..38);
    let text = "1 + {{ sum(reads.services[].name) }}";
    let t = Template::parse(text).unwrap().eval(&scope(), NOW).unwrap_err();
    assert_eq!(&text[t.span], "reads.services[].name");
}
