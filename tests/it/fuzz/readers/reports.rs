//! What other commands wrote: results for the report page, manifests of campaigns and their results.

use std::fs;
use std::path::Path;

use seigo::base::json;
use seigo::campaign::collect::Summary;
use seigo::campaign::{Campaign, Record};
use seigo::emit::bundle;
use seigo::present::html;

use super::{sound, text};

/// Frames of the co-simulation, an accuracy report, figures of a synthesis.
pub fn report(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    sound(html::Measured::from_json(text));
    sound(html::score(text));
    sound(html::counted(text));
    let _ = json::parse::<bundle::Manifest>(text);
}

/// The manifest of a campaign, or one of its results.
pub fn campaign(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    if let Ok(record) = json::parse::<Record>(text) {
        let again = json::pretty(&record).expect("a result that was read can be written");
        assert_eq!(json::parse::<Record>(&again).expect("what was written is read"), record);
        record.outcome.trouble();
    }
    let _ = json::parse::<Summary>(text);
    in_folder(|folder| {
        fs::write(folder.join("manifest.json"), bytes).expect("a folder of our own takes a file");
        let Some(campaign) = sound(Campaign::open(folder)) else { return };
        for index in 0..campaign.manifest.tasks.len().min(4) {
            campaign.name(index);
            sound(Record::read(&campaign, index));
        }
    });
}

/// Calls `own` with an empty folder of this thread.
pub(super) fn in_folder(own: impl FnOnce(&Path)) {
    thread_local! {
        static FOLDER: tempfile::TempDir = tempfile::tempdir().expect("a temporary folder");
    }
    FOLDER.with(|folder| own(folder.path()));
}
