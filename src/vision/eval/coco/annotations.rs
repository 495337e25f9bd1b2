//! The COCO instances file.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::Xywh;
use crate::base::error::{Error, Place, Result, codes};
use crate::base::files;
use crate::vision::task::TaskSpec;

/// How many names a message lists before it counts.
const LISTED: usize = 5;

/// What is in the images. Fields of the file that are not here are passed over.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Annotations {
    /// The annotated images.
    pub images: Vec<Image>,
    /// The objects in them.
    pub annotations: Vec<Annotation>,
    /// What the objects can be.
    pub categories: Vec<Category>,
}

/// An annotated image.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Image {
    /// Id that annotations and results refer to.
    pub id: i64,
    /// Name of its file.
    pub file_name: String,
}

/// An object, or a region with a crowd of them.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Annotation {
    /// The image it is in.
    pub image_id: i64,
    /// What it is.
    pub category_id: i64,
    /// Where it is.
    pub bbox: Xywh,
    /// Area of its outline in square pixels; that of the box where absent.
    #[serde(default)]
    pub area: Option<f64>,
    /// 1 for a region in which objects are not told apart.
    #[serde(default)]
    pub iscrowd: u8,
}

/// A kind of object.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Category {
    /// Id that annotations and results refer to.
    pub id: i64,
    /// Its name.
    pub name: String,
}

/// Annotated images and their files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pairing {
    /// Image id and file, by id.
    pub images: Vec<(i64, PathBuf)>,
    /// Files that the annotations do not mention.
    pub unlisted: Vec<PathBuf>,
}

/// Category ids of a task's classes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CategoryIds {
    /// Of every class, in the order of the task; none for a class that the annotations do not know.
    pub ids: Vec<Option<i64>>,
    /// Where categories share a name: which one was taken.
    pub chosen: Vec<Chosen>,
}

/// A category that was taken although others have its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// The name.
    pub name: String,
    /// Id of the category that has annotations.
    pub id: i64,
    /// Ids of the others, which have none.
    pub others: Vec<i64>,
}

impl std::fmt::Display for Chosen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { name, id, others } = self;
        write!(
            f,
            "several categories are called \"{name}\"; {id} is taken, since {others:?} have no annotations"
        )
    }
}

impl Annotation {
    /// Area in square pixels.
    pub fn area(&self) -> f64 {
        self.area.unwrap_or(self.bbox[2] * self.bbox[3])
    }

    /// Whether it is a region in which objects are not told apart.
    pub fn is_crowd(&self) -> bool {
        self.iscrowd != 0
    }
}

impl Annotations {
    /// Reads an instances file.
    ///
    /// # Errors
    /// [`codes::FILE_READ`], [`codes::ANNOTATION`] with the path.
    pub fn load(path: &Path) -> Result<Self> {
        Self::from_json(files::read_text(path)?.as_bytes()).at(|| path.display().to_string())
    }

    /// Reads and checks the JSON of an instances file.
    ///
    /// # Errors
    /// [`codes::ANNOTATION`] with the field, or with the id that is unknown or used twice.
    pub fn from_json(json: &[u8]) -> Result<Self> {
        let mut reader = serde_json::Deserializer::from_slice(json);
        let read: Self = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
            wrong(format!("not a COCO instances file: `{}`: {}", error.path(), error.inner()))
        })?;
        reader.end().map_err(|error| wrong(error.to_string()))?;
        read.validate()?;
        Ok(read)
    }

    fn validate(&self) -> Result<()> {
        let mut images = HashMap::new();
        let mut names = HashSet::new();
        for image in &self.images {
            if images.insert(image.id, &image.file_name).is_some() {
                return Err(wrong(format!("two images have the id {}", image.id)));
            }
            if !names.insert(&image.file_name) {
                return Err(wrong(format!("two images have the file name {}", image.file_name)));
            }
        }
        let mut categories = HashSet::new();
        for category in &self.categories {
            if !categories.insert(category.id) {
                return Err(wrong(format!("two categories have the id {}", category.id)));
            }
        }
        for (index, annotation) in self.annotations.iter().enumerate() {
            let Annotation { image_id, category_id, bbox, .. } = annotation;
            if !images.contains_key(image_id) {
                return Err(wrong(format!(
                    "annotations[{index}] is in the unknown image {image_id}"
                )));
            }
            if !categories.contains(category_id) {
                let message =
                    format!("annotations[{index}] has the unknown category {category_id}");
                return Err(wrong(message));
            }
            let numbers = bbox.iter().chain(&annotation.area);
            if bbox[2] < 0.0 || bbox[3] < 0.0 || !numbers.copied().all(f64::is_finite) {
                let message = format!("annotations[{index}] has the impossible box {bbox:?}");
                return Err(wrong(message));
            }
        }
        if self.images.is_empty() {
            return Err(wrong("it lists no images"));
        }
        Ok(())
    }

    /// Keeps the `count` images with the smallest ids, with their annotations.
    pub fn keep_first(&mut self, count: usize) {
        let mut ids: Vec<i64> = self.images.iter().map(|image| image.id).collect();
        ids.sort_unstable();
        ids.truncate(count);
        self.images.sort_by_key(|image| image.id);
        self.keep(&ids.into_iter().collect());
    }

    /// Keeps images by their ids, with their annotations.
    pub fn keep(&mut self, images: &HashSet<i64>) {
        self.images.retain(|image| images.contains(&image.id));
        self.annotations.retain(|annotation| images.contains(&annotation.image_id));
    }

    /// Finds the file of every annotated image among `files` by its name.
    ///
    /// # Errors
    /// [`codes::ANNOTATION`] with the names of the images that have no file.
    pub fn pair(&self, files: &[PathBuf]) -> Result<Pairing> {
        let by_name: BTreeMap<_, _> =
            files.iter().filter_map(|path| Some((path.file_name()?.to_str()?, path))).collect();
        let mut images = Vec::with_capacity(self.images.len());
        let mut missing = Vec::new();
        for image in &self.images {
            let name = Path::new(&image.file_name).file_name().and_then(|name| name.to_str());
            match name.and_then(|name| by_name.get(name)) {
                Some(path) => images.push((image.id, path.to_path_buf())),
                None => missing.push(image.file_name.as_str()),
            }
        }
        if !missing.is_empty() {
            let message = format!(
                "{} of {} annotated images are not in the folder: {}",
                missing.len(),
                self.images.len(),
                listed(&missing)
            );
            return Err(wrong(message));
        }
        let used: HashSet<_> = images.iter().map(|(_, path)| path.clone()).collect();
        let unlisted = files.iter().filter(|path| !used.contains(*path)).cloned().collect();
        images.sort();
        Ok(Pairing { images, unlisted })
    }

    /// Category id of every class of `spec`: those it gives, else those of the categories of the
    /// same name. Of categories that share a name the one with annotations is taken, since exporters list
    /// a group of classes under the name of one of them.
    ///
    /// # Errors
    /// [`codes::ANNOTATION`] when no class is among the categories, or when a class has the name of
    /// several categories of which not exactly one has annotations.
    pub fn category_ids(&self, spec: &TaskSpec) -> Result<CategoryIds> {
        let known: HashSet<i64> = self.categories.iter().map(|category| category.id).collect();
        let (ids, chosen) = match spec.category_ids() {
            Some(ids) => (ids.into_iter().map(Some).collect(), Vec::new()),
            None => self.ids_by_name(spec)?,
        };
        if !ids.iter().flatten().any(|id| known.contains(id)) {
            let names: Vec<_> = self.categories.iter().map(|category| &*category.name).collect();
            return Err(wrong(format!(
                "none of the task's classes ({}, ..) is among its categories: {}",
                spec.classes.name(0),
                listed(&names)
            ))
            .help("give `category_ids` in the task file, or the names of the categories"));
        }
        Ok(CategoryIds { ids, chosen })
    }

    fn ids_by_name(&self, spec: &TaskSpec) -> Result<(Vec<Option<i64>>, Vec<Chosen>)> {
        let mut by_name: HashMap<&str, Vec<i64>> = HashMap::new();
        for category in &self.categories {
            by_name.entry(&category.name).or_default().push(category.id);
        }
        let annotated: HashSet<i64> = self.annotations.iter().map(|own| own.category_id).collect();
        let mut ids = Vec::with_capacity(spec.classes.len());
        let mut chosen = Vec::new();
        for class in 0..spec.classes.len() {
            let name = spec.classes.name(class);
            let candidates = by_name.get(name.as_str()).map_or(&[][..], |ids| &ids[..]);
            let in_use: Vec<i64> =
                candidates.iter().copied().filter(|id| annotated.contains(id)).collect();
            ids.push(match (candidates, &in_use[..]) {
                ([], _) => None,
                (&[only], _) => Some(only),
                (_, &[id]) => {
                    let others = candidates.iter().copied().filter(|&other| other != id).collect();
                    chosen.push(Chosen { name, id, others });
                    Some(id)
                }
                (_, in_use) => return Err(ambiguous(&name, candidates, in_use.len())),
            });
        }
        Ok((ids, chosen))
    }
}

fn ambiguous(name: &str, candidates: &[i64], annotated: usize) -> Error {
    let ids: Vec<String> = candidates.iter().map(i64::to_string).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let how_many = if annotated == 0 { "none".to_owned() } else { annotated.to_string() };
    wrong(format!(
        "{} categories are called \"{name}\" (ids {}), and {how_many} of them have annotations",
        candidates.len(),
        listed(&ids)
    ))
    .help("give `category_ids` in the task file, one id per class")
}

fn listed(names: &[&str]) -> String {
    let mut text = names.iter().take(LISTED).copied().collect::<Vec<_>>().join(", ");
    if names.len() > LISTED {
        text += &format!(" and {} more", names.len() - LISTED);
    }
    text
}

fn wrong(message: impl Into<String>) -> Error {
    Error::new(&codes::ANNOTATION, message)
}
