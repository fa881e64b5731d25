//! Shipped runbooks other than the flagship on moto, as far as it implements their calls (`aws.md` §1): another AWS
//! than our own. Its tables are restored at once and its point-in-time window is one moment.

use serde_json::Value;

use crate::world::World;

/// A provisioned table, because moto forgets the billing mode of restored ones, with everything a restore loses.
fn table(world: &World, name: &str) {
    world.aws(&[
        "dynamodb",
        "create-table",
        "--table-name",
        name,
        "--attribute-definitions",
        "AttributeName=id,AttributeType=S",
        "--key-schema",
        "AttributeName=id,KeyType=HASH",
        "--provisioned-throughput",
        "ReadCapacityUnits=5,WriteCapacityUnits=5",
        "--stream-specification",
        "StreamEnabled=true,StreamViewType=NEW_AND_OLD_IMAGES",
        "--tags",
        "Key=team,Value=shop",
        "--deletion-protection-enabled",
    ]);
    let recovery = "PointInTimeRecoveryEnabled=true";
    let on = ["--table-name", name, "--point-in-time-recovery-specification", recovery];
    world.aws(&[&["dynamodb", "update-continuous-backups"], &on[..]].concat());
    let expires =
        ["--table-name", name, "--time-to-live-specification", "Enabled=true,AttributeName=expires"];
    world.aws(&[&["dynamodb", "update-time-to-live"], &expires[..]].concat());
}

fn described(world: &World, name: &str) -> Value {
    world.aws(&["dynamodb", "describe-table", "--table-name", name])["Table"].clone()
}

#[test]
fn tables_are_restored_with_everything_a_restore_loses() {
    let world = World::start();
    table(&world, "carts");
    let window = world.aws(&["dynamodb", "describe-continuous-backups", "--table-name", "carts"]);
    let window = &window["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"];
    let seconds = window["LatestRestorableDateTime"].as_f64().unwrap();
    let moment = |seconds: f64| {
        let since = jiff::SignedDuration::try_from_secs_f64(seconds).unwrap();
        jiff::Timestamp::from_duration(since).unwrap().round(jiff::Unit::Millisecond).unwrap()
    };
    let restore_time = format!("restore_time={:.3}", moment(seconds));
    let incident_time = format!("incident_time={:.3}", moment(seconds + 1.0));
    let mut args = vec!["run", "dynamodb-table-restore", "--no-input", "-p", "tables=carts"];
    args.extend(["-p", &restore_time, "-p", &incident_time]);
    for phrase in [
        "restore_tables/restore_point=carts-restored",
        "recovery_back/recovery_on=y",
        "tags_back/tag=y",
        "class_back/set_class=carts-restored",
        "streams_back/enable_stream=carts-restored",
        "ttl_back/ttl_on=carts-restored",
        "scaling_back/register=carts-restored",
        "policies_back/put_policy=carts-restored",
        "protection_back/protect=carts-restored",
    ] {
        args.extend(["--confirm", phrase]);
    }
    for answer in [
        "confirm_time=done",
        "stop_writers=done",
        "check_data=done: ten carts were looked at",
        "go_live=bo",
        "move_consumers=done",
        "point_clients=done",
        "start_writers=done",
        "check_app=done: it sells",
    ] {
        args.extend(["--answer", answer]);
    }
    let ran = world.ripcord(&args);
    let out = String::from_utf8_lossy(&ran.stdout);
    assert_eq!(ran.status.code(), Some(0), "{out}{}", String::from_utf8_lossy(&ran.stderr));

    let (old, new) = (described(&world, "carts"), described(&world, "carts-restored"));
    assert_eq!(new["StreamSpecification"], old["StreamSpecification"]);
    assert_ne!(new["LatestStreamArn"], old["LatestStreamArn"]);
    assert_eq!(new["DeletionProtectionEnabled"], true);
    let expires = world.aws(&["dynamodb", "describe-time-to-live", "--table-name", "carts-restored"]);
    assert_eq!(expires["TimeToLiveDescription"]["AttributeName"], "expires");
    let arn = new["TableArn"].as_str().unwrap();
    let tags = world.aws(&["dynamodb", "list-tags-of-resource", "--resource-arn", arn]);
    let team = |tag: &Value| tag["Key"] == "team" && tag["Value"] == "shop";
    assert!(tags["Tags"].as_array().unwrap().iter().any(team), "{tags}");
}
