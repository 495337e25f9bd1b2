//! The commands in files for continuous integration, held against the command line.
#![cfg(test)]

use std::fs;
use std::path::Path;

use clap::Parser as _;
use yaml_rust2::{Yaml, YamlLoader};

use super::Cli;

fn read(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// The blocks of YAML on a page.
fn blocks(page: &str) -> Vec<String> {
    let rest = page.split("```yaml\n").skip(1);
    rest.map(|text| text.split("```").next().unwrap().to_owned()).collect()
}

/// The shell's lines in a document, wherever they stand.
fn scripts(yaml: &Yaml) -> Vec<String> {
    let Yaml::Hash(entries) = yaml else {
        return yaml.as_vec().map_or(vec![], |all| all.iter().flat_map(scripts).collect());
    };
    let of = |(key, value): (&Yaml, &Yaml)| match (key.as_str(), value) {
        (Some("run"), Yaml::String(text)) => vec![text.clone()],
        (Some("script" | "before_script" | "after_script"), Yaml::Array(lines)) => {
            lines.iter().map(|line| line.as_str().unwrap().to_owned()).collect()
        }
        (_, value) => scripts(value),
    };
    entries.iter().flat_map(of).collect()
}

/// The words of every call of seigo in a script, up to a redirection or another command.
fn calls(script: &str) -> Vec<Vec<String>> {
    let joined = script.replace("\\\n", " ");
    let lines = joined.lines().map(str::trim).filter(|line| line.starts_with("seigo "));
    let ends = [">", "||", "&&", ";", "|"];
    lines
        .map(|line| {
            let words = line.split_whitespace().take_while(|word| !ends.contains(word));
            // A variable is a path, but for a count.
            words.map(|word| word.trim_matches('"').replace("$FRAMES", "4")).collect()
        })
        .collect()
}

#[test]
fn every_command_of_the_action_and_of_the_page_is_accepted() {
    let mut documents = blocks(&read("docs/ci.md"));
    assert_eq!(documents.len(), 2);
    documents.push(read(".github/actions/cosim/action.yml"));
    let mut found = Vec::new();
    for document in &documents {
        let parsed = YamlLoader::load_from_str(document).unwrap();
        assert_eq!(parsed.len(), 1);
        found.extend(scripts(&parsed[0]).iter().flat_map(|script| calls(script)));
    }
    let mut names: Vec<_> = found.iter().map(|words| words[1].as_str()).collect();
    names.sort_unstable();
    let each = ["build", "cosim", "quantize", "report"];
    assert_eq!(names, each.iter().flat_map(|name| [*name; 2]).collect::<Vec<_>>());
    for words in &found {
        if let Err(error) = Cli::try_parse_from(words) {
            panic!("{}: {error}", words.join(" "));
        }
    }
}

/// What the page shows of the action is what the action takes.
#[test]
fn the_inputs_of_the_action_are_those_of_the_page() {
    let page = read("docs/ci.md");
    let action = YamlLoader::load_from_str(&read(".github/actions/cosim/action.yml")).unwrap();
    let Yaml::Hash(inputs) = &action[0]["inputs"] else { panic!("no inputs") };
    for (name, input) in inputs {
        let default = match input["required"].as_bool() {
            Some(true) => "required".to_owned(),
            _ => format!("`{}`", input["default"].as_str().unwrap()),
        };
        let row = page
            .lines()
            .find(|line| line.starts_with(&format!("| `{}` |", name.as_str().unwrap())));
        assert!(row.unwrap().ends_with(&format!("| {default} |")), "{row:?}");
    }
    let example = &YamlLoader::load_from_str(&blocks(&page)[0]).unwrap()[0];
    let steps = example["jobs"]["cosim"]["steps"].as_vec().unwrap();
    let Yaml::Hash(given) = &steps[1]["with"] else { panic!("nothing is given") };
    assert!(given.keys().all(|name| inputs.contains_key(name)));
}
