//! Every command line that a page names can be typed.

use std::fs;
use std::path::Path;

use clap::error::ErrorKind;

use super::bare_definition;

/// What ends a command in a shell, or the words around it.
const ENDS: [&str; 9] = [" #", " | ", " && ", " || ", "; ", " >", " <", ")", " & "];

/// README and the pages that stand beside it and in `docs`.
fn pages() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut pages = Vec::new();
    for entry in fs::read_dir(root).unwrap() {
        read(root, &entry.unwrap().path(), &mut pages);
    }
    walk(root, &root.join("docs"), &mut pages);
    pages
}

fn walk(root: &Path, folder: &Path, pages: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(root, &path, pages);
        }
        read(root, &path, pages);
    }
}

fn read(root: &Path, path: &Path, pages: &mut Vec<(String, String)>) {
    if path.is_file() && path.extension().is_some_and(|extension| extension == "md") {
        let name = path.strip_prefix(root).unwrap().display().to_string();
        pages.push((name, fs::read_to_string(path).unwrap()));
    }
}

/// The text in code font: lines of blocks (true), and what stands in prose.
fn code(page: &str) -> Vec<(String, bool)> {
    let mut code = Vec::new();
    for (at, part) in page.replace("\\\n> ", "").replace("\\\n", "").split("```").enumerate() {
        if at % 2 == 1 {
            code.extend(part.lines().skip(1).map(|line| (line.to_owned(), true)));
            continue;
        }
        // Comments are for the player of transcripts.
        let lines = part.lines().filter(|line| !line.starts_with("<!-- "));
        let (blocks, prose): (Vec<_>, Vec<_>) = lines.partition(|line| line.starts_with("    "));
        code.extend(blocks.into_iter().map(|line| (line.to_owned(), true)));
        let words = prose.join(" ");
        code.extend(words.split('`').skip(1).step_by(2).map(|word| (word.to_owned(), false)));
    }
    code
}

/// The command lines of the program in a piece of code, without the program's name.
fn command_lines(code: &str) -> impl Iterator<Item = &str> {
    let code = code.trim_start().trim_start_matches("$ ");
    let starts = code.match_indices("kubelock ").map(|(at, name)| (at, &code[at + name.len()..]));
    let is_program =
        |at: usize| code[..at].chars().next_back().is_none_or(|c| " '\"`(/".contains(c));
    let starts = starts.filter(move |(at, line)| {
        let first = line.split([' ', ')']).next().unwrap_or_default();
        is_program(*at)
            && (first.starts_with('-') || is_subcommand(first) || *at == 0 && is_word(first))
    });
    // A synopsis has its bars in brackets.
    starts.map(|(_, line)| if line.contains('[') { line } else { until_end(line) })
}

/// What would be one, if there were such a one.
fn is_word(word: &str) -> bool {
    word.chars().all(|character| character.is_ascii_lowercase())
}

fn is_subcommand(word: &str) -> bool {
    bare_definition().find_subcommand(word).is_some()
}

fn until_end(line: &str) -> &str {
    let end = ENDS.iter().filter_map(|end| line.find(end)).min();
    line[..end.unwrap_or(line.len())].trim_end_matches(" &").trim()
}

/// As a shell splits a line; an end that is missing is no failure.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut quote) = (vec![String::new()], None);
    for character in line.chars() {
        let word = words.last_mut();
        match (quote, character) {
            (None, ' ') => words.push(String::new()),
            (None, '\'' | '"') => quote = Some(character),
            (Some(open), _) if open == character => quote = None,
            _ => word.into_iter().for_each(|word| word.push(character)),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Why it cannot be typed, if so. Prose names commands without their words.
fn trouble(line: &str, is_whole: bool) -> Option<String> {
    if line.contains('[') {
        return unknown_option(line);
    }
    let words = words(line);
    let stands_for_others = |word: &String| {
        word.len() > 1 && word.chars().all(|c| c.is_ascii_uppercase() || "/:…".contains(c))
            || word.contains('|')
    };
    let is_pattern = words.iter().any(stands_for_others);
    let typed = std::iter::once("kubelock".to_owned()).chain(words);
    let error = bare_definition().try_get_matches_from(typed).err()?;
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => None,
        ErrorKind::MissingRequiredArgument if !is_whole => None,
        ErrorKind::InvalidValue | ErrorKind::ValueValidation if is_pattern => None,
        _ => Some(error.to_string()),
    }
}

/// The options of a synopsis.
fn unknown_option(line: &str) -> Option<String> {
    let line = line.split(" -- ").next().unwrap_or_default();
    let definition = bare_definition();
    let mut words = line.split([' ', '[', ']', '|', ',']).filter(|word| !word.is_empty());
    let command = words.next().and_then(|word| definition.find_subcommand(word)).cloned();
    let Some(command) = command else { return Some(format!("no such command: {line}")) };
    let arguments: Vec<_> = command.get_arguments().chain(definition.get_arguments()).collect();
    let known = |option: &str| match option.strip_prefix("--") {
        Some(long) => arguments.iter().any(|argument| argument.get_long() == Some(long)),
        None => arguments.iter().any(|it| it.get_short() == option.chars().nth(1)),
    };
    let mut options = words.filter(|word| word.starts_with('-') && *word != "--");
    options.find(|option| !known(option)).map(|option| format!("no such option: {option}"))
}

/// All command lines of a page.
fn examined(page: &str) -> Vec<(String, Option<String>)> {
    let pieces = code(page).into_iter();
    let examined = pieces.flat_map(|(code, is_whole)| {
        let line = |line: &str| (line.to_owned(), trouble(line, is_whole));
        command_lines(&code).map(line).collect::<Vec<_>>()
    });
    examined.collect()
}

#[test]
fn every_command_line_that_a_page_names_can_be_typed() {
    let mut count = 0;
    for (page, text) in pages() {
        for (line, trouble) in examined(&text) {
            assert!(trouble.is_none(), "{page}: kubelock {line}\n{}", trouble.unwrap());
            count += 1;
        }
    }
    assert!(count > 50, "{count} command lines found");
}

#[test]
fn a_command_line_that_cannot_be_typed_is_found() {
    for page in [
        "`kubelock release deploy --force`",
        "words `sudo kubelock get -x` words",
        "```sh\nkubelock aquire deploy\n```",
        "```sh\nkubelock acquire # a lock\n```",
        "```console\n$ kubelock get \\\n>     --nonsense\n```",
        "    kubelock get [LOCK...] [--nonsense]\n",
        "```sh\nkubelock sandbox -- sh -c 'kubelock acquire deploy --nonsense && true'\n```",
        "```yaml\nrun: kubelock run deploy --ttl soon -- make\n```",
    ] {
        let found = examined(page).iter().any(|(_, trouble)| trouble.is_some());
        assert!(found, "{page}");
    }
}

#[test]
fn what_only_looks_like_a_command_line_is_none() {
    for page in [
        "`kubelock sandbox: … is not supported`",
        "kubelock renew without code",
        "`kubelock run` ends, `kubelock --version` and `kubelock run LOCK --ttl DURATION`",
        "    kubelock run LOCK [--wait DURATION | --no-wait] -- COMMAND [--its ARG...]\n",
        "```sh\nkubelock run deploy -- make --jobs 2 # --nonsense\n```",
        "```sh\nkubelock rbac deploy -n ci | kubectl apply --nonsense\n```",
    ] {
        for (line, trouble) in examined(page) {
            assert_eq!(trouble, None, "{line}");
        }
    }
}
