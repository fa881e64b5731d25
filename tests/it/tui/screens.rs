//! Every screen at 120x40, 80x24 and 60x15, as text.

use crossterm::event::KeyCode;
use ripcord::ids::At;
use ripcord::run::{CheckResult, CheckVerdict};
use ripcord::runner::Checked;
use ripcord::tui::backstage::{Listing, Reply};
use ripcord::tui::model::Model;
use ripcord::tui::msg::{Cmd, Msg};
use ripcord::tui::update::{begin, update};
use ripcord::tui::{BookLine, LastDrill, Theme};
use ripcord::watch::Frame;

use super::lines::{drill_line, run_line};
use super::play::{self, Play};
use super::{control, pass, press, screen, type_text};

pub const WIDE: (u16, u16) = (120, 40);
const NARROW: (u16, u16) = (80, 24);
const TINY: (u16, u16) = (60, 15);
const SIZES: [(u16, u16); 3] = [WIDE, NARROW, TINY];

pub fn shot(name: &str, model: &mut Model) {
    for size in SIZES {
        model.resized(size);
        let text = screen(model, Theme::default());
        insta::with_settings!({snapshot_path => "snapshots", prepend_module_to_snapshot => false}, {
            insta::assert_snapshot!(format!("{name}.{}x{}", size.0, size.1), text);
        });
    }
}

pub fn home() -> Model {
    let mut model = Model::home(play::facts(), play::START, WIDE);
    let good = BookLine {
        id: "orders-restore".into(),
        source: "runbooks/orders-restore.yaml".into(),
        found: Ok(play::book()),
        drilled: Some(LastDrill {
            at: At(play::START.0 - 864_000_000),
            scenario: "plain".into(),
            good: false,
        }),
    };
    let bad = BookLine {
        id: "half-written".into(),
        source: "runbooks/half-written.yaml".into(),
        found: Err("runbooks/half-written.yaml:12:5: unknown key `stepz`; did you mean `steps`?".into()),
        drilled: None,
    };
    let runs = vec![
        run_line("0195-4a7c-aaaa", "waiting"),
        run_line("0195-4a7c-bbbb", "unknown"),
        drill_line("0195-4a7c-cccc"),
    ];
    let now = model.now;
    update(&mut model, Msg::Reply(Reply::Listed(Listing { books: vec![good, bad], runs })), now);
    model
}

#[test]
fn home_lists_what_is_unfinished_first() {
    shot("home", &mut home());
}

#[test]
fn home_shows_what_a_runbook_is_for() {
    let mut model = home();
    press(&mut model, KeyCode::Char('G'));
    shot("home_book", &mut model);
}

#[test]
fn home_filters() {
    let mut model = home();
    press(&mut model, KeyCode::Char('/'));
    type_text(&mut model, "half");
    shot("home_filter", &mut model);
}

pub fn form() -> Model {
    let mut model = home();
    press(&mut model, KeyCode::Char('G'));
    press(&mut model, KeyCode::Enter);
    model
}

#[test]
fn the_form_says_what_is_wrong_beside_the_field() {
    let mut model = form();
    type_text(&mut model, "shop");
    for value in ["", "orders-prod"] {
        press(&mut model, KeyCode::Tab);
        type_text(&mut model, value);
    }
    press(&mut model, KeyCode::Tab);
    type_text(&mut model, "2026-03-01 01:40");
    control(&mut model, 'r');
    shot("form_errors", &mut model);
}

pub fn checked(mut model: Model) -> Model {
    for value in ["shop", "api,worker", "orders-prod"] {
        type_text(&mut model, value);
        press(&mut model, KeyCode::Tab);
    }
    type_text(&mut model, "2026-03-01T01:40:00Z");
    let commands = press(&mut model, KeyCode::Tab);
    let [Cmd::Check { ticket, .. }] = commands[..] else { panic!("{commands:?}") };
    let check = |name: &str, verdict, message: &str| CheckResult {
        name: name.into(),
        verdict,
        message: message.into(),
    };
    let checked = Checked {
        book: play::book(),
        parameters: play::parameters(),
        places: vec![play::place()],
        identity: ripcord::ids::Identity {
            account: "111122223333".into(),
            arn: "arn:aws:sts::111122223333:assumed-role/DRExecutor/j.lind".into(),
            user_id: "AROA:j.lind".into(),
        },
        preflight: vec![
            check(
                "identity",
                CheckVerdict::Ok,
                "arn:aws:sts::111122223333:assumed-role/DRExecutor/j.lind in 111122223333 eu-west-1",
            ),
            check("db_available", CheckVerdict::Ok, ""),
            check(
                "quota",
                CheckVerdict::Skip,
                "not checked: NOACC AccessDenied: rds:DescribeAccountAttributes",
            ),
            check(
                "replicas",
                CheckVerdict::Warn,
                "orders-replica will follow the parked instance and go on serving the damaged data.",
            ),
        ],
        frame: Frame::empty(model.now),
    };
    let now = model.now;
    update(&mut model, Msg::Reply(Reply::Checked(ticket, Ok(Box::new(checked)))), now);
    pass(&mut model, 2000);
    model
}

#[test]
fn the_preflight_stands_beside_the_form_worst_first() {
    shot("preflight", &mut checked(form()));
}

pub fn run(play: &Play) -> Model {
    let mut model = play.model(WIDE);
    begin(&mut model);
    model
}

#[test]
fn a_wait_shows_its_clocks_and_its_readings() {
    shot("run_wait", &mut run(&play::waiting()));
}

#[test]
fn a_wait_that_took_too_long_says_what_can_be_done() {
    shot("run_late", &mut run(&play::late()));
}

#[test]
fn a_gate_wants_to_be_opened() {
    shot("run_gate", &mut run(&play::parking()));
}

#[test]
fn the_other_panes_have_room_of_their_own() {
    for (name, digit) in
        [("pane_steps", '1'), ("pane_live", '3'), ("pane_journal", '4'), ("pane_values", '5')]
    {
        let mut model = run(&play::waiting());
        press(&mut model, KeyCode::Char(digit));
        shot(name, &mut model);
    }
}

fn opened(play: &Play) -> Model {
    let mut model = run(play);
    press(&mut model, KeyCode::Enter);
    pass(&mut model, 500);
    model
}

#[test]
fn a_gate_shows_everything_before_its_phrase() {
    let mut model = opened(&play::parking());
    type_text(&mut model, "orders_p");
    shot("gate", &mut model);
}

#[test]
fn a_gate_over_items_shows_every_call() {
    shot("gate_items", &mut opened(&play::stopping()));
}

#[test]
fn the_highest_gate_is_locked_and_honest_about_loss() {
    shot("gate_t3", &mut opened(&play::dropping()));
}

#[test]
fn an_unknown_outcome_says_when_a_no_can_be_believed() {
    shot("unknown", &mut run(&play::unknown()));
}

#[test]
fn a_verdict_is_typed() {
    let mut model = run(&play::unknown());
    pass(&mut model, 500);
    press(&mut model, KeyCode::Char('e'));
    pass(&mut model, 500);
    type_text(&mut model, "executed or");
    shot("verdict", &mut model);
}

#[test]
fn a_prompt_marks_the_rows_that_must_be_typed() {
    let mut model = run(&play::choosing());
    let commands = press(&mut model, KeyCode::Enter);
    let [Cmd::Look { ticket, path, .. }] = &commands[..] else { panic!("{commands:?}") };
    let reply = Reply::Looked(*ticket, path.clone(), play::snapshots(model.now));
    pass(&mut model, 500);
    let now = model.now;
    update(&mut model, Msg::Reply(reply), now);
    shot("prompt", &mut model);
}

#[test]
fn a_checklist_has_ticks_and_a_note() {
    let mut model = run(&play::checking());
    let commands = press(&mut model, KeyCode::Enter);
    let [Cmd::Look { ticket, path, .. }] = &commands[..] else { panic!("{commands:?}") };
    let reply = Reply::Looked(*ticket, path.clone(), play::services(model.now));
    pass(&mut model, 500);
    let now = model.now;
    update(&mut model, Msg::Reply(reply), now);
    press(&mut model, KeyCode::Char(' '));
    shot("manual", &mut model);
}

#[test]
fn the_second_person_is_asked() {
    let mut model = opened(&play::approving());
    type_text(&mut model, "m.osei");
    shot("approve", &mut model);
}

#[test]
fn a_reason_is_asked_before_a_skip() {
    let mut model = run(&play::late());
    press(&mut model, KeyCode::Char('S'));
    shot("skip", &mut model);
}

#[test]
fn the_palette_says_why_something_is_not_allowed() {
    let mut model = run(&play::waiting());
    press(&mut model, KeyCode::Char(':'));
    shot("palette", &mut model);
}

#[test]
fn the_help_comes_from_the_key_map() {
    let mut model = run(&play::waiting());
    press(&mut model, KeyCode::Char('?'));
    shot("help", &mut model);
}

#[test]
fn leaving_is_asked() {
    let mut model = run(&play::unknown());
    pass(&mut model, 500);
    press(&mut model, KeyCode::Char('w'));
    press(&mut model, KeyCode::Char('q'));
    shot("quit", &mut model);
}

#[test]
fn the_end_says_what_remains() {
    let mut model = run(&play::over());
    let now = model.now;
    update(&mut model, Msg::Closed, now);
    shot("over", &mut model);
}

#[test]
fn a_terminal_that_is_too_small_keeps_the_frame() {
    let mut model = run(&play::waiting());
    model.size = (50, 10);
    let text = screen(&mut model, Theme::default());
    for word in ["EXECUTE", "111122223333", "eu-west-1", "60x15"] {
        assert!(text.contains(word), "{text}");
    }
}

#[test]
fn ascii_borders_are_ascii() {
    let mut model = run(&play::waiting());
    for size in SIZES {
        model.size = size;
        let text = screen(&mut model, Theme { mono: true, ascii: true });
        assert!(text.is_ascii(), "{text}");
    }
}

#[test]
fn state_is_a_word_without_any_style() {
    // The text alone, no colour: what is unhealthy, stale or unreadable is still said.
    let mut model = run(&play::waiting());
    let text = screen(&mut model, Theme { mono: true, ascii: false });
    for word in ["BAD", "NOACC", "WAIT", "OK", "TODO"] {
        assert!(text.contains(word), "{word}:\n{text}");
    }
}
