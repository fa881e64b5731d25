//! A reader for the XML of AWS query answers: elements and text, no attributes, no DTD, bounded depth.

/// One element.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Node {
    pub name: String,
    pub text: String,
    pub children: Vec<Node>,
}

impl Node {
    pub fn child(&self, name: &str) -> Option<&Node> {
        self.children.iter().find(|c| c.name == name)
    }
}

/// Why a text is not XML we read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("byte {at}: {what}")]
pub struct XmlError {
    pub at: usize,
    pub what: &'static str,
}

/// Deepest nesting; RDS needs about ten.
const DEEPEST: usize = 64;

/// Reads a document to its root element.
pub(super) fn parse(text: &str) -> Result<Node, XmlError> {
    let mut reader = Reader { text, at: 0, open: vec![Node::default()] };
    while reader.step()? {}
    let wrong = |what| XmlError { at: text.len(), what };
    if reader.open.len() > 1 {
        return Err(wrong("an element is not closed"));
    }
    let mut top = reader.open.pop().unwrap_or_default();
    match (top.children.pop(), top.children.is_empty(), top.text.trim().is_empty()) {
        (Some(root), true, true) => Ok(root),
        _ => Err(wrong("a document has one root element")),
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    open: Vec<Node>,
}

impl<'a> Reader<'a> {
    /// Reads one piece of text or markup; false at the end.
    fn step(&mut self) -> Result<bool, XmlError> {
        let rest = &self.text[self.at..];
        if rest.is_empty() {
            return Ok(false);
        }
        let Some(rest) = rest.strip_prefix('<') else {
            let end = rest.find('<').unwrap_or(rest.len());
            self.characters(&rest[..end])?;
            self.at += end;
            return Ok(true);
        };
        match rest.as_bytes().first() {
            Some(b'?') => self.take("?>").map(|_| ())?,
            Some(b'!') if rest.starts_with("!--") => self.take("-->").map(|_| ())?,
            Some(b'!') if rest.starts_with("![CDATA[") => {
                let data = self.take("]]>")?;
                self.top().text += data.trim_start_matches("<![CDATA[");
            }
            Some(b'!') => return Err(self.wrong("a document type is not read")),
            Some(b'/') => self.close()?,
            _ => self.element()?,
        }
        Ok(true)
    }

    /// The markup up to and without `end`, from its `<`.
    fn take(&mut self, end: &'static str) -> Result<&'a str, XmlError> {
        let rest = &self.text[self.at..];
        let length = rest.find(end).ok_or_else(|| self.wrong("markup is cut off"))?;
        self.at += length + end.len();
        Ok(&rest[..length])
    }

    fn element(&mut self) -> Result<(), XmlError> {
        let at = self.at;
        let tag = self.take(">")?;
        let (inner, empty) = tag[1..].strip_suffix('/').map_or((&tag[1..], false), |inner| (inner, true));
        let name = inner.split_whitespace().next().unwrap_or_default();
        if name.is_empty() || self.open.len() > DEEPEST {
            return Err(XmlError { at, what: "an element without a name, or too deep" });
        }
        // A prefix says nothing here: AWS has one namespace per answer.
        let name = name.rsplit(':').next().unwrap_or(name).to_owned();
        let node = Node { name, ..Node::default() };
        if empty {
            self.top().children.push(node);
        } else {
            self.open.push(node);
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), XmlError> {
        let at = self.at;
        let name = self.take(">")?[2..].trim();
        let node = self.open.pop().unwrap_or_default();
        if self.open.is_empty() || node.name != name.rsplit(':').next().unwrap_or(name) {
            return Err(XmlError { at, what: "an element is closed that is not open" });
        }
        self.top().children.push(node);
        Ok(())
    }

    fn characters(&mut self, raw: &str) -> Result<(), XmlError> {
        let mut rest = raw;
        while let Some((before, after)) = rest.split_once('&') {
            let (entity, after) = after.split_once(';').ok_or_else(|| self.wrong("an entity is cut off"))?;
            let c = character(entity).ok_or_else(|| self.wrong("an entity that is not known"))?;
            self.top().text += before;
            self.top().text.push(c);
            rest = after;
        }
        self.top().text += rest;
        Ok(())
    }

    fn top(&mut self) -> &mut Node {
        self.open.last_mut().expect("the document itself stays open")
    }

    fn wrong(&self, what: &'static str) -> XmlError {
        XmlError { at: self.at, what }
    }
}

fn character(entity: &str) -> Option<char> {
    match entity {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = entity.strip_prefix('#')?;
            let hex = number.strip_prefix(['x', 'X']).map(|hex| u32::from_str_radix(hex, 16));
            char::from_u32(hex.unwrap_or_else(|| number.parse()).ok()?)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_text_entities_and_cdata_are_read() {
        let text = "<?xml version='1.0'?>\n<!-- < --><a:R xmlns:a=\"x\"><E/><T x='1'>1 &lt; &#50;&#x33; &amp;amp;\
                    <![CDATA[<&]]></T><E></E></a:R>\n";
        let root = parse(text).unwrap();
        assert_eq!(root.name, "R");
        assert_eq!(root.child("T").unwrap().text, "1 < 23 &amp;<&");
        assert_eq!(root.children.iter().filter(|c| c.name == "E").count(), 2);
    }

    #[test]
    fn broken_and_hostile_documents_are_refused() {
        let deep = "<a>".repeat(100_000);
        for text in [
            "",
            "text",
            "<a>",
            "<a></b>",
            "</a>",
            "<a/><b/>",
            "<a>&x;</a>",
            "<a>&lt</a>",
            "<a",
            "<>x</>",
            "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
            "<a><![CDATA[</a>",
            "<a>&#1114112;</a>",
            &deep,
        ] {
            assert!(parse(text).is_err(), "{text:.40}");
        }
    }
}
