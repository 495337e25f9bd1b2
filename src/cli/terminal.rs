//! What reaches the person: results on stdout, progress and remarks on stderr.

use std::io::Write as _;
use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};

use super::failure;
use crate::base::error::{Error, Result, codes};
use crate::base::files;
use crate::vision::task::folder::{LeftOut, Reason};

/// The terminal of one run.
#[derive(Debug, Clone, Copy)]
pub struct Terminal {
    /// Whether progress and remarks are left out.
    pub quiet: bool,
}

impl Terminal {
    /// Prints a result. A reader that stops early (`seigo ... | head`) is no failure.
    pub fn result(&self, text: &str) -> Result<()> {
        let mut stdout = std::io::stdout().lock();
        let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
        match written {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
                Err(Error::new(&codes::FILE_WRITE, format!("cannot write to stdout: {error}")))
            }
            _ => Ok(()),
        }
    }

    /// Writes a result to a file, or prints it where none is given.
    pub fn product(&self, path: Option<&Path>, text: &str) -> Result<()> {
        match path {
            None => self.result(text),
            Some(path) if path.file_name().is_none() => {
                let message = format!("{} is not a file", path.display());
                Err(Error::new(&codes::BAD_ARGUMENT, message))
            }
            Some(path) => files::write(path, text.as_bytes()),
        }
    }

    /// Prints a remark.
    pub fn remark(&self, text: &str) {
        if !self.quiet {
            let _ = writeln!(std::io::stderr().lock(), "{text}");
        }
    }

    /// Prints a warning: of what is done as asked and is hardly what was meant, or of a result that is of
    /// less than was given. It is not left out.
    pub fn warning(&self, text: &str) {
        let _ = writeln!(std::io::stderr().lock(), "warning: {text}");
    }

    /// Says that a preset was taken because a task file is missing.
    pub fn assumed(&self, preset: Option<&str>, missing: &Path) {
        if let Some(preset) = preset {
            self.remark(&format!(
                "note: {} is not there; the outputs have the layout of `--task {preset}`, which is \
                 used",
                missing.display()
            ));
        }
    }

    /// Says which files of a folder take no part.
    pub fn left_out(&self, files: &[LeftOut]) {
        for file in files {
            match file.reason {
                Reason::Damaged(_) => self.warning(&file.to_string()),
                _ => self.remark(&format!("note: {file}")),
            }
        }
    }

    /// A progress bar over `length` steps; invisible where stderr is no terminal.
    pub fn progress(&self, length: usize, what: &str) -> ProgressBar {
        if self.quiet {
            return ProgressBar::hidden();
        }
        let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {eta}")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        ProgressBar::new(length as u64).with_style(style).with_message(what.to_owned())
    }
}

/// Prints a failure.
pub fn error(error: &Error) {
    let _ = writeln!(std::io::stderr().lock(), "{}", failure::text(error));
}
