//! From text to tree: the scanner's verdict, then the `jmespath` crate's parser, then our own tree.
//!
//! What the crate's parser lets pass and JMESPath does not (list members without a comma, `&` anywhere,
//! calls of unknown functions) is refused here, so that nothing of it is met at run time.

use std::ops::Range;

use jmespath::ast::{Ast, Comparator};
use serde_json::Value;

use super::ast::{Field, Kind, Node, Order, Slice};
use super::functions::{Function, SIGNATURES, Signature};
use super::scan::{self, Kind as Is, Scan, Token};
use super::{Expr, ExprError, near};

/// Parses `text[range]`. `whole` says that it is the only thing in a template, where `omit_null` may stand.
pub(super) fn expression(text: &str, range: Range<usize>, whole: bool) -> Result<Expr, ExprError> {
    let scan = scan::scan(text, range.clone())?;
    let masked = scan::masked(text, range.clone(), &scan.slots);
    let base = range.start;
    let parser = Parser { text, base, scan: &scan };
    let ast = jmespath::parse(&masked).map_err(|e| parser.explain(base + e.offset))?;
    let (ast, omits) = match ast {
        Ast::Function { name, mut args, .. } if whole && name == "omit_null" && args.len() == 1 => {
            (args.remove(0), true)
        }
        ast => (ast, false),
    };
    let node = parser.node(ast)?;
    let slots = scan
        .slots
        .iter()
        .map(|inner| expression(text, inner.clone(), false))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Expr::new(text[range.clone()].to_owned(), range.start, node, slots, omits))
}

struct Parser<'a> {
    text: &'a str,
    /// Where the expression starts in the text; the crate counts from there.
    base: usize,
    scan: &'a Scan,
}

impl Parser<'_> {
    fn node(&self, ast: Ast) -> Result<Node, ExprError> {
        match ast {
            Ast::Identity { offset } => Ok(self.leaf(offset, Kind::Current)),
            Ast::Field { offset, name } => Ok(self.field(offset, name)),
            Ast::Literal { offset, .. } => self.literal(offset),
            Ast::Index { offset, idx } => Ok(self.leaf(offset, Kind::Index(i64::from(idx)))),
            Ast::Slice { offset, start, stop: end, step } => self.slice(offset, [start, end, Some(step)]),
            Ast::Subexpr { lhs, rhs, .. } => self.chain(*lhs, *rhs),
            Ast::And { lhs, rhs, .. } => self.operands(*lhs, *rhs, true),
            Ast::Or { lhs, rhs, .. } => self.operands(*lhs, *rhs, false),
            Ast::Not { offset, node } => {
                let node = self.node(*node)?;
                let span = self.balanced(join(&self.at(offset), &node.span));
                Ok(Node::new(span, Kind::Not(Box::new(node))))
            }
            Ast::Comparison { comparator, lhs, rhs, .. } => self.comparison(&comparator, *lhs, *rhs),
            Ast::Projection { offset, lhs, rhs } => self.projection(offset, *lhs, *rhs),
            Ast::Condition { offset, .. } | Ast::Expref { offset, .. } => {
                Err(ExprError::new(self.at(offset), "`&` stands only before an argument of a function")
                    .hint("sort_by(list, &key)"))
            }
            Ast::Flatten { offset, node } => self.around(offset, *node, Kind::Flatten),
            Ast::ObjectValues { offset, node } => self.around(offset, *node, Kind::Values),
            Ast::MultiList { offset, elements } => self.list(offset, elements),
            Ast::MultiHash { offset, elements } => self.map(offset, elements),
            Ast::Function { offset, name, args } => self.call(offset, &name, args),
        }
    }

    /// The token that covers an offset of the crate's parser.
    fn token(&self, offset: usize) -> Option<(usize, &Token)> {
        let at = self.base + offset;
        let i = self.scan.tokens.partition_point(|t| t.span.start <= at).checked_sub(1)?;
        Some((i, &self.scan.tokens[i]))
    }

    fn at(&self, offset: usize) -> Range<usize> {
        self.token(offset).map_or(self.base..self.base, |(_, t)| t.span.clone())
    }

    fn leaf(&self, offset: usize, kind: Kind) -> Node {
        Node::new(self.balanced(self.at(offset)), kind)
    }

    fn around(&self, offset: usize, node: Ast, kind: fn(Box<Node>) -> Kind) -> Result<Node, ExprError> {
        let node = self.node(node)?;
        self.not_of_a_part(&node)?;
        let span = self.balanced(join(&self.at(offset), &node.span));
        Ok(Node::new(span, kind(Box::new(node))))
    }

    fn field(&self, offset: usize, name: String) -> Node {
        let quoted = matches!(self.token(offset), Some((_, t)) if t.kind == Is::Quoted);
        Node::new(self.at(offset), Kind::Field(Field::new(name, quoted)))
    }

    /// Literals are read from our own tokens: the crate sorts the keys of objects.
    fn literal(&self, offset: usize) -> Result<Node, ExprError> {
        let span = self.at(offset);
        let text = &self.text[span.clone()];
        let kind = match self.token(offset).map(|(_, t)| t.kind) {
            Some(Is::Slot(n)) => Kind::Slot(n),
            Some(Is::Raw) => Kind::Literal(Value::String(inside(text).replace("\\'", "'"))),
            _ => Kind::Literal(serde_json::from_str(&inside(text).replace("\\`", "`")).map_err(|e| {
                ExprError::new(span.clone(), format!("this is not JSON: {e}"))
                    .hint("text is written 'text' in single quotes")
            })?),
        };
        Ok(Node::new(span, kind))
    }

    fn slice(&self, offset: usize, bounds: [Option<i32>; 3]) -> Result<Node, ExprError> {
        let span = self.balanced(self.at(offset));
        let [from, to, by] = bounds.map(|n| n.map(i64::from));
        match by {
            Some(0) => Err(ExprError::new(span, "a slice whose step is 0 never ends")),
            by => Ok(Node::new(span, Kind::Slice(Slice { from, to, by: by.unwrap_or(1) }))),
        }
    }

    /// `a.b.c` nests to the left, once per dot; walked in a loop and kept flat.
    fn chain(&self, lhs: Ast, rhs: Ast) -> Result<Node, ExprError> {
        let mut parts = vec![rhs];
        let mut left = lhs;
        while let Ast::Subexpr { lhs, rhs, .. } = left {
            parts.push(*rhs);
            left = *lhs;
        }
        parts.push(left);
        let mut nodes = Vec::with_capacity(parts.len());
        for part in parts.into_iter().rev() {
            match self.node(part)? {
                Node { kind: Kind::Chain(inner), .. } => nodes.extend(inner),
                node => nodes.push(node),
            }
        }
        self.not_of_a_part(&nodes[0])?;
        Ok(self.over(nodes, Kind::Chain))
    }

    /// In JMESPath `!a.b` is `(!a).b`, which is always null; nobody means it.
    fn not_of_a_part(&self, first: &Node) -> Result<(), ExprError> {
        let after = self.scan.tokens.partition_point(|t| t.span.start < first.span.end);
        let next = self.scan.tokens[after..].iter().find(|t| t.kind != Is::Close);
        let piped = next.is_some_and(|t| self.text[t.span.clone()].starts_with('|'));
        if matches!(first.kind, Kind::Not(_)) && !piped {
            return Err(ExprError::new(first.span.clone(), "`!` takes only what stands right behind it")
                .hint("write !(a.b) for the opposite of a.b"));
        }
        Ok(())
    }

    fn operands(&self, lhs: Ast, rhs: Ast, all: bool) -> Result<Node, ExprError> {
        let mut parts = vec![rhs];
        let mut left = lhs;
        loop {
            match left {
                Ast::And { lhs, rhs, .. } if all => {
                    parts.push(*rhs);
                    left = *lhs;
                }
                Ast::Or { lhs, rhs, .. } if !all => {
                    parts.push(*rhs);
                    left = *lhs;
                }
                other => break parts.push(other),
            }
        }
        let nodes = parts.into_iter().rev().map(|p| self.node(p)).collect::<Result<Vec<_>, _>>()?;
        Ok(self.over(nodes, if all { Kind::All } else { Kind::Any }))
    }

    fn over(&self, nodes: Vec<Node>, kind: fn(Vec<Node>) -> Kind) -> Node {
        let span = nodes.iter().map(|n| n.span.clone()).reduce(|a, b| join(&a, &b)).unwrap_or_default();
        Node::new(self.balanced(span), kind(nodes))
    }

    fn comparison(&self, comparator: &Comparator, lhs: Ast, rhs: Ast) -> Result<Node, ExprError> {
        let (left, right) = (self.node(lhs)?, self.node(rhs)?);
        let order = match comparator {
            Comparator::Equal => Order::Equal,
            Comparator::NotEqual => Order::NotEqual,
            Comparator::LessThan => Order::Less,
            Comparator::LessThanEqual => Order::LessOrEqual,
            Comparator::GreaterThan => Order::Greater,
            Comparator::GreaterThanEqual => Order::GreaterOrEqual,
        };
        let span = self.balanced(join(&left.span, &right.span));
        Ok(Node::new(span, Kind::Compare { order, left: Box::new(left), right: Box::new(right) }))
    }

    fn projection(&self, offset: usize, lhs: Ast, rhs: Ast) -> Result<Node, ExprError> {
        let base = self.node(lhs)?;
        self.not_of_a_part(&base)?;
        let (test, each) = match rhs {
            Ast::Condition { predicate, then, .. } => (Some(self.node(*predicate)?), self.node(*then)?),
            rhs => (None, self.node(rhs)?),
        };
        let mut span = join(&join(&base.span, &each.span), &self.at(offset));
        if let Some(test) = &test {
            span = join(&span, &test.span);
        }
        let (base, test, each) = (Box::new(base), test.map(Box::new), Box::new(each));
        Ok(Node::new(self.balanced(span), Kind::Project { base, test, each }))
    }

    fn list(&self, offset: usize, elements: Vec<Ast>) -> Result<Node, ExprError> {
        let nodes = self.separated(elements)?;
        let start = self.balanced(self.at(offset));
        if nodes.is_empty() {
            return Err(ExprError::new(start, "a list in brackets names at least one value")
                .hint("the empty list is written `[]` in backticks"));
        }
        let span = nodes.iter().fold(start, |s, n| join(&s, &n.span));
        Ok(Node::new(self.balanced(span), Kind::List(nodes)))
    }

    fn map(&self, offset: usize, pairs: Vec<jmespath::ast::KeyValuePair>) -> Result<Node, ExprError> {
        let mut entries: Vec<(String, Node)> = Vec::with_capacity(pairs.len());
        let mut span = self.at(offset);
        for pair in pairs {
            let node = self.node(pair.value)?;
            span = join(&span, &node.span);
            if entries.iter().any(|(key, _)| *key == pair.key) {
                let key = crate::text::clean(&pair.key).into_owned();
                return Err(ExprError::new(node.span, format!("the key {key} is written twice")));
            }
            entries.push((pair.key, node));
        }
        Ok(Node::new(self.balanced(span), Kind::Map(entries)))
    }

    fn call(&self, offset: usize, name: &str, args: Vec<Ast>) -> Result<Node, ExprError> {
        let paren = self.at(offset);
        let before = self.token(offset).and_then(|(i, _)| self.scan.tokens.get(i.checked_sub(1)?));
        let named = before.map_or(paren.clone(), |t| t.span.clone());
        let signature = Self::signature(name, &named)?;
        if !signature.takes(args.len()) {
            let given = match args.len() {
                1 => "1 argument".to_owned(),
                n => format!("{n} arguments"),
            };
            return Err(ExprError::new(named, format!("{name} cannot take {given}")).hint(signature.usage()));
        }
        let args = self.arguments(signature, args)?;
        let span = args.iter().fold(join(&named, &paren), |s, n| join(&s, &n.span));
        let kind = Kind::Call { function: signature.function, args };
        Ok(Node::new(self.balanced(span), kind))
    }

    fn signature(name: &str, named: &Range<usize>) -> Result<&'static Signature, ExprError> {
        if name == "omit_null" {
            return Err(ExprError::new(
                named.clone(),
                "omit_null stands only around the whole of a template that is the whole value",
            )
            .hint("\"{{ omit_null(…) }}\"; elsewhere use not_null(value, `default`)"));
        }
        Function::named(name).map(Function::signature).ok_or_else(|| {
            let error =
                ExprError::new(named.clone(), format!("there is no function {}", crate::text::fit(name, 60)));
            match near(name, SIGNATURES.iter().map(|s| s.name)) {
                Some(near) => error.hint(format!("did you mean {near}?")),
                None => error,
            }
        })
    }

    fn arguments(&self, signature: &Signature, args: Vec<Ast>) -> Result<Vec<Node>, ExprError> {
        use super::functions::Want;
        let nodes = args.into_iter().enumerate().map(|(n, arg)| {
            let wanted = signature.want(n) == Want::Reference;
            match arg {
                Ast::Expref { offset, ast } if wanted => {
                    let node = self.node(*ast)?;
                    let span = self.balanced(join(&self.at(offset), &node.span));
                    Ok(Node::new(span, Kind::Reference(Box::new(node))))
                }
                other => {
                    let node = self.node(other)?;
                    if wanted {
                        return Err(ExprError::new(
                            node.span,
                            format!("{} wants &expression here", signature.name),
                        )
                        .hint(signature.usage()));
                    }
                    Ok(node)
                }
            }
        });
        let nodes = nodes.collect::<Result<Vec<_>, _>>()?;
        self.commas(&nodes)?;
        Ok(nodes)
    }

    fn separated(&self, elements: Vec<Ast>) -> Result<Vec<Node>, ExprError> {
        let nodes = elements.into_iter().map(|e| self.node(e)).collect::<Result<Vec<_>, _>>()?;
        self.commas(&nodes)?;
        Ok(nodes)
    }

    /// The crate's parser accepts `[a b]` and `f(a b)`.
    fn commas(&self, nodes: &[Node]) -> Result<(), ExprError> {
        for pair in nodes.windows(2) {
            let (end, start) = (pair[0].span.end, pair[1].span.start);
            let from = self.scan.tokens.partition_point(|t| t.span.start < end);
            let between = self.scan.tokens[from..].iter().take_while(|t| t.span.end <= start);
            if !between.into_iter().any(|t| t.kind == Is::Comma) {
                return Err(ExprError::new(pair[1].span.clone(), "a comma is missing before this"));
            }
        }
        Ok(())
    }

    /// Widens a span until every bracket that opens or closes in it has its other half.
    fn balanced(&self, mut span: Range<usize>) -> Range<usize> {
        let from = self.scan.tokens.partition_point(|t| t.span.start < span.start);
        let to = self.scan.tokens.partition_point(|t| t.span.start < span.end);
        let (mut open, mut unopened) = (0_usize, 0_usize);
        for token in &self.scan.tokens[from..to] {
            match token.kind {
                Is::Open => open += 1,
                Is::Close if open == 0 => unopened += 1,
                Is::Close => open -= 1,
                _ => {}
            }
        }
        if let Some(end) = matching(self.scan.tokens[to..].iter(), open, Is::Close) {
            span.end = end.end;
        }
        if let Some(start) = matching(self.scan.tokens[..from].iter().rev(), unopened, Is::Open) {
            span.start = start.start;
        }
        span
    }

    /// Says what the crate's parser stumbled over in words of the language.
    fn explain(&self, at: usize) -> ExprError {
        let i = self.scan.tokens.partition_point(|t| t.span.end <= at);
        let Some(token) = self.scan.tokens.get(i) else {
            let end = self.scan.tokens.last().map_or(self.base, |t| t.span.end);
            let start = self.scan.tokens.last().map_or(self.base, |t| t.span.start);
            let message =
                if start == end { "the expression is empty" } else { "the expression ends too early" };
            return ExprError::new(start..end, message);
        };
        let text = &self.text[token.span.clone()];
        let shown = crate::text::fit(&crate::text::clean(text), 40);
        let shown = if shown.contains('`') { shown } else { format!("`{shown}`") };
        let error = ExprError::new(token.span.clone(), format!("{shown} cannot stand here"));
        match token.kind {
            Is::Number if text == "-" => error.hint("numbers are computed with add and sub"),
            Is::Number => error.hint(format!("a number is written `{text}` in backticks")),
            Is::Json => {
                error.hint("between backticks stands JSON: `5`, `true`, `null`, `[]`; text is written 'text'")
            }
            Is::Flatten
            | Is::Open
            | Is::Close
            | Is::Comma
            | Is::Other
            | Is::Name
            | Is::Quoted
            | Is::Raw
            | Is::Slot(_) => error,
        }
    }
}

/// The bracket that closes (or opens) `depth` brackets left over, walking outwards.
fn matching<'a>(
    tokens: impl Iterator<Item = &'a Token>,
    mut depth: usize,
    wanted: Is,
) -> Option<Range<usize>> {
    let other = if wanted == Is::Close { Is::Open } else { Is::Close };
    if depth == 0 {
        return None;
    }
    for token in tokens {
        if token.kind == wanted {
            depth -= 1;
        } else if token.kind == other {
            depth += 1;
        }
        if depth == 0 {
            return Some(token.span.clone());
        }
    }
    None
}

fn join(a: &Range<usize>, b: &Range<usize>) -> Range<usize> {
    a.start.min(b.start)..a.end.max(b.end)
}

/// What stands between the marks of a quoted token.
fn inside(token: &str) -> &str {
    token.get(1..token.len().saturating_sub(1)).unwrap_or_default()
}
