//! Every key of a scenario file, once.

use crate::runbook::form::{Rule, Table, Want, key, must, table};

pub(super) static SCENARIO: Table = table(
    "scenario",
    "a scenario",
    &[
        must("schema", Want::Count(1, 1), "Version of this format: 1."),
        must("id", Want::Id, "Name of the scenario and of its file."),
        must("runbook", Want::Id, "The runbook that is drilled."),
        must("title", Want::Text, "What goes wrong, in one line; shown after the drill only."),
        key(
            "based_on",
            Want::Id,
            "Another scenario of the runbook, whose world, parameters and answers this one has.",
        ),
        must("story", Want::Text, "What the operator is told at the start."),
        key("teaches", Want::Text, "What is to be learned; told in the debrief."),
        key("now", Want::Text, "When the drill begins, RFC 3339."),
        key("place", Want::Table(&PLACE), "Where it plays."),
        key("parameters", Want::Values, "What the operator knows: parameters of the runbook."),
        key("world", Want::Keyed(&Want::List(&Want::Values, 0)), "What is there at the start, by kind."),
        key(
            "writers",
            Want::List(&Want::Table(&WRITER), 0),
            "Services that write to a store while they run.",
        ),
        key("faults", Want::List(&Want::Table(&FAULT), 0), "What AWS does wrong."),
        key("events", Want::List(&Want::Table(&EVENT), 0), "What others do meanwhile."),
        key(
            "answers",
            Want::Keyed(&Want::Text),
            "What is answered at a step, in a drill without an operator.",
        ),
        key(
            "response",
            Want::List(&Want::Table(&RESPONSE), 0),
            "What a good operator does when it goes wrong.",
        ),
        key("hints", Want::List(&Want::Table(&HINT), 0), "Help that is given when it is asked for."),
        key("objectives", Want::Table(&OBJECTIVES), "Instead of those of the runbook."),
        must("expect", Want::Table(&EXPECT), "How it ends when it is answered well."),
    ],
);

static PLACE: Table = table(
    "scenario_place",
    "a place",
    &[must("account", Want::Text, "Twelve digits."), must("region", Want::Text, "The region.")],
);

static WRITER: Table = table(
    "writer",
    "a writer",
    &[
        must("service", Want::Text, "`CLUSTER/SERVICE`."),
        must("store", Want::Text, "The identifier under which it finds its database."),
    ],
);

static FAULT: Table = table(
    "fault",
    "a fault",
    &[
        must("calls", Want::Table(&CALLS), "Which calls."),
        key("nth", Want::List(&Want::Count(1, 1000), 1), "Only these of them, counted from 1."),
        key("chance", Want::Count(1, 100), "Only so many of a hundred."),
        key("from", Want::Duration, "Not before so long after the start."),
        key("until", Want::Duration, "Not later than so long after the start."),
        key("after", Want::Table(&CALLS), "Not before such a call was accepted."),
        key("lasts", Want::Duration, "How long after that call."),
        must("do", Want::Either(&[Want::Word(WORDS), Want::Table(&DOES)]), "What happens instead."),
    ],
)
.with(&[Rule::Needs("lasts", "after")]);

/// Faults without more to say.
pub(super) const WORDS: &[&str] =
    &["drop_answer", "drop_request", "throttle", "expired", "empty", "half_body", "html_500"];

static DOES: Table = table(
    "fault_do",
    "what a fault does",
    &[
        key("delay", Want::Duration, "The answer comes so much later, on the wall."),
        key("stale", Want::Duration, "The answer is that of so long before."),
        key("error", Want::Table(&ERROR), "An error."),
    ],
)
.with(&[Rule::ExactlyOne(&["delay", "stale", "error"])]);

static ERROR: Table = table(
    "fault_error",
    "an error",
    &[
        must("code", Want::Text, "Its code on the wire."),
        key("message", Want::Text, "Its sentence."),
        key("status", Want::Count(400, 599), "HTTP status, 400 where nothing is said."),
    ],
);

static CALLS: Table = table(
    "calls",
    "a choice of calls",
    &[
        key("service", Want::Text, "The service as the `aws` CLI spells it."),
        key("operation", Want::Text, "The operation, or its beginning and `*`."),
        key("where", Want::Text, "An expression on the parameters."),
    ],
)
.with(&[Rule::AtLeastOne(&["service", "operation"])]);

static EVENT: Table = table(
    "event",
    "an event",
    &[
        key("at", Want::Duration, "So long after the start."),
        key("after", Want::Table(&CALLS), "When such a call was accepted."),
        key("by", Want::Duration, "So long after that call."),
        key("say", Want::Text, "What is told about it in the debrief."),
        key("call", Want::Table(&CALL), "A call that somebody else makes."),
        key("place", Want::Keyed(&Want::List(&Want::Values, 1)), "What is there from then on, by kind."),
    ],
)
.with(&[
    Rule::ExactlyOne(&["at", "after"]),
    Rule::AtLeastOne(&["call", "place"]),
    Rule::Needs("by", "after"),
]);

static CALL: Table = table(
    "scenario_call",
    "a call",
    &[
        must("service", Want::Text, "The service as the `aws` CLI spells it."),
        must("operation", Want::Text, "The operation."),
        key("parameters", Want::Values, "Its parameters."),
    ],
);

static RESPONSE: Table = table(
    "response",
    "a response",
    &[
        must("when", Want::Table(&WHEN), "What the operator sees."),
        must(
            "do",
            Want::List(&Want::Either(&[Want::Word(DEEDS), Want::Table(&DEED)]), 1),
            "What he does, in order.",
        ),
        key("times", Want::Count(1, 100), "How often; once where nothing is said."),
    ],
);

static WHEN: Table = table(
    "response_when",
    "an occasion",
    &[
        must("step", Want::Text, "The step, without keys of items."),
        must("is", Want::Word(OCCASIONS), "How it stands."),
        key("because", Want::Text, "Words of the reason; at a gate, of its phrase."),
    ],
);

pub(super) const OCCASIONS: &[&str] = &["held", "gate", "asked"];

/// Deeds without more to say.
pub(super) const DEEDS: &[&str] = &["retry", "skip", "accept", "give_up", "abort", "leave"];

static DEED: Table = table(
    "deed",
    "a deed",
    &[
        key("extend", Want::Duration, "Waits so much longer."),
        key("roll_back", Want::Name, "Takes the run back to this step."),
        key("redo", Want::Name, "Does this step again."),
        key("answer", Want::Text, "Answers so."),
        key("settle", Want::Word(&["happened", "did_not_happen"]), "Settles an unknown outcome."),
        key("wait", Want::Duration, "Waits before the next deed."),
        key("call", Want::Table(&CALL), "Makes a call in another terminal."),
        key(
            "place",
            Want::Keyed(&Want::List(&Want::Values, 1)),
            "Mends what the console cannot reach, by kind.",
        ),
    ],
)
.with(&[Rule::ExactlyOne(&["extend", "roll_back", "redo", "answer", "settle", "wait", "call", "place"])]);

static HINT: Table = table(
    "hint",
    "a hint",
    &[
        key("at", Want::Text, "The step at which it helps; anywhere where nothing is said."),
        must("text", Want::Text, "The help."),
    ],
);

static OBJECTIVES: Table = table(
    "scenario_objectives",
    "objectives",
    &[
        key("rto", Want::Duration, "How long the recovery may take."),
        key("rpo", Want::Duration, "How much data may be lost."),
    ],
);

static EXPECT: Table = table(
    "expect",
    "an expectation",
    &[
        must("outcome", Want::Word(OUTCOMES), "How the run ends."),
        key("at", Want::Text, "The step, or `preflight`, at which it stops."),
        key("because", Want::Text, "Words of the reason why it stops."),
        key("warns", Want::List(&Want::Name, 0), "Every preflight check that warns."),
        key("world", Want::List(&Want::Table(&JUDGED), 0), "What is true of the world at the end."),
    ],
);

pub(super) const OUTCOMES: &[&str] = &["recovered", "recovered_after_response", "rolled_back", "stopped"];

static JUDGED: Table = table(
    "judged",
    "a judgement",
    &[
        must("name", Want::Name, "What is judged."),
        must("check", Want::Text, "A condition on the world."),
        key("message", Want::Text, "What it means when it does not hold."),
    ],
);
