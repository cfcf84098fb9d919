//! Workflows and composite actions, whose tags are those of repositories at the forge of the clone.

use super::project::{Fixer, Project, ProjectFiles};
use crate::lockfile::github_workflows::uses;
use crate::plan::actions::{self, ActionUse};
use crate::plan::{Bounds, Releases, Step, Wish};
use crate::registry::ConfigFile;
use crate::relock::github_workflows::place;
use crate::text::tree::Value;
use crate::text::yaml;

/// Plans workflows and composite actions.
pub struct GithubWorkflows;

impl Fixer for GithubWorkflows {
    fn format(&self) -> &'static str {
        ".github/workflows"
    }

    fn open(&self, files: &ProjectFiles<'_>) -> Result<Box<dyn Project>, String> {
        let text = files.text;
        if is_locked(files) {
            return Err(LOCKED.to_owned());
        }
        let all = uses(text).ok_or("The file is damaged.")?;
        let all = all.into_iter().map(|one| ActionUse {
            place: place(&one),
            version: one.version().of(text).to_owned(),
            commit: one.is_commit.then(|| one.reference.of(text).to_owned()),
            name: one.name,
        });
        let origin = files.origin.map(|address| ConfigFile {
            place: "origin".to_owned(),
            text: address.to_owned(),
        });
        Ok(Box::new(Workflow {
            uses: all.collect(),
            configuration: origin.into_iter().collect(),
        }))
    }
}

/// Why a workflow stays that GitHub's lockfile names: it runs nothing that the lockfile has no entry for.
const LOCKED: &str = "actions.lock beside it locks what it uses, and would not fit any more: change the workflow by hand, then run `gh actions-lock`.";

/// `actions.lock` beside the workflow names it.
fn is_locked(files: &ProjectFiles<'_>) -> bool {
    let Some(lock) = files.beside("actions.lock") else {
        return false;
    };
    let document = yaml::read(&lock, yaml::Bounds::UNTRUSTED);
    let workflows = document.root().get("workflows");
    let name = files.path.file_name();
    workflows
        .into_iter()
        .flat_map(Value::entries)
        .any(|(workflow, _)| {
            let last = workflow.rsplit('/').next().unwrap_or_default();
            last.as_bytes() == name
        })
}

struct Workflow {
    uses: Vec<ActionUse>,
    configuration: Vec<ConfigFile>,
}

impl Project for Workflow {
    fn configuration(&self) -> &[ConfigFile] {
        &self.configuration
    }

    fn locked_address(&self, _: &str) -> Option<String> {
        None
    }

    fn likely_address(&self, _: &str) -> Option<String> {
        None
    }

    fn toolchain(&self) -> &[(String, String)] {
        &[]
    }

    fn plan(&self, wishes: &[Wish], releases: &dyn Releases, bounds: &Bounds<'_>) -> Step {
        actions::plan(&self.uses, wishes, releases, bounds)
    }
}
