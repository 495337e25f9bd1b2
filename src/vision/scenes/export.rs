//! Scenes as files: PNG images with annotations in COCO's form, or with a list of labels.

use std::io::Cursor;
use std::path::Path;

use image::ImageFormat;
use serde_json::json;

use super::{CROP, Class, DETECTION, Object, Scene, draw};
use crate::base::error::{Error, Result, codes};
use crate::base::files;
use crate::vision::image::Image;

/// Writes scenes 0 to `count` - 1 of `seed` as `folder/images/00000.png` and so on, and the boxes as
/// `folder/instances.json` ([`instances`]).
///
/// # Errors
/// [`codes::FILE_WRITE`].
pub fn export(folder: &Path, seed: u64, count: u64) -> Result<()> {
    create(&folder.join("images"))?;
    let mut objects = Vec::new();
    for index in 0..count {
        let scene = draw(&DETECTION, seed, index);
        write_png(&folder.join("images").join(file_name(index)), &scene.image)?;
        objects.push(scene.objects);
    }
    let instances = instances(&objects, &format!("Seigo scenes of seed {seed}"));
    files::write(&folder.join("instances.json"), format!("{instances:#}\n").as_bytes())
}

/// The annotations in COCO's form of scenes by [`DETECTION`], given the objects of each. Image ids are
/// the places in `scenes`, category ids those in [`Class::ALL`] from 1 on.
pub fn instances(scenes: &[Vec<Object>], description: &str) -> serde_json::Value {
    let side = DETECTION.side;
    let image = |index: usize| json!({ "id": index, "file_name": file_name(index as u64), "width": side, "height": side });
    let objects = scenes.iter().enumerate();
    let objects = objects.flat_map(|(index, objects)| objects.iter().map(move |o| (index, o)));
    let annotation = |(number, (index, object)): (usize, (usize, &Object))| {
        json!({
            "id": number + 1,
            "image_id": index,
            "category_id": object.class as usize + 1,
            "bbox": object.bbox,
            "area": object.area,
            "iscrowd": 0,
        })
    };
    let category = |class: Class| json!({ "id": class as usize + 1, "name": class.name() });
    json!({
        "info": { "description": description },
        "images": (0..scenes.len()).map(image).collect::<Vec<_>>(),
        "annotations": objects.enumerate().map(annotation).collect::<Vec<_>>(),
        "categories": Class::ALL.map(category),
    })
}

fn file_name(index: u64) -> String {
    format!("{index:05}.png")
}

/// Writes crops 0 to `count` - 1 of `seed` with a single shape each as `folder/images/00000.png` and so
/// on, and `folder/labels.csv` with a line `file,class` for each.
///
/// # Errors
/// [`codes::FILE_WRITE`].
pub fn export_crops(folder: &Path, seed: u64, count: u64) -> Result<()> {
    create(&folder.join("images"))?;
    let mut labels = String::new();
    for index in 0..count {
        let Scene { image, objects } = draw(&CROP, seed, index);
        let name = file_name(index);
        write_png(&folder.join("images").join(&name), &image)?;
        labels.extend(objects.iter().map(|object| format!("{name},{}\n", object.class.name())));
    }
    files::write(&folder.join("labels.csv"), labels.as_bytes())
}

fn create(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).map_err(|error| {
        Error::new(&codes::FILE_WRITE, format!("cannot create {}", folder.display()))
            .caused_by(error)
    })
}

fn write_png(path: &Path, Image(image): &Image) -> Result<()> {
    let mut png = Cursor::new(Vec::new());
    image.write_to(&mut png, ImageFormat::Png).map_err(|error| {
        Error::new(&codes::FILE_WRITE, format!("cannot encode {}", path.display())).caused_by(error)
    })?;
    files::write(path, png.get_ref())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vision::eval::coco::Annotations;

    #[test]
    fn what_is_written_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        export(folder.path(), 5, 4).unwrap();
        let annotations = Annotations::load(&folder.path().join("instances.json")).unwrap();
        assert_eq!((annotations.images.len(), annotations.categories.len()), (4, 8));
        let scenes: Vec<_> = (0..4).map(|index| draw(&DETECTION, 5, index)).collect();
        let objects: usize = scenes.iter().map(|scene| scene.objects.len()).sum();
        assert_eq!(annotations.annotations.len(), objects);
        let png = files::read(&folder.path().join("images/00002.png")).unwrap();
        assert_eq!(image::load_from_memory(&png).unwrap().to_rgb8(), scenes[2].image.0);
    }
}
