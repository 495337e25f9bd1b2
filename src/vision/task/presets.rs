//! Task files that ship with the crate, by name.

/// Name and JSON text of every preset.
pub static ALL: [(&str, &str); 5] = [
    ("yolox-coco", include_str!("presets/yolox-coco.json")),
    ("yolov8-coco", include_str!("presets/yolov8-coco.json")),
    ("yolov5-coco", include_str!("presets/yolov5-coco.json")),
    ("ultraface", include_str!("presets/ultraface.json")),
    ("imagenet", include_str!("presets/imagenet.json")),
];

/// JSON text of the preset `name`.
pub fn find(name: &str) -> Option<&'static str> {
    ALL.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// The names of all presets.
pub fn names() -> Vec<&'static str> {
    ALL.iter().map(|(name, _)| *name).collect()
}
