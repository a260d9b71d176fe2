//! A terminal with a program on it, and somebody who types.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, ExitStatus};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::own_bin::own_bin;

/// What a slow machine may take for anything that happens at once on a fast one.
const PATIENCE: Duration = Duration::from_mins(1);
/// What the last words of a program may take on their way.
const LAST: Duration = Duration::from_secs(2);

/// How high a terminal is.
pub const ROWS: u16 = 24;

/// A pseudo-terminal. The program on it dies with the terminal.
pub struct Pty {
    child: Child,
    keyboard: File,
    screen: Arc<Mutex<String>>,
    reader: JoinHandle<()>,
    /// How much of the screen was waited for already.
    read: usize,
}

/// Prepares a program that will have the terminal to itself.
pub fn command(program: impl AsRef<OsStr>) -> io::Result<Command> {
    let mut command = Command::new(own_bin("on_pty")?);
    command.arg(program);
    Ok(command)
}

impl Pty {
    /// Starts a [`command`].
    pub fn start(command: Command) -> io::Result<Self> {
        Self::start_sized(command, 80)
    }

    /// The same on a terminal of so many columns.
    pub fn start_sized(mut command: Command, columns: u16) -> io::Result<Self> {
        let (keyboard, terminal) = open()?;
        resize(&keyboard, columns)?;
        command.stdin(terminal.try_clone()?).stdout(terminal.try_clone()?).stderr(terminal);
        let child = command.spawn()?;
        let screen = Arc::default();
        let reader = watch(keyboard.try_clone()?, Arc::clone(&screen));
        Ok(Self { child, keyboard, screen, reader, read: 0 })
    }

    /// Somebody changes the size of its window.
    pub fn resize(&self, columns: u16) -> io::Result<()> {
        resize(&self.keyboard, columns)
    }

    /// Types.
    pub fn type_in(&mut self, keys: &str) -> io::Result<()> {
        self.keyboard.write_all(keys.as_bytes())
    }

    /// Waits until these words are on the screen, behind what was waited for before.
    ///
    /// # Panics
    /// If they never come, with what is on the screen.
    pub fn expect(&mut self, words: &str) {
        let give_up = Instant::now() + PATIENCE;
        loop {
            let screen = self.screen();
            if let Some(at) = screen[self.read..].find(words) {
                self.read += at + words.len();
                return;
            }
            assert!(Instant::now() < give_up, "no {words:?} in:\n{screen}");
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// All that was ever on the screen.
    pub fn screen(&self) -> String {
        self.screen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What it has started may have the terminal for longer, but not much.
    fn read_to_the_end(&self) {
        let give_up = Instant::now() + LAST;
        while !self.reader.is_finished() && Instant::now() < give_up {
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// The process on the terminal.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the end of the program, and tells its status unless a signal ended it.
    ///
    /// # Panics
    /// If it does not end, with what is on the screen.
    pub fn wait(mut self) -> Option<i32> {
        self.ended().code()
    }

    /// Waits for the end of the program, however it came about, and for its last words.
    ///
    /// # Panics
    /// If it does not end, with what is on the screen.
    pub fn ended(&mut self) -> ExitStatus {
        let give_up = Instant::now() + PATIENCE;
        loop {
            if let Ok(Some(status)) = self.child.try_wait() {
                self.read_to_the_end();
                return status;
            }
            assert!(Instant::now() < give_up, "no end of:\n{}", self.screen());
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The keyboard's side and the program's side.
pub fn open() -> io::Result<(File, OwnedFd)> {
    let keyboard = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
    grantpt(&keyboard)?;
    unlockpt(&keyboard)?;
    let name = ptsname(&keyboard, Vec::new())?;
    let name = name.into_string().map_err(io::Error::other)?;
    let flags = rustix::fs::OFlags::RDWR | rustix::fs::OFlags::NOCTTY | rustix::fs::OFlags::CLOEXEC;
    let terminal = rustix::fs::open(name, flags, rustix::fs::Mode::empty())?;
    Ok((keyboard.into(), terminal))
}

fn resize(keyboard: &File, columns: u16) -> io::Result<()> {
    let size = Winsize { ws_row: ROWS, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    Ok(tcsetwinsize(keyboard, size)?)
}

fn watch(mut keyboard: File, screen: Arc<Mutex<String>>) -> JoinHandle<()> {
    thread::spawn(move || {
        let mut some = [0; 4096];
        // Linux ends a terminal that nobody has open with an error.
        while let Ok(got @ 1..) = keyboard.read(&mut some) {
            let text = String::from_utf8_lossy(&some[..got]);
            screen.lock().unwrap_or_else(PoisonError::into_inner).push_str(&text);
        }
    })
}
