//! The command line as a person runs it, in a copy of the fixtures.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// A folder with a copy of the fixtures, in which commands run.
pub struct Bench(TempDir);

impl Bench {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures"), folder.path());
        Self(folder)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path(name), bytes).unwrap();
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Runs a command whose arguments hold no blanks.
    pub fn run(&self, command: &str) -> Output {
        let mut seigo = Command::new(env!("CARGO_BIN_EXE_seigo"));
        seigo.args(command.split_whitespace()).current_dir(self.0.path()).output().unwrap()
    }

    /// Runs a command that must succeed; what it printed on stdout and on stderr.
    pub fn done(&self, command: &str) -> (String, String) {
        let output = self.run(command);
        let [out, err] =
            [&output.stdout, &output.stderr].map(|b| String::from_utf8_lossy(b).into());
        assert_eq!(output.status.code(), Some(0), "seigo {command}: {out}{err}");
        (out, err)
    }

    /// Runs a command that must be refused with this code; what it printed on stderr.
    pub fn refused(&self, command: &str, code: &str) -> String {
        let output = self.run(command);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "seigo {command}: {text}");
        assert!(text.contains(&format!("error[{code}]")), "seigo {command}: {text}");
        assert!(text.contains("help: "), "seigo {command}: {text}");
        text
    }

    /// Every file below the folder with its content.
    pub fn content(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut all = Vec::new();
        let mut folders = vec![self.0.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                match path.is_dir() {
                    true => folders.push(path),
                    false => all.push((path.clone(), fs::read(path).unwrap())),
                }
            }
        }
        all.sort();
        all
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        match path.is_dir() {
            true => copy(&path, &target),
            false => drop(fs::copy(&path, &target).unwrap()),
        }
    }
}
