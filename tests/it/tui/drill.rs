//! A drill in the console: its brief, its hints, its clock, its debrief.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ripcord::ids::At;
use ripcord::run::What;
use ripcord::runner::Trouble;
use ripcord::tui::backstage::{Reply, Ticket};
use ripcord::tui::model::{Layer, Model};
use ripcord::tui::msg::{Cmd, Msg, Times};
use ripcord::tui::update::update;
use ripcord::tui::{Brief, Facts, Tempo, Theme};

use super::lines::drill_line;
use super::play::{self, Play};
use super::screens::{WIDE, checked, form, home, run, shot};
use super::{key, pass, press, screen, type_text};

const STORY: &str = "Since 02:41 UTC the shop shows wrong totals: release 4.7 ran a migration that rounded every amount. \
                     The deploy was\ntaken back at 02:55, the amounts are gone. `api` and `worker` on the cluster \
                     `shop` write to the database `orders-prod`.\n";
const ENVIRONMENT: &str = "export AWS_ENDPOINT_URL=http://127.0.0.1:45123 AWS_REGION=eu-west-1 \
                           AWS_ACCESS_KEY_ID=DRILL111122223333 AWS_SECRET_ACCESS_KEY=drill AWS_SESSION_TOKEN= \
                           AWS_PROFILE=";
const DEBRIEF: &str = "\nDebrief: A deploy has spoiled the orders (plain, seed 1)\n\n  outcome           FAIL  \
                       recovered\n                    FAIL  old database kept: it is gone\n\n  hints                    \
                       1  of 3\n";

fn facts(hints: &[&str]) -> Facts {
    Facts {
        endpoint: "DRILL".into(),
        endpoint_url: Some("http://127.0.0.1:45123".into()),
        drill: Some(Brief {
            story: STORY.into(),
            environment: ENVIRONMENT.into(),
            hints: hints.iter().map(|h| (*h).to_owned()).collect(),
        }),
        ..play::facts()
    }
}

fn drilled(play: &Play, tempo: Tempo) -> Model {
    let mut model = run(play);
    (model.facts, model.tempo) = (facts(&[]), Some(tempo));
    model
}

#[test]
fn the_start_page_tells_what_is_known() {
    let mut model = checked(form());
    (model.facts, model.tempo) = (facts(&[]), Some(Tempo::Running(1)));
    shot("drill_start", &mut model);
    press(&mut model, KeyCode::Char('b'));
    assert!(matches!(model.layers.last(), Some(Layer::Brief { .. })));
}

#[test]
fn the_header_says_how_the_clock_goes() {
    for (tempo, words) in
        [(Tempo::Running(60), "DRILL x60"), (Tempo::Running(1), "DRILL x1 "), (Tempo::Paused, "DRILL PAUSED")]
    {
        let mut model = drilled(&play::waiting(), tempo);
        for size in [WIDE, (80, 24), (60, 15)] {
            model.size = size;
            let text = screen(&mut model, Theme::default());
            assert!(text.lines().next().unwrap().contains(words), "{text}");
        }
    }
    shot("drill_run", &mut drilled(&play::waiting(), Tempo::Running(60)));
}

#[test]
fn the_brief_holds_the_story_the_environment_and_the_hints() {
    let mut model = drilled(&play::waiting(), Tempo::Paused);
    model.facts = facts(&["Who else writes to the database?\nLook at the services."]);
    press(&mut model, KeyCode::Char('b'));
    shot("drill_brief", &mut model);
    let commands = press(&mut model, KeyCode::Char('y'));
    assert!(matches!(&commands[..], [Cmd::Copy(text)] if text == ENVIRONMENT), "{commands:?}");
    press(&mut model, KeyCode::Esc);
    assert!(model.layers.is_empty());
}

#[test]
fn without_a_wire_there_is_nothing_to_paste() {
    let mut model = drilled(&play::waiting(), Tempo::Running(60));
    model.facts.drill.as_mut().unwrap().environment.clear();
    press(&mut model, KeyCode::Char('b'));
    assert!(screen(&mut model, Theme::default()).contains("no other program reaches the cloud"));
    assert!(press(&mut model, KeyCode::Char('y')).is_empty());
}

fn asked(model: &mut Model) -> Ticket {
    let commands = press(model, KeyCode::Char('H'));
    let [Cmd::Hint { ticket, path }] = &commands[..] else { panic!("{commands:?}") };
    assert_eq!(path.to_string(), "drained", "a hint is for the step at hand");
    *ticket
}

#[test]
fn a_hint_is_shown_once_it_is_in_the_journal() {
    let mut model = drilled(&play::waiting(), Tempo::Running(60));
    let now = model.now;
    // Another step is being looked at.
    press(&mut model, KeyCode::Char('k'));
    let ticket = asked(&mut model);
    assert!(press(&mut model, KeyCode::Char('H')).is_empty(), "one at a time");
    let late = Reply::Hinted(Ticket(0), Ok(Some(Box::new(facts(&["of another question"])))));
    update(&mut model, Msg::Reply(late), now);
    assert!(model.layers.is_empty());
    update(
        &mut model,
        Msg::Reply(Reply::Hinted(ticket, Ok(Some(Box::new(facts(&["Look who writes."])))))),
        now,
    );
    assert!(screen(&mut model, Theme::default()).contains("HINT 1 Look who writes."));
    // The next one is asked for in the brief itself.
    let ticket = asked(&mut model);
    update(&mut model, Msg::Reply(Reply::Hinted(ticket, Ok(None))), now);
    assert!(screen(&mut model, Theme::default()).contains("no hint for this step"));
    let ticket = asked(&mut model);
    update(&mut model, Msg::Reply(Reply::Hinted(ticket, Err(Trouble::usage("it was not noted")))), now);
    assert!(matches!(model.layers.last(), Some(Layer::Trouble(_))));
}

#[test]
fn the_clock_is_stopped_and_goes_on_and_the_journal_says_so() {
    let noted = |commands: &[Cmd], words: &str| {
        let [Cmd::Pause, Cmd::Send { command, .. }] = commands else { panic!("{commands:?}") };
        assert!(matches!(&command.what, What::Note { text, .. } if text == words), "{command:?}");
    };
    let mut model = drilled(&play::waiting(), Tempo::Running(60));
    noted(&press(&mut model, KeyCode::Char('p')), "the clock of the drill is stopped");
    model.tempo = Some(Tempo::Paused);
    noted(&press(&mut model, KeyCode::Char('p')), "the clock of the drill goes on");
    let mut live = run(&play::waiting());
    for c in ['p', 'H', 'b', 'D'] {
        assert!(press(&mut live, KeyCode::Char(c)).is_empty(), "{c} outside of a drill");
    }
    assert!(live.layers.is_empty());
    assert!(screen(&mut live, Theme::default()).contains("this is no drill"));
}

#[test]
fn a_clock_that_stands_locks_nobody_out() {
    let mut model = drilled(&play::parking(), Tempo::Paused);
    let now = model.now;
    let at = |wall: i64| Times { now, wall: At(now.0 + wall) };
    let press_at = |model: &mut Model, code, wall| update(model, Msg::Key(key(code)), at(wall));
    press_at(&mut model, KeyCode::Enter, 0);
    press_at(&mut model, KeyCode::Char('o'), 100);
    let typed = |model: &Model| match model.layers.last() {
        Some(Layer::Gate(form)) => form.field.text().to_owned(),
        _ => panic!("no gate"),
    };
    assert_eq!(typed(&model), "", "typed ahead");
    screen(&mut model, Theme::default());
    for c in play::PHRASE.chars() {
        press_at(&mut model, KeyCode::Char(c), 500);
    }
    let commands = press_at(&mut model, KeyCode::Enter, 500);
    assert!(matches!(&commands[..], [Cmd::Send { .. }]), "{commands:?}");
}

#[test]
fn ctrl_c_twice_leaves_however_fast_the_drill_goes() {
    let mut model = drilled(&play::waiting(), Tempo::Running(3600));
    let start = model.now;
    let ctrl_c = |model: &mut Model, drill: i64, wall: i64| {
        let times = Times { now: At(start.0 + drill), wall: At(start.0 + wall) };
        update(model, Msg::Key(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL)), times)
    };
    assert!(ctrl_c(&mut model, 0, 0).is_empty());
    assert!(matches!(ctrl_c(&mut model, 3_600_000, 1_000)[..], [Cmd::Quit]));
}

#[test]
fn the_debrief_comes_with_the_end_and_q_leaves_it() {
    let mut model = drilled(&play::over(), Tempo::Running(1));
    model.wrong_phrases = 2;
    let now = model.now;
    assert!(press(&mut model, KeyCode::Char('D')).is_empty() && model.layers.is_empty());
    let commands = update(&mut model, Msg::Closed, now);
    assert!(matches!(commands[..], [Cmd::Bell, Cmd::Debrief { wrong_phrases: 2 }]), "{commands:?}");
    update(&mut model, Msg::Reply(Reply::Debriefed(DEBRIEF.into())), now);
    shot("drill_debrief", &mut model);
    press(&mut model, KeyCode::Esc);
    assert!(model.layers.is_empty());
    press(&mut model, KeyCode::Char('D'));
    assert!(matches!(press(&mut model, KeyCode::Char('q'))[..], [Cmd::Quit]));
}

#[test]
fn no_debrief_is_asked_for_outside_of_a_drill() {
    let mut model = run(&play::over());
    let now = model.now;
    assert!(matches!(update(&mut model, Msg::Closed, now)[..], [Cmd::Bell]));
}

#[test]
fn a_drill_on_the_list_says_how_it_goes_on() {
    let mut model = home();
    let rows: Vec<bool> = model
        .home
        .rows()
        .iter()
        .map(|r| matches!(r, ripcord::tui::model::HomeRow::Run(r) if r.drill))
        .collect();
    assert_eq!(rows, [false, false, true, false, false], "behind the runs, however urgent");
    press(&mut model, KeyCode::Char('j'));
    press(&mut model, KeyCode::Char('j'));
    for code in [KeyCode::Enter, KeyCode::Char('u')] {
        assert!(press(&mut model, code).is_empty());
        assert!(screen(&mut model, Theme::default()).contains("`ripcord resume 0195-4a7c-cccc`"));
        pass(&mut model, 500);
        press(&mut model, KeyCode::Esc);
    }
    // `u` goes on with a run, never with a drill.
    let mut only = home();
    only.home.listing.as_mut().unwrap().runs = vec![drill_line("0195-4a7c-cccc")];
    press(&mut only, KeyCode::Char('G'));
    assert!(press(&mut only, KeyCode::Char('u')).is_empty());
    assert!(only.layers.is_empty() && screen(&mut only, Theme::default()).contains("no run is unfinished"));
}

#[test]
fn a_runbook_says_how_it_is_drilled() {
    let mut model = home();
    press(&mut model, KeyCode::Char('G'));
    assert!(press(&mut model, KeyCode::Char('d')).is_empty());
    assert!(screen(&mut model, Theme::default()).contains("type: ripcord drill orders-restore"));
    press(&mut model, KeyCode::Char('/'));
    type_text(&mut model, "drill");
    assert_eq!(model.home.rows().len(), 1, "a drill is found by its word");
}
