//! The frame of every page: head, style, title, sections with their anchors.

use maud::{DOCTYPE, Markup, PreEscaped, html};

/// A section: its anchor, its title and its body.
pub type Section = (&'static str, &'static str, Markup);

/// A page.
pub fn document(title: &str, lead: &Markup, sections: &[Section], footer: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · Seigo" }
                style { (PreEscaped(include_str!("style.css"))) }
            }
            body {
                header {
                    p.eyebrow { "Seigo " (env!("CARGO_PKG_VERSION")) }
                    h1 { (title) }
                    p.lead { (lead) }
                    nav aria-label="Sections" {
                        @for (anchor, title, _) in sections { a href={ "#" (anchor) } { (title) } }
                    }
                }
                main {
                    @for (anchor, title, body) in sections {
                        section id=(anchor) aria-labelledby={ (anchor) "-title" } {
                            h2 id={ (anchor) "-title" } { (title) }
                            (body)
                        }
                    }
                }
                footer { (footer) }
                script { (PreEscaped(include_str!("sort.js"))) }
            }
        }
    }
}
