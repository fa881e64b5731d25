"""Seeds moto with the world of the flagship runbook: an ECS application and its database.

    seed_moto.py ENDPOINT [ACCOUNT...]

One world per account (moto keeps accounts apart by the header `x-moto-account-id`). Prints one JSON line
per world with the names and ids a run needs.
"""

import json
import sys
import time
from datetime import datetime, timezone

import boto3
from botocore.config import Config

REGION = "eu-west-1"
CLUSTER = "prod"
SERVICES = {"api": 3, "worker": 2}
SCALING = {"api": (2, 6), "worker": (1, 4)}
DATABASE = "orders"
DEFAULT_ACCOUNT = "123456789012"


class Moto:
    """Clients of one endpoint, in one account at a time: making a client is what takes long."""

    def __init__(self, endpoint):
        self.account = DEFAULT_ACCOUNT
        self._endpoint = endpoint
        self._clients = {}
        self._session = boto3.session.Session(
            aws_access_key_id="testing", aws_secret_access_key="testing", region_name=REGION
        )

    def client(self, service):
        if service not in self._clients:
            config = Config(retries={"max_attempts": 1})
            client = self._session.client(service, endpoint_url=self._endpoint, config=config)
            client.meta.events.register("before-sign", self._name_account)
            self._clients[service] = client
        return self._clients[service]

    def _name_account(self, request, **_):
        request.headers["x-moto-account-id"] = self.account


def seed_network(aws):
    ec2 = aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=f"{REGION}{zone}")["Subnet"]["SubnetId"]
        for n, zone in enumerate("abc")
    ]
    groups = [
        ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"]
        for name in ("orders-db", "orders-admin")
    ]
    return {"vpc": vpc, "subnets": subnets, "security_groups": groups}


def seed_services(aws):
    ecs = aws.client("ecs")
    scaling = aws.client("application-autoscaling")
    ecs.create_cluster(clusterName=CLUSTER)
    for name, count in SERVICES.items():
        ecs.register_task_definition(
            family=name,
            networkMode="awsvpc",
            requiresCompatibilities=["FARGATE"],
            cpu="256",
            memory="512",
            containerDefinitions=[{"name": name, "image": f"example.org/{name}:1", "memory": 512, "essential": True}],
        )
        ecs.create_service(
            cluster=CLUSTER, serviceName=name, taskDefinition=f"{name}:1", desiredCount=count, launchType="FARGATE"
        )
        # moto creates services with nothing running; an update makes the running count follow.
        ecs.update_service(cluster=CLUSTER, service=name, desiredCount=count)
        low, high = SCALING[name]
        scaling.register_scalable_target(
            ServiceNamespace="ecs",
            ResourceId=f"service/{CLUSTER}/{name}",
            ScalableDimension="ecs:service:DesiredCount",
            MinCapacity=low,
            MaxCapacity=high,
        )


def seed_database(aws, network):
    rds = aws.client("rds")
    rds.create_db_parameter_group(
        DBParameterGroupName="orders-pg15", DBParameterGroupFamily="postgres15", Description="orders"
    )
    rds.create_db_subnet_group(
        DBSubnetGroupName="orders-subnets", DBSubnetGroupDescription="orders", SubnetIds=network["subnets"]
    )
    rds.create_db_instance(
        DBInstanceIdentifier=DATABASE,
        Engine="postgres",
        EngineVersion="15.4",
        DBInstanceClass="db.m6g.large",
        AllocatedStorage=100,
        MaxAllocatedStorage=500,
        StorageType="gp3",
        StorageEncrypted=True,
        MasterUsername="app",
        MasterUserPassword="not-a-secret-1",
        DBName="orders",
        Port=5433,
        DBParameterGroupName="orders-pg15",
        DBSubnetGroupName="orders-subnets",
        VpcSecurityGroupIds=network["security_groups"],
        MultiAZ=True,
        BackupRetentionPeriod=14,
        PreferredBackupWindow="02:00-02:30",
        PreferredMaintenanceWindow="sun:04:00-sun:04:30",
        DeletionProtection=True,
        CopyTagsToSnapshot=True,
        EnableIAMDatabaseAuthentication=False,
        EnableCloudwatchLogsExports=["postgresql", "upgrade"],
        AutoMinorVersionUpgrade=True,
        MonitoringInterval=60,
        MonitoringRoleArn=f"arn:aws:iam::{aws.account}:role/rds-monitoring",
        Tags=[{"Key": "service", "Value": "orders"}, {"Key": "owner", "Value": "payments"}],
    )
    rds.add_role_to_db_instance(
        DBInstanceIdentifier=DATABASE,
        RoleArn=f"arn:aws:iam::{aws.account}:role/orders-export",
        FeatureName="s3Export",
    )
    instance = rds.describe_db_instances(DBInstanceIdentifier=DATABASE)["DBInstances"][0]
    rds.create_db_snapshot(DBInstanceIdentifier=DATABASE, DBSnapshotIdentifier="orders-before")
    return instance


def seed(endpoint, accounts):
    aws = Moto(endpoint)
    worlds = []
    for account in accounts:
        aws.account = account
        network = seed_network(aws)
        seed_services(aws)
        worlds.append((account, network, seed_database(aws, network)))
    # The incident lies between the two snapshots, with room for clocks that tell whole seconds.
    time.sleep(1.1)
    incident = datetime.now(timezone.utc)
    time.sleep(1.1)
    for account, network, instance in worlds:
        aws.account = account
        aws.client("rds").create_db_snapshot(DBInstanceIdentifier=DATABASE, DBSnapshotIdentifier="orders-after")
        yield {
            "account": account,
            "region": REGION,
            "cluster": CLUSTER,
            "services": SERVICES,
            "db": DATABASE,
            "resource_id": instance["DbiResourceId"],
            "snapshots": ["orders-before", "orders-after"],
            "incident_time": incident.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "parameter_group": "orders-pg15",
            "subnet_group": "orders-subnets",
            **network,
        }


if __name__ == "__main__":
    endpoint, *accounts = sys.argv[1:]
    for world in seed(endpoint, accounts or [DEFAULT_ACCOUNT]):
        print(json.dumps(world), flush=True)
