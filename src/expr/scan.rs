//! The scanner: counts tokens and levels before the recursive parser sees the text, and finds templates.
//!
//! Positions are byte offsets into the whole text, also inside a template. Nothing here knows what an
//! expression means.

use std::ops::Range;

use super::{ExprError, MAX_LEVELS, MAX_TOKENS};

const CUT: &str = "a template ends at the first }}: write closing braces apart, as in } }";

/// What a token is, as far as anyone after the scanner asks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// A name without quotes.
    Name,
    /// A name in double quotes.
    Quoted,
    /// Text in single quotes.
    Raw,
    /// JSON in backticks.
    Json,
    Number,
    /// A `{{ template }}`; counts the templates of the expression from 0.
    Slot(usize),
    Open,
    Close,
    /// `[]`, which opens nothing.
    Flatten,
    Comma,
    Other,
}

#[derive(Clone, PartialEq, Debug)]
pub(super) struct Token {
    pub kind: Kind,
    pub span: Range<usize>,
}

/// A scanned expression: its tokens in order, and where the insides of its templates lie.
pub(super) struct Scan {
    pub tokens: Vec<Token>,
    pub slots: Vec<Range<usize>>,
}

/// One open bracket, and how deep the parser will nest inside it beside the bracket itself.
#[derive(Default)]
struct Scope {
    opener: &'static str,
    at: usize,
    /// Prefixes, projections and comparisons since the last operator that ends them.
    nested: usize,
    /// `&` takes everything up to the next comma, so only a comma ends it.
    references: usize,
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
    end: usize,
    scan: Scan,
    scopes: Vec<Scope>,
    levels: usize,
}

/// Scans `text[range]`, which is one expression.
pub(super) fn scan(text: &str, range: Range<usize>) -> Result<Scan, ExprError> {
    let mut scanner = Scanner {
        text,
        at: range.start,
        end: range.end,
        scan: Scan { tokens: Vec::new(), slots: Vec::new() },
        scopes: vec![Scope::default()],
        levels: 0,
    };
    while let Some(c) = scanner.rest().chars().next() {
        scanner.token(c)?;
    }
    match scanner.scopes.pop() {
        Some(open) if !scanner.scopes.is_empty() => {
            let span = open.at..open.at + open.opener.len();
            let error = ExprError::new(span, format!("this `{}` is never closed", open.opener));
            let cut = open.opener == "{" && text[scanner.end..].starts_with("}}");
            Err(if cut { error.hint(CUT) } else { error })
        }
        _ => Ok(scanner.scan),
    }
}

impl Scanner<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..self.end]
    }

    fn token(&mut self, c: char) -> Result<(), ExprError> {
        match c {
            ' ' | '\n' | '\t' | '\r' => {
                self.at += 1;
                Ok(())
            }
            'a'..='z' | 'A'..='Z' | '_' => self.word(Kind::Name),
            '0'..='9' | '-' => self.word(Kind::Number),
            '\'' | '"' | '`' => self.quote(c),
            '{' if self.rest().starts_with("{{") => self.slot(),
            '(' | '[' | '{' => self.open(c),
            ')' | ']' | '}' => self.close(c),
            _ => self.operator(c),
        }
    }

    fn push(&mut self, kind: Kind, len: usize) -> Result<(), ExprError> {
        if self.scan.tokens.len() == MAX_TOKENS {
            return Err(ExprError::new(
                self.at..self.at + len,
                format!("the expression has more than {MAX_TOKENS} tokens"),
            )
            .hint("split it: give a part a name under `conditions`, or use an output"));
        }
        self.scan.tokens.push(Token { kind, span: self.at..self.at + len });
        self.at += len;
        Ok(())
    }

    fn word(&mut self, kind: Kind) -> Result<(), ExprError> {
        let inside = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
        let digits = |b: &u8| b.is_ascii_digit();
        let rest = &self.rest().as_bytes()[1..];
        let more = match kind {
            Kind::Number => rest.iter().take_while(|b| digits(b)).count(),
            _ => rest.iter().take_while(|b| inside(b)).count(),
        };
        self.push(kind, 1 + more)
    }

    fn quote(&mut self, mark: char) -> Result<(), ExprError> {
        let Some(len) = quoted_len(self.rest()) else {
            return Err(ExprError::new(self.at..self.end, format!("this {mark} is never closed")));
        };
        if let Some(inside) = self.rest()[..len].find("{{") {
            return Err(quoted_template(self.text, self.at, self.at + inside, self.end));
        }
        self.push(
            match mark {
                '\'' => Kind::Raw,
                '"' => Kind::Quoted,
                _ => Kind::Json,
            },
            len,
        )
    }

    fn slot(&mut self) -> Result<(), ExprError> {
        let inner = template(self.text, self.at, self.end)?;
        let len = inner.end + 2 - self.at;
        self.scan.slots.push(inner);
        self.push(Kind::Slot(self.scan.slots.len() - 1), len)
    }

    fn open(&mut self, c: char) -> Result<(), ExprError> {
        let opener = match c {
            '(' => "(",
            '{' => "{",
            _ if self.rest().starts_with("[]") => {
                self.deeper(1)?;
                return self.push(Kind::Flatten, 2);
            }
            _ if self.rest().starts_with("[?") => "[?",
            _ => "[",
        };
        if opener == "[?" {
            self.deeper(1)?;
        }
        self.scopes.push(Scope { opener, at: self.at, ..Scope::default() });
        self.level(1)?;
        self.push(Kind::Open, opener.len())
    }

    fn close(&mut self, c: char) -> Result<(), ExprError> {
        let span = self.at..self.at + 1;
        let closed = match c {
            ')' => "(",
            '}' => "{",
            _ => "[",
        };
        match self.scopes.last() {
            Some(scope) if scope.opener.starts_with(closed) && self.scopes.len() > 1 => {}
            _ => {
                let error = ExprError::new(span, format!("this `{c}` closes nothing"));
                let cut = c == '}' && !self.scan.slots.is_empty();
                return Err(if cut { error.hint(CUT) } else { error });
            }
        }
        if let Some(scope) = self.scopes.pop() {
            self.levels -= 1 + scope.nested + scope.references;
            // `[*]` and slices are projections: what follows nests in the parser.
            if scope.opener == "[" {
                self.deeper(1)?;
            }
        }
        self.push(Kind::Close, 1)
    }

    fn operator(&mut self, c: char) -> Result<(), ExprError> {
        let rest = self.rest();
        let two = ["||", "&&", "==", "!=", "<=", ">="].iter().any(|o| rest.starts_with(o));
        match (c, two) {
            ('|', _) | ('&', true) => self.ends(false),
            (',', _) => self.ends(true),
            ('&', false) => {
                self.scopes.last_mut().into_iter().for_each(|s| s.references += 1);
                self.level(1)?;
            }
            ('!' | '<' | '>' | '*' | '=', _) => self.deeper(1)?,
            ('.' | '@' | ':', _) => {}
            _ => {
                let span = self.at..self.at + c.len_utf8();
                let shown = crate::text::clean(c.encode_utf8(&mut [0; 4])).into_owned();
                return Err(ExprError::new(span, format!("`{shown}` has no meaning in an expression")));
            }
        }
        if c == '=' && !two {
            return Err(ExprError::new(self.at..self.at + 1, "`=` has no meaning in an expression")
                .hint("equality is written =="));
        }
        self.push(if c == ',' { Kind::Comma } else { Kind::Other }, if two { 2 } else { 1 })
    }

    /// An operator that binds weaker than what came before ends the nesting it caused.
    fn ends(&mut self, comma: bool) {
        if let Some(scope) = self.scopes.last_mut() {
            self.levels -= std::mem::take(&mut scope.nested);
            if comma {
                self.levels -= std::mem::take(&mut scope.references);
            }
        }
    }

    fn deeper(&mut self, by: usize) -> Result<(), ExprError> {
        self.scopes.last_mut().into_iter().for_each(|s| s.nested += by);
        self.level(by)
    }

    fn level(&mut self, by: usize) -> Result<(), ExprError> {
        self.levels += by;
        if self.levels > MAX_LEVELS {
            let span = self.at..self.at + self.rest().chars().next().map_or(0, char::len_utf8);
            return Err(ExprError::new(
                span,
                format!("the expression is nested deeper than {MAX_LEVELS} levels"),
            ));
        }
        Ok(())
    }
}

/// Length of the quoted token at the start of `text`, both marks included. A backslash hides what follows it.
fn quoted_len(text: &str) -> Option<usize> {
    let mut chars = text.char_indices();
    let (_, mark) = chars.next()?;
    while let Some((i, c)) = chars.next() {
        if c == '\\' {
            chars.next();
        } else if c == mark {
            return Some(i + 1);
        }
    }
    None
}

/// The inside of the template that opens at `start`: up to the first `}}` outside quotes.
pub(super) fn template(text: &str, start: usize, limit: usize) -> Result<Range<usize>, ExprError> {
    let inside = start + 2;
    let mut at = inside;
    while at < limit {
        let rest = &text[at..limit];
        if rest.starts_with("}}") {
            return whole_template(text, inside..at);
        }
        let Some(c) = rest.chars().next() else { break };
        at += match c {
            '\'' | '"' | '`' => quoted_len(rest).ok_or_else(|| {
                ExprError::new(at..limit, format!("this {c} is never closed inside the template"))
            })?,
            _ => c.len_utf8(),
        };
    }
    Err(ExprError::new(start..inside.min(limit), "this template is never closed")
        .hint("a template ends with }}"))
}

fn whole_template(text: &str, inner: Range<usize>) -> Result<Range<usize>, ExprError> {
    let body = &text[inner.clone()];
    if let Some(i) = body.find("{{") {
        let at = inner.start + i;
        return Err(ExprError::new(at..at + 2, "a template holds no template")
            .hint("inside {{ }} a name is written as it is"));
    }
    if body.trim().is_empty() {
        return Err(ExprError::new(inner.start - 2..inner.end + 2, "this template is empty"));
    }
    Ok(inner)
}

/// The error for a template at `at` inside the quotes that open at `quote`, with the right spelling.
fn quoted_template(text: &str, quote: usize, at: usize, limit: usize) -> ExprError {
    let end = template(text, at, limit).map_or(at + 2, |inner| inner.end + 2);
    let hint = respelled(text, quote, limit)
        .unwrap_or_else(|| "take the quotes away: name == {{ parameters.name }}".to_owned());
    ExprError::new(at..end, "a template inside quotes is not filled in").hint(hint)
}

/// `'a-{{ x }}'` as it has to be written: `join('', ['a-', {{ x }}])`, or just `{{ x }}`.
fn respelled(text: &str, quote: usize, limit: usize) -> Option<String> {
    let mark = text[quote..].chars().next()?;
    let (mut pieces, mut at, mut plain) = (Vec::new(), quote + mark.len_utf8(), String::new());
    loop {
        let rest = &text[at..limit];
        let c = rest.chars().next()?;
        if rest.starts_with("{{") {
            let end = template(text, at, limit).ok()?.end + 2;
            pieces.extend(piece(&std::mem::take(&mut plain)));
            pieces.push(text[at..end].to_owned());
            at = end;
        } else if c == mark {
            break;
        } else {
            plain.push(c);
            at += c.len_utf8();
        }
    }
    pieces.extend(piece(&plain));
    match pieces.as_slice() {
        [one] => Some(format!("write {one} without quotes around it")),
        _ => Some(format!("write join('', [{}])", pieces.join(", "))),
    }
}

fn piece(plain: &str) -> Option<String> {
    let plain = plain.trim_matches('"');
    (!plain.is_empty()).then(|| format!("'{plain}'"))
}

/// The text with every template replaced by a literal of the same length, so that offsets stay true.
pub(super) fn masked(text: &str, range: Range<usize>, slots: &[Range<usize>]) -> String {
    let mut out = String::with_capacity(range.len());
    let mut at = range.start;
    for slot in slots {
        out.push_str(&text[at..slot.start - 2]);
        out.push_str("`0`");
        out.extend(std::iter::repeat_n(' ', slot.len() + 4 - 3));
        at = slot.end + 2;
    }
    out.push_str(&text[at..range.end]);
    out
}
