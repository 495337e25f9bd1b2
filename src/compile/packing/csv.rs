//! Problems and packings as CSV in the form of the MiniMalloc benchmarks: a header, then a row
//! `id,lower,upper,size` for each buffer, with `offset` behind it in a packing.
//!
//! Columns may stand in any order. A column that would change the problem and is not supported
//! (`gaps`, `alignment`, `hint` and the like) is refused by name, never ignored.

use super::bound::live_bytes;
use super::problem::{Buffer, Problem};
use super::solution::{How, Layout, Packing};
use crate::base::error::{Error, Result, codes};

/// The column of a contiguous packing.
const OFFSET: &str = "offset";
/// The column of a block packing: block numbers with spaces between them.
const BLOCKS: &str = "blocks";

/// Reads a problem.
///
/// # Errors
/// [`codes::PLAN_PROBLEM`] naming the line and column of what is malformed.
pub fn read_problem(text: &str, capacity: Option<u64>, alignment: u64) -> Result<Problem> {
    let table = Table::read(text, &Buffer::COLUMNS)?;
    let lines = table.lines();
    let buffers = table.rows.into_iter().map(|row| row.buffer).collect();
    Problem::with_places(buffers, capacity, alignment, |row| format!("line {}", lines[row - 1]))
}

/// Reads a problem together with the offsets that some planner gave it; whether they are right is
/// for [`super::validate::packing`] to say.
///
/// # Errors
/// [`codes::PLAN_PROBLEM`] naming the line and column of what is malformed.
pub fn read_packing(
    text: &str,
    capacity: Option<u64>,
    alignment: u64,
) -> Result<(Problem, Packing)> {
    let [id, lower, upper, size] = Buffer::COLUMNS;
    let table = Table::read(text, &[id, lower, upper, size, OFFSET])?;
    let lines = table.lines();
    let (buffers, offsets): (Vec<Buffer>, Vec<u64>) =
        table.rows.into_iter().map(|row| (row.buffer, row.offset)).unzip();
    let place = |row: usize| format!("line {}", lines[row - 1]);
    let problem = Problem::with_places(buffers.clone(), capacity, alignment, place)?;
    let ends =
        offsets.iter().enumerate().map(|(index, &at)| at.saturating_add(problem.extent(index)));
    let height = ends.max().unwrap_or(0);
    let bound = live_bytes(&problem).bytes;
    let layout = Layout::Contiguous { alignment, offsets };
    let packing = Packing::new(buffers, layout, height, bound, height == bound, How::Given);
    Ok((problem, packing))
}

/// Writes a packing: `id,lower,upper,size,offset`, or `blocks` in place of `offset`.
pub fn write_packing(packing: &Packing) -> String {
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    let last = match packing.layout {
        Layout::Contiguous { .. } => OFFSET,
        Layout::Blocks { .. } => BLOCKS,
    };
    let memory = "writing to memory does not fail, and all rows have five fields";
    writer.write_record(Buffer::COLUMNS.iter().copied().chain([last])).expect(memory);
    for (index, buffer) in packing.buffers.iter().enumerate() {
        let place = match &packing.layout {
            Layout::Contiguous { offsets, .. } => {
                offsets.get(index).map_or_else(String::new, u64::to_string)
            }
            Layout::Blocks { blocks, .. } => {
                let numbers = blocks.get(index).into_iter().flatten().map(u32::to_string);
                numbers.collect::<Vec<_>>().join(" ")
            }
        };
        writer.write_record(buffer.fields().into_iter().chain([place])).expect(memory);
    }
    String::from_utf8_lossy(&writer.into_inner().expect(memory)).into_owned()
}

struct Row {
    line: u64,
    buffer: Buffer,
    offset: u64,
}

struct Table {
    rows: Vec<Row>,
}

impl Table {
    fn lines(&self) -> Vec<u64> {
        self.rows.iter().map(|row| row.line).collect()
    }

    /// Reads rows of exactly `columns`, in the order of the header.
    fn read(text: &str, columns: &[&str]) -> Result<Self> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut reader =
            ::csv::ReaderBuilder::new().trim(::csv::Trim::All).from_reader(text.as_bytes());
        let header = reader.headers().map_err(|error| malformed(&error))?.clone();
        let position = positions(&header, columns)?;
        let mut rows = Vec::new();
        let mut lines = Lines { text, line: 1, byte: 0 };
        for record in reader.records() {
            let record = record.map_err(|error| malformed(&error))?;
            let line = record.position().map_or(0, |position| lines.of_record(position.byte()));
            let field = |column: usize| record.get(position[column]).unwrap_or("");
            let number = |column: usize| whole(field(column), columns[column], line);
            let offset = if columns.len() > 4 { number(4)? } else { 0 };
            let buffer = Buffer::new(field(0), number(1)?, number(2)?, number(3)?);
            rows.push(Row { line, buffer, offset });
        }
        Ok(Self { rows })
    }
}

/// Line numbers of ascending byte offsets.
struct Lines<'a> {
    text: &'a str,
    line: u64,
    byte: usize,
}

impl Lines<'_> {
    /// The line of the record that begins at or, behind empty lines, after `byte`.
    fn of_record(&mut self, byte: u64) -> u64 {
        let from = usize::try_from(byte).unwrap_or(usize::MAX);
        let bytes = self.text.as_bytes();
        while let Some(&next) = bytes.get(self.byte) {
            if self.byte >= from && next != b'\n' && next != b'\r' {
                break;
            }
            self.line += u64::from(next == b'\n');
            self.byte += 1;
        }
        self.line
    }
}

/// Where each of `columns` stands in the header.
fn positions(header: &::csv::StringRecord, columns: &[&str]) -> Result<Vec<usize>> {
    let expected = columns.join(",");
    let bad = |message: String| {
        Err(Error::new(&codes::PLAN_PROBLEM, message)
            .at("line 1")
            .help(format!("the header must name the columns {expected}, in any order")))
    };
    for (index, name) in header.iter().enumerate() {
        if header.iter().take(index).any(|earlier| earlier == name) {
            return bad(format!("column \"{name}\" stands there twice"));
        }
        if !columns.contains(&name) {
            return bad(format!("column \"{name}\" is not supported"));
        }
    }
    let mut positions = Vec::new();
    for &column in columns {
        match header.iter().position(|name| name == column) {
            Some(position) => positions.push(position),
            None => return bad(format!("column \"{column}\" is missing")),
        }
    }
    Ok(positions)
}

fn whole(text: &str, column: &str, line: u64) -> Result<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits).ok_or_else(|| {
        let message =
            format!("column \"{column}\" holds \"{text}\", not a whole number of 64 bits");
        Error::new(&codes::PLAN_PROBLEM, message).at(format!("line {line}"))
    })
}

fn malformed(error: &::csv::Error) -> Error {
    let line = error.position().map_or(1, ::csv::Position::line);
    let message = match error.kind() {
        ::csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("{len} fields where the header has {expected_len}")
        }
        ::csv::ErrorKind::Utf8 { .. } => "the text is not UTF-8".to_owned(),
        _ => error.to_string(),
    };
    Error::new(&codes::PLAN_PROBLEM, message).at(format!("line {line}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile::packing::{DEFAULT_TIME_LIMIT, plan_contiguous};

    const EXAMPLE: &str =
        "id,lower,upper,size\nb1,0,3,4\nb2,3,9,4\nb3,0,9,4\nb4,9,21,4\nb5,0,21,4\n";

    fn refused(text: &str) -> String {
        let error = read_problem(text, None, 1).unwrap_err();
        assert_eq!(error.code().id, "SG0701");
        error.to_string()
    }

    #[test]
    fn a_packing_reads_back_as_it_was_written() {
        let problem = read_problem(EXAMPLE, Some(12), 1).unwrap();
        let packing = plan_contiguous(&problem, DEFAULT_TIME_LIMIT).unwrap();
        let text = write_packing(&packing);
        assert!(text.starts_with("id,lower,upper,size,offset\nb1,0,3,4,"), "{text}");
        let (again, read) = read_packing(&text, Some(12), 1).unwrap();
        assert_eq!((again, read.layout, read.height), (problem, packing.layout, 12));
    }

    #[test]
    fn columns_stand_in_any_order_and_ids_may_be_quoted() {
        let text = "size, id ,upper,lower\r\n7,\"a,\"\"b\"\"\",5,2\r\n";
        let problem = read_problem(text, None, 1).unwrap();
        assert_eq!(problem.buffers(), [Buffer::new("a,\"b\"", 2, 5, 7)]);
        let packing = plan_contiguous(&problem, DEFAULT_TIME_LIMIT).unwrap();
        assert!(write_packing(&packing).ends_with("\"a,\"\"b\"\"\",2,5,7,0\n"));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let head = "id,lower,upper,size\n";
        for (text, expected) in [
            ("", "column \"id\" is missing"),
            ("id,lower,upper\n", "column \"size\" is missing"),
            ("id,lower,upper,size,gaps\n", "column \"gaps\" is not supported"),
            ("id,lower,upper,size,offset\na,0,1,1,0\n", "column \"offset\" is not supported"),
            ("id,lower,upper,size,size\n", "column \"size\" stands there twice"),
            (&format!("{head}a,0,1,1\nb,0,x,1\n"), "column \"upper\" holds \"x\""),
            (&format!("{head}a,0,1,1\nb,0,x,1\n"), "line 3"),
            (&format!("{head}a,0,1,-4\n"), "holds \"-4\""),
            (&format!("{head}a,0,1,+4\n"), "holds \"+4\""),
            (&format!("{head}a,0,1,1e3\n"), "holds \"1e3\""),
            (&format!("{head}a,0,1,99999999999999999999\n"), "64 bits"),
            (&format!("{head}a,0,1\n"), "3 fields where the header has 4"),
            (&format!("{head}a,0,1,1\n\na,0,1,1\n"), "already used in line 2, at line 4"),
            (&format!("{head}a,3,1,1\n"), "lives 3..1"),
            (&format!("{head}a,0,1,0\n"), "size 0"),
        ] {
            let message = refused(text);
            assert!(message.contains(expected), "{text:?}: {message}");
        }
    }
}
