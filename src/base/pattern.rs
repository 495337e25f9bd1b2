//! Names of layers with stars in them, as people give them.

/// Whether `name` is what `pattern` says, in which `*` stands for anything.
pub fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((head, tail)) => name.strip_prefix(head).is_some_and(|rest| {
            (0..=rest.len())
                .filter(|&at| rest.is_char_boundary(at))
                .any(|at| matches(tail, &rest[at..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn stars_stand_for_anything() {
        assert!(matches("Conv_*", "Conv_41"));
        assert!(matches("*head*cls", "backbone.head.0.cls"));
        assert!(!matches("Conv_4", "Conv_41"));
        assert!(!matches("*.bias", "Conv_41"));
    }
}
