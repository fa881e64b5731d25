//! The keys of connections: what is not AWS, and how its identity is proven.

use super::reading::{READ_EXEC, READ_HTTP};
use super::{Rule, Table, Want, key, must, table};

/// The kinds of connections; each is a key of [`CONNECTION`].
pub(super) const KINDS: &[&str] = &["postgres", "http", "terraform", "kubectl", "cli"];

pub(super) static CONNECTION: Table = table(
    "connection",
    "a connection",
    &[
        key("postgres", Want::Table(&POSTGRES), "A PostgreSQL server."),
        key("http", Want::Table(&HTTP), "An HTTP API."),
        key("terraform", Want::Table(&TERRAFORM), "A Terraform root."),
        key("kubectl", Want::Table(&KUBECTL), "A Kubernetes cluster."),
        key("cli", Want::Table(&CLI), "Another command line tool."),
        key("identity", Want::Table(&IDENTITY), "What is proven before each change."),
    ],
)
.with(&[Rule::ExactlyOne(KINDS)]);

static POSTGRES: Table = table(
    "postgres",
    "a postgres connection",
    &[
        must("host", Want::Template, "Host name."),
        key("port", Want::Either(&[Want::Count(1, 65_535), Want::Template]), "Port; default 5432."),
        must("database", Want::Template, "Database."),
        must("user", Want::Template, "User."),
        key("password", Want::Table(&SECRET), "Where the password comes from."),
        key("sslmode", Want::Word(&["verify-full", "verify-ca", "require"]), "Default verify-full."),
        key("sslrootcert", Want::Template, "File of trusted certificates."),
    ],
);

static HTTP: Table = table(
    "http",
    "an http connection",
    &[
        must("base_url", Want::Template, "Address that paths are added to."),
        key("bearer", Want::Table(&SECRET), "Where the token comes from."),
        key("headers", Want::Keyed(&Want::Template), "Headers of every request."),
    ],
);

static TERRAFORM: Table = table(
    "terraform",
    "a terraform connection",
    &[
        must("dir", Want::Template, "Directory of the root."),
        key("workspace", Want::Template, "Workspace; default default."),
        key("backend", Want::Text, "Kind of backend the state must be in."),
        key("var_files", Want::List(&Want::Template, 0), "Variable files."),
    ],
);

static KUBECTL: Table = table(
    "kubectl",
    "a kubectl connection",
    &[
        must("context", Want::Template, "Context of the kubeconfig."),
        key("namespace", Want::Template, "Namespace."),
    ],
);

static CLI: Table = table(
    "cli",
    "a cli connection",
    &[
        must("program", Want::Text, "The program that may be run."),
        key("environment", Want::Keyed(&Want::Either(&[Want::Template, Want::Table(&SECRET)])), "Variables."),
        key("cwd", Want::Template, "Working directory."),
    ],
);

static SECRET: Table = table(
    "secret",
    "a secret",
    &[
        key("secretsmanager", Want::Template, "ARN of the secret."),
        key("environment", Want::Text, "Name of an environment variable."),
        key("ask", Want::Boolean, "Asked when first needed, never kept."),
    ],
)
.with(&[Rule::ExactlyOne(&["secretsmanager", "environment", "ask"])]);

static IDENTITY: Table = table(
    "identity",
    "an identity",
    &[
        key("sql", Want::Table(&IDENTITY_SQL), "Query that tells who and where."),
        key("http", Want::Table(&IDENTITY_HTTP), "Request that tells who and where."),
        key("exec", Want::Table(&READ_EXEC), "Command that tells who and where."),
        must("check", Want::Answer, "Condition over the answer."),
    ],
)
.with(&[Rule::ExactlyOne(&["sql", "http", "exec"])]);

static IDENTITY_SQL: Table =
    table("identity_sql", "a query", &[must("text", Want::Text, "The query; it must change nothing.")]);

static IDENTITY_HTTP: Table = Table {
    name: "identity_http",
    what: "a request",
    keys: &[
        key("get", Want::List(&Want::Template, 0), "Segments of the path."),
        key("head", Want::List(&Want::Template, 0), "Segments of the path."),
        key("query", Want::Keyed(&Want::Value), "Query of the address."),
    ],
    rules: READ_HTTP.rules,
};
