//! `seigo completions` and `seigo man`: made from the same definition as the help.

use clap::{Command, CommandFactory as _};
use clap_complete::Shell;

use super::Cli;
use super::terminal::Terminal;
use crate::base::error::{Error, Result, codes};

/// Print the completion script of a shell
#[derive(Debug, clap::Args)]
pub struct CompletionsArgs {
    /// Which shell
    shell: Shell,
}

/// Print the manual page; of one command, if it is named
#[derive(Debug, clap::Args)]
pub struct ManArgs {
    /// Name of a command
    command: Option<String>,
}

pub fn completions(args: &CompletionsArgs, terminal: &Terminal) -> Result<u8> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "seigo", &mut script);
    terminal.result(&String::from_utf8_lossy(&script))?;
    Ok(0)
}

pub fn man(args: &ManArgs, terminal: &Terminal) -> Result<u8> {
    let mut root = Cli::command();
    root.build();
    let command = match &args.command {
        None => root,
        Some(name) => find(&root, name)?,
    };
    let mut page = Vec::new();
    clap_mangen::Man::new(command)
        .render(&mut page)
        .map_err(|error| Error::new(&codes::INTERNAL, error.to_string()))?;
    terminal.result(&String::from_utf8_lossy(&page))?;
    Ok(0)
}

fn find(root: &Command, name: &str) -> Result<Command> {
    root.find_subcommand(name).cloned().ok_or_else(|| {
        let known: Vec<_> = root.get_subcommands().map(Command::get_name).collect();
        Error::new(&codes::BAD_ARGUMENT, format!("there is no command \"{name}\""))
            .help(format!("the commands are: {}", known.join(", ")))
    })
}
