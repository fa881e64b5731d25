//! The keys of the file itself: who and when, parameters, panes, checks.

use super::connection::CONNECTION;
use super::reading::{COLUMN, READ, READ_REF, ROWS};
use super::{Rule, Table, Want, action, key, must, table};

pub(in super::super) static RUNBOOK: Table = table(
    "runbook",
    "a runbook",
    &[
        must("schema", Want::Count(1, 1), "Version of this format: 1."),
        must("id", Want::Id, "Name of the runbook and of its file."),
        must("title", Want::Text, "What the runbook does, in one line."),
        key("description", Want::Text, "What it does, in a paragraph."),
        key("version", Want::Text, "Version of this runbook."),
        key("owner", Want::Text, "Who keeps it right."),
        key("tags", Want::List(&Want::Text, 0), "Words to find it by."),
        key("use_when", Want::Text, "When this is the right runbook."),
        key("not_when", Want::Text, "When another one is, and which."),
        key("objectives", Want::Table(&OBJECTIVES), "What the recovery promises."),
        key("requires", Want::Table(&REQUIRES), "What must be at hand."),
        key("targets", Want::Named(&Want::Table(&TARGET)), "Named places: account, region, role."),
        key("connections", Want::Named(&Want::Table(&CONNECTION)), "What is not AWS, named once."),
        key("parameters", Want::Named(&Want::Table(&PARAMETER)), "What the operator says before Start."),
        key("conditions", Want::Named(&Want::Run), "Conditions by name, usable in every run expression."),
        key("reads", Want::Named(&Want::Table(&READ)), "Questions by name."),
        key("panes", Want::List(&Want::Table(&PANE), 0), "Live tables beside the steps."),
        key("preflight", Want::List(&Want::Table(&CHECK), 0), "What is checked before Start."),
        key("phases", Want::List(&Want::Name, 0), "The parts of the procedure, in order."),
        must("steps", Want::List(&Want::Table(&action::STEP), 1), "The procedure."),
        key("follow_ups", Want::List(&Want::Table(&FOLLOW_UP), 0), "What remains to be done later."),
    ],
);

static OBJECTIVES: Table = table(
    "objectives",
    "objectives",
    &[
        key("rto", Want::Duration, "How long the recovery may take."),
        key("rpo", Want::Duration, "How much data may be lost."),
        key("restored_when", Want::Name, "Step whose success ends the RTO clock."),
        key("recovered_to", Want::Run, "The recovered moment; RPO is the incident minus this."),
        key("incident", Want::Run, "When the damage began; default parameters.incident_time, else Start."),
    ],
);

static REQUIRES: Table = table(
    "requires",
    "requires",
    &[
        key("tools", Want::Keyed(&Want::Text), "External tools and their version ranges."),
        key("iam", Want::List(&Want::Text, 0), "IAM actions, service:Action."),
    ],
);

static TARGET: Table = table(
    "target",
    "a target",
    &[
        key("account", Want::Template, "Twelve-digit account; pinned at Start when left out."),
        key("region", Want::Template, "Region; pinned at Start when left out."),
        key("profile", Want::Text, "Profile that gives the credentials."),
        key("role_arn", Want::Template, "Role to assume."),
    ],
);

pub(in super::super) const PARAMETER_TYPES: &[&str] = &[
    "string",
    "integer",
    "boolean",
    "timestamp",
    "duration",
    "list",
    "map",
    "aws.rds.instance",
    "aws.rds.cluster",
    "aws.rds.snapshot",
    "aws.dynamodb.table",
    "aws.ecs.cluster",
    "aws.ecs.service",
    "aws.backup.vault",
];

static PARAMETER: Table = table(
    "parameter",
    "a parameter",
    &[
        must("type", Want::Word(PARAMETER_TYPES), "Type of the value."),
        key("items", Want::Type, "Type of the elements of a list or map; for a list also a record."),
        key("default", Want::Value, "Value when none is given; may use parameters above."),
        key("required", Want::Boolean, "Whether a value must be given."),
        key("allowed_values", Want::List(&Want::Value, 1), "The only values there are; per element."),
        key("allowed_pattern", Want::Pattern, "Regular expression (Rust syntax) for texts; per element."),
        key("max_length", Want::Count(1, 1_000_000), "Longest text in characters; per element."),
        key("choices", Want::Name, "Read whose values are offered."),
        key("in", Want::Name, "Target in which a picker looks."),
        key("description", Want::Text, "What to enter."),
    ],
);

static PANE: Table = table(
    "pane",
    "a pane",
    &[
        must("title", Want::Text, "Title of the pane."),
        must("read", Want::Name, "Read that fills it."),
        key("in", Want::Name, "Target, when it is another one than that of the read."),
        key("rows", Want::Answer, "Its rows; default `@`. An object is one row."),
        must("columns", Want::List(&COLUMN, 1), "Its columns, expressions over a row."),
        key("healthy", Want::Answer, "Condition over a row: false is shown as trouble."),
    ],
);

static CHECK: Table = table(
    "check",
    "a check",
    &[
        must("name", Want::Name, "Name of the check."),
        must("level", Want::Word(&["fail", "warn"]), "What a false check means."),
        key("check", Want::Run, "Condition; over the answer of `read` where one is written beside it."),
        key("expect_error", Want::Keyed(&Want::List(&Want::Text, 1)), "Error codes each read must answer."),
        key("read", READ_REF, "Read that the condition is about."),
        key("rows", Want::Keyed(&Want::Table(&ROWS)), "How many rows each list must have."),
        must("message", Want::Template, "What a false check means to the operator."),
        key("must_read", Want::Boolean, "A reading that cannot be had fails the check."),
    ],
)
.with(&[Rule::ExactlyOne(&["check", "expect_error"]), Rule::Needs("rows", "check")]);

static FOLLOW_UP: Table = table(
    "follow_up",
    "a follow-up",
    &[
        must("text", Want::Template, "What remains to be done."),
        must("due", Want::Duration, "How long after the run."),
        key("when", Want::Run, "Only when this holds."),
    ],
);
