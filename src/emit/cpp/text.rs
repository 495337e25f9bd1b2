//! Names and numbers as C++ has them.

use std::fmt::{Display, Write as _};

/// Characters of a line of numbers.
const LINE: usize = 110;

/// A name that C++ takes: letters, digits and single underscores, none that it reserves.
pub fn identifier(name: &str) -> String {
    let mut word = String::new();
    for letter in name.chars() {
        match letter.is_ascii_alphanumeric() {
            true => word.push(letter),
            false if word.ends_with('_') => {}
            false => word.push('_'),
        }
    }
    let word = word.trim_matches('_');
    match word.chars().next() {
        None => "tensor".to_owned(),
        Some(first) if first.is_ascii_digit() => format!("n{word}"),
        // A keyword does not end so.
        Some(_) if word.chars().all(|letter| letter.is_ascii_lowercase()) && is_keyword(word) => {
            format!("{word}_")
        }
        Some(_) => word.to_owned(),
    }
}

fn is_keyword(word: &str) -> bool {
    const WORDS: &str = " alignas alignof and asm auto bitand bitor bool break case catch char class compl concept \
        const constexpr continue decltype default delete do double else enum explicit export extern false float for \
        friend goto if inline int long mutable namespace new noexcept not nullptr operator or private protected \
        public register requires return short signed sizeof static struct switch template this throw true try \
        typedef typeid typename union unsigned using virtual void volatile while xor std ceras run ";
    WORDS.contains(&format!(" {word} "))
}

/// Text that ends no comment line.
pub fn comment(text: &str) -> String {
    text.chars()
        .map(|letter| if letter.is_control() || letter == '\\' { ' ' } else { letter })
        .collect()
}

/// A single-precision literal that reads as the same number.
pub fn float(value: f32) -> String {
    match value {
        value if value.is_nan() => "__builtin_nanf(\"\")".to_owned(),
        value if value.is_infinite() && value < 0.0 => "-__builtin_inff()".to_owned(),
        value if value.is_infinite() => "__builtin_inff()".to_owned(),
        value => format!("{value:e}f"),
    }
}

/// `static const TYPE NAME[] = {..};`
pub fn array<T: Display>(kind: &str, name: &str, numbers: impl IntoIterator<Item = T>) -> String {
    let mut text = format!("static const {kind} {name}[] = {{\n");
    let mut column = 0;
    for number in numbers {
        let word = format!("{number},");
        if column > 0 && column + word.len() > LINE {
            text.push('\n');
            column = 0;
        }
        column += word.len();
        let _ = write!(text, "{word}");
    }
    text.push_str("};\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_cpp() {
        for (name, expected) in [
            ("images", "images"),
            ("/model.0/Conv_out", "model_0_Conv_out"),
            ("__x__y", "x_y"),
            ("416", "n416"),
            ("float", "float_"),
            ("é", "tensor"),
        ] {
            assert_eq!(identifier(name), expected);
        }
    }

    #[test]
    fn floats_read_as_themselves() {
        assert_eq!([1.0, -0.1, 1e-45].map(float), ["1e0f", "-1e-1f", "1e-45f"]);
        assert_eq!(float(f32::INFINITY), "__builtin_inff()");
    }
}
