//! The parsed expression: our own tree, made once by `parse` and never wrong afterwards.
//!
//! Arities and the places where `&` may stand are settled here, so that the evaluator meets no tree it
//! cannot walk. Chains are flat: the depth of a tree is bounded by the scanner's levels.

use std::ops::Range;

use serde_json::Value;

use super::functions::Function;

/// One node and the bytes it was written with, brackets included.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Node {
    pub span: Range<usize>,
    pub kind: Kind,
}

#[derive(Clone, PartialEq, Debug)]
pub(super) enum Kind {
    /// `@`
    Current,
    Literal(Value),
    /// The value of the n-th template of the expression.
    Slot(usize),
    Field(Field),
    Index(i64),
    Slice(Slice),
    /// `a.b | c`: each part sees the value of the one before.
    Chain(Vec<Node>),
    /// `base[*].each`, `base[?test].each`.
    Project {
        base: Box<Node>,
        test: Option<Box<Node>>,
        each: Box<Node>,
    },
    /// The `[]` in front of a projection.
    Flatten(Box<Node>),
    /// The `*` in front of a projection.
    Values(Box<Node>),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
    Not(Box<Node>),
    /// `a && b && c`
    All(Vec<Node>),
    /// `a || b || c`
    Any(Vec<Node>),
    Compare {
        order: Order,
        left: Box<Node>,
        right: Box<Node>,
    },
    Call {
        function: Function,
        args: Vec<Node>,
    },
    /// `&a`, only as an argument of a function that wants it.
    Reference(Box<Node>),
}

/// A member taken by name.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Field {
    pub name: String,
    /// Written in double quotes.
    pub quoted: bool,
    /// What the member reads as when an object leaves it out.
    pub missing: Missing,
    /// The list of a reading that this reaches, as `ListUse::root` calls it. The static check knows.
    pub list: Option<String>,
    /// Whether it is surely not null. The static check knows.
    pub there: bool,
}

impl Field {
    pub fn new(name: String, quoted: bool) -> Field {
        Field { name, quoted, missing: Missing::Null, list: None, there: false }
    }
}

/// `[from:to:by]`, with Python's rules, which are JMESPath's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Slice {
    pub from: Option<i64>,
    pub to: Option<i64>,
    /// Never 0.
    pub by: i64,
}

impl Slice {
    /// The places it takes from a list of `len`, in its order.
    pub fn places(self, len: usize) -> Vec<usize> {
        let len = i64::try_from(len).unwrap_or(i64::MAX);
        let (lowest, highest) = if self.by > 0 { (0, len) } else { (-1, len - 1) };
        let bound = |given: Option<i64>, default: i64| match given {
            Some(n) if n < 0 => (n + len).clamp(lowest, highest),
            Some(n) => n.clamp(lowest, highest),
            None => default,
        };
        let (first, last) = if self.by > 0 { (lowest, highest) } else { (highest, lowest) };
        let (mut at, end) = (bound(self.from, first), bound(self.to, last));
        let mut places = Vec::new();
        while if self.by > 0 { at < end } else { at > end } {
            places.extend(usize::try_from(at));
            at += self.by;
        }
        places
    }
}

/// What an absent member reads as. The static check knows lists and structures.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Missing {
    #[default]
    Null,
    List,
    Map,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Order {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Order {
    /// `==` and `!=` ask for sameness, the others for an order.
    pub fn is_equality(self) -> bool {
        matches!(self, Order::Equal | Order::NotEqual)
    }

    /// What holds when left stands to right as `o`.
    pub fn holds(self, o: std::cmp::Ordering) -> bool {
        match self {
            Order::Equal => o.is_eq(),
            Order::NotEqual => o.is_ne(),
            Order::Less => o.is_lt(),
            Order::LessOrEqual => o.is_le(),
            Order::Greater => o.is_gt(),
            Order::GreaterOrEqual => o.is_ge(),
        }
    }
}

impl Node {
    pub fn new(span: Range<usize>, kind: Kind) -> Node {
        Node { span, kind }
    }

    /// Whether this is the literal `null`.
    pub fn is_null(&self) -> bool {
        self.kind == Kind::Literal(Value::Null)
    }
}
