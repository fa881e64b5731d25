//! A scenario that is based on another one: what it says itself, over what the other says.

use serde_json::Value;

use super::Things;
use crate::world::{World, name_member};

/// `changes` over `base`: a thing of the same kind and name takes over the members that are given. Two changes of
/// the same name are two things: a store may stay in more than one status. In the order in which they are placed: what
/// others refer to first, whichever of the two files says it.
pub(super) fn things(base: &Things, changes: Things) -> Things {
    let mut all = base.clone();
    for (kind, change) in changes {
        let same = all[..base.len()].iter_mut().find(|(other, thing)| {
            let name = name_member(&kind);
            *other == kind && name.is_some_and(|name| thing[name] == change[name]) && scales(thing, &change)
        });
        match same {
            Some((_, thing)) => over(thing, change),
            None => all.push((kind, change)),
        }
    }
    all.sort_by_key(|(kind, _)| World::kinds().position(|other| other == kind));
    all
}

/// A resource may be scaled in several dimensions, and the change of one says which.
fn scales(thing: &Value, change: &Value) -> bool {
    let dimension = &change["ScalableDimension"];
    dimension.is_null() || thing["ScalableDimension"] == *dimension
}

fn over(base: &mut Value, change: Value) {
    match (base, change) {
        (Value::Object(base), Value::Object(change)) => {
            for (key, value) in change {
                over(base.entry(key).or_insert(Value::Null), value);
            }
        }
        (base, change) => *base = change,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_thing_of_the_same_name_takes_over_what_is_given() {
        let instance = |doc: Value| ("rds.instance".to_owned(), doc);
        let base =
            vec![instance(json!({"DBInstanceIdentifier": "a", "MultiAZ": true, "Engine": "postgres"}))];
        let changes = vec![
            instance(json!({"DBInstanceIdentifier": "a", "MultiAZ": false})),
            instance(json!({"DBInstanceIdentifier": "b"})),
        ];
        let all = things(&base, changes);
        assert_eq!(all.len(), 2);
        assert_eq!(all[0].1, json!({"DBInstanceIdentifier": "a", "MultiAZ": false, "Engine": "postgres"}));
    }

    #[test]
    fn two_changes_of_one_name_are_two_things() {
        let stay = |status: &str| ("rds.stay".to_owned(), json!({"of": "a", "status": status}));
        assert_eq!(things(&vec![], vec![stay("renaming"), stay("nameless")]).len(), 2);
    }

    #[test]
    fn two_dimensions_of_a_resource_are_two_things() {
        let target = |dimension: &str, most: u64| {
            let doc = json!({"ResourceId": "table/t", "ScalableDimension": dimension, "MaxCapacity": most});
            ("scaling.target".to_owned(), doc)
        };
        let base = things(&vec![], vec![target("reads", 1), target("writes", 2)]);
        assert_eq!(base, [target("reads", 1), target("writes", 2)]);
        assert_eq!(things(&base, vec![target("writes", 3)]), [target("reads", 1), target("writes", 3)]);
    }

    #[test]
    fn what_others_refer_to_comes_first() {
        let thing = |kind: &str, name: &str| (kind.to_owned(), json!({"family": name}));
        let all = things(&vec![thing("ecs.service", "a")], vec![thing("ecs.task_definition", "a")]);
        assert_eq!(all[0].0, "ecs.task_definition");
    }

    #[test]
    fn the_world_knows_the_kinds() {
        assert!(World::kinds().any(|kind| kind == "rds.instance"));
    }
}
