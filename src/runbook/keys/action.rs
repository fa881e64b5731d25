//! The keys of a step, and of the inputs of each action.

use super::reading::{AWS, COLUMN, NEXT_PAGE, READ, READ_EXEC, READ_REF, ROWS};
use super::{Key, Rule, Table, Want, key, must, table};
use crate::watch::WINDOW;

/// What one action takes.
pub(in super::super) struct Spec {
    pub name: &'static str,
    pub about: &'static str,
    pub inputs: &'static Table,
    /// Keys of the step that mean something only with some actions, this one among them.
    pub keys: &'static [&'static str],
}

/// The spec of an action.
pub(in super::super) fn spec(action: &str) -> Option<&'static Spec> {
    ACTIONS.iter().find(|spec| spec.name == action)
}

/// What steps that send something take.
pub(in super::super) const SENDS: &[&str] = &[
    "outputs",
    "confirm",
    "effect",
    "guard",
    "capture",
    "probe",
    "undo",
    "verify",
    "max_attempts",
    "point_of_no_return",
];

const fn spec_of(
    name: &'static str,
    about: &'static str,
    inputs: &'static Table,
    keys: &'static [&'static str],
) -> Spec {
    Spec { name, about, inputs, keys }
}

const ACTIONS_IN_ALL: usize = 18;

pub(in super::super) const ACTIONS: &[Spec; ACTIONS_IN_ALL] = &[
    spec_of("aws.api", "Sends one operation of the catalogue.", &AWS, SENDS),
    spec_of("wait", "Polls until a condition holds on consecutive readings.", &WAIT, &["outputs"]),
    spec_of("assert", "Judges a condition once.", &ASSERT, &["outputs"]),
    spec_of("exec", "Runs a command.", &READ_EXEC, SENDS),
    spec_of("sql", "Runs a statement.", &SQL, SENDS),
    spec_of("http", "Sends a request.", &HTTP, SENDS),
    spec_of("terraform.init", "Initialises a Terraform root.", &TERRAFORM_INIT, SENDS),
    spec_of("terraform.plan", "Plans, and refuses what is not expected.", &TERRAFORM_PLAN, SENDS),
    spec_of("terraform.apply", "Applies exactly the guarded plan.", &TERRAFORM_APPLY, SENDS),
    spec_of("terraform.state", "Removes addresses from the state, or imports them.", &TERRAFORM_STATE, SENDS),
    spec_of("diff", "Compares two documents.", &DIFF, &[]),
    spec_of("prompt", "Asks the operator for a value.", &PROMPT, &["outputs"]),
    spec_of("manual", "Something only a person can do.", &MANUAL, &["undo", "verify", "point_of_no_return"]),
    spec_of("approve", "A second named person agrees.", &APPROVE, &[]),
    spec_of("branch", "Goes on at one of several steps.", &BRANCH, &[]),
    spec_of(
        "runbook",
        "Runs another runbook inside this journal.",
        &CHILD,
        &["outputs", "point_of_no_return"],
    ),
    spec_of("undo", "Runs the undo of a step.", &UNDO_ACTION, &[]),
    spec_of("end", "Ends the run with a verdict.", &END, &[]),
];

const ACTION_NAMES: &[&str] = &{
    let mut names = [""; ACTIONS_IN_ALL];
    let mut i = 0;
    while i < names.len() {
        names[i] = ACTIONS[i].name;
        i += 1;
    }
    names
};

pub(in super::super) static STEP: Table = table(
    "step",
    "a step",
    &[
        must("name", Want::Name, "Unique name; outputs are NAME.OUTPUT."),
        key("title", Want::Template, "What it does, in one line."),
        key("phase", Want::Name, "The part of the procedure it belongs to."),
        key("instructions", Want::Template, "Why, and what to look at. Markdown."),
        key("in", Want::Name, "Target to act in."),
        key("action", Want::Word(ACTION_NAMES), "What it does."),
        key("inputs", Want::Inputs, "What the action needs."),
        key("outputs", Want::List(&Want::Table(&OUTPUT), 0), "Values that later steps use."),
        key("when", Want::Run, "Skipped when this is false."),
        key("only_by_jump", Want::Boolean, "Passed over unless a jump leads here."),
        key("confirm", Want::Table(&CONFIRM), "Raises the gate."),
        key("effect", Want::Word(&["read", "mutate", "destructive"]), "Raises the effect."),
        key("guard", Want::Table(&GUARD), "Judged at the gate and again right before sending."),
        key("capture", Want::Named(&READ_REF), "Readings kept before the first attempt."),
        key("probe", Want::Table(&PROBE), "How an unknown outcome is settled."),
        key("undo", Want::Table(&UNDO), "What takes the step back."),
        key("verify", Want::Table(&VERIFY), "Polled after the action until true."),
        key("estimate", Want::Duration, "How long it usually takes."),
        key("timeout", Want::Duration, "How long it may take."),
        key("max_attempts", Want::Count(1, 100), "How often a proven rejection may be tried again."),
        key("on_failure", Want::Text, "pause (default), abort, continue, or step:NAME."),
        key("point_of_no_return", Want::Boolean, "From its first call on, nothing is undone."),
        key("for_each", Want::Table(&FOR_EACH), "Runs the nested steps once per item."),
        key("steps", Want::List(&Want::Table(&STEP), 1), "The nested steps."),
    ],
)
.with(&[
    Rule::ExactlyOne(&["action", "for_each"]),
    Rule::Needs("for_each", "steps"),
    Rule::Needs("steps", "for_each"),
    Rule::Needs("action", "inputs"),
    Rule::Needs("inputs", "action"),
]);

pub(super) const OUTPUT_TYPES: &[&str] =
    &["string", "integer", "number", "boolean", "timestamp", "duration", "list", "map"];

static OUTPUT: Table = table(
    "output",
    "an output",
    &[
        must("name", Want::Name, "Name of the output."),
        must("selector", Want::Answer, "What to take: of the answer, in wait and assert of the run."),
        must("type", Want::Word(OUTPUT_TYPES), "Type of the value."),
        key("optional", Want::Boolean, "A null is fine."),
    ],
);

static CONFIRM: Table = table(
    "confirm",
    "confirm",
    &[
        key("tier", Want::Word(&["T0", "T1", "T2", "T3"]), "At least this tier."),
        key("also", Want::Template, "Further text that must be typed."),
    ],
);

static GUARD: Table = table(
    "guard",
    "a guard",
    &[
        must("check", Want::Run, "Condition that must hold."),
        key("rows", Want::Keyed(&Want::Table(&ROWS)), "How many rows each list must have."),
        must("message", Want::Template, "What it means when it does not hold."),
    ],
);

static PROBE: Table = table(
    "probe",
    "a probe",
    &[
        must("read", READ_REF, "What is read."),
        must("executed_when", Want::Answer, "Condition over the answer: the call took effect."),
    ],
);

static UNDO: Table = table(
    "undo",
    "undo",
    &[
        key("steps", Want::List(&Want::Table(&STEP), 1), "The flow that takes the step back."),
        key("none", Want::Template, "Why nothing takes it back."),
        key("valid_until", Want::Name, "Step from whose start on the undo is not offered."),
    ],
)
.with(&[Rule::ExactlyOne(&["steps", "none"]), Rule::Needs("valid_until", "steps")]);

static VERIFY: Table = table(
    "verify",
    "verify",
    &[must("read", READ_REF, "What is polled."), must("until", Want::Answer, "Condition over the answer.")],
);

static FOR_EACH: Table = table(
    "for_each",
    "for_each",
    &[
        must("items", Want::Run, "The items, a list."),
        must("key", Want::Run, "What names an item; unique."),
        key("concurrency", Want::Count(1, 100), "How many at a time; default 1."),
        key("on_item_failure", Want::Word(&["pause", "finish_others_then_pause"]), "Default pause."),
    ],
);

const ROW_COUNT: Want = Want::Table(&ROWS);
const ROWS_KEY: Key =
    key("rows", Want::Keyed(&ROW_COUNT), "How many rows each list must have; `read` is the inline read.");

static WAIT: Table = table(
    "wait_inputs",
    "wait",
    &[
        key("read", Want::Table(&READ), "A read of its own; the conditions are then over its answer."),
        must("until", Want::Run, "Condition that ends the wait."),
        key("fail_when", Want::Run, "Condition that fails it; judged first."),
        key("must_leave", Want::Run, "Must have been false once since the start."),
        key("stable_for", Want::Count(1, WINDOW as u64), "Consecutive readings; default 1."),
        ROWS_KEY,
        key("tolerate", Want::Keyed(&Want::Duration), "Error codes borne for this long."),
        key("interval", Want::Duration, "Time between readings; default 10s."),
    ],
);

static ASSERT: Table = table(
    "assert_inputs",
    "assert",
    &[
        key("read", Want::Table(&READ), "A read of its own; the condition is then over its answer."),
        must("check", Want::Run, "Condition that must hold."),
        ROWS_KEY,
        must("message", Want::Template, "What it means when it does not hold."),
    ],
);

static SQL: Table = table(
    "sql_inputs",
    "sql",
    &[
        must("via", Want::Name, "Connection of kind postgres."),
        must("text", Want::Text, "The statement; arguments are $1, identifiers and literals {name}."),
        key("args", Want::List(&Want::Value, 0), "Bound arguments."),
        key("identifiers", Want::Keyed(&Want::Template), "Names, quoted."),
        key("literals", Want::Keyed(&Want::Value), "Values, typed."),
        key("database", Want::Template, "Another database than the connection's."),
    ],
);

static HTTP: Table = table(
    "http_inputs",
    "http",
    &[
        must("via", Want::Name, "Connection of kind http."),
        must("method", Want::Word(METHODS), "GET and HEAD read, all else changes."),
        must("path", Want::List(&Want::Template, 0), "Segments of the path."),
        key("query", Want::Keyed(&Want::Value), "Query of the address."),
        key("headers", Want::Keyed(&Want::Template), "Headers."),
        key("body", Want::Value, "Body, sent as JSON."),
        key("expect_status", Want::List(&Want::Count(100, 599), 1), "Statuses that are success."),
        key("next_page", Want::Table(&NEXT_PAGE), "How further pages are asked for."),
    ],
);

const METHODS: &[&str] = &["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];

const ROOT: Key = must("via", Want::Name, "Connection of kind terraform.");

static TERRAFORM_INIT: Table = table("terraform_init_inputs", "terraform.init", &[ROOT]);

static TERRAFORM_PLAN: Table = table(
    "terraform_plan_inputs",
    "terraform.plan",
    &[
        ROOT,
        key("protect", Want::List(&Want::Template, 0), "Addresses that may only be updated."),
        key("bound", Want::Keyed(&Want::Template), "Addresses that must hold this object."),
        must("expect", Want::List(&Want::Table(&EXPECT), 0), "What may change; all else is refused."),
    ],
);

static EXPECT: Table = table(
    "expected_change",
    "an expected change",
    &[
        must("address", Want::Template, "Addresses, with * and **."),
        must("actions", Want::List(&Want::Word(CHANGES), 1), "What may be done to them."),
        key("only", Want::List(&Want::Text, 1), "The only attributes that may change."),
    ],
);

const CHANGES: &[&str] = &["no-op", "create", "read", "update", "replace", "delete", "forget"];

static TERRAFORM_APPLY: Table =
    table("terraform_apply_inputs", "terraform.apply", &[must("plan", Want::Name, "The step that planned.")]);

static TERRAFORM_STATE: Table = table(
    "terraform_state_inputs",
    "terraform.state",
    &[
        ROOT,
        key("rm", Want::List(&Want::Template, 1), "Addresses to forget."),
        key("import", Want::List(&Want::Table(&IMPORT), 1), "Objects to adopt."),
    ],
)
.with(&[Rule::AtLeastOne(&["rm", "import"])]);

static IMPORT: Table = table(
    "import",
    "an import",
    &[
        must("address", Want::Template, "Address in the state."),
        must("id", Want::Template, "Id of the object."),
    ],
);

static DIFF: Table = table(
    "diff_inputs",
    "diff",
    &[
        must("left", Want::Template, "The old document."),
        must("right", Want::Template, "The new document."),
        key("ignore", Want::List(&Want::Text, 0), "Paths that may differ without being listed."),
        key("expect_same", Want::List(&Want::Answer, 0), "Paths that must be equal."),
    ],
);

static PROMPT: Table = table(
    "prompt_inputs",
    "prompt",
    &[
        must("message", Want::Template, "The question."),
        key("choices", Want::List(&Want::Template, 1), "The answers there are."),
        key("read", READ_REF, "Read whose rows are offered."),
        key("rows", Want::Answer, "Its rows; default `@`."),
        key("columns", Want::List(&COLUMN, 1), "What is shown of a row."),
        key("value", Want::Answer, "What names a row; what --answer takes."),
        key("warn_when", Want::Answer, "Condition over a row: it must be typed to be chosen."),
        key("type", Want::Word(super::top::PARAMETER_TYPES), "Free input of this type."),
        key("items", Want::Type, "Type of the elements, for a list or map."),
        key("secret", Want::Boolean, "Never shown and never kept."),
    ],
)
.with(&[
    Rule::ExactlyOne(&["choices", "read", "type"]),
    Rule::Needs("read", "value"),
    Rule::Needs("read", "columns"),
    Rule::Needs("rows", "read"),
    Rule::Needs("columns", "read"),
    Rule::Needs("value", "read"),
    Rule::Needs("warn_when", "read"),
    Rule::Needs("items", "type"),
    Rule::Needs("secret", "type"),
]);

static MANUAL: Table = table(
    "manual_inputs",
    "manual",
    &[
        must("checklist", Want::List(&Want::Template, 1), "What is done or seen, one by one."),
        key("show", Want::List(&Want::Name, 0), "Reads shown beside it."),
        key("evidence", Want::Word(&["required"]), "A note must be left."),
    ],
);

static APPROVE: Table = table(
    "approve_inputs",
    "approve",
    &[must("message", Want::Template, "What the second person agrees to.")],
);

static BRANCH: Table = table(
    "branch_inputs",
    "branch",
    &[
        must("choices", Want::List(&Want::Table(&CHOICE), 1), "The first one that holds is taken."),
        key("default", Want::Name, "Step to go on at when none holds; else the next one."),
    ],
);

static CHOICE: Table = table(
    "choice",
    "a choice",
    &[must("when", Want::Run, "Condition."), must("next_step", Want::Name, "Step to go on at.")],
);

static CHILD: Table = table(
    "runbook_inputs",
    "runbook",
    &[
        must("runbook", Want::Id, "Id of the other runbook."),
        key("parameters", Want::Values, "Its parameters."),
    ],
);

static UNDO_ACTION: Table =
    table("undo_inputs", "undo", &[must("step", Want::Name, "The step whose undo is run.")]);

static END: Table = table(
    "end_inputs",
    "end",
    &[
        must("verdict", Want::Word(&["success", "failed", "not_applicable"]), "How the run ends."),
        must("message", Want::Template, "Why."),
    ],
);
