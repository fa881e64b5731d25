//! The tables themselves.

use crossterm::event::KeyCode;

use super::{Act, Binding, Context, Key, ch, ctrl, named};

const fn bind(keys: &'static [Key], act: Act, brief: &'static str, help: &'static str) -> Binding {
    Binding { keys, act, brief, help }
}

const ENTER: Key = named(KeyCode::Enter);
const ESC: Key = named(KeyCode::Esc);
const TAB: Key = named(KeyCode::Tab);
const BACK_TAB: Key = named(KeyCode::BackTab);
const UP: Key = named(KeyCode::Up);
const DOWN: Key = named(KeyCode::Down);
const PAGE_UP: Key = named(KeyCode::PageUp);
const PAGE_DOWN: Key = named(KeyCode::PageDown);

/// The bindings that belong to one context.
pub(super) fn of(context: Context) -> &'static [Binding] {
    match context {
        Context::Home => HOME,
        Context::Filter => FILTER,
        Context::Form => FORM,
        Context::Preflight => PREFLIGHT,
        Context::Run => RUN,
        Context::Help => HELP,
        Context::Palette => PALETTE,
        Context::Quit => QUIT,
        Context::Brief => BRIEF,
        Context::Debrief => DEBRIEF,
        Context::Card => CARD,
        Context::Gate => GATE,
        Context::Doubt => DOUBT,
        Context::Prompt => PROMPT,
        Context::Checklist => CHECKLIST,
        Context::Line => LINE,
        Context::Trouble => TROUBLE,
    }
}

/// The bindings that every context of a kind has.
pub(super) fn common(context: Context) -> &'static [Binding] {
    match context {
        Context::Help => &[INTERRUPT, REDRAW],
        Context::Home | Context::Preflight | Context::Run => {
            &[PALETTE_KEY, HELP_KEYS, QUIT_KEY, INTERRUPT, REDRAW]
        }
        Context::Quit
        | Context::Brief
        | Context::Debrief
        | Context::Card
        | Context::Doubt
        | Context::Checklist
        | Context::Trouble => &[HELP_KEYS, INTERRUPT, REDRAW],
        Context::Filter
        | Context::Form
        | Context::Palette
        | Context::Gate
        | Context::Prompt
        | Context::Line => &[HELP_KEY, INTERRUPT, REDRAW],
    }
}

const HELP_KEYS: Binding = bind(&[ch('?'), named(KeyCode::F(1))], Act::Help, "help", "what the keys do here");
const HELP_KEY: Binding = bind(&[named(KeyCode::F(1))], Act::Help, "help", "what the keys do here");
const PALETTE_KEY: Binding =
    bind(&[ch(':')], Act::Palette, "command", "every command by name, with why it is not allowed");
const QUIT_KEY: Binding = bind(&[ch('q')], Act::Quit, "leave", "leave; a run stays resumable");
const INTERRUPT: Binding = bind(&[ctrl('c')], Act::Interrupt, "", "leave; twice within 2 s always leaves");
const REDRAW: Binding = bind(&[ctrl('l')], Act::Redraw, "", "draw the screen anew");

const HOME: &[Binding] = &[
    bind(&[ENTER], Act::Open, "open", "open the chosen runbook, or resume the chosen run"),
    bind(&[ch('u')], Act::Resume, "resume", "resume the unfinished run"),
    bind(&[ch('d')], Act::Drill, "drill", "say how the chosen runbook is drilled"),
    bind(&[ch('J')], Act::DetailDown, "more", "scroll the detail of the chosen row"),
    bind(&[ch('K')], Act::DetailUp, "", "scroll the detail back"),
    bind(&[ch('/')], Act::Filter, "filter", "show only what contains a text; ! inverts"),
    bind(&[ch('r')], Act::Reload, "", "list again"),
    bind(&[ch('j'), DOWN], Act::Down, "", "next row"),
    bind(&[ch('k'), UP], Act::Up, "", "row before"),
    bind(&[ch('g'), named(KeyCode::Home)], Act::Top, "", "first row"),
    bind(&[ch('G'), named(KeyCode::End)], Act::Bottom, "", "last row"),
    bind(&[PAGE_DOWN, ctrl('f')], Act::PageDown, "", "a page down"),
    bind(&[PAGE_UP, ctrl('b')], Act::PageUp, "", "a page up"),
    bind(&[ch('y')], Act::CopyValue, "", "copy the name of the chosen row"),
    bind(&[ESC], Act::Back, "", "clear the filter"),
];

const FILTER: &[Binding] = &[
    bind(&[ENTER], Act::Submit, "keep", "keep the filter and go back to the list"),
    bind(&[ESC], Act::Back, "clear", "clear the filter"),
    bind(&[DOWN], Act::Down, "", "next row"),
    bind(&[UP], Act::Up, "", "row before"),
];

const FORM: &[Binding] = &[
    bind(&[TAB, DOWN, ENTER], Act::NextField, "next", "next parameter, after the last one the preflight"),
    bind(&[BACK_TAB, UP], Act::PreviousField, "", "parameter before"),
    bind(
        &[ctrl('n')],
        Act::NextChoice,
        "choice",
        "put the next offered value into the field; a list gets one more",
    ),
    bind(&[ctrl('r')], Act::Recheck, "check", "ask the preflight"),
    bind(&[PAGE_DOWN], Act::PageDown, "", "scroll the checks"),
    bind(&[PAGE_UP], Act::PageUp, "", "scroll the checks back"),
    bind(&[ESC], Act::Back, "back", "back to the list"),
];

const PREFLIGHT: &[Binding] = &[
    bind(
        &[ENTER],
        Act::Start,
        "start",
        "start the run: takes the lock and opens the journal, changes nothing yet; asks an old preflight again",
    ),
    bind(&[ch('r'), ctrl('r')], Act::Recheck, "re-check", "ask the preflight again"),
    bind(&[TAB, BACK_TAB], Act::PreviousField, "parameters", "back to the parameters"),
    bind(&[ch('b')], Act::Brief, "brief", "what is known of the incident of this drill"),
    bind(&[ch('j'), DOWN, PAGE_DOWN], Act::PageDown, "", "scroll the checks"),
    bind(&[ch('k'), UP, PAGE_UP], Act::PageUp, "", "scroll the checks back"),
    bind(&[ESC], Act::Back, "back", "back to the list"),
];

const RUN: &[Binding] = &[
    bind(&[ENTER], Act::Attend, "open", "open what the step wants: gate, prompt, checklist, unknown outcome"),
    bind(&[ch('R')], Act::Retry, "retry", "look at a held step afresh and try it again"),
    bind(&[ch('S')], Act::Skip, "skip", "skip the chosen step, with a reason"),
    bind(&[ch('A')], Act::Accept, "accept", "go on although a condition did not pass, with a reason"),
    bind(&[ch('X')], Act::Extend, "extend", "give a waiting step more time"),
    bind(&[ch('H')], Act::Hint, "hint", "the next hint of this drill for the step at hand; it is counted"),
    bind(&[ch('p')], Act::Pause, "pause", "stop the clock of this drill, or let it go on"),
    bind(
        &[ch('b')],
        Act::Brief,
        "brief",
        "the story of this drill, the environment to paste, the hints so far",
    ),
    bind(&[ch('D')], Act::Debrief, "debrief", "what this drill was worth"),
    bind(&[ch('m')], Act::Note, "note", "write a note into the journal"),
    bind(&[ch('j'), DOWN], Act::Down, "", "next step, or a line down"),
    bind(&[ch('k'), UP], Act::Up, "", "step before, or a line up"),
    bind(&[TAB], Act::NextPane, "pane", "next pane"),
    bind(&[BACK_TAB], Act::PreviousPane, "", "pane before"),
    bind(&[ch('1')], Act::Pane(0), "", "pane: steps"),
    bind(&[ch('2')], Act::Pane(1), "", "pane: the chosen step"),
    bind(&[ch('3')], Act::Pane(2), "", "pane: live readings"),
    bind(&[ch('4')], Act::Pane(3), "", "pane: journal"),
    bind(&[ch('5')], Act::Pane(4), "", "pane: captured values and answers"),
    bind(&[ch('z')], Act::Zoom, "", "the pane alone, or all of them again"),
    bind(&[ch('F')], Act::Follow, "", "choose the step that wants something"),
    bind(&[PAGE_DOWN, ctrl('f')], Act::PageDown, "", "a page down in the pane"),
    bind(&[PAGE_UP, ctrl('b')], Act::PageUp, "", "a page up in the pane"),
    bind(&[ch('g'), named(KeyCode::Home)], Act::Top, "", "first step, or top of the pane"),
    bind(&[ch('G'), named(KeyCode::End)], Act::Bottom, "", "last step, or bottom of the pane"),
    bind(&[ch('y')], Act::CopyValue, "", "copy the target of the chosen step's call"),
    bind(&[ch('Y')], Act::CopyCli, "", "copy the chosen step's call as an `aws` command line"),
    bind(&[], Act::RollBack, "", "undo back to a step, newest first, every call gated"),
    bind(&[], Act::Redo, "", "do an ended step again"),
    bind(&[], Act::GiveUp, "", "give up the chosen item, with a reason"),
    bind(&[], Act::Abort, "", "end the run here, with a reason; nothing is undone"),
    bind(&[ESC], Act::Back, "", "all panes again, then the step that wants something"),
];

const HELP: &[Binding] = &[
    bind(&[ESC, named(KeyCode::F(1))], Act::Back, "close", "close the help"),
    bind(&[PAGE_DOWN, DOWN], Act::PageDown, "more", "scroll"),
    bind(&[UP, PAGE_UP], Act::PageUp, "", "scroll back"),
];

const PALETTE: &[Binding] = &[
    bind(&[ENTER], Act::Submit, "do", "do the chosen command, if it is allowed"),
    bind(&[DOWN, ctrl('n')], Act::Down, "", "next command"),
    bind(&[UP, ctrl('p')], Act::Up, "", "command before"),
    bind(&[ESC], Act::Back, "close", "close the palette"),
];

const QUIT: &[Binding] = &[
    bind(&[ch('s'), ENTER], Act::Stay, "stay", "stay"),
    bind(&[ch('l')], Act::Leave, "leave", "leave; the run stays resumable"),
    bind(&[ESC], Act::Back, "stay", "stay"),
];

const BRIEF: &[Binding] = &[
    bind(&[ESC, ch('b'), ENTER], Act::Back, "close", "close the brief"),
    bind(&[ch('y')], Act::CopyValue, "copy environment", "copy the line for the shell of another terminal"),
    bind(&[ch('H')], Act::Hint, "hint", "the next hint for the step at hand; it is counted"),
    bind(&[ch('p')], Act::Pause, "pause", "stop the clock of this drill, or let it go on"),
    bind(&[PAGE_DOWN, DOWN], Act::PageDown, "more", "scroll"),
    bind(&[UP, PAGE_UP], Act::PageUp, "", "scroll back"),
];

const DEBRIEF: &[Binding] = &[
    bind(&[ESC, ch('D'), ENTER], Act::Back, "close", "close the debrief; it is printed when you leave, too"),
    bind(&[ch('q')], Act::Leave, "leave", "leave; the debrief stays on the terminal"),
    bind(&[PAGE_DOWN, DOWN], Act::PageDown, "more", "scroll"),
    bind(&[UP, PAGE_UP], Act::PageUp, "", "scroll back"),
];

const CARD: &[Binding] = &[
    bind(&[ch('y')], Act::Yes, "send", "send the calls that are shown"),
    bind(&[PAGE_DOWN, DOWN], Act::PageDown, "more", "scroll"),
    bind(&[UP, PAGE_UP], Act::PageUp, "", "scroll back"),
    bind(&[ESC], Act::Back, "cancel", "close; nothing is sent"),
];

const GATE: &[Binding] = &[
    bind(&[ENTER], Act::Submit, "send", "send the calls that are shown, once the phrase is complete"),
    bind(&[PAGE_DOWN, DOWN], Act::PageDown, "more", "scroll"),
    bind(&[UP, PAGE_UP], Act::PageUp, "", "scroll back"),
    bind(&[ctrl('y')], Act::CopyCli, "copy call", "copy the calls as `aws` command lines"),
    bind(&[ESC], Act::Back, "cancel", "close; nothing is sent"),
];

const DOUBT: &[Binding] = &[
    bind(
        &[ch('w')],
        Act::KeepWatching,
        "keep watching",
        "close; the readings go on and settle it if they can",
    ),
    bind(&[ch('e')], Act::SayHappened, "it happened", "say that it DID happen, by a typed phrase"),
    bind(&[ch('n')], Act::SayNot, "it did not", "say that it did NOT happen, by a typed phrase"),
    bind(&[ch('a')], Act::Leave, "stop here", "leave; nothing more is sent, the run stays resumable"),
    bind(&[PAGE_DOWN, DOWN], Act::PageDown, "", "scroll"),
    bind(&[UP, PAGE_UP], Act::PageUp, "", "scroll back"),
    bind(&[ESC], Act::Back, "", "close; the readings go on"),
];

const PROMPT: &[Binding] = &[
    bind(&[ENTER], Act::Submit, "answer", "answer with what is typed, else with the chosen row"),
    bind(&[DOWN], Act::Down, "", "next row"),
    bind(&[UP], Act::Up, "", "row before"),
    bind(&[PAGE_DOWN], Act::PageDown, "", "a page down"),
    bind(&[PAGE_UP], Act::PageUp, "", "a page up"),
    bind(&[ctrl('r')], Act::Reload, "read again", "ask for the rows again"),
    bind(&[ESC], Act::Back, "close", "close; nothing is answered"),
];

const CHECKLIST: &[Binding] = &[
    bind(&[ch(' ')], Act::Toggle, "tick", "tick or untick the line"),
    bind(&[ch('j'), DOWN, TAB, ENTER], Act::NextField, "next", "next line, at last the note"),
    bind(&[ch('k'), UP, BACK_TAB], Act::PreviousField, "", "line before"),
    bind(&[ch('r')], Act::Reload, "", "read what is shown again"),
    bind(&[PAGE_DOWN], Act::PageDown, "", "scroll"),
    bind(&[PAGE_UP], Act::PageUp, "", "scroll back"),
    bind(&[ESC], Act::Back, "close", "close; nothing is said"),
];

const LINE: &[Binding] = &[
    bind(&[ENTER], Act::Submit, "send", "next line, after the last one send"),
    bind(&[TAB, DOWN], Act::NextField, "", "next line"),
    bind(&[BACK_TAB, UP], Act::PreviousField, "", "line before"),
    bind(&[PAGE_DOWN], Act::PageDown, "", "scroll"),
    bind(&[PAGE_UP], Act::PageUp, "", "scroll back"),
    bind(&[ctrl('d')], Act::Refuse, "", "record that the second person refuses"),
    bind(&[ESC], Act::Back, "cancel", "close; nothing is sent"),
];

const TROUBLE: &[Binding] = &[
    bind(&[ESC, ENTER], Act::Back, "close", "close the message"),
    bind(&[PAGE_DOWN, DOWN], Act::PageDown, "", "scroll"),
    bind(&[UP, PAGE_UP], Act::PageUp, "", "scroll back"),
];
