//! Untrusted strings and the one way to show them.
//!
//! Names, messages and tags come from AWS, from runbooks and from journals. Whatever is drawn, logged or
//! reported goes through [`clean`] (or [`clean_lines`] for prose) and through nothing else. Sources of the
//! attack: CWE-150, CVE-2021-25743. Nothing here decides what is shown, only how.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Longest text that is shown in one piece, in characters; the rest is counted, not shown.
pub const LONGEST: usize = 4096;

/// Makes `text` safe for one line of a terminal, log or report.
///
/// Control, bidi, invisible and tag characters become `\u{..}`, more than four combining marks in a row
/// are cut, and a text longer than [`LONGEST`] characters ends in a count of what is left out.
pub fn clean(text: &str) -> Cow<'_, str> {
    if text.len() <= LONGEST && text.bytes().all(|b| (0x20..0x7f).contains(&b)) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(cleaned(text, false, LONGEST))
}

/// Like [`clean`] for text of several lines: keeps line breaks, turns tabs into two spaces.
pub fn clean_lines(text: &str) -> String {
    cleaned(text, true, LONGEST)
}

/// Like [`clean`], but whole: a command line that is cut short could be pasted and would do something else.
pub fn clean_whole(text: &str) -> String {
    cleaned(text, false, usize::MAX)
}

/// Like [`clean_lines`], but whole: for what a person confirms and for pages that can be scrolled.
pub fn clean_whole_lines(text: &str) -> String {
    cleaned(text, true, usize::MAX)
}

/// A value as a person writes it: a text without quotes, anything else as JSON. Not cleaned.
pub fn written(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn cleaned(text: &str, lines: bool, longest: usize) -> String {
    let mut out = String::with_capacity(text.len());
    let mut marks = 0;
    for (n, c) in text.chars().enumerate() {
        if n == longest {
            write!(out, "… (+{} characters)", text.chars().count() - n).ok();
            break;
        }
        marks = if combining(c) { marks + 1 } else { 0 };
        match c {
            '\n' if lines => out.push(c),
            '\t' if lines => out.push_str("  "),
            _ if marks > 4 => {}
            c if hostile(c) => {
                write!(out, "\\u{{{:x}}}", u32::from(c)).ok();
            }
            c => out.push(c),
        }
    }
    out
}

fn hostile(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{fe00}'..='\u{fe0f}'
            | '\u{e0000}'..='\u{e0fff}' | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}')
}

fn combining(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{591}'..='\u{5bd}' | '\u{610}'..='\u{61a}'
        | '\u{64b}'..='\u{65f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
        | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

/// Whether a name shows exactly what it is: printable ASCII. Anything else is shown escaped beside a phrase.
pub fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| (0x20..0x7f).contains(&b))
}

/// Cuts a cleaned text to `width` terminal cells, ending in `…` when something is left out.
pub fn fit(text: &str, width: usize) -> String {
    use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};
    if text.width() <= width {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 0;
    for c in text.chars() {
        let w = c.width().unwrap_or(0);
        if used + w + 1 > width {
            break;
        }
        used += w;
        out.push(c);
    }
    if width > 0 {
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_and_bidi_never_reach_the_terminal() {
        assert_eq!(clean("a\u{1b}[31mb"), "a\\u{1b}[31mb");
        assert_eq!(clean("x\u{202e}y\u{200b}z\u{e0041}"), "x\\u{202e}y\\u{200b}z\\u{e0041}");
        assert_eq!(clean("two\nlines\r"), "two\\u{a}lines\\u{d}");
        assert_eq!(clean_lines("two\nlines\t!"), "two\nlines  !");
    }

    #[test]
    fn plain_text_is_borrowed_and_good_unicode_is_kept() {
        assert!(matches!(clean("orders-prod"), Cow::Borrowed(_)));
        assert_eq!(clean("Größe 日本"), "Größe 日本");
        assert_eq!(clean(&format!("e{}", "\u{301}".repeat(50))).chars().count(), 5);
    }

    #[test]
    fn an_endless_text_is_cut_and_counted() {
        let long = "é".repeat(LONGEST + 7);
        assert!(clean(&long).ends_with("… (+7 characters)"));
        assert!(clean_lines(&long).ends_with("… (+7 characters)"));
    }

    #[test]
    fn what_must_be_whole_is_cleaned_and_never_cut() {
        let long = format!("{}\u{1b}\n.", "é".repeat(2 * LONGEST));
        assert_eq!(clean_whole(&long), long.replace('\u{1b}', "\\u{1b}").replace('\n', "\\u{a}"));
        assert_eq!(clean_whole_lines(&long), long.replace('\u{1b}', "\\u{1b}"));
    }

    #[test]
    fn fitting_counts_cells() {
        assert_eq!(fit("abcdef", 4), "abc…");
        assert_eq!(fit("日本語", 5), "日本…");
        assert_eq!(fit("abc", 3), "abc");
    }
}
