//! Maximum pooling (rule A9): the largest integer of each window, over any number of spatial axes.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Alignment, Computation, Operands, OwnHeader, QOperator, ScaleRule, wrong};
use crate::base::error::Result;
use crate::frontend::ops::max_pool::MaxPool;
use crate::frontend::ops::window::Axis;
use crate::frontend::ops::{Inputs, Op};

/// See the module.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct QMaxPool {
    /// Its window, which never reads nothing but padding.
    pub max_pool: MaxPool,
}

impl QMaxPool {
    /// The pooling that a layer of the float network is.
    pub fn of(op: &Op) -> Option<Self> {
        match op {
            Op::MaxPool(pool) => Some(pool.clone().into()),
            _ => None,
        }
    }
}

impl From<MaxPool> for QMaxPool {
    fn from(max_pool: MaxPool) -> Self {
        Self { max_pool }
    }
}

impl OwnHeader for QMaxPool {}

impl QOperator for QMaxPool {
    fn kind(&self) -> &'static str {
        "MaxPool"
    }

    fn computation(&self) -> Computation<'_> {
        Computation::OnIntegers(Cow::Owned(self.max_pool.clone().into()))
    }

    fn scales(&self) -> ScaleRule {
        ScaleRule::Kept
    }

    fn check(&self, at: &Operands<'_>) -> Result<()> {
        let (input, _) = at.int8(0)?;
        let axes = self.axes(&input.shape)?;
        if !axes.iter().all(reads_input_everywhere) {
            return Err(wrong("a window reads nothing but padding"));
        }
        Ok(())
    }

    fn shapes(&self, at: &Operands<'_>) -> Result<Vec<Vec<usize>>> {
        let facts = at.facts(false);
        let inputs: Vec<_> = facts.iter().map(Option::as_ref).collect();
        let outputs = Op::from(self.max_pool.clone()).infer(Inputs::new(&inputs))?;
        Ok(outputs.into_iter().map(|fact| fact.shape).collect())
    }

    fn window(&self, input: &[usize]) -> Result<Option<Vec<Axis>>> {
        self.axes(input).map(Some)
    }

    fn alignment(&self, _at: &Operands<'_>, _position: usize) -> Alignment {
        Alignment::new("none needed", [])
    }
}

impl QMaxPool {
    fn axes(&self, input: &[usize]) -> Result<Vec<Axis>> {
        let MaxPool { window, ceil } = &self.max_pool;
        let extents = input.get(2..).ok_or_else(|| wrong("a pooling without spatial axes"))?;
        window.axes(&window.kernel, extents, *ceil)
    }
}

/// Whether every window has a position inside of the input (rule A9).
fn reads_input_everywhere(axis: &Axis) -> bool {
    (0..axis.output).all(|output| {
        let start = output * axis.stride;
        let tap = axis.begin.saturating_sub(start).div_ceil(axis.dilation);
        tap < axis.kernel && start + tap * axis.dilation < axis.begin + axis.input
    })
}
