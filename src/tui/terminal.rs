//! The terminal: entered once, restored once, whatever happens.
//!
//! Every undo is tried even when another one failed. A panic of the thread that draws restores the terminal, prints
//! how to go on and exits 70; a panic elsewhere is logged and leaves the screen alone (the runner makes it an ERR
//! reading or an unknown outcome).

use std::io::{self, BufWriter, IsTerminal, Stdout, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, Once, PoisonError};
use std::thread::{self, ThreadId};

use crossterm::clipboard::CopyToClipboard;
use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture,
};
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
    disable_raw_mode, enable_raw_mode,
};
use crossterm::{cursor, execute, queue};
use ratatui::backend::CrosstermBackend;
use ratatui::{Frame, Terminal};

use crate::runner::exit;

/// Whether the terminal is ours. Whoever takes it restores.
static OURS: AtomicBool = AtomicBool::new(false);
/// Printed after a panic: how to go on.
static EPITAPH: Mutex<String> = Mutex::new(String::new());
static HOOK: Once = Once::new();

/// The terminal while the console has it.
pub struct Guard {
    terminal: Terminal<CrosstermBackend<BufWriter<Stdout>>>,
}

impl Guard {
    /// Takes the terminal.
    ///
    /// # Errors
    /// When standard input or output is no terminal, or the terminal refuses; it is then as before.
    pub fn enter(mouse: bool) -> io::Result<Guard> {
        if !io::stdout().is_terminal() || !io::stdin().is_terminal() {
            return Err(io::Error::other("standard input and output are no terminal"));
        }
        let ui = thread::current().id();
        HOOK.call_once(|| install_hook(ui));
        // Without this crossterm answers NO_COLOR with a bare reset that also wipes bold and reverse.
        crossterm::style::force_color_output(true);
        enable_raw_mode()?;
        OURS.store(true, Ordering::SeqCst);
        let taken = take(mouse);
        if taken.is_err() {
            restore();
        }
        taken
    }

    /// Draws one frame in one piece.
    pub fn draw(&mut self, render: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        queue!(self.terminal.backend_mut(), BeginSynchronizedUpdate)?;
        let drawn = self.terminal.draw(render).map(|_| ());
        queue!(self.terminal.backend_mut(), EndSynchronizedUpdate)?;
        Write::flush(self.terminal.backend_mut())?;
        drawn
    }

    /// Draws everything anew next time.
    pub fn clear(&mut self) -> io::Result<()> {
        self.terminal.clear()
    }

    pub fn size(&self) -> io::Result<(u16, u16)> {
        self.terminal.size().map(|s| (s.width, s.height))
    }

    /// Puts cleaned text on the clipboard of the terminal.
    pub fn copy(&mut self, text: &str) -> io::Result<()> {
        execute!(self.terminal.backend_mut(), CopyToClipboard::to_clipboard_from(text))
    }

    pub fn bell(&mut self) -> io::Result<()> {
        self.terminal.backend_mut().write_all(b"\x07")?;
        Write::flush(self.terminal.backend_mut())
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        restore();
    }
}

fn take(mouse: bool) -> io::Result<Guard> {
    let mut out = BufWriter::with_capacity(64 * 1024, io::stdout());
    execute!(out, EnterAlternateScreen, EnableBracketedPaste)?;
    if mouse {
        execute!(out, EnableMouseCapture)?;
    }
    Ok(Guard { terminal: Terminal::new(CrosstermBackend::new(out))? })
}

/// Gives the terminal back, once. Failures are logged: there is nobody to tell, and a dead terminal must not panic.
pub fn restore() {
    if !OURS.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut out = io::stdout();
    let undone = [
        execute!(out, EndSynchronizedUpdate),
        execute!(out, DisableMouseCapture),
        execute!(out, DisableBracketedPaste),
        execute!(out, LeaveAlternateScreen),
        execute!(out, cursor::Show),
        disable_raw_mode(),
    ];
    for error in undone.into_iter().filter_map(Result::err) {
        tracing::warn!(%error, "the terminal could not be restored completely");
    }
}

/// What is printed should the console panic from here on.
pub fn epitaph(text: String) {
    *EPITAPH.lock().unwrap_or_else(PoisonError::into_inner) = text;
}

fn install_hook(ui: ThreadId) {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if thread::current().id() != ui {
            if OURS.load(Ordering::SeqCst) {
                tracing::error!(%panic, "a background task panicked");
            } else {
                before(panic);
            }
            return;
        }
        let ours = OURS.load(Ordering::SeqCst);
        restore();
        before(panic);
        if ours {
            let epitaph = EPITAPH.lock().unwrap_or_else(PoisonError::into_inner);
            writeln!(io::stderr(), "{epitaph}").ok();
            std::process::exit(i32::from(exit::PANIC));
        }
    }));
}
