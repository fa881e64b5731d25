//! What the static check finds, on the answers of real operations.

use pretty_assertions::assert_eq;
use serde_json::json;

use super::*;
use crate::catalogue;

fn answer(service: &str, operation: &str) -> Type {
    Type::Shape(
        catalogue::find(service, operation).and_then(catalogue::Operation::output).expect("in the catalogue"),
    )
}

fn db() -> Type {
    answer("rds", "DescribeDBInstances")
}

/// The scope of a small run.
fn run() -> Type {
    let row = |op: &str, expr: &str| Expr::parse(expr).unwrap().check(&answer("rds", op), &Type::Any).result;
    let services =
        Expr::parse("services").unwrap().check(&answer("ecs", "DescribeServices"), &Type::Any).result;
    Type::object([
        (
            "reads",
            Type::object([
                ("db", row("DescribeDBInstances", "DBInstances[0]")),
                ("instances", row("DescribeDBInstances", "DBInstances")),
                (
                    "snapshots",
                    row(
                        "DescribeDBSnapshots",
                        "DBSnapshots[].{id: DBSnapshotIdentifier, data_of: SnapshotCreateTime}",
                    ),
                ),
                ("services", services),
            ]),
        ),
        (
            "parameters",
            Type::object([
                ("db", Type::Text),
                ("incident_time", Type::Time),
                ("count", Type::Integer),
                ("services", Type::list(Type::Text)),
                ("grace", Type::Duration),
                ("mode", Type::Word(vec!["fast".into(), "safe".into()])),
            ]),
        ),
        ("wait", Type::object([("status", Type::Text.optional())])),
        ("now", Type::Time),
    ])
}

fn shown(text: &str, checked: &Checked) -> Vec<String> {
    let show = |f: &ExprFinding| {
        let hint = f.hint.as_deref().map(|h| format!("; {h}")).unwrap_or_default();
        format!("{} <{}>{hint}", f.message, &text[f.span.clone()])
    };
    checked.findings.iter().map(show).collect()
}

fn findings(root: &Type, text: &str) -> Vec<String> {
    let mut expr = Expr::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
    shown(text, &expr.check(root, &run()))
}

#[test]
fn paths_are_checked_against_the_shape_of_the_answer() {
    let table = [
        (
            "DBInstances[0].DBInstanceStaus == 'available'",
            "DBInstance has no member DBInstanceStaus <DBInstanceStaus>; did you mean DBInstanceStatus?",
        ),
        (
            "DBInstances.DBInstanceStatus == 'available'",
            "a list of DBInstance has no member DBInstanceStatus <DBInstanceStatus>; take one with [0] or all with []",
        ),
        (
            "DBInstances[0].DBInstanceStatus == \"available\"",
            "\"available\" in double quotes is the member available, not text <\"available\">; text is written 'available' in single quotes, a member without quotes",
        ),
        ("DBInstances[0].DBInstanceStatus == \"in-sync\"", "DBInstancesResult"),
        (
            "DBInstances[0].MultiAZ == 'true'",
            "a boolean is never equal to the text 'true' <DBInstances[0].MultiAZ == 'true'>; a boolean is written `true` in backticks",
        ),
        (
            "DBInstances[0].AllocatedStorage > '20'",
            "a number is not ordered against the text '20' <DBInstances[0].AllocatedStorage > '20'>; a number is written `20` in backticks",
        ),
        (
            "DBInstances[0].DeletionProtection == true",
            "DBInstanceMessage has no member true <true>; the value is written `true` in backticks",
        ),
        ("DBInstances[0].Engine.Name", "text has no member Name <Name>"),
        (
            "DBInstances[0].DBInstanceStatus > 'a'",
            "text is not ordered against the text 'a' <DBInstances[0].DBInstanceStatus > 'a'>; only numbers and times are ordered",
        ),
        (
            "DBInstances[?AllocatedStorage]",
            "a filter that is a number is true always <AllocatedStorage>; compare it with something",
        ),
        (
            "DBInstances[?DBParameterGroups]",
            "a filter that is a list of DBParameterGroupStatus is true whenever it is not empty <DBParameterGroups>; compare it with something",
        ),
        ("DBInstances[0].Endpoint[0]", "[n] needs a list, this is the structure Endpoint <[0]>"),
        ("DBInstances[0].Engine[]", "[] needs a list, this is text <DBInstances[0].Engine>"),
        (
            "length(DBInstances[0].MultiAZ)",
            "length wants a list, a map or text, this is a boolean <DBInstances[0].MultiAZ>",
        ),
        (
            "sum(DBInstances[].Engine)",
            "sum wants a list of numbers, this is a list of texts <DBInstances[].Engine>",
        ),
        ("contains(DBInstances[].Engine, `1`)", "a list of texts never contains a number <`1`>"),
        (
            "before(DBInstances[0].MultiAZ, '2026-01-01T00:00:00Z')",
            "before wants a time with its zone, such as 2026-03-01T01:40:00Z, this is a boolean <DBInstances[0].MultiAZ>",
        ),
        (
            "ago('soon') < DBInstances[0].InstanceCreateTime",
            "ago wants a duration, such as 90s, 15m, 3h or 2d, this is the text 'soon' <'soon'>",
        ),
        (
            "DBInstances[0].InstanceCreateTime == 'yesterday'",
            "a time is never equal to the text 'yesterday' <DBInstances[0].InstanceCreateTime == 'yesterday'>; a time is written '2026-03-01T01:40:00Z'",
        ),
        ("not_null(DBInstances[0].Engine, `0`) == 'x'", "not_null mixes text and a number <`0`>"),
        (
            "!(DBInstances[0].AllocatedStorage)",
            "the opposite of a number is always false <DBInstances[0].AllocatedStorage>; every number counts as true; compare it with `0`",
        ),
        (
            "group_by(DBInstances, &AllocatedStorage)",
            "group_by goes by text, this is a number <&AllocatedStorage>",
        ),
        (
            "add(DBInstances[0].AllocatedStorage, '3h')",
            "add mixes a number and the text '3h' <add(DBInstances[0].AllocatedStorage, '3h')>; a number goes with a number, a time with a duration such as '15m'",
        ),
        (
            "DBInstances[0].DBInstanceStatus == {{ parameters.dbb }}",
            "there is no dbb <dbb>; did you mean db?",
        ),
        (
            "DBInstances[0].AllocatedStorage == {{ parameters.db }}",
            "a number is never equal to text <DBInstances[0].AllocatedStorage == {{ parameters.db }}>",
        ),
        (
            "DBInstances[0].Engine == {{ parameter.db }}",
            "there is no parameter <parameter>; did you mean parameters?",
        ),
    ];
    for (text, expected) in table {
        let found = findings(&db(), text);
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        if expected == "DBInstancesResult" {
            assert!(found[0].ends_with("; text is written 'in-sync' in single quotes"), "{found:?}");
        } else {
            assert_eq!(found[0], expected, "{text}");
        }
    }
}

#[test]
fn good_expressions_have_no_findings() {
    let on_db = [
        "DBInstances[0] | (DBInstanceStatus == 'available' && !PendingModifiedValues && length(DBParameterGroups[?ParameterApplyStatus != 'in-sync']) == `0`)",
        "DBInstances[?contains({{ [parameters.db, 'x'] }}, DBInstanceIdentifier)]",
        "DBInstances[0].LatestRestorableTime > {{ parameters.incident_time }}",
        "DBInstances[0].LatestRestorableTime > ago({{ parameters.grace }})",
        "DBInstances[0].LatestRestorableTime >= '2026-05-01T00:00:00Z'",
        "DBInstances[0].MasterUserSecret == `null` && DBInstances[0].MultiAZ != `true`",
        "length(keys(not_null(DBInstances[0].PendingModifiedValues, `{}`))) == `0`",
        "not_null(DBInstances[0].TagList, `[]`)[?!starts_with(Key, 'aws:')]",
        "sort_by(DBInstances[?InstanceCreateTime], &InstanceCreateTime)[-1].Engine",
        "DBInstances[0].StorageType != 'gp3' && DBInstances[0].Iops || `null`",
        "DBInstances[].Endpoint.Port | max(@)",
        "DBInstances[*].[Engine, EngineVersion][]",
        "at(group_by(DBInstances, &Engine), 'postgres')[0].EngineVersion",
        "merge(DBInstances[0].Endpoint, {Port: `5432`}).Address",
        "DBInstances[0].* | [0]",
    ];
    for text in on_db {
        assert_eq!(findings(&db(), text), Vec::<String>::new(), "{text}");
    }
    let on_run = [
        "reads.services[?runningCount != desiredCount].serviceName",
        "seconds_between(reads.snapshots[0].data_of, now) < `86400`",
        "reverse(sort_by(reads.snapshots, &data_of))[0].id == parameters.db",
        "wait.status == 'pending-reboot' || not_null(wait.status, 'none') == 'none'",
        "parameters.mode == 'fast'",
        "contains(['fast', 'other'], parameters.db)",
    ];
    for text in on_run {
        assert_eq!(findings(&run(), text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn enumerations_are_known() {
    let services = answer("ecs", "DescribeServices");
    assert_eq!(
        findings(&services, "services[?schedulingStrategy == 'REPLCA'].serviceName"),
        [
            "text is never equal to the text 'REPLCA' <schedulingStrategy == 'REPLCA'>; did you mean 'REPLICA'?"
        ]
    );
    assert_eq!(
        findings(&services, "services[?contains(['REPLICA', 'DEMON'], schedulingStrategy)]"),
        ["'DEMON' is none of its values <['REPLICA', 'DEMON']>; did you mean 'DAEMON'?"]
    );
    assert_eq!(
        findings(&run(), "parameters.mode == 'slow'"),
        ["text is never equal to the text 'slow' <parameters.mode == 'slow'>; its values are 'fast', 'safe'"]
    );
}

#[test]
fn a_time_that_may_not_have_come_yet_is_not_sorted_by() {
    let snapshots = answer("rds", "DescribeDBSnapshots");
    assert_eq!(
        findings(&snapshots, "sort_by(DBSnapshots, &SnapshotCreateTime)[-1].DBSnapshotIdentifier"),
        [
            "SnapshotCreateTime is absent until that moment has come, and sort_by then fails <SnapshotCreateTime>; leave out first what has none: [?SnapshotCreateTime]"
        ]
    );
    for text in [
        "sort_by(DBSnapshots[?SnapshotCreateTime] | [?Status == 'available'], &SnapshotCreateTime)",
        "newest_by(DBSnapshots[?Status == 'available' && SnapshotCreateTime], &SnapshotCreateTime)",
        "newest_by(DBSnapshots[?SnapshotCreateTime != `null`], &SnapshotCreateTime)",
        "sort_by(DBSnapshots, &DBSnapshotIdentifier)",
    ] {
        assert_eq!(findings(&snapshots, text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn lists_of_readings_that_are_counted_or_walked_are_named() {
    let lists = |root: &Type, text: &str| -> Vec<String> {
        let checked = Expr::parse(text).unwrap().check(root, &run());
        assert!(checked.findings.is_empty(), "{text}: {:?}", checked.findings);
        let counted = checked.lists.iter().filter(|l| l.counted);
        counted.map(|l| format!("{}<{}>", l.root, &text[l.span.clone()])).collect()
    };
    assert_eq!(
        lists(&run(), "length(reads.services[?desiredCount != `0`]) == `0`"),
        ["reads.services<reads.services>"]
    );
    assert_eq!(
        lists(&run(), "length(reads.services) == length(reads.snapshots)"),
        ["reads.services<reads.services>", "reads.snapshots<reads.snapshots>"]
    );
    assert_eq!(
        lists(&run(), "contains(reads.services[].status, 'ACTIVE')"),
        ["reads.services<reads.services>"]
    );
    assert_eq!(
        lists(&run(), "!(reads.services) || reads.instances == `[]`"),
        ["reads.services<reads.services>", "reads.instances<reads.instances>"]
    );
    assert_eq!(lists(&run(), "reads.services | length(@) > `0`"), ["reads.services<@>"]);
    assert_eq!(
        lists(
            &run(),
            "reads.services[0].status == 'ACTIVE' && reads.db.DBParameterGroups[].ParameterApplyStatus != `null`"
        ),
        [""; 0]
    );
    let rows = Type::list(Type::object([("n", Type::Integer)]));
    assert_eq!(lists(&rows, "[?n == `1`] | [0].n == `1`"), ["@<[?n == `1`]>"]);
    assert_eq!(
        lists(&rows, "length(@) == {{ length(reads.services) }}"),
        ["@<@>", "reads.services<reads.services>"]
    );
}

#[test]
fn a_condition_that_is_true_of_an_empty_list_is_known() {
    let held = |root: &Type, text: &str| -> Vec<String> {
        let mut expr = Expr::parse(text).unwrap();
        let checked = expr.check(root, &run());
        assert_eq!(shown(text, &checked), [""; 0], "{text}");
        let member = |l: &ListUse| l.member.as_ref().map(|m| format!(".{m}")).unwrap_or_default();
        let mut held: Vec<_> =
            checked.lists.iter().filter(|l| expr.can_hold_without(&l.root, |_| false)).collect();
        held.dedup_by_key(|l| l.root.clone());
        held.into_iter().map(|l| format!("{}{}", l.root, member(l))).collect()
    };
    for text in [
        "length(reads.services[?runningCount != `0`]) == `0`",
        "!contains(reads.services[].serviceName, parameters.db)",
        "reads.services[0].status != 'ACTIVE'",
        "!(reads.services[0].enableECSManagedTags)",
        "reads.services[0].status == `null`",
        "not_null(reads.services[0].status, 'ACTIVE') == 'ACTIVE'",
        "length(reads.services) == parameters.count",
        "parameters.count > `1` || length(reads.services[]) == `0`",
        "reads.services[?status != 'ACTIVE'] | length(@) == `0`",
        "reads.services[0].serviceName == reads.db.DBName",
        "length([reads.services][] | [?status != 'ACTIVE']) == `0`",
        "length(map(&status, reads.services)) == `0`",
        "sum(reads.services[].runningCount) == `0`",
    ] {
        assert_eq!(held(&run(), text), ["reads.services"], "{text}");
    }
    for text in [
        "length(reads.services) > `0` && length(reads.services[?status != 'ACTIVE']) == `0`",
        "length(reads.services[?status != 'ACTIVE']) == `0` && reads.services[0].status == 'ACTIVE'",
        "length(reads.services) == `0`",
        "reads.services | `0` == length(@)",
        "contains(reads.services[].serviceName, parameters.db)",
        "reads.services[0].serviceName == parameters.db",
        "reads.services[0].serviceName == '{{ parameters.db }}'",
        "reads.services[0].runningCount < `5`",
        "reads.services[0].serviceName != parameters.db && starts_with(reads.services[0].serviceName, 'a')",
        "length(reads.services[?status == 'ACTIVE']) == `2`",
        "newest_by(reads.snapshots, &data_of).id == parameters.db",
        "reads.db.DBInstanceStatus == 'available'",
    ] {
        let text = text.replace("'{{", "{{").replace("}}'", "}}");
        assert_eq!(held(&run(), &text), [""; 0], "{text}");
    }
    let below = [
        ("length(DBInstances[?DBInstanceStatus != 'available']) == `0`", "@.DBInstances"),
        ("DBInstances[0].DBInstanceStatus != 'available'", "@.DBInstances"),
    ];
    for (text, list) in below {
        assert_eq!(held(&db(), text), [list], "{text}");
    }
    assert_eq!(held(&db(), "DBInstances[0].DBInstanceStatus == 'available'"), [""; 0]);
    let rows = Type::list(Type::object([("n", Type::Integer)]));
    assert_eq!(held(&rows, "length([?n == `1`]) == `0`"), ["@"]);
    assert_eq!(held(&rows, "[?n == `1`] | [0].n == `1`"), [""; 0]);
    assert_eq!(held(&rows, "length(@) == {{ length(reads.services) }}"), ["@", "reads.services"]);
}

#[test]
fn a_time_that_a_filter_needs_is_asked_for_first() {
    let snapshots = answer("rds", "DescribeDBSnapshots");
    let unguarded = [
        "DBSnapshots[?before(SnapshotCreateTime, {{ parameters.incident_time }})]",
        "DBSnapshots[?seconds_between({{ now }}, SnapshotCreateTime) > `0`]",
        "DBSnapshots[?before(SnapshotCreateTime, {{ now }}) && SnapshotCreateTime != `null`]",
        "DBSnapshots[?Status == 'available' || before(SnapshotCreateTime, {{ now }})]",
    ];
    for text in unguarded {
        let found = findings(&snapshots, text);
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        assert!(found[0].starts_with("SnapshotCreateTime may be absent, and then "), "{found:?}");
    }
    let guarded = [
        "DBSnapshots[?SnapshotCreateTime && before(SnapshotCreateTime, {{ now }})]",
        "DBSnapshots[?Status == 'available' && SnapshotCreateTime != `null` && before(SnapshotCreateTime, {{ now }})]",
        "DBSnapshots[?SnapshotCreateTime == `null` || before(SnapshotCreateTime, {{ now }})]",
        "DBSnapshots[?!SnapshotCreateTime || before(SnapshotCreateTime, {{ now }})]",
        "DBSnapshots[?SnapshotCreateTime] | [?before(SnapshotCreateTime, {{ now }})]",
        "DBSnapshots[?before(not_null(SnapshotCreateTime, {{ now }}), {{ now }})]",
        "before(DBSnapshots[0].SnapshotCreateTime, {{ now }})",
    ];
    for text in guarded {
        assert_eq!(findings(&snapshots, text), [""; 0], "{text}");
    }
}

#[test]
fn absent_lists_and_structures_read_as_empty_once_checked() {
    let value = |text: &str, doc: serde_json::Value| {
        let mut expr = Expr::parse(text).unwrap();
        let before = expr.eval(&doc, &doc, At(0));
        expr.check(&db(), &Type::Any);
        (before.ok(), expr.eval(&doc, &doc, At(0)).ok())
    };
    let one = || json!({"DBInstances": [{"Engine": "postgres"}]});
    assert_eq!(value("length(DBInstances[0].TagList)", one()), (None, Some(json!(0))));
    assert_eq!(value("DBInstances[0].PendingModifiedValues", one()), (Some(json!(null)), Some(json!({}))));
    assert_eq!(value("DBInstances[0].Endpoint.Port", one()), (Some(json!(null)), Some(json!(null))));
    assert_eq!(
        value("DBInstances[0].MasterUserSecret == `null`", one()),
        (Some(json!(true)), Some(json!(true)))
    );
    assert_eq!(
        value("`null` != DBInstances[0].MasterUserSecret", one()),
        (Some(json!(false)), Some(json!(false)))
    );
    assert_eq!(value("not_null(DBInstances[0].TagList, `[1]`)", one()), (Some(json!([1])), Some(json!([1]))));
    assert_eq!(
        value("DBInstances[0].Engine", json!({"DBInstances": [{}]})),
        (Some(json!(null)), Some(json!(null)))
    );
    // No instance at all is not an instance without tags.
    assert_eq!(value("length(DBInstances[0].TagList)", json!({"DBInstances": []})), (None, None));
    assert_eq!(value("length(DBInstances)", json!({})), (None, Some(json!(0))));
}

#[test]
fn results_have_types() {
    let result = |text: &str| Expr::parse(text).unwrap().check(&run(), &run()).result;
    assert_eq!(result("length(reads.services) == `0`"), Type::Boolean);
    assert_eq!(result("parameters.count && `1` || `null`"), Type::Integer.optional());
    assert_eq!(result("not_null(wait.status, 'none')"), Type::Text);
    assert_eq!(result("add(now, parameters.grace)"), Type::Time);
    assert_eq!(result("map(&split(@, '/')[-1], parameters.services)"), Type::list(Type::Text.optional()));
    assert_eq!(
        result("reads.services[].{n: serviceName}"),
        Type::list(Type::object([("n", {
            let Type::List(service) = result("reads.services[]") else { panic!() };
            let Type::Shape(service) = *service else { panic!() };
            Type::Shape(service.member("serviceName").unwrap().shape)
        })]))
    );
}

#[test]
fn templates_are_checked_where_they_stand() {
    let check = |text: &str| {
        let mut template = Template::parse(text).unwrap();
        let checked = template.check(&run());
        (checked.result.to_string(), shown(text, &checked))
    };
    assert_eq!(check("{{ parameters.services }}"), ("a list of texts".to_owned(), vec![]));
    assert_eq!(check("{{ parameters.db }} at {{ now }}"), ("text".to_owned(), vec![]));
    assert_eq!(
        check("x {{ parameters.services }}").1,
        [
            "a list of texts in the middle of text <{{ parameters.services }}>; join(', ', list) makes text of a list of texts"
        ]
    );
    assert_eq!(check("é {{ parameters.dbs }}").1, ["there is no dbs <dbs>; did you mean db?"]);
    let mut tree =
        Tree::parse(&json!({"A": ["{{ reads.nothing }}", "plain"], "B": "{{ parameters.db }}"})).unwrap();
    let found = tree.check(&run());
    assert_eq!(found[0].0, "A[0]");
    assert_eq!(found[0].1.findings.len(), 1);
    assert!(found[1].1.findings.is_empty());
}

#[test]
fn a_value_fits_where_its_type_is_taken() {
    let member = |op: &str, name: &str| {
        let input = catalogue::find("rds", op).and_then(catalogue::Operation::input).unwrap();
        Type::Shape(input.member(name).unwrap().shape)
    };
    let restore = |name: &str| member("RestoreDBInstanceFromDBSnapshot", name);
    assert_eq!(Type::Text.fits(&restore("DBInstanceIdentifier")), Ok(()));
    assert_eq!(Type::Integer.fits(&restore("Port")), Ok(()));
    assert_eq!(Type::Text.fits(&restore("Port")), Err("text is not a number".to_owned()));
    assert_eq!(Type::Boolean.optional().fits(&restore("MultiAZ")), Ok(()));
    assert_eq!(Type::list(Type::Text).fits(&restore("VpcSecurityGroupIds")), Ok(()));
    assert_eq!(
        Type::list(Type::Integer).fits(&restore("VpcSecurityGroupIds")),
        Err("in the list, a number is not text".to_owned())
    );
    let tag = |key: &str| Type::list(Type::object([(key, Type::Text), ("Value", Type::Text)]));
    assert_eq!(tag("Key").fits(&restore("Tags")), Ok(()));
    assert_eq!(tag("Kye").fits(&restore("Tags")), Err("in the list, Tag has no member Kye".to_owned()));
    assert_eq!(Type::Any.fits(&restore("Tags")), Ok(()));
}

/// The readings of the flagship runbook, as its draft selects them.
fn flagship() -> Type {
    let read = |service: &str, op: &str, select: &str| {
        let mut expr = Expr::parse(select).unwrap_or_else(|e| panic!("{select}: {e}"));
        let checked = expr.check(&answer(service, op), &run());
        assert_eq!(shown(select, &checked), [""; 0], "{select}");
        checked.result
    };
    let snapshots = "DBSnapshots[?Status == 'available' && SnapshotCreateTime].{id: DBSnapshotIdentifier, type: SnapshotType, data_of: not_null(OriginalSnapshotCreateTime, SnapshotCreateTime), engine: EngineVersion}";
    let reads = Type::object([
        ("service_names", read("ecs", "ListServices", "map(&split(@, '/')[-1], serviceArns)")),
        ("services_now", read("ecs", "DescribeServices", "services")),
        ("scaling", read("application-autoscaling", "DescribeScalableTargets", "ScalableTargets")),
        ("stopped_tasks", read("ecs", "DescribeTasks", "tasks")),
        (
            "other_tasks",
            read(
                "ecs",
                "DescribeTasks",
                "tasks[?!contains({{ map(&join('', ['service:', @]), parameters.services) }}, group)]",
            ),
        ),
        ("db", read("rds", "DescribeDBInstances", "DBInstances[0]")),
        (
            "instances",
            read(
                "rds",
                "DescribeDBInstances",
                "DBInstances[?contains({{ [parameters.db, parameters.db] }}, DBInstanceIdentifier)]",
            ),
        ),
        ("subnet_group", read("rds", "DescribeDBSubnetGroups", "DBSubnetGroups[0]")),
        (
            "maintenance",
            read(
                "rds",
                "DescribePendingMaintenanceActions",
                "PendingMaintenanceActions[].PendingMaintenanceActionDetails[]",
            ),
        ),
        (
            "quota",
            read("rds", "DescribeAccountAttributes", "AccountQuotas[?AccountQuotaName == 'DBInstances']"),
        ),
        ("snapshots", read("rds", "DescribeDBSnapshots", snapshots)),
        (
            "db_events",
            read(
                "rds",
                "DescribeEvents",
                "reverse(sort_by(Events[?Date && contains({{ [parameters.db] }}, SourceIdentifier)], &Date))",
            ),
        ),
        (
            "state",
            read(
                "application-autoscaling",
                "DescribeScalableTargets",
                "ScalableTargets[0].not_null(SuspendedState, `{\"DynamicScalingInSuspended\": false}`)",
            ),
        ),
    ]);
    let Type::Object(mut scope) = run() else { panic!() };
    let baseline = |text: &str| {
        Expr::parse(text).unwrap().check(&Type::object([("reads", reads.clone())]), &Type::Any).result
    };
    let outputs = Type::object([
        ("db", baseline("reads.db")),
        (
            "tags",
            baseline("not_null(reads.db.TagList, `[]`)[?!starts_with(Key, 'aws:') && Key != 'ripcord-run']"),
        ),
        ("resource_id", baseline("reads.db.DbiResourceId")),
    ]);
    scope.insert("baseline".into(), outputs);
    scope.insert("run".into(), Type::object([("id", Type::Text)]));
    scope.insert("reads".into(), reads);
    Type::Object(scope)
}

#[test]
fn the_conditions_of_the_flagship_are_sound() {
    let scope = flagship();
    let conditions = [
        "length(parameters.services) > `0` && length(reads.services_now[?status == 'ACTIVE' && schedulingStrategy == 'REPLICA']) == length(parameters.services)",
        "reads.db.DBInstanceStatus == 'available' && reads.db.DBClusterIdentifier == `null` && !starts_with(reads.db.Engine, 'aurora')",
        "length(keys(not_null(reads.db.PendingModifiedValues, `{}`))) == `0` && length(reads.db.OptionGroupMemberships[?Status != 'in-sync']) == `0`",
        "length(reads.maintenance) == `0`",
        "length(reads.quota[?Used < Max]) == `1`",
        "reads.subnet_group.VpcId == reads.db.DBSubnetGroup.VpcId && reads.subnet_group.SubnetGroupStatus == 'Complete'",
        "length(reads.snapshots[?before(data_of, {{ parameters.incident_time }})]) > `0`",
        "reads.db.MasterUserSecret == `null` && reads.db.IAMDatabaseAuthenticationEnabled != `true`",
        "length(reads.services_now[?desiredCount != `0` || runningCount != `0` || pendingCount != `0`]) == `0` && length(reads.stopped_tasks[?lastStatus != 'STOPPED']) == `0`",
        "reads.instances[0].DbiResourceId == baseline.resource_id && length(reads.snapshots[?id == {{ parameters.db }}]) == `1`",
        "contains(['in-sync', 'pending-reboot'], reads.db.DBParameterGroups[0].ParameterApplyStatus)",
        "not_null(reads.db.MonitoringInterval, `0`) == not_null(baseline.db.MonitoringInterval, `0`) && reads.db.DeletionProtection == baseline.db.DeletionProtection",
        "length(not_null(reads.services_now[0].events, `[]`)[?contains(message, 'unable') && createdAt != `null` && seconds_between(createdAt, {{ now }}) < `300`]) > `0`",
        "reads.scaling[0].SuspendedState.DynamicScalingInSuspended && reads.scaling[0].SuspendedState.ScheduledScalingSuspended",
        "reads.db_events[0].Date > ago('1d') && reads.service_names[0] == parameters.db",
    ];
    for text in conditions {
        let checked = Expr::parse(text).unwrap().check(&scope, &scope);
        assert_eq!(shown(text, &checked), [""; 0], "{text}");
        assert_eq!(checked.result, Type::Boolean, "{text}");
    }
    let input = catalogue::find("rds", "RestoreDBInstanceFromDBSnapshot")
        .and_then(catalogue::Operation::input)
        .unwrap();
    for (member, text) in [
        ("Port", "{{ baseline.db.Endpoint.Port }}"),
        ("VpcSecurityGroupIds", "{{ baseline.db.VpcSecurityGroups[].VpcSecurityGroupId }}"),
        (
            "OptionGroupName",
            "{{ omit_null(baseline.db.OptionGroupMemberships[?!starts_with(OptionGroupName, 'default:')] | [0].OptionGroupName) }}",
        ),
        ("PubliclyAccessible", "{{ not_null(baseline.db.PubliclyAccessible, `false`) }}"),
        ("Iops", "{{ omit_null(baseline.db.StorageType != 'gp3' && baseline.db.Iops || `null`) }}"),
        ("Tags", "{{ [baseline.tags, [{Key: 'ripcord-run', Value: run.id}]][] }}"),
        ("EnableCloudwatchLogsExports", "{{ omit_null(baseline.db.EnabledCloudwatchLogsExports) }}"),
    ] {
        let checked = Template::parse(text).unwrap().check(&scope);
        assert_eq!(shown(text, &checked), [""; 0], "{text}");
        let wanted = Type::Shape(input.member(member).unwrap().shape);
        assert_eq!(checked.result.fits(&wanted), Ok(()), "{text}: {:?}", checked.result);
    }
}
