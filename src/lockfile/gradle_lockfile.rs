//! Lock state of Gradle: `gradle.lockfile`, that of build scripts (`buildscript-gradle.lockfile`) and of the settings
//! (`settings-gradle.lockfile`), and the older files of one configuration each (`gradle/dependency-locks/*.lockfile`).
//!
//! Gradle's own reader and writer (`LockFileReaderWriter`) decide.
//!
//! - A line is `group:artifact:version=configuration,configuration`; in an older file, which is named for its configuration, there is
//!   nothing behind the version. Lines with `#` in front are comments.
//! - The last line is `empty=` with the configurations that hold nothing. Gradle always writes it, and so a file without it is cut. An
//!   older file has no such mark: it is cut where its last line does not end, or its first three lines, all comments, are not all
//!   there. What was cut behind another line does not show.
//! - What is read as no line ends Gradle with an error, and is blind.
//! - The file holds no edges, and does not say what the project itself asks for: each package stands for itself, and counts as direct.
//! - Scopes follow the names of configurations, as plugins give them: see [`scope`].
//! - A version that a configuration does not hold is of no use to it: one module may stand in several lines.

use super::{File, Format, Parsed, Upgrade, UpgradeCommand};
use crate::model::{Ecosystem, FileSpan, Package, Scope, Scopes, Spans, Tree, TreePath};
use crate::text::Span;

/// The lock state of Gradle.
#[derive(Debug, Clone, Copy)]
pub struct GradleLockfile;

const DAMAGED: &str =
    "Restore the file from its last good commit, or run Gradle's task `dependencies` with `--write-locks`.";

/// So many lines of comment stand at the top.
const HEADER: u32 = 3;

impl Format for GradleLockfile {
    fn name(&self) -> &'static str {
        "gradle.lockfile"
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::MAVEN
    }

    fn file_names(&self) -> &'static [&'static str] {
        &[
            "gradle.lockfile",
            "buildscript-gradle.lockfile",
            "settings-gradle.lockfile",
            "dependency-locks/*.lockfile",
        ]
    }

    fn upgrade_command(&self, _: &Upgrade<'_>) -> UpgradeCommand {
        // `--update-locks` goes no further than what the build asks for, and takes no version.
        UpgradeCommand::ByHand(
            "Ask for that version in the build script or version catalog, or add a constraint; then run Gradle's task `dependencies` with `--write-locks`."
                .into(),
        )
    }

    fn read(&self, file: &File<'_>, _: &dyn Tree) -> Parsed {
        let mut parsed = Parsed::default();
        let kind = Kind::of(file.path);
        let (mut start, mut comments, mut others, mut has_end) = (0_usize, 0_u32, 0_u32, false);
        for whole in file.text.split_inclusive('\n') {
            let line = Line {
                text: whole.trim(),
                start: start.saturating_add(whole.len().saturating_sub(whole.trim_start().len())),
            };
            start = start.saturating_add(whole.len());
            if line.text.is_empty() {
                continue;
            }
            if line.text.starts_with('#') {
                comments = comments.saturating_add(1);
                continue;
            }
            others = others.saturating_add(1);
            if kind.configuration.is_none() && line.text.starts_with("empty=") {
                has_end = true;
            } else if let Some(package) = line.package(&kind) {
                parsed.graph.add_package(package);
            } else {
                parsed.blind(line.span(), "this is no line of Gradle's lock state", DAMAGED);
            }
        }
        let end = Span::at(file.text.trim_end().len());
        let is_old = kind.configuration.is_some();
        if comments == 0 && others == 0 {
            parsed.blind(Span::at(0), "the file is empty", DAMAGED);
        } else if !is_old && !has_end {
            parsed.blind(
                end,
                "the last line of Gradle's lock state, `empty=`, is missing: the file is cut",
                DAMAGED,
            );
        } else if is_old && (!file.text.ends_with('\n') || others == 0 && comments < HEADER) {
            parsed.blind(
                end,
                "the file ends within a line or within its first lines: it is cut",
                DAMAGED,
            );
        }
        parsed
    }
}

/// What a file is the lock state of.
struct Kind {
    /// The configuration that the older file is named for.
    configuration: Option<String>,
    /// Of the build itself.
    is_of_build: bool,
}

impl Kind {
    fn of(path: &TreePath) -> Self {
        let name = String::from_utf8_lossy(path.file_name());
        let bare = ["buildscript-", "settings-"]
            .into_iter()
            .find_map(|front| name.strip_prefix(front));
        let stem = bare.unwrap_or(&name);
        let stem = stem
            .len()
            .checked_sub(".lockfile".len())
            .and_then(|end| stem.get(..end))
            .unwrap_or_default();
        Self {
            configuration: (!stem.eq_ignore_ascii_case("gradle")).then(|| stem.to_owned()),
            is_of_build: bare.is_some(),
        }
    }

    fn scope(&self, configuration: &str) -> Scope {
        match self.is_of_build {
            true => Scope::Build,
            false => scope(configuration),
        }
    }
}

/// A line without white space around it.
struct Line<'t> {
    text: &'t str,
    start: usize,
}

impl Line<'_> {
    fn span(&self) -> Span {
        Span::new(self.start, self.start.saturating_add(self.text.len()))
    }

    fn package(&self, kind: &Kind) -> Option<Package> {
        let (module, configurations) = match &kind.configuration {
            Some(configuration) => (self.text, configuration.as_str()),
            None => self.text.split_once('=')?,
        };
        let module = module.trim_end();
        let (name, version) = module.rsplit_once(':')?;
        let (group, artifact) = name.split_once(':')?;
        let is_whole = ![group, artifact, version, configurations].contains(&"");
        if !is_whole || artifact.contains(':') || module.contains('=') || configurations.contains('=') {
            return None;
        }
        let mut scopes = Scopes::default();
        for configuration in configurations.split(',') {
            scopes.add(kind.scope(configuration.trim()));
        }
        let from = self.start.saturating_add(name.len()).saturating_add(1);
        let place = Span::new(from, from.saturating_add(version.len()));
        let mut package = Package::new(Ecosystem::MAVEN, name, version, FileSpan::here(place));
        package.direct = true;
        package.scopes = scopes;
        package.spans = Spans {
            entry: Some(self.span()),
            ..Spans::default()
        };
        Some(package)
    }
}

/// Words that begin the names of configurations in which plugins put tools of theirs: those of Gradle (`checkstyle`, `codenarc`,
/// `jacocoAgent`, `pmd`, `zinc`), Kotlin (`kotlinCompilerClasspath`, `kapt`), KSP, detekt, ktlint, SpotBugs and Error Prone.
const TOOLS: [&str; 13] = [
    "annotationProcessor",
    "checkstyle",
    "codenarc",
    "detekt",
    "errorprone",
    "jacoco",
    "kapt",
    "kotlinBuildTools",
    "kotlinCompiler",
    "ksp",
    "ktlint",
    "pmd",
    "spotbugs",
];

/// What the configuration called `name` is for. The plugins of Gradle name those of a source set after it (`testCompileClasspath`),
/// and the sets of tests have the word `test` in their names (`test`, `integrationTest`, `testFixtures`, `debugUnitTest`). Only
/// annotation processors and tools that are known by name are of the build. Whatever else there is may be shipped.
fn scope(name: &str) -> Scope {
    let is_word = |rest: &str| !rest.starts_with(|next: char| next.is_ascii_lowercase());
    let is_test = name.match_indices(['t', 'T']).any(|(at, letter)| {
        let follows = name.get(at.saturating_add(1)..).unwrap_or_default();
        let begins = at == 0 || letter == "T";
        let rest = follows.strip_prefix("est");
        begins && rest.is_some_and(|rest| is_word(rest.strip_prefix('s').unwrap_or(rest)))
    });
    let is_tool = || {
        name == "zinc"
            || name.ends_with("AnnotationProcessor")
            || TOOLS
                .into_iter()
                .filter_map(|tool| name.strip_prefix(tool))
                .any(is_word)
    };
    match is_test {
        true => Scope::Dev,
        false if is_tool() => Scope::Build,
        false => Scope::Runtime,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configurations_say_what_a_package_is_for() {
        for (scope_of, names) in [
            (
                Scope::Runtime,
                &[
                    "compileClasspath",
                    "runtimeClasspath",
                    "productionRuntimeClasspath",
                    "releaseRuntimeClasspath",
                    "latestRuntimeClasspath",
                    "testingRuntimeClasspath",
                    "jmhRuntimeClasspath",
                    "kspecial",
                    "default",
                    "",
                    "t",
                ][..],
            ),
            (
                Scope::Dev,
                &[
                    "testCompileClasspath",
                    "testRuntimeClasspath",
                    "testAnnotationProcessor",
                    "testFixturesRuntimeClasspath",
                    "integrationTestCompileClasspath",
                    "debugUnitTestRuntimeClasspath",
                    "androidTests",
                    "kaptTest",
                    "test",
                ],
            ),
            (
                Scope::Build,
                &[
                    "annotationProcessor",
                    "debugAnnotationProcessor",
                    "checkstyle",
                    "jacocoAgent",
                    "jacocoAnt",
                    "kotlinCompilerClasspath",
                    "kotlinCompilerPluginClasspathMain",
                    "kapt",
                    "kaptDebug",
                    "ksp",
                    "zinc",
                ],
            ),
        ] {
            for name in names {
                assert_eq!(scope(name), scope_of, "{name}");
            }
        }
    }
}
