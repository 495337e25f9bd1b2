//! Files in and out: whole reads with a named error, writes that are complete or absent.

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sha2::{Digest as _, Sha256};

use crate::base::error::{Error, Result, codes};

/// Reads a whole file.
///
/// # Errors
/// [`codes::FILE_READ`] with the path and the system's reason.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|error| cannot_read(path, error))
}

/// Reads the first bytes of a file into `start`; fewer where the file is shorter.
///
/// # Errors
/// [`codes::FILE_READ`] with the path and the system's reason.
pub fn read_start<'a>(path: &Path, start: &'a mut [u8]) -> Result<&'a [u8]> {
    let mut length = 0;
    let mut read = || -> std::io::Result<()> {
        let mut file = fs::File::open(path)?;
        while length < start.len() {
            match file.read(&mut start[length..])? {
                0 => break,
                more => length += more,
            }
        }
        Ok(())
    };
    read().map_err(|error| cannot_read(path, error))?;
    Ok(&start[..length])
}

/// Byte order marks of encodings that are not read. That of UTF-32, little-endian, begins as that of
/// UTF-16 does and so stands before it.
const FOREIGN: [(&[u8], &str); 4] = [
    (&[0xFF, 0xFE, 0, 0], "UTF-32"),
    (&[0, 0, 0xFE, 0xFF], "UTF-32"),
    (&[0xFF, 0xFE], "UTF-16"),
    (&[0xFE, 0xFF], "UTF-16"),
];

/// Reads a whole UTF-8 file; a byte order mark at its start is left out.
///
/// Every reader of text (tasks, targets, annotations, labels, buffers, results of other commands) goes
/// through here, so that all take the same files.
///
/// # Errors
/// [`codes::FILE_READ`] with the path and the system's reason, or with the encoding that the file has.
pub fn read_text(path: &Path) -> Result<String> {
    let bytes = read(path)?;
    let refuse = |what: String| {
        Error::new(&codes::FILE_READ, format!("cannot read {}: {what}", path.display()))
            .help("save the file as UTF-8; a byte order mark does no harm")
    };
    if let Some((_, encoding)) = FOREIGN.iter().find(|(mark, _)| bytes.starts_with(mark)) {
        return Err(refuse(format!("it is {encoding} text, not UTF-8")));
    }
    let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes);
    std::str::from_utf8(text).map(str::to_owned).map_err(|error| {
        let at = bytes.len() - text.len() + error.valid_up_to();
        refuse(format!("it is not UTF-8 text; byte {at} fits no character"))
    })
}

/// SHA-256 of some bytes in hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}

/// Held while a file is written.
static WRITING: Mutex<()> = Mutex::new(());

/// Waits until no file is being written and keeps writes from starting as long as the guard lives:
/// a program that ends then leaves no file half-written.
pub fn hold_writes() -> MutexGuard<'static, ()> {
    WRITING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes a file beside its destination and renames it into place, so that an interrupted run
/// leaves either the old file or the new one.
///
/// # Errors
/// [`codes::FILE_WRITE`] with the path and the system's reason.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    if !folder.is_dir() {
        let message =
            format!("cannot write {}: there is no folder {}", path.display(), folder.display());
        return Err(Error::new(&codes::FILE_WRITE, message));
    }
    let _writing = hold_writes();
    let beside = || -> std::io::Result<()> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(".seigo-");
        // Temporary files are private by default; a product is as readable as any other file.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let mut file = builder.tempfile_in(folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_data()?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    };
    beside().map_err(|error| {
        Error::new(&codes::FILE_WRITE, format!("cannot write {}", path.display())).caused_by(error)
    })
}

fn cannot_read(path: &Path, error: std::io::Error) -> Error {
    Error::new(&codes::FILE_READ, format!("cannot read {}", path.display())).caused_by(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn write_replaces_the_whole_file_and_leaves_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.bin");
        write(&path, b"first, longer").unwrap();
        write(&path, b"second").unwrap();
        assert_eq!(read(&path).unwrap(), b"second");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn text_may_begin_with_a_byte_order_mark_and_other_encodings_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("text.json");
        let utf16 = |text: &str, order: fn(u16) -> [u8; 2]| -> Vec<u8> {
            std::iter::once(0xFEFF).chain(text.encode_utf16()).flat_map(order).collect()
        };
        for text in [&b"{}"[..], b"\xEF\xBB\xBF{}"] {
            fs::write(&path, text).unwrap();
            assert_eq!(read_text(&path).unwrap(), "{}");
        }
        for (bytes, message) in [
            (utf16("{}", u16::to_le_bytes), "UTF-16"),
            (utf16("{}", u16::to_be_bytes), "UTF-16"),
            (b"\xFF\xFE\0\0{\0\0\0".to_vec(), "UTF-32"),
            (b"\xEF\xBB\xBF\xE9t\xE9".to_vec(), "byte 3 fits no character"),
        ] {
            fs::write(&path, bytes).unwrap();
            let error = read_text(&path).unwrap_err();
            assert_eq!(error.code().id, "SG0101");
            assert!(error.message().contains(message), "{error}");
            assert!(error.message().contains("text.json"), "{error}");
        }
    }

    #[test]
    fn a_missing_folder_is_named() {
        let error = write(Path::new("/nonexistent/x"), b"").unwrap_err();
        assert_eq!(error.code().id, "SG0102");
        assert!(error.message().contains("/nonexistent/x"));
    }
}
