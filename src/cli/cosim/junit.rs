//! The JUnit report of `seigo cosim`: a suite per frame, a case per pass.

use std::path::Path;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::Ran;
use crate::base::error::{Error, Result, codes};
use crate::base::files;
use crate::compile::program::Program;
use crate::verify::cosim::{End, PassReport};

pub fn write(path: &Path, bundle: &Path, program: &Program, all: &[Ran]) -> Result<()> {
    let mut report = Report::new(format!("seigo cosim {}", bundle.display()));
    report.add_test_suites(all.iter().map(|ran| suite(program, ran)));
    let text = report
        .to_string()
        .map_err(|error| Error::new(&codes::INTERNAL, format!("JUnit: {error}")))?;
    files::write(path, text.as_bytes())
}

fn suite(program: &Program, ran: &Ran) -> TestSuite {
    let mut suite = TestSuite::new(ran.name.clone());
    let passes = ran.frame.passes.iter().enumerate();
    suite.add_test_cases(passes.map(|(index, pass)| case(index, pass)));
    let mut outputs = TestCase::new("outputs", TestCaseStatus::success());
    match ran.frame.end {
        End::Fault(fault) => {
            let message = fault.describe(program);
            outputs.status = failure(NonSuccessKind::Error, message);
        }
        End::Done if ran.frame.compared == 0 => {
            outputs.status = failure(NonSuccessKind::Error, "nothing was compared".to_owned());
        }
        End::Done => {
            let last = ran.frame.mismatch.as_ref();
            if let Some(mismatch) = last.filter(|own| own.pass >= ran.frame.passes.len()) {
                let message = format!("{} differs: {:?}", mismatch.value, mismatch.difference);
                outputs.status = failure(NonSuccessKind::Failure, message);
            }
        }
    }
    outputs.set_system_out(format!("{} outputs compared", ran.frame.compared - ran.frame.stored()));
    suite.add_test_case(outputs);
    suite
}

fn case(index: usize, pass: &PassReport) -> TestCase {
    let differs: Vec<String> = pass
        .stored
        .iter()
        .filter_map(|(value, difference)| {
            difference.map(|own| {
                format!(
                    "{value}: channel {}, row {}, column {}: {} instead of {}; {} numbers differ",
                    own.channel, own.row, own.column, own.found, own.expected, own.count
                )
            })
        })
        .collect();
    let status = match differs.is_empty() {
        true => TestCaseStatus::success(),
        false => failure(NonSuccessKind::Failure, differs.join("; ")),
    };
    let mut case = TestCase::new(format!("pass {index}: {}", pass.name), status);
    case.set_system_out(format!("{} cycles, {} tensors", pass.cycles, pass.stored.len()));
    case
}

fn failure(kind: NonSuccessKind, message: String) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_message(message);
    status
}
