//! The keys of reads and of what looks at their rows.

use super::{Rule, Table, Want, key, must, table};

pub(in super::super) static READ: Table = table(
    "read",
    "a read",
    &[
        key("in", Want::Name, "Target to ask in."),
        key("aws", Want::Table(&AWS), "One operation of the catalogue that changes nothing."),
        key("exec", Want::Table(&READ_EXEC), "A command that changes nothing."),
        key("sql", Want::Table(&READ_SQL), "A query in a read-only transaction."),
        key("http", Want::Table(&READ_HTTP), "A GET or HEAD request."),
        key("file", Want::Table(&READ_FILE), "A file on this machine."),
        key("select", Want::Answer, "What to take of each answer."),
        key("for_each", Want::Run, "Items to ask once for; the answers become one list."),
        key("shape", Want::Type, "Type of the selected value, where the source does not tell."),
    ],
)
.with(&[Rule::ExactlyOne(&["aws", "exec", "sql", "http", "file"])]);

/// A read by name, or written in place.
pub(super) const READ_REF: Want = Want::Either(&[Want::Name, Want::Table(&READ)]);

pub(super) static AWS: Table = table(
    "call",
    "a call",
    &[
        must("service", Want::Text, "Service as the aws CLI spells it."),
        must("operation", Want::Text, "Operation as the API spells it."),
        key("parameters", Want::Values, "Parameters as the API spells them."),
    ],
);

const PARSE: Want = Want::Word(&["text", "lines", "json"]);

pub(super) static READ_EXEC: Table = table(
    "read_exec",
    "a command",
    &[
        must("argv", Want::List(&Want::Template, 1), "Program and arguments; never a shell."),
        key("via", Want::Name, "Connection whose settings it gets."),
        key("stdin", Want::Template, "What it reads."),
        key("expect_exit", Want::List(&Want::Count(0, 255), 1), "Exit codes that are no error; default 0."),
        key("parse", PARSE, "How its output is read; default text."),
    ],
);

pub(super) static READ_SQL: Table = table(
    "read_sql",
    "a query",
    &[
        must("via", Want::Name, "Connection of kind postgres."),
        must("text", Want::Text, "The query; arguments are $1, $2."),
        key("args", Want::List(&Want::Value, 0), "Bound arguments."),
        key("database", Want::Template, "Another database than the connection's."),
    ],
);

pub(super) static READ_HTTP: Table = table(
    "read_http",
    "a request",
    &[
        must("via", Want::Name, "Connection of kind http."),
        key("get", Want::List(&Want::Template, 0), "Segments of the path."),
        key("head", Want::List(&Want::Template, 0), "Segments of the path."),
        key("query", Want::Keyed(&Want::Value), "Query of the address."),
        key("headers", Want::Keyed(&Want::Template), "Headers."),
        key("expect_status", Want::List(&Want::Count(100, 599), 1), "Statuses that are no error."),
        key("next_page", Want::Table(&NEXT_PAGE), "How further pages are asked for."),
    ],
)
.with(&[Rule::ExactlyOne(&["get", "head"])]);

pub(super) static NEXT_PAGE: Table = table(
    "next_page",
    "next_page",
    &[
        must("query", Want::Text, "Query key that holds the number of the page."),
        key("from", Want::Count(0, 1), "Number of the first page; default 1."),
        must("until", Want::Answer, "Condition over a page: true on the last one."),
    ],
);

static READ_FILE: Table = table(
    "read_file",
    "a file",
    &[must("path", Want::Template, "Where it is."), key("parse", PARSE, "How it is read; default text.")],
);

pub(super) const COLUMN: Want = Want::Either(&[Want::Answer, Want::Table(&COLUMN_TABLE)]);

static COLUMN_TABLE: Table = table(
    "column",
    "a column",
    &[
        must("title", Want::Text, "Title of the column."),
        must("value", Want::Answer, "Expression over the row."),
        key("as", Want::Word(&["duration", "age", "bytes"]), "How it is written."),
    ],
);

const BOUND: Want = Want::Either(&[Want::Count(0, 1_000_000), Want::Template]);

pub(super) static ROWS: Table = table(
    "rows",
    "a number of rows",
    &[
        key("exactly", BOUND, "This many, no more and no fewer."),
        key("at_least", BOUND, "This many or more; 0 says that none is fine."),
    ],
)
.with(&[Rule::ExactlyOne(&["exactly", "at_least"])]);
