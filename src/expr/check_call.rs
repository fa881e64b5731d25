//! The static check of function calls: what each argument may be, and what comes out.

use std::collections::BTreeMap;
use std::ops::Range;

use super::ast::{Kind, Node};
use super::check::{Checker, Known, Leaf};
use super::compare::{among, equal};
use super::functions::{Function, Want};
use super::types::Type;

impl Checker {
    pub fn call(&mut self, function: Function, args: &mut [Node], from: &Known, span: &Range<usize>) -> Type {
        let leaf = if function == Function::NotNull { Leaf::Bare } else { Leaf::Filled };
        let mut known = Vec::with_capacity(args.len());
        for arg in args.iter_mut() {
            known.push(match arg.kind {
                Kind::Reference(_) => Known::of(Type::Any),
                _ => self.node(arg, from, leaf),
            });
        }
        for (n, (arg, given)) in args.iter().zip(&known).enumerate() {
            self.counted(given, &arg.span);
            self.suits(function, n, arg, &given.ty);
        }
        let by = self.reference(args, &known);
        let types: Vec<Type> = known.into_iter().map(|k| k.ty).collect();
        self.consistent(function, args, &types, by.as_ref(), span);
        if matches!(function, Function::Before | Function::SecondsBetween) {
            self.absent_in_filter(function, args, from);
        }
        result(function, &types, by)
    }

    /// An argument of a type that its place never takes.
    fn suits(&mut self, function: Function, n: usize, arg: &Node, ty: &Type) {
        let want = function.signature().want(n);
        if suits(want, ty) || want == Want::Reference {
            return;
        }
        let message = format!("{} wants {want}, this is {ty}", function.name());
        self.found(&arg.span, message, None);
    }

    /// The type of the expression behind `&`, for an element of the list beside it.
    fn reference(&mut self, args: &mut [Node], known: &[Known]) -> Option<Type> {
        let lists = args.iter().zip(known).filter(|(a, _)| !matches!(a.kind, Kind::Reference(_)));
        let element = lists.map(|(_, k)| k.ty.element().unwrap_or_default()).next().unwrap_or_default();
        let inner = args.iter_mut().find_map(|a| match &mut a.kind {
            Kind::Reference(inner) => Some(inner),
            _ => None,
        })?;
        Some(self.node(inner, &Known::of(element), Leaf::Filled).ty)
    }

    /// What holds between the arguments.
    fn consistent(
        &mut self,
        function: Function,
        args: &[Node],
        types: &[Type],
        by: Option<&Type>,
        span: &Range<usize>,
    ) {
        match function {
            Function::Contains => self.contains(args, types),
            Function::NotNull => self.not_null(args, types),
            Function::SortBy | Function::MaxBy | Function::MinBy => {
                self.key(function, args, by, "a number or text", |t| t.is_number() || t.is_text());
                self.absent_time(function, args, types);
            }
            Function::NewestBy => {
                self.key(function, args, by, "a time", Type::may_be_time);
                self.absent_time(function, args, types);
            }
            Function::GroupBy => self.key(function, args, by, "text", Type::is_text),
            Function::Add | Function::Sub => {
                let number = |t: &Type| t.is_number();
                let mixed =
                    number(&types[0]) && types[1].is_text() || types[0].is_text() && number(&types[1]);
                if mixed {
                    let message = format!("{} mixes {} and {}", function.name(), types[0], types[1]);
                    let hint = "a number goes with a number, a time with a duration such as '15m'".to_owned();
                    self.found(span, message, Some(hint));
                }
            }
            _ => {}
        }
    }

    fn key(
        &mut self,
        function: Function,
        args: &[Node],
        by: Option<&Type>,
        want: &str,
        fits: impl Fn(&Type) -> bool,
    ) {
        let Some(ty) = by.filter(|t| !t.is_any() && !fits(t)) else { return };
        let message = format!("{} goes by {want}, this is {ty}", function.name());
        self.found(&args[1].span, message, None);
    }

    /// Times in answers are absent until their moment has come, and then the order fails for the whole list.
    fn absent_time(&mut self, function: Function, args: &[Node], types: &[Type]) {
        let Some(Type::Shape(shape)) = types[0].element().map(|t| t.plain().into_owned()) else { return };
        let Kind::Reference(inner) = &args[1].kind else { return };
        let Kind::Field(field) = &inner.kind else { return };
        let member = shape.member(&field.name).map(|m| Type::Shape(m.shape).plain().into_owned());
        if member == Some(Type::Time) && !self.proven.contains(&field.name) {
            let name = &field.name;
            let message =
                format!("{name} is absent until that moment has come, and {} then fails", function.name());
            self.found(&inner.span, message, Some(format!("leave out first what has none: [?{name}]")));
        }
    }

    /// In a filter, one row without the time makes the whole filter fail.
    fn absent_in_filter(&mut self, function: Function, args: &[Node], from: &Known) {
        let Some(guarded) = self.guarded.clone() else { return };
        let row = from.ty.plain().into_owned();
        let Type::Shape(shape) = row else { return };
        for arg in args {
            let Kind::Field(field) = &arg.kind else { continue };
            let absent = shape.member(&field.name).is_some_and(|member| !member.required);
            if absent && !guarded.contains(&field.name) {
                let name = &field.name;
                let message =
                    format!("{name} may be absent, and then {} fails for the whole list", function.name());
                self.found(&arg.span, message, Some(format!("ask first whether it is there: {name} && …")));
            }
        }
    }

    fn contains(&mut self, args: &[Node], types: &[Type]) {
        let (held, wanted) = (types[0].plain(), types[1].plain());
        if held.is_text() && !wanted.is_any() && !wanted.is_text() {
            self.found(&args[1].span, format!("text never contains {wanted}"), None);
        }
        let Type::List(element) = held.as_ref() else { return };
        let element = element.plain();
        if let Err(hint) = equal(&element, &wanted) {
            let message = format!("{held} never contains {wanted}");
            self.found(&args[1].span, message, hint);
        } else if let (Type::Word(listed), Type::Word(known), true) =
            (element.as_ref(), wanted.as_ref(), is_constant(&args[0]))
        {
            for odd in listed.iter().filter(|w| known.len() > 1 && !known.contains(w)) {
                self.found(&args[0].span, format!("'{odd}' is none of its values"), Some(among(odd, known)));
            }
        }
    }

    fn not_null(&mut self, args: &[Node], types: &[Type]) {
        let mixed = types.iter().zip(args).skip(1).find(|(t, _)| {
            !t.is_any()
                && **t != Type::Null
                && !types[0].is_any()
                && types[0] != Type::Null
                && types[0].or(t).is_any()
        });
        if let Some((odd, arg)) = mixed.filter(|(t, _)| !(t.is_map() && types[0].is_map())) {
            self.found(&arg.span, format!("not_null mixes {} and {odd}", types[0]), None);
        }
    }
}

fn is_constant(node: &Node) -> bool {
    match &node.kind {
        Kind::Literal(_) => true,
        Kind::List(nodes) => nodes.iter().all(|n| matches!(n.kind, Kind::Literal(_))),
        _ => false,
    }
}

/// Whether an argument of this type can be taken.
pub(super) fn suits(want: Want, ty: &Type) -> bool {
    if ty.is_any() {
        return true;
    }
    let elements = |fits: fn(&Type) -> bool| ty.element().is_some_and(|e| e.is_any() || fits(&e));
    match want {
        Want::Any | Want::Reference => true,
        Want::Number => ty.is_number(),
        Want::Text => ty.is_text(),
        Want::List => ty.is_list(),
        Want::Numbers => ty.is_list() && elements(Type::is_number),
        Want::Texts => ty.is_list() && elements(Type::is_text),
        Want::Sortable => ty.is_list() && (elements(Type::is_number) || elements(Type::is_text)),
        Want::ListOrText => ty.is_list() || ty.is_text(),
        Want::Countable => ty.is_list() || ty.is_map() || ty.is_text(),
        Want::Map => ty.is_map(),
        Want::Time => ty.may_be_time(),
        Want::Span => ty.may_be_duration(),
        Want::NumberOrTime => ty.is_number() || ty.may_be_time(),
        Want::NumberOrSpan => ty.is_number() || ty.may_be_duration(),
    }
}

fn result(function: Function, types: &[Type], by: Option<Type>) -> Type {
    let first = || types.first().cloned().unwrap_or_default();
    let element = || first().element().unwrap_or_default();
    match function {
        Function::Add | Function::Sub => match (first().plain().as_ref(), types.get(1)) {
            (Type::Integer, Some(Type::Integer)) => Type::Integer,
            (t, _) if t.is_number() => Type::Number,
            (Type::Any, _) => Type::Any,
            _ => Type::Time,
        },
        Function::Ago => Type::Time,
        Function::At => match first().plain().as_ref() {
            Type::Map(value) => (**value).clone().optional(),
            _ => Type::Any,
        },
        Function::Avg | Function::ToNumber => Type::Number.optional(),
        Function::Sum | Function::SecondsBetween => Type::Number,
        Function::Before | Function::Contains | Function::StartsWith | Function::EndsWith => Type::Boolean,
        Function::Ceil | Function::Floor | Function::Length => Type::Integer,
        Function::GroupBy => Type::Map(Box::new(Type::list(element()))),
        Function::Join | Function::ToString => Type::Text,
        Function::Keys | Function::Split => Type::list(Type::Text),
        Function::Map => Type::list(by.unwrap_or_default()),
        Function::Max | Function::Min | Function::MaxBy | Function::MinBy | Function::NewestBy => {
            element().optional()
        }
        Function::Merge => merged(types),
        Function::NotNull => not_null(types),
        Function::Abs | Function::Reverse | Function::Sort | Function::SortBy => first(),
        Function::ToArray => match first() {
            list if list.is_list() || list.is_any() => list,
            other => Type::list(other),
        },
        Function::Type => {
            let words = ["array", "boolean", "null", "number", "object", "string"];
            Type::Word(words.map(str::to_owned).to_vec())
        }
        Function::Values => match first().plain().as_ref() {
            Type::Map(value) => Type::list((**value).clone()),
            _ => Type::list(Type::Any),
        },
    }
}

/// The first argument's type, widened by the others; never null when the last cannot be.
fn not_null(types: &[Type]) -> Type {
    let last_is_null = types.last().is_none_or(|t| matches!(t, Type::Null | Type::Optional(_)));
    let all = types.iter().cloned().reduce(|a, b| a.or(&b)).unwrap_or_default();
    match all {
        Type::Optional(inner) if !last_is_null => *inner,
        // A structure with an object as its default reads as the structure.
        Type::Any if types.iter().all(Type::is_map) => types[0].plain().into_owned(),
        other => other,
    }
}

fn merged(types: &[Type]) -> Type {
    let mut all = BTreeMap::new();
    for ty in types {
        match ty.plain().as_ref() {
            Type::Object(map) => all.extend(map.clone()),
            Type::Shape(shape) => {
                all.extend(shape.members().map(|(n, m)| (n.to_owned(), Type::Shape(m.shape))));
            }
            _ => return Type::Any,
        }
    }
    Type::Object(all)
}
