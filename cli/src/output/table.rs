//! Tables as kubectl prints them: columns, three spaces, nothing else.

use unicode_width::UnicodeWidthStr;

use super::age;
use super::text;
use super::view::View;

const HEADER: [&str; 6] = ["LOCK", "ON", "OWNER", "STATE", "AGE", "EXPIRES"];
const HEADER_WIDE: [&str; 4] = ["TTL", "CREATED", "HOLD", "UID"];
const GAP: usize = 3;

/// A table that grows: rows that are taken out of it are forgotten, but for the widths of its
/// columns, so that later rows stand below the earlier ones.
pub(super) struct Table {
    with_namespace: bool,
    wide: bool,
    rows: Vec<Vec<String>>,
    widths: Vec<usize>,
}

impl Table {
    pub(super) fn new(with_namespace: bool, wide: bool) -> Self {
        let mut table = Self { with_namespace, wide, rows: Vec::new(), widths: Vec::new() };
        table.add(table.header());
        table
    }

    /// Rows that wait to be taken, with the header before the first.
    pub(super) fn waiting(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn push(&mut self, view: &View) {
        let namespace = self.with_namespace.then(|| view.namespace.clone().unwrap_or_else(dash));
        let row = namespace.into_iter().chain(row(view));
        let row = if self.wide { row.chain(more(view)).collect() } else { row.collect() };
        self.add(row);
    }

    /// The rows since the last call.
    pub(super) fn take(&mut self) -> String {
        let mut lines = String::new();
        for row in self.rows.drain(..) {
            lines.push_str(line(&row, &self.widths).trim_end());
            lines.push('\n');
        }
        lines
    }

    fn header(&self) -> Vec<String> {
        let namespace = self.with_namespace.then_some("NAMESPACE");
        let wide: &[&str] = if self.wide { &HEADER_WIDE } else { &[] };
        namespace.iter().chain(&HEADER).chain(wide).map(ToString::to_string).collect()
    }

    fn add(&mut self, row: Vec<String>) {
        self.widths.resize(row.len(), 0);
        for (width, cell) in self.widths.iter_mut().zip(&row) {
            *width = cell.width().max(*width);
        }
        self.rows.push(row);
    }
}

fn line(row: &[String], widths: &[usize]) -> String {
    let mut line = String::new();
    for (cell, width) in row.iter().zip(widths) {
        line.push_str(cell);
        line.extend(std::iter::repeat_n(' ', width.saturating_sub(cell.width()) + GAP));
    }
    line
}

fn row(view: &View) -> [String; 6] {
    [
        view.lock.clone(),
        view.on.clone(),
        view.state.record().map_or_else(dash, |record| text::owner(&record.owner)),
        view.state.word().to_owned(),
        view.age().map_or_else(dash, age::human),
        view.left().map_or_else(dash, age::human),
    ]
}

fn more(view: &View) -> [String; 4] {
    let record = view.state.record();
    [
        record.map_or_else(dash, |record| age::exact(record.ttl_nanos)),
        record.map_or_else(dash, |record| record.created_at.to_string()),
        record.and_then(|record| record.hold.as_ref()).map_or_else(dash, ToString::to_string),
        text::line(&view.uid),
    ]
}

fn dash() -> String {
    "-".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_rows_stand_below_the_earlier_ones_and_columns_only_grow() {
        let mut table = Table::new(false, false);
        let row = |cells: [&str; 6]| cells.map(str::to_owned).to_vec();

        table.add(row(["a-long-name", "cm/a", "zoë 🚀", "held", "1s", "2s"]));
        let first = table.take();
        table.add(row(["b", "configmap/b", "bob", "held", "1s", "-"]));
        let second = table.take();

        let expected = "\
            LOCK          ON     OWNER    STATE   AGE   EXPIRES\n\
            a-long-name   cm/a   zoë 🚀   held    1s    2s\n";
        assert_eq!(first, expected);
        assert_eq!(second, "b             configmap/b   bob      held    1s    -\n");
        assert_eq!(table.take(), "");
    }
}
