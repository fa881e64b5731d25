//! What can be wrong with a runbook file: the kinds of findings, and how one is shown.

use std::fmt;

use serde::{Serialize, Serializer};
use unicode_width::UnicodeWidthStr;

use crate::catalogue::did_you_mean;
use crate::text::clean;

macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $name:ident = $id:literal,)+) => {
        /// One kind of finding. Its id is stable; scripts may rely on it.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum FindingKind { $($(#[doc = $doc])+ $name,)+ }

        impl FindingKind {
            /// Every kind there is.
            pub const ALL: &[FindingKind] = &[$(FindingKind::$name),+];

            /// The id that is printed in brackets, such as `unknown-key`.
            pub fn id(self) -> &'static str {
                match self { $(FindingKind::$name => $id,)+ }
            }

            /// One sentence about the kind.
            pub fn about(self) -> &'static str {
                match self { $(FindingKind::$name => concat!($($doc),+).trim_ascii(),)+ }
            }
        }
    };
}

kinds! {
    // The text.
    /// The file is larger than 1 MiB.
    TooLarge = "too-large",
    /// The file is not UTF-8 text.
    NotUtf8 = "not-utf8",
    /// The file is not valid YAML.
    Syntax = "syntax",
    /// Values are nested deeper than 32 levels.
    TooDeep = "too-deep",
    /// The file holds more than one YAML document.
    SeveralDocuments = "several-documents",
    /// YAML anchors and aliases are not part of the format.
    Alias = "alias",
    /// YAML tags are not part of the format.
    Tag = "tag",
    /// YAML merge keys are not part of the format.
    MergeKey = "merge-key",
    /// A key stands twice in one map.
    DuplicateKey = "duplicate-key",
    /// A key is something else than text.
    KeyNotText = "key-not-text",
    /// A template without quotes is a YAML map.
    UnquotedTemplate = "unquoted-template",
    /// A word without quotes that YAML readers understand differently.
    AmbiguousScalar = "ambiguous-scalar",
    // The shape.
    /// A key that this place does not know.
    UnknownKey = "unknown-key",
    /// A key that must be there is not.
    MissingKey = "missing-key",
    /// Keys that exclude each other, or of which one must be there.
    KeyChoice = "key-choice",
    /// A value of the wrong type.
    WrongType = "wrong-type",
    /// A word that is none of those allowed here.
    UnknownValue = "unknown-value",
    /// A number outside its range, or an empty text or list.
    OutOfRange = "out-of-range",
    /// A text that is not a duration.
    BadDuration = "bad-duration",
    /// A regular expression that does not compile.
    BadPattern = "bad-pattern",
    /// A text that is not a range of versions.
    BadVersionRange = "bad-version-range",
    /// A template where none is filled in; values never enter a statement as text.
    TemplateNotHere = "template-not-here",
    /// A key that means nothing with this action or type.
    MisplacedKey = "misplaced-key",
    // Names.
    /// A name in the wrong spelling.
    BadName = "bad-name",
    /// A name that the format itself uses.
    ReservedName = "reserved-name",
    /// A name given twice.
    DuplicateName = "duplicate-name",
    /// The id and the name of the file differ.
    IdNotFileName = "id-not-file-name",
    /// A read that is not defined.
    UnknownRead = "unknown-read",
    /// A step that is not defined.
    UnknownStep = "unknown-step",
    /// A phase that is not defined.
    UnknownPhase = "unknown-phase",
    /// A target that is not defined.
    UnknownTarget = "unknown-target",
    /// With several targets, a place must be named.
    TargetNeeded = "target-needed",
    /// A connection that is not defined, or of another kind.
    UnknownConnection = "unknown-connection",
    /// An expression uses a name that nothing defines.
    UnknownName = "unknown-name",
    /// An expression uses a name that does not exist at this place.
    OutOfScope = "out-of-scope",
    /// A default uses a parameter that stands below it.
    DefaultOrder = "default-order",
    // AWS.
    /// A service that the catalogue does not hold.
    UnknownService = "unknown-service",
    /// An operation that the catalogue does not hold.
    UnknownOperation = "unknown-operation",
    /// An operation's input has no such member.
    UnknownMember = "unknown-member",
    /// A member that the operation requires is missing.
    MissingMember = "missing-member",
    /// A member's value has the wrong type.
    MemberType = "member-type",
    /// A member's value is none of those the service model allows.
    MemberValue = "member-value",
    /// A read that changes something.
    MutatingRead = "mutating-read",
    /// An error code that the operation does not answer with, but nearly.
    UnknownErrorCode = "unknown-error-code",
    /// An effect below what the action does.
    EffectLowered = "effect-lowered",
    /// A gate below what the action needs.
    ConfirmLowered = "confirm-lowered",
    // Expressions.
    /// An expression that cannot be parsed.
    ExpressionSyntax = "expression-syntax",
    /// An expression that cannot work on the values it gets.
    ExpressionType = "expression-type",
    /// A condition that can never be true or false.
    NotACondition = "not-a-condition",
    /// Items that are not a list.
    NotAList = "not-a-list",
    /// A condition over a list of which nobody said how many rows it must have.
    RowsMissing = "rows-missing",
    /// Rows stated for a read that the conditions beside them do not use, or that gives no list.
    RowsUnused = "rows-unused",
    /// An output of another type than it says.
    OutputType = "output-type",
    /// A value of a parameter that its type or rules do not allow.
    ParameterValue = "parameter-value",
    // The procedure.
    /// Reads that wait for each other.
    ReadCycle = "read-cycle",
    /// A jump backwards, or out of its list.
    BadJump = "bad-jump",
    /// A step that nothing leads to.
    NeverReached = "never-reached",
    /// An output is used before its step has run.
    UsedTooEarly = "used-too-early",
    /// An output of a step that may have been passed over is used without a guard.
    Unguarded = "unguarded",
    /// A step that changes something does not say how it is taken back.
    UndoMissing = "undo-missing",
    /// An undo that can never run.
    UndoNeverValid = "undo-never-valid",
    /// The point of no return is not one top-level step.
    PointOfNoReturn = "point-of-no-return",
    /// An estimate longer than the timeout.
    EstimateOverTimeout = "estimate-over-timeout",
    /// A secret would be kept.
    SecretKept = "secret-kept",
}

impl Serialize for FindingKind {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.id())
    }
}

/// One thing that is wrong with a runbook file, and where.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Finding {
    pub kind: FindingKind,
    pub file: String,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// How many characters are meant, on this line.
    pub width: usize,
    pub message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The source line, uncleaned; of a very long one the part around the place.
    #[serde(rename = "source")]
    pub source_line: String,
    /// How many characters of the line are left out before that part.
    #[serde(skip)]
    pub(super) left_out: usize,
}

/// Most findings that are told; a file with more is no runbook.
pub(super) const MOST_FINDINGS: usize = 1000;

/// The known word that was meant, if one is near; a very long word is no typing error.
pub(crate) fn near<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if word.len() > 100 { None } else { did_you_mean(word, known) }
}

/// Characters of a source line that are shown on each side of the place that is meant.
const CONTEXT: usize = 60;

impl Finding {
    /// The line as shown, and how many cells stand before and under the place that is meant.
    fn excerpt(&self) -> (String, usize, usize) {
        let at = (self.column - 1).saturating_sub(self.left_out);
        let from = if at > 2 * CONTEXT { at - CONTEXT } else { 0 };
        let part = |from: usize, n: usize| self.source_line.chars().skip(from).take(n).collect::<String>();
        let lead = if from + self.left_out > 0 { "…" } else { "" };
        let before = format!("{lead}{}", clean(&part(from, at - from)));
        let meant = clean(&part(at, self.width.min(2 * CONTEXT))).into_owned();
        let after = clean(&part(at + self.width, CONTEXT)).into_owned();
        (format!("{before}{meant}{after}"), before.width(), meant.width().max(1))
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.line.to_string();
        let pad = " ".repeat(number.len());
        let (line, before, meant) = self.excerpt();
        writeln!(f, "error[{}]: {}", self.kind.id(), clean(&self.message))?;
        writeln!(f, "{pad}--> {}:{}:{}", clean(&self.file), self.line, self.column)?;
        writeln!(f, "{pad} |")?;
        writeln!(f, "{number} | {}", line.trim_end())?;
        write!(f, "{pad} | {}{}", " ".repeat(before), "^".repeat(meant))?;
        if let Some(expected) = &self.expected {
            write!(f, " expected {}", clean(expected))?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "\n{pad} = {}", clean(hint))?;
        }
        writeln!(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding() -> Finding {
        Finding {
            kind: FindingKind::UnknownKey,
            file: "a.yaml".into(),
            line: 12,
            column: 3,
            width: 7,
            message: "a step has no key `tiemout`".into(),
            expected: None,
            hint: Some("did you mean `timeout`?".into()),
            source_line: "  tiemout: 5m".into(),
            left_out: 0,
        }
    }

    #[test]
    fn a_finding_points_at_its_place() {
        let text = "error[unknown-key]: a step has no key `tiemout`\n  --> a.yaml:12:3\n   |\n12 |   tiemout: 5m\n   |   ^^^^^^^\n   = did you mean `timeout`?\n";
        assert_eq!(finding().to_string(), text);
    }

    #[test]
    fn a_long_line_is_shown_around_the_place() {
        let line = format!("{}X{}", "é".repeat(5000), "b".repeat(5000));
        let shown = Finding { column: 5001, width: 1, source_line: line, ..finding() }.to_string();
        assert!(shown.contains("éX") && shown.len() < 800, "{shown}");
    }

    #[test]
    fn ids_are_distinct() {
        let ids: std::collections::BTreeSet<_> = FindingKind::ALL.iter().map(|k| k.id()).collect();
        assert_eq!(ids.len(), FindingKind::ALL.len());
    }
}
