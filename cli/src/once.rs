//! Each thing once, in the order in which they were named first.

pub(crate) fn once<T: PartialEq>(named: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut kept = Vec::new();
    for thing in named {
        if !kept.contains(&thing) {
            kept.push(thing);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_named_twice_stays_where_it_was_named_first() {
        assert_eq!(once(["b", "a", "b", "c", "a"]), ["b", "a", "c"]);
    }
}
