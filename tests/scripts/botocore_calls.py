"""Makes calls with botocore against an endpoint and prints what it made of the answers.

    target/venv/bin/python tests/scripts/botocore_calls.py URL

Reads a JSON list of {"service", "operation", "input"} from stdin and prints one of {"answer"} or {"error"}. Both ways
documents are as the aws CLI has them: times are RFC 3339 in UTC with milliseconds, blobs base64.
"""

import base64
import json
import sys
from datetime import datetime, timezone

import botocore.session
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError


def sent(shape, value):
    """A value as botocore takes it."""
    if shape.type_name == "structure":
        return {name: sent(shape.members[name], v) for name, v in value.items()}
    if shape.type_name == "list":
        return [sent(shape.member, v) for v in value]
    if shape.type_name == "map":
        return {k: sent(shape.value, v) for k, v in value.items()}
    if shape.type_name == "timestamp":
        return datetime.fromisoformat(value.replace("Z", "+00:00"))
    if shape.type_name == "blob":
        return base64.b64decode(value, validate=True)
    return value


def read(value):
    """A value as botocore answers it, as a document."""
    if isinstance(value, dict):
        return {k: read(v) for k, v in value.items()}
    if isinstance(value, list):
        return [read(v) for v in value]
    if isinstance(value, datetime):
        return value.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value


def made(client, call):
    """One call: its answer or its error."""
    model = client.meta.service_model.operation_model(call["operation"])
    given = sent(model.input_shape, call["input"]) if model.input_shape else {}
    try:
        answer = getattr(client, xform_name(call["operation"]))(**given)
    except ClientError as e:
        status = e.response["ResponseMetadata"]["HTTPStatusCode"]
        return {"error": {"code": e.response["Error"]["Code"], "message": e.response["Error"]["Message"], "status": status}}
    metadata = answer.pop("ResponseMetadata")
    if not metadata.get("RequestId"):
        return {"error": {"code": "no request id", "message": "", "status": metadata["HTTPStatusCode"]}}
    return {"answer": read(answer)}


def main():
    session = botocore.session.get_session()
    # The samples are made up; what AWS would say of their lengths and patterns is not the question.
    config = Config(parameter_validation=False, retries={"total_max_attempts": 1})
    clients, results = {}, []
    for call in json.load(sys.stdin):
        service = call["service"]
        if service not in clients:
            clients[service] = session.create_client(service, endpoint_url=sys.argv[1], config=config)
        results.append(made(clients[service], call))
    json.dump(results, sys.stdout)


if __name__ == "__main__":
    main()
