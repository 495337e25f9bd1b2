//! What rewrites need to see and change.

use super::{Graph, Node, ValueId};

/// Who produces and who consumes each value of a graph, at one moment.
#[derive(Debug, Clone)]
pub struct Links {
    producer: Vec<Option<usize>>,
    consumers: Vec<Vec<usize>>,
    outputs: Vec<bool>,
}

impl Links {
    /// Index of the node that produces `id`; `None` for inputs and constants.
    pub fn producer(&self, id: ValueId) -> Option<usize> {
        self.producer[id.0]
    }

    /// Indices of the nodes that read `id`, one entry per input position.
    pub fn consumers(&self, id: ValueId) -> &[usize] {
        &self.consumers[id.0]
    }

    /// Whether `id` is a network output.
    pub fn is_output(&self, id: ValueId) -> bool {
        self.outputs[id.0]
    }

    /// The one node that reads `id`, if there is just one and the value does not leave the
    /// network.
    pub fn only_consumer(&self, id: ValueId) -> Option<usize> {
        match self.consumers(id) {
            [one] if !self.is_output(id) => Some(*one),
            _ => None,
        }
    }
}

impl Graph {
    /// Computes the links.
    pub fn links(&self) -> Links {
        let mut links = Links {
            producer: vec![None; self.values.len()],
            consumers: vec![Vec::new(); self.values.len()],
            outputs: vec![false; self.values.len()],
        };
        for (index, node) in self.nodes.iter().enumerate() {
            for output in &node.outputs {
                links.producer[output.0] = Some(index);
            }
            for input in node.inputs.iter().flatten() {
                links.consumers[input.0].push(index);
            }
        }
        for output in &self.outputs {
            links.outputs[output.value.0] = true;
        }
        links
    }

    /// Lets every reader of `old`, network outputs included, read `new`.
    pub fn redirect(&mut self, old: ValueId, new: ValueId) {
        let all = self.nodes.iter_mut().flat_map(|node| node.inputs.iter_mut().flatten());
        for id in all.chain(self.outputs.iter_mut().map(|output| &mut output.value)) {
            if *id == old {
                *id = new;
            }
        }
    }

    /// Lets the node at `main` also do the work of the node at `absorbed`: it takes over the
    /// outputs and the origin; `absorbed` is left without outputs, for [`Graph::tidy`] to drop.
    pub fn absorb(&mut self, main: usize, absorbed: usize) {
        let gone = &mut self.nodes[absorbed];
        let outputs = std::mem::take(&mut gone.outputs);
        let sources = std::mem::take(&mut gone.sources);
        self.nodes[main].outputs = outputs;
        self.nodes[main].sources.extend(sources);
    }

    /// The node that produces `id`, with its index.
    pub fn producer(&self, links: &Links, id: ValueId) -> Option<(usize, &Node)> {
        links.producer(id).map(|index| (index, &self.nodes[index]))
    }
}
