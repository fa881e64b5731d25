//! A terminal with ripcord in it: tmux on a socket of its own, read by `capture-pane`.

use std::path::PathBuf;
use std::process::{Command, Output};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A tmux server with one session in it; dropped, it is killed.
pub struct Terminal {
    directory: TempDir,
}

impl Terminal {
    /// Starts a program in a terminal of `columns` by `rows`. When it ends, the screen stays, with
    /// `[exited CODE]` below what it left.
    pub fn start(
        program: &str,
        args: &[&str],
        env: &[(String, String)],
        (columns, rows): (u16, u16),
    ) -> Terminal {
        let terminal = Terminal { directory: TempDir::new().expect("a temporary directory") };
        // A script rather than a quoted command line: what the program gets is exactly what is meant.
        let script = terminal.directory.path().join("run");
        std::fs::write(
            &script,
            "#!/bin/sh\n\"$@\"\nprintf '\\n[exited %s]\\n' \"$?\"\nexec cat >/dev/null\n",
        )
        .expect("a writable directory");
        let mut command = terminal.tmux();
        command.args(["-f", "/dev/null", "new-session", "-d", "-s", "t"]);
        command.args(["-x", &columns.to_string(), "-y", &rows.to_string()]);
        for (name, value) in env {
            command.arg("-e").arg(format!("{name}={value}"));
        }
        command.arg("--").arg("sh").arg(&script).arg(program).args(args);
        checked(&mut command);
        terminal
    }

    /// The binary under test, with what it needs from the environment.
    pub fn ripcord(args: &[&str], env: &[(String, String)], size: (u16, u16)) -> Terminal {
        Terminal::start(env!("CARGO_BIN_EXE_ripcord"), args, env, size)
    }

    /// Presses keys by tmux's names: `Enter`, `Escape`, `C-c`, `Down`, `q`.
    pub fn keys(&self, keys: &[&str]) {
        checked(self.tmux().args(["send-keys", "-t", "t"]).args(keys));
    }

    /// Types text as it stands.
    pub fn text(&self, text: &str) {
        checked(self.tmux().args(["send-keys", "-t", "t", "-l", "--", text]));
    }

    /// The screen now, without trailing blanks.
    pub fn screen(&self) -> String {
        let output = checked(self.tmux().args(["capture-pane", "-p", "-t", "t"]));
        let text = String::from_utf8_lossy(&output.stdout);
        text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n").trim_end().to_owned()
    }

    /// The screen with what has scrolled off it.
    pub fn history(&self) -> String {
        let output = checked(self.tmux().args(["capture-pane", "-p", "-S", "-", "-t", "t"]));
        let text = String::from_utf8_lossy(&output.stdout);
        text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
    }

    /// The screen once `text` is on it; panics with what is there when it does not come in time.
    pub fn wait_for(&self, text: &str, deadline: Duration) -> String {
        self.wait_until(&format!("`{text}`"), deadline, |screen| screen.contains(text))
    }

    /// The screen once it satisfies `done`.
    pub fn wait_until(&self, what: &str, deadline: Duration, done: impl Fn(&str) -> bool) -> String {
        let end = Instant::now() + deadline;
        loop {
            let screen = self.screen();
            if done(&screen) {
                return screen;
            }
            assert!(Instant::now() < end, "no {what} within {deadline:?}; the screen:\n{screen}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Another size of the terminal.
    pub fn resize(&self, (columns, rows): (u16, u16)) {
        let (columns, rows) = (columns.to_string(), rows.to_string());
        checked(self.tmux().args(["resize-window", "-t", "t", "-x", &columns, "-y", &rows]));
    }

    /// Process id of the program in the terminal, to signal it.
    pub fn pid(&self) -> u32 {
        let shell = checked(self.tmux().args(["display-message", "-p", "-t", "t", "#{pane_pid}"]));
        let shell = String::from_utf8_lossy(&shell.stdout).trim().to_owned();
        let children = std::fs::read_to_string(format!("/proc/{shell}/task/{shell}/children"));
        let children = children.expect("the process table of Linux");
        let first = children.split_whitespace().next().expect("the program is running");
        first.parse().expect("a process id")
    }

    #[cfg(feature = "aws")]
    /// Whether the program in the terminal wants to be told of the mouse.
    pub fn mouse(&self) -> bool {
        let output = checked(self.tmux().args(["display-message", "-p", "-t", "t", "#{mouse_any_flag}"]));
        String::from_utf8_lossy(&output.stdout).trim() == "1"
    }

    fn socket(&self) -> PathBuf {
        self.directory.path().join("socket")
    }

    fn tmux(&self) -> Command {
        let mut command = Command::new("tmux");
        command.arg("-S").arg(self.socket()).env_remove("TMUX").env("LC_ALL", "C.UTF-8");
        // What the machine has configured must not reach the program: a session inherits the server's environment.
        crate::moto::hide_configuration(&mut command);
        command
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.tmux().arg("kill-server").output().ok();
    }
}

fn checked(command: &mut Command) -> Output {
    let output =
        command.output().unwrap_or_else(|error| panic!("peer missing: tmux ({error}): run tests/run peers"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

const SOON: Duration = Duration::from_secs(10);

#[test]
fn a_program_reads_keys_and_its_end_stays_on_the_screen() {
    let env = [("GREETING".to_owned(), "it's \"quoted\" $HOME".to_owned())];
    let script = r#"printf '%s\n' "$GREETING"; read -r line; printf 'got <%s>\n' "$line"; stty size; exit 3"#;
    let terminal = Terminal::start("sh", &["-c", script], &env, (100, 30));
    terminal.wait_for("it's \"quoted\" $HOME", SOON);
    assert!(terminal.pid() > 1);
    terminal.resize((80, 24));
    terminal.text("a; b $c");
    terminal.keys(&["Enter"]);
    let screen = terminal.wait_for("[exited 3]", SOON);
    assert!(screen.contains("got <a; b $c>\n24 80"), "{screen}");
}

#[test]
fn ripcord_starts_in_a_terminal() {
    let terminal = Terminal::ripcord(&["--version"], &[], (80, 24));
    terminal.wait_for("[exited ", SOON);
}
