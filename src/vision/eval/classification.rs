//! Top-1 and top-5 accuracy, and the labels it is measured against.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::base::error::{Error, Place, Result, codes};
use crate::base::files;
use crate::vision::task::folder::{Files, LeftOut};
use crate::vision::task::{ClassScore, Classes};

/// An image and its true class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabeledImage {
    /// The file.
    pub path: PathBuf,
    /// Index into the task's classes.
    pub class: usize,
}

/// The images below `folder`, one subfolder per class, called by its name or its index, sorted by path;
/// and the files that are left out by their names ([`Files::images`]).
///
/// # Errors
/// [`codes::FILE_READ`]; [`codes::ANNOTATION`] for a subfolder that is no class;
/// [`codes::IMAGE_NONE`] when no subfolder has an image.
pub fn labeled_folders(
    folder: &Path,
    classes: &Classes,
) -> Result<(Vec<LabeledImage>, Vec<LeftOut>)> {
    let cannot = |error: std::io::Error| {
        Error::new(&codes::FILE_READ, format!("cannot list {}", folder.display())).caused_by(error)
    };
    let mut labeled = Vec::new();
    let mut left_out = Vec::new();
    for entry in fs::read_dir(folder).map_err(cannot)? {
        let path = entry.map_err(cannot)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !path.is_dir() || name.starts_with('.') {
            continue;
        }
        let class = classes.find(&name).ok_or_else(|| unknown_class(&name, classes))?;
        match Files::images(&path) {
            Ok(images) => {
                left_out.extend(images.left_out);
                labeled.extend(images.taken.into_iter().map(|path| LabeledImage { path, class }));
            }
            Err(error) if *error.code() == codes::IMAGE_NONE => {}
            Err(error) => return Err(error),
        }
    }
    if labeled.is_empty() {
        let message = format!("no image in the subfolders of {}", folder.display());
        return Err(Error::new(&codes::IMAGE_NONE, message)
            .help("give a folder with one subfolder of images per class, or a list of labels"));
    }
    labeled.sort_by(|a, b| a.path.cmp(&b.path));
    Ok((labeled, left_out))
}

/// The images in `folder` that `list` labels, one `file,label` or `file label` per line; empty
/// lines, those that begin with `#` and a first line `file,label` are passed over.
///
/// # Errors
/// [`codes::FILE_READ`]; [`codes::ANNOTATION`] with the line for an unknown class, a file that is
/// not there or is listed twice, or a line without a label.
pub fn labeled_list(folder: &Path, list: &Path, classes: &Classes) -> Result<Vec<LabeledImage>> {
    let text = files::read_text(list)?;
    let mut labeled = Vec::new();
    let mut lines = HashMap::new();
    for (index, line) in text.lines().enumerate() {
        let number = index + 1;
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let image = labeled_line(folder, line, classes);
        if index == 0 && image.is_err() && is_header(line) {
            continue;
        }
        let image = image.at(|| format!("{}:{number}", list.display()))?;
        if let Some(first) = lines.insert(image.path.clone(), number) {
            let message = format!("{} is listed in line {first} already", image.path.display());
            return Err(Error::new(&codes::ANNOTATION, message)
                .at(format!("{}:{number}", list.display()))
                .help("keep one of the two lines"));
        }
        labeled.push(image);
    }
    if labeled.is_empty() {
        let message = format!("{} labels no image", list.display());
        return Err(Error::new(&codes::ANNOTATION, message).help("write one `file,label` per line"));
    }
    Ok(labeled)
}

fn is_header(line: &str) -> bool {
    let column = |text: &str| {
        ["file", "filename", "file_name", "image", "path"].contains(&text.to_lowercase().as_str())
    };
    line.split([',', ' ', '\t']).next().is_some_and(column)
}

fn labeled_line(folder: &Path, line: &str, classes: &Classes) -> Result<LabeledImage> {
    let parts = line.split_once(',').or_else(|| line.split_once(char::is_whitespace));
    let Some((file, label)) = parts else {
        return Err(Error::new(&codes::ANNOTATION, format!("\"{line}\" has no label"))
            .help("write one `file,label` per line"));
    };
    let class = classes.find(label).ok_or_else(|| unknown_class(label.trim(), classes))?;
    let path = folder.join(file.trim());
    if !path.is_file() {
        let message = format!("{} is labeled but not there", path.display());
        return Err(Error::new(&codes::ANNOTATION, message)
            .help("give the folder that the listed files are in"));
    }
    Ok(LabeledImage { path, class })
}

fn unknown_class(label: &str, classes: &Classes) -> Error {
    let message = format!("\"{label}\" is none of the task's {} classes", classes.len());
    Error::new(&codes::ANNOTATION, message)
        .help(format!("use a name such as \"{}\" or an index from 0", classes.name(0)))
}

/// How often the true class was ranked first, and among the first five.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Accuracy {
    /// Number of images.
    pub images: usize,
    /// Images whose true class came first.
    pub top1: usize,
    /// Images whose true class came among the first five.
    pub top5: usize,
    /// Labeled images that could not be read and do not count.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub left_out: usize,
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

impl Accuracy {
    /// Of one image, from its ranking, best first.
    pub fn of(ranked: &[ClassScore], truth: usize) -> Self {
        let rank = ranked.iter().position(|class| class.class == truth);
        let within = |places| usize::from(rank.is_some_and(|rank| rank < places));
        Self { images: 1, top1: within(1), top5: within(5), left_out: 0 }
    }

    /// Share of images whose true class came first, 0 to 1; none without images.
    pub fn top1_share(&self) -> Option<f64> {
        (self.images > 0).then(|| self.top1 as f64 / self.images as f64)
    }

    /// Share of images whose true class came among the first five, 0 to 1; none without images.
    pub fn top5_share(&self) -> Option<f64> {
        (self.images > 0).then(|| self.top5 as f64 / self.images as f64)
    }
}

impl std::iter::Sum for Accuracy {
    fn sum<I: Iterator<Item = Self>>(items: I) -> Self {
        items.fold(Self::default(), |a, b| Self {
            images: a.images + b.images,
            top1: a.top1 + b.top1,
            top5: a.top5 + b.top5,
            left_out: a.left_out + b.left_out,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes() -> Classes {
        Classes::Names(vec!["cat".into(), "tench, Tinca tinca".into()])
    }

    #[test]
    fn accuracy_counts_ranks() {
        let ranked: Vec<_> =
            [3, 1, 4, 0, 5, 9].map(|class| ClassScore { class, score: 0.0 }).into();
        let total: Accuracy =
            [3, 5, 9, 7].map(|truth| Accuracy::of(&ranked, truth)).into_iter().sum();
        assert_eq!(total, Accuracy { images: 4, top1: 1, top5: 2, left_out: 0 });
        assert_eq!((total.top1_share(), total.top5_share()), (Some(0.25), Some(0.5)));
        assert_eq!(Accuracy::default().top1_share(), None);
    }

    #[test]
    fn folders_are_classes_by_name_or_index() {
        let folder = tempfile::tempdir().unwrap();
        for (class, file) in
            [("cat", "b.jpg"), ("cat", "a.png"), ("1", "c.jpg"), (".cache", "d.jpg")]
        {
            fs::create_dir_all(folder.path().join(class)).unwrap();
            fs::write(folder.path().join(class).join(file), "").unwrap();
        }
        fs::write(folder.path().join("cat/._a.png"), "").unwrap();
        let (labeled, left_out) = labeled_folders(folder.path(), &classes()).unwrap();
        assert_eq!(left_out.len(), 1);
        assert_eq!(labeled.iter().map(|image| image.class).collect::<Vec<_>>(), [1, 0, 0]);
        fs::create_dir(folder.path().join("dog")).unwrap();
        let error = labeled_folders(folder.path(), &classes()).unwrap_err();
        assert_eq!(error.code().id, "SG0404");
        assert_eq!(error.message(), "\"dog\" is none of the task's 2 classes");
        let empty = tempfile::tempdir().unwrap();
        assert_eq!(labeled_folders(empty.path(), &classes()).unwrap_err().code().id, "SG0402");
    }

    #[test]
    fn lists_are_read_line_by_line() {
        let folder = tempfile::tempdir().unwrap();
        let list = folder.path().join("labels.csv");
        for file in ["a.jpg", "b.jpg"] {
            fs::write(folder.path().join(file), "").unwrap();
        }
        let read = |text: &str| {
            fs::write(&list, text).unwrap();
            labeled_list(folder.path(), &list, &classes())
        };
        let labeled = read("file,label\n\na.jpg,tench, Tinca tinca\n# note\nb.jpg\t0\n").unwrap();
        assert_eq!(labeled.iter().map(|image| image.class).collect::<Vec<_>>(), [1, 0]);
        for (text, message, line) in [
            ("a.jpg,dog\n", "\"dog\" is none of the task's 2 classes", ":1"),
            ("a.jpg,0\na.jpg,1\n", "is listed in line 1 already", ":2"),
            ("a.jpg\n", "\"a.jpg\" has no label", ":1"),
            ("file,label\nc.jpg,0\n", "is labeled but not there", ":2"),
            ("\n", "labels no image", ""),
        ] {
            let error = read(text).unwrap_err();
            assert_eq!(error.code().id, "SG0404");
            assert!(error.message().contains(message), "{error}");
            assert!(error.places().concat().ends_with(line), "{error}");
        }
    }
}
