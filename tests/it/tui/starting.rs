//! From the list to a run: what is offered, how long a preflight counts, which run is opened.

use crossterm::event::KeyCode;
use ripcord::runner::Trouble;
use ripcord::tui::backstage::{Listing, Reply, RunLine};
use ripcord::tui::model::{Layer, Model, Screen};
use ripcord::tui::msg::{Cmd, Msg};
use ripcord::tui::update::{begin_resume, begin_with, update};
use ripcord::tui::{BookLine, Ticket};
use serde_json::json;

use super::lines::run_line;
use super::updates::{SIZE, draw};
use super::{control, pass, play, press, type_text};

/// The form of the small runbook, its parameters typed, the preflight asked.
fn form() -> (Model, Ticket) {
    let mut model = Model::home(play::facts(), play::START, SIZE);
    let now = model.now;
    let book = BookLine {
        id: "orders-restore".into(),
        source: "book.yaml".into(),
        found: Ok(play::book()),
        drilled: None,
    };
    update(&mut model, Msg::Reply(Reply::Listed(Listing { books: vec![book], runs: vec![] })), now);
    press(&mut model, KeyCode::Enter);
    for value in ["shop", "api,worker", "orders-prod"] {
        type_text(&mut model, value);
        press(&mut model, KeyCode::Tab);
    }
    type_text(&mut model, "2026-03-01T01:40:00Z");
    let commands = press(&mut model, KeyCode::Tab);
    let [Cmd::Check { ticket, .. }] = commands[..] else { panic!("{commands:?}") };
    (model, ticket)
}

fn checked(model: &mut Model, ticket: Ticket) {
    let checked = ripcord::runner::Checked {
        book: play::book(),
        parameters: play::parameters(),
        places: vec![play::place()],
        identity: ripcord::ids::Identity::default(),
        preflight: vec![],
        frame: ripcord::watch::Frame::empty(model.now),
    };
    let now = model.now;
    update(model, Msg::Reply(Reply::Checked(ticket, Ok(Box::new(checked)))), now);
}

#[test]
fn an_old_preflight_is_asked_again_and_starts_nothing() {
    let (mut model, ticket) = form();
    checked(&mut model, ticket);
    pass(&mut model, 61_000);
    assert!(draw(&mut model).contains("STALE"));
    let commands = press(&mut model, KeyCode::Enter);
    let [Cmd::Check { ticket, .. }] = commands[..] else { panic!("{commands:?}") };
    checked(&mut model, ticket);
    assert!(matches!(press(&mut model, KeyCode::Enter)[..], [Cmd::Start { .. }]));
}

#[test]
fn a_start_that_is_refused_for_its_preflight_asks_it_again() {
    let (mut model, ticket) = form();
    checked(&mut model, ticket);
    let commands = press(&mut model, KeyCode::Enter);
    let [Cmd::Start { ticket, .. }] = commands[..] else { panic!("{commands:?}") };
    let trouble = Trouble::new(5, "the preflight is too old", "nothing was started", "check again");
    let now = model.now;
    update(&mut model, Msg::Reply(Reply::Opened(ticket, Err(trouble))), now);
    let drawn = draw(&mut model);
    assert!(drawn.contains("the preflight is too old") && drawn.contains("check again"), "{drawn}");
    pass(&mut model, 400);
    press(&mut model, KeyCode::Esc);
    assert!(matches!(press(&mut model, KeyCode::Enter)[..], [Cmd::Check { .. }]));
}

/// The form with the keys in the list of services, and the question for what it offers.
fn offering() -> (Model, Ticket) {
    let mut model = Model::home(play::facts(), play::START, SIZE);
    begin_with(&mut model, play::book(), &serde_json::Map::new());
    type_text(&mut model, "shop");
    let commands = press(&mut model, KeyCode::Tab);
    let [Cmd::Choices { ticket, .. }] = commands[..] else { panic!("{commands:?}") };
    (model, ticket)
}

fn offered(model: &mut Model, ticket: Ticket, values: &[&str]) {
    let values = values.iter().map(|v| (*v).to_owned()).collect();
    let now = model.now;
    update(model, Msg::Reply(Reply::Choices(ticket, "services".into(), Ok(values))), now);
}

fn text_of(model: &Model, name: &str) -> String {
    let Screen::Start(start) = &model.screen else { panic!() };
    start.fields.iter().find(|f| f.name == name).unwrap().field.text().to_owned()
}

#[test]
fn a_list_is_picked_one_by_one() {
    let (mut model, ticket) = offering();
    offered(&mut model, ticket, &["api", "worker"]);
    for wanted in ["api", "api,worker", "api,worker"] {
        control(&mut model, 'n');
        assert_eq!(text_of(&model, "services"), wanted);
    }
}

#[test]
fn what_was_offered_for_another_cluster_is_forgotten() {
    let (mut model, old) = offering();
    press(&mut model, KeyCode::BackTab);
    type_text(&mut model, "-two");
    offered(&mut model, old, &["of-the-first"]);
    let commands = press(&mut model, KeyCode::Tab);
    let [Cmd::Choices { ticket, given, .. }] = &commands[..] else { panic!("{commands:?}") };
    assert_eq!(given["cluster"], json!("shop-two"));
    offered(&mut model, *ticket, &["api"]);
    offered(&mut model, old, &["of-the-first"]);
    control(&mut model, 'n');
    assert_eq!(text_of(&model, "services"), "api");
}

fn listed(runs: Vec<RunLine>) -> Model {
    let mut model = Model::home(play::facts(), play::START, SIZE);
    let now = model.now;
    let book = BookLine {
        id: "orders-restore".into(),
        source: "book.yaml".into(),
        found: Ok(play::book()),
        drilled: None,
    };
    update(&mut model, Msg::Reply(Reply::Listed(Listing { books: vec![book], runs })), now);
    model
}

#[test]
fn the_run_that_is_named_is_the_one_that_is_resumed() {
    let mut second = run_line("0195-bbbb", "waiting");
    (second.title, second.step) = ("ecs-recover".into(), "scale".into());
    let mut model = listed(vec![run_line("0195-aaaa", "paused"), second]);
    let banner = |model: &mut Model| draw(model).lines().nth(1).unwrap().to_owned();
    let first = banner(&mut model);
    assert!(first.contains("u resume: orders-restore, step 6/8 drained, 1h 00m ago"), "{first}");
    press(&mut model, KeyCode::Down);
    assert!(banner(&mut model).contains("u resume: ecs-recover, scale"));
    let commands = press(&mut model, KeyCode::Char('u'));
    assert!(matches!(&commands[..], [Cmd::Resume { run, .. }] if run.0 == "0195-bbbb"), "{commands:?}");
}

#[test]
fn nothing_else_opens_while_a_run_is_being_opened() {
    let mut model = listed(vec![run_line("0195-aaaa", "paused")]);
    let commands = press(&mut model, KeyCode::Char('u'));
    let [Cmd::Resume { ticket, .. }] = commands[..] else { panic!("{commands:?}") };
    press(&mut model, KeyCode::Char('G'));
    assert!(press(&mut model, KeyCode::Enter).is_empty());
    assert!(matches!(model.screen, Screen::Home));
    let now = model.now;
    update(&mut model, Msg::Attached(ticket, play::late().scene()), now);
    // What was being typed into a filter does not skip a step.
    assert!(type_text(&mut model, "SXAR").is_empty() && model.layers.is_empty());
    pass(&mut model, 400);
    press(&mut model, KeyCode::Char('S'));
    assert!(matches!(model.layers.last(), Some(Layer::Ask(_))));
}

#[test]
fn a_run_named_on_the_command_line_is_opened_behind_the_console() {
    let mut model = Model::home(play::facts(), play::START, SIZE);
    let id = ripcord::ids::RunId("0195-aaaa".into());
    let commands = begin_resume(&mut model, &id);
    let [Cmd::Identify, Cmd::List, Cmd::Resume { ticket, .. }] = commands[..] else { panic!("{commands:?}") };
    assert!(draw(&mut model).contains("Opening run 0195-aaaa"));
    let trouble = Trouble::new(4, "the credentials have expired", "not opened", "log in");
    let now = model.now;
    update(&mut model, Msg::Reply(Reply::Opened(ticket, Err(trouble))), now);
    assert!(draw(&mut model).contains("the credentials have expired"));
    assert_eq!(model.refused, Some(4));
}

#[test]
fn the_detail_of_a_runbook_can_be_read_to_its_end() {
    let mut model = listed(vec![]);
    model.size = (80, 24);
    let first = draw(&mut model);
    assert!(!first.contains("book.yaml") && first.contains("J more"), "{first}");
    for _ in 0..10 {
        press(&mut model, KeyCode::Char('J'));
    }
    assert!(draw(&mut model).contains("book.yaml"));
    for _ in 0..10 {
        press(&mut model, KeyCode::Char('K'));
    }
    assert_eq!(draw(&mut model), first);
}
