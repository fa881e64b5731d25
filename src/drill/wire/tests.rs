//! Bytes as AWS's clients send and read them, spelled out. Whole operations are held against real clients in
//! `tests/it/drill`.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::catalogue::Location;

const KEYS: &str = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260301/eu-west-1/SERVICE/aws4_request, \
                    SignedHeaders=host;x-amz-date, Signature=0";

fn signed(service: &str) -> (String, String) {
    ("Authorization".to_owned(), KEYS.replace("SERVICE", service))
}

fn form(body: &str) -> Request {
    let content = ("Content-Type".to_owned(), "application/x-www-form-urlencoded; charset=utf-8".to_owned());
    Request {
        method: "POST".into(),
        path: "/".into(),
        headers: vec![content],
        body: body.into(),
        ..Request::default()
    }
}

fn target(target: &str, body: &Value) -> Request {
    let headers = vec![
        ("content-type".to_owned(), "application/x-amz-json-1.0".to_owned()),
        ("X-Amz-Target".to_owned(), target.to_owned()),
    ];
    Request {
        method: "POST".into(),
        path: "/".into(),
        headers,
        body: body.to_string().into(),
        ..Request::default()
    }
}

fn rest(method: &str, path: &str, query: &str) -> Request {
    Request { method: method.into(), path: path.into(), query: query.into(), ..Request::default() }
}

fn ecs(operation: &str, body: &Value) -> Request {
    target(&format!("AmazonEC2ContainerServiceV20141113.{operation}"), body)
}

fn dynamodb(operation: &str, body: &Value) -> Request {
    target(&format!("DynamoDB_20120810.{operation}"), body)
}

fn with(mut request: Request, header: (String, String)) -> Request {
    request.headers.push(header);
    request
}

fn parameters(request: &Request) -> Value {
    read(request, "r").unwrap().parameters
}

/// Code, status and sentence of a refusal.
fn refusal(request: &Request) -> (String, u16, String) {
    let misread = read(request, "r").unwrap_err();
    assert_eq!(misread.answer.status, misread.refused.status);
    (misread.refused.code, misread.refused.status, misread.refused.message)
}

fn asked(service: &'static str, operation: &'static str) -> Asked {
    let (region, access_key, retry) = (None, None, Retry::default());
    Asked { service, operation, region, access_key, parameters: json!({}), retry, request_id: "r-1".into() }
}

fn text(answer: &Answer) -> String {
    String::from_utf8(answer.body.clone()).unwrap()
}

#[test]
fn the_signature_says_service_region_and_key() {
    let request = with(form("Action=DescribeDBInstances&Version=2014-10-31"), signed("rds"));
    let asked = read(&request, "r").unwrap();
    assert_eq!((asked.service, asked.operation), ("rds", "DescribeDBInstances"));
    assert_eq!(asked.region.as_deref(), Some("eu-west-1"));
    assert_eq!(asked.access_key.as_deref(), Some("AKIDEXAMPLE"));
    assert_eq!(asked.parameters, json!({}));
}

#[test]
fn an_unsigned_call_is_known_by_target_or_action() {
    let asked = read(&dynamodb("ListTables", &json!({})), "r").unwrap();
    assert_eq!((asked.service, asked.operation, asked.region), ("dynamodb", "ListTables", None));
    let asked = read(&form("Action=GetCallerIdentity&Version=2011-06-15"), "r").unwrap();
    assert_eq!((asked.service, asked.operation), ("sts", "GetCallerIdentity"));
    let get =
        Request { method: "GET".into(), query: "Action=GetCallerIdentity".into(), ..Request::default() };
    assert_eq!(read(&get, "r").unwrap().service, "sts");
}

#[test]
fn a_presigned_call_says_who_signed_it() {
    let query = "Action=GetCallerIdentity&X-Amz-Credential=AKID%2F20260301%2Feu-north-1%2Fsts%2Faws4_request";
    let request = Request { method: "GET".into(), query: query.into(), ..Request::default() };
    let asked = read(&request, "r").unwrap();
    assert_eq!((asked.region.as_deref(), asked.access_key.as_deref()), (Some("eu-north-1"), Some("AKID")));
}

#[test]
fn what_is_no_operation_is_refused_in_the_protocol_of_the_request() {
    let query = with(form("Action=Explode"), signed("rds"));
    assert_eq!(refusal(&query).0, "InvalidAction");
    assert!(text(&read(&query, "r").unwrap_err().answer).contains("<Code>InvalidAction</Code>"));
    assert_eq!(refusal(&form("Action=Explode")).0, "InvalidAction");
    assert_eq!(refusal(&with(form("Version=1"), signed("rds"))).0, "MissingAction");
    assert_eq!(refusal(&ecs("Explode", &json!({}))).0, "UnknownOperationException");
    assert_eq!(refusal(&target("Nobody.Explode", &json!({}))).0, "UnknownOperationException");
    assert_eq!(refusal(&target("", &json!({}))).0, "UnknownOperationException");
    let page = Request { method: "GET".into(), path: "/index.html".into(), ..Request::default() };
    assert_eq!(refusal(&page).1, 404);
    let crossed = with(dynamodb("ListTables", &json!({})), signed("ecs"));
    assert_eq!(refusal(&crossed).0, "UnknownOperationException");
    let (_, _, sentence) = refusal(&with(form("Action=DescribeDBEngineVersions"), signed("rds")));
    assert_eq!(sentence, "The drill cloud does not answer DescribeDBEngineVersions of rds");
    let path = with(rest("GET", "/nowhere", ""), signed("backup"));
    let misread = read(&path, "r").unwrap_err();
    assert_eq!(misread.answer.status, 404);
    assert!(misread.answer.headers.contains(&("x-amzn-errortype", "UnknownOperationException".into())));
}

#[test]
fn rest_calls_are_known_by_method_and_path() {
    let arn = "arn%3Aaws%3Abackup%3Aeu-west-1%3A1%3Arecovery-point%3Ax%2Fy+z";
    let request =
        with(rest("GET", &format!("/backup-vaults/Default/recovery-points/{arn}"), ""), signed("backup"));
    let asked = read(&request, "r").unwrap();
    assert_eq!((asked.service, asked.operation), ("backup", "DescribeRecoveryPoint"));
    assert_eq!(
        asked.parameters,
        json!({"BackupVaultName": "Default", "RecoveryPointArn": "arn:aws:backup:eu-west-1:1:recovery-point:x/y+z"})
    );
    let query = "createdAfter=2026-03-01T01%3A40%3A00Z&maxResults=5&state=RUNNING&unheard=1";
    let list = read(&rest("GET", "/backup-jobs/", query), "r").unwrap();
    assert_eq!(list.operation, "ListBackupJobs");
    let wanted = json!({"ByCreatedAfter": "2026-03-01T01:40:00.000Z", "ByState": "RUNNING", "MaxResults": 5});
    assert_eq!(list.parameters, wanted);
    assert_eq!(refusal(&rest("GET", "/backup-jobs/", "maxResults=many")).0, "SerializationException");
    assert_eq!(refusal(&rest("GET", "/backup-jobs/", "state=LATER")).0, "InvalidParameterValueException");
    let body = json!({"BackupVaultName": "v", "ResourceArn": "a"}).to_string();
    let start = Request { body: body.into(), ..rest("PUT", "/backup-jobs", "") };
    let (code, _, sentence) = refusal(&start);
    assert_eq!(code, "MissingParameterValueException");
    assert_eq!(sentence, "Required parameter missing: IamRoleArn");
}

#[test]
fn every_parameter_travels_where_the_wire_looks_for_it() {
    for model in model::all() {
        for (name, member) in model.facts.input.iter().flat_map(|shape| shape.members()) {
            let place = member.location;
            let known = match model.protocol() {
                Protocol::RestJson => matches!(place, Location::Body | Location::Path | Location::Query),
                _ => place == Location::Body,
            };
            assert!(known, "{} {name}: {place:?}", model.operation);
        }
        let mut answer = model.facts.output.iter().flat_map(|shape| shape.members());
        assert!(answer.all(|(_, m)| m.location == Location::Body), "{}", model.operation);
    }
}

#[test]
fn a_form_spells_lists_maps_and_scalars() {
    let call = "Action=RestoreDBInstanceFromDBSnapshot&DBInstanceIdentifier=new+name%20%26&Port=5432&MultiAZ=true\
                &DBSnapshotIdentifier=s&VpcSecurityGroupIds.VpcSecurityGroupId.2=sg-2\
                &VpcSecurityGroupIds.VpcSecurityGroupId.1=sg-1&Tags.Tag.1.Key=k&Tags.Tag.1.Value=\
                &EnableCloudwatchLogsExports.member.1=postgresql&Unheard.Of=1";
    assert_eq!(
        parameters(&form(call)),
        json!({"DBInstanceIdentifier": "new name &", "DBSnapshotIdentifier": "s", "Port": 5432, "MultiAZ": true,
               "Tags": [{"Key": "k", "Value": ""}], "VpcSecurityGroupIds": ["sg-1", "sg-2"],
               "EnableCloudwatchLogsExports": ["postgresql"]})
    );
    let numbered = "Action=DescribeEvents&EventCategories.member.10=b&EventCategories.member.9=a\
                    &StartTime=2026-03-01T01:40:00Z";
    assert_eq!(
        parameters(&form(numbered)),
        json!({"EventCategories": ["a", "b"], "StartTime": "2026-03-01T01:40:00.000Z"})
    );
    assert_eq!(parameters(&form("Action=DescribeEvents&EventCategories=")), json!({"EventCategories": []}));
}

#[test]
fn a_form_that_cannot_be_read_is_malformed() {
    for bad in ["MaxRecords=ten", "StartTime=yesterday", "Marker=%zz", "Marker=%ff", &"a.".repeat(99)] {
        assert_eq!(refusal(&form(&format!("Action=DescribeEvents&{bad}"))).0, "MalformedInput", "{bad}");
    }
    let binary = Request { body: vec![0xff], ..with(form(""), signed("rds")) };
    assert_eq!(refusal(&binary).0, "MissingAction");
}

#[test]
fn json_bodies_become_documents() {
    let time = json!({"SourceTableName": "a", "TargetTableName": "b", "RestoreDateTime": 1_772_329_200.5,
                      "BillingModeOverride": null, "Unheard": {"of": 1}});
    assert_eq!(
        parameters(&dynamodb("RestoreTableToPointInTime", &time)),
        json!({"SourceTableName": "a", "TargetTableName": "b", "RestoreDateTime": "2026-03-01T01:40:00.500Z"})
    );
    let empty = Request { body: Vec::new(), ..ecs("ListClusters", &json!({})) };
    assert_eq!(parameters(&empty), json!({}));
}

#[test]
fn json_of_the_wrong_type_is_a_serialization_error() {
    let of = |body: Value| refusal(&ecs("UpdateService", &body));
    let number = of(json!({"service": 7}));
    assert_eq!((number.0.as_str(), number.1), ("SerializationException", 400));
    assert_eq!(number.2, "NUMBER_VALUE cannot be converted to String");
    assert_eq!(
        of(json!({"service": "s", "desiredCount": "3"})).2,
        "STRING_VALUE cannot be converted to Integer"
    );
    assert_eq!(
        of(json!({"service": "s", "desiredCount": 1.5})).2,
        "DECIMAL_VALUE cannot be converted to Integer"
    );
    assert_eq!(of(json!({"service": "s", "forceNewDeployment": "true"})).0, "SerializationException");
    assert_eq!(of(json!({"service": {"a": 1}})).0, "SerializationException");
    assert_eq!(of(json!({"service": "s", "networkConfiguration": []})).0, "SerializationException");
    assert_eq!(of(json!([])).0, "SerializationException");
    let torn = Request { body: b"{".to_vec(), ..ecs("ListClusters", &json!({})) };
    assert_eq!(refusal(&torn).0, "SerializationException");
}

#[test]
fn what_is_missing_is_said_as_each_service_says_it() {
    let rds = refusal(&form("Action=RebootDBInstance"));
    assert_eq!(rds.0, "MissingParameter");
    assert_eq!(rds.2, "The request must contain the parameter DBInstanceIdentifier");
    let nested = refusal(&form("Action=DescribeDBInstances&Filters.Filter.1.Name=x"));
    assert_eq!(nested.2, "The request must contain the parameter Filters.1.Values");
    let table = refusal(&dynamodb("DescribeTable", &json!({})));
    assert_eq!(table.0, "ValidationException");
    assert_eq!(
        table.2,
        "1 validation error detected: Value null at 'tableName' failed to satisfy constraint: Member must not be null"
    );
    let backup = refusal(&dynamodb("CreateBackup", &json!({})));
    assert!(
        backup.2.starts_with("2 validation errors detected: Value null at 'tableName' failed"),
        "{}",
        backup.2
    );
    assert!(backup.2.contains("; Value null at 'backupName' failed"), "{}", backup.2);
    let item = refusal(&dynamodb("TagResource", &json!({"ResourceArn": "a", "Tags": [{"Key": "k"}]})));
    assert!(item.2.contains("'tags.1.member.value'"), "{}", item.2);
    let ecs = refusal(&ecs("UpdateService", &json!({})));
    assert_eq!((ecs.0.as_str(), ecs.2.as_str()), ("InvalidParameterException", "Service cannot be empty."));
    assert_eq!(refusal(&self::ecs("DescribeTaskDefinition", &json!({}))).0, "ClientException");
    let scaling = target("AnyScaleFrontendService.DescribeScalableTargets", &json!({}));
    assert!(refusal(&scaling).2.contains("'serviceNamespace'"));
}

#[test]
fn values_outside_their_enumeration_are_refused() {
    let update = json!({"TableName": "t", "BillingMode": "FREE"});
    let (code, _, sentence) = refusal(&dynamodb("UpdateTable", &update));
    assert_eq!(code, "ValidationException");
    assert!(
        sentence
            .contains("Value 'FREE' at 'billingMode' failed to satisfy constraint: Member must satisfy enum")
    );
    assert_eq!(refusal(&form("Action=DescribeEvents&SourceType=moon")).0, "InvalidParameterValue");
    let tasks = json!({"cluster": "c", "desiredStatus": "ASLEEP"});
    assert_eq!(refusal(&ecs("ListTasks", &tasks)).0, "InvalidParameterException");
}

#[test]
fn a_null_item_of_a_list_is_missing() {
    let (code, _, sentence) = refusal(&dynamodb("TagResource", &json!({"ResourceArn": "a", "Tags": [null]})));
    assert_eq!(code, "ValidationException");
    assert!(sentence.contains("'tags.1.member'"), "{sentence}");
}

#[test]
fn an_answer_in_xml() {
    let document = json!({"DBInstances": [
        {"DBInstanceIdentifier": "a<&>\"\r\u{1}", "MultiAZ": false, "AllocatedStorage": 20, "TagList": [],
         "InstanceCreateTime": "2026-03-01T01:40:00Z", "Engine": null,
         "VpcSecurityGroups": [{"VpcSecurityGroupId": "sg-1"}],
         "EnabledCloudwatchLogsExports": ["postgresql"]}]});
    let answer = answer(&asked("rds", "DescribeDBInstances"), &Ok(document));
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers[0], ("content-type", "text/xml".to_owned()));
    assert_eq!(answer.headers[1], ("x-amzn-requestid", "r-1".to_owned()));
    let instance = text(&answer);
    assert!(instance.starts_with(
        "<DescribeDBInstancesResponse xmlns=\"http://rds.amazonaws.com/doc/2014-10-31/\">\
         <DescribeDBInstancesResult><DBInstances><DBInstance>"
    ));
    for part in [
        "<DBInstanceIdentifier>a&lt;&amp;&gt;&quot;&#13;\u{fffd}</DBInstanceIdentifier>",
        "<MultiAZ>false</MultiAZ>",
        "<AllocatedStorage>20</AllocatedStorage>",
        "<TagList></TagList>",
        "<InstanceCreateTime>2026-03-01T01:40:00.000Z</InstanceCreateTime>",
        "<VpcSecurityGroups><VpcSecurityGroupMembership><VpcSecurityGroupId>sg-1<",
        "<EnabledCloudwatchLogsExports><member>postgresql</member></EnabledCloudwatchLogsExports>",
        "</DescribeDBInstancesResult><ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata>",
    ] {
        assert!(instance.contains(part), "{part} is not in {instance}");
    }
    assert!(!instance.contains("Engine"));
}

#[test]
fn a_void_operation_answers_no_result() {
    let answer = answer(&asked("rds", "AddTagsToResource"), &Ok(json!({})));
    assert_eq!(
        text(&answer),
        "<AddTagsToResourceResponse xmlns=\"http://rds.amazonaws.com/doc/2014-10-31/\"><ResponseMetadata>\
         <RequestId>r-1</RequestId></ResponseMetadata></AddTagsToResourceResponse>"
    );
}

#[test]
fn an_answer_in_json() {
    let document = json!({"services": [{"serviceName": "web", "createdAt": "2026-03-01T01:40:00.500Z",
                                        "roleArn": null, "desiredCount": 2}], "failures": []});
    let answer = answer(&asked("ecs", "DescribeServices"), &Ok(document));
    assert_eq!(answer.headers[0].1, "application/x-amz-json-1.1");
    assert_eq!(
        serde_json::from_slice::<Value>(&answer.body).unwrap(),
        json!({"services": [{"serviceName": "web", "desiredCount": 2, "createdAt": 1_772_329_200.5}], "failures": []})
    );
}

#[test]
fn an_answer_that_does_not_fit_the_model_is_refused_in_a_debug_build() {
    for (document, stray) in [
        (json!({"services": [{"serviceNam": "web"}]}), ".services[0].serviceNam is not known"),
        (json!({"services": [{"desiredCount": "2"}]}), ".services[0].desiredCount is no Integer"),
        (json!({"services": [{"createdAt": "soon"}]}), ".services[0].createdAt is no Timestamp"),
        (json!({"services": {}}), ".services is no List"),
    ] {
        let answer = answer(&asked("ecs", "DescribeServices"), &Ok(document));
        assert_eq!(answer.status, 500);
        assert!(text(&answer).contains(stray), "{}", text(&answer));
    }
    let void = super::answer(&asked("rds", "AddTagsToResource"), &Ok(json!({"Tags": []})));
    assert_eq!(void.status, 500);
}

#[test]
fn errors_in_each_protocol() {
    let missing = Refused::not_found("DBInstanceNotFound", "DBInstance <x> not found.");
    let rds = answer(&asked("rds", "DescribeDBInstances"), &Err(missing));
    assert_eq!(rds.status, 404);
    assert_eq!(
        text(&rds),
        "<ErrorResponse xmlns=\"http://rds.amazonaws.com/doc/2014-10-31/\"><Error><Type>Sender</Type>\
         <Code>DBInstanceNotFound</Code><Message>DBInstance &lt;x&gt; not found.</Message></Error>\
         <RequestId>r-1</RequestId></ErrorResponse>"
    );
    let fault = refused_as("rds", "DescribeDBInstances", Common::Internal);
    let server = answer(&asked("rds", "DescribeDBInstances"), &Err(fault));
    assert!(server.status == 500 && text(&server).contains("<Type>Receiver</Type>"));
    let typed = |service, operation, code: &str| {
        let answer = answer(&asked(service, operation), &Err(Refused::new(code, "m")));
        serde_json::from_slice::<Value>(&answer.body).unwrap()
    };
    assert_eq!(
        typed("dynamodb", "DescribeTable", "ResourceNotFoundException"),
        json!({"__type": "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException", "message": "m"})
    );
    assert_eq!(
        typed("dynamodb", "DescribeTable", "ExpiredTokenException")["__type"],
        "com.amazon.coral.service#ExpiredTokenException"
    );
    assert_eq!(
        typed("ecs", "ListClusters", "ClusterNotFoundException")["__type"],
        "ClusterNotFoundException"
    );
}

#[test]
fn common_errors_have_the_code_and_status_of_the_protocol() {
    let code = |service, kind| {
        let refused = refused_as(service, "X", kind);
        (refused.code, refused.status)
    };
    assert_eq!(code("rds", Common::Expired), ("ExpiredToken".into(), 403));
    assert_eq!(code("ecs", Common::Expired), ("ExpiredTokenException".into(), 400));
    assert_eq!(code("rds", Common::Throttled), ("Throttling".into(), 400));
    assert_eq!(code("dynamodb", Common::Throttled), ("ThrottlingException".into(), 400));
    assert_eq!(code("sts", Common::UnknownKey), ("InvalidClientTokenId".into(), 403));
    assert_eq!(code("dynamodb", Common::UnknownKey), ("UnrecognizedClientException".into(), 400));
    assert_eq!(code("rds", Common::AccessDenied), ("AccessDenied".into(), 403));
    assert_eq!(code("backup", Common::Expired), ("ExpiredTokenException".into(), 403));
    assert_eq!(code("backup", Common::Unavailable), ("ServiceUnavailableException".into(), 500));
    assert_eq!(code("dynamodb", Common::Internal), ("InternalFailure".into(), 500));
}

#[test]
fn clients_tell_of_their_retries() {
    let request = with(dynamodb("ListTables", &json!({})), ("amz-sdk-invocation-id".into(), "i-1".into()));
    let request = with(request, ("Amz-Sdk-Request".into(), "ttl=20260301T000000Z; attempt=2; max=3".into()));
    let expected = Retry { invocation: Some("i-1".into()), attempt: Some(2), most: Some(3) };
    assert_eq!(read(&request, "r").unwrap().retry, expected);
    assert_eq!(read(&dynamodb("ListTables", &json!({})), "r").unwrap().retry, Retry::default());
}

/// Something near a request: right in parts, wrong in others.
fn near_request() -> impl Strategy<Value = Request> {
    let body = prop_oneof![
        any::<Vec<u8>>(),
        "Action=(DescribeDBInstances|RestoreDBInstanceFromDBSnapshot)(&[A-Za-z.%=0-9&+]{0,60}){0,3}"
            .prop_map(String::into_bytes),
        r#"[{\[]("[A-Za-z]{0,12}":|[0-9.eE+-]{1,9}|null|true|"a"|[\]}{,:\[]){0,12}"#
            .prop_map(String::into_bytes),
    ];
    let target = proptest::option::of(prop_oneof![
        "(DynamoDB_20120810|AmazonEC2ContainerServiceV20141113)\\.[A-Z][A-Za-z]{0,20}",
        Just("DynamoDB_20120810.UpdateTable".to_owned()),
        Just("AmazonEC2ContainerServiceV20141113.UpdateService".to_owned()),
    ]);
    let path = "(/|/backup-jobs/|/backup-vaults/)[A-Za-z%0-9/]{0,12}";
    let authorization =
        proptest::option::of("AWS4-HMAC-SHA256 Credential=[A-Za-z0-9/]{0,40}(rds|ecs|backup)/aws4_request");
    (body, target, path, "[A-Za-z=&%+]{0,20}", authorization).prop_map(
        |(body, target, path, query, authorization)| {
            let target = target.map(|t| ("x-amz-target".to_owned(), t));
            let headers = target.into_iter().chain(authorization.map(|a| ("authorization".to_owned(), a)));
            Request { method: "GET".into(), path, query, headers: headers.collect(), body }
        },
    )
}

proptest! {
    #[test]
    fn any_request_is_a_call_or_refused_by_the_callers_fault(request in near_request()) {
        if let Err(misread) = read(&request, "r") {
            prop_assert!((400..500).contains(&misread.answer.status), "{:?}", misread.refused);
            prop_assert!(!misread.answer.body.is_empty());
        }
    }
}
