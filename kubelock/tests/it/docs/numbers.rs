//! Numbers in the docs that follow from the rules.

use std::time::Duration;

use kubelock_core::terms::Terms;

use super::page::pages;

/// Seconds as the docs write them: a tenth where it matters.
fn seconds(span: Duration) -> String {
    let tenths = (span.as_millis() + 50) / 100;
    if tenths.is_multiple_of(10) || tenths >= 1000 {
        format!("{} s", (tenths + 5) / 10)
    } else {
        format!("{}.{} s", tenths / 10, tenths % 10)
    }
}

/// A row of the table: the ttl, and what follows from it.
fn row(ttl: Duration) -> [String; 8] {
    let library = Terms::new(ttl, None, None).unwrap();
    let run = Terms::new(ttl, Some(ttl / 3), None).unwrap();
    let renewed = library.renew_after(0);
    [
        ttl,
        renewed,
        library.call(),
        library.validity(),
        run.validity(),
        ttl - Terms::least_margin(ttl),
        library.validity() - renewed,
        run.validity() - renewed,
    ]
    .map(seconds)
}

#[test]
fn the_table_of_ttls_is_what_the_rules_make_of_them() {
    let pages = pages();
    let page = pages.iter().find(|page| page.path == "docs/why/ttl.md").unwrap();
    let rows: Vec<Vec<_>> = page
        .text
        .lines()
        .map(|line| line.trim_matches(['|', ' ']).split(" | ").map(str::to_owned).collect())
        .filter(|cells: &Vec<String>| cells.len() == 8 && cells[0].ends_with(" s"))
        .collect();
    assert!(rows.len() >= 5, "{}", rows.len());
    for cells in rows {
        let ttl: u64 = cells[0].trim_end_matches(" s").parse().unwrap();
        assert_eq!(cells, row(Duration::from_secs(ttl)), "{ttl} s");
    }
}
