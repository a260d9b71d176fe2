//! A page of Markdown, as a script.
//!
//! Its blocks of the language `console` are played in order. `$ ` begins a command, which goes on
//! in lines that begin with `> `; what it prints stands below it, and on the last line
//! `(exit status N)` unless that is 0. A command that ends with ` &` runs beside the others: what
//! is shown below it is awaited, the rest is shown below the command during which it ends. If the
//! page kills it, it may show some of it earlier, below the commands that caused it.
//!
//! Comments of HTML, each on a line of its own, are for the player alone:
//!
//! - `<!-- $ COMMAND -->` must succeed, and what it prints is not shown;
//! - `<!-- as: USER -->` is who the commands below are;
//! - `<!-- types: TEXT -->` runs the next command on a terminal, and answers its question;
//! - `<!-- skip: REASON -->` takes out the next block.

use std::fs;
use std::path::{Path, PathBuf};

/// A page, by its path in the repository.
pub(crate) struct Page {
    pub(crate) name: String,
    pub(crate) steps: Vec<Step>,
    pub(crate) skipped: Vec<Skipped>,
}

pub(crate) enum Step {
    Typed(Typed),
    Silent { line: usize, command: String },
    As(String),
}

/// A command with all that it prints.
#[derive(Default)]
pub(crate) struct Typed {
    pub(crate) line: usize,
    pub(crate) command: String,
    pub(crate) shown: String,
    /// What is typed when it asks. It has a terminal then, and otherwise none.
    pub(crate) answer: Option<String>,
    /// It runs beside the others until the page kills it.
    pub(crate) is_killed: bool,
}

/// A block that is not played, by its first line.
pub(crate) struct Skipped {
    pub(crate) first: String,
    pub(crate) reason: String,
}

impl Typed {
    /// Whether it runs beside those that follow.
    pub(crate) fn is_beside(&self) -> bool {
        self.command.ends_with(" &")
    }
}

/// README and all pages of `docs`, in the order of their paths.
pub(crate) fn all() -> Vec<Page> {
    let root = root();
    let mut paths = vec![root.join("README.md")];
    walk(&root.join("docs"), &mut paths);
    paths.sort();
    paths.iter().map(|path| Page::read(&root, path)).collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn walk(folder: &Path, pages: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, pages);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            pages.push(path);
        }
    }
}

impl Page {
    fn read(root: &Path, path: &Path) -> Self {
        let name = path.strip_prefix(root).unwrap().display().to_string();
        Self::parse(name, &fs::read_to_string(path).unwrap())
    }

    pub(crate) fn path(&self) -> PathBuf {
        root().join(&self.name)
    }

    pub(crate) fn parse(name: String, text: &str) -> Self {
        let page = Self { name, steps: Vec::new(), skipped: Vec::new() };
        let mut reader = Reader { page, place: Place::Prose, skip: None, answer: None };
        for (number, line) in (1..).zip(text.lines()) {
            reader.read(number, line);
        }
        reader.page
    }
}

/// Where a line stands.
enum Place {
    Prose,
    /// In a block whose lines begin with this much space.
    Console(usize),
    Skipped,
    OtherBlock,
}

struct Reader {
    page: Page,
    place: Place,
    /// Why the next block is not played.
    skip: Option<String>,
    /// What the next command asks for.
    answer: Option<String>,
}

impl Reader {
    fn read(&mut self, number: usize, line: &str) {
        let bare = line.trim_start();
        let at_fence = bare.starts_with("```");
        match self.place {
            Place::Prose if at_fence => self.place = self.block(bare, line.len() - bare.len()),
            Place::Prose => self.prose(number, bare),
            _ if at_fence => self.place = Place::Prose,
            Place::Console(indent) => self.console(number, line.get(indent..).unwrap_or("")),
            Place::Skipped => self.skipped(line),
            Place::OtherBlock => {}
        }
    }

    fn block(&mut self, fence: &str, indent: usize) -> Place {
        if fence.trim_end() != "```console" {
            return Place::OtherBlock;
        }
        match self.skip.take() {
            Some(reason) => {
                self.page.skipped.push(Skipped { first: String::new(), reason });
                Place::Skipped
            }
            None => Place::Console(indent),
        }
    }

    fn prose(&mut self, line: usize, text: &str) {
        match comment(text) {
            Some(("$", command)) => {
                self.mark_killed(command);
                self.page.steps.push(Step::Silent { line, command: command.to_owned() });
            }
            Some(("as:", user)) => self.page.steps.push(Step::As(user.to_owned())),
            Some(("skip:", reason)) => self.skip = Some(reason.to_owned()),
            Some(("types:", answer)) => self.answer = Some(answer.to_owned()),
            _ if text.is_empty() => {}
            _ => assert!(
                self.skip.is_none() && self.answer.is_none(),
                "{}:{line}: a comment above has no block below it",
                self.page.name
            ),
        }
    }

    /// A `kill` ends what was started last.
    fn mark_killed(&mut self, command: &str) {
        let started = self.page.steps.iter_mut().rev().find_map(|step| match step {
            Step::Typed(typed) if typed.is_beside() && !typed.is_killed => Some(typed),
            _ => None,
        });
        if let Some(started) = started.filter(|_| command.starts_with("kill ")) {
            started.is_killed = true;
        }
    }

    fn skipped(&mut self, line: &str) {
        if let Some(skipped) = self.page.skipped.last_mut()
            && skipped.first.is_empty()
        {
            line.clone_into(&mut skipped.first);
        }
    }

    fn console(&mut self, line: usize, text: &str) {
        if let Some(command) = text.strip_prefix("$ ") {
            self.mark_killed(command);
            let (command, answer) = (command.to_owned(), self.answer.take());
            let typed = Typed { line, command, answer, ..Typed::default() };
            return self.page.steps.push(Step::Typed(typed));
        }
        let last = self.page.steps.last_mut();
        let Some(Step::Typed(typed)) = last else {
            assert!(text.is_empty(), "{}:{line}: shown before a command", self.page.name);
            return;
        };
        match text.strip_prefix("> ") {
            Some(more) if typed.shown.is_empty() => typed.command.extend(["\n", more]),
            _ => typed.shown.extend([text, "\n"]),
        }
    }
}

/// The first word of a comment, and the rest.
fn comment(text: &str) -> Option<(&str, &str)> {
    let comment = text.strip_prefix("<!-- ")?.trim_end().strip_suffix(" -->")?;
    comment.split_once(' ')
}
