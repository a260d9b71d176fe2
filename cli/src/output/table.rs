//! Tables as kubectl prints them: columns, three spaces, nothing else.

use comfy_table::{Table, presets};

use super::age;
use super::text;
use super::view::View;

/// LOCK, ON, OWNER, STATE, AGE, EXPIRES.
pub(super) fn table(views: &[View]) -> String {
    let header = ["LOCK", "ON", "OWNER", "STATE", "AGE", "EXPIRES"];
    render(&header, views.iter().map(row))
}

/// The same, with what is seldom asked for.
pub(super) fn wide(views: &[View]) -> String {
    let header =
        ["LOCK", "ON", "OWNER", "STATE", "AGE", "EXPIRES", "TTL", "CREATED", "HOLD", "UID"];
    render(&header, views.iter().map(|view| row(view).into_iter().chain(more(view)).collect()))
}

fn row(view: &View) -> Vec<String> {
    vec![
        view.lock.clone(),
        view.on.clone(),
        text::owner(&view.record.owner),
        view.state.word().to_owned(),
        age::human(view.age()),
        view.left().map_or_else(dash, age::human),
    ]
}

fn more(view: &View) -> [String; 4] {
    [
        age::exact(view.record.ttl_nanos),
        view.record.created_at.to_string(),
        view.record.hold.as_ref().map_or_else(dash, ToString::to_string),
        text::line(&view.uid),
    ]
}

fn dash() -> String {
    "-".to_owned()
}

fn render(header: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(header).add_rows(rows);
    for column in table.column_iter_mut() {
        column.set_padding((0, 3));
    }
    table.lines().flat_map(|line| [line.trim_end().to_owned(), "\n".to_owned()]).collect()
}
