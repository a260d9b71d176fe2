//! A page of the docs.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The pages beside those in `docs/`.
const OUTSIDE: [&str; 5] =
    ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"];

pub struct Page {
    /// From the root of the repository.
    pub path: String,
    pub text: String,
}

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// All pages: those of the book, and those at the root.
pub fn pages() -> Vec<Page> {
    let mut paths: Vec<_> = OUTSIDE.map(str::to_owned).into();
    add_pages_in("docs", &mut paths);
    paths.sort();
    let read = |path: &String| fs::read_to_string(root().join(path)).unwrap();
    paths.into_iter().map(|path| Page { text: read(&path), path }).collect()
}

fn add_pages_in(folder: &str, paths: &mut Vec<String>) {
    for entry in fs::read_dir(root().join(folder)).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{folder}/{}", entry.file_name().to_str().unwrap());
        if entry.path().is_dir() {
            add_pages_in(&path, paths);
        } else if entry.path().extension().is_some_and(|extension| extension == "md") {
            paths.push(path);
        }
    }
}

impl Page {
    pub fn is_of_the_book(&self) -> bool {
        self.path.starts_with("docs/")
    }

    /// The text without its blocks of code, which name nothing and link nowhere.
    fn prose(&self) -> String {
        self.text.split("```").step_by(2).collect()
    }

    /// The blocks of code in this language.
    pub fn blocks(&self, language: &str) -> Vec<&str> {
        let blocks = self.text.split("```").skip(1).step_by(2);
        blocks.filter_map(|block| block.strip_prefix(language)?.strip_prefix('\n')).collect()
    }

    /// All words in code font.
    pub fn code_words(&self) -> Vec<String> {
        self.prose().split('`').skip(1).step_by(2).map(str::to_owned).collect()
    }

    /// Where its links lead, but for those to other hosts.
    pub fn links(&self) -> Vec<String> {
        let prose = self.prose();
        let text: String = prose.split('`').step_by(2).collect();
        let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        targets.filter(|target| !target.contains("://")).map(str::to_owned).collect()
    }

    /// What can be linked to in it: its headings, as code hosts and mdBook name them.
    pub fn anchors(&self) -> Vec<String> {
        let mut seen = HashMap::new();
        let prose = self.prose();
        let headings = prose.lines().filter(|line| line.starts_with('#'));
        let anchors = headings.map(|line| {
            let name = anchor(line.trim_start_matches('#').trim());
            let count = seen.entry(name.clone()).and_modify(|count| *count += 1).or_insert(0);
            if *count == 0 { name } else { format!("{name}-{count}") }
        });
        anchors.collect()
    }
}

fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

#[test]
fn headings_are_named_without_punctuation() {
    let page = Page { path: String::new(), text: "# A `b`, c!\n## d-e\n## d-e\n".into() };
    assert_eq!(page.anchors(), ["a-b-c", "d-e", "d-e-1"]);
}
