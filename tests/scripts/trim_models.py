"""Trim botocore's service models to the operations of the catalogue.

Writes `assets/shapes.json` (the shape table that `src/catalogue/table.rs` reads) and `assets/operations.json`
(the names of all operations of the six services, for the test of the read-only guard).

The operations are those that the entries of `src/catalogue/<service>.rs` name, and the few that the drill cloud
answers although the console never sends them by itself (`SERVED_ONLY`); there is no other list.
Run it with a Python that has botocore; `--check` writes nothing and fails where a file would change:

    target/venv/bin/python tests/scripts/trim_models.py [--check]
"""

import json
import re
import sys
from pathlib import Path

import botocore.loaders
from botocore import xform_name

ROOT = Path(__file__).resolve().parents[2]
NOTICE = (
    "Facts trimmed from the AWS service models as distributed with botocore (https://github.com/boto/botocore), "
    "Copyright Amazon.com, Inc. or its affiliates, Apache License 2.0. Regenerate with tests/scripts/trim_models.py."
)
# The service as the aws CLI spells it, and the file that holds its entries.
SERVICES = {
    "rds": "rds",
    "ecs": "ecs",
    "dynamodb": "dynamodb",
    "sts": "sts",
    "application-autoscaling": "scaling",
    "backup": "backup",
}
# What the SDK sends on its own (to take on a role). Never an entry of the catalogue: no runbook may call it.
SERVED_ONLY = {"sts": ["AssumeRole"]}
ENTRY = re.compile(r'(?<!::)\b(?:read|change|destroy)\(\s*"(\w+)"')


# Members the pinned SDK crates do not have yet.
NEWER_THAN_SDK = {("GatewayConnector", "deregistrationDelay")}
# Unions that the models as botocore has them do not mark.
UNIONS = {"AttributeValue"}
# What AWS Backup marks as sensitive and is none: tags, and the restore metadata of a recovery point (names of
# networks, groups and keys), which the console must read to make the next call of it.
NOT_SENSITIVE = {"Metadata", "Tags"}
# Pages that the models as botocore has them do not know.
PAGES = {
    "ListServiceDeployments": {
        "input_token": "nextToken",
        "output_token": "nextToken",
        "limit_key": "maxResults",
        "result_key": "serviceDeployments",
    }
}


def entries(file):
    """The operations that one catalogue file names, in its order."""
    path = ROOT / "src/catalogue" / f"{file}.rs"
    return ENTRY.findall(path.read_text()) if path.exists() else []


def wanted(shapes, at, name, ref):
    """Leaves out what cannot be sent: members newer than the SDK, and free-form documents."""
    return (at, name) not in NEWER_THAN_SDK and not shapes[ref["shape"]].get("document")


def member(name, ref):
    """A member: its shape, its name on the wire where that differs, and its location where that is not the body."""
    wire, location = ref.get("locationName", name), ref.get("location")
    if location:
        return f"{ref['shape']} {wire} {location}"
    return ref["shape"] if wire == name else f"{ref['shape']} {wire}"


def shape(shapes, at):
    """One shape, as the table holds it."""
    s = shapes[at]
    kind = s["type"]
    out = {}
    if kind == "structure":
        kept = {name: ref for name, ref in s["members"].items() if wanted(shapes, at, name, ref)}
        out["members"] = {name: member(name, ref) for name, ref in kept.items()}
        if s.get("required"):
            out["required"] = s["required"]
        # The SDK and the CLI make one up where it is not given.
        if tokens := [name for name, ref in kept.items() if ref.get("idempotencyToken")]:
            out["tokens"] = tokens
        if s.get("union") or at in UNIONS:
            out["union"] = True
    elif kind == "list":
        out["list"] = s["member"]["shape"]
        wire = s["member"].get("locationName", "member")
        if wire != "member":
            out["item"] = wire
        if s.get("flattened"):
            out["flattened"] = True
    elif kind == "map":
        out["key"], out["value"] = s["key"]["shape"], s["value"]["shape"]
    else:
        out["type"] = kind
        for key, name in (("enum", "enum"), ("timestampFormat", "format")):
            if s.get(key):
                out[name] = s[key]
    if s.get("sensitive") and at not in NOT_SENSITIVE:
        out["sensitive"] = True
    return out


def refers_to(shapes, at):
    s = shapes[at]
    if s["type"] == "structure":
        return [ref["shape"] for name, ref in s["members"].items() if wanted(shapes, at, name, ref)]
    if s["type"] == "list":
        return [s["member"]["shape"]]
    if s["type"] == "map":
        return [s["key"]["shape"], s["value"]["shape"]]
    return []


def as_list(value):
    return value if isinstance(value, list) else [value]


def operation(model, pages, name):
    op, shapes = model["operations"][name], model["shapes"]
    out = {}
    for side in ("input", "output"):
        if side in op:
            out[side] = op[side]["shape"]
    if wrapper := op.get("output", {}).get("resultWrapper"):
        out["wrapper"] = wrapper
    members = shapes[out["input"]]["members"] if "input" in out else {}
    http = f"{op['http']['method']} {op['http']['requestUri']}"
    if http != "POST /":
        out["http"] = http
    out["flags"] = " ".join(xform_name(member, "-") for member in members)
    errors, faults = set(), set()
    for ref in op.get("errors", []):
        error = shapes[ref["shape"]]
        detail = error.get("error", {})
        code = detail.get("code", ref["shape"])
        # Application Auto Scaling does not mark its InternalServiceException.
        server = error.get("fault") or detail.get("httpStatusCode", 400) >= 500 or code.startswith("Internal")
        (faults if server else errors).add(code)
    if errors:
        out["errors"] = sorted(errors)
    if faults:
        out["faults"] = sorted(faults)
    if page := pages.get(name, PAGES.get(name)):
        out["pages"] = {
            "input": page["input_token"],
            "output": page["output_token"],
            "lists": as_list(page["result_key"]),
        }
        if "limit_key" in page:
            out["pages"]["limit"] = page["limit_key"]
    return out


def statuses(model, operations):
    """The HTTP status of each declared error code, where it is not 400 (500 for a fault of the server)."""
    out = {}
    for ref in (ref for op in operations for ref in model["operations"][op].get("errors", [])):
        error = model["shapes"][ref["shape"]]
        detail = error.get("error", {})
        status = detail.get("httpStatusCode")
        if status and status != (500 if error.get("fault") else 400):
            out[detail.get("code", ref["shape"])] = status
    return dict(sorted(out.items()))


def service(loader, name, entries, served_only):
    model = loader.load_service_model(name, "service-2")
    pages = loader.load_service_model(name, "paginators-1")["pagination"] if entries and name != "sts" else {}
    shapes, operations = {}, {}
    todo = []
    for op in sorted(entries + served_only):
        if op not in model["operations"]:
            sys.exit(f"{name} has no operation {op}")
        operations[op] = operation(model, pages, op)
        if op in served_only:
            operations[op]["served_only"] = True
        todo += [operations[op][side] for side in ("input", "output") if side in operations[op]]
    while todo:
        at = todo.pop()
        if at not in shapes:
            shapes[at] = shape(model["shapes"], at)
            todo += refers_to(model["shapes"], at)
    meta = model["metadata"]
    out = {"protocol": meta["protocol"], "version": meta["apiVersion"]}
    for key, label in (("jsonVersion", "json"), ("targetPrefix", "target"), ("xmlNamespace", "namespace")):
        if key in meta:
            out[label] = meta[key] if isinstance(meta[key], str) else meta[key]["uri"]
    if codes := statuses(model, operations):
        out["statuses"] = codes
    out["operations"] = operations
    out["shapes"] = dict(sorted(shapes.items()))
    return out, sorted(model["operations"])


def lines(value, depth):
    """JSON with one line per entry down to `depth`, compact below: small, and its changes read well in a diff."""
    if depth == 0 or not isinstance(value, dict):
        return json.dumps(value, separators=(",", ":"), ensure_ascii=True)
    return "{\n" + ",\n".join(f"{json.dumps(k)}:{lines(v, depth - 1)}" for k, v in value.items()) + "\n}"


def main():
    loader = botocore.loaders.Loader()
    table, names = {}, {}
    for name, file in SERVICES.items():
        trimmed, names[name] = service(loader, name, entries(file), SERVED_ONLY.get(name, []))
        if trimmed["operations"]:
            table[name] = trimmed
    files = {
        "assets/shapes.json": lines({"_notice": NOTICE, "services": table}, 4) + "\n",
        "assets/operations.json": lines({"_notice": NOTICE, "services": names}, 2) + "\n",
    }
    differs = [name for name, text in files.items() if not same(ROOT / name, text)]
    if "--check" in sys.argv and differs:
        sys.exit("run tests/scripts/trim_models.py: " + ", ".join(differs) + " would change")
    for name in differs:
        (ROOT / name).write_text(files[name])


def same(path, text):
    return path.exists() and path.read_text() == text


if __name__ == "__main__":
    main()
