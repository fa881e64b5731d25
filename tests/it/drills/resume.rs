//! Which runs a session in a drill goes on with.

use ripcord::journal::{EndpointKind, Header};
use ripcord::runner::exit;

use super::kit::{Kit, book, scenario};

fn drill(nonce: &str) -> Header {
    of(EndpointKind::Drill { scenario: "plain".into(), seed: 1, speed: 60, nonce: nonce.into() })
}

fn of(endpoint: EndpointKind) -> Header {
    Header { endpoint, ..crate::journal::header("0199a1b2") }
}

#[test]
fn a_drill_is_gone_on_with_in_its_own_cloud_only() {
    let book = book("ecs-rds-snapshot-restore");
    let kit = Kit::new(scenario(&book, "plain"), 1);
    assert!(kit.world.same_endpoint(&drill(kit.cloud.nonce())).is_ok());
    let trouble = kit.world.same_endpoint(&drill("another")).unwrap_err();
    assert_eq!((trouble.code, trouble.next.as_str()), (exit::USAGE, "`ripcord resume 0199a1b2`"));
    for other in [EndpointKind::Live, EndpointKind::Custom { host: "127.0.0.1:5000".into() }] {
        assert_eq!(kit.world.same_endpoint(&of(other)).unwrap_err().code, exit::USAGE);
    }
}
