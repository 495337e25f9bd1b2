//! Dead links in the pages of the repository, and pages that the book in docs/ does not list.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::process::ExitCode;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use crate::page::Failure;

/// Folders that hold no pages of ours, besides hidden ones.
const SKIPPED: [&str; 2] = ["build", "target"];
/// The hidden folder that does hold some.
const FORGE: &str = ".github";
/// The list of the book's pages; all links in it count as listing a page.
const SUMMARY: &str = "docs/SUMMARY.md";

/// What a link needs to know of a page.
struct Page {
    /// Names of the headings as links write them, `#name`.
    anchors: Vec<String>,
    /// Line of each link, counted from 1, and where it goes.
    links: Vec<(usize, String)>,
}

/// Checks every page under `root` and prints what is wrong.
///
/// # Errors
/// A page or folder that cannot be read.
pub fn run(root: &Path) -> Result<ExitCode, Failure> {
    let problems = problems(root)?;
    for problem in &problems {
        eprintln!("{problem}");
    }
    Ok(if problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn problems(root: &Path) -> Result<Vec<String>, Failure> {
    let mut pages = BTreeMap::new();
    read_folder(root, Path::new(""), &mut pages)?;
    let mut problems = Vec::new();
    for (path, page) in &pages {
        for (line, link) in &page.links {
            if let Some(fault) = fault(root, &pages, path, link) {
                problems.push(format!("{}:{line}: {link}: {fault}", path.display()));
            }
        }
    }
    problems.extend(unlisted(&pages));
    Ok(problems)
}

fn read_folder(
    root: &Path,
    folder: &Path,
    pages: &mut BTreeMap<PathBuf, Page>,
) -> Result<(), Failure> {
    for entry in std::fs::read_dir(root.join(folder))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = folder.join(&name);
        if entry.file_type()?.is_dir() {
            let hidden = name.starts_with('.') && name != FORGE;
            if !hidden && !SKIPPED.contains(&name.as_str()) {
                read_folder(root, &path, pages)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "md") {
            pages.insert(path, parse(&std::fs::read_to_string(entry.path())?));
        }
    }
    Ok(())
}

fn parse(text: &str) -> Page {
    let mut page = Page { anchors: Vec::new(), links: Vec::new() };
    let mut heading: Option<String> = None;
    for (event, range) in Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter() {
        match event {
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::End(TagEnd::Heading(_)) => {
                if let Some(title) = heading.take() {
                    page.anchors.push(anchor(&title, &page.anchors));
                }
            }
            Event::Text(part) | Event::Code(part) => {
                if let Some(title) = &mut heading {
                    title.push_str(&part);
                }
            }
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                let line = 1 + text[..range.start].matches('\n').count();
                page.links.push((line, dest_url.into_string()));
            }
            _ => {}
        }
    }
    page
}

/// The name of a heading in links, as forges and mdBook make it; a number follows a name that is taken.
fn anchor(title: &str, taken: &[String]) -> String {
    let keep = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | ' ');
    let name: String = title.to_lowercase().chars().filter(|&c| keep(c)).collect();
    let name = name.trim().replace(' ', "-");
    let numbered = (1..).map(|count| format!("{name}-{count}"));
    let mut names = std::iter::once(name.clone()).chain(numbered);
    names.find(|name| !taken.contains(name)).unwrap_or(name)
}

/// What is wrong with a link of the page at `from`, if anything; addresses on the web are not tried.
fn fault(root: &Path, pages: &BTreeMap<PathBuf, Page>, from: &Path, link: &str) -> Option<String> {
    if link.contains("://") || link.starts_with("mailto:") {
        return None;
    }
    let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
    let to = if file.is_empty() { from.to_owned() } else { resolve(from, file)? };
    if !root.join(&to).exists() {
        return Some("there is no such file".to_owned());
    }
    if from.starts_with("docs") && !to.starts_with("docs") {
        return Some("is outside docs/, so the book does not have it".to_owned());
    }
    let known = anchor.is_empty()
        || pages.get(&to).is_none_or(|page| page.anchors.iter().any(|name| name == anchor));
    (!known).then(|| format!("{} has no such heading", to.display()))
}

/// The path from the root that `link` names on the page at `from`.
fn resolve(from: &Path, link: &str) -> Option<PathBuf> {
    let mut path = from.parent()?.to_owned();
    for part in Path::new(link).components() {
        match part {
            Component::ParentDir => drop(path.pop()),
            Component::Normal(name) => path.push(name),
            _ => {}
        }
    }
    Some(path)
}

/// Pages of docs/ that the book's summary leaves out.
fn unlisted(pages: &BTreeMap<PathBuf, Page>) -> Vec<String> {
    let summary = Path::new(SUMMARY);
    let links = pages.get(summary).map_or(&[][..], |page| &page.links);
    let listed: Vec<_> = links.iter().filter_map(|(_, link)| resolve(summary, link)).collect();
    pages
        .keys()
        .filter(|path| path.starts_with("docs") && *path != summary && !listed.contains(path))
        .map(|path| format!("{}: is not listed in {SUMMARY}", path.display()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_link_of_the_repository_is_dead() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        assert_eq!(problems(&root).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn each_kind_of_dead_link_is_found() {
        let root = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = root.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write(
            "README.md",
            "[a](docs/a.md) [b](docs/b.md)\n\n[c](docs/a.md#two-words) [d](#none)\n",
        );
        write(
            "docs/a.md",
            "# `Two` words!\n# Two words\n[here](#two-words-1) [out](../README.md)\n",
        );
        write("docs/SUMMARY.md", "- [a](a.md)\n");
        write("docs/lost.md", "[web](https://example.org/none)\n");
        write("target/skipped.md", "[x](y.md)\n");
        let expected = [
            "README.md:1: docs/b.md: there is no such file",
            "README.md:3: #none: README.md has no such heading",
            "docs/a.md:3: ../README.md: is outside docs/, so the book does not have it",
            "docs/lost.md: is not listed in docs/SUMMARY.md",
        ];
        assert_eq!(problems(root.path()).unwrap(), expected);
    }
}
