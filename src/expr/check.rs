//! The static check: every path against the shape of the answer it reads, before anything is read.
//!
//! Besides findings it yields the type of the result and the lists a condition counts or walks, and it writes
//! into the tree what absent members read as. Arguments of functions are checked in `check_call`, pairs of types in `compare`.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::ast::{Field, Kind, Missing, Node, Order};
use super::compare::impossible;
use super::proven::{disproves, proven, proves};
use super::types::Type;
use super::{Expr, near};
use crate::catalogue;

/// Something in an expression that cannot be meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExprFinding {
    /// Where, in bytes of the text that was parsed.
    pub span: Range<usize>,
    pub message: String,
    pub hint: Option<String>,
}

/// A list of a reading that an expression looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListUse {
    /// `reads.NAME`, or `@` for the answer itself.
    pub root: String,
    /// The member that holds the list, where the reading is the whole answer and not the list.
    pub member: Option<String>,
    /// Counted, filtered or walked: true of an empty list by itself. Else one row is taken by its place.
    pub counted: bool,
    pub span: Range<usize>,
}

/// What the check learned.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Checked {
    pub result: Type,
    pub findings: Vec<ExprFinding>,
    pub lists: Vec<ListUse>,
}

/// Checks an expression on a value of type `root`; its templates see `scope`.
pub(super) fn expression(expr: &mut Expr, root: &Type, scope: &Type) -> Checked {
    let mut all = Checked::default();
    let mut slots = Vec::with_capacity(expr.slots.len());
    for slot in &mut expr.slots {
        let checked = expression(slot, scope, scope);
        slots.push(checked.result);
        all.findings.extend(checked.findings);
        all.lists.extend(checked.lists);
    }
    let mut checker =
        Checker { slots, out: all, proven: BTreeSet::new(), guarded: None, earlier: BTreeSet::new() };
    proven(&expr.node, &mut checker.proven);
    let on_run = std::ptr::eq(root, scope) || root == scope;
    expr.on_list = (!on_run).then(|| root.is_list());
    let place = if on_run { Place::Scope } else { Place::Reading { root: "@".to_owned(), member: None } };
    let root = Known { ty: root.clone(), place, there: on_run };
    let omits = expr.omits;
    let known = checker.node(&mut expr.node, &root, if omits { Leaf::Bare } else { Leaf::Filled });
    let mut all = checker.out;
    all.result = if omits { known.ty.optional() } else { known.ty }.settled();
    all.findings.sort_by_key(|f| (f.span.start, f.span.end));
    all.lists.sort_by_key(|l| l.span.start);
    all
}

/// Where a value comes from, as far as it matters for counting rows.
#[derive(Clone, PartialEq)]
enum Place {
    /// The run.
    Scope,
    Reads,
    /// What a read gives, or a member of it when that is a whole answer.
    Reading {
        root: String,
        member: Option<String>,
    },
    Elsewhere,
}

/// What is known about the current value.
#[derive(Clone)]
pub(super) struct Known {
    pub ty: Type,
    place: Place,
    /// Surely not null.
    there: bool,
}

impl Known {
    pub fn of(ty: Type) -> Known {
        Known { ty, place: Place::Elsewhere, there: false }
    }

    /// The list of a reading that this is: its root, and the member that holds it.
    fn list_of_reading(&self) -> Option<(&String, &Option<String>)> {
        let Place::Reading { root, member } = &self.place else { return None };
        let named = root != "@" && member.is_none();
        (self.ty.is_list() || named && self.ty.is_any()).then_some((root, member))
    }
}

/// Whether a member at the end of an operand reads as empty when absent, or has to be seen as null.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Leaf {
    Filled,
    Bare,
}

pub(super) struct Checker {
    slots: Vec<Type>,
    pub out: Checked,
    /// Members that some filter of the expression proves to be there.
    pub proven: BTreeSet<String>,
    /// Inside a filter: the members that are there where the walk stands.
    pub guarded: Option<BTreeSet<String>>,
    /// Members that the parts of a chain before this one prove.
    earlier: BTreeSet<String>,
}

impl Checker {
    pub fn found(&mut self, span: &Range<usize>, message: impl Into<String>, hint: Option<String>) {
        self.out.findings.push(ExprFinding { span: span.clone(), message: message.into(), hint });
    }

    /// Notes that a list of a reading is counted or walked.
    pub fn counted(&mut self, known: &Known, span: &Range<usize>) {
        self.used(known, span, true);
    }

    fn used(&mut self, known: &Known, span: &Range<usize>, counted: bool) {
        let Some((root, member)) = known.list_of_reading() else { return };
        let used = ListUse { root: root.clone(), member: member.clone(), counted, span: span.clone() };
        if !self.out.lists.contains(&used) {
            self.out.lists.push(used);
        }
    }

    pub fn node(&mut self, node: &mut Node, from: &Known, leaf: Leaf) -> Known {
        let span = node.span.clone();
        match &mut node.kind {
            Kind::Current => from.clone(),
            Kind::Literal(value) => Known::of(Type::of(value)),
            Kind::Slot(n) => Known::of(self.slots.get(*n).cloned().unwrap_or_default()),
            Kind::Field(field) => self.field(field, &span, from, leaf),
            Kind::Index(_) => {
                self.used(from, &span, false);
                Known::of(self.element(from, &span, "[n]").optional())
            }
            Kind::Slice(_) => {
                self.counted(from, &span);
                Known::of(Type::list(self.element(from, &span, "a slice")))
            }
            Kind::Chain(parts) => self.chain(parts, from, leaf),
            Kind::Project { base, test, each } => self.project(base, test.as_deref_mut(), each, from),
            Kind::Flatten(base) => self.flatten(base, from),
            Kind::Values(base) => self.values(base, from),
            Kind::List(nodes) => self.list(nodes, from),
            Kind::Map(entries) => self.map(entries, from),
            Kind::Not(inner) => self.not(inner, from),
            Kind::All(nodes) => Known::of(self.all(nodes, from).0),
            Kind::Any(nodes) => self.any(nodes, from, leaf),
            Kind::Compare { order, left, right } => self.compare(*order, left, right, from),
            Kind::Call { function, args } => Known::of(self.call(*function, args, from, &span)),
            Kind::Reference(inner) => self.node(inner, from, leaf),
        }
    }

    fn chain(&mut self, parts: &mut [Node], from: &Known, leaf: Leaf) -> Known {
        let last = parts.len().saturating_sub(1);
        let mut known = from.clone();
        let outer = self.earlier.clone();
        for (i, part) in parts.iter_mut().enumerate() {
            known = self.node(part, &known, if i == last { leaf } else { Leaf::Filled });
            proven(part, &mut self.earlier);
        }
        self.earlier = outer;
        known
    }

    // -------------------------------------------------------------------------------------- members

    fn field(&mut self, field: &mut Field, span: &Range<usize>, from: &Known, leaf: Leaf) -> Known {
        field.missing = Missing::Null;
        if self.needless_quotes(field, span) {
            return Known::of(Type::Any);
        }
        let ty = match from.ty.plain().as_ref() {
            Type::Any => self.loose_word(field, span),
            Type::Null => Type::Null,
            Type::Map(value) => (**value).clone().optional(),
            Type::Object(map) => map.get(&field.name).cloned().unwrap_or_else(|| {
                let keys: Vec<_> = map.keys().map(String::as_str).collect();
                self.no_member("there is no", &keys, field, span)
            }),
            Type::Shape(shape) => self.member(*shape, field, span, leaf),
            list @ Type::List(_) => {
                let name = crate::text::fit(&crate::text::clean(&field.name), 40);
                let hint = "take one with [0] or all with []".to_owned();
                self.found(span, format!("{list} has no member {name}"), Some(hint));
                Type::Any
            }
            other => {
                let name = crate::text::fit(&crate::text::clean(&field.name), 40);
                self.found(span, format!("{other} has no member {name}"), None);
                Type::Any
            }
        };
        let place = match (&from.place, field.name.as_str()) {
            (Place::Scope, "reads") => Place::Reads,
            (Place::Reads, name) => Place::Reading { root: format!("reads.{name}"), member: None },
            (Place::Reading { root, member: None }, name) if is_whole(&from.ty) => {
                Place::Reading { root: root.clone(), member: Some(name.to_owned()) }
            }
            _ => Place::Elsewhere,
        };
        let there = from.there && place != Place::Reads && surely(&ty);
        let known = Known { ty, place, there };
        field.list = known.list_of_reading().map(|(root, _)| root.clone());
        field.there = there;
        known
    }

    fn member(
        &mut self,
        shape: catalogue::Shape,
        field: &mut Field,
        span: &Range<usize>,
        leaf: Leaf,
    ) -> Type {
        if let Some(member) = shape.member(&field.name) {
            field.missing = if leaf == Leaf::Filled { missing(member.shape) } else { Missing::Null };
            return Type::Shape(member.shape);
        }
        let members: Vec<_> = shape.members().map(|(name, _)| name).collect();
        self.no_member(&format!("{} has no member", shape.name()), &members, field, span)
    }

    /// `"available"` is a member of that name; a name that needs no quotes was meant as text.
    fn needless_quotes(&mut self, field: &Field, span: &Range<usize>) -> bool {
        let plain = field.name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && field.name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if field.quoted && plain {
            let name = &field.name;
            let hint = format!("text is written '{name}' in single quotes, a member without quotes");
            self.found(
                span,
                format!("\"{name}\" in double quotes is the member {name}, not text"),
                Some(hint),
            );
        }
        field.quoted && plain
    }

    /// A member of something unknown may have any name, but hardly `true`.
    fn loose_word(&mut self, field: &Field, span: &Range<usize>) -> Type {
        if !field.quoted && is_json_word(&field.name) {
            let hint = format!("the value is written `{}` in backticks", field.name);
            self.found(span, format!("{} is read as the name of a member", field.name), Some(hint));
        }
        Type::Any
    }

    fn no_member(&mut self, what: &str, known: &[&str], field: &Field, span: &Range<usize>) -> Type {
        let name = crate::text::fit(&crate::text::clean(&field.name), 60);
        let hint = if is_json_word(&field.name) {
            Some(format!("the value is written `{name}` in backticks"))
        } else if field.quoted {
            Some(format!("text is written '{name}' in single quotes"))
        } else if let Some(near) = near(&field.name, known.iter().copied()) {
            Some(format!("did you mean {near}?"))
        } else {
            let some: Vec<_> = known.iter().take(5).map(|n| crate::text::clean(n).into_owned()).collect();
            (!some.is_empty()).then(|| {
                format!("text is written '{name}' in single quotes; known are {}, …", some.join(", "))
            })
        };
        self.found(span, format!("{what} {name}"), hint);
        Type::Any
    }

    // ---------------------------------------------------------------------------------- lists, maps

    /// The elements of what `[0]`, `[]` or a filter is applied to.
    fn element(&mut self, from: &Known, span: &Range<usize>, what: &str) -> Type {
        match from.ty.element() {
            Some(element) => element,
            None if from.ty == Type::Null => Type::Null,
            None => {
                self.found(span, format!("{what} needs a list, this is {}", from.ty), None);
                Type::Any
            }
        }
    }

    fn project(&mut self, base: &mut Node, test: Option<&mut Node>, each: &mut Node, from: &Known) -> Known {
        let list = self.node(base, from, Leaf::Filled);
        self.counted(&list, &base.span);
        let what = if test.is_some() { "a filter" } else { "[]" };
        let element = Known::of(self.element(&list, &base.span, what));
        if let Some(test) = test {
            let known = self.filter(base, test, &element);
            if known.ty.is_list() || known.ty.is_number() {
                let always = if known.ty.is_list() { "whenever it is not empty" } else { "always" };
                let message = format!("a filter that is {} is true {always}", known.ty);
                self.found(&test.span, message, Some("compare it with something".to_owned()));
            }
        }
        let each = self.node(each, &element, Leaf::Filled).ty;
        Known::of(Type::list(match each {
            Type::Optional(inner) => *inner,
            other => other,
        }))
    }

    /// A filter: what stands in it first may prove members for what follows.
    fn filter(&mut self, base: &Node, test: &mut Node, element: &Known) -> Known {
        let mut guarded = self.earlier.clone();
        proven(base, &mut guarded);
        let outer = self.guarded.replace(guarded);
        let known = self.node(test, element, Leaf::Filled);
        self.guarded = outer;
        known
    }

    fn flatten(&mut self, base: &mut Node, from: &Known) -> Known {
        let list = self.node(base, from, Leaf::Filled);
        self.counted(&list, &base.span);
        let element = self.element(&list, &base.span, "[]");
        Known::of(Type::list(element.element().unwrap_or(element)))
    }

    fn values(&mut self, base: &mut Node, from: &Known) -> Known {
        let map = self.node(base, from, Leaf::Filled);
        let element = match map.ty.plain().as_ref() {
            Type::Map(value) => (**value).clone(),
            Type::Object(map) => map.values().cloned().reduce(|a, b| a.or(&b)).unwrap_or_default(),
            Type::Any | Type::Shape(_) | Type::Null => Type::Any,
            other => {
                self.found(&base.span, format!("* needs a map, this is {other}"), None);
                Type::Any
            }
        };
        Known::of(Type::list(element))
    }

    fn list(&mut self, nodes: &mut [Node], from: &Known) -> Known {
        let types = nodes.iter_mut().map(|n| self.put(n, from));
        let element = types.collect::<Vec<_>>().into_iter().reduce(|a, b| a.or(&b));
        Known::of(Type::list(element.unwrap_or_default()))
    }

    fn map(&mut self, entries: &mut [(String, Node)], from: &Known) -> Known {
        let types = entries.iter_mut().map(|(k, n)| (k.clone(), self.put(n, from)));
        Known::of(Type::Object(types.collect::<BTreeMap<_, _>>()))
    }

    /// The type of a value that is put into a list or map; a list in it is walked from there.
    fn put(&mut self, node: &mut Node, from: &Known) -> Type {
        let known = self.node(node, from, Leaf::Filled);
        self.counted(&known, &node.span);
        known.ty
    }

    // ------------------------------------------------------------------------------------ operators

    fn not(&mut self, inner: &mut Node, from: &Known) -> Known {
        let known = self.node(inner, from, Leaf::Filled);
        self.counted(&known, &inner.span);
        if known.ty.is_number() {
            let hint = "every number counts as true; compare it with `0`".to_owned();
            self.found(&inner.span, "the opposite of a number is always false", Some(hint));
        }
        Known::of(Type::Boolean)
    }

    /// The type of `a && b`, and of its last part alone.
    fn all(&mut self, nodes: &mut [Node], from: &Known) -> (Type, Type) {
        let mut types = Vec::with_capacity(nodes.len());
        let outer = self.guarded.clone();
        for node in nodes {
            let known = self.node(node, from, Leaf::Filled);
            self.counted(&known, &node.span);
            types.push(known.ty);
            if let Some(guarded) = &mut self.guarded {
                proves(node, guarded);
            }
        }
        self.guarded = outer;
        let last = types.last().cloned().unwrap_or_default();
        (types.into_iter().reduce(|a, b| a.or(&b)).unwrap_or_default(), last)
    }

    /// In `a && b || c` only `b` and `c` can be the result, unless `c` is as false as `a`.
    fn any(&mut self, nodes: &mut [Node], from: &Known, leaf: Leaf) -> Known {
        let mut result: Option<Type> = None;
        let outer = self.guarded.clone();
        let last = nodes.len().saturating_sub(1);
        for (i, node) in nodes.iter_mut().enumerate() {
            let ty = match &mut node.kind {
                Kind::All(parts) if i < last => self.all(parts, from).1,
                _ => {
                    let known = self.node(node, from, leaf);
                    self.counted(&known, &node.span);
                    known.ty
                }
            };
            let ty = match ty {
                Type::Optional(inner) if i < last => *inner,
                other => other,
            };
            result = Some(result.map_or(ty.clone(), |r| r.or(&ty)));
            if let Some(guarded) = &mut self.guarded {
                disproves(node, guarded);
            }
        }
        self.guarded = outer;
        Known::of(result.unwrap_or_default())
    }

    fn compare(&mut self, order: Order, left: &mut Node, right: &mut Node, from: &Known) -> Known {
        let with_null = order.is_equality() && (left.is_null() || right.is_null());
        let leaf = if with_null { Leaf::Bare } else { Leaf::Filled };
        let (l, r) = (self.node(left, from, leaf), self.node(right, from, leaf));
        self.counted(&l, &left.span);
        self.counted(&r, &right.span);
        let span = left.span.start..right.span.end;
        if let Some((message, hint)) = impossible(order, &l.ty, &r.ty) {
            self.found(&span, message, hint);
        }
        Known::of(Type::Boolean)
    }
}

fn missing(shape: catalogue::Shape) -> Missing {
    match shape.kind() {
        catalogue::Kind::List(_) => Missing::List,
        catalogue::Kind::Structure | catalogue::Kind::Map(_) => Missing::Map,
        catalogue::Kind::Text { .. }
        | catalogue::Kind::Integer
        | catalogue::Kind::Float
        | catalogue::Kind::Boolean
        | catalogue::Kind::Timestamp
        | catalogue::Kind::Blob => Missing::Null,
    }
}

/// Whether a read gives its whole answer, or an object made of it: its lists are one member further down.
fn is_whole(ty: &Type) -> bool {
    match ty.plain().as_ref() {
        Type::Shape(shape) => catalogue::all().any(|operation| operation.output() == Some(*shape)),
        Type::Object(_) => true,
        _ => false,
    }
}

/// Whether a value of this type is there whenever what holds it is.
fn surely(ty: &Type) -> bool {
    !matches!(ty, Type::Any | Type::Null | Type::Optional(_) | Type::Shape(_) | Type::Map(_))
}

fn is_json_word(name: &str) -> bool {
    matches!(name, "true" | "false" | "null")
}
