//! Folders of images as they are found: which files are read, and which are left out and why.
//!
//! One bad file of thousands neither ends a run nor takes part in it unnoticed.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use super::image;
use crate::base::error::{Error, Result, codes};
use crate::base::parallel;

const EXTENSIONS: [&str; 3] = ["jpg", "jpeg", "png"];
/// Extensions of pictures that are not read; a file of this kind in a folder of images is remarked on.
const FOREIGN: [&str; 9] = ["bmp", "gif", "tif", "tiff", "webp", "heic", "heif", "avif", "jfif"];

/// A file of a folder that does not take part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// The file.
    pub path: PathBuf,
    /// Why it is left out.
    pub reason: Reason,
}

/// Why a file of a folder does not take part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// Its name begins with a dot: `._a.jpg` of macOS is no image, whatever its extension says.
    Hidden,
    /// A picture in a form that is not read, by its extension.
    Foreign,
    /// The folder holds tensors; so many images beside them are not looked at.
    Beside(usize),
    /// It cannot be read; the error says why.
    Damaged(Error),
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.reason {
            Reason::Hidden => write!(f, "{path} is a hidden file and is left out"),
            Reason::Foreign => write!(f, "{path} is neither JPEG nor PNG and is left out"),
            Reason::Beside(count) => {
                write!(f, "{path}: {count} images beside the .npy tensors are left out")
            }
            Reason::Damaged(error) => write!(f, "{path} is left out: {}", error.message()),
        }
    }
}

/// The files of a folder that are read, sorted by name, and those that are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Files {
    /// Files that take part, sorted.
    pub taken: Vec<PathBuf>,
    /// Files that do not take part, sorted.
    pub left_out: Vec<LeftOut>,
}

impl Files {
    /// The JPEG and PNG files of a folder, by extension and not of its subfolders. Hidden files and
    /// pictures of other forms are left out.
    ///
    /// # Errors
    /// [`codes::FILE_READ`] when the folder cannot be listed, [`codes::IMAGE_NONE`] when it has no image.
    pub fn images(folder: &Path) -> Result<Self> {
        let files = Self::list(folder, is_image, |path| has_extension(path, &FOREIGN))?;
        if files.taken.is_empty() {
            let mut message = format!("no .jpg, .jpeg or .png file in {}", folder.display());
            if let Some(first) = files.left_out.first() {
                message += &format!("; {first}");
            }
            return Err(Error::new(&codes::IMAGE_NONE, message));
        }
        Ok(files)
    }

    /// The .npy files of a folder, which may be none. Hidden files are left out, and images beside tensors.
    ///
    /// # Errors
    /// [`codes::FILE_READ`] when the folder cannot be listed.
    pub fn tensors(folder: &Path) -> Result<Self> {
        let mut tensors = Self::list(folder, |path| has_extension(path, &["npy"]), |_| false)?;
        let images = Self::list(folder, is_image, |_| false)?.taken.len();
        if images > 0 && !tensors.taken.is_empty() {
            let beside = LeftOut { path: folder.to_owned(), reason: Reason::Beside(images) };
            tensors.left_out.push(beside);
        }
        Ok(tensors)
    }

    fn list(
        folder: &Path,
        wanted: impl Fn(&Path) -> bool,
        foreign: impl Fn(&Path) -> bool,
    ) -> Result<Self> {
        let cannot = |error: std::io::Error| {
            Error::new(&codes::FILE_READ, format!("cannot list {}: {error}", folder.display()))
                .help("give a folder of images")
        };
        let mut files = Self::default();
        for entry in fs::read_dir(folder).map_err(cannot)? {
            let path = entry.map_err(cannot)?.path();
            let reason = match () {
                () if is_hidden(&path) && wanted(&path) => Some(Reason::Hidden),
                () if foreign(&path) => Some(Reason::Foreign),
                () if wanted(&path) => None,
                () => continue,
            };
            if path.is_dir() {
                continue;
            }
            match reason {
                Some(reason) => files.left_out.push(LeftOut { path, reason }),
                None => files.taken.push(path),
            }
        }
        files.taken.sort();
        files.left_out.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(files)
    }

    /// Keeps the images that decode; the others are left out by their error.
    ///
    /// # Errors
    /// That of the first file when none decodes.
    pub fn keep_images(self) -> Result<Self> {
        self.keep(|path| image::read(path).map(drop))
    }

    /// Keeps the files that `read` takes; the others are left out by their error. What is not a file (a pipe)
    /// stays untried, since it can be read only once.
    ///
    /// # Errors
    /// That of the first file when none can be read.
    pub fn keep(mut self, read: impl Fn(&Path) -> Result<()> + Sync) -> Result<Self> {
        let read = parallel::map(self.taken.len(), |index| {
            let path = &self.taken[index];
            Ok(if path.is_file() { read(path) } else { Ok(()) })
        })?;
        if !read.is_empty() && read.iter().all(Result::is_err) {
            return Err(read.into_iter().find_map(Result::err).unwrap_or_else(|| {
                Error::new(&codes::IMAGE_DECODE, "no file of the folder can be read")
            }));
        }
        let mut taken = Vec::with_capacity(self.taken.len());
        for (path, read) in self.taken.drain(..).zip(read) {
            match read {
                Ok(()) => taken.push(path),
                Err(error) => {
                    self.left_out.push(LeftOut { path, reason: Reason::Damaged(error) });
                }
            }
        }
        self.taken = taken;
        self.left_out.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(self)
    }
}

/// Whether the extension is that of an image that is read.
pub fn is_image(path: &Path) -> bool {
    has_extension(path, &EXTENSIONS)
}

/// Whether the name begins with a dot.
pub fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}

fn has_extension(path: &Path, known: &[&str]) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension
        .is_some_and(|extension| known.iter().any(|known| extension.eq_ignore_ascii_case(known)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(files: &[PathBuf]) -> Vec<String> {
        let name = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
        files.iter().map(name).collect()
    }

    #[test]
    fn images_are_sorted_and_a_folder_without_any_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("folder.png")).unwrap();
        fs::write(folder.path().join("readme.txt"), "").unwrap();
        assert_eq!(Files::images(folder.path()).unwrap_err().code().id, "SG0402");
        for name in ["b.PNG", "a.jpeg", "c.jpg", "._a.jpeg", ".DS_Store", "d.webp"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let files = Files::images(folder.path()).unwrap();
        assert_eq!(names(&files.taken), ["a.jpeg", "b.PNG", "c.jpg"]);
        let left: Vec<_> = files.left_out.iter().map(|one| one.reason.clone()).collect();
        assert_eq!(left, [Reason::Hidden, Reason::Foreign]);
        assert_eq!(Files::images(Path::new("/nonexistent")).unwrap_err().code().id, "SG0101");
    }

    #[test]
    fn damaged_images_are_left_out_by_name_unless_all_are() {
        let folder = tempfile::tempdir().unwrap();
        let picture = ::image::RgbImage::new(4, 4);
        picture.save(folder.path().join("b.png")).unwrap();
        fs::write(folder.path().join("a.jpg"), "").unwrap();
        fs::write(folder.path().join("c.jpg"), "GIF89a").unwrap();
        let files = Files::images(folder.path()).unwrap().keep_images().unwrap();
        assert_eq!(names(&files.taken), ["b.png"]);
        let left: Vec<String> = files.left_out.iter().map(ToString::to_string).collect();
        assert!(left[0].contains("a.jpg is left out: the file is empty"), "{left:?}");
        assert!(left[1].contains("c.jpg is left out: "), "{left:?}");
        fs::remove_file(folder.path().join("b.png")).unwrap();
        let error = Files::images(folder.path()).unwrap().keep_images().unwrap_err();
        assert_eq!(error.code().id, "SG0401");
        assert!(error.to_string().contains("a.jpg"), "{error}");
    }

    #[test]
    fn hidden_tensors_are_left_out() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["1.npy", "0.npy", "._0.npy", "a.png"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let files = Files::tensors(folder.path()).unwrap();
        assert_eq!(names(&files.taken), ["0.npy", "1.npy"]);
        let left: Vec<_> = files.left_out.iter().map(|one| one.reason.clone()).collect();
        assert_eq!(left, [Reason::Hidden, Reason::Beside(1)]);
    }
}
