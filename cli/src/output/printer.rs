//! Locks printed as they come: a list that ends, or changes that go on.

use super::document::{self, LIST};
use super::table::Table;
use super::view::View;
use super::{Format, Reader, write};
use crate::failure::Failure;

/// So many rows stand below each other before the first is printed.
const ROWS: usize = 1_000;
/// So much text is collected before it is written.
const TEXT: usize = 64 * 1024;

/// Whether a table has a column for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Namespaces {
    Shown,
    Left,
}

/// What is printed all together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// One table, one document.
    List,
    /// Each lock by itself, at once.
    Changes,
}

/// Prints one lock after the other, and keeps none of them.
pub(crate) struct Printer {
    format: Format,
    manner: Manner,
    table: Table,
    text: String,
    count: usize,
    reader: Reader,
}

impl Printer {
    /// A list of locks that comes to an end.
    pub(crate) fn list(format: Format, namespaces: Namespaces) -> Self {
        Self::new(format, Manner::List, namespaces)
    }

    /// Locks as they change; in JSON each is a line, in YAML a document.
    pub(crate) fn changes(format: Format, namespaces: Namespaces) -> Self {
        Self::new(format, Manner::Changes, namespaces)
    }

    fn new(format: Format, manner: Manner, namespaces: Namespaces) -> Self {
        let table = Table::new(namespaces == Namespaces::Shown, format == Format::Wide);
        Self { format, manner, table, text: String::new(), count: 0, reader: Reader::Here }
    }

    /// Nobody reads on: what is still to come need not be asked for.
    pub(crate) fn is_unread(&self) -> bool {
        self.reader == Reader::Gone
    }

    /// How many it was given.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    pub(crate) fn add(&mut self, view: &View) -> Result<(), Failure> {
        match self.format {
            Format::Table | Format::Wide => self.table.push(view),
            Format::Json => self.add_json(view)?,
            Format::Yaml => self.add_yaml(view)?,
            Format::Name => self.text.extend([view.on.as_str(), "\n"]),
        }
        self.count += 1;
        if self.table.waiting() > ROWS || self.text.len() > TEXT { self.flush() } else { Ok(()) }
    }

    /// Writes what was added so far, and forgets it.
    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        if self.count > 0 && matches!(self.format, Format::Table | Format::Wide) {
            self.text.push_str(&self.table.take());
        }
        let text = std::mem::take(&mut self.text);
        if !text.is_empty() && !self.is_unread() {
            self.reader = write(&text)?;
        }
        Ok(())
    }

    /// Prints the rest; a document without locks is an empty list.
    pub(crate) fn end(mut self) -> Result<(), Failure> {
        match (self.manner, self.format, self.count) {
            (Manner::List, Format::Json, 0) => self.text = format!("{}[]\n}}\n", json_head()?),
            (Manner::List, Format::Json, _) => self.text.push_str("\n  ]\n}\n"),
            (Manner::List, Format::Yaml, 0) => self.text = format!("{} []\n", yaml_head()?),
            _ => {}
        }
        self.flush()
    }

    fn add_json(&mut self, view: &View) -> Result<(), Failure> {
        let document = document::lock(view);
        if self.manner == Manner::Changes {
            self.text.push_str(&document::json_line(&document)?);
            return Ok(());
        }
        let before = if self.count == 0 { format!("{}[\n", json_head()?) } else { ",\n".into() };
        self.text.push_str(&before);
        // A line break in it is layout: strings have theirs escaped.
        let lines = document::json(&document)?;
        self.text.push_str("    ");
        self.text.push_str(&lines.trim_end().replace('\n', "\n    "));
        Ok(())
    }

    fn add_yaml(&mut self, view: &View) -> Result<(), Failure> {
        let document = document::lock(view);
        let text = match (self.manner, self.count) {
            (Manner::Changes, 0) => document::yaml(&document)?,
            (Manner::Changes, _) => format!("---\n{}", document::yaml(&document)?),
            (Manner::List, 0) => format!("{}\n{}", yaml_head()?, document::yaml(&[document])?),
            (Manner::List, _) => document::yaml(&[document])?,
        };
        self.text.push_str(&text);
        Ok(())
    }
}

/// All of a list up to its items.
fn json_head() -> Result<String, Failure> {
    let head = document::json(&LIST)?;
    Ok(format!("{},\n  \"items\": ", head.trim_end().trim_end_matches(['\n', '}'])))
}

fn yaml_head() -> Result<String, Failure> {
    Ok(format!("{}items:", document::yaml(&LIST)?))
}
