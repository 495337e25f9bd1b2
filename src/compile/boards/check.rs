//! Reading and checking a target description.

use serde_json::Value;

use super::Target;
use super::fields::{FIELDS, Field, Kind};
use crate::base::error::{Error, Result, codes};

/// Data bytes of a block RAM of 36 Kbit.
const BRAM_BYTES: u64 = 4 << 10;

/// Parses and checks a description.
pub fn parse(text: &str) -> Result<Target> {
    let value: Value =
        serde_json::from_str(text).map_err(|error| bad(format!("not JSON: {error}")))?;
    if !value.is_object() {
        return Err(bad("the description is not a JSON object"));
    }
    for field in FIELDS {
        check_field(&value, field)?;
    }
    // What is left to go wrong is an unknown field, which the message names.
    let target: Target = serde_json::from_value(value).map_err(|error| bad(error.to_string()))?;
    check_together(&target)?;
    Ok(target)
}

fn check_field(value: &Value, field: &Field) -> Result<()> {
    let Field { name, kind, meaning } = field;
    let found = value.pointer(&format!("/{}", name.replace('.', "/")));
    let right = match (kind, found) {
        (Kind::Flag, None) => true,
        (_, None) => {
            return Err(bad(format!("field `{name}` is missing: {} ({meaning})", kind.text())));
        }
        (Kind::Text, Some(found)) => found.as_str().is_some_and(|text| !text.trim().is_empty()),
        (Kind::Word(words), Some(found)) => {
            found.as_str().is_some_and(|word| words.contains(&word))
        }
        (Kind::Number(range), Some(found)) => {
            found.as_u64().is_some_and(|number| range.allows(number))
        }
        (Kind::Flag, Some(found)) => found.is_boolean(),
    };
    match found {
        Some(found) if !right => {
            Err(bad(format!("field `{name}` is {found}; allowed: {} ({meaning})", kind.text())))
        }
        _ => Ok(()),
    }
}

/// The rules that join fields.
fn check_together(target: &Target) -> Result<()> {
    let domains = target.port_domains;
    let whole = domains.bytes.saturating_mul(domains.count);
    if target.memory_bytes != whole {
        return Err(bad(format!(
            "field `memory_bytes` is {}; allowed: {whole}, which is port_domains.bytes x port_domains.count",
            target.memory_bytes
        )));
    }
    if domains.banks != target.pixels {
        return Err(bad(format!(
            "field `port_domains.banks` is {}; allowed: pixels = {}",
            domains.banks, target.pixels
        )));
    }
    let ram = target.bram36 * BRAM_BYTES + target.uram_bytes();
    if target.memory_bytes > ram {
        return Err(bad(format!(
            "field `memory_bytes` is {}; allowed: at most {ram}, the RAM of {} BRAM36 and {} URAM",
            target.memory_bytes, target.bram36, target.uram
        )));
    }
    let able = target.capabilities;
    if !able.depthwise_sequential && !able.depthwise_chained {
        return Err(bad(
            "fields `capabilities.depthwise_sequential` and `capabilities.depthwise_chained` are both \
             false; allowed: at least one true",
        ));
    }
    Ok(())
}

fn bad(message: impl Into<String>) -> Error {
    Error::new(&codes::TARGET, message)
}
