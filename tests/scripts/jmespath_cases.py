#!/usr/bin/env python3
"""Writes tests/data/expr/cases.json: expressions with the answers of jmespath.py, the reference implementation.

    target/venv/bin/python tests/scripts/jmespath_cases.py > tests/data/expr/cases.json

`same`: ripcord has to give the same answer, or also refuse. `different`: ripcord differs on purpose; `ours` is
what it gives (`error`: a part of its message), `theirs` what jmespath.py gives, `because` why.
"""
import json
import sys

import jmespath
from jmespath.exceptions import JMESPathError

GIVEN = {
    "rds": {
        "DBInstances": [
            {
                "DBInstanceIdentifier": "orders", "DBInstanceStatus": "available", "AllocatedStorage": 20,
                "MultiAZ": False, "Engine": "postgres", "Iops": None, "PendingModifiedValues": {},
                "InstanceCreateTime": "2025-11-02T08:00:00.000Z",
                "Endpoint": {"Address": "orders.example", "Port": 5432},
                "VpcSecurityGroups": [
                    {"VpcSecurityGroupId": "sg-1", "Status": "active"},
                    {"VpcSecurityGroupId": "sg-2", "Status": "removing"}],
                "DBParameterGroups": [{"DBParameterGroupName": "pg-orders", "ParameterApplyStatus": "in-sync"}],
                "TagList": [{"Key": "team", "Value": "sre"}, {"Key": "aws:stack", "Value": "x"}],
            },
            {
                "DBInstanceIdentifier": "billing", "DBInstanceStatus": "stopped", "AllocatedStorage": 100.5,
                "MultiAZ": True, "Engine": "mysql", "Iops": 3000, "PendingModifiedValues": {"Port": 3307},
                "InstanceCreateTime": "2024-01-15T12:30:00.000Z",
                "Endpoint": {"Address": "billing.example", "Port": 3306},
                "VpcSecurityGroups": [], "DBParameterGroups": [], "TagList": [],
            },
        ],
    },
    "ecs": {
        "services": [
            {"serviceName": "web", "desiredCount": 3, "runningCount": 3, "pendingCount": 0, "status": "ACTIVE",
             "events": [{"message": "steady"}, {"message": "started 1 task"}]},
            {"serviceName": "worker", "desiredCount": 2, "runningCount": 1, "pendingCount": 1, "status": "ACTIVE",
             "events": []},
            {"serviceName": "cron", "desiredCount": 0, "runningCount": 0, "pendingCount": 0, "status": "DRAINING"},
        ],
        "failures": [],
        "serviceArns": ["arn:aws:ecs:eu-west-1:1:service/c/web", "arn:aws:ecs:eu-west-1:1:service/c/worker"],
    },
    "mixed": {
        "n": None, "t": True, "f": False, "zero": 0, "one": 1, "neg": -4, "half": 1.5, "big": 9007199254740993,
        "s": "text", "empty": "", "list": [1, 2, 3, 4, 5], "none": [], "map": {"b": 2, "a": 1}, "hollow": {},
        "words": ["pear", "apple", "fig"], "nested": [[1, 2], [3, [4]], 5, [[6]]], "nulls": [None, 1, None, 2],
        "rows": [{"k": "b", "v": 2}, {"k": "a", "v": 1}, {"k": "c"}, {"k": "a", "v": 3}],
        "float": [0.5, 2, -1], "unicode": "größe", "key with blank": 1, "dash-ed": 2, "digits": "12",
        "times": ["2026-03-01T00:00:00Z", "2026-02-28T00:00:00Z"], "deep": {"a": {"b": {"c": {"d": [{"e": 1}]}}}},
    },
}

SAME = {
    "rds": """
DBInstances
DBInstances[0]
DBInstances[-1].Engine
DBInstances[2]
DBInstances[0].Endpoint.Address
DBInstances[0].Endpoint.Nothing
DBInstances[0].Nothing.Address
DBInstances[].DBInstanceIdentifier
DBInstances[*].DBInstanceIdentifier
DBInstances[*].Endpoint.Port
DBInstances[].Iops
DBInstances[*].Iops
DBInstances[?DBInstanceStatus == 'available']
DBInstances[?DBInstanceStatus == 'available'].Engine
DBInstances[?DBInstanceStatus != 'available'].Engine | [0]
DBInstances[?MultiAZ].Engine
DBInstances[?!MultiAZ].Engine
DBInstances[?Iops].Engine
DBInstances[?Iops == `null`].Engine
DBInstances[?Iops != `null`].Engine
DBInstances[?AllocatedStorage > `20`].Engine
DBInstances[?AllocatedStorage >= `20`].Engine
DBInstances[?AllocatedStorage < `100.5`].Engine
DBInstances[?AllocatedStorage <= `100.5`].Engine
DBInstances[?Endpoint.Port == `5432`].DBInstanceIdentifier
DBInstances[?PendingModifiedValues].DBInstanceIdentifier
DBInstances[?!PendingModifiedValues].DBInstanceIdentifier
DBInstances[?VpcSecurityGroups[?Status != 'active']].DBInstanceIdentifier
DBInstances[].VpcSecurityGroups[].VpcSecurityGroupId
DBInstances[].VpcSecurityGroups[?Status == 'active'].VpcSecurityGroupId
DBInstances[].VpcSecurityGroups[?Status == 'active'][].VpcSecurityGroupId
DBInstances[*].VpcSecurityGroups[*].VpcSecurityGroupId
DBInstances[*].VpcSecurityGroups[*].VpcSecurityGroupId[]
DBInstances[*].VpcSecurityGroups | [0]
DBInstances[0].DBParameterGroups[0].ParameterApplyStatus
DBInstances[0].TagList[?!starts_with(Key, 'aws:')]
DBInstances[0].TagList[?Key == 'team'] | [0].Value
DBInstances[0].TagList[?Key == 'team'].Value | [0]
DBInstances[].{id: DBInstanceIdentifier, port: Endpoint.Port}
DBInstances[].[DBInstanceIdentifier, Endpoint.Port]
DBInstances[*].[DBInstanceIdentifier, Endpoint.Port][]
DBInstances[0].{id: DBInstanceIdentifier, sg: VpcSecurityGroups[].VpcSecurityGroupId}
DBInstances[0].[Engine, MultiAZ, Iops]
DBInstances[0] | (DBInstanceStatus == 'available' && !PendingModifiedValues)
DBInstances[0] | DBInstanceStatus == 'available' && AllocatedStorage > `10`
length(DBInstances)
length(DBInstances[0].TagList)
length(DBInstances[?Engine == 'oracle'])
length(DBInstances[?Engine == 'oracle']) == `0`
length(DBInstances[0].Engine)
length(DBInstances[0].PendingModifiedValues)
length(keys(not_null(DBInstances[1].PendingModifiedValues, `{}`)))
keys(DBInstances[0].Endpoint)
values(DBInstances[0].Endpoint)
sort(DBInstances[].Engine)
sort_by(DBInstances, &DBInstanceIdentifier)[].Engine
sort_by(DBInstances, &AllocatedStorage)[].Engine
sort_by(DBInstances, &InstanceCreateTime)[].Engine
sort_by(DBInstances, &InstanceCreateTime)[-1].Engine
reverse(sort_by(DBInstances, &Endpoint.Port))[].Endpoint.Port
max_by(DBInstances, &AllocatedStorage).Engine
min_by(DBInstances, &AllocatedStorage).Engine
max_by(DBInstances, &InstanceCreateTime).Engine
max(DBInstances[].Endpoint.Port)
min(DBInstances[].Endpoint.Port)
sum(DBInstances[].AllocatedStorage)
avg(DBInstances[].AllocatedStorage)
contains(DBInstances[].Engine, 'mysql')
contains(DBInstances[].Engine, 'oracle')
contains(DBInstances[0].Engine, 'gres')
contains(['in-sync', 'pending-reboot'], DBInstances[0].DBParameterGroups[0].ParameterApplyStatus)
not_null(DBInstances[0].Iops, DBInstances[1].Iops)
not_null(DBInstances[0].Iops, `0`)
DBInstances[0].Iops || `0`
DBInstances[0].Engine != 'gp3' && DBInstances[0].Iops || `null`
DBInstances[1].Engine != 'gp3' && DBInstances[1].Iops || `null`
DBInstances[0].not_null(Iops, AllocatedStorage)
DBInstances[0].MultiAZ == `false`
DBInstances[*].MultiAZ
DBInstances[*].Endpoint.*
DBInstances[0].Endpoint.* | [0]
map(&Endpoint.Port, DBInstances)
map(&Iops, DBInstances)
join(', ', DBInstances[].DBInstanceIdentifier)
merge(DBInstances[0].Endpoint, `{"Port": 1}`)
type(DBInstances)
to_string(DBInstances[0].Endpoint)
to_array(DBInstances[0].Engine)
DBInstances[0].starts_with(Engine, 'post')
DBInstances[::-1].Engine
DBInstances[0:1].Engine
DBInstances.Engine
DBInstances[0].Engine.Name
DBInstances[0].Engine[0]
DBInstances[0].Engine[]
DBInstances[0].Engine[?a]
DBInstances[0].Engine.*
""",
    "ecs": """
services[?runningCount != desiredCount].serviceName
length(services[?desiredCount != `0` || runningCount != `0` || pendingCount != `0`]) == `0`
length(services[?status != 'ACTIVE']) > `0`
length(failures) == `0`
failures[0].reason
services[?runningCount == desiredCount && pendingCount == `0`].serviceName
services[?runningCount == desiredCount && pendingCount == `0` && status == 'ACTIVE'] | length(@)
services[].events[].message
services[].events[0].message
services[*].events[0].message
services[?events].serviceName
services[?length(not_null(events, `[]`)) > `1`].serviceName
services[?not_null(events, `[]`)[?contains(message, 'steady')]].serviceName
sum(services[].desiredCount)
max_by(services, &desiredCount).serviceName
min_by(services, &desiredCount).serviceName
sort_by(services, &runningCount)[*].serviceName
services[?contains(['web', 'cron'], serviceName)].desiredCount
services[?starts_with(serviceName, 'w')] | [1].serviceName
services[?ends_with(serviceName, 'n')].status
services[].{n: serviceName, short: to_string(desiredCount)}
services[?desiredCount > runningCount].{n: serviceName, d: desiredCount, r: runningCount}
serviceArns[?contains(@, 'worker')]
serviceArns[-1]
length(serviceArns[0])
map(&length(@), serviceArns)
services[?serviceName == 'web'] | [0].events | [1].message
services[1:].serviceName
services[:2].serviceName
services[::2].serviceName
services[-2:].serviceName
services[5:].serviceName
services[?!(runningCount == desiredCount)].serviceName
services[?!contains(serviceName, 'o')].serviceName
(services[?status == 'DRAINING'] | [0]).serviceName
services[?pendingCount].serviceName
services[].[serviceName, status] | [0]
services[0].[serviceName, [status, [desiredCount]]]
services[0].{a: {b: {c: serviceName}}}
not_null(services[5], services[0]).serviceName
length(services[?serviceName > `1`])
@.services[0].serviceName
@ | length(services)
services[*] | [?status == 'ACTIVE'] | [*].serviceName
""",
    "mixed": """
n
missing
@
`5`
'raw'
`"json"`
`[1, 2]`
`{"a": [true, null]}`
'it\\'s'
"key with blank"
"dash-ed"
map.a
map.*
map.* | sort(@)
hollow.*
list.*
list[0]
list[-1]
list[-6]
list[5]
list[1:3]
list[:3]
list[3:]
list[::2]
list[::-1]
list[4:0:-2]
list[-2:]
list[10:]
list[-10:2]
list[2:1]
map[0]
s[0]
none[0]
none[]
n[]
s[]
map[]
n[*].a
nested[]
nested[][]
nested[][][]
nested[*][0]
nested[*][]
nulls[]
nulls[*]
nulls[?@]
nulls[?@ == `null`]
nulls[?@ != `null`]
list[?@ > `2`]
list[?@ >= `2` && @ < `5`]
list[?@ == `3`] | [0]
rows[?v].k
rows[?k == 'a'].v
rows[*].v
rows[].v | sum(@)
rows[].{k: k, v: v}
rows[].[k, v]
rows[*].missing
rows[?v && v > `1`].k
deep.a.b.c.d[0].e
deep.a.b.c.d[].e
deep.*.*.*
deep | a | b | c
t && f
t || f
f || s
n || s
empty || s
none || s
hollow || s
zero || s
zero && s
n && s
t && s
s && t
!t
!f
!n
!zero
!empty
!none
!hollow
!s
!list
!!s
!!n
t == `true`
f == `false`
one == `1`
one == `1.0`
half == `1.5`
s == 'text'
s != 'text'
s == `null`
n == `null`
missing == `null`
n == missing
list == `[1, 2, 3, 4, 5]`
list != `[1, 2]`
map == `{"a": 1, "b": 2}`
map == `{"a": 1}`
none == `[]`
hollow == `{}`
one < `2`
one <= `1`
one > neg
half >= one
big > `9007199254740992`
t == f
t != f
t && f || s
t || f && n
(t || f) && n
t && t == `true`
!f && t
[n, one]
[s, [one]]
{a: n, "b c": one}
{a: list[0], b: map.a}
n.[a]
n.{a: a}
missing.[a, b]
abs(neg)
abs(half)
abs(`-1.5`)
ceil(half)
ceil(`-1.5`)
ceil(one)
floor(half)
floor(`-1.5`)
floor(neg)
avg(list)
avg(float)
avg(none)
sum(list)
sum(float)
sum(none)
max(list)
max(words)
max(none)
min(float)
min(words)
min(none)
sort(words)
sort(list)
sort(float)
sort(none)
reverse(list)
reverse(words)
reverse(s)
reverse(unicode)
reverse(none)
length(s)
length(empty)
length(unicode)
length(list)
length(map)
keys(hollow)
keys(map) | sort(@)
values(map) | sort(@)
merge(map, `{"c": 3}`)
merge(map, `{"a": 9}`).a
merge(hollow)
contains(list, `3`)
contains(list, `9`)
contains(words, 'fig')
contains(s, 'ex')
contains(s, '')
contains(none, `1`)
contains(nulls, `null`)
starts_with(s, 'te')
starts_with(s, '')
ends_with(s, 'xt')
ends_with(s, 'te')
join('-', words)
join('', words)
join(', ', none)
join(', ', `["one"]`)
not_null(n, missing, s)
not_null(n, missing)
not_null(f, s)
not_null(zero)
to_array(s)
to_array(list)
to_array(n)
to_string(one)
to_string(half)
to_string(t)
to_string(n)
to_string(s)
to_string(list)
to_string(`{"a": [1, "b", null]}`)
to_number('12')
to_number('-1.5')
to_number('1e2')
to_number(' 1 ')
to_number('x')
to_number(digits)
to_number(one)
to_number(t)
to_number(n)
to_number(list)
type(n)
type(t)
type(one)
type(half)
type(s)
type(list)
type(map)
map(&@, list)
map(&v, rows)
map(&abs(@), float)
map(&[k, v], rows)
sort_by(rows, &k)[].v
sort_by(rows[?v], &v)[].k
sort_by(none, &k)
max_by(rows[?v], &v).k
min_by(rows[?v], &v).k
max_by(rows, &k).k
min_by(rows, &k).v
max_by(none, &k)
sort_by(rows, &length(k))[].k
times | sort(@)
times | max(@)
length(times[?@ == '2026-03-01T00:00:00Z'])
list | [0]
list | @ | [1]
[list, words] | [1][0]
[list, words][]
[list, words][][] | length(@)
list[?@ > `2`] | length(@) == `3`
words[?length(@) == `4`]
words[?contains(@, 'p')] | sort(@)
words[*] | [?starts_with(@, 'p')]
rows[?contains(['a', 'b'], k)].v
rows[?!v].k
rows[?v && k == 'a'].v | sort(@)
rows[?v == `null`].k
rows | [?k == 'a'] | [1].v
{total: sum(list), n: length(list)}
{total: sum(list), n: length(list)}.total
missing[?a].b
missing[].b
missing.*
abs(s)
length(n)
length(one)
sum(words)
avg(words)
sort(nested)
max(nulls)
join(', ', list)
join(one, words)
starts_with(n, 'a')
contains(n, 'a')
contains(map, 'a')
keys(list)
values(n)
reverse(map)
merge(map, list)
map(&a, n)
map(&a, s)
sort_by(rows, &v)
sort_by(rows, &missing)
max_by(rows, &v)
sort_by(n, &k)
""",
}

REFUSED = [
    "", " ", "a.", ".a", "a..b", "a b", "a[", "a]", "a[b]", "a[0", "a[?b", "a[?]", "[?", "a[1:2:3:4]", "a[1.5]", "{", "{a}",
    "{a: }", "{a: b", "{: b}", "{a: b,}", "(a", "a)", "()", "a(", "f(a,)", "f(,)", "a ==", "== a", "a = b", "a === b",
    "a && ", "|| a", "a | ", "| a", "'a", "\"a", "`1", "a.'b'", "a.`1`", "a.1", "a.[", "a.{", "a.(b)", "#", "a $ b", "a & b",
    "a; b", "a ~ b", "\"a\"(b)", "*.(a)", "a[*", "a.*b", "unknown(a)", "length()", "length(a, b)", "sort_by(a)",
    "abs(a, b)", "join('a')", "not_null()", "5", "a == 5", "a > -1", "é",
]

DIFFERENT = [
    ("mixed", "one == '1'", {"error": "is compared with"}, "unlike types: never equal, so never meant"),
    ("mixed", "one != '1'", {"error": "is compared with"}, "unlike types"),
    ("mixed", "t == one", {"error": "is compared with"}, "a boolean is no number"),
    ("mixed", "t == 'true'", {"error": "is compared with"}, "a boolean is no text"),
    ("mixed", "list == map", {"error": "is compared with"}, "a list is no map"),
    ("mixed", "s == list", {"error": "is compared with"}, "text is no list"),
    ("mixed", "rows[?v == 'b']", {"error": "is compared with"}, "an unlike comparison in a filter would filter all"),
    ("mixed", "s < 'zzz'", {"error": "text has no order"}, "Python orders text, the specification says null"),
    ("mixed", "words[?@ > 'b']", {"error": "text has no order"}, "as above, in a filter"),
    ("mixed", "n < one", {"error": "a number is ordered only with a number"}, "null has no order; null would be neither true nor false"),
    ("mixed", "missing >= `1`", {"error": "a number is ordered only with a number"}, "as above"),
    ("mixed", "rows[?v > `1`].k", {"error": "a number is ordered only with a number"}, "one absent v would silently be left out"),
    ("mixed", "missing[::0]", {"error": "never ends"}, "in Python an exception, but only once there is a list"),
    ("mixed", "`{`", {"error": "cannot stand here"}, "text without quotes inside backticks is an old spelling"),
    ("mixed", "t < f", {"error": "only numbers and times are ordered"}, "booleans have no order"),
    ("mixed", "list > none", {"error": "only numbers and times are ordered"}, "lists have no order"),
    ("mixed", "one < digits", {"error": "a number is ordered only with a number"}, "an exception in Python"),
    ("mixed", "'2026-03-01T02:00:00+02:00' == '2026-03-01T00:00:00Z'", {"value": True}, "timestamps compare as moments"),
    ("mixed", "'2026-03-01T02:00:00+02:00' < '2026-03-01T01:00:00Z'", {"value": True}, "timestamps compare as moments"),
    ("mixed", "'2026-03-01T00:00:00Z' == '2026-03-01T00:00:00.000Z'", {"value": True}, "timestamps compare as moments"),
    ("mixed", "contains(times, '2026-03-01T00:00:00.000Z')", {"value": True}, "contains compares as == does"),
    ("mixed", "sort(`[\"2026-03-01T02:00:00+02:00\", \"2026-03-01T01:00:00Z\"]`)[0]", {"value": "2026-03-01T02:00:00+02:00"}, "by moment"),
    ("mixed", "max(`[\"2026-03-01T02:00:00+02:00\", \"2026-03-01T01:00:00Z\"]`)", {"value": "2026-03-01T01:00:00Z"}, "by moment"),
    ("mixed", "sort_by([{t: '2026-03-01T02:00:00+02:00'}, {t: '2026-03-01T01:00:00Z'}], &t)[-1].t", {"value": "2026-03-01T01:00:00Z"}, "by moment"),
    ("mixed", "contains(list, '3')", {"error": "is compared with"}, "contains compares as == does"),
    ("mixed", "contains(s, one)", {"error": "contains wants text"}, "an exception in Python that is none of JMESPath's"),
    ("mixed", "not_null(s, length(one))", {"value": "text"}, "not_null stops at the first value"),
    ("mixed", "to_number('1_000')", {"value": None}, "only JSON numbers are numbers"),
    ("mixed", "to_number('+1')", {"value": None}, "only JSON numbers are numbers"),
    ("mixed", "to_number('1.')", {"value": None}, "only JSON numbers are numbers"),
    ("mixed", "to_string(`[\"é\"]`)", {"value": "[\"é\"]"}, "Python escapes what is not ASCII"),
    ("mixed", "!map.a", {"error": "takes only what stands right behind it"}, "(!map).a is always null; nobody means it"),
    ("mixed", "!list[?@ > `9`]", {"error": "takes only what stands right behind it"}, "as above"),
    ("mixed", "{a: one, a: s}", {"error": "written twice"}, "the first would be lost"),
    ("mixed", "`text`", {"error": "cannot stand here"}, "text without quotes inside backticks is an old spelling"),
    ("mixed", "before(times[1], times[0])", {"value": True}, "a function of ripcord"),
    ("mixed", "seconds_between(times[1], times[0])", {"value": 86400}, "a function of ripcord"),
    ("mixed", "add(one, `2`)", {"value": 3}, "a function of ripcord"),
    ("mixed", "add(times[0], '90s')", {"value": "2026-03-01T00:01:30.000Z"}, "a function of ripcord"),
    ("mixed", "sub(times[0], '1d')", {"value": "2026-02-28T00:00:00.000Z"}, "a function of ripcord"),
    ("mixed", "ago('1d')", {"value": "1969-12-31T00:00:00.000Z"}, "a function of ripcord; the clock of the test stands at 0"),
    ("mixed", "newest_by([{t: times[1]}, {t: times[0]}], &t).t", {"value": "2026-03-01T00:00:00Z"}, "a function of ripcord"),
    ("mixed", "keys(group_by(rows, &k))", {"value": ["a", "b", "c"]}, "a function of ripcord"),
    ("mixed", "group_by(rows, &k).a[].v", {"value": [1, 3]}, "a function of ripcord"),
    ("mixed", "at(map, 'a')", {"value": 1}, "a function of ripcord"),
    ("mixed", "at(map, 'z')", {"value": None}, "a function of ripcord"),
    ("mixed", "split('a/b', '/')", {"value": ["a", "b"]}, "a function of ripcord"),
    ("mixed", "now", {"value": "1970-01-01T00:00:00.000Z"}, "a name of the scope"),
    ("mixed", "s == {{ s }}", {"value": True}, "a template"),
    ("mixed", "words[?@ == {{ words[0] }}]", {"value": ["pear"]}, "a template sees the scope, also in a filter"),
]


def answer(given, expression):
    try:
        return {"value": jmespath.search(expression, GIVEN[given])}
    except JMESPathError:
        return {"error": True}
    except (TypeError, ValueError, AttributeError, IndexError) as e:
        return {"error": f"Python: {type(e).__name__}"}


def case(given, expression):
    return {"given": given, "expression": expression, **answer(given, expression)}


def lines():
    """One case per line, so that a diff shows which one moved."""
    yield "{"
    yield f'"jmespath.py": {json.dumps(jmespath.__version__)},'
    yield '"given": {'
    yield ",\n".join(f"{json.dumps(k)}: {json.dumps(v, ensure_ascii=False)}" for k, v in GIVEN.items())
    yield '},\n"same": ['
    same = [case(g, e) for g, text in SAME.items() for e in text.strip("\n").split("\n")]
    same += [case("mixed", e) for e in REFUSED]
    yield ",\n".join(json.dumps(c, ensure_ascii=False) for c in same)
    yield '],\n"different": ['
    rows = [
        {"given": g, "expression": e, "ours": ours, "theirs": answer(g, e), "because": why}
        for g, e, ours, why in DIFFERENT
    ]
    yield ",\n".join(json.dumps(c, ensure_ascii=False) for c in rows)
    yield "]\n}"


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")
    print("\n".join(lines()))
