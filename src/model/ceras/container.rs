//! Header, section table, checksums: bytes to checked sections and back.

use super::layout::{
    ENTRY_SIZE, Field, HEADER_SIZE, MAGIC, MAX_SECTIONS, SECTION_ALIGNMENT, Tag, VERSION, entry,
    header,
};
use crate::base::error::{Error, Result, codes};

/// One section: its kind, the version of its contents, the contents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section<'a> {
    pub tag: Tag,
    pub version: u32,
    /// First byte in the file; ignored by [`write`].
    pub offset: usize,
    pub bytes: &'a [u8],
}

fn damaged(message: impl Into<String>) -> Error {
    Error::new(&codes::CERAS_FORMAT, message)
}

fn get(bytes: &[u8], at: usize, field: &Field) -> u64 {
    let mut number = [0; 8];
    number[..field.size].copy_from_slice(&bytes[at + field.offset..][..field.size]);
    u64::from_le_bytes(number)
}

fn put(bytes: &mut [u8], at: usize, field: &Field, number: u64) {
    bytes[at + field.offset..][..field.size].copy_from_slice(&number.to_le_bytes()[..field.size]);
}

/// A file of `sections`, which come in the order of [`Tag::ALL`].
pub fn write(sections: &[Section<'_>]) -> Vec<u8> {
    let table = HEADER_SIZE + sections.len() * ENTRY_SIZE;
    let mut file = vec![0; table];
    for (index, section) in sections.iter().enumerate() {
        file.resize(file.len().next_multiple_of(SECTION_ALIGNMENT), 0);
        let at = HEADER_SIZE + index * ENTRY_SIZE;
        let offset = file.len() as u64;
        file[at + entry::TAG.offset..][..4].copy_from_slice(&section.tag.bytes());
        put(&mut file, at, &entry::VERSION, section.version.into());
        put(&mut file, at, &entry::OFFSET, offset);
        put(&mut file, at, &entry::SIZE, section.bytes.len() as u64);
        put(&mut file, at, &entry::CRC, crc32fast::hash(section.bytes).into());
        file.extend_from_slice(section.bytes);
    }
    let size = file.len() as u64;
    file[..MAGIC.len()].copy_from_slice(&MAGIC);
    put(&mut file, 0, &header::VERSION, VERSION.into());
    put(&mut file, 0, &header::SECTIONS, sections.len() as u64);
    put(&mut file, 0, &header::FILE_SIZE, size);
    let crc = header_crc(&file[..table]);
    put(&mut file, 0, &header::CRC, crc);
    file
}

/// CRC-32 of the header before its own field and of the section table.
fn header_crc(header_and_table: &[u8]) -> u64 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&header_and_table[..header::CRC.offset]);
    crc.update(&header_and_table[HEADER_SIZE..]);
    crc.finalize().into()
}

/// The sections of a file: every offset, size, alignment and checksum is checked.
///
/// # Errors
/// [`codes::CERAS_FORMAT`] with section and offset, [`codes::CERAS_VERSION`].
pub fn read(file: &[u8]) -> Result<Vec<Section<'_>>> {
    if file.get(..MAGIC.len()) != Some(&MAGIC) {
        return Err(damaged("the file does not begin as a .ceras file does"));
    }
    if file.len() < HEADER_SIZE {
        return Err(damaged(format!("the file ends in its header, after {} bytes", file.len())));
    }
    let version = get(file, 0, &header::VERSION);
    if version > VERSION.into() {
        return Err(newer(format!("the file has version {version}, this is version {VERSION}")));
    }
    let size = get(file, 0, &header::FILE_SIZE);
    if size != file.len() as u64 {
        return Err(damaged(format!("the file has {} bytes, its header says {size}", file.len())));
    }
    let count = get(file, 0, &header::SECTIONS);
    let end = HEADER_SIZE + count.min(MAX_SECTIONS.into()) as usize * ENTRY_SIZE;
    if version == 0 || count > MAX_SECTIONS.into() || end > file.len() {
        return Err(damaged(format!("version {version} with {count} sections")));
    }
    if get(file, 0, &header::CRC) != header_crc(&file[..end]) {
        return Err(damaged(format!("the checksum of bytes 0 to {end} is wrong")));
    }
    if get(file, 0, &header::RESERVED) != 0 {
        return Err(damaged("a reserved field of the header is used"));
    }
    let mut sections: Vec<Section<'_>> = Vec::with_capacity(count as usize);
    let mut next = end;
    for index in 0..count as usize {
        let section = read_section(file, HEADER_SIZE + index * ENTRY_SIZE, next)?;
        if sections.last().is_some_and(|last| last.tag >= section.tag) {
            let tag = section.tag.name();
            return Err(damaged(format!("section {tag} comes twice or at the wrong place")));
        }
        next = section.offset + section.bytes.len();
        sections.push(section);
    }
    if next != file.len() {
        return Err(damaged(format!("bytes {next} to {} belong to no section", file.len())));
    }
    for (tag, _, needed, _) in Tag::ALL {
        if needed && !sections.iter().any(|section| section.tag == tag) {
            return Err(damaged(format!("section {} is missing", tag.name())));
        }
    }
    Ok(sections)
}

/// The section whose table entry is at `at`; the one before it ended at `previous`.
fn read_section(file: &[u8], at: usize, previous: usize) -> Result<Section<'_>> {
    let letters = &file[at + entry::TAG.offset..][..entry::TAG.size];
    let tag = Tag::from_bytes(letters)
        .ok_or_else(|| newer(format!("section \"{}\" is unknown", letters.escape_ascii())))?;
    let (offset, size) = (get(file, at, &entry::OFFSET), get(file, at, &entry::SIZE));
    let place = || format!("section {} at offset {offset}", tag.name());
    let wrong = |what: &str| damaged(what).at(place());
    let expected = previous.next_multiple_of(SECTION_ALIGNMENT);
    if offset != expected as u64 {
        return Err(wrong(&format!("it should begin at {expected}")));
    }
    let end = offset.checked_add(size).filter(|&end| end <= file.len() as u64);
    let Some(end) = end else {
        return Err(wrong(&format!("its {size} bytes do not fit the file")));
    };
    if get(file, at, &entry::RESERVED) != 0 || file[previous..expected].iter().any(|&b| b != 0) {
        return Err(wrong("a reserved field or the padding before it is used"));
    }
    let bytes = &file[expected..end as usize];
    if get(file, at, &entry::CRC) != u64::from(crc32fast::hash(bytes)) {
        return Err(wrong("its checksum is wrong"));
    }
    Ok(Section { tag, version: get(file, at, &entry::VERSION) as u32, offset: expected, bytes })
}

/// A failure because the file is of a later version.
pub fn newer(message: String) -> Error {
    Error::new(&codes::CERAS_VERSION, message)
}
