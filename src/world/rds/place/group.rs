//! Groups.

use serde_json::{Map, Value, json};

use crate::catalogue::Shape;
use crate::world::Moment;
use crate::world::given::{Given, Misplaced};
use crate::world::rds::{Rds, engine, members};

impl Rds {
    /// A subnet group, with a subnet in each of three zones unless it is said.
    ///
    /// # Errors
    /// An unknown member, or a value of another kind.
    pub fn place_subnet_group(&mut self, description: &Value, moment: &Moment<'_>) -> Result<(), Misplaced> {
        let shape = Shape::named("rds", "DBSubnetGroup");
        let given = Given::new(("subnet group", "DBSubnetGroupName"), description, shape, &[])?;
        let name = given.needed("DBSubnetGroupName")?;
        let subnet = |zone: &str| {
            json!({
                "SubnetIdentifier": format!("subnet-{:08x}{zone}", moment.dice.number(name) >> 32),
                "SubnetAvailabilityZone": {"Name": format!("{}{zone}", moment.site.region)},
                "SubnetOutpost": {},
                "SubnetStatus": "Active",
            })
        };
        let defaults = members([
            ("DBSubnetGroupName", name.into()),
            ("DBSubnetGroupDescription", format!("Subnets of {name}").into()),
            ("VpcId", "vpc-default".into()),
            ("SubnetGroupStatus", "Complete".into()),
            ("Subnets", json!(["a", "b", "c"].map(subnet))),
            ("DBSubnetGroupArn", moment.arn("rds", &format!("subgrp:{name}")).into()),
            ("SupportedNetworkTypes", json!(["IPV4"])),
        ]);
        self.subnet_groups.push(given.over(defaults, &[]).into());
        Ok(())
    }

    /// A parameter group of instances; of the `postgres` family of the usual version unless it is said.
    ///
    /// # Errors
    /// An unknown member, or a value of another kind.
    pub fn place_parameter_group(
        &mut self,
        description: &Value,
        moment: &Moment<'_>,
    ) -> Result<(), Misplaced> {
        let group = group(description, ("DBParameterGroup", "pg"), "postgres", moment)?;
        self.parameter_groups.push(group);
        Ok(())
    }

    /// A parameter group of clusters; of the `aurora-postgresql` family of the usual version unless it is said.
    ///
    /// # Errors
    /// An unknown member, or a value of another kind.
    pub fn place_cluster_parameter_group(
        &mut self,
        description: &Value,
        moment: &Moment<'_>,
    ) -> Result<(), Misplaced> {
        let names = ("DBClusterParameterGroup", "cluster-pg");
        let group = group(description, names, "aurora-postgresql", moment)?;
        self.cluster_parameter_groups.push(group);
        Ok(())
    }
}

/// `shape` is the kind of group and `part` its word in an ARN; `usual` the engine it is for unless it is said.
fn group(
    description: &Value,
    (shape, part): (&str, &str),
    usual: &str,
    moment: &Moment<'_>,
) -> Result<Value, Misplaced> {
    let member = format!("{shape}Name");
    let given = Given::new(("parameter group", &member), description, Shape::named("rds", shape), &[])?;
    let name = given.needed(&member)?;
    let mut defaults = Map::new();
    defaults.insert(member.clone(), name.into());
    let family = engine::family(usual, engine::default_version(usual));
    defaults.insert("DBParameterGroupFamily".into(), family.into());
    defaults.insert("Description".into(), format!("Parameters of {name}").into());
    defaults.insert(format!("{shape}Arn"), moment.arn("rds", &format!("{part}:{name}")).into());
    Ok(given.over(defaults, &[]).into())
}
