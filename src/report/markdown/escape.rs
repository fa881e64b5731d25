//! Text that cannot become markup: escaped prose, code spans and fences of sufficient length.

/// Prose in which no character means anything. For one line, also inside a table.
pub(super) fn prose(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut before = None;
    for (i, c) in text.char_indices() {
        let special = matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '~' | '&' | '$');
        // Only at the start of a line do these open a heading, a list or a rule.
        let opens = before.is_none() && matches!(c, '#' | '+' | '-' | '=');
        let numbered = i > 0 && text[..i].bytes().all(|b| b.is_ascii_digit());
        let list = matches!(c, '.' | ')') && numbered && !text[i + 1..].starts_with(|c: char| c != ' ');
        // Some renderers make links of bare addresses.
        let link = c == ':' && text[i..].starts_with("://") || c == '.' && text[..i].ends_with("www");
        let mail = c == '@' && before.is_some_and(char::is_alphanumeric);
        if special || opens || list || link || mail {
            out.push('\\');
        }
        out.push(c);
        before = Some(c);
    }
    out
}

/// A code span that its content cannot close. For one line, also inside a table.
pub(super) fn code(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let ticks = "`".repeat(longest_run(text) + 1);
    let pad = if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) { " " } else { "" };
    // In a table the bar ends a cell even inside a code span, unless it is escaped.
    format!("{ticks}{pad}{}{pad}{ticks}", text.replace('|', "\\|"))
}

/// A fenced block that its content cannot close.
pub(super) fn fence(language: &str, text: &str) -> String {
    let ticks = "`".repeat((longest_run(text) + 1).max(3));
    format!("{ticks}{language}\n{text}\n{ticks}\n")
}

fn longest_run(text: &str) -> usize {
    let (mut longest, mut run) = (0, 0);
    for c in text.chars() {
        run = if c == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_is_never_markup() {
        assert_eq!(prose("a*b_c <b> [x](y) | `c`"), "a\\*b\\_c \\<b\\> \\[x\\](y) \\| \\`c\\`");
        assert_eq!(prose("# title"), "\\# title");
        assert_eq!(prose("12. not a list"), "12\\. not a list");
        assert_eq!(prose("see http://x and www.y, mail a@b"), "see http\\://x and www\\.y, mail a\\@b");
        assert_eq!(prose("1.2.0 of 2026-03-01 at 10.0.0.1"), "1.2.0 of 2026-03-01 at 10.0.0.1");
    }

    #[test]
    fn a_code_span_or_fence_cannot_be_closed_from_inside() {
        assert_eq!(code("a``b"), "```a``b```");
        assert_eq!(code("`a"), "`` `a ``");
        assert_eq!(code("a|b"), "`a\\|b`");
        assert_eq!(fence("sh", "x\n```\ny"), "````sh\nx\n```\ny\n````\n");
    }
}
