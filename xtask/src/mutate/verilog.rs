//! Small faults that can be put into Verilog, by its tokens.

use std::ops::Range;

/// One small fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Line, counted from 1.
    pub line: usize,
    /// The bytes that it replaces.
    pub place: Range<usize>,
    /// What stands there instead.
    pub by: String,
}

impl Fault {
    /// The source with this fault in it.
    pub fn put(&self, source: &str) -> String {
        format!("{}{}{}", &source[..self.place.start], self.by, &source[self.place.end..])
    }
}

/// What replaces what. A longer token stands before those that it begins with.
const TOKENS: [(&str, Option<&str>); 20] = [
    ("<<<", None),
    (">>>", None),
    ("===", None),
    ("==", Some("!=")),
    ("!=", Some("==")),
    ("&&", Some("||")),
    ("||", Some("&&")),
    ("<<", Some(">>")),
    (">>", Some("<<")),
    (">=", Some("<")),
    ("<=", Some(">")),
    ("<", Some(">=")),
    (">", Some("<=")),
    ("!", Some("")),
    (" + ", Some(" - ")),
    (" - ", Some(" + ")),
    ("1'b0", Some("1'b1")),
    ("1'b1", Some("1'b0")),
    ("'d0", Some("'d1")),
    ("'d1", Some("'d0")),
];

/// Every fault that this module knows for a source, in its order.
pub fn faults(source: &str) -> Vec<Fault> {
    let code = code(source);
    let mut faults = Vec::new();
    let (mut depth, mut assigned, mut at) = (0_i64, false, 0);
    let line_at = |at: usize| 1 + source[..at].matches('\n').count();
    while at < code.len() {
        let rest = &code[at..];
        let Some(&(token, by)) =
            TOKENS.iter().find(|(token, _)| rest.starts_with(token.as_bytes()))
        else {
            match code[at] {
                b'(' | b'{' => depth += 1,
                b')' | b'}' => depth -= 1,
                b'=' if depth == 0 => assigned = true,
                b';' => assigned = false,
                _ => {}
            }
            at += 1;
            continue;
        };
        let end = at + token.len();
        // A digit behind 'd0 and 'd1 makes another number.
        let whole = !token.ends_with(|last: char| last.is_ascii_digit())
            || !code.get(end).is_some_and(u8::is_ascii_alphanumeric);
        if token == "<=" && depth == 0 && !assigned {
            faults.extend(left_out(&code, at).map(|place| (place, "")));
            assigned = true;
        } else if let Some(by) = by.filter(|_| whole) {
            faults.push((at..end, by));
        }
        // Blanks around an operator may belong to the next one too.
        at = end - usize::from(token.ends_with(' '));
    }
    let fault = |(place, by): (Range<usize>, &str)| Fault {
        line: line_at(place.start),
        place,
        by: by.into(),
    };
    faults.into_iter().map(fault).collect()
}

/// The assignment around the `<=` at `at`, without its semicolon, where it ends on its line.
fn left_out(code: &[u8], at: usize) -> Option<Range<usize>> {
    let ends = |byte: &u8| matches!(byte, b'\n' | b';');
    let end = at + code[at..].iter().position(ends)?;
    if code[end] != b';' {
        return None;
    }
    let before = &code[..at];
    let name = before.iter().rposition(|byte| !byte.is_ascii_whitespace())?;
    let mut nested = 0;
    let start = before[..=name].iter().rposition(|&byte| {
        match byte {
            b']' | b'}' => nested += 1,
            b'[' | b'{' => nested -= 1,
            _ => {}
        }
        nested == 0 && matches!(byte, b' ' | b'\n' | b')' | b';')
    })?;
    Some(start + 1..end)
}

/// The source with blanks over everything that no fault is put into: comments, attributes, directives, ranges of
/// declarations, loops, checks of parameters and what is marked as unused.
fn code(source: &str) -> Vec<u8> {
    let mut code = String::with_capacity(source.len());
    let mut check = 0;
    for line in source.split_inclusive('\n') {
        let text = line.trim_start();
        let declares = ["input", "output", "wire", "reg", "localparam", "parameter", "function"]
            .iter()
            .any(|word| text.starts_with(word));
        let skipped = text.starts_with('`')
            || text.starts_with("(*")
            || text.starts_with("for (")
            || text.contains("unused")
            || text.contains("initial")
            || text.contains("error ()")
            || source_checks(text, &mut check);
        let comment = line.find("//").unwrap_or(line.len());
        for (at, letter) in line.char_indices() {
            let in_range = declares && within_range(line, at);
            let blank = letter != '\n' && (skipped || at >= comment || in_range);
            if blank {
                code.extend(std::iter::repeat_n(' ', letter.len_utf8()));
            } else {
                code.push(letter);
            }
        }
    }
    code.into_bytes()
}

/// Whether a line belongs to a generate block that checks parameters.
fn source_checks(text: &str, depth: &mut usize) -> bool {
    let words = || text.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
    if text.contains("begin : g_check") {
        *depth = 1;
        return true;
    }
    if *depth == 0 {
        return false;
    }
    *depth += words().filter(|&word| word == "begin").count();
    *depth = depth.saturating_sub(words().filter(|&word| word == "end").count());
    true
}

/// Whether a byte of a line lies between brackets.
fn within_range(line: &str, at: usize) -> bool {
    let before = &line[..at];
    before.matches('[').count() > before.matches(']').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(source: &str) -> Vec<String> {
        faults(source).iter().map(|fault| fault.put(source)).collect()
    }

    #[test]
    fn operators_and_constants_change_where_they_stand() {
        assert_eq!(
            changed("assign a = b <= c && !d;"),
            ["assign a = b > c && !d;", "assign a = b <= c || !d;", "assign a = b <= c && d;"]
        );
        assert_eq!(changed("x = y + 4'd1;"), ["x = y - 4'd1;", "x = y + 4'd0;"]);
        assert_eq!(changed("x = 4'd10 <<< 2;"), Vec::<String>::new());
    }

    #[test]
    fn an_assignment_is_left_out() {
        assert_eq!(changed("if (a) b[c + 1] <= d;"), ["if (a) b[c - 1] <= d;", "if (a) ;"]);
        assert_eq!(changed("  {a, b} <= c <= d;"), ["  ;", "  {a, b} <= c > d;"]);
    }

    #[test]
    fn what_is_no_code_stays() {
        let source = "`default_nettype none\n// a == b\nwire [A+1:0] x = y[0]; // < \n\
                      for (i = 0; i < 4; i = i + 1) begin\nif (A < 1) begin : g_check_a\n\
                      a_must_be_1 error ();\nend\nwire unused = a == b;\n";
        assert_eq!(changed(source), Vec::<String>::new());
    }

    #[test]
    fn lines_are_counted_from_one() {
        let lines: Vec<usize> = faults("\n\nx = a == b;").iter().map(|fault| fault.line).collect();
        assert_eq!(lines, [3]);
    }
}
