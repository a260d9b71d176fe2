//! Which verb writes: PATCH, or PUT of the whole object where patching is forbidden.

/// The verb of the next write, and which ones the server has forbidden in this call.
#[derive(Debug, Clone, Copy, Default, Hash)]
pub(crate) struct Verb {
    is_put: bool,
    patch_forbidden: bool,
    put_forbidden: bool,
}

impl Verb {
    /// PUT, where it has been seen to do what PATCH may not.
    pub(crate) fn put() -> Self {
        Self { is_put: true, ..Self::default() }
    }

    pub(crate) fn is_put(self) -> bool {
        self.is_put
    }

    /// The write was forbidden: the other verb is next, unless it was forbidden, too.
    pub(crate) fn forbidden(&mut self) {
        if self.is_put {
            self.put_forbidden = true;
            self.is_put = self.patch_forbidden;
        } else {
            self.patch_forbidden = true;
            self.is_put = !self.put_forbidden;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_verb_is_tried_once_before_the_first_is_tried_again() {
        let mut verb = Verb::default();
        verb.forbidden();
        assert!(verb.is_put());
        let mut verb = Verb::put();
        verb.forbidden();
        assert!(!verb.is_put());
        verb.forbidden();
        assert!(!verb.is_put(), "both are forbidden");
    }
}
