//! The headers of the C++ library that a file takes in.

use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Parts of the library, in the order in which they use each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Module {
    Arithmetic,
    Convert,
    Add,
    Window,
    Stage,
    Conv,
    Pool,
    Exponential,
    FloatMap,
    Lanes,
}

impl Module {
    const ALL: [Self; 10] = [
        Self::Arithmetic,
        Self::Convert,
        Self::Add,
        Self::Window,
        Self::Stage,
        Self::Conv,
        Self::Pool,
        Self::Exponential,
        Self::FloatMap,
        Self::Lanes,
    ];

    fn source(self) -> &'static str {
        match self {
            Self::Arithmetic => include_str!("../../../runtime/src/plain/arithmetic.h"),
            Self::Convert => include_str!("../../../runtime/src/plain/convert.h"),
            Self::Add => include_str!("../../../runtime/src/plain/add.h"),
            Self::Window => include_str!("../../../runtime/src/plain/window.h"),
            Self::Stage => include_str!("../../../runtime/src/plain/stage.h"),
            Self::Conv => include_str!("../../../runtime/src/plain/conv.h"),
            Self::Pool => include_str!("../../../runtime/src/plain/pool.h"),
            Self::Exponential => include_str!("../../../runtime/src/plain/exponential.h"),
            Self::FloatMap => include_str!("../../../runtime/src/plain/float_map.h"),
            Self::Lanes => include_str!("../../../runtime/src/plain/lanes.h"),
        }
    }

    fn uses(self) -> &'static [Self] {
        match self {
            Self::Arithmetic | Self::Window | Self::Exponential | Self::Lanes => &[],
            Self::Convert | Self::Add | Self::Stage => &[Self::Arithmetic],
            Self::Conv => &[Self::Stage, Self::Window, Self::Arithmetic],
            Self::Pool => &[Self::Window],
            Self::FloatMap => &[Self::Exponential],
        }
    }
}

/// The constants and the parts that a file needs, those that they use among them.
pub fn text(wanted: &BTreeSet<Module>) -> String {
    let mut needs = wanted.clone();
    for own in wanted {
        needs.extend(own.uses());
        own.uses().iter().for_each(|used| needs.extend(used.uses()));
    }
    let mut text = String::new();
    if needs.contains(&Module::Arithmetic) {
        text += "namespace ceras::format {\n";
        let constants = include_str!("../../../runtime/src/format.h").lines();
        let used = ["kFraction ", "kArgumentBits ", "kTwoSegmentEntries ", "kUniformEntries "];
        for line in
            constants.filter(|line| used.iter().any(|name| line.contains(&format!(" int {name}"))))
        {
            let _ = writeln!(text, "{line}");
        }
        text += "}  // namespace ceras::format\n\n";
    }
    for module in Module::ALL.iter().filter(|module| needs.contains(module)) {
        for line in module.source().lines().filter(|line| !line.starts_with("#include \"")) {
            text.push_str(line);
            text.push('\n');
        }
        text.push('\n');
    }
    text
}
