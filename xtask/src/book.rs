//! The pages of `docs/` as a book.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};

use crate::cargo::{self, cargo};
use crate::terminal::{print, say};

/// mdBook is a tool alone: nothing of ours is linked with it.
const VERSION: &str = "0.5.4";

/// Builds the book, and fails where one of its pages leads nowhere.
pub(crate) fn run() -> Result<ExitCode> {
    let tool = installed()?;
    let book = testkit::target_dir().join("book");
    let mut build = Command::new(tool);
    build.arg("build").arg(testkit::workspace_dir()).arg("--dest-dir").arg(&book);
    cargo::succeed(&mut build)?;
    let book = book.canonicalize().context("mdBook made no book")?;
    let pages = pages(&book)?;
    let dangling = dangling(&pages);
    if !dangling.is_empty() {
        bail!("links that lead nowhere:\n{}", dangling.join("\n"));
    }
    print(&format!("{} ({} pages)", book.join("index.html").display(), pages.len()));
    Ok(ExitCode::SUCCESS)
}

/// The pinned mdBook, built once per target folder (some minutes).
fn installed() -> Result<PathBuf> {
    let root = testkit::target_dir().join("tools");
    let tool = root.join("bin/mdbook");
    if version(&tool).as_deref() == Some(VERSION) {
        return Ok(tool);
    }
    say(&format!("building mdBook {VERSION}"));
    // Without its web server. Unoptimized it renders these pages in about a second.
    let install = ["install", "mdbook", "--version", VERSION, "--locked", "--debug", "--force"];
    let features = ["--no-default-features", "--features", "search"];
    cargo::succeed(cargo().args(install).args(features).arg("--root").arg(&root))?;
    Ok(tool)
}

/// `mdbook v0.5.4` is what it says of itself.
fn version(tool: &Path) -> Option<String> {
    let output = Command::new(tool).arg("--version").output().ok()?;
    let said = String::from_utf8(output.stdout).ok()?;
    Some(said.trim().strip_prefix("mdbook v")?.to_owned())
}

/// The text of each HTML file below `folder`, by its path.
fn pages(folder: &Path) -> Result<HashMap<PathBuf, String>> {
    let mut pages = HashMap::new();
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let path = entry.with_context(|| format!("cannot read {}", folder.display()))?.path();
        if path.is_dir() {
            pages.extend(self::pages(&path)?);
        } else if path.extension() == Some(OsStr::new("html")) {
            let text = fs::read_to_string(&path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            pages.insert(path, text);
        }
    }
    Ok(pages)
}

/// Links to files or headings that are not there, each with its page.
fn dangling(pages: &HashMap<PathBuf, String>) -> Vec<String> {
    let links = pages.iter().flat_map(|(page, text)| links(text).map(move |link| (page, link)));
    let dangling = links.filter(|(page, link)| !leads_somewhere(pages, page, link));
    let mut dangling: Vec<_> =
        dangling.map(|(page, link)| format!("  {}: {link}", page.display())).collect();
    dangling.sort();
    dangling
}

/// What `href` and `src` name, less what is on other hosts.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let attributes = ["href=\"", "src=\""].into_iter().flat_map(|name| text.split(name).skip(1));
    let links = attributes.filter_map(|rest| rest.split('"').next());
    links.filter(|link| !link.contains(':') && !link.starts_with("//") && !link.is_empty())
}

fn leads_somewhere(pages: &HashMap<PathBuf, String>, page: &Path, link: &str) -> bool {
    let (file, heading) = link.split_once('#').unwrap_or((link, ""));
    let target = match file {
        "" => Some(page.to_owned()),
        file => page.with_file_name(file).canonicalize().ok(),
    };
    let Some(target) = target else { return false };
    let has = |text: &String| text.contains(&format!("id=\"{heading}\""));
    heading.is_empty() || pages.get(&target).is_some_and(has)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dangling_in(folder: &Path) -> Vec<String> {
        let found = dangling(&pages(folder).unwrap());
        found.iter().map(|line| line.rsplit(": ").next().unwrap().to_owned()).collect()
    }

    #[test]
    fn a_link_must_lead_to_a_file_of_the_book_and_to_a_heading_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let book = folder.path().canonicalize().unwrap();
        fs::create_dir(book.join("why")).unwrap();
        let index = "<a href=\"why/ttl.html#numbers\"></a><a href=\"why/ttl.html#no\"></a>\
            <a href=\"why/none.html\"></a><a href=\"https://example.org/none\"></a>\
            <a href=\"#here\"></a><img src=\"none.svg\">";
        fs::write(book.join("index.html"), index).unwrap();
        fs::write(book.join("why/ttl.html"), "<h2 id=\"numbers\"></h2><a href=\"../index.html\">")
            .unwrap();

        assert_eq!(dangling_in(&book), ["#here", "none.svg", "why/none.html", "why/ttl.html#no"]);
    }
}
