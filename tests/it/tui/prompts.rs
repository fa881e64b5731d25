//! Choosing a row: by its value, on what is read now.

use crossterm::event::KeyCode;
use ripcord::run::What;
use ripcord::tui::backstage::Reply;
use ripcord::tui::model::Model;
use ripcord::tui::msg::{Cmd, Msg};
use ripcord::tui::update::update;
use serde_json::json;

use super::updates::{SIZE, draw, sent};
use super::{control, pass, play, press, type_text};

fn at_prompt() -> Model {
    let play = play::choosing();
    let mut model = play.model(SIZE);
    let commands = press(&mut model, KeyCode::Enter);
    let [Cmd::Look { ticket, path, .. }] = &commands[..] else { panic!("{commands:?}") };
    let reply = Reply::Looked(*ticket, path.clone(), play::snapshots(model.now));
    pass(&mut model, 400);
    let now = model.now;
    update(&mut model, Msg::Reply(reply), now);
    model
}

#[test]
fn a_warned_row_must_be_typed() {
    let mut model = at_prompt();
    assert!(press(&mut model, KeyCode::Enter).is_empty());
    type_text(&mut model, "orders-2026-03-01-02-10");
    let commands = press(&mut model, KeyCode::Enter);
    let What::Answer { value, row, .. } = &sent(&commands)[0].what else { panic!() };
    assert_eq!(*value, json!("orders-2026-03-01-02-10"));
    assert_eq!(row.as_ref().unwrap()["engine"], json!("16.3"));
}

#[test]
fn a_good_row_is_chosen_by_enter_and_others_are_refused() {
    let mut model = at_prompt();
    type_text(&mut model, "no-such-snapshot");
    assert!(press(&mut model, KeyCode::Enter).is_empty());
    control(&mut model, 'u');
    press(&mut model, KeyCode::Down);
    let commands = press(&mut model, KeyCode::Enter);
    assert!(
        matches!(&sent(&commands)[0].what, What::Answer { value, .. } if *value == json!("orders-2026-03-01-00-10"))
    );
}

/// The prompt is open and its rows are asked for again; gives the answer to that.
fn asked_again(model: &mut Model, rows: serde_json::Value) -> Msg {
    let commands = control(model, 'r');
    let [Cmd::Look { ticket, path, .. }] = &commands[..] else { panic!("{commands:?}") };
    let mut frame = play::snapshots(model.now);
    frame.readings.get_mut("@read").unwrap().answer = Ok(std::sync::Arc::new(rows));
    Msg::Reply(Reply::Looked(*ticket, path.clone(), frame))
}

fn row(id: &str, data_of: &str) -> serde_json::Value {
    json!({"id": id, "data_of": data_of, "engine": "16.3"})
}

#[test]
fn a_refresh_never_puts_another_row_under_the_choice() {
    let mut model = at_prompt();
    press(&mut model, KeyCode::Down);
    let old = row("orders-2026-03-01-00-10", "2026-03-01T00:10:00.000Z");
    let new = row("orders-2026-03-01-01-10", "2026-03-01T01:10:00.000Z");
    let reply = asked_again(&mut model, json!([old, new]));
    assert!(press(&mut model, KeyCode::Enter).is_empty(), "not while it is being read");
    let now = model.now;
    update(&mut model, reply, now);
    let commands = press(&mut model, KeyCode::Enter);
    let What::Answer { value, .. } = &sent(&commands)[0].what else { panic!() };
    assert_eq!(*value, json!("orders-2026-03-01-00-10"));
}

#[test]
fn a_choice_that_has_gone_answers_nothing() {
    let mut model = at_prompt();
    press(&mut model, KeyCode::Down);
    let reply = asked_again(&mut model, json!([row("another", "2026-03-01T01:10:00.000Z")]));
    let now = model.now;
    update(&mut model, reply, now);
    assert!(press(&mut model, KeyCode::Enter).is_empty());
    assert!(draw(&mut model).contains("no longer offered"), "{}", draw(&mut model));
    press(&mut model, KeyCode::Down);
    assert_eq!(sent(&press(&mut model, KeyCode::Enter)).len(), 1);
}

#[test]
fn a_prompt_that_is_opened_again_offers_nothing_old() {
    let mut model = at_prompt();
    press(&mut model, KeyCode::Esc);
    press(&mut model, KeyCode::Enter);
    pass(&mut model, 400);
    assert!(draw(&mut model).contains("reading what there is to choose from"));
    assert!(press(&mut model, KeyCode::Enter).is_empty());
}

#[test]
fn a_narrow_prompt_shows_the_deciding_column_and_the_chosen_row_whole() {
    let mut model = at_prompt();
    model.size = (60, 15);
    let long = format!("arn:aws:rds:eu-west-1:111122223333:snapshot:{}", "orders-2026-03-01-00-10");
    let reply = asked_again(&mut model, json!([row(&long, "2026-03-01T00:10:00.000Z")]));
    let now = model.now;
    update(&mut model, reply, now);
    press(&mut model, KeyCode::Down);
    let drawn = draw(&mut model);
    assert!(drawn.contains("03-01 00:10:00Z") && drawn.contains("…"), "{drawn}");
    let whole: String = drawn.lines().map(|l| l.trim_matches(['┃', ' '])).collect();
    assert!(whole.contains(&long), "{drawn}");
}
