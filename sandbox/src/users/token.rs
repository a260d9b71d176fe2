use std::hint::black_box;

/// A random bearer token. It is a secret: nothing prints it.
#[derive(Clone)]
pub(super) struct Token(String);

impl Token {
    /// 128 bits of the system's randomness, which is there wherever anything runs.
    pub(super) fn random() -> Self {
        let mut bytes = [0; 16];
        // Without randomness a token nobody can show is the safe one.
        let length = if getrandom::fill(&mut bytes).is_ok() { 32 } else { 0 };
        let digits = format!("{:032x}", u128::from_ne_bytes(bytes));
        Self(digits.chars().take(length).collect())
    }

    /// The text that the user shows.
    pub(super) fn reveal(&self) -> String {
        self.0.clone()
    }

    /// Whether it is this one. How far they are the same cannot be told from the time it takes.
    pub(super) fn is(&self, shown: &str) -> bool {
        let (own, shown) = (self.0.as_bytes(), shown.as_bytes());
        let differences = own.iter().zip(shown).fold(0, |all, (a, b)| black_box(all | (a ^ b)));
        differences == 0 && own.len() == shown.len() && !own.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_long_and_never_the_same() {
        let (one, other) = (Token::random(), Token::random());
        assert_eq!(one.reveal().len(), 32);
        assert!(one.is(&one.reveal()));
        assert!(!one.is(&other.reveal()));
        assert!(!one.is(&one.reveal()[..31]));
        assert!(!one.is(&format!("{}0", one.reveal())));
    }

    #[test]
    fn an_empty_token_is_nobodys() {
        assert!(!Token(String::new()).is(""));
    }
}
