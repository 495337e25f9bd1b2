//! Tables that scroll inside the page, and the forms of numbers in them.

use maud::{Markup, Render, html};

use crate::present::tables::inspect::grouped;

/// A column.
pub struct Column {
    pub title: &'static str,
    /// Whether its cells are numbers, which stand on the right.
    pub number: bool,
}

/// A column of text.
pub const fn text(title: &'static str) -> Column {
    Column { title, number: false }
}

/// A column of numbers.
pub const fn number(title: &'static str) -> Column {
    Column { title, number: true }
}

/// A cell: what is shown and, where it is not the text, what it is sorted by.
pub struct Cell {
    shown: Markup,
    key: Option<f64>,
}

impl Cell {
    /// Text.
    pub fn text(shown: impl Render) -> Self {
        Self { shown: html! { (shown) }, key: None }
    }

    /// Something that stands for a number.
    pub fn keyed(shown: impl Render, key: f64) -> Self {
        Self { shown: html! { (shown) }, key: Some(key) }
    }

    /// A count.
    pub fn count(count: u64) -> Self {
        Self::keyed(grouped(count), count as f64)
    }

    /// A number with so many decimals; a dash where there is none.
    pub fn decimal(number: Option<f64>, digits: usize) -> Self {
        match number.filter(|number| number.is_finite()) {
            Some(number) => Self::keyed(format!("{number:.digits$}"), number),
            None => Self::keyed("–", f64::MIN),
        }
    }

    /// A share of 0 to 1 in percent.
    pub fn share(share: f64, digits: usize) -> Self {
        Self::keyed(format!("{:.digits$} %", 100.0 * share), share)
    }
}

/// A table in a frame that scrolls sideways on narrow screens. `sortable` tables get buttons in their
/// header where scripts run.
pub fn table(label: &str, columns: &[Column], rows: Vec<Vec<Cell>>, sortable: bool) -> Markup {
    html! {
        div.scroll role="region" aria-label=(label) tabindex="0" {
            table data-sortable[sortable] {
                thead {
                    tr { @for column in columns { th scope="col" .number[column.number] { (column.title) } } }
                }
                tbody {
                    @for row in rows {
                        tr {
                            @for (cell, column) in row.iter().zip(columns) {
                                td .number[column.number] data-key=[cell.key] { (cell.shown) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The name of a layer or tensor, which may break into lines after its dots and slashes.
pub fn name(name: &str) -> Markup {
    html! {
        code {
            @for part in name.split_inclusive(['.', '/']) { (part) wbr; }
        }
    }
}

/// A table that can be folded away behind `title`, open at first.
pub fn folded(title: &str, table: Markup) -> Markup {
    html! { details open { summary { (title) } (table) } }
}
