//! Expressions and templates of the file: parsed, checked in their scope, with findings at their place.

use std::collections::BTreeSet;
use std::ops::Range;

use serde_json::Value;

use super::super::finding::FindingKind;
use super::super::tree::{Kind, Node, Raw};
use super::Loader;
use super::scope::Here;
use crate::expr::{Checked, Expr, ExprError, ExprFinding, Root, Template, Tree, Type};

/// What an expression is evaluated on.
#[derive(Clone, Copy)]
pub(super) enum View<'a> {
    /// The run.
    Run,
    /// One answer, or one row of it.
    Answer(&'a Type),
}

/// A checked expression, and which reads it looks at.
pub(super) struct Judged {
    pub expr: Expr,
    pub ty: Type,
    pub lists: Vec<ListOf>,
    /// Reads named anywhere in it.
    pub reads: BTreeSet<String>,
}

/// A list whose number of rows decides what a condition means.
#[derive(Clone, Debug)]
pub(super) struct ListOf {
    /// Name of the read; [`INLINE`] for the answer itself.
    pub read: String,
    /// The member that holds the list, where the read gives the whole answer.
    pub member: Option<String>,
    /// Counted or walked, not only one row of it looked at.
    pub counted: bool,
    /// Whether the condition can be true when the list is empty.
    pub vacuous: bool,
    pub at: Range<usize>,
}

impl ListOf {
    /// Whether somebody has to say how many rows there must be. Rows of a member cannot be stated, so there
    /// only what is true of nothing counts.
    pub fn needs_rows(&self) -> bool {
        self.vacuous || self.counted && self.member.is_none()
    }

    /// The list as an expression writes it.
    pub fn written(&self) -> String {
        let member = self.member.as_deref();
        match (self.read.as_str(), member) {
            (INLINE, None) => "@".to_owned(),
            (INLINE, Some(member)) => member.to_owned(),
            (read, None) => format!("reads.{read}"),
            (read, Some(member)) => format!("reads.{read}.{member}"),
        }
    }
}

/// What `rows` calls the read that is written beside a condition.
pub(super) const INLINE: &str = "read";

impl Loader<'_> {
    /// Bytes of the file that show `span` of a scalar's text.
    pub(super) fn range(&self, node: &Node, span: &Range<usize>) -> Range<usize> {
        let start = node.locate(self.source.text, span.start);
        let end = node.locate(self.source.text, span.end.max(span.start + 1) - 1);
        let last = self.source.text.get(end..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        start..(end + last).max(start)
    }

    /// A run expression.
    pub(super) fn run(&mut self, node: &Node, here: &Here) -> Option<Judged> {
        self.expression(node, View::Run, here)
    }

    /// An expression on `view`. `None` when it is no expression.
    pub(super) fn expression(&mut self, node: &Node, view: View<'_>, here: &Here) -> Option<Judged> {
        let mut expr = match Expr::parse(node.text()?) {
            Ok(expr) => expr,
            Err(error) => {
                self.say_syntax(node, &error);
                return None;
            }
        };
        let roots: Vec<Root> = match view {
            View::Run => expr.roots().iter().chain(expr.slot_roots()).cloned().collect(),
            View::Answer(_) => expr.slot_roots().cloned().collect(),
        };
        let scope = self.scope(&roots.iter().collect::<Vec<_>>(), here, node);
        let on = match view {
            View::Run => &scope,
            View::Answer(answer) => answer,
        };
        let checked = expr.check(on, &scope);
        self.say_checked(node, &checked.findings);
        let lists = self.lists(node, &expr, &checked, view);
        Some(Judged { expr, ty: checked.result, lists, reads: self.reads_of(&roots) })
    }

    /// The lists that an expression looks at by itself.
    fn lists(&self, node: &Node, expr: &Expr, checked: &Checked, view: View<'_>) -> Vec<ListOf> {
        let mut lists = Vec::new();
        for list in &checked.lists {
            let read = match (list.root.strip_prefix("reads."), view) {
                (Some(read), _) => read,
                (None, View::Answer(_)) => INLINE,
                (None, View::Run) => continue,
            };
            lists.push(ListOf {
                read: read.to_owned(),
                member: list.member.clone(),
                counted: list.counted,
                vacuous: self.is_vacuous(expr, read, view),
                at: self.range(node, &list.span),
            });
        }
        lists
    }

    /// Whether an expression can be true when a list is empty.
    fn is_vacuous(&self, expr: &Expr, read: &str, view: View<'_>) -> bool {
        let root = if read == INLINE { "@".to_owned() } else { format!("reads.{read}") };
        let on_run = matches!(view, View::Run);
        expr.can_hold_without(&root, |name| {
            let condition = self.conditions.get(name).filter(|_| on_run);
            condition.is_some_and(|c| c.lists.iter().any(|list| list.read == read && !list.vacuous))
        })
    }

    /// The lists of the named conditions that an expression uses.
    fn inherited_lists(&self, node: &Node, expr: &Expr) -> Vec<ListOf> {
        let used = expr.roots().iter().filter(|root| root.path.len() == 1);
        let named = used.filter_map(|root| Some((self.conditions.get(root.path[0].as_str())?, root)));
        let lists = named.flat_map(|(condition, root)| condition.lists.iter().map(move |list| (list, root)));
        let inherit = |(list, root): (&ListOf, &Root)| ListOf {
            vacuous: self.is_vacuous(expr, &list.read, View::Run),
            at: self.range(node, &root.span),
            ..list.clone()
        };
        lists.map(inherit).collect()
    }

    /// Says if a condition, where no rows can be stated, is true of an empty list.
    pub(super) fn say_vacuous(&mut self, judged: &Judged) {
        let mut said = BTreeSet::new();
        for list in judged.lists.iter().filter(|list| list.vacuous) {
            let written = list.written();
            if said.insert(written.clone()) {
                let name = if written == "@" { "the answer".to_owned() } else { format!("`{written}`") };
                let message = format!("this can be true when {name} has no rows");
                let hint = format!(
                    "say how many it needs: length({written}) > `0` && …, or length({written}) == `0` alone"
                );
                self.say(Raw::new(FindingKind::RowsMissing, list.at.clone(), message).hint(hint));
            }
        }
    }

    /// The reads among some roots, those of the named conditions included.
    pub(super) fn reads_of(&self, roots: &[Root]) -> BTreeSet<String> {
        let mut reads = BTreeSet::new();
        for root in roots {
            match root.path.as_slice() {
                [first, name] if first == "reads" => {
                    reads.insert(name.clone());
                }
                [name, ..] => {
                    reads
                        .extend(self.conditions.get(name.as_str()).into_iter().flat_map(|c| c.reads.clone()));
                }
                [] => {}
            }
        }
        reads
    }

    /// A condition: an expression that is true or false.
    pub(super) fn condition(&mut self, node: &Node, view: View<'_>, here: &Here) -> Option<Judged> {
        let mut judged = self.expression(node, view, here)?;
        if !matches!(*judged.ty.plain(), Type::Any | Type::Boolean) {
            let message = format!("a condition is true or false, this is {}", judged.ty);
            let raw = Raw::new(FindingKind::NotACondition, self.whole(node), message);
            self.say(raw.hint("compare it with something: ==, !=, <, contains(…)"));
        }
        if matches!(view, View::Run) {
            let inherited = self.inherited_lists(node, &judged.expr);
            judged.lists.extend(inherited);
        }
        Some(judged)
    }

    /// The bytes of a scalar's first line.
    pub(super) fn whole(&self, node: &Node) -> Range<usize> {
        match node.text() {
            Some(text) if !text.is_empty() => self.range(node, &(0..text.len())),
            _ => node.at.clone(),
        }
    }

    /// Text with templates.
    pub(super) fn template(&mut self, node: &Node, here: &Here) -> Template {
        self.typed_template(node, here).0
    }

    /// Text with templates, and the type of what it comes to.
    pub(super) fn typed_template(&mut self, node: &Node, here: &Here) -> (Template, Type) {
        let mut template = match Template::parse(node.text().unwrap_or_default()) {
            Ok(template) => template,
            Err(error) => {
                self.say_syntax(node, &error);
                return (blank(), Type::Any);
            }
        };
        if template.is_plain() {
            return (template, Type::Text);
        }
        let roots: Vec<Root> =
            template.exprs().flat_map(|e| e.roots().iter().chain(e.slot_roots())).cloned().collect();
        let scope = self.scope(&roots.iter().collect::<Vec<_>>(), here, node);
        let checked = template.check(&scope);
        self.say_checked(node, &checked.findings);
        (template, checked.result)
    }

    /// A value in which texts may hold templates.
    pub(super) fn tree(&mut self, node: &Node, here: &Here) -> Tree {
        match &node.kind {
            Kind::Scalar(Value::String(_)) => self.text_tree(node, here).0,
            Kind::List(nodes) => fold_list(nodes.iter().map(|node| self.tree(node, here)).collect()),
            Kind::Map(entries) => {
                fold_map(entries.iter().map(|e| (e.key.clone(), self.tree(&e.value, here))).collect())
            }
            Kind::Scalar(_) | Kind::Bad => Tree::Plain(node.json()),
        }
    }

    /// One text of a tree, and the type of what it comes to.
    pub(super) fn text_tree(&mut self, node: &Node, here: &Here) -> (Tree, Type) {
        let (template, ty) = self.typed_template(node, here);
        if template.is_plain() { (Tree::Plain(node.json()), ty) } else { (Tree::Text(template), ty) }
    }

    fn say_syntax(&mut self, node: &Node, error: &ExprError) {
        let at = self.range(node, &error.span);
        self.say(
            Raw::new(FindingKind::ExpressionSyntax, at, error.message.clone()).maybe(error.hint.clone()),
        );
    }

    fn say_checked(&mut self, node: &Node, findings: &[ExprFinding]) {
        for finding in findings {
            let at = self.range(node, &finding.span);
            let raw = Raw::new(FindingKind::ExpressionType, at, finding.message.clone());
            self.say(raw.maybe(finding.hint.clone()));
        }
    }
}

/// A list of plain values is a plain value.
pub(super) fn fold_list(items: Vec<Tree>) -> Tree {
    let plain = |tree: &Tree| match tree {
        Tree::Plain(value) => Some(value.clone()),
        Tree::Text(_) | Tree::List(_) | Tree::Map(_) => None,
    };
    match items.iter().map(plain).collect::<Option<Vec<_>>>() {
        Some(values) => Tree::Plain(Value::Array(values)),
        None => Tree::List(items),
    }
}

/// A map of plain values is a plain value.
pub(super) fn fold_map(entries: Vec<(String, Tree)>) -> Tree {
    let plain = |(key, tree): &(String, Tree)| match tree {
        Tree::Plain(value) => Some((key.clone(), value.clone())),
        Tree::Text(_) | Tree::List(_) | Tree::Map(_) => None,
    };
    match entries.iter().map(plain).collect::<Option<serde_json::Map<_, _>>>() {
        Some(values) => Tree::Plain(Value::Object(values)),
        None => Tree::Map(entries),
    }
}

/// Stands for an expression that was refused; a runbook with findings is never handed out.
pub(super) fn nothing() -> Expr {
    Expr::parse("`null`").expect("a literal parses")
}

/// Stands for a template that was refused.
pub(super) fn blank() -> Template {
    Template::parse("").expect("the empty text is a template")
}
