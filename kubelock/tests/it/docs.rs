//! What the docs name as their proof is there.

use std::fs;
use std::path::{Path, PathBuf};

const TESTS: [&str; 4] =
    ["kubelock/tests/it", "sandbox/tests/it", "proof/tests/it", "cli/tests/it"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// All words in code font of README and the pages in `docs/`, each with its page.
fn code_words() -> Vec<(String, String)> {
    let pages = fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let pages = pages.chain([root().join("README.md"), root().join("ARCHITECTURE.md")]);
    let pages = pages.filter(|page| page.extension().is_some_and(|extension| extension == "md"));
    pages
        .flat_map(|page| {
            let text = fs::read_to_string(&page).unwrap();
            let name = page.file_name().unwrap().to_string_lossy().into_owned();
            // Blocks of code name nothing.
            let prose: String = text.split("```").step_by(2).collect();
            let words: Vec<_> = prose.split('`').skip(1).step_by(2).map(str::to_owned).collect();
            words.into_iter().map(move |word| (name.clone(), word))
        })
        .collect()
}

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
fn every_test_and_file_that_the_docs_name_exists() {
    let mut checked = 0;
    for (page, word) in code_words() {
        if let Some((module, test)) = word.split_once("::")
            && module.chars().all(|c| c.is_ascii_lowercase() || c == '_')
        {
            let source = source(module);
            let source = source.unwrap_or_else(|| panic!("{page}: no tests in `{word}`"));
            assert!(test.is_empty() || source.contains(&format!("fn {test}(")), "{page}: `{word}`");
            checked += 1;
        }
        if word.contains('/')
            && Path::new(&word).extension().is_some_and(|it| it == "rs")
            && !word.contains('*')
        {
            assert!(root().join(&word).exists(), "{page}: no file `{word}`");
            checked += 1;
        }
    }
    assert!(checked > 20, "{checked} names found");
}
