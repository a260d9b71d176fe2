//! stdout is data, stderr is talk.

pub(crate) mod age;
pub(crate) mod aside;
mod desk;
pub(crate) mod document;
pub(crate) mod holder;
pub(crate) mod idle;
mod obstacle;
pub(crate) mod printer;
pub(crate) mod prompt;
mod screen;
mod table;
pub(crate) mod talk;
pub(crate) mod text;
pub(crate) mod view;
pub(crate) mod waiting;
mod yaml;

use std::io::{ErrorKind, Write};

use serde::Serialize;

use crate::failure::Failure;
use printer::{Namespaces, Printer};
use view::View;

/// How data is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    Table,
    Wide,
    Json,
    Yaml,
    Name,
}

/// How a document that has no table is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum DocumentFormat {
    Json,
    Yaml,
}

/// Prints what is no lock.
pub(crate) fn any(format: DocumentFormat, document: &impl Serialize) -> Result<(), Failure> {
    match format {
        DocumentFormat::Json => print(&document::json(document)?),
        DocumentFormat::Yaml => print(&document::yaml(document)?),
    }
}

/// Prints one lock: a document is that of the lock alone.
pub(crate) fn one(format: Format, view: &View) -> Result<(), Failure> {
    match format {
        Format::Json => print(&document::json(&document::lock(view))?),
        Format::Yaml => print(&document::yaml(&document::lock(view))?),
        _ => many(format, std::slice::from_ref(view)),
    }
}

/// Prints several locks: a document is a list, even of none.
pub(crate) fn many(format: Format, views: &[View]) -> Result<(), Failure> {
    let mut printer = Printer::list(format, Namespaces::Left);
    for view in views {
        printer.add(view)?;
    }
    printer.end()
}

/// A document of any shape.
pub(crate) fn yaml(document: &impl Serialize) -> Result<String, Failure> {
    document::yaml(document)
}

/// Writes data; a reader that has seen enough (`| head`) is no failure.
pub(crate) fn print(data: &str) -> Result<(), Failure> {
    write(data).map(drop)
}

/// Whether anybody still reads what is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reader {
    Here,
    Gone,
}

fn write(data: &str) -> Result<Reader, Failure> {
    let mut stdout = anstream::stdout().lock();
    match stdout.write_all(data.as_bytes()).and_then(|()| stdout.flush()) {
        Ok(()) => Ok(Reader::Here),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(Reader::Gone),
        Err(error) => Err(Failure::failed(format!("cannot write: {error}"))),
    }
}
