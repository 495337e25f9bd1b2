//! The rules of a well-formed graph, checked after import and after every rewrite.

use super::Graph;
use crate::base::error::{Error, Result, codes};

impl Graph {
    /// Checks that links are in range, that every value has at most one producer and is produced
    /// before it is read, and that stored shapes are those which the operators infer.
    ///
    /// # Errors
    /// [`codes::INTERNAL`], naming the node.
    pub fn validate(&self) -> Result<()> {
        let broken = |message: String| Error::new(&codes::INTERNAL, message);
        let mut available = vec![false; self.values.len()];
        let mut produced = vec![false; self.values.len()];
        for node in &self.nodes {
            let links = node.inputs.iter().flatten().chain(&node.outputs);
            if let Some(id) = links.into_iter().find(|id| id.0 >= self.values.len()) {
                return Err(broken(format!("value {} does not exist", id.0)).at(node.place()));
            }
            for output in &node.outputs {
                if std::mem::replace(&mut produced[output.0], true) {
                    let name = &self.value(*output).name;
                    return Err(broken(format!("\"{name}\" is produced twice")).at(node.place()));
                }
            }
        }
        for (index, value) in self.values.iter().enumerate() {
            available[index] = value.fact.value.is_some() && !produced[index];
        }
        for input in &self.inputs {
            available[input.0] = true;
        }
        for node in &self.nodes {
            for input in node.inputs.iter().flatten() {
                if !available[input.0] {
                    let name = &self.value(*input).name;
                    return Err(
                        broken(format!("\"{name}\" is read before it exists")).at(node.place())
                    );
                }
            }
            let facts = self.infer(node)?;
            if facts.len() != node.outputs.len() {
                return Err(broken(format!("{} outputs", node.outputs.len())).at(node.place()));
            }
            for (output, fact) in node.outputs.iter().zip(facts) {
                let stored = self.fact(*output);
                if (stored.dtype, &stored.shape) != (fact.dtype, &fact.shape) {
                    return Err(broken(format!(
                        "\"{}\" is stored as {}{:?} and inferred as {}{:?}",
                        self.value(*output).name,
                        stored.dtype,
                        stored.shape,
                        fact.dtype,
                        fact.shape
                    ))
                    .at(node.place()));
                }
                available[output.0] = true;
            }
        }
        match self.outputs.iter().find(|output| !available[output.value.0]) {
            None => Ok(()),
            Some(output) => Err(broken(format!("output \"{}\" is never produced", output.name))),
        }
    }
}
