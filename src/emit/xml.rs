//! XML as text, an element a line.

use std::fmt::Write as _;

/// A document that grows.
#[derive(Debug)]
pub struct Xml {
    text: String,
    open: Vec<String>,
}

impl Xml {
    /// An empty document.
    pub fn new() -> Self {
        Self { text: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned(), open: Vec::new() }
    }

    /// An element and what `inside` puts into it.
    pub fn element(
        &mut self,
        name: &str,
        attributes: &[(&str, &str)],
        inside: impl FnOnce(&mut Self),
    ) {
        self.start(name, attributes, ">");
        self.open.push(name.to_owned());
        inside(self);
        let _ = self.open.pop();
        self.indent();
        let _ = writeln!(self.text, "</{name}>");
    }

    /// An element without anything in it.
    pub fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.start(name, attributes, "/>");
    }

    /// An element that holds text.
    pub fn leaf(&mut self, name: &str, attributes: &[(&str, &str)], value: &str) {
        self.start(name, attributes, ">");
        // On the same line: white space would be part of the value.
        let _ = self.text.pop();
        let _ = writeln!(self.text, "{}</{name}>", escaped(value));
    }

    /// The document.
    pub fn finish(self) -> String {
        debug_assert!(self.open.is_empty(), "{:?} are open", self.open);
        self.text
    }

    fn start(&mut self, name: &str, attributes: &[(&str, &str)], end: &str) {
        self.indent();
        let _ = write!(self.text, "<{name}");
        for (attribute, value) in attributes {
            let _ = write!(self.text, " {attribute}=\"{}\"", escaped(value));
        }
        let _ = writeln!(self.text, "{end}");
    }

    fn indent(&mut self) {
        let _ = write!(self.text, "{:width$}", "", width = 2 * self.open.len());
    }
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::Xml;

    #[test]
    fn what_has_a_meaning_in_xml_is_escaped() {
        let mut xml = Xml::new();
        xml.element("a", &[("b", "<\"&\">")], |xml| {
            xml.leaf("c", &[], "1 < 2 & 3");
            xml.empty("d", &[]);
        });
        let text = xml.finish();
        let (_, body) = text.split_once('\n').unwrap();
        assert_eq!(
            body,
            "<a b=\"&lt;&quot;&amp;&quot;&gt;\">\n  <c>1 &lt; 2 &amp; 3</c>\n  <d/>\n</a>\n"
        );
    }
}
