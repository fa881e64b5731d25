//! A gate is armed by reading it; what it says is true.

use crossterm::event::KeyCode;
use ripcord::catalogue::Tier;
use ripcord::run::StepState;
use ripcord::tui::keys::Context;
use ripcord::tui::model::Layer;
use ripcord::tui::msg::{Cmd, Msg};
use ripcord::tui::update::update;
use serde_json::json;

use super::play::{self, PHRASE};
use super::updates::{at_gate, confirms, draw, read_whole};
use super::{control, pass, press, type_text};

#[test]
fn a_gate_is_armed_only_once_its_end_was_on_the_screen() {
    let mut model = play::parking().model((60, 15));
    press(&mut model, KeyCode::Enter);
    pass(&mut model, 400);
    assert!(draw(&mut model).contains("PgDn: read to the end to arm"));
    type_text(&mut model, PHRASE);
    assert!(draw(&mut model).contains("complete"), "the phrase has its feedback all the same");
    // Keys that outrun the drawing show nothing.
    for _ in 0..20 {
        press(&mut model, KeyCode::PageDown);
    }
    assert_eq!(confirms(&press(&mut model, KeyCode::Enter)), 0);
    assert!(draw(&mut model).contains("not sent: locked, read on"));
    read_whole(&mut model);
    let drawn = draw(&mut model);
    assert!(drawn.contains("[ Send: Enter ]") && drawn.contains("WHY"), "{drawn}");
    assert!(!drawn.contains("not sent"), "{drawn}");
    assert_eq!(confirms(&press(&mut model, KeyCode::Enter)), 1);
}

#[test]
fn another_size_has_to_be_read_again() {
    let mut model = at_gate(&play::parking());
    pass(&mut model, 400);
    type_text(&mut model, PHRASE);
    let now = model.now;
    update(&mut model, Msg::Resized(60, 15), now);
    draw(&mut model);
    assert_eq!(confirms(&press(&mut model, KeyCode::Enter)), 0);
}

#[test]
fn nothing_is_confirmed_while_nothing_is_drawn() {
    let mut model = at_gate(&play::parking());
    pass(&mut model, 400);
    type_text(&mut model, PHRASE);
    model.size = (59, 14);
    assert!(press(&mut model, KeyCode::Enter).is_empty());
    assert!(press(&mut model, KeyCode::Esc).is_empty());
    assert!(matches!(model.layers.last(), Some(Layer::Gate(_))), "no other key acts either");
    assert!(draw(&mut model).contains("No key but Ctrl-C"));
    assert!(matches!(control(&mut model, 'l')[..], [Cmd::Redraw]));
    control(&mut model, 'c');
    assert!(matches!(control(&mut model, 'c')[..], [Cmd::Quit]));
}

#[test]
fn a_target_called_y_is_typed_and_sent_by_enter() {
    let play = play::waiting();
    let mut play = play.end("drained", StepState::Success, "").begin("park_db").after(1);
    let now = play.now;
    play = play.gate("park_db", Tier::T2, "y", vec![play::rename(now)]);
    let mut model = at_gate(&play);
    assert_eq!(Context::of(&model), Context::Gate);
    pass(&mut model, 400);
    assert_eq!(confirms(&press(&mut model, KeyCode::Char('y'))), 0);
    assert_eq!(confirms(&press(&mut model, KeyCode::Enter)), 1);
}

#[test]
fn an_old_look_at_the_target_says_so() {
    let mut model = at_gate(&play::parking());
    assert!(!draw(&mut model).contains("STALE read"));
    pass(&mut model, 31_000);
    assert!(draw(&mut model).contains("STALE read 33s ago"), "{}", draw(&mut model));
}

#[test]
fn a_rename_destroys_nothing_whatever_the_author_calls_it() {
    let drawn = draw(&mut at_gate(&play::parking()));
    assert!(drawn.contains("no data; connections drop"), "{drawn}");
    assert!(!drawn.contains("destroys"), "{drawn}");
    let drawn = draw(&mut at_gate(&play::stopping()));
    assert!(drawn.contains("no data; the service serves nobody"), "{drawn}");
    let drawn = draw(&mut at_gate(&play::dropping()));
    assert!(drawn.contains("this call destroys: the data goes"), "{drawn}");
}

#[test]
fn long_command_lines_are_copied_whole() {
    let mut play = play::waiting().end("drained", StepState::Success, "").begin("park_db");
    let mut call = play::rename(play.now);
    call.call.parameters["DBParameterGroupName"] = json!("x".repeat(5000));
    play = play.gate("park_db", Tier::T2, PHRASE, vec![call]);
    let mut model = at_gate(&play);
    pass(&mut model, 400);
    let commands = control(&mut model, 'y');
    let [Cmd::Copy(text)] = &commands[..] else { panic!("{commands:?}") };
    assert!(text.contains(&"x".repeat(5000)));
}

#[test]
fn one_key_gates_take_y_and_nothing_else() {
    let play = play::waiting();
    let mut play = play.end("drained", StepState::Success, "").begin("park_db").after(1);
    let now = play.now;
    play = play.gate("park_db", Tier::T1, "y", vec![play::rename(now)]);
    let mut model = at_gate(&play);
    assert_eq!(Context::of(&model), Context::Card);
    pass(&mut model, 400);
    for code in [KeyCode::Enter, KeyCode::Char('Y'), KeyCode::Char('n'), KeyCode::Char(' ')] {
        assert_eq!(confirms(&press(&mut model, code)), 0, "{code:?}");
    }
    assert_eq!(confirms(&press(&mut model, KeyCode::Char('y'))), 1);
}
