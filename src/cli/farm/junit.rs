//! The JUnit report of `seigo farm collect`: a case per task.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::base::error::{Error, Result, codes};
use crate::campaign::collect::{Row, Status, Summary};

pub fn text(summary: &Summary) -> Result<String> {
    let mut suite = TestSuite::new(format!("campaign on {}", summary.target));
    suite.add_test_cases(summary.tasks.iter().map(case));
    let mut report = Report::new("seigo farm");
    report.add_test_suite(suite);
    report.to_string().map_err(|error| Error::new(&codes::INTERNAL, format!("JUnit: {error}")))
}

fn case(row: &Row) -> TestCase {
    let failure = |kind| {
        let mut status = TestCaseStatus::non_success(kind);
        let again = row.repeat.as_ref().map_or_else(String::new, |own| format!("; again: {own}"));
        status.set_message(format!("{}{again}", row.what));
        status
    };
    let status = match row.status {
        Status::Right => TestCaseStatus::success(),
        Status::Wrong => failure(NonSuccessKind::Failure),
        Status::Failed | Status::Missing => failure(NonSuccessKind::Error),
    };
    let mut case = TestCase::new(format!("task {}: {}", row.index, row.name), status);
    case.set_time(std::time::Duration::try_from_secs_f64(row.seconds).unwrap_or_default());
    if row.status == Status::Right {
        case.set_system_out(&row.what);
    }
    case
}
