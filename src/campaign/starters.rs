//! Who else can start the tasks of a campaign: GNU parallel by one command, Slurm by one script. Both call `seigo farm run`,
//! which keeps what is done.

use std::path::Path;

use super::manifest::Campaign;
use crate::base::error::{Error, Result, codes};

/// Name of the script for Slurm in a campaign's folder.
pub const SLURM: &str = "array.sbatch";
/// Folder of the messages of Slurm's tasks.
pub const LOG: &str = "log";
/// Tasks of an array that Slurm takes unless it is told otherwise (MaxArraySize 1001).
const LARGEST_ARRAY: usize = 1000;

/// How an array of Slurm is cut.
#[derive(Debug, Clone, Copy)]
pub struct Array {
    /// Tasks of the campaign that an element of the array performs; more where the array would be too large.
    pub per_job: usize,
    /// Elements that may run at a time.
    pub at_once: Option<usize>,
}

/// The command that runs all tasks by GNU parallel.
///
/// # Errors
/// [`codes::BAD_ARGUMENT`] for a path that no script can hold.
pub fn parallel(campaign: &Campaign, program: &Path) -> Result<String> {
    let last = campaign.manifest.tasks.len() - 1;
    let [program, folder] = [quoted(program)?, quoted(&campaign.folder)?];
    // What parallel puts together is read by a shell once more.
    let again = |text: &str| format!("'{}'", text.replace('\'', "'\\''"));
    let [program, folder] = [again(&program), again(&folder)];
    Ok(format!("seq 0 {last} | parallel {program} farm run {folder} --jobs 1 --task {{}}"))
}

/// The script for `sbatch`.
///
/// # Errors
/// [`codes::BAD_ARGUMENT`] for a path that no script can hold.
pub fn slurm(campaign: &Campaign, program: &Path, array: Array) -> Result<String> {
    let tasks = campaign.manifest.tasks.len();
    let per_job = array.per_job.max(tasks.div_ceil(LARGEST_ARRAY)).max(1);
    let last = tasks.div_ceil(per_job) - 1;
    let most = array.at_once.map_or_else(String::new, |count| format!("%{count}"));
    let [program, folder] = [quoted(program)?, quoted(&campaign.folder)?];
    Ok(format!(
        "#!/bin/bash\n\
         # The tasks of a campaign of Seigo as a job array: sbatch {SLURM}, in the campaign's folder. A job that is\n\
         # started again, by Slurm or by hand, keeps the results that are there.\n\
         #SBATCH --job-name=seigo\n\
         #SBATCH --array=0-{last}{most}\n\
         #SBATCH --cpus-per-task=1\n\
         #SBATCH --requeue\n\
         #SBATCH --open-mode=append\n\
         #SBATCH --output={LOG}/%a.txt\n\
         exec {program} farm run {folder} --jobs \"${{SLURM_CPUS_PER_TASK:-1}}\" --per-job {per_job}\n"
    ))
}

/// A path as a word of the shell.
///
/// # Errors
/// [`codes::BAD_ARGUMENT`] for a path that is not UTF-8 or has control characters.
fn quoted(path: &Path) -> Result<String> {
    let whole = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    match whole.to_str().filter(|text| !text.chars().any(char::is_control)) {
        Some(text) => Ok(format!("'{}'", text.replace('\'', "'\\''"))),
        None => {
            let message = format!("{} cannot stand in a script", whole.display());
            Err(Error::new(&codes::BAD_ARGUMENT, message)
                .help("use folders whose names are UTF-8 without control characters"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaign::manifest::tests::small;

    #[test]
    fn an_array_covers_every_task_and_stays_small() {
        let folder = tempfile::tempdir().unwrap();
        for (tasks, per_job, range, each) in
            [(10, 1, "0-9", 1), (10, 4, "0-2", 4), (1000, 1, "0-999", 1), (2500, 1, "0-833", 3)]
        {
            let campaign = small(&folder.path().join("it's"), tasks);
            let array = Array { per_job, at_once: Some(2) };
            let script = slurm(&campaign, Path::new("/bin/true"), array).unwrap();
            assert!(script.contains(&format!("#SBATCH --array={range}%2\n")), "{script}");
            assert!(script.ends_with(&format!("--per-job {each}\n")), "{script}");
            assert!(script.contains(r"/it'\''s'"), "{script}");
        }
    }

    /// The shell and parallel's shell each take one layer of quotes away.
    #[cfg(unix)]
    #[test]
    fn the_command_for_parallel_survives_two_shells() {
        let folder = tempfile::tempdir().unwrap();
        let campaign = small(&folder.path().join("it's a farm"), 3);
        let command = parallel(&campaign, Path::new("/bin/echo")).unwrap();
        let (head, tail) = command.split_once(" | parallel ").unwrap();
        assert_eq!(head, "seq 0 2");
        let twice = format!("sh -c \"$(printf '%s ' {tail})\"");
        let output = std::process::Command::new("sh").args(["-c", &twice]).output().unwrap();
        let place = campaign.folder.canonicalize().unwrap();
        assert_eq!(
            String::from_utf8(output.stdout).unwrap(),
            format!("farm run {} --jobs 1 --task {{}}\n", place.display())
        );
    }
}
