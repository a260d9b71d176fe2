//! Links of the docs, and the book's table of contents.

use std::path::{Component, Path};

use super::page::{Page, pages, root};

/// `link` of the page at `path`, from the root of the repository.
fn target(path: &str, file: &str) -> String {
    let mut parts: Vec<_> = Path::new(path).components().collect();
    if !file.is_empty() {
        parts.pop();
    }
    for part in Path::new(file).components() {
        match part {
            Component::ParentDir => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    let parts = parts.iter().map(|part| part.as_os_str().to_str().unwrap());
    parts.collect::<Vec<_>>().join("/")
}

#[test]
fn every_link_leads_to_a_file_and_to_a_heading_in_it() {
    let pages = pages();
    let mut checked = 0;
    for page in &pages {
        for link in page.links() {
            let (file, heading) = link.split_once('#').unwrap_or((&link, ""));
            let target = target(&page.path, file);
            assert!(root().join(&target).exists(), "{}: no file {link}", page.path);
            let anchors = pages.iter().find(|it| it.path == target).map(Page::anchors);
            let is_there = anchors.is_some_and(|anchors| anchors.iter().any(|it| it == heading));
            assert!(heading.is_empty() || is_there, "{}: no heading {link}", page.path);
            checked += 1;
        }
    }
    assert!(checked > 100, "{checked} links found");
}

/// The book is its folder alone: what lies outside has no page there.
#[test]
fn no_page_of_the_book_links_out_of_it() {
    for page in pages().iter().filter(|page| page.is_of_the_book()) {
        for link in page.links() {
            let target = target(&page.path, link.split('#').next().unwrap());
            assert!(target.starts_with("docs/"), "{}: {link}", page.path);
        }
    }
}

#[test]
fn the_table_of_contents_names_every_page_of_the_book_once() {
    const SUMMARY: &str = "docs/SUMMARY.md";
    let pages = pages();
    let (summary, others): (Vec<_>, Vec<_>) =
        pages.iter().filter(|page| page.is_of_the_book()).partition(|page| page.path == SUMMARY);
    let mut listed: Vec<_> = summary[0].links().iter().map(|link| target(SUMMARY, link)).collect();
    listed.sort();
    assert_eq!(listed, others.iter().map(|page| page.path.clone()).collect::<Vec<_>>());
}
