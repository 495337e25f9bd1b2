//! Reading and checking a target description.

use super::Target;
use crate::base::error::{Error, Result, codes};
use crate::base::json::fields;

/// Data bytes of a block RAM of 36 Kbit.
const BRAM_BYTES: u64 = 4 << 10;

/// Parses and checks a description.
pub fn parse(text: &str) -> Result<Target> {
    let target = fields::read(text).map_err(|wrong| match wrong.field.is_empty() {
        true => bad(wrong.to_string()),
        false => bad(format!("field {wrong}")),
    })?;
    check_together(&target)?;
    Ok(target)
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
    if let Some(board) = target.board.board().filter(|board| board.part != target.part) {
        return Err(bad(format!(
            "field `part` is {}; allowed: {}, the part of board {}, or another board",
            target.part, board.part, board.name
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
