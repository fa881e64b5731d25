//! A Rust file as the laws see it: comments and literals blanked out, paths and functions listed.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use regex::Regex;

/// One source file.
pub struct File {
    /// Path from the repository root, with `/`.
    pub name: String,
    /// As it lies on disk.
    pub text: String,
    /// The same, with comments and the insides of literals turned into blanks; lines stay where they are.
    pub code: String,
}

/// A function with a body.
pub struct Function {
    pub name: String,
    /// Line of its `fn`, from 1.
    pub line: usize,
    /// From its `fn` to its closing brace.
    pub lines: usize,
}

/// All `.rs` files under a directory of the repository, in order.
pub fn files_under(dir: &str) -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    let mut open = vec![root.join(dir)];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(
                fs::read_dir(&path)
                    .expect("a readable directory")
                    .map(|entry| entry.expect("an entry").path()),
            );
        } else if path.extension().is_some_and(|ext| ext == "rs") {
            let name = path.strip_prefix(root).expect("under the root").to_string_lossy().replace('\\', "/");
            found.push(File::new(&name, &fs::read_to_string(&path).expect("a readable file")));
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(!found.is_empty(), "no source under {dir}");
    found
}

impl File {
    pub fn new(name: &str, text: &str) -> File {
        File { name: name.to_owned(), text: text.to_owned(), code: blank(text) }
    }

    /// Top-level module: `run` for `src/run/state.rs` and `src/run.rs`.
    pub fn module(&self) -> &str {
        let path = self.name.strip_prefix("src/").unwrap_or(&self.name);
        path.split('/').next().unwrap_or(path).trim_end_matches(".rs")
    }

    /// How many `super::` lead from this file's own module to the crate root.
    fn depth(&self) -> usize {
        let path = self.name.strip_prefix("src/").unwrap_or(&self.name);
        path.trim_end_matches(".rs").trim_end_matches("/mod").split('/').count()
    }

    pub fn is_generated(&self) -> bool {
        self.text.lines().take(5).any(|line| line.contains("@generated"))
    }

    /// Whether the whole file is a test module.
    pub fn is_test(&self) -> bool {
        self.name.split('/').any(|part| matches!(part.trim_end_matches(".rs"), "tests" | "test"))
            || self.name.ends_with("_tests.rs")
    }

    /// The file with the bodies of its `#[cfg(test)]` items blanked out.
    pub fn without_tests(&self) -> File {
        let mut code = self.code.clone();
        let mut from = 0;
        while let Some(at) = code[from..].find("#[cfg(test)]").map(|at| at + from) {
            let end = item_end(&code, at);
            code.replace_range(at..end, &blank_of(&code[at..end]));
            from = end;
        }
        File { name: self.name.clone(), text: self.text.clone(), code }
    }

    /// Every path named in the code, `use` trees spelled out, with the line it stands on.
    pub fn paths(&self) -> Vec<(usize, String)> {
        static USE: LazyLock<Regex> =
            LazyLock::new(|| Regex::new(r"\buse\s+([^;]+);").expect("a valid pattern"));
        static PATH: LazyLock<Regex> =
            LazyLock::new(|| Regex::new(r"\b[A-Za-z_]\w*(?:::\w+)*").expect("a valid pattern"));
        let mut found = Vec::new();
        let mut rest = self.code.clone();
        for tree in USE.captures_iter(&self.code) {
            let whole = tree.get(0).expect("the match itself").range();
            let line = self.line_at(whole.start);
            found.extend(leaves(&tree[1]).into_iter().map(|path| (line, path)));
            rest.replace_range(whole.clone(), &blank_of(&self.code[whole]));
        }
        found
            .extend(PATH.find_iter(&rest).map(|path| (self.line_at(path.start()), path.as_str().to_owned())));
        found
    }

    /// Top-level modules of this crate that the code names, however it spells them.
    pub fn crate_modules(&self) -> Vec<(usize, String)> {
        let depth = self.depth();
        let module_of = |(line, path): (usize, String)| {
            let supers = path.split("::").take_while(|part| *part == "super").count();
            let mut parts = path.split("::").skip(supers);
            match parts.next()? {
                "crate" | "ripcord" if supers == 0 => Some((line, parts.next()?.to_owned())),
                name if supers > 0 && supers == depth => Some((line, name.to_owned())),
                _ => None,
            }
        };
        self.paths().into_iter().filter_map(module_of).collect()
    }

    pub fn functions(&self) -> Vec<Function> {
        static FN: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\bfn\s+(\w+)").expect("a valid pattern"));
        FN.captures_iter(&self.code)
            .map(|found| {
                let start = found.get(0).expect("the match itself").start();
                let end = item_end(&self.code, start);
                Function {
                    name: found[1].to_owned(),
                    line: self.line_at(start),
                    lines: self.code[start..end].lines().count(),
                }
            })
            .collect()
    }

    fn line_at(&self, offset: usize) -> usize {
        self.code[..offset].matches('\n').count() + 1
    }
}

/// Where the item that begins at `start` ends: after its closing brace, or its `;` if it has no body.
fn item_end(code: &str, start: usize) -> usize {
    let mut round = 0_i32;
    let mut curly = 0_i32;
    for (at, byte) in code.bytes().enumerate().skip(start) {
        match byte {
            b'(' | b'[' => round += 1,
            b')' | b']' => round -= 1,
            b';' if round == 0 && curly == 0 => return at + 1,
            b'{' => curly += 1,
            b'}' if curly <= 1 => return at + 1,
            b'}' => curly -= 1,
            _ => {}
        }
    }
    code.len()
}

/// The paths of a `use` tree: `a::{b, c::d as e}` gives `a::b` and `a::c::d`.
fn leaves(tree: &str) -> Vec<String> {
    let tree = tree.trim();
    let Some((prefix, group)) = tree.split_once('{') else {
        return vec![tree.split_whitespace().next().unwrap_or_default().trim_start_matches("::").to_owned()];
    };
    let group = group.trim_end().trim_end_matches('}');
    let mut depth = 0_i32;
    let top_level_comma = |c: char| {
        depth += i32::from(c == '{') - i32::from(c == '}');
        c == ',' && depth == 0
    };
    let parts = group.split(top_level_comma).filter(|part| !part.trim().is_empty());
    parts.flat_map(leaves).map(|leaf| format!("{}{leaf}", prefix.trim())).collect()
}

fn blank_of(text: &str) -> String {
    text.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }).collect()
}

/// Blanks out comments and the insides of string and character literals.
fn blank(text: &str) -> String {
    static TOKEN: LazyLock<Regex> = LazyLock::new(|| {
        // A lifetime is no literal: one quote and one character without a closing quote match nothing here.
        Regex::new(
            r#"(?xs) (?P<line>//[^\n]*) | (?P<block>/\*) | \bb?c?r(?P<hashes>\#*)" | \b[bc]?"(?:\\.|[^"\\])*" | "(?:\\.|[^"\\])*"
               | '(?:\\(?:[^u]|u\{[0-9a-fA-F_]+\})[0-9a-fA-F]?|[^'\\\n])' "#,
        )
        .expect("a valid pattern")
    });
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    while let Some(found) = TOKEN.captures_at(text, from) {
        let whole = found.get(0).expect("the match itself");
        let end = if found.name("block").is_some() {
            block_comment_end(text, whole.start())
        } else if let Some(hashes) = found.name("hashes") {
            let close = format!("\"{}", hashes.as_str());
            text[whole.end()..].find(&close).map_or(text.len(), |at| whole.end() + at + close.len())
        } else {
            whole.end()
        };
        out.push_str(&text[from..whole.start()]);
        out.push_str(&blank_of(&text[whole.start()..end]));
        from = end;
    }
    out.push_str(&text[from..]);
    out
}

fn block_comment_end(text: &str, start: usize) -> usize {
    let bytes = text.as_bytes();
    let (mut at, mut depth) = (start, 0);
    while at + 1 < bytes.len() {
        match &bytes[at..at + 2] {
            b"/*" => depth += 1,
            b"*/" => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            return at;
        }
    }
    text.len()
}
