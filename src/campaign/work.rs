//! Tasks as processes of their own: a crash or a hang ends one attempt of one task, and nothing else.

use std::fs::File;
use std::io::{Read as _, Seek as _};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::manifest::{Campaign, Work};
use super::record::{Failure, Outcome, Record};
use super::task::no_task;
use crate::base::error::{Code, Error, Result, codes};
use crate::verify::cosim;

/// The program that performs a task: it gets the folder, the index and the attempt behind its arguments, and
/// writes the result.
#[derive(Debug, Clone)]
pub struct Worker {
    /// The program.
    pub program: PathBuf,
    /// Its first arguments.
    pub arguments: Vec<String>,
}

/// How tasks are run.
#[derive(Debug, Clone)]
pub struct Options {
    /// Tasks at a time.
    pub jobs: usize,
    /// Seconds of an attempt, where they are not those of the manifest.
    pub limit_seconds: Option<f64>,
    /// Whether tasks that have a result are performed again.
    pub again: bool,
}

/// What happens to a task.
#[derive(Debug)]
pub enum Event<'a> {
    /// It has a result.
    Kept(&'a Record),
    /// The file in the place of its result does not belong there; the task is performed.
    Foreign(&'a Error),
    /// An attempt failed.
    Attempt {
        /// Index of the task.
        index: usize,
        /// The attempt, from 1.
        attempt: u32,
        /// What happened.
        failure: &'a Failure,
    },
    /// It is done.
    Done(&'a Record),
}

/// How often a process is asked whether it has ended.
const POLL: Duration = Duration::from_millis(20);
/// Bytes of a process's messages that a failure quotes.
const QUOTED: u64 = 2000;

/// Compiles the model and builds its simulation, so that no task's time is spent on it; refuses a campaign that does not
/// belong to this program before any task starts.
///
/// # Errors
/// Those of [`Campaign::compiled`] and [`cosim::compile`].
pub fn prepare(campaign: &Campaign, indices: &[usize]) -> Result<()> {
    let compiled = campaign.compiled()?;
    let own = |&index: &usize| {
        let work = campaign.manifest.tasks.get(index);
        work.is_some_and(|work| !matches!(work, Work::Point { .. }))
    };
    if indices.iter().any(own) {
        cosim::compile(&compiled, false)?;
    }
    Ok(())
}

/// Runs tasks; gives the result of each, in the order of `indices`.
///
/// # Errors
/// [`codes::CAMPAIGN`] for an index without a task; [`codes::FILE_WRITE`] when a result cannot be written: no further task
/// is started then.
pub fn run(
    campaign: &Campaign,
    indices: &[usize],
    worker: &Worker,
    options: &Options,
    observe: &(dyn Fn(Event<'_>) + Sync),
) -> Result<Vec<Record>> {
    if let Some(&index) = indices.iter().find(|&&own| own >= campaign.manifest.tasks.len()) {
        return Err(no_task(campaign, index));
    }
    let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let done = Mutex::new(Vec::with_capacity(indices.len()));
    let lane = || -> Result<()> {
        while !stop.load(Ordering::Relaxed) {
            let turn = next.fetch_add(1, Ordering::Relaxed);
            let Some(&index) = indices.get(turn) else { break };
            let record = one(campaign, index, worker, options, observe);
            stop.fetch_or(record.is_err(), Ordering::Relaxed);
            done.lock().map_err(|_| poisoned())?.push((turn, record?));
        }
        Ok(())
    };
    thread::scope(|scope| {
        let jobs = options.jobs.min(indices.len()).max(1);
        let lanes: Vec<_> = (0..jobs).map(|_| scope.spawn(lane)).collect();
        let ends: Vec<_> = lanes.into_iter().map(|lane| lane.join()).collect();
        ends.into_iter().try_for_each(|end| end.map_err(|_| poisoned())?)
    })?;
    let mut done = done.into_inner().map_err(|_| poisoned())?;
    done.sort_by_key(|(turn, _)| *turn);
    Ok(done.into_iter().map(|(_, record)| record).collect())
}

fn poisoned() -> Error {
    Error::new(&codes::INTERNAL, "a thread that runs tasks stopped early")
}

/// One task: its result if there is one, else as many attempts as it takes.
fn one(
    campaign: &Campaign,
    index: usize,
    worker: &Worker,
    options: &Options,
    observe: &(dyn Fn(Event<'_>) + Sync),
) -> Result<Record> {
    match Record::read(campaign, index) {
        Ok(Some(record)) if !options.again && !record.failed() => {
            observe(Event::Kept(&record));
            return Ok(record);
        }
        Err(error) if *error.code() == codes::CAMPAIGN_RESULT => observe(Event::Foreign(&error)),
        other => drop(other?),
    }
    let limit = options.limit_seconds.unwrap_or(campaign.manifest.limit_seconds);
    let mut attempt = 1;
    let started = Instant::now();
    let record = loop {
        let failure = match self::attempt(campaign, index, worker, (attempt, limit))? {
            Attempt::Done(record) => break record,
            Attempt::Final(failure) => {
                attempt = campaign.manifest.attempts.max(attempt);
                failure
            }
            Attempt::Failed(failure) => failure,
        };
        observe(Event::Attempt { index, attempt, failure: &failure });
        if attempt >= campaign.manifest.attempts {
            let seconds = started.elapsed().as_secs_f64();
            let record = Record::new(campaign, index, (attempt, seconds), Outcome::Failed(failure));
            record.write(campaign)?;
            break record;
        }
        attempt += 1;
    };
    observe(Event::Done(&record));
    Ok(record)
}

enum Attempt {
    /// The process wrote a result.
    Done(Record),
    /// Another attempt may do better.
    Failed(Failure),
    /// The process says that it cannot; another attempt will not either.
    Final(Failure),
}

/// Exit status of a worker that reports an error.
const REFUSES: i32 = 2;

fn attempt(
    campaign: &Campaign,
    index: usize,
    worker: &Worker,
    (attempt, limit): (u32, f64),
) -> Result<Attempt> {
    let start = |error: std::io::Error| {
        let program = worker.program.display();
        Error::new(&codes::TASK_CRASHED, format!("cannot start {program}")).caused_by(error)
    };
    // A result of before would be taken for that of a process that ends without one.
    let path = campaign.result(index);
    if path.exists() {
        std::fs::remove_file(&path).map_err(|error| {
            Error::new(&codes::FILE_WRITE, format!("cannot replace {}", path.display()))
                .caused_by(error)
        })?;
    }
    let messages = tempfile::tempfile().map_err(start)?;
    let mut child = Command::new(&worker.program)
        .args(&worker.arguments)
        .arg(&campaign.folder)
        .args([index.to_string(), attempt.to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(messages.try_clone().map_err(start)?)
        .spawn()
        .map_err(start)?;
    let Some(status) = wait(&mut child, limit).map_err(start)? else {
        let message = format!("the task ran longer than {limit} s and was ended");
        return Ok(Attempt::Failed(failure(&codes::TASK_HUNG, message)));
    };
    let said = quoted(messages);
    if status.success() {
        return Ok(match Record::read(campaign, index) {
            Ok(Some(record)) => Attempt::Done(record),
            Ok(None) => {
                let message = "the process of the task wrote no result".to_owned();
                Attempt::Failed(failure(&codes::TASK_CRASHED, message))
            }
            Err(error) => Attempt::Failed(failure(&codes::TASK_CRASHED, error.to_string())),
        });
    }
    let message = format!("the process of the task ended with {status}; it said: {said}");
    let failure = failure(&codes::TASK_CRASHED, message);
    Ok(match status.code() {
        Some(REFUSES) => Attempt::Final(failure),
        _ => Attempt::Failed(failure),
    })
}

fn failure(code: &Code, message: String) -> Failure {
    Failure { code: code.id.to_owned(), message }
}

/// Waits for a process; ends it, and gives none, after `limit` seconds.
fn wait(child: &mut Child, limit: f64) -> std::io::Result<Option<ExitStatus>> {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if started.elapsed().as_secs_f64() > limit {
            // It may have ended in this very moment: then there is nothing to end.
            let _ = child.kill();
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(POLL);
    }
}

/// The last of what a process said, on one line.
fn quoted(mut messages: File) -> String {
    let read = |messages: &mut File| -> std::io::Result<String> {
        let length = messages.seek(std::io::SeekFrom::End(0))?;
        messages.seek(std::io::SeekFrom::Start(length.saturating_sub(QUOTED)))?;
        let mut bytes = Vec::new();
        messages.read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    let text = read(&mut messages).unwrap_or_default();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.is_empty() { "nothing".to_owned() } else { text }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaign::manifest::{MODEL, tests::small};

    /// A worker that is a script of the shell: `$1` is the folder, `$2` the index, `$3` the attempt.
    fn script(text: &str) -> Worker {
        let arguments = ["-c", text, "worker"].map(str::to_owned).to_vec();
        Worker { program: "/bin/sh".into(), arguments }
    }

    fn options() -> Options {
        Options { jobs: 2, limit_seconds: Some(20.0), again: false }
    }

    /// The result that a good worker writes.
    fn good(campaign: &Campaign, index: usize) -> Record {
        let failed = Outcome::Fault(crate::campaign::record::FaultOutcome {
            fault: crate::campaign::record::FaultKind::Stall,
            end: crate::campaign::record::FaultEnd::Right,
            injected: "nothing".to_owned(),
            found: String::new(),
            defined: true,
            untouched: None,
            recovered: true,
        });
        Record::new(campaign, index, (1, 0.5), failed)
    }

    /// Good results beside the folder, for scripts that copy them into place.
    fn prepared(folder: &std::path::Path) -> Campaign {
        let campaign = small(&folder.join("farm"), 4);
        for index in 0..4 {
            good(&campaign, index).write(&campaign).unwrap();
            let beside = folder.join(format!("{index}.json"));
            std::fs::rename(campaign.result(index), beside).unwrap();
        }
        campaign
    }

    const COPY: &str = "cp $1/../$2.json $1/results/$2.json";

    #[test]
    fn a_crash_and_a_hang_are_tried_again_and_named_when_they_stay() {
        let folder = tempfile::tempdir().unwrap();
        let campaign = prepared(folder.path());
        // Task 0 is good; 1 crashes once; 2 crashes always; 3 hangs always.
        let worker = script(&format!(
            "case $2-$3 in 0-*|1-2) {COPY};; 1-1|2-*) echo so sad >&2; kill -9 $$;; *) exec sleep 60;; esac"
        ));
        let attempts = Mutex::new(Vec::new());
        let observe = |event: Event<'_>| {
            if let Event::Attempt { index, attempt, failure } = event {
                attempts.lock().unwrap().push((index, attempt, failure.code.clone()));
            }
        };
        let options = Options { limit_seconds: Some(0.5), ..options() };
        let records = run(&campaign, &[0, 1, 2, 3], &worker, &options, &observe).unwrap();
        assert_eq!(
            records.iter().map(Record::failed).collect::<Vec<_>>(),
            [false, false, true, true]
        );
        let mut attempts = attempts.into_inner().unwrap();
        attempts.sort();
        let crash = |index, attempt| (index, attempt, "SG1305".to_owned());
        let hang = |attempt| (3, attempt, "SG1306".to_owned());
        assert_eq!(attempts, [crash(1, 1), crash(2, 1), crash(2, 2), hang(1), hang(2)]);
        let trouble = records[2].outcome.trouble().unwrap();
        assert!(trouble.contains("signal: 9") && trouble.contains("so sad"), "{trouble}");
        assert_eq!(Record::read(&campaign, 2).unwrap().unwrap(), records[2]);
    }

    /// What is done stays as it is; what failed, and what is foreign, is done.
    #[test]
    fn a_run_goes_on_where_the_last_one_ended() {
        let folder = tempfile::tempdir().unwrap();
        let campaign = prepared(folder.path());
        let never = script("exit 9");
        let all = [0, 1, 2, 3];
        let failed = run(&campaign, &[0], &never, &options(), &|_| {}).unwrap();
        assert!(failed[0].failed());
        good(&campaign, 1).write(&campaign).unwrap();
        let other = Record { model: "another".to_owned(), ..good(&campaign, 2) };
        other.write(&campaign).unwrap();
        let worker = script(&format!("echo $2 >> $1/../log; {COPY}"));
        let records = run(&campaign, &all, &worker, &options(), &|_| {}).unwrap();
        assert!(records.iter().all(|record| !record.failed()));
        let mut log: Vec<_> = std::fs::read_to_string(folder.path().join("log"))
            .unwrap()
            .lines()
            .map(str::to_owned)
            .collect();
        log.sort();
        assert_eq!(log, ["0", "2", "3"]);
        run(&campaign, &all, &never, &options(), &|_| {}).unwrap();
        let again = Options { again: true, ..options() };
        assert!(run(&campaign, &all, &never, &again, &|_| {}).unwrap()[3].failed());
        assert_eq!(
            run(&campaign, &[4], &worker, &options(), &|_| {}).unwrap_err().code().id,
            "SG1301"
        );
    }

    /// An error that the worker reports is not tried again; one that cannot even be written down ends the run.
    #[test]
    fn an_error_is_final_and_a_disk_that_takes_nothing_ends_the_run() {
        let folder = tempfile::tempdir().unwrap();
        let campaign = prepared(folder.path());
        let worker = script("echo $3 >> $1/../log; echo 'error[SG0102]: full' >&2; exit 2");
        let records = run(&campaign, &[1], &worker, &options(), &|_| {}).unwrap();
        assert!(records[0].outcome.trouble().unwrap().contains("error[SG0102]: full"));
        assert_eq!(std::fs::read_to_string(folder.path().join("log")).unwrap(), "1\n");
        std::fs::remove_dir_all(campaign.folder.join("results")).unwrap();
        let error = run(&campaign, &[0, 1, 2], &worker, &options(), &|_| {}).unwrap_err();
        assert_eq!(error.code().id, "SG0102");
        assert!(campaign.folder.join(MODEL).is_file());
    }
}
