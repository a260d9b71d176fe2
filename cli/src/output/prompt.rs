//! A question to the person at the terminal.

use std::io::{self, BufRead, IsTerminal, Write};

/// Whether there is somebody who sees the question and can answer it.
pub(crate) fn is_possible() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks. Only a clear yes is one.
pub(crate) fn confirm(question: &str) -> io::Result<bool> {
    ask(question)?;
    let mut answer = String::new();
    if io::stdin().lock().read_line(&mut answer)? == 0 {
        // The end of input left the cursor behind the question.
        ask("\n")?;
    }
    Ok(is_yes(&answer))
}

/// Others may write while the answer is waited for.
fn ask(words: &str) -> io::Result<()> {
    let mut stderr = anstream::stderr().lock();
    stderr.write_all(words.as_bytes())?;
    stderr.flush()
}

fn is_yes(answer: &str) -> bool {
    matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clear_yes_is_one() {
        for answer in ["y\n", "Y\n", "yes", " Yes \n"] {
            assert!(is_yes(answer), "{answer:?}");
        }
        for answer in ["", "\n", "n\n", "no\n", "yess\n", "y n\n"] {
            assert!(!is_yes(answer), "{answer:?}");
        }
    }
}
