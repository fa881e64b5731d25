//! The key map as data: context → key → [`Act`], with the words from which footer, help and palette are made.
//!
//! Nothing is dispatched that does not stand in these tables, and nothing in them executes by itself: the acts
//! that change anything lead to a form that wants a phrase or a reason.

mod allowed;
mod tables;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::model::{Layer, Model, Screen};

pub use allowed::allowed;
pub(super) use allowed::{has_phrase, item};

/// Where keys go.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Context {
    Home,
    Filter,
    /// A parameter has the keys.
    Form,
    Preflight,
    Run,
    Help,
    Palette,
    Quit,
    /// The brief of a drill.
    Brief,
    /// What a drill was worth.
    Debrief,
    /// A gate that one key confirms.
    Card,
    Gate,
    Doubt,
    Prompt,
    Checklist,
    /// A line of text in a form.
    Line,
    Trouble,
}

impl Context {
    pub const ALL: [Context; 17] = [
        Context::Home,
        Context::Filter,
        Context::Form,
        Context::Preflight,
        Context::Run,
        Context::Help,
        Context::Palette,
        Context::Quit,
        Context::Brief,
        Context::Debrief,
        Context::Card,
        Context::Gate,
        Context::Doubt,
        Context::Prompt,
        Context::Checklist,
        Context::Line,
        Context::Trouble,
    ];

    /// Where keys go now.
    pub fn of(model: &Model) -> Context {
        match model.layers.last() {
            Some(layer) => Context::of_layer(layer),
            None => Context::of_screen(model),
        }
    }

    /// Where keys of the screen below all layers go.
    pub fn of_screen(model: &Model) -> Context {
        match &model.screen {
            Screen::Home if model.home.filtering => Context::Filter,
            Screen::Home => Context::Home,
            Screen::Start(start) if start.focus < start.fields.len() => Context::Form,
            Screen::Start(_) => Context::Preflight,
            Screen::Run(_) => Context::Run,
        }
    }

    /// Where keys went when the layer at `index` was the uppermost.
    pub fn of_layer_at(layers: &[Layer], index: usize) -> Context {
        layers.get(index).map_or(Context::Run, Context::of_layer)
    }

    fn of_layer(layer: &Layer) -> Context {
        match layer {
            Layer::Help { .. } => Context::Help,
            Layer::Palette { .. } => Context::Palette,
            Layer::Quit => Context::Quit,
            Layer::Brief { .. } => Context::Brief,
            Layer::Debrief { .. } => Context::Debrief,
            Layer::Gate(form) if form.one_key() => Context::Card,
            Layer::Gate(_) => Context::Gate,
            Layer::Doubt(_) => Context::Doubt,
            Layer::Prompt(_) => Context::Prompt,
            Layer::Manual(form) if form.focus < form.ticked.len() => Context::Checklist,
            Layer::Manual(_) | Layer::Approve(_) | Layer::Ask(_) => Context::Line,
            Layer::Trouble(_) => Context::Trouble,
        }
    }

    /// Whether keys that are not bound are typed text.
    pub fn takes_text(self) -> bool {
        match self {
            Context::Filter
            | Context::Form
            | Context::Help
            | Context::Palette
            | Context::Gate
            | Context::Prompt
            | Context::Line => true,
            Context::Home
            | Context::Preflight
            | Context::Run
            | Context::Quit
            | Context::Brief
            | Context::Debrief
            | Context::Card
            | Context::Doubt
            | Context::Checklist
            | Context::Trouble => false,
        }
    }

    /// The heading in the help.
    pub fn title(self) -> &'static str {
        match self {
            Context::Home => "List of runbooks and runs",
            Context::Filter => "Filter",
            Context::Form => "Parameters",
            Context::Preflight => "Preflight",
            Context::Run => "Run",
            Context::Help => "Help",
            Context::Palette => "Palette",
            Context::Quit => "Leaving",
            Context::Brief => "Brief of a drill",
            Context::Debrief => "Debrief of a drill",
            Context::Card => "Gate, one key",
            Context::Gate => "Gate",
            Context::Doubt => "Unknown outcome",
            Context::Prompt => "Prompt",
            Context::Checklist => "Checklist",
            Context::Line => "Form",
            Context::Trouble => "Trouble",
        }
    }
}

/// What a key means.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Act {
    Help,
    Palette,
    Quit,
    Interrupt,
    Back,
    Redraw,
    Up,
    Down,
    PageUp,
    PageDown,
    Top,
    Bottom,
    NextPane,
    PreviousPane,
    Pane(usize),
    Zoom,
    Open,
    Resume,
    Filter,
    DetailDown,
    DetailUp,
    Reload,
    NextField,
    PreviousField,
    /// Puts the next offered value into the field.
    NextChoice,
    Recheck,
    Start,
    /// Opens what the chosen step wants.
    Attend,
    Follow,
    Retry,
    Skip,
    Accept,
    Extend,
    GiveUp,
    Redo,
    RollBack,
    Note,
    Abort,
    CopyValue,
    CopyCli,
    /// The one key of a T1 gate.
    Yes,
    /// Enter in a form: send, if it may be sent.
    Submit,
    Toggle,
    Refuse,
    KeepWatching,
    SayHappened,
    SayNot,
    Stay,
    Leave,
    /// What the operator of a drill is told.
    Brief,
    /// The next hint of a drill.
    Hint,
    /// Stops the clock of a drill, or lets it go on.
    Pause,
    /// What a drill was worth.
    Debrief,
    /// Says how the chosen runbook is drilled.
    Drill,
}

/// A key as the tables write it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Key {
    pub code: KeyCode,
    pub control: bool,
}

/// A letter or another character.
pub(super) const fn ch(c: char) -> Key {
    Key { code: KeyCode::Char(c), control: false }
}

/// A character with Ctrl.
pub(super) const fn ctrl(c: char) -> Key {
    Key { code: KeyCode::Char(c), control: true }
}

/// A key with a name.
pub(super) const fn named(code: KeyCode) -> Key {
    Key { code, control: false }
}

impl Key {
    /// Shift is part of the character that arrives; for named keys it is not looked at.
    fn is(self, event: KeyEvent) -> bool {
        let control = event.modifiers.contains(KeyModifiers::CONTROL);
        let alt = event.modifiers.intersects(KeyModifiers::ALT | KeyModifiers::SUPER | KeyModifiers::META);
        self.code == event.code && self.control == control && !alt
    }

    pub fn label(self) -> String {
        let name = match self.code {
            KeyCode::Char(' ') => "Space".to_owned(),
            KeyCode::Char(c) => c.to_string(),
            KeyCode::BackTab => "Shift-Tab".to_owned(),
            KeyCode::PageUp => "PgUp".to_owned(),
            KeyCode::PageDown => "PgDn".to_owned(),
            KeyCode::F(n) => format!("F{n}"),
            other => other.to_string(),
        };
        if self.control { format!("Ctrl-{}", name.to_uppercase()) } else { name }
    }
}

/// One line of the key map.
#[derive(Clone, Copy, Debug)]
pub struct Binding {
    /// Empty for what only the palette offers.
    pub keys: &'static [Key],
    pub act: Act,
    /// The word in the footer; empty when it is not shown there.
    pub brief: &'static str,
    /// What it does, for help and palette.
    pub help: &'static str,
}

/// The bindings of one context, most important first.
pub fn bindings(context: Context) -> impl Iterator<Item = &'static Binding> {
    tables::of(context).iter().chain(tables::common(context))
}

/// What a key means in a context.
pub fn find(context: Context, event: KeyEvent) -> Option<Act> {
    bindings(context).find(|b| b.keys.iter().any(|k| k.is(event))).map(|b| b.act)
}

/// The name of an act in the palette.
pub fn name(act: Act) -> String {
    match act {
        Act::Pane(n) => format!("pane-{}", n + 1),
        Act::RollBack => "roll-back".into(),
        Act::GiveUp => "give-up".into(),
        Act::CopyCli => "copy-cli".into(),
        other => {
            let camel = format!("{other:?}");
            camel.chars().enumerate().fold(String::new(), |mut out, (i, c)| {
                if i > 0 && c.is_uppercase() {
                    out.push('-');
                }
                out.extend(c.to_lowercase());
                out
            })
        }
    }
}

/// What the palette lists: the acts of the screen, filtered, each with why it is not allowed now.
pub fn palette(model: &Model, filter: &str) -> Vec<(&'static Binding, Option<String>)> {
    let mut seen = Vec::new();
    let screen = match Context::of_screen(model) {
        Context::Filter => Context::Home,
        Context::Form => Context::Preflight,
        other => other,
    };
    let listed = bindings(screen).filter(|b| !moves(b.act));
    let matching = listed.filter(|b| fuzzy(&format!("{} {}", name(b.act), b.help), filter));
    for binding in matching {
        if !seen.iter().any(|(b, _): &(&Binding, _)| b.act == binding.act) {
            seen.push((binding, allowed(model, binding.act).err()));
        }
    }
    seen.sort_by_key(|(b, why)| (!name(b.act).starts_with(filter), why.is_some()));
    seen
}

/// What is not worth a line in the palette.
fn moves(act: Act) -> bool {
    matches!(
        act,
        Act::Up
            | Act::Down
            | Act::PageUp
            | Act::PageDown
            | Act::Top
            | Act::Bottom
            | Act::DetailDown
            | Act::DetailUp
            | Act::Palette
            | Act::Interrupt
            | Act::Back
    )
}

/// Whether the characters of `wanted` stand in `text` in this order.
fn fuzzy(text: &str, wanted: &str) -> bool {
    let mut rest = text.chars().flat_map(char::to_lowercase);
    wanted.chars().flat_map(char::to_lowercase).filter(|c| *c != ' ').all(|c| rest.any(|t| t == c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_means_two_things_in_one_context() {
        for context in Context::ALL {
            let mut seen: Vec<Key> = Vec::new();
            for key in bindings(context).flat_map(|b| b.keys) {
                assert!(!seen.contains(key), "{context:?}: {} twice", key.label());
                seen.push(*key);
            }
        }
    }

    #[test]
    fn every_context_can_be_left_and_explains_itself() {
        for context in Context::ALL {
            let acts: Vec<Act> = bindings(context).map(|b| b.act).collect();
            assert!(acts.contains(&Act::Interrupt), "{context:?}");
            assert!(acts.contains(&Act::Help) || context == Context::Help, "{context:?}");
            assert!(acts.contains(&Act::Back), "{context:?}");
        }
    }

    #[test]
    fn text_contexts_bind_no_character() {
        for context in Context::ALL.into_iter().filter(|c| c.takes_text()) {
            for key in bindings(context).flat_map(|b| b.keys) {
                assert!(key.control || !matches!(key.code, KeyCode::Char(_)), "{context:?} {}", key.label());
            }
        }
    }

    #[test]
    fn nothing_that_moves_executes() {
        use KeyCode::{BackTab, Down, End, Home, Left, PageDown, PageUp, Right, Tab, Up};
        let moves = [BackTab, Down, End, Home, Left, PageDown, PageUp, Right, Tab, Up].map(named);
        let quiet = |act: Act| {
            matches!(act, Act::Up | Act::Down | Act::PageUp | Act::PageDown | Act::Top | Act::Bottom)
                || matches!(act, Act::NextPane | Act::PreviousPane | Act::NextField | Act::PreviousField)
                || act == Act::NextChoice
        };
        for context in Context::ALL {
            for binding in bindings(context) {
                if binding.keys.iter().any(|k| moves.contains(k) || [ch('j'), ch('k')].contains(k)) {
                    assert!(quiet(binding.act), "{context:?} {:?}", binding.act);
                }
            }
        }
    }

    #[test]
    fn the_palette_matches_fuzzily() {
        assert!(fuzzy("roll-back", "rlbk") && !fuzzy("abort", "tb"));
    }
}
