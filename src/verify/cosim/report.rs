//! What is told of a frame: the JSON that `seigo cosim` prints and `seigo report` reads.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::device::End;
use super::frame::{Frame, Mismatch, PassReport};
use crate::base::json::{Form, FormatOf, VersionOf};
use crate::compile::border::status::Cause;
use crate::compile::program::Program;
use crate::compile::program::predict::PassCost;

/// A frame on the simulated accelerator, compared with the reference.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FrameReport {
    /// `seigo-frame`.
    pub format: FormatOf<Self>,
    /// Version of this form.
    pub version: VersionOf<Self>,
    /// The image or tensor.
    pub frame: String,
    /// Whether the frame ended without an error of the hardware, tensors were compared, and all of
    /// them equal the reference.
    pub equal: bool,
    /// Cycles from start to end.
    pub cycles: u64,
    /// Tensors that were compared.
    pub compared: usize,
    /// Seconds that the simulation took.
    pub seconds: f64,
    /// The first difference from the reference.
    pub difference: Option<FrameDifference>,
    /// The error that ended the frame.
    pub fault: Option<FrameFault>,
    /// Idle cycles of the array by cause.
    pub stalls: Stalls,
    /// Passes in order, then the end.
    pub passes: Vec<FramePass>,
}

impl Form for FrameReport {
    const FORMAT: &'static str = "seigo-frame";
    const VERSION: u32 = 1;
}

/// The first number that differs from the reference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FrameDifference {
    /// Pass that stored it.
    pub pass: usize,
    /// Name of the value.
    pub value: String,
    /// Channel.
    pub channel: usize,
    /// Row.
    pub row: usize,
    /// Column.
    pub column: usize,
    /// The number in memory.
    pub found: i64,
    /// The right number.
    pub expected: i64,
    /// Numbers of the value that differ, this one included.
    pub count: usize,
    /// Cycle at the end of the pass.
    pub cycle: u64,
}

/// An error that the hardware reported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FrameFault {
    /// Its code in the register Status.
    pub code: u8,
    /// What it means.
    pub meaning: String,
    /// What to do.
    pub advice: String,
    /// Client of the memory or of the bus, where the code says one.
    pub client: Option<String>,
    /// Block of the shared memory, where the code says one.
    pub block: Option<u16>,
    /// Pass.
    pub pass: u16,
    /// What the pass does.
    pub layers: Option<String>,
}

/// A pass of a frame.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FramePass {
    /// What it does.
    pub name: String,
    /// Cycles from the end of the pass before to its own.
    pub cycles: u64,
    /// Cycles that the cost model predicts.
    pub predicted: u64,
    /// Cycles in which its engine has work, by the cost model.
    pub busy: u64,
    /// What most of its idle cycles wait for: the counted cause, or else the predicted one; empty where
    /// there is none.
    pub cause: String,
    /// Cycles held up, by cause.
    pub stalls: Stalls,
}

impl FrameReport {
    /// Of a frame that ran under a name, with what the cost model says of every pass.
    pub fn new(
        name: &str,
        frame: &Frame,
        program: &Program,
        predicted: &[PassCost],
        seconds: f64,
    ) -> Self {
        let fault = match frame.end {
            End::Done => None,
            End::Fault(fault) => Some(FrameFault {
                code: fault.code,
                meaning: fault.meaning().to_owned(),
                advice: fault.advice().to_owned(),
                client: fault.client().map(str::to_owned),
                block: fault.block(),
                pass: fault.pass,
                layers: fault.pass_name(program).map(str::to_owned),
            }),
        };
        Self {
            format: FormatOf::default(),
            version: VersionOf::default(),
            frame: name.to_owned(),
            equal: frame.is_exact(),
            cycles: frame.cycles,
            compared: frame.compared,
            seconds,
            difference: frame.mismatch.as_ref().map(FrameDifference::new),
            fault,
            stalls: Stalls(frame.stalls.map(u64::from)),
            passes: frame.passes.iter().zip(predicted).map(FramePass::new).collect(),
        }
    }
}

impl FrameDifference {
    fn new(mismatch: &Mismatch) -> Self {
        let own = mismatch.difference;
        Self {
            pass: mismatch.pass,
            value: mismatch.value.clone(),
            channel: own.channel,
            row: own.row,
            column: own.column,
            found: own.found,
            expected: own.expected,
            count: own.count,
            cycle: mismatch.cycle,
        }
    }
}

impl FramePass {
    fn new((pass, cost): (&PassReport, &PassCost)) -> Self {
        let stalls = Stalls(pass.held_up);
        let mut report = Self {
            name: pass.name.clone(),
            cycles: pass.cycles,
            predicted: cost.cycles,
            busy: cost.busy,
            cause: stalls.largest().to_owned(),
            stalls,
        };
        if report.counted().is_none() {
            report.cause = cost.cause().map_or("", |cause| cause.name()).to_owned();
        }
        report
    }

    /// Cycles counted for [`Self::cause`], where they are most of the idle ones; the cause is the
    /// predicted one otherwise, for cycles that no counter sees.
    pub fn counted(&self) -> Option<u64> {
        let idle = self.cycles.saturating_sub(self.busy);
        self.stalls.get(&self.cause).filter(|cycles| 2 * cycles > idle)
    }
}

/// Cycles by cause, in the order of [`Cause::COUNTED`]; in JSON an object with the causes as names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stalls(pub [u64; Cause::COUNTED.len()]);

/// The names of the causes that are counted.
fn counted() -> impl Iterator<Item = &'static str> {
    Cause::COUNTED.into_iter().map(|(cause, _)| cause.name())
}

impl Stalls {
    /// Every cause with its cycles.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
        counted().zip(self.0)
    }

    /// The cycles of a cause.
    pub fn get(&self, cause: &str) -> Option<u64> {
        self.iter().find(|(name, _)| *name == cause).map(|(_, cycles)| cycles)
    }

    /// The cause of most cycles.
    fn largest(&self) -> &'static str {
        self.iter().max_by_key(|(_, cycles)| *cycles).map_or("", |(name, _)| name)
    }
}

impl Serialize for Stalls {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for Stalls {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let found: BTreeMap<String, u64> = BTreeMap::deserialize(deserializer)?;
        let mut cycles = [0; Cause::COUNTED.len()];
        for (own, cause) in cycles.iter_mut().zip(counted()) {
            *own = *found.get(cause).ok_or_else(|| D::Error::missing_field(cause))?;
        }
        Ok(Self(cycles))
    }
}

impl JsonSchema for Stalls {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Stalls".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let count = generator.subschema_for::<u64>();
        let properties: serde_json::Map<String, serde_json::Value> =
            counted().map(|cause| (cause.to_owned(), count.clone().into())).collect();
        json_schema!({
            "description": "Cycles by cause.",
            "type": "object",
            "properties": properties,
            "required": counted().collect::<Vec<_>>(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A cause that is counted for most of the idle cycles is named with its cycles; else the predicted
    /// one is.
    #[test]
    fn the_cause_is_counted_or_predicted() {
        let mut stalls = [0; Cause::ALL.len()];
        stalls[Cause::Fill as usize] = 60;
        let cost = PassCost { cycles: 160, busy: 100, stalls };
        let pass = |lanes| PassReport {
            name: "conv".to_owned(),
            cycles: 160,
            held_up: [1, lanes, 0, 0, 0, 0],
            stored: Vec::new(),
        };
        let counted = FramePass::new((&pass(31), &cost));
        assert_eq!((&*counted.cause, counted.counted()), ("lanes", Some(31)));
        let predicted = FramePass::new((&pass(30), &cost));
        assert_eq!((&*predicted.cause, predicted.counted()), ("fill", None));
    }

    #[test]
    fn stalls_are_named_in_json() {
        let stalls = Stalls([1, 2, 3, 4, 5, 6]);
        let text = serde_json::to_string(&stalls).unwrap();
        assert_eq!(
            text,
            r#"{"weights":1,"lanes":2,"port":3,"image":4,"plane engine":5,"banks":6}"#
        );
        assert_eq!(serde_json::from_str::<Stalls>(&text).unwrap(), stalls);
        assert!(serde_json::from_str::<Stalls>(r#"{"weights":1}"#).is_err());
    }
}
