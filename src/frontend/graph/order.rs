//! Topological order, of a file's nodes and of a graph's.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use super::{Graph, ValueId};
use crate::base::error::{Error, Result, codes};
use crate::frontend::onnx::{self, Model};

/// The model's nodes so that producers come first; ONNX demands that order of a file, exporters do
/// not always keep it.
pub fn sorted(model: &Model) -> Result<Vec<&onnx::Node>> {
    let mut producer = HashMap::new();
    for (index, node) in model.nodes.iter().enumerate() {
        for name in node.outputs.iter().filter(|name| !name.is_empty()) {
            producer.insert(name.as_str(), index);
        }
    }
    let needs = model.nodes.iter().map(|node| {
        node.inputs.iter().filter_map(|name| producer.get(name.as_str()).copied()).collect()
    });
    let order = topological(needs.collect()).map_err(|index| {
        let node = &model.nodes[index];
        structure("the node is part of a cycle".into()).at(node.place())
    })?;
    Ok(order.into_iter().map(|index| &model.nodes[index]).collect())
}

impl Graph {
    /// Drops nodes and values that no output needs and sorts the rest topologically, as close to
    /// the present order as that allows.
    ///
    /// # Errors
    /// [`codes::INTERNAL`] when a rewrite made a cycle.
    pub fn tidy(&mut self) -> Result<()> {
        let mut producer = vec![None; self.values.len()];
        for (index, node) in self.nodes.iter().enumerate() {
            for output in &node.outputs {
                producer[output.0] = Some(index);
            }
        }
        let needs: Vec<Vec<usize>> = self
            .nodes
            .iter()
            .map(|node| node.inputs.iter().flatten().filter_map(|id| producer[id.0]).collect())
            .collect();
        let mut alive = vec![false; self.nodes.len()];
        let mut open: Vec<usize> =
            self.outputs.iter().filter_map(|output| producer[output.value.0]).collect();
        while let Some(index) = open.pop() {
            if !std::mem::replace(&mut alive[index], true) {
                open.extend(&needs[index]);
            }
        }
        let order = topological(needs).map_err(|index| {
            Error::new(&codes::INTERNAL, "a rewrite made a cycle").at(self.nodes[index].place())
        })?;
        let mut nodes: Vec<_> = std::mem::take(&mut self.nodes).into_iter().map(Some).collect();
        self.nodes = order
            .into_iter()
            .filter(|&index| alive[index])
            .filter_map(|i| nodes[i].take())
            .collect();
        self.drop_unused_values();
        Ok(())
    }

    fn drop_unused_values(&mut self) {
        let mut used = vec![false; self.values.len()];
        let links =
            self.nodes.iter().flat_map(|node| node.inputs.iter().flatten().chain(&node.outputs));
        for id in links.chain(&self.inputs).chain(self.outputs.iter().map(|output| &output.value)) {
            used[id.0] = true;
        }
        let mut moved = vec![ValueId(usize::MAX); self.values.len()];
        let mut kept = 0;
        let mut index = 0;
        self.values.retain(|_| {
            index += 1;
            if used[index - 1] {
                moved[index - 1] = ValueId(kept);
                kept += 1;
            }
            used[index - 1]
        });
        let renumber = |id: &mut ValueId| *id = moved[id.0];
        for node in &mut self.nodes {
            node.inputs.iter_mut().flatten().chain(&mut node.outputs).for_each(renumber);
        }
        self.inputs.iter_mut().for_each(renumber);
        self.outputs.iter_mut().map(|output| &mut output.value).for_each(renumber);
    }
}

/// A graph that is not well formed.
pub(super) fn structure(message: String) -> Error {
    Error::new(&codes::ONNX_STRUCTURE, message)
}

/// Indices so that `needs[i]` all come before `i`, smallest index first among the ready ones; the
/// error is an index on a cycle.
fn topological(needs: Vec<Vec<usize>>) -> Result<Vec<usize>, usize> {
    let mut waiting: Vec<usize> = needs.iter().map(Vec::len).collect();
    let mut feeds = vec![Vec::new(); needs.len()];
    for (index, needs) in needs.iter().enumerate() {
        for &need in needs {
            feeds[need].push(index);
        }
    }
    let mut ready: BinaryHeap<_> =
        (0..needs.len()).filter(|&index| waiting[index] == 0).map(Reverse).collect();
    let mut order = Vec::with_capacity(needs.len());
    while let Some(Reverse(index)) = ready.pop() {
        order.push(index);
        for &fed in &feeds[index] {
            waiting[fed] -= 1;
            if waiting[fed] == 0 {
                ready.push(Reverse(fed));
            }
        }
    }
    match waiting.iter().position(|&count| count > 0) {
        None => Ok(order),
        Some(index) => Err(index),
    }
}

#[cfg(test)]
mod tests {
    use super::topological;

    #[test]
    fn keeps_the_given_order_where_it_can() {
        assert_eq!(topological(vec![vec![2], vec![], vec![], vec![0, 1]]), Ok(vec![1, 2, 0, 3]));
        assert!(topological(vec![vec![1], vec![0]]).is_err());
    }
}
