//! A bearer token: what is sent, and how long it is good for.

use std::time::{Duration, SystemTime};

use http::HeaderValue;

use super::credentials::Source;
use crate::failure::Failure;

/// client-go looks at token files so often: the kubelet writes a new token long before the old
/// one ends.
const FILE_READ_AGAIN: Duration = Duration::from_mins(1);

/// How long a token is good for, by the wall clock: a laptop that slept must notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expiry {
    /// As far as anybody said.
    Never,
    /// Refused from then on.
    Ends(SystemTime),
    /// From then on there may be a newer one; this one may be good for longer.
    Stale(SystemTime),
}

impl Expiry {
    pub(super) fn at(self) -> Option<SystemTime> {
        match self {
            Self::Never => None,
            Self::Ends(at) | Self::Stale(at) => Some(at),
        }
    }
}

/// A token as the header that carries it. Its `Debug` does not show it.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) header: HeaderValue,
    pub(super) expiry: Expiry,
}

impl Token {
    /// `None` where no header can carry it.
    pub(super) fn new(token: &str, expiry: Expiry) -> Option<Self> {
        let mut header = HeaderValue::try_from(format!("Bearer {token}")).ok()?;
        header.set_sensitive(true);
        Some(Self { header, expiry })
    }
}

/// A `tokenFile` of the kubeconfig.
pub(super) struct TokenFile(pub(super) String);

impl TokenFile {
    /// For a token that counts until it is looked at again.
    pub(super) fn looked_at_now() -> Expiry {
        Expiry::Stale(SystemTime::now() + FILE_READ_AGAIN)
    }
}

impl Source for TokenFile {
    fn name(&self) -> String {
        format!("tokenFile {}", self.0)
    }

    fn fetch(&self) -> Result<Token, Failure> {
        let name = self.name();
        let text = std::fs::read_to_string(&self.0).map_err(|error| {
            Failure::usage(format!("cannot read {name} of the kubeconfig: {error}"))
        })?;
        // Such files end with a newline.
        let token = text.trim();
        let usable = Token::new(token, Self::looked_at_now()).filter(|_| !token.is_empty());
        usable.ok_or_else(|| {
            Failure::usage(format!("{name} of the kubeconfig holds no usable token"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_not_shown_by_debug() {
        let token = Token::new("hush-hush", Expiry::Never).unwrap();
        assert_eq!(token.header.as_bytes(), b"Bearer hush-hush");
        assert!(!format!("{token:?}").contains("hush-hush"));
    }

    #[test]
    fn a_token_file_holds_its_token_between_blanks_and_is_looked_at_again_within_a_minute() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let file = TokenFile(path.to_str().unwrap().to_owned());

        std::fs::write(&path, "first\n").unwrap();
        let token = file.fetch().unwrap();

        assert_eq!(token.header.as_bytes(), b"Bearer first");
        assert!(token.expiry.at().unwrap() <= SystemTime::now() + FILE_READ_AGAIN);
    }

    #[test]
    fn a_token_file_without_a_token_is_an_error_that_does_not_quote_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let file = TokenFile(path.to_str().unwrap().to_owned());

        for unusable in ["", " \n", "hush\nhush"] {
            std::fs::write(&path, unusable).unwrap();
            let message = file.fetch().unwrap_err().message;
            assert!(message.contains("tokenFile") && !message.contains("hush"), "{message}");
        }
    }
}
