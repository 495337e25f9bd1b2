//! An error that the hardware reports, in words.

use crate::base::error::{Error, codes};
use crate::compile::border::status::{self, Culprit};
use crate::compile::program::Program;

/// What the registers say of an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// Field ErrorCode of the register Status.
    pub code: u8,
    /// Client of the memory or of the bus, by the code.
    pub client: u8,
    /// Block of the shared memory.
    pub block: u16,
    /// Pass.
    pub pass: u16,
}

impl Fault {
    fn known(&self) -> Option<&'static status::Fault> {
        status::Fault::of(self.code.into())
    }

    /// What the code means.
    pub fn meaning(&self) -> &'static str {
        self.known().map_or("an error that this version does not know", |fault| fault.meaning)
    }

    /// What to do about it.
    pub fn advice(&self) -> &'static str {
        self.known().map_or(codes::SIMULATION_FAULT.advice, |fault| fault.advice)
    }

    /// Who caused it, where the code says so.
    pub fn client(&self) -> Option<&'static str> {
        self.known()?.client(self.client.into())
    }

    /// The block of the shared memory, where the code says one.
    pub fn block(&self) -> Option<u16> {
        self.known().filter(|fault| fault.culprit == Culprit::Memory).map(|_| self.block)
    }

    /// The name of the pass in a program.
    pub fn pass_name<'a>(&self, program: &'a Program) -> Option<&'a str> {
        program.entries.get(usize::from(self.pass)).map(|entry| entry.name.as_str())
    }

    /// All of it in a line: `... (code 4, client DMA, block 3, pass 7 "conv_12")`.
    pub fn describe(&self, program: &Program) -> String {
        let mut details = vec![format!("code {}", self.code)];
        details.extend(self.client().map(|client| format!("client {client}")));
        details.extend(self.block().map(|block| format!("block {block}")));
        details.push(match self.pass_name(program) {
            Some(name) => format!("pass {} \"{name}\"", self.pass),
            None => format!("pass {}", self.pass),
        });
        format!("{} ({})", self.meaning(), details.join(", "))
    }

    /// As an error of the simulation.
    pub fn error(&self, program: &Program) -> Error {
        Error::new(&codes::SIMULATION_FAULT, self.describe(program)).help(self.advice())
    }
}

#[cfg(test)]
mod tests {
    use super::Fault;
    use crate::compile::program::Buffers;
    use crate::compile::program::{Entry, Program};

    fn program() -> Program {
        let entry = |name: &str| Entry { offset: 0, name: name.to_owned() };
        Program {
            stream: Vec::new(),
            entries: vec![entry("conv_0"), entry("conv_1")],
            buffers: Buffers { image: 0, output: 0, scratch: 0 },
        }
    }

    #[test]
    fn an_error_of_the_memory_names_client_block_and_pass() {
        let fault = Fault { code: 4, client: 1, block: 3, pass: 1 };
        assert_eq!(
            fault.describe(&program()),
            "access to a block of the shared memory that the running pass does not grant; it was not \
             performed (code 4, client plane engine write-back, block 3, pass 1 \"conv_1\")"
        );
    }

    #[test]
    fn what_a_code_does_not_say_is_left_out() {
        let fault = Fault { code: 2, client: 7, block: 9, pass: 2 };
        assert_eq!(
            fault.describe(&program()),
            "the checksum of the next descriptor is wrong (code 2, pass 2)"
        );
        let fault = Fault { code: 5, client: 1, block: 9, pass: 0 };
        assert_eq!(
            fault.describe(&program()),
            "a read from memory was not answered with OKAY (code 5, client weight stream, pass 0 \"conv_0\")"
        );
    }

    #[test]
    fn an_unknown_code_is_told_by_its_number() {
        let fault = Fault { code: 99, client: 0, block: 0, pass: 0 };
        assert!(fault.describe(&program()).contains("code 99"));
    }
}
