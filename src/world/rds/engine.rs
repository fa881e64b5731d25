//! What an engine brings with it: family, port, default version, licence, logs (RDS and Aurora user guides).

/// The family of a version's parameter groups: `postgres16`, `aurora-mysql8.0`.
pub(super) fn family(engine: &str, version: &str) -> String {
    let parts: Vec<&str> = version.split('.').collect();
    let old = parts[0].parse().is_ok_and(|major: u32| major < 10);
    let one = engine.ends_with("postgres") || engine.ends_with("postgresql");
    match parts.as_slice() {
        [major, minor, ..] if old || !one => format!("{engine}{major}.{minor}"),
        _ => format!("{engine}{}", parts[0]),
    }
}

/// The option group of an instance that names none: `default:postgres-16`.
pub(super) fn option_group(engine: &str, version: &str) -> String {
    let family = family(engine, version);
    let major = family.strip_prefix(engine).unwrap_or_default().replace('.', "-");
    format!("default:{engine}-{major}")
}

/// The port of an engine where nobody says one.
pub(super) fn port(engine: &str) -> u64 {
    match engine {
        "postgres" | "aurora-postgresql" => 5432,
        e if e.starts_with("oracle") => 1521,
        e if e.starts_with("sqlserver") => 1433,
        e if e.starts_with("db2") => 50_000,
        _ => 3306,
    }
}

/// The version that a new store of an engine has where the call names none.
pub(super) fn default_version(engine: &str) -> &'static str {
    match engine {
        "postgres" | "aurora-postgresql" => "17.4",
        "aurora-mysql" => "8.0.mysql_aurora.3.08.2",
        "mariadb" => "11.4.5",
        _ => "8.0.41",
    }
}

pub(super) fn licence(engine: &str) -> &'static str {
    if engine.contains("postgres") { "postgresql-license" } else { "general-public-license" }
}

/// The logs that a store of an engine can export.
pub(super) fn logs(engine: &str) -> &'static [&'static str] {
    match engine {
        "postgres" => &["postgresql", "upgrade"],
        "aurora-postgresql" => &["postgresql"],
        "aurora-mysql" => &["audit", "error", "slowquery"],
        _ => &["error", "slowquery"],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_is_an_engine_and_what_it_counts_as_a_major_version() {
        for (engine, version, wanted) in [
            ("postgres", "16.3", "postgres16"),
            ("postgres", "9.6.24", "postgres9.6"),
            ("aurora-postgresql", "11.21", "aurora-postgresql11"),
            ("mysql", "8.0.41", "mysql8.0"),
            ("aurora-mysql", "8.0.mysql_aurora.3.08.2", "aurora-mysql8.0"),
        ] {
            assert_eq!(family(engine, version), wanted);
        }
        assert_eq!(option_group("mysql", "8.0.41"), "default:mysql-8-0");
        assert_eq!(option_group("postgres", "16.3"), "default:postgres-16");
    }
}
