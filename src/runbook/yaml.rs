//! YAML text to a tree.
//!
//! Strict on purpose: no anchors, aliases, tags or merge keys, one document, no key twice, YAML 1.2 core
//! schema, and words that YAML 1.1 reads otherwise must be quoted.

use std::collections::BTreeMap;
use std::ops::{ControlFlow, Range};

use serde_json::Value;
use serde_saphyr::granit_parser::{ErrorKind, Event, Options, Parser, ScalarStyle, ScanError, Span};

use super::finding::FindingKind;
use super::scalar;
use super::source::Source;
use super::tree::{Entry, Kind, Node, Raw, Style};

/// Deepest nesting of maps and lists.
const DEEPEST: usize = 32;

/// Parses `text`. No tree when the text cannot be read to its end.
pub(crate) fn parse(source: &Source<'_>) -> (Option<Node>, Vec<Raw>) {
    let text = source.text;
    let mut options = Options::default();
    options.set_emit_comments(false);
    options.emit_unresolved_aliases = true;
    options.disallow_directives = true;
    // Beyond our own limit, below the parser's recursion.
    options.flow_nesting_limit = 2 * DEEPEST;
    options.block_nesting_limit = 2 * DEEPEST;
    let mut build = Build { source, text, open: Vec::new(), root: None, documents: 0, findings: Vec::new() };
    for event in Parser::new_from_str_with_options(text, options) {
        match event {
            Ok((event, span)) => {
                if build.event(&event, &span).is_break() {
                    return (None, build.findings);
                }
            }
            Err(error) => {
                build.fail(&error);
                return (None, build.findings);
            }
        }
    }
    (build.root, build.findings)
}

/// The template without quotes on the line of `at`, if that is why the line is not YAML.
fn unquoted(text: &str, at: usize) -> Option<Range<usize>> {
    let line = text[..at].rfind('\n').map_or(0, |i| i + 1);
    let end = text[line..].find('\n').map_or(text.len(), |i| line + i);
    let open = text[line..end].find("{{").map(|i| line + i)?;
    let before = &text[line..open];
    let starts_a_value = [": ", "- ", "[", ", "].iter().any(|lead| before.ends_with(lead));
    (starts_a_value && !before.contains(['"', '\'', '#'])).then_some(open..end)
}

fn template(at: Range<usize>) -> Raw {
    Raw::new(FindingKind::UnquotedTemplate, at, "a template without quotes is a YAML map")
        .hint("quote templates: \"{{ … }}\"")
}

/// A collection that is still open.
struct Open {
    at: usize,
    kind: OpenKind,
}

enum OpenKind {
    List(Vec<Node>),
    Map {
        entries: Vec<Entry>,
        key: Option<(Option<String>, Range<usize>)>,
        seen: BTreeMap<String, usize>,
        bad: bool,
    },
}

struct Build<'t> {
    source: &'t Source<'t>,
    text: &'t str,
    open: Vec<Open>,
    root: Option<Node>,
    documents: usize,
    findings: Vec<Raw>,
}

impl Build<'_> {
    fn event(&mut self, event: &Event<'_>, span: &Span) -> ControlFlow<()> {
        let at = self.range(span);
        match event {
            Event::DocumentStart(..) => return self.document(at),
            Event::Alias(_) | Event::UnresolvedAlias(_) => self.alias(at),
            Event::Scalar(text, style, anchor, tag) => {
                let properties = (*anchor != 0, tag.is_some());
                self.scalar(text, *style, at, properties);
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.refuse_properties(&at, (*anchor != 0, tag.is_some()));
                return self.start(at.start, OpenKind::List(Vec::new()));
            }
            Event::MappingStart(_, anchor, tag) => {
                self.refuse_properties(&at, (*anchor != 0, tag.is_some()));
                return self.start(
                    at.start,
                    OpenKind::Map { entries: Vec::new(), key: None, seen: BTreeMap::new(), bad: false },
                );
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(at.end),
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn fail(&mut self, error: &ScanError) {
        let at = error.marker().byte_offset().unwrap_or(self.text.len()).min(self.text.len());
        if *error.kind() == ErrorKind::RecursionLimitExceeded {
            self.too_deep(at);
        } else if let Some(at) = unquoted(self.text, at) {
            let known = |raw: &Raw| raw.kind == FindingKind::UnquotedTemplate && at.contains(&raw.at.start);
            if !self.findings.iter().any(known) {
                self.findings.push(template(at));
            }
        } else {
            let message = format!("this is not valid YAML: {}", error.kind());
            self.findings.push(Raw::new(FindingKind::Syntax, at..at, message));
        }
    }

    fn too_deep(&mut self, at: usize) {
        let message = format!("values are nested deeper than {DEEPEST} levels");
        self.findings.push(Raw::new(FindingKind::TooDeep, at..at, message));
    }

    fn range(&self, span: &Span) -> Range<usize> {
        let range = span.byte_range().unwrap_or_default();
        range.start.min(self.text.len())..range.end.min(self.text.len())
    }

    fn document(&mut self, at: Range<usize>) -> ControlFlow<()> {
        self.documents += 1;
        if self.documents == 1 {
            return ControlFlow::Continue(());
        }
        let message = "a runbook file holds one YAML document";
        self.findings.push(Raw::new(FindingKind::SeveralDocuments, at, message));
        ControlFlow::Break(())
    }

    fn alias(&mut self, at: Range<usize>) {
        let message = "anchors and aliases are not part of the format";
        self.findings.push(Raw::new(FindingKind::Alias, at.clone(), message));
        self.place(Node { at, kind: Kind::Bad, style: Style::Plain });
    }

    fn refuse_properties(&mut self, at: &Range<usize>, (anchor, tag): (bool, bool)) {
        if anchor {
            let message = "anchors and aliases are not part of the format";
            self.findings.push(Raw::new(FindingKind::Alias, self.property(at.start, '&'), message));
        }
        if tag {
            let message = "tags are not part of the format";
            self.findings.push(Raw::new(FindingKind::Tag, self.property(at.start, '!'), message));
        }
    }

    /// The property that stands before the content at `start`: spans begin at the content.
    fn property(&self, start: usize, sign: char) -> Range<usize> {
        let before = &self.text[..start];
        let from = before.rfind(sign).unwrap_or(start);
        let len = self.text[from..].find(char::is_whitespace).unwrap_or(1);
        from..from + len
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, at: Range<usize>, properties: (bool, bool)) {
        self.refuse_properties(&at, properties);
        let style = match style {
            ScalarStyle::Plain => Style::Plain,
            ScalarStyle::SingleQuoted => Style::Single,
            ScalarStyle::DoubleQuoted => Style::Double,
            ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
        };
        let kind = match style {
            _ if properties.1 => Kind::Bad,
            Style::Plain => self.plain(text, &at),
            _ => Kind::Scalar(Value::String(text.to_owned())),
        };
        self.place(Node { at, kind, style });
    }

    fn plain(&mut self, text: &str, at: &Range<usize>) -> Kind {
        if let Some(why) = scalar::ambiguous(text) {
            let message = format!("`{text}` without quotes is {why}");
            let raw = Raw::new(FindingKind::AmbiguousScalar, at.clone(), message);
            self.findings.push(raw.hint(format!("quote it: \"{text}\"")));
            return Kind::Bad;
        }
        Kind::Scalar(scalar::resolve(text))
    }

    fn start(&mut self, at: usize, kind: OpenKind) -> ControlFlow<()> {
        if self.open.len() == DEEPEST {
            self.too_deep(at);
            return ControlFlow::Break(());
        }
        self.open.push(Open { at, kind });
        ControlFlow::Continue(())
    }

    fn end(&mut self, end: usize) {
        let Some(open) = self.open.pop() else { return };
        let kind = match open.kind {
            OpenKind::List(nodes) => Kind::List(nodes),
            OpenKind::Map { bad: true, .. } => Kind::Bad,
            OpenKind::Map { entries, .. } => Kind::Map(entries),
        };
        // A block collection ends where the next token starts; its text ends earlier.
        let text = self.text.get(open.at..end).unwrap_or_default();
        let at = open.at..open.at + text.trim_end().len();
        self.place(Node { at, kind, style: Style::Plain });
    }

    /// Puts a finished node where it belongs: into the list, as key or value of the map, or as the root.
    fn place(&mut self, node: Node) {
        match self.open.last_mut().map(|open| &mut open.kind) {
            None => self.root = Some(node),
            Some(OpenKind::List(nodes)) => nodes.push(node),
            Some(OpenKind::Map { entries, key, seen, bad }) => match key.take() {
                Some((Some(key), key_at)) => entries.push(Entry { key, key_at, value: node }),
                Some((None, _)) => {}
                None => {
                    let first = node.text().and_then(|name| seen.get(name)).copied();
                    let (accepted, finding) = accept_key(self.source, &node, first);
                    // A refused key makes its value vanish; a template makes the whole map a refused value.
                    *bad |= finding.as_ref().is_some_and(|f| f.kind == FindingKind::UnquotedTemplate);
                    if let Some(name) = &accepted {
                        seen.insert(name.clone(), node.at.start);
                    }
                    *key = Some((accepted, node.at));
                    self.findings.extend(finding);
                }
            },
        }
    }
}

/// The text of a key, or what is wrong with it.
fn accept_key(source: &Source<'_>, node: &Node, first: Option<usize>) -> (Option<String>, Option<Raw>) {
    let text = source.text;
    if node.is_bad() {
        return (None, None);
    }
    let at = node.at.clone();
    let Some(key) = node.text() else {
        let unquoted = at.start > 0 && text[..at.start].ends_with('{') && text[at.start..].starts_with('{');
        let raw = if unquoted {
            template(at.start - 1..at.end)
        } else {
            Raw::new(FindingKind::KeyNotText, at, format!("a key must be a text, this is {}", node.word()))
                .hint("quote the key")
        };
        return (None, Some(raw));
    };
    if key == "<<" && node.style == Style::Plain {
        let message = "merge keys are not part of the format";
        return (None, Some(Raw::new(FindingKind::MergeKey, at, message)));
    }
    if let Some(first) = first {
        let (line, _) = source.place(first);
        let message = format!("`{key}` stands twice in this map");
        let raw = Raw::new(FindingKind::DuplicateKey, at, message);
        return (None, Some(raw.hint(format!("the first one is on line {line}"))));
    }
    (Some(key.to_owned()), None)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn kinds(text: &str) -> Vec<FindingKind> {
        parse(&Source::new("x", text)).1.into_iter().map(|raw| raw.kind).collect()
    }

    #[test]
    fn every_key_and_value_knows_its_bytes() {
        let text = "a:\n  - x: 'it''s'\n    z: [1, two]\nb: |\n  one\n  two\nc: {d: \"e\"}\n";
        let (root, findings) = parse(&Source::new("x", text));
        assert!(findings.is_empty(), "{findings:?}");
        let root = root.unwrap();
        let row = &root.get("a").unwrap().list()[0];
        assert_eq!(&text[row.get("x").unwrap().at.clone()], "'it''s'");
        assert_eq!(&text[row.entry("z").unwrap().key_at.clone()], "z");
        assert_eq!(&text[row.get("z").unwrap().at.clone()], "[1, two]");
        assert_eq!(&text[root.get("b").unwrap().at.clone()], "one\n  two\n");
        assert_eq!(
            root.json(),
            json!({"a": [{"x": "it's", "z": [1, "two"]}], "b": "one\ntwo\n", "c": {"d": "e"}})
        );
    }

    #[test]
    fn an_offset_in_a_text_is_found_in_its_source() {
        let text = concat!(
            "plain: abc def\nsingle: 'it''s x'\ndouble: \"a\\n\\\"b\\u00e9 c\"\n",
            "folded: >-\n  first line\n  second &&\n\n  third\nmulti: one\n  two three\n",
        );
        let root = parse(&Source::new("x", text)).0.unwrap();
        let place = |key: &str, word: &str| {
            let node = root.get(key).unwrap();
            let offset = node.text().unwrap().find(word).unwrap();
            &text[node.locate(text, offset)..][..1]
        };
        assert_eq!(place("plain", "def"), "d");
        assert_eq!(place("single", "x"), "x");
        assert_eq!(place("double", "\"b"), "\\");
        assert_eq!(place("double", " c"), "c");
        assert_eq!(place("folded", "second"), "s");
        assert_eq!(place("folded", "third"), "t");
        assert_eq!(place("multi", "three"), "t");
        let folded = root.get("folded").unwrap();
        let second = folded.locate(text, folded.text().unwrap().find("&&").unwrap());
        assert_eq!(text[..second].matches('\n').count() + 1, 6);
    }

    #[test]
    fn what_yaml_can_and_the_format_does_not_is_refused() {
        use FindingKind::*;
        assert_eq!(kinds("a: &x 1\nb: *x\n"), [Alias, Alias]);
        assert_eq!(kinds("a: *x\n"), [Alias]);
        assert_eq!(kinds("a: !!str 1\nb: !mine {}\n"), [Tag, Tag]);
        assert_eq!(kinds("a: {b: 1}\nc:\n  <<: {d: 1}\n"), [MergeKey]);
        assert_eq!(kinds("a: 1\nb: 2\na: 3\n"), [DuplicateKey]);
        assert_eq!(kinds("1: a\n[x]: b\n"), [KeyNotText, KeyNotText]);
        assert_eq!(kinds("--- 1\n--- 2\n"), [SeveralDocuments]);
        assert_eq!(kinds("a: yes\nb: [12:30]\n"), [AmbiguousScalar, AmbiguousScalar]);
        assert_eq!(kinds("a: 'x\n"), [Syntax]);
        assert_eq!(kinds(&"[".repeat(100_000)), [TooDeep]);
        assert_eq!(kinds(&"- ".repeat(100_000)), [TooDeep]);
    }

    #[test]
    fn a_template_without_quotes_says_so() {
        use FindingKind::UnquotedTemplate;
        for text in [
            "a: {{ b }}\n",
            "a: {{ b.c }}\nd: 1\n",
            "a: {{ b }}-c\n",
            "a: {{ b[0].c }}\n",
            "a:\n  - {{ b }}\n",
            "a: [{{ b }}]\n",
            "a: {{ length(b) }}\n",
        ] {
            assert_eq!(kinds(text), [UnquotedTemplate], "{text}");
        }
        assert_eq!(kinds("a: {b: {c: 1}}\n"), []);
    }
}
