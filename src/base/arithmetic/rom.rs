//! The ROM that every output lane has: the tables of a network's functions behind one another, equal ones once.

use super::{Function, MAX_ENTRIES};

/// Tables of functions in one memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rom {
    /// The entries, at most [`MAX_ENTRIES`] where the hardware holds them.
    pub entries: Vec<i16>,
}

impl Rom {
    /// The tables of all functions.
    pub fn of<'a>(functions: impl IntoIterator<Item = &'a Function>) -> Self {
        let mut rom = Self::default();
        functions.into_iter().for_each(|function| rom.add(function));
        rom
    }

    /// Adds the table of a function, unless it is there.
    pub fn add(&mut self, function: &Function) {
        if self.offset(function).is_none() {
            self.entries.extend(&function.rom);
        }
    }

    /// Where the table of a function begins, if it is there; 0 for a function without one.
    pub fn offset(&self, function: &Function) -> Option<usize> {
        match function.rom.len() {
            0 => Some(0),
            length => self.entries.windows(length).position(|entries| entries == function.rom),
        }
    }

    /// Whether the hardware holds it.
    pub fn fits(&self) -> bool {
        self.entries.len() <= MAX_ENTRIES
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::arithmetic::{Base, Layout, Unit};

    #[test]
    fn equal_tables_lie_there_once_and_at_their_offset() {
        let square = |factor: f64, gain: i8| {
            let unit = Unit { fraction: 10, gain };
            Function::tabulate_in(unit, "square", Base::Zero, Layout::Uniform, false, |t| {
                factor * t * t
            })
        };
        let functions = [square(0.25, 0), square(-0.25, 0), square(0.125, 1)];
        let straight = Function::straight("identity", Base::Identity);
        let rom = Rom::of(functions.iter().chain([&straight]));
        assert_eq!(rom.entries.len(), 2048);
        let offset = |function| rom.offset(function);
        assert_eq!(functions.each_ref().map(offset), [Some(0), Some(1024), Some(0)]);
        assert_eq!(rom.offset(&straight), Some(0));
        assert_eq!(rom.offset(&square(0.5, 0)), None);
        assert!(rom.fits());
    }
}
