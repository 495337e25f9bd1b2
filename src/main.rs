//! The `seigo` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    seigo::cli::main()
}
