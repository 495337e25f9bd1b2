//! Parts of hand-written pages that a command writes.

use std::path::Path;

/// Whatever goes wrong on the way.
pub type Failure = Box<dyn std::error::Error>;

/// Replaces what stands between `<!-- NAME: ... -->` and `<!-- end of NAME -->`, both on lines of their
/// own.
pub fn replace(page: &Path, name: &str, text: &str) -> Result<(), Failure> {
    let old = std::fs::read_to_string(page)?;
    let new = replaced(&old, name, text)
        .ok_or_else(|| format!("{} has no place for {name}", page.display()))?;
    Ok(std::fs::write(page, new)?)
}

/// The text of a page with what stands between the marks of [`replace`] replaced; none without marks.
pub fn replaced(old: &str, name: &str, text: &str) -> Option<String> {
    let begin = format!("<!-- {name}: ");
    let start = old.find(&begin)?;
    let start = start + old[start..].find("-->\n")? + "-->\n".len();
    let end = start + old[start..].find(&format!("<!-- end of {name} -->\n"))?;
    Some(format!("{}{text}{}", &old[..start], &old[end..]))
}

#[cfg(test)]
mod tests {
    use super::replaced;

    #[test]
    fn only_what_is_between_the_marks_changes() {
        let page = "a\n<!-- b: made by c -->\nold\n<!-- end of b -->\nd\n";
        let new = replaced(page, "b", "new\n").unwrap();
        assert_eq!(new, "a\n<!-- b: made by c -->\nnew\n<!-- end of b -->\nd\n");
        assert_eq!(replaced(page, "other", ""), None);
    }
}
