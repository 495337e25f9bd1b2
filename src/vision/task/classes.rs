//! Class names: listed, counted, or one of the lists that ship with the crate.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Most classes that a task may have.
pub const MAX_CLASSES: usize = 1 << 20;

/// The 80 detection classes of COCO 2017 in the order in which networks number them.
#[rustfmt::skip]
pub static COCO80: [&str; 80] = [
    "person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat",
    "traffic light", "fire hydrant", "stop sign", "parking meter", "bench", "bird", "cat", "dog",
    "horse", "sheep", "cow", "elephant", "bear", "zebra", "giraffe", "backpack", "umbrella",
    "handbag", "tie", "suitcase", "frisbee", "skis", "snowboard", "sports ball", "kite",
    "baseball bat", "baseball glove", "skateboard", "surfboard", "tennis racket", "bottle",
    "wine glass", "cup", "fork", "knife", "spoon", "bowl", "banana", "apple", "sandwich", "orange",
    "broccoli", "carrot", "hot dog", "pizza", "donut", "cake", "chair", "couch", "potted plant",
    "bed", "dining table", "toilet", "tv", "laptop", "mouse", "remote", "keyboard", "cell phone",
    "microwave", "oven", "toaster", "sink", "refrigerator", "book", "clock", "vase", "scissors",
    "teddy bear", "hair drier", "toothbrush",
];

/// The category ids 1 to 90 that COCO's annotations never use.
const COCO_UNUSED: [i64; 10] = [12, 26, 29, 30, 45, 66, 68, 69, 71, 83];

/// What a task file says under `classes`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Classes {
    /// [`COCO80`], written `"coco80"`.
    Coco80,
    /// Names in the order of the network's outputs.
    Names(Vec<String>),
    /// So many classes without names.
    Count(usize),
}

impl Classes {
    /// Number of classes.
    pub fn len(&self) -> usize {
        match self {
            Self::Coco80 => COCO80.len(),
            Self::Names(names) => names.len(),
            Self::Count(count) => *count,
        }
    }

    /// Whether there is no class.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Name of class `index`; `class 7` where there is none.
    pub fn name(&self, index: usize) -> String {
        let name = match self {
            Self::Coco80 => COCO80.get(index).copied(),
            Self::Names(names) => names.get(index).map(String::as_str),
            Self::Count(_) => None,
        };
        name.map_or_else(|| format!("class {index}"), str::to_owned)
    }

    /// The class that a person calls `label`: its name, or else its index.
    pub fn find(&self, label: &str) -> Option<usize> {
        let label = label.trim();
        let by_name = match self {
            Self::Coco80 => COCO80.iter().position(|name| *name == label),
            Self::Names(names) => names.iter().position(|name| name == label),
            Self::Count(_) => None,
        };
        let index = label.strip_prefix("class ").unwrap_or(label);
        by_name.or_else(|| index.parse().ok().filter(|&index| index < self.len()))
    }

    /// COCO category ids of a built-in list.
    pub fn category_ids(&self) -> Option<Vec<i64>> {
        match self {
            Self::Coco80 => Some((1..=90).filter(|id| !COCO_UNUSED.contains(id)).collect()),
            Self::Names(_) | Self::Count(_) => None,
        }
    }
}

impl Serialize for Classes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Coco80 => serializer.serialize_str("coco80"),
            Self::Names(names) => names.serialize(serializer),
            Self::Count(count) => count.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Classes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ClassesVisitor;

        impl<'de> Visitor<'de> for ClassesVisitor {
            type Value = Classes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("\"coco80\", a list of names or a number of classes")
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Classes, E> {
                match name {
                    "coco80" => Ok(Classes::Coco80),
                    _ => Err(E::invalid_value(de::Unexpected::Str(name), &self)),
                }
            }

            fn visit_u64<E: de::Error>(self, count: u64) -> Result<Classes, E> {
                usize::try_from(count)
                    .ok()
                    .filter(|&count| count <= MAX_CLASSES)
                    .map(Classes::Count)
                    .ok_or_else(|| E::invalid_value(de::Unexpected::Unsigned(count), &self))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Classes, A::Error> {
                let mut names = Vec::new();
                while let Some(name) = items.next_element()? {
                    names.push(name);
                }
                Ok(Classes::Names(names))
            }
        }

        deserializer.deserialize_any(ClassesVisitor)
    }
}

impl JsonSchema for Classes {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Classes".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "oneOf": [
            { "const": "coco80", "description": "The 80 detection classes of COCO 2017." },
            { "type": "array", "items": { "type": "string" } },
            { "type": "integer", "minimum": 0, "maximum": MAX_CLASSES },
        ]})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coco_ids_skip_the_unused_categories() {
        let ids = Classes::Coco80.category_ids().unwrap();
        assert_eq!((ids.len(), ids[0], ids[79]), (80, 1, 90));
        let id = |name| ids[COCO80.iter().position(|&known| known == name).unwrap()];
        // From the categories of instances_val2017.json.
        assert_eq!([id("stop sign"), id("backpack"), id("bed"), id("toilet")], [13, 27, 65, 70]);
        assert_eq!([id("tv"), id("refrigerator"), id("book")], [72, 82, 84]);
    }

    #[test]
    fn a_label_is_a_name_or_an_index() {
        let classes = Classes::Names(vec!["cat".into(), "1".into(), "0".into()]);
        assert_eq!(classes.find(" cat "), Some(0));
        assert_eq!(classes.find("0"), Some(2), "the name wins");
        assert_eq!(classes.find("3"), None);
        assert_eq!(Classes::Count(5).find("class 4"), Some(4));
        assert_eq!(Classes::Count(5).find("4"), Some(4));
        assert_eq!(Classes::Count(5).name(4), "class 4");
    }
}
