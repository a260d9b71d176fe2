//! Words that look like the one that was typed.

/// More of them would be a list to search.
const OFFERED: usize = 3;
/// What begins so is meant by a word that is as long as this, or longer.
const STEM: usize = 3;

/// Up to three of these that look most like `word`, about equally so.
///
/// A third of its letters may differ, two that changed places counting as one; or it is how they
/// begin.
pub(crate) fn closest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let word = word.to_lowercase();
    let mut alike: Vec<(usize, &str)> =
        names.into_iter().filter_map(|name| Some((distance(&word, name)?, name))).collect();
    alike.sort_unstable();
    alike.dedup();
    let best = alike.first().map_or(0, |(distance, _)| *distance);
    let close = alike.into_iter().filter(|(distance, _)| *distance <= best + 1);
    close.take(OFFERED).map(|(_, name)| name).collect()
}

/// How much they differ; `None` if that is too much.
fn distance(word: &str, name: &str) -> Option<usize> {
    let name = name.to_lowercase();
    let most = if word.len() < 2 { 0 } else { (word.len() / 3).max(1) };
    let more = name.len().abs_diff(word.len());
    // Where the lengths tell, the letters need no look.
    let differ = if more > most { more } else { strsim::osa_distance(&name, word) };
    let is_begun = word.len() >= STEM && name.starts_with(word);
    (differ <= most || is_begun).then_some(differ)
}

/// `did you mean a, b or c?`, unless there is none.
pub(crate) fn question(names: &[impl AsRef<str>]) -> Option<String> {
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    let (last, rest) = names.split_last()?;
    if rest.is_empty() {
        return Some(format!("did you mean {last}?"));
    }
    Some(format!("did you mean {} or {last}?", rest.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_found_among_names() {
        let names = ["prod", "prod-eu", "staging", "deploy", "configmap"];
        for (word, meant) in [
            ("prd", "prod"),
            ("pord", "prod"),
            ("deplyo", "deploy"),
            ("Deploy", "deploy"),
            ("confgmap", "configmap"),
            ("stag", "staging"),
        ] {
            assert_eq!(closest(word, names).first(), Some(&meant), "{word}");
        }
    }

    #[test]
    fn what_looks_like_nothing_brings_nothing() {
        for word in ["", "x", "zz", "zzz", "backup", "configuration"] {
            assert!(closest(word, ["prod", "deploy", "configmap", "a"]).is_empty(), "{word}");
        }
    }

    #[test]
    fn the_closest_come_first_and_each_once() {
        let names = ["job-12", "job-1", "job-13", "job-1", "job-21", "job-14"];
        assert_eq!(closest("job-1", names), ["job-1", "job-12", "job-13"]);
        assert_eq!(closest("widgets", ["gadgets", "widgets", "widget"]), ["widgets", "widget"]);
    }

    #[test]
    fn a_question_names_what_may_be_meant() {
        assert_eq!(question(&[""; 0]), None);
        assert_eq!(question(&["a"]).as_deref(), Some("did you mean a?"));
        assert_eq!(question(&["a", "b", "c"]).as_deref(), Some("did you mean a, b or c?"));
    }
}
