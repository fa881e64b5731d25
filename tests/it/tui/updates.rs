//! What keys do and what can never happen.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use proptest::prelude::*;
use ripcord::ids::At;
use ripcord::run::{Command, Fact, Refusal, What};
use ripcord::tui::backstage::{Listing, Reply};
use ripcord::tui::forms::Read;
use ripcord::tui::model::{Layer, Model, Pane, Screen};
use ripcord::tui::msg::{Cmd, Msg};
use ripcord::tui::update::{begin, begin_with, update};
use ripcord::tui::{BookLine, Facts, Theme};
use serde_json::json;

use super::lines::run_line;
use super::play::{self, PHRASE, Play};
use super::{control, key, pass, press, type_text};

pub const SIZE: (u16, u16) = (120, 40);

pub fn sent(commands: &[Cmd]) -> Vec<&Command> {
    commands
        .iter()
        .filter_map(|c| if let Cmd::Send { command, .. } = c { Some(command) } else { None })
        .collect()
}

pub fn confirms(commands: &[Cmd]) -> usize {
    sent(commands).into_iter().filter(|c| matches!(c.what, What::Confirm { .. })).count()
}

pub fn at_gate(play: &Play) -> Model {
    let mut model = play.model(SIZE);
    assert!(press(&mut model, KeyCode::Enter).is_empty());
    assert!(matches!(model.layers.last(), Some(Layer::Gate(_))));
    read_whole(&mut model);
    model
}

/// Draws the gate and scrolls until its end has been on the screen.
pub fn read_whole(model: &mut Model) {
    for _ in 0..40 {
        draw(model);
        let Some(Layer::Gate(form)) = model.layers.last() else { return };
        if form.read == Read::Whole {
            return;
        }
        pass(model, 400);
        press(model, KeyCode::PageDown);
    }
    panic!("the gate has no end:\n{}", draw(model));
}

pub fn draw(model: &mut Model) -> String {
    super::screen(model, Theme::default())
}

#[test]
fn a_typed_phrase_and_enter_confirm_what_was_shown() {
    let mut model = at_gate(&play::parking());
    pass(&mut model, 400);
    assert!(type_text(&mut model, PHRASE).is_empty());
    let commands = press(&mut model, KeyCode::Enter);
    let [command] = sent(&commands)[..] else { panic!("{commands:?}") };
    let what = What::Confirm { gate: play::path("park_db"), digest: "d1g3st".into(), phrase: PHRASE.into() };
    assert_eq!((command.by.as_str(), &command.what), ("j.lind", &what));
    // The next Enter sends nothing more.
    assert!(press(&mut model, KeyCode::Enter).is_empty());
}

#[test]
fn what_was_typed_ahead_of_a_gate_is_not_taken() {
    let mut model = at_gate(&play::parking());
    assert!(type_text(&mut model, PHRASE).is_empty());
    assert!(press(&mut model, KeyCode::Enter).is_empty());
    pass(&mut model, 400);
    let commands = press(&mut model, KeyCode::Enter);
    assert_eq!(confirms(&commands), 0);
}

#[test]
fn a_pasted_phrase_is_refused() {
    let mut model = at_gate(&play::parking());
    pass(&mut model, 400);
    let now = model.now;
    assert!(update(&mut model, Msg::Paste(PHRASE.into()), now).is_empty());
    assert!(model.flash.as_ref().unwrap().0.contains("not pasted"));
    assert_eq!(confirms(&press(&mut model, KeyCode::Enter)), 0);
}

#[test]
fn the_highest_tier_is_locked_for_three_seconds() {
    let mut model = at_gate(&play::dropping());
    pass(&mut model, 400);
    type_text(&mut model, "orders-prod-parked eu-west-1");
    assert_eq!(confirms(&press(&mut model, KeyCode::Enter)), 0);
    pass(&mut model, 2700);
    assert_eq!(confirms(&press(&mut model, KeyCode::Enter)), 1);
}

#[test]
fn wrong_phrases_are_counted_and_not_sent() {
    let mut model = at_gate(&play::parking());
    pass(&mut model, 400);
    type_text(&mut model, "orders_prod");
    assert_eq!(confirms(&press(&mut model, KeyCode::Enter)), 0);
    assert_eq!(model.wrong_phrases, 1);
}

#[test]
fn a_gate_that_changes_is_relocked_and_emptied() {
    let mut play = play::parking();
    let mut model = at_gate(&play);
    pass(&mut model, 400);
    type_text(&mut model, PHRASE);
    let at = play.now;
    play.fact(Fact::GateVoided { gate: play::path("park_db"), why: "it changed".into(), at });
    let gate = Fact::GateOpened {
        gate: play::path("park_db"),
        digest: "another".into(),
        tier: ripcord::catalogue::Tier::T2,
        phrase: PHRASE.into(),
        paths: vec![play::path("park_db")],
        at,
    };
    play.fact(Fact::Prepared { call: play::rename(at), tier: ripcord::catalogue::Tier::T2 });
    play.fact(gate);
    let now = model.now;
    update(&mut model, Msg::Scene(play.scene()), now);
    assert_eq!(confirms(&press(&mut model, KeyCode::Enter)), 0);
    pass(&mut model, 400);
    assert_eq!(confirms(&press(&mut model, KeyCode::Enter)), 0);
    type_text(&mut model, PHRASE);
    assert_eq!(confirms(&press(&mut model, KeyCode::Enter)), 0, "what is new has not been drawn yet");
    read_whole(&mut model);
    let commands = press(&mut model, KeyCode::Enter);
    assert!(matches!(&sent(&commands)[0].what, What::Confirm { digest, .. } if digest == "another"));
}

#[test]
fn a_refused_confirmation_says_why_and_wants_the_phrase_again() {
    let mut model = at_gate(&play::parking());
    pass(&mut model, 400);
    type_text(&mut model, PHRASE);
    let commands = press(&mut model, KeyCode::Enter);
    let Cmd::Send { ticket, .. } = commands[0] else { panic!() };
    let now = model.now;
    update(&mut model, Msg::Answered(ticket, Err(Refusal::Changed)), now);
    assert!(matches!(model.layers.last(), Some(Layer::Gate(_))));
    assert_eq!(confirms(&press(&mut model, KeyCode::Enter)), 0);
}

#[test]
fn escape_pops_exactly_one_layer_and_never_leaves() {
    let mut model = at_gate(&play::parking());
    press(&mut model, KeyCode::F(1));
    assert_eq!(model.layers.len(), 2);
    press(&mut model, KeyCode::Esc);
    assert_eq!(model.layers.len(), 1);
    press(&mut model, KeyCode::Esc);
    assert_eq!(model.layers.len(), 0);
    for _ in 0..5 {
        assert!(press(&mut model, KeyCode::Esc).is_empty());
    }
    assert!(matches!(model.screen, Screen::Run(_)));
}

#[test]
fn escape_undoes_zoom_before_the_choice() {
    let mut model = play::parking().model(SIZE);
    press(&mut model, KeyCode::Char('z'));
    press(&mut model, KeyCode::Char('k'));
    press(&mut model, KeyCode::Esc);
    let show = model.show().unwrap();
    assert!(!show.zoom && !show.follow);
    press(&mut model, KeyCode::Esc);
    assert!(model.show().unwrap().follow);
    assert_eq!(model.show().unwrap().chosen, play::path("park_db"));
}

#[test]
fn quit_asks_and_a_second_interrupt_always_leaves() {
    let mut model = play::waiting().model(SIZE);
    assert!(press(&mut model, KeyCode::Char('q')).is_empty());
    assert!(matches!(model.layers.last(), Some(Layer::Quit)));
    assert!(press(&mut model, KeyCode::Enter).is_empty());
    assert!(model.layers.is_empty());
    assert!(control(&mut model, 'c').is_empty());
    pass(&mut model, 1900);
    assert!(matches!(control(&mut model, 'c')[..], [Cmd::Quit]));
}

#[test]
fn two_slow_interrupts_do_not_leave() {
    let mut model = play::waiting().model(SIZE);
    control(&mut model, 'c');
    pass(&mut model, 2100);
    assert!(control(&mut model, 'c').is_empty());
}

#[test]
fn leaving_waits_for_the_session_and_stays_resumable() {
    let mut model = play::waiting().model(SIZE);
    press(&mut model, KeyCode::Char('q'));
    assert!(matches!(press(&mut model, KeyCode::Char('l'))[..], [Cmd::Leave]));
    let now = model.now;
    assert!(matches!(update(&mut model, Msg::Closed, now)[..], [Cmd::Quit]));
}

#[test]
fn a_session_that_stops_by_itself_is_trouble() {
    let mut model = play::waiting().model(SIZE);
    let now = model.now;
    update(&mut model, Msg::Closed, now);
    assert!(matches!(model.layers.last(), Some(Layer::Trouble(_))));
    // What was typed for the screen below does not close it unread.
    for code in [KeyCode::Enter, KeyCode::Esc] {
        press(&mut model, code);
        assert!(matches!(model.layers.last(), Some(Layer::Trouble(_))), "{code:?}");
    }
    pass(&mut model, 400);
    press(&mut model, KeyCode::Enter);
    assert!(model.layers.is_empty());
    let drawn = draw(&mut model);
    assert!(drawn.contains("SESSION ENDED") && !drawn.contains("EXECUTE"), "{drawn}");
}

#[test]
fn skipping_wants_a_reason() {
    let mut model = play::late().model(SIZE);
    press(&mut model, KeyCode::Char('S'));
    pass(&mut model, 400);
    assert!(press(&mut model, KeyCode::Enter).is_empty());
    type_text(&mut model, "tasks are gone, the console shows it");
    let commands = press(&mut model, KeyCode::Enter);
    let command = sent(&commands)[0];
    assert_eq!(command.what, What::Skip { path: play::path("drained") });
    assert_eq!(command.reason, "tasks are gone, the console shows it");
}

#[test]
fn more_time_is_a_duration_and_a_reason() {
    let mut model = play::late().model(SIZE);
    press(&mut model, KeyCode::Char('X'));
    pass(&mut model, 400);
    type_text(&mut model, "soon");
    press(&mut model, KeyCode::Enter);
    assert!(press(&mut model, KeyCode::Enter).is_empty());
    press(&mut model, KeyCode::BackTab);
    control(&mut model, 'u');
    type_text(&mut model, "10m");
    press(&mut model, KeyCode::Enter);
    let commands = press(&mut model, KeyCode::Enter);
    let what = What::Extend { path: play::path("drained"), span: ripcord::ids::Span::mins(10) };
    assert_eq!(sent(&commands)[0].what, what);
}

#[test]
fn a_verdict_is_typed_letter_by_letter() {
    let mut model = play::unknown().model(SIZE);
    begin(&mut model);
    assert!(matches!(model.layers.last(), Some(Layer::Doubt(_))));
    pass(&mut model, 400);
    press(&mut model, KeyCode::Char('n'));
    pass(&mut model, 400);
    let now = model.now;
    update(&mut model, Msg::Paste("not executed orders-prod".into()), now);
    assert!(press(&mut model, KeyCode::Enter).is_empty());
    type_text(&mut model, "not executed orders-prod");
    let commands = press(&mut model, KeyCode::Enter);
    assert!(
        matches!(&sent(&commands)[0].what, What::Rule { happened: false, phrase, .. } if phrase == "not executed orders-prod")
    );
}

#[test]
fn an_unknown_outcome_shows_itself_once() {
    let play = play::unknown();
    let mut model = play.model(SIZE);
    begin(&mut model);
    // It opened over whatever was being typed.
    for code in [KeyCode::Char('w'), KeyCode::Char('a'), KeyCode::Char('e'), KeyCode::Esc] {
        press(&mut model, code);
        assert!(matches!(model.layers[..], [Layer::Doubt(_)]), "{code:?}");
    }
    pass(&mut model, 400);
    press(&mut model, KeyCode::Char('w'));
    assert!(model.layers.is_empty());
    let now = model.now;
    update(&mut model, Msg::Scene(play.scene()), now);
    assert!(model.layers.is_empty());
    press(&mut model, KeyCode::Enter);
    assert!(matches!(model.layers.last(), Some(Layer::Doubt(_))));
}

#[test]
fn stopping_at_an_unknown_outcome_asks_first() {
    let mut model = play::unknown().model(SIZE);
    begin(&mut model);
    pass(&mut model, 400);
    assert!(press(&mut model, KeyCode::Char('a')).is_empty());
    assert!(matches!(model.layers.last(), Some(Layer::Quit)));
    assert!(matches!(press(&mut model, KeyCode::Char('l'))[..], [Cmd::Leave]));
}

#[test]
fn what_was_read_before_the_call_is_no_evidence() {
    let before = [(ripcord::run::PROBE, Ok(json!({"DBInstanceStatus": "renaming"})))];
    let play = play::parking().after(8).looked("park_db", &before).after(1);
    let call = play::rename(play.now);
    let play = play.doubted("park_db", &call).after(71);
    let mut model = play.model(SIZE);
    begin(&mut model);
    let drawn = draw(&mut model);
    assert!(drawn.contains("nothing has been read since it was sent"), "{drawn}");
    assert!(!drawn.contains("DBInstanceStatus  renaming"), "{drawn}");
    let play = play.looked("park_db", &before);
    let now = play.now;
    update(&mut model, Msg::Scene(play.scene()), now);
    let drawn = draw(&mut model);
    assert!(drawn.contains("DBInstanceStatus  renaming") && drawn.contains("read 0s ago"), "{drawn}");
}

#[test]
fn an_unknown_outcome_can_be_read_to_its_end_on_a_small_screen() {
    let mut model = play::unknown().model((60, 15));
    begin(&mut model);
    pass(&mut model, 400);
    let mut seen = draw(&mut model);
    for _ in 0..6 {
        press(&mut model, KeyCode::PageDown);
        seen += &draw(&mut model);
    }
    for text in ["not executed orders-prod", "[a] stop here", "Re-sending is not offered"] {
        assert!(seen.contains(text), "{text}:\n{seen}");
    }
    press(&mut model, KeyCode::PageUp);
    assert!(!draw(&mut model).contains("Re-sending is not offered"));
}

#[test]
fn a_checklist_wants_every_tick_and_its_evidence() {
    let mut model = play::checking().model(SIZE);
    press(&mut model, KeyCode::Enter);
    pass(&mut model, 400);
    press(&mut model, KeyCode::Char(' '));
    press(&mut model, KeyCode::Char('j'));
    press(&mut model, KeyCode::Char('j'));
    type_text(&mut model, "graph is flat");
    assert!(press(&mut model, KeyCode::Enter).is_empty());
    press(&mut model, KeyCode::Up);
    press(&mut model, KeyCode::Char(' '));
    press(&mut model, KeyCode::Tab);
    let commands = press(&mut model, KeyCode::Enter);
    assert_eq!(
        sent(&commands)[0].what,
        What::Done { path: play::path("ready"), note: "graph is flat".into() }
    );
}

#[test]
fn the_second_person_is_named_and_may_refuse() {
    let mut model = play::approving().model(SIZE);
    press(&mut model, KeyCode::Enter);
    pass(&mut model, 400);
    assert!(press(&mut model, KeyCode::Enter).is_empty());
    type_text(&mut model, "m.osei");
    let commands = control(&mut model, 'd');
    let what = What::Approve { path: play::path("go"), approver: "m.osei".into(), accept: false };
    assert_eq!(sent(&commands)[0].what, what);
}

#[test]
fn the_palette_does_what_its_key_would_do() {
    let mut model = play::late().model(SIZE);
    press(&mut model, KeyCode::Char(':'));
    type_text(&mut model, "abort");
    assert!(press(&mut model, KeyCode::Enter).is_empty());
    assert!(matches!(model.layers.last(), Some(Layer::Ask(_))));
}

#[test]
fn a_late_answer_of_a_check_is_dropped() {
    let mut model = Model::home(play::facts(), play::START, SIZE);
    let now = model.now;
    let book = BookLine {
        id: "orders-restore".into(),
        source: "book.yaml".into(),
        found: Ok(play::book()),
        drilled: None,
    };
    let listing = Listing { books: vec![book], runs: vec![] };
    update(&mut model, Msg::Reply(Reply::Listed(listing)), now);
    press(&mut model, KeyCode::Enter);
    assert!(matches!(model.screen, Screen::Start(_)));
    for value in ["shop", "api,worker", "orders-prod"] {
        type_text(&mut model, value);
        press(&mut model, KeyCode::Tab);
    }
    type_text(&mut model, "2026-03-01T01:40:00Z");
    let commands = press(&mut model, KeyCode::Tab);
    let [Cmd::Check { ticket, given, .. }] = &commands[..] else { panic!("{commands:?}") };
    assert_eq!(given["services"], json!("api,worker"));
    let old = *ticket;
    let again = control(&mut model, 'r');
    assert!(matches!(again[..], [Cmd::Check { .. }]));
    let trouble = ripcord::runner::Trouble::usage("too late");
    update(&mut model, Msg::Reply(Reply::Checked(old, Err(trouble))), now);
    assert!(press(&mut model, KeyCode::Enter).is_empty());
}

#[test]
fn a_missing_parameter_keeps_the_preflight_from_being_asked() {
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
    assert!(control(&mut model, 'r').is_empty());
    let Screen::Start(start) = &model.screen else { panic!() };
    assert!(start.fields.iter().all(|f| f.error.is_some()));
}

#[test]
fn the_unfinished_run_is_resumed_by_one_key() {
    let mut model = Model::home(play::facts(), play::START, SIZE);
    let now = model.now;
    let run = run_line("0195-aaaa", "paused");
    update(&mut model, Msg::Reply(Reply::Listed(Listing { books: vec![], runs: vec![run] })), now);
    let commands = press(&mut model, KeyCode::Char('u'));
    assert!(matches!(&commands[..], [Cmd::Resume { run, .. }] if run.0 == "0195-aaaa"));
    assert!(press(&mut model, KeyCode::Char('u')).is_empty());
}

#[test]
fn what_was_given_on_the_command_line_is_checked_at_once() {
    let mut model = Model::home(play::facts(), play::START, SIZE);
    let commands = begin_with(&mut model, play::book(), &play::parameters());
    let [Cmd::Identify, Cmd::List, Cmd::Check { given, .. }] = &commands[..] else { panic!("{commands:?}") };
    assert_eq!(given["services"], json!("[\"api\",\"worker\"]"));
    // Esc goes to the list, not out.
    assert!(matches!(press(&mut model, KeyCode::Esc)[..], [Cmd::List]));
}

#[test]
fn signals_leave() {
    let mut model = play::waiting().model(SIZE);
    let now = model.now;
    assert!(matches!(update(&mut model, Msg::Signal(15), now)[..], [Cmd::Quit]));
    assert_eq!(model.signal, Some(15));
}

#[test]
fn every_pane_can_be_reached_by_number_and_by_tab() {
    let mut model = play::waiting().model((80, 24));
    for (n, pane) in Pane::ALL.into_iter().enumerate() {
        press(&mut model, KeyCode::Char(char::from_digit(u32::try_from(n).unwrap() + 1, 10).unwrap()));
        assert_eq!(model.show().unwrap().pane, pane);
    }
    press(&mut model, KeyCode::Tab);
    assert_eq!(model.show().unwrap().pane, Pane::Steps);
}

/// One thing a person or the terminal may do; a whole phrase is never among them.
#[derive(Clone, Debug)]
enum Doing {
    Press(KeyCode),
    Control(char),
    Paste(String),
    Wait(u16),
    Resize(u16, u16),
}

fn doing(letters: &'static str) -> impl Strategy<Value = Doing> {
    let letter = proptest::sample::select(letters.chars().collect::<Vec<_>>());
    let named = proptest::sample::select(vec![
        KeyCode::Enter,
        KeyCode::Enter,
        KeyCode::Esc,
        KeyCode::Tab,
        KeyCode::BackTab,
        KeyCode::Up,
        KeyCode::Down,
        KeyCode::Left,
        KeyCode::Right,
        KeyCode::Home,
        KeyCode::End,
        KeyCode::PageUp,
        KeyCode::PageDown,
        KeyCode::Backspace,
        KeyCode::Delete,
        KeyCode::F(1),
    ]);
    prop_oneof![
        4 => named.prop_map(Doing::Press),
        6 => letter.prop_map(|c| Doing::Press(KeyCode::Char(c))),
        1 => proptest::char::range('a', 'z').prop_map(Doing::Control),
        1 => proptest::sample::select(vec![PHRASE, "y", "orders", "\r\n"]).prop_map(|s| Doing::Paste(s.into())),
        2 => (0u16..4000).prop_map(Doing::Wait),
        1 => (1u16..130, 1u16..50).prop_map(|(w, h)| Doing::Resize(w, h)),
    ]
}

fn do_it(model: &mut Model, doing: &Doing) -> Vec<Cmd> {
    let now = model.now;
    match doing {
        Doing::Press(code) => press(model, *code),
        Doing::Control(c) => control(model, *c),
        Doing::Paste(text) => update(model, Msg::Paste(text.clone()), now),
        Doing::Wait(millis) => update(model, Msg::Tick, At(now.0 + i64::from(*millis))),
        Doing::Resize(columns, rows) => update(model, Msg::Resized(*columns, *rows), now),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    /// Without one letter of the phrase nothing confirms: no order of keys, pastes, waits and clicks.
    #[test]
    fn nothing_confirms_without_the_phrase(
        // No `p`: neither phrase can be typed.
        doings in proptest::collection::vec(doing("orders-dkuwi yY?:q/123jkgGzFRSAXmnea"), 0..120),
        which in 0..3usize,
    ) {
        let play = [play::parking, play::dropping, play::unknown][which]();
        let mut model = play.model(SIZE);
        begin(&mut model);
        for doing in &doings {
            if matches!(model.layers.last(), Some(Layer::Gate(form)) if form.read != Read::Whole) {
                draw(&mut model);
            }
            let commands = do_it(&mut model, doing);
            for command in sent(&commands) {
                let bound = matches!(command.what, What::Confirm { .. } | What::Rule { .. });
                prop_assert!(!bound, "{doing:?} sent {command:?}");
            }
        }
    }

}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is pressed, the screen can be drawn at any size, and mode, account and region stand in it.
    #[test]
    fn every_screen_can_be_drawn_after_any_keys(
        doings in proptest::collection::vec(doing("orders-prod,api?:q/12345jkgGzFRSAXmnewa y"), 0..60),
        which in 0..8usize,
    ) {
        let plays = [play::choosing, play::checking, play::approving, play::stopping, play::waiting, play::late,
            play::unknown, play::over];
        let mut model = plays[which]().model(SIZE);
        begin(&mut model);
        for doing in &doings {
            do_it(&mut model, doing);
            let drawn = draw(&mut model);
            if model.size.0 >= 60 {
                for word in ["EXECUTE", "CUSTOM", "111122223333", "eu-west-1"] {
                    prop_assert!(drawn.contains(word), "{word} is missing:\n{drawn}");
                }
            }
        }
    }
}

#[test]
fn released_keys_and_alt_keys_are_nothing() {
    let mut model = at_gate(&play::parking());
    pass(&mut model, 400);
    let now = model.now;
    let mut released = key(KeyCode::Char('o'));
    released.kind = crossterm::event::KeyEventKind::Release;
    update(&mut model, Msg::Key(released), now);
    update(&mut model, Msg::Key(KeyEvent::new(KeyCode::Char('o'), KeyModifiers::ALT)), now);
    let Some(Layer::Gate(form)) = model.layers.last() else { panic!() };
    assert_eq!(form.field.text(), "");
}

#[test]
fn facts_that_arrive_late_reach_the_frame() {
    let mut model = Model::home(Facts::default(), play::START, SIZE);
    let now = model.now;
    update(&mut model, Msg::Reply(Reply::Facts(Box::new(play::facts()))), now);
    assert_eq!(model.facts.account, "111122223333");
}
