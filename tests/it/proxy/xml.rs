//! A small XML tree: enough to read an answer of the query protocol, change it and write it again.

use std::fmt;

/// One element: its children, or its text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Xml {
    pub name: String,
    /// Attributes as they stand, `xmlns="…"`; empty for most.
    attributes: String,
    pub text: String,
    pub children: Vec<Xml>,
}

impl Xml {
    /// An element with text.
    pub fn leaf(name: &str, text: &str) -> Xml {
        Xml { name: name.to_owned(), text: text.to_owned(), ..Xml::default() }
    }

    /// An element with children; without any it is written as an empty element.
    pub fn node(name: &str, children: Vec<Xml>) -> Xml {
        Xml { name: name.to_owned(), children, ..Xml::default() }
    }

    /// The root element of a document.
    pub fn parse(text: &str) -> Option<Xml> {
        let start = if text.starts_with("<?") { text.find("?>")? + 2 } else { 0 };
        Some(element(text[start..].trim_start())?.0)
    }

    pub fn child(&self, name: &str) -> Option<&Xml> {
        self.children.iter().find(|child| child.name == name)
    }

    pub fn child_mut(&mut self, name: &str) -> Option<&mut Xml> {
        self.children.iter_mut().find(|child| child.name == name)
    }

    /// Text at a path of names: `Endpoint/Address`.
    pub fn at(&self, path: &str) -> Option<&str> {
        path.split('/').try_fold(self, |node, name| node.child(name)).map(|node| node.text.as_str())
    }

    /// First element of this name anywhere below.
    pub fn find(&self, name: &str) -> Option<&Xml> {
        self.children.iter().find_map(|child| if child.name == name { Some(child) } else { child.find(name) })
    }

    /// The same, to change it.
    pub fn find_mut(&mut self, name: &str) -> Option<&mut Xml> {
        self.children
            .iter_mut()
            .find_map(|child| if child.name == name { Some(child) } else { child.find_mut(name) })
    }

    /// Puts a child in the place of the one of the same name, or at the end.
    pub fn put(&mut self, child: Xml) {
        match self.child_mut(&child.name) {
            Some(old) => *old = child,
            None => self.children.push(child),
        }
    }

    pub fn remove(&mut self, name: &str) {
        self.children.retain(|child| child.name != name);
    }
}

/// The element as it goes over the wire.
impl fmt::Display for Xml {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let space = if self.attributes.is_empty() { "" } else { " " };
        let head = format!("{}{space}{}", self.name, self.attributes);
        if self.children.is_empty() && self.text.is_empty() {
            return write!(f, "<{head}/>");
        }
        write!(f, "<{head}>{}", escaped(&self.text))?;
        self.children.iter().try_for_each(|child| write!(f, "{child}"))?;
        write!(f, "</{}>", self.name)
    }
}

/// The element at the start of `text`, and what follows it.
fn element(text: &str) -> Option<(Xml, &str)> {
    let head_end = text.find('>')?;
    let head = text.strip_prefix('<')?.get(..head_end - 1)?;
    let (head, is_empty) = head.strip_suffix('/').map_or((head, false), |head| (head, true));
    let (name, attributes) = head.split_once(' ').unwrap_or((head, ""));
    let mut xml = Xml { name: name.to_owned(), attributes: attributes.trim().to_owned(), ..Xml::default() };
    let mut rest = &text[head_end + 1..];
    if is_empty {
        return Some((xml, rest));
    }
    let mut inner = String::new();
    loop {
        let at = rest.find('<')?;
        inner.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(end) = rest.strip_prefix("</") {
            if xml.children.is_empty() {
                xml.text = unescaped(&inner);
            }
            return Some((xml, &end[end.find('>')? + 1..]));
        }
        let (child, after) = element(rest)?;
        xml.children.push(child);
        rest = after;
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&amp;", "&")
}

#[test]
fn a_tree_is_written_as_it_was_read() {
    let text = r#"<A xmlns="u"><B>x &amp; y</B><C/><D><E>1</E><E>2</E></D></A>"#;
    let tree = Xml::parse(text).unwrap();
    assert_eq!(tree.at("B"), Some("x & y"));
    assert_eq!(tree.find("E").unwrap().text, "1");
    assert_eq!(tree.to_string(), text);
    assert_eq!(Xml::parse("<A><B></A>"), None);
}
