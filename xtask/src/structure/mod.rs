//! The structure of the library: who uses whom, from the ground floor up, and the rules of
//! ARCHITECTURE.md that it keeps.

mod rules;
mod uses;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use uses::Tree;

/// Uses between rooms: each room with those that it uses.
type Rooms = BTreeMap<String, BTreeSet<String>>;

/// Draws the rooms of a source tree as text, the highest floor first.
///
/// # Errors
/// A file or folder that cannot be read.
pub fn draw(root: &Path) -> io::Result<String> {
    let tree = Tree::read(root)?;
    let by_group = rooms(&tree, 1);
    let by_module = rooms(&tree, 2);
    let mut text = String::new();
    for (title, rooms) in [("Folders of src", &by_group), ("Modules in them", &by_module)] {
        let floors = floors(rooms);
        let height = floors.values().max().copied().unwrap_or(0);
        let arrows: usize = rooms.values().map(BTreeSet::len).sum();
        text += &format!("{title}: {} rooms, {arrows} arrows, {height} floors\n\n", rooms.len());
        for floor in (1..=height).rev() {
            let here: Vec<_> = floors
                .iter()
                .filter(|(_, at)| **at == floor)
                .map(|(room, _)| room.as_str())
                .collect();
            text += &format!("  {floor:>2}  {}\n", here.join("  "));
        }
        text.push('\n');
    }
    text += &format!("Files in a circle: {}\n", circles(&tree).len());
    Ok(text)
}

/// Rooms at a depth below `src`; a file above that depth is a room of its own.
fn rooms(tree: &Tree, depth: usize) -> Rooms {
    let room = |file: &Path| {
        let parts: Vec<_> = file.iter().take(depth).map(|part| part.to_string_lossy()).collect();
        let name = parts.join("/");
        name.trim_end_matches("/mod.rs").trim_end_matches(".rs").to_owned()
    };
    let mut rooms = Rooms::new();
    for (file, used) in tree.arrows() {
        let here = room(&file);
        let others = used.iter().map(|file| room(file)).filter(|other| *other != here);
        rooms.entry(here.clone()).or_default().extend(others);
    }
    for entrance in ["lib", "main"] {
        rooms.remove(entrance);
        rooms.values_mut().for_each(|used| {
            used.remove(entrance);
        });
    }
    rooms
}

/// The floor of each room: one above the highest that it uses. Rooms in a circle have none.
fn floors(rooms: &Rooms) -> BTreeMap<String, usize> {
    let mut floors = BTreeMap::new();
    loop {
        let ready = rooms.iter().find_map(|(room, used)| {
            let below = used.iter().map(|other| floors.get(other).copied());
            let highest = below.collect::<Option<Vec<usize>>>()?.into_iter().max().unwrap_or(0);
            (!floors.contains_key(room)).then(|| (room.clone(), highest + 1))
        });
        match ready {
            Some((room, floor)) => floors.insert(room, floor),
            None => return floors,
        };
    }
}

/// Files in a circle of uses, or between two circles. A `mod.rs` names its files and passes on
/// what they hold, so it is no part of a circle.
fn circles(tree: &Tree) -> Vec<PathBuf> {
    let mut arrows = tree.arrows();
    arrows.retain(|file, _| file.file_name().is_some_and(|name| name != "mod.rs"));
    // What uses nothing that is left, or is used by nothing that is left, is in no circle.
    loop {
        let before = arrows.len();
        let used: BTreeSet<_> = arrows.values().flatten().cloned().collect();
        let left: BTreeSet<_> = arrows.keys().cloned().collect();
        arrows.retain(|file, uses| used.contains(file) && !uses.is_disjoint(&left));
        if arrows.len() == before {
            return arrows.into_keys().collect();
        }
    }
}
