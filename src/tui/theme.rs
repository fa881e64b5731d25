//! Colours by meaning. State is a word everywhere; colour only repeats it.

use ratatui::style::{Color, Modifier, Style};
use ratatui::symbols::border;

/// What a piece of the screen means.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Role {
    Plain,
    Ok,
    Warn,
    Crit,
    Stale,
    Muted,
    /// The frame of the pane with the keys.
    Focus,
    /// The chosen row. Always with `>` in front.
    Chosen,
    Title,
    /// Labels: WHY, CALL, WHERE.
    Label,
    /// A key in the footer.
    Key,
    /// The mode that can change something.
    Execute,
    ReadOnly,
}

impl Role {
    pub const ALL: [Role; 13] = [
        Role::Plain,
        Role::Ok,
        Role::Warn,
        Role::Crit,
        Role::Stale,
        Role::Muted,
        Role::Focus,
        Role::Chosen,
        Role::Title,
        Role::Label,
        Role::Key,
        Role::Execute,
        Role::ReadOnly,
    ];
}

/// How roles look on this terminal.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Theme {
    /// Modifiers only: `NO_COLOR`, `--color never`, `TERM=dumb`.
    pub mono: bool,
    /// Borders of `+`, `-` and `|`.
    pub ascii: bool,
}

impl Theme {
    /// The 16 colours of the terminal's own palette, or none.
    pub fn style(self, role: Role) -> Style {
        if self.mono { mono(role) } else { colour(role) }
    }

    pub fn border(self, focused: bool) -> border::Set<'static> {
        match (self.ascii, focused) {
            (true, true) => ASCII_FOCUS,
            (true, false) => ASCII,
            (false, true) => border::THICK,
            (false, false) => border::PLAIN,
        }
    }

    /// Cuts a cleaned text to `width` cells.
    pub fn fit(self, text: &str, width: usize) -> String {
        let cut = crate::text::fit(text, width);
        if self.ascii { cut.replace('…', "~") } else { cut }
    }
}

fn colour(role: Role) -> Style {
    let plain = Style::new();
    match role {
        Role::Plain => plain,
        Role::Ok => plain.fg(Color::Green),
        Role::Warn => plain.fg(Color::Yellow),
        Role::Crit => plain.fg(Color::Red).add_modifier(Modifier::BOLD),
        Role::Stale => plain.fg(Color::Magenta),
        Role::Muted => plain.fg(Color::DarkGray),
        Role::Chosen => plain.add_modifier(Modifier::REVERSED),
        Role::Title => plain.add_modifier(Modifier::BOLD),
        Role::Focus | Role::Label => plain.fg(Color::Cyan),
        Role::Key => plain.fg(Color::Cyan).add_modifier(Modifier::BOLD),
        Role::Execute => plain.fg(Color::Red).add_modifier(Modifier::BOLD | Modifier::REVERSED),
        Role::ReadOnly => plain.fg(Color::Green).add_modifier(Modifier::BOLD),
    }
}

fn mono(role: Role) -> Style {
    let plain = Style::new();
    match role {
        Role::Plain | Role::Ok | Role::Label => plain,
        Role::Muted => plain.add_modifier(Modifier::DIM),
        Role::Warn | Role::Stale => plain.add_modifier(Modifier::UNDERLINED),
        Role::Crit | Role::Title | Role::Key | Role::Focus | Role::ReadOnly => {
            plain.add_modifier(Modifier::BOLD)
        }
        Role::Chosen => plain.add_modifier(Modifier::REVERSED),
        Role::Execute => plain.add_modifier(Modifier::BOLD | Modifier::REVERSED),
    }
}

const ASCII: border::Set = border::Set {
    top_left: "+",
    top_right: "+",
    bottom_left: "+",
    bottom_right: "+",
    vertical_left: "|",
    vertical_right: "|",
    horizontal_top: "-",
    horizontal_bottom: "-",
};

const ASCII_FOCUS: border::Set = border::Set {
    top_left: "#",
    top_right: "#",
    bottom_left: "#",
    bottom_right: "#",
    vertical_left: "#",
    vertical_right: "#",
    horizontal_top: "#",
    horizontal_bottom: "#",
};

/// The role of a state word, wherever it stands.
pub fn of_word(word: &str) -> Role {
    match word {
        "OK" | "READY" => Role::Ok,
        "FAILED" | "FAIL" | "TIMED" | "UNKN" | "ERR" | "NOACC" | "CREDS" | "BAD" | "BROKEN" | "CRIT" => {
            Role::Crit
        }
        "GATE" | "ASK" | "HOLD" | "WARN" | "SENT" => Role::Warn,
        "STALE" | "SLOW" | "UNSUP" => Role::Stale,
        "RUN" | "WAIT" => Role::Title,
        "SKIP" | "TODO" | "CANCEL" | "UNDONE" => Role::Muted,
        _ => Role::Plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_colour_no_role_has_a_colour_and_the_loud_ones_stand_out() {
        let mono = Theme { mono: true, ascii: false };
        for role in Role::ALL {
            let style = mono.style(role);
            assert_eq!((style.fg, style.bg), (None, None), "{role:?}");
        }
        for role in [Role::Warn, Role::Crit, Role::Stale, Role::Chosen, Role::Execute, Role::Focus] {
            assert_ne!(mono.style(role), mono.style(Role::Plain), "{role:?}");
        }
    }

    #[test]
    fn no_role_sets_a_background() {
        for role in Role::ALL {
            assert_eq!(Theme::default().style(role).bg, None, "{role:?}");
        }
    }
}
