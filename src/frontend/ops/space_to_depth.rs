//! Blocks of pixels rearranged into channels.
//!
//! ONNX: SpaceToDepth (opset 1 on). The Focus layer of YOLOv5 and YOLOX is the same with another
//! order of the pixels; the rewrite `recognize-focus` makes it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use rayon::prelude::*;

use super::depth_to_space::block;
use super::strided::copy_every;
use super::{Fact, Inputs, Operand, Operator};
use crate::base::error::{Error, Result, codes};
use crate::for_dtype;
use crate::frontend::onnx::{Attributes, Node};
use crate::base::tensor::{Tensor, element_count, spare};

/// See the module. Input `[N, C, H, W]`, output `[N, C offsets, H / block, W / block]`: channel
/// group g holds the pixels at row `offsets[g].0` and column `offsets[g].1` of each block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct SpaceToDepth {
    /// Side of a block of pixels; divides height and width.
    pub block: usize,
    /// Row and column, both below `block`, that each group of C output channels takes.
    pub offsets: Vec<(usize, usize)>,
}

impl Operator for SpaceToDepth {
    const ONNX: &'static [&'static str] = &["SpaceToDepth"];

    fn parse(node: &Node, _opset: i64) -> Result<Self> {
        let block = block(node)?;
        // One output channel for each pixel of a block: more cannot be addressed.
        element_count(&[block, block])?;
        let offsets = (0..block).flat_map(|y| (0..block).map(move |x| (y, x))).collect();
        Ok(Self { block, offsets })
    }

    fn attributes(&self) -> Attributes {
        Attributes::default().with("blocksize", self.block as i64)
    }

    fn infer(&self, inputs: Inputs<'_, Fact>) -> Result<Vec<Fact>> {
        let shape = self.shape(inputs)?;
        Ok(vec![Fact::new(inputs.required(0)?.dtype, shape)])
    }

    fn eval(&self, inputs: Inputs<'_, Tensor>) -> Result<Vec<Tensor>> {
        let shape @ [_, c, h, w] = self.shape(inputs)?;
        let input = inputs.required(0)?;
        for_dtype!(input.dtype(), T => {
            let source = input.values::<T>()?;
            let mut values = spare::buffer::<T>(element_count(&shape)?);
            if !values.is_empty() {
                values.par_chunks_exact_mut(h * w).enumerate().for_each(|(index, plane)| {
                    self.fill_plane((index / c, index % c), (c, w), source, plane);
                });
            }
            Ok(vec![Tensor::new(&shape, values)?])
        })
    }

    fn moves(&self) -> bool {
        true
    }
}

impl SpaceToDepth {
    /// Fills one of `channels` output channels, whose rows have `width` elements.
    fn fill_plane<T: Copy>(
        &self,
        (batch, channel): (usize, usize),
        (channels, width): (usize, usize),
        source: &[T],
        plane: &mut [T],
    ) {
        let inputs = channels / self.offsets.len();
        let (y, x) = self.offsets[channel / inputs];
        let row = width * self.block;
        let size = plane.len() * self.block * self.block;
        let source = &source[(batch * inputs + channel % inputs) * size..][..size];
        let rows = source.chunks_exact(row).skip(y).step_by(self.block);
        for (target, source) in plane.chunks_exact_mut(width).zip(rows) {
            copy_every(target, &source[x..], self.block);
        }
    }

    fn shape<T: Operand>(&self, inputs: Inputs<'_, T>) -> Result<[usize; 4]> {
        let shape = inputs.with_rank(0, 4)?.shape();
        let inside = |&(y, x): &(usize, usize)| y < self.block && x < self.block;
        match shape {
            &[n, c, h, w]
                if self.block > 0
                    && h % self.block == 0
                    && w % self.block == 0
                    && self.offsets.iter().all(inside) =>
            {
                let output =
                    [n, c.saturating_mul(self.offsets.len()), h / self.block, w / self.block];
                element_count(&output)?;
                Ok(output)
            }
            _ => Err(Error::new(
                &codes::SHAPE,
                format!("an input {shape:?} in blocks of {}", self.block),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frontend::ops::depth_to_space::DepthToSpace;

    fn image() -> Tensor {
        Tensor::new(&[1, 2, 4, 6], (0..48).collect::<Vec<i32>>()).unwrap()
    }

    #[test]
    fn channel_groups_follow_the_offsets() {
        let op = SpaceToDepth { block: 2, offsets: vec![(0, 0), (1, 0), (0, 1), (1, 1)] };
        let output = op.eval(Inputs::new(&[Some(&image())])).unwrap().remove(0);
        assert_eq!(output.shape(), [1, 8, 2, 3]);
        let view = output.view::<i32>().unwrap();
        assert_eq!(view[[0, 2, 1, 1]], 3 * 6 + 2);
        assert_eq!(view[[0, 5, 0, 2]], 24 + 5);
    }

    #[test]
    fn depth_to_space_undoes_it() {
        let op = SpaceToDepth { block: 2, offsets: vec![(0, 0), (0, 1), (1, 0), (1, 1)] };
        let depth = op.eval(Inputs::new(&[Some(&image())])).unwrap().remove(0);
        let back = DepthToSpace { block: 2, channel_first: false };
        assert_eq!(back.eval(Inputs::new(&[Some(&depth)])).unwrap()[0], image());
        let odd = Tensor::new(&[1, 1, 3, 2], vec![0i32; 6]).unwrap();
        assert!(op.eval(Inputs::new(&[Some(&odd)])).is_err());
    }
}
