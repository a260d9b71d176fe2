//! What the docs say of files, tests and numbers is so, and their links lead somewhere.

mod links;
mod manifests;
mod numbers;
mod page;

use std::fs;
use std::path::Path;

use page::{Page, pages, root};

const TESTS: [&str; 4] =
    ["kubelock/tests/it", "sandbox/tests/it", "proof/tests/it", "cli/tests/it"];

/// The source of the modules of tests of this name, of all crates: files, and those of folders.
fn source(module: &str) -> Option<String> {
    let files = TESTS.map(|folder| root().join(folder).join(format!("{module}.rs")));
    let files: Vec<_> = files.into_iter().filter(|file| file.exists()).collect();
    let folders = files.iter().flat_map(|file| fs::read_dir(file.with_extension("")));
    let more = folders.flatten().flatten().map(|entry| entry.path());
    let all: Vec<_> = files.iter().cloned().chain(more).collect();
    let texts = all.iter().map(|file| fs::read_to_string(file).unwrap_or_default());
    (!all.is_empty()).then(|| texts.collect())
}

#[test]
fn all_rust_in_the_docs_is_compiled() {
    let library = fs::read_to_string(root().join("kubelock/src/lib.rs")).unwrap();
    let pages = pages();
    let with_rust: Vec<_> = pages.iter().filter(|page| page.text.contains("```rust")).collect();
    assert!(with_rust.len() > 2, "{}", with_rust.len());
    for Page { path, .. } in with_rust {
        assert!(library.contains(&format!("include_str!(\"../../{path}\")")), "{path}");
    }
}

#[test]
fn every_test_and_file_that_the_docs_name_exists() {
    let mut checked = 0;
    let pages = pages();
    let words =
        pages.iter().flat_map(|page| page.code_words().into_iter().map(move |it| (page, it)));
    for (Page { path, .. }, word) in words {
        if let Some((module, test)) = word.split_once("::")
            && module.chars().all(|c| c.is_ascii_lowercase() || c == '_')
        {
            let source = source(module);
            let source = source.unwrap_or_else(|| panic!("{path}: no tests in `{word}`"));
            assert!(test.is_empty() || source.contains(&format!("fn {test}(")), "{path}: `{word}`");
            checked += 1;
        }
        if word.contains('/')
            && Path::new(&word).extension().is_some_and(|it| it == "rs")
            && !word.contains('*')
        {
            assert!(root().join(&word).exists(), "{path}: no file `{word}`");
            checked += 1;
        }
    }
    assert!(checked > 20, "{checked} names found");
}
