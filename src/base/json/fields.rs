//! The fields of a form that people write, from its schema: what each may hold and what it means. The
//! checks, the messages and the tables of the documentation all come from here.

use std::fmt::Write as _;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde::Serialize;
use serde_json::Value;

use super::{Form, Wrong, parse};

/// The attribute of a schema that allows powers of two only.
pub const POWER_OF_TWO: &str = "x-power-of-two";

/// A field.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Name in JSON; a dot leads into an object.
    pub name: String,
    /// What it holds.
    pub kind: Kind,
    /// What it means, in a line.
    pub meaning: String,
    /// Whether it must be given.
    pub required: bool,
    /// Whether `null` stands for nothing.
    pub nullable: bool,
    /// What holds where it is not given.
    pub default: Option<Value>,
}

/// What a field may hold.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// Text of at least so many characters.
    Text {
        /// Characters.
        least: u64,
    },
    /// One of these words, each with what it means.
    Words(Vec<(Value, String)>),
    /// A number.
    Number(Range),
    /// `true` or `false`.
    Flag,
    /// A list.
    List(Box<Self>),
    /// An object, whose fields follow.
    Object,
    /// One of several.
    Any(Vec<Self>),
}

/// What a number may be.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Range {
    /// Smallest value.
    pub min: Option<f64>,
    /// Largest value.
    pub max: Option<f64>,
    /// Whether only powers of two are allowed.
    pub power_of_two: bool,
}

impl Range {
    fn allows(self, value: &Value) -> bool {
        let Some(number) = value.as_f64() else { return false };
        self.min.is_none_or(|min| min <= number)
            && self.max.is_none_or(|max| number <= max)
            && (!self.power_of_two || value.as_u64().is_some_and(u64::is_power_of_two))
    }

    fn text(self) -> String {
        let power = if self.power_of_two { "a power of two in " } else { "" };
        match (self.min, self.max) {
            (Some(min), Some(max)) => format!("{power}{min}..={max}"),
            (Some(min), None) => format!("{power}at least {min}"),
            (None, Some(max)) => format!("{power}at most {max}"),
            (None, None) => "a number".to_owned(),
        }
    }
}

impl Kind {
    /// Of a schema.
    fn of(schema: &Value) -> Self {
        let number = |name: &str| schema.get(name).and_then(Value::as_f64);
        if let Some(value) = schema.get("const") {
            return Self::Words(vec![(value.clone(), String::new())]);
        }
        if let Some(values) = schema.get("enum").and_then(Value::as_array) {
            let words = values.iter().filter(|value| !value.is_null());
            return Self::Words(words.map(|value| (value.clone(), String::new())).collect());
        }
        if let Some(several) = several(schema) {
            let kinds = several.iter().filter(|own| !is_null(own)).map(Self::one_of_several);
            return Self::either(kinds.collect());
        }
        if schema.get("properties").is_some() {
            return Self::Object;
        }
        if let Some(items) = schema.get("items") {
            return Self::List(Box::new(Self::of(items)));
        }
        let types = schema.get("type").map_or_else(String::new, ToString::to_string);
        match types {
            _ if types.contains("boolean") => Self::Flag,
            _ if types.contains("string") => {
                Self::Text { least: number("minLength").unwrap_or(0.0) as u64 }
            }
            _ if types.contains("integer") || types.contains("number") => Self::Number(Range {
                min: number("minimum"),
                max: number("maximum"),
                power_of_two: schema.get(POWER_OF_TWO) == Some(&Value::Bool(true)),
            }),
            _ => Self::Any(Vec::new()),
        }
    }

    /// Of an alternative; what is said of a word is its meaning.
    fn one_of_several(schema: &Value) -> Self {
        let meaning = schema.get("description").map(line).unwrap_or_default();
        match schema.get("const") {
            Some(value) => Self::Words(vec![(value.clone(), meaning)]),
            None => Self::of(schema),
        }
    }

    /// Words together, anything else one by one.
    fn either(mut kinds: Vec<Self>) -> Self {
        if kinds.len() == 1 {
            return kinds.remove(0);
        }
        let mut words = Vec::new();
        for kind in &kinds {
            let Self::Words(own) = kind else { return Self::Any(kinds) };
            words.extend(own.iter().cloned());
        }
        Self::Words(words)
    }

    /// Whether it may hold a value, whose type is right.
    pub fn allows(&self, value: &Value) -> bool {
        match self {
            Self::Text { least } => {
                value.as_str().is_some_and(|text| text.trim().chars().count() as u64 >= *least)
            }
            Self::Number(range) => range.allows(value),
            Self::List(kind) => {
                value.as_array().is_some_and(|items| items.iter().all(|item| kind.allows(item)))
            }
            Self::Words(words) => words.iter().any(|(word, _)| word == value),
            Self::Flag => value.is_boolean(),
            Self::Object => value.is_object(),
            Self::Any(kinds) => kinds.is_empty() || kinds.iter().any(|kind| kind.allows(value)),
        }
    }

    /// What is allowed, in words.
    pub fn text(&self) -> String {
        self.told(" or ", |word, _| word.to_owned())
    }

    fn told(&self, or: &str, word: impl Fn(&str, &str) -> String + Copy) -> String {
        match self {
            Self::Text { .. } => "text".to_owned(),
            Self::Words(words) => {
                let words = words.iter().map(|(own, meaning)| word(&shown(own), meaning));
                words.collect::<Vec<_>>().join(or)
            }
            Self::Number(range) => range.text(),
            Self::Flag => "true or false".to_owned(),
            Self::List(kind) => format!("a list of: {}", kind.told(or, word)),
            Self::Object => "an object".to_owned(),
            Self::Any(kinds) => {
                kinds.iter().map(|kind| kind.told(or, word)).collect::<Vec<_>>().join(", or ")
            }
        }
    }
}

/// All fields of a type, objects before what is in them, in the order of the type.
pub fn fields<T: JsonSchema>() -> Vec<Field> {
    let settings = SchemaSettings::draft2020_12().with(|own| own.inline_subschemas = true);
    let schema: Schema = settings.into_generator().into_root_schema_for::<T>();
    let mut fields = Vec::new();
    collect(schema.as_value(), "", &mut fields);
    fields
}

fn collect(schema: &Value, prefix: &str, fields: &mut Vec<Field>) {
    let object = several(schema).and_then(|own| own.iter().find(|own| !is_null(own)));
    let object = object.unwrap_or(schema);
    let Some(properties) = object.get("properties").and_then(Value::as_object) else { return };
    let required = object.get("required").and_then(Value::as_array);
    for (key, own) in properties {
        let name = format!("{prefix}{key}");
        let nullable = several(own).is_some_and(|all| all.iter().any(is_null))
            || own.get("type").is_some_and(|kind| kind.to_string().contains("null"));
        fields.push(Field {
            kind: Kind::of(own),
            meaning: own.get("description").map(line).unwrap_or_default(),
            required: required.is_some_and(|names| names.iter().any(|name| name == key)),
            nullable,
            default: own.get("default").filter(|value| !value.is_null()).cloned(),
            name: name.clone(),
        });
        collect(own, &format!("{name}."), fields);
    }
}

fn several(schema: &Value) -> Option<&Vec<Value>> {
    schema.get("oneOf").or_else(|| schema.get("anyOf")).and_then(Value::as_array)
}

fn is_null(schema: &Value) -> bool {
    schema.get("type").is_some_and(|kind| kind == "null")
}

/// A description on one line, without the full stop.
fn line(text: &Value) -> String {
    let text = text.as_str().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
    text.trim_end_matches('.').to_owned()
}

/// A value as text shows it.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| format!("{name} {}", shown(value)));
            fields.collect::<Vec<_>>().join(", ")
        }
        // Half of the digits of a single-precision number are noise.
        Value::Number(number) if number.is_f64() => {
            (number.as_f64().unwrap_or_default() as f32).to_string()
        }
        other => other.to_string(),
    }
}

impl Field {
    fn pointer(&self) -> String {
        format!("/{}", self.name.replace('.', "/"))
    }

    /// What is allowed and what the field means.
    fn help(&self) -> String {
        format!("{} ({})", self.kind.text(), self.meaning)
    }
}

/// Reads a form that a person wrote and checks every field by itself.
///
/// # Errors
/// The first field that is missing, unknown, of another type or out of range.
pub fn read<T: Form>(text: &str) -> Result<T, Wrong> {
    let document = parse(text).map_err(|wrong| explained::<T>(wrong, text))?;
    check(&document)?;
    Ok(document)
}

/// Checks every field of a form by itself.
///
/// # Errors
/// The first field that is out of range.
pub fn check<T: Serialize + JsonSchema>(document: &T) -> Result<(), Wrong> {
    let value = serde_json::to_value(document)
        .map_err(|error| Wrong { field: String::new(), problem: format!(": {error}") })?;
    for field in fields::<T>() {
        let Some(found) = value.pointer(&field.pointer()) else { continue };
        let nothing = found.is_null() && field.nullable;
        if !nothing && !field.kind.allows(found) {
            let problem = format!(" is {}; allowed: {}", shown_json(found), field.help());
            return Err(Wrong { field: field.name, problem });
        }
    }
    Ok(())
}

fn shown_json(value: &Value) -> String {
    if value.is_string() { value.to_string() } else { shown(value) }
}

/// Adds to what serde says which field is missing, or what is allowed.
fn explained<T: JsonSchema>(wrong: Wrong, text: &str) -> Wrong {
    let fields = fields::<T>();
    if wrong.problem.starts_with(": missing field")
        && let Ok(value) = serde_json::from_str::<Value>(text)
    {
        let missing = |field: &&Field| {
            let (parent, _) = field.name.rsplit_once('.').unwrap_or_default();
            let parent = match parent {
                "" => Some(&value),
                _ => value.pointer(&format!("/{}", parent.replace('.', "/"))),
            };
            field.required
                && parent.is_some_and(Value::is_object)
                && value.pointer(&field.pointer()).is_none()
        };
        if let Some(field) = fields.iter().find(missing) {
            let problem = format!(" is missing: {}", field.help());
            return Wrong { field: field.name.clone(), problem };
        }
    }
    let name = wrong.field.split('[').next().unwrap_or_default();
    match fields.iter().find(|field| field.name == name && field.kind != Kind::Object) {
        Some(field) => {
            Wrong { problem: format!("{}; allowed: {}", wrong.problem, field.help()), ..wrong }
        }
        None => wrong,
    }
}

/// The fields below a prefix as a table of the documentation.
pub fn table(fields: &[Field], prefix: &str, deep: bool) -> String {
    let mut text = String::from("| field | value | default | meaning |\n|---|---|---|---|\n");
    for field in fields {
        let Some(name) = field.name.strip_prefix(prefix) else { continue };
        if !deep && name.contains('.') {
            continue;
        }
        let value = field.kind.told("; ", |word, meaning| match meaning {
            "" => format!("`{word}`"),
            _ => format!("`{word}`: {meaning}"),
        });
        let default = match (&field.default, field.required) {
            (Some(default), _) => shown(default),
            (None, true) => "required".to_owned(),
            (None, false) => String::new(),
        };
        let cells = [format!("`{name}`"), value, default, field.meaning.clone()];
        let cells = cells.map(|cell| cell.replace('|', "\\|"));
        // Writing to a String does not fail.
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
    text
}

#[cfg(test)]
mod tests {
    use schemars::JsonSchema;
    use serde::{Deserialize, Serialize};

    use super::*;
    use crate::base::json::{FormatOf, VersionOf};

    /// A lamp.
    #[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Lamp {
        #[serde(default)]
        format: FormatOf<Self>,
        #[serde(default)]
        version: VersionOf<Self>,
        /// Its name.
        #[schemars(length(min = 1))]
        name: String,
        /// Its
        /// size.
        #[schemars(range(min = 2, max = 64), extend("x-power-of-two" = true))]
        size: u64,
        /// Its color.
        color: Color,
        /// Its bulb.
        bulb: Option<Bulb>,
        /// Steps.
        #[serde(default)]
        #[schemars(inner(range(max = 9)))]
        steps: Vec<u8>,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
    #[serde(rename_all = "lowercase")]
    enum Color {
        /// As roses.
        Red,
        /// As the sea.
        Blue,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Bulb {
        /// Power.
        #[schemars(range(min = 0.5, max = 1.5))]
        watts: f32,
    }

    impl Form for Lamp {
        const FORMAT: &'static str = "seigo-lamp";
        const VERSION: u32 = 1;
    }

    fn wrong(text: &str) -> String {
        read::<Lamp>(text).unwrap_err().to_string()
    }

    #[test]
    fn every_field_is_checked_by_the_schema() {
        let lamp =
            r#"{"name": "a", "size": 4, "color": "red", "bulb": {"watts": 1}, "steps": [9]}"#;
        assert_eq!(read::<Lamp>(lamp).unwrap().size, 4);
        let with = |from: &str, to: &str| wrong(&lamp.replace(from, to));
        assert_eq!(with("4", "6"), "`size` is 6; allowed: a power of two in 2..=64 (Its size)");
        assert_eq!(with("4", "128"), "`size` is 128; allowed: a power of two in 2..=64 (Its size)");
        assert_eq!(with("\"a\"", "\" \""), "`name` is \" \"; allowed: text (Its name)");
        assert_eq!(with("[9]", "[9, 10]"), "`steps` is [9,10]; allowed: a list of: 0..=9 (Steps)");
        assert!(with(": 1}", ": 2}").starts_with("`bulb.watts` is 2; allowed: 0.5..=1.5 (Power)"));
        assert_eq!(
            with("\"size\": 4,", ""),
            "`size` is missing: a power of two in 2..=64 (Its size)"
        );
        assert!(with("\"watts\": 1", "").starts_with("`bulb.watts` is missing"));
        assert!(with("watts", "wats").starts_with("`bulb.wats`: unknown field `wats`"));
        let color = with("red", "rot");
        assert!(color.starts_with("`color`: unknown variant `rot`"), "{color}");
        assert!(color.ends_with("; allowed: red or blue (Its color)"), "{color}");
        let kind = with("[9]", "[\"x\"]");
        assert!(kind.starts_with("`steps[0]`: invalid type: string \"x\""), "{kind}");
        assert!(kind.ends_with("; allowed: a list of: 0..=9 (Steps)"), "{kind}");
    }

    #[test]
    fn what_json_cannot_hold_is_out_of_range() {
        let bulb = Bulb { watts: f32::NAN };
        assert_eq!(check(&bulb).unwrap_err().field, "watts");
    }

    #[test]
    fn the_table_has_a_line_for_every_field() {
        let table = table(&fields::<Lamp>(), "", true);
        let lines: Vec<_> = table.lines().skip(4).collect();
        assert_eq!(
            lines,
            [
                "| `name` | text | required | Its name |",
                "| `size` | a power of two in 2..=64 | required | Its size |",
                "| `color` | `red`: As roses; `blue`: As the sea | required | Its color |",
                "| `bulb` | an object |  | Its bulb |",
                "| `bulb.watts` | 0.5..=1.5 | required | Power |",
                "| `steps` | a list of: 0..=9 | [] | Steps |",
            ]
        );
    }
}
