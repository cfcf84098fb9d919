//! `pom.xml` against Maven's own model builder, where Maven is installed: offline, over the fixtures that Maven
//! accepts and over generated reactors.
//!
//! `LOCKKEEPER_MAVEN_REPOSITORY=FOLDER` (poms of a local repository, as `mvn` leaves them) with
//! `LOCKKEEPER_MAVEN_REACTOR=FOLDER` compares a real reactor too.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use lockkeeper::lockfile;
use lockkeeper::model::graph::Node;
use lockkeeper::model::{Cost, Tree};

use crate::support::memory_tree::MemoryTree;

/// Generated reactors, in one run of Java.
const ROUNDS: u64 = 20;

/// Artifacts that poms of a generated reactor ask for.
const ARTIFACTS: u64 = 8;

/// Fixtures without what Maven refuses or can't find.
const FIXTURES: [&str; 4] = ["parents", "plugins", "profiles", "single"];

/// What each pom holds, by path: name and version, with the scopes.
type Found = BTreeMap<(String, String, String), BTreeSet<&'static str>>;

#[derive(Default, Debug, PartialEq)]
struct Counts {
    packages: usize,
    own: usize,
    gaps: usize,
}

#[test]
fn fixtures_are_what_maven_builds() {
    let Some(maven) = maven() else {
        return;
    };
    let mut total = 0;
    for name in FIXTURES {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/fixtures/lockfile/pom")
            .join(name);
        total += compare(&maven, &folder, &[]).packages;
    }
    assert!(total > 20, "{total} packages are too few to prove anything");
}

#[test]
fn generated_reactors_are_what_maven_builds() {
    let Some(maven) = maven() else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    for round in 0..ROUNDS {
        Generator {
            random: Random(round.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1),
            round,
        }
        .write(folder.path());
    }
    let counts = compare(
        &maven,
        &folder.path().join("tree"),
        &[folder.path().join("repository")],
    );
    println!("{ROUNDS} reactors: {counts:?}");
    assert!(
        counts.packages > 500 && counts.own > 20 && counts.gaps > 20,
        "{counts:?} is too little to prove anything"
    );
}

#[test]
fn a_real_reactor_is_what_maven_builds() {
    let (Some(reactor), Some(repository)) = (
        std::env::var_os("LOCKKEEPER_MAVEN_REACTOR"),
        std::env::var_os("LOCKKEEPER_MAVEN_REPOSITORY"),
    ) else {
        println!("skipped: LOCKKEEPER_MAVEN_REACTOR and LOCKKEEPER_MAVEN_REPOSITORY are not set");
        return;
    };
    let Some(maven) = maven() else {
        return;
    };
    let counts = compare(&maven, Path::new(&reactor), &[PathBuf::from(repository)]);
    println!("{counts:?}");
    assert!(counts.packages > 0);
}

/// Every artifact that Maven finds is a package, an own module, or named by a gap; and every package is one that
/// Maven finds, with its scopes.
fn compare(maven: &Path, folder: &Path, repositories: &[PathBuf]) -> Counts {
    let tree = MemoryTree::from_folder(folder);
    let mut theirs = Found::new();
    for line in effective(maven, folder, repositories).lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let [kind, path, name, version, scope, optional] = fields[..] else {
            panic!("no line of ours: {line}");
        };
        // What stands alone in brackets is one version.
        let exact = version
            .strip_prefix('[')
            .and_then(|version| version.strip_suffix(']'))
            .filter(|version| !version.contains(','));
        let version = exact.unwrap_or(version).trim();
        let scopes = theirs
            .entry((path.to_owned(), name.to_owned(), version.to_owned()))
            .or_default();
        scopes.insert(match (kind, scope) {
            ("dependency", "test") => "dev",
            ("dependency", "provided") => "build",
            ("dependency", _) => "runtime",
            _ => "build",
        });
        if optional == "true" && kind == "dependency" {
            scopes.insert("optional");
        }
    }
    let mut counts = Counts::default();
    let poms: Vec<_> = tree
        .files()
        .filter(|(path, _)| path.file_name() == b"pom.xml")
        .collect();
    for (path, bytes) in poms {
        let format = lockfile::format("pom.xml").expect("the format");
        let reading = lockfile::read(format, path, bytes, &tree);
        let problems = &reading.parsed.problems;
        assert!(
            problems.iter().all(|problem| problem.cost == Cost::Partial),
            "{path}: {problems:?}"
        );
        let mut ours = Found::new();
        for (_, package) in reading.parsed.graph.packages() {
            ours.entry((
                path.to_string(),
                package.name.to_string(),
                package.version.to_string(),
            ))
            .or_default()
            .extend(package.scopes.iter().map(|scope| scope.as_str()));
        }
        let own: BTreeSet<(&str, &str)> = reading
            .parsed
            .graph
            .nodes()
            .filter_map(|(_, node)| match node {
                Node::Own { name, version } => Some((name.as_str(), version.as_str())),
                Node::Package(_) => None,
            })
            .collect();
        let top = path.components().next();
        let outside = tree.files().any(|(file, bytes)| {
            file.components().next() == top && String::from_utf8_lossy(bytes).contains("org.outer.")
        });
        let named = |name: &str| {
            let named = format!("{name} ");
            problems.iter().any(|problem| problem.message.contains(&named))
        };
        let here = theirs.iter().filter(|((at, ..), _)| *at == path.to_string());
        for ((_, name, version), scopes) in here {
            let found = ours.get(&(path.to_string(), name.clone(), version.clone()));
            if own.contains(&(name, version)) {
                counts.own += 1;
            } else if let Some(found) = found {
                // Where something outside could manage the scope, the gravest one is taken.
                assert!(
                    found == scopes || named(name) || outside && found.contains("runtime"),
                    "{path}: {name} {version}: {found:?} {scopes:?}"
                );
                counts.packages += 1;
            } else if named(name) || name.contains("${") {
                counts.gaps += 1;
            } else if (version.is_empty() || version.contains("${"))
                && ours.keys().any(|(_, known, _)| known == name)
            {
                // Another profile says what is missing under this one.
                counts.gaps += 1;
            } else {
                panic!("{path}: Maven has {name} {version}, which is not found; {problems:?}");
            }
        }
        for ((_, name, version), scopes) in &ours {
            // The builder knows neither the site nor what a packaging brings in.
            if name.starts_with("org.apache.maven.plugins:") && scopes.contains("build") {
                continue;
            }
            let known = theirs.contains_key(&(path.to_string(), name.clone(), version.clone()));
            assert!(known || named(name), "{path}: Maven has no {name} {version}");
        }
        for problem in problems {
            let file = problem.file.as_ref().unwrap_or(path);
            let text = tree.read(file).expect("the file of a problem");
            assert!(problem.span.end as usize <= text.len(), "{file}: {problem:?}");
        }
    }
    counts
}

fn effective(maven: &Path, folder: &Path, repositories: &[PathBuf]) -> String {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/crosscheck/EffectivePom.java");
    let output = Command::new("java")
        .arg("-cp")
        .arg(maven.join("lib/*"))
        .arg(program)
        .arg(folder)
        .args(repositories)
        .output()
        .expect("java");
    assert!(
        output.status.success(),
        "{}: {}",
        folder.display(),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// The folder that Maven lies in.
fn maven() -> Option<PathBuf> {
    let said = Command::new("mvn").arg("-version").output().ok();
    let home = said.and_then(|said| {
        let said = String::from_utf8_lossy(&said.stdout).into_owned();
        let line = said.lines().find_map(|line| line.strip_prefix("Maven home: "))?;
        Some(PathBuf::from(line.trim()))
    });
    if home.is_none() {
        println!("skipped: there is no Maven");
    }
    home
}

/// Writes one reactor: a root, a module between, two leaves, a BOM, and a parent and a BOM outside the tree.
struct Generator {
    random: Random,
    round: u64,
}

impl Generator {
    fn write(&mut self, folder: &Path) {
        let round = self.round;
        let tree = folder.join("tree").join(format!("r{round}"));
        let group = format!("com.acme.r{round}");
        let outer = format!("org.outer.r{round}");
        let own = |artifact: &str| format!("<artifactId>{artifact}</artifactId>");
        let parent = |group: &str, artifact: &str, version: &str, path: &str| {
            format!(
                "<parent><groupId>{group}</groupId><artifactId>{artifact}</artifactId><version>{version}</version>{path}</parent>"
            )
        };
        let revision = ["1.0", "${revision}"][self.random.below(2) as usize];
        let revision_property = "<revision>2.5-SNAPSHOT</revision>";

        let mut root = match self.random.below(2) {
            0 => String::new(),
            _ => parent(&outer, "outer-parent", "7", "<relativePath/>"),
        };
        write!(
            root,
            "<groupId>{group}</groupId>{}<version>{revision}</version><packaging>pom</packaging>\
             <modules><module>middle</module><module>left</module><module>bom</module></modules>",
            own("root")
        )
        .expect("text");
        let imports = self.imports(&group, &outer);
        root.push_str(&self.body(revision_property, &imports, &group));
        save(&tree.join("pom.xml"), &root);

        let middle = format!(
            "{}{}<packaging>pom</packaging><modules><module>../deep/right</module></modules>",
            parent(&group, "root", revision, ""),
            own("middle")
        );
        let middle = middle + &self.body("", "", &group);
        save(&tree.join("middle/pom.xml"), &middle);

        let imports = self.imports(&group, &outer);
        let left = format!(
            "{}{}<version>3.3</version>",
            parent(&group, "root", revision, ""),
            own("left")
        ) + &self.body("", &imports, &group);
        save(&tree.join("left/pom.xml"), &left);

        let path = "<relativePath>../../middle</relativePath>";
        let right = parent(&group, "middle", revision, path) + &own("right");
        let right = right + &self.body("", "", &group);
        save(&tree.join("deep/right/pom.xml"), &right);

        let bom = format!(
            "<groupId>{group}</groupId>{}<version>4</version><packaging>pom</packaging>",
            own("bom")
        );
        let bom = bom + &self.properties("") + &self.management("");
        save(&tree.join("bom/pom.xml"), &bom);

        for (artifact, version) in [("outer-parent", "7"), ("outer-bom", "8")] {
            let pom = format!(
                "<groupId>{outer}</groupId>{}<version>{version}</version><packaging>pom</packaging>",
                own(artifact)
            );
            // A scope that is managed outside the tree cannot be known.
            let pom = pom + &self.properties("") + &self.management("").replace("scope>", "unknown>");
            save(&folder.join(format!("repository/{round}-{artifact}.pom")), &pom);
        }
    }

    fn imports(&mut self, group: &str, outer: &str) -> String {
        let import = |group: &str, artifact: &str, version: &str| {
            format!(
                "<dependency><groupId>{group}</groupId><artifactId>{artifact}</artifactId><version>{version}</version>\
                 <type>pom</type><scope>import</scope></dependency>"
            )
        };
        match self.random.below(4) {
            0 => import(group, "bom", "4"),
            1 => import(outer, "outer-bom", "8"),
            2 => import(outer, "outer-bom", "8") + &import(group, "bom", "4"),
            _ => String::new(),
        }
    }

    /// Everything that may stand in a module.
    fn body(&mut self, properties: &str, imports: &str, group: &str) -> String {
        let mut body = self.properties(properties) + &self.management(imports) + &self.dependencies(group);
        body.push_str(&self.build());
        body.push_str("<profiles>");
        for profile in 0..self.random.below(3) {
            let by_default = match self.random.below(3) {
                0 => "<activation><activeByDefault>true</activeByDefault></activation>",
                _ => "",
            };
            write!(body, "<profile><id>p{profile}</id>{by_default}").expect("text");
            if self.random.below(2) == 0 {
                body.push_str(&self.properties(""));
            }
            if self.random.below(2) == 0 {
                body.push_str(&self.management(""));
            }
            body.push_str(&self.dependencies(group));
            body.push_str(&self.build());
            body.push_str("</profile>");
        }
        body.push_str("</profiles>");
        body
    }

    fn properties(&mut self, more: &str) -> String {
        let mut properties = format!("<properties>{more}");
        for number in 0..6 {
            if self.random.below(2) == 0 {
                // Each refers to smaller numbers only: Maven refuses circles.
                let value = match (self.random.below(4), number) {
                    (0, 1..) => format!("${{v{}}}", self.random.below(number)),
                    (1, 1..) => format!("${{v{}}}.{}", self.random.below(number), self.random.below(9)),
                    _ => format!("{}.{}", self.random.below(9), self.random.below(9)),
                };
                write!(properties, "<v{number}>{value}</v{number}>").expect("text");
            }
        }
        properties + "</properties>"
    }

    fn version(&mut self) -> String {
        match self.random.below(6) {
            0 | 1 => format!(
                "<version>{}.{}.{}</version>",
                self.random.below(5),
                self.random.below(5),
                self.random.below(5)
            ),
            2 => format!("<version>${{v{}}}</version>", self.random.below(6)),
            3 => format!("<version>1.${{v{}}}-x</version>", self.random.below(6)),
            4 => "<version>${project.version}</version>".into(),
            _ => format!("<version>[{}.0]</version>", self.random.below(5)),
        }
    }

    fn management(&mut self, imports: &str) -> String {
        let mut management = format!("<dependencyManagement><dependencies>{imports}");
        // Each artifact once: which of two entries Maven takes is an accident.
        for artifact in 0..ARTIFACTS {
            if self.random.below(3) == 0 {
                let version = self.version();
                management.push_str(&self.dependency(artifact, &version));
            }
        }
        management + "</dependencies></dependencyManagement>"
    }

    fn dependencies(&mut self, group: &str) -> String {
        let mut dependencies = String::from("<dependencies>");
        for _ in 0..self.random.below(7) {
            let version = match self.random.below(2) {
                0 => self.version(),
                _ => String::new(),
            };
            let artifact = self.random.below(ARTIFACTS);
            dependencies.push_str(&self.dependency(artifact, &version));
        }
        if self.random.below(4) == 0 {
            let version = ["3.3", "3.2"][self.random.below(2) as usize];
            write!(
                dependencies,
                "<dependency><groupId>{group}</groupId><artifactId>left</artifactId><version>{version}</version></dependency>"
            )
            .expect("text");
        }
        dependencies + "</dependencies>"
    }

    fn dependency(&mut self, artifact: u64, version: &str) -> String {
        let mut text =
            format!("<dependency><groupId>org.lib</groupId><artifactId>a{artifact}</artifactId>{version}");
        text.push_str(match self.random.below(8) {
            0 => "<type>test-jar</type>",
            1 => "<classifier>linux</classifier>",
            _ => "",
        });
        text.push_str(
            [
                "",
                "",
                "",
                "<scope>test</scope>",
                "<scope>provided</scope>",
                "<scope>runtime</scope>",
            ][self.random.below(6) as usize],
        );
        text.push_str(["", "", "", "<optional>true</optional>"][self.random.below(4) as usize]);
        text + "</dependency>"
    }

    fn build(&mut self) -> String {
        let managed = self.plugins();
        let used = self.plugins();
        format!("<build><pluginManagement>{managed}</pluginManagement>{used}</build>")
    }

    fn plugins(&mut self) -> String {
        let mut plugins = String::from("<plugins>");
        let mut number = self.random.below(3);
        while number < 4 {
            let version = match self.random.below(3) {
                0 => String::new(),
                _ => self.version(),
            };
            let inherited = ["", "", "<inherited>false</inherited>"][self.random.below(3) as usize];
            write!(
                plugins,
                "<plugin><groupId>org.tool</groupId><artifactId>t{number}-maven-plugin</artifactId>{version}{inherited}"
            )
            .expect("text");
            if self.random.below(3) == 0 {
                let version = self.version();
                write!(
                    plugins,
                    "<dependencies><dependency><groupId>org.part</groupId><artifactId>d{}</artifactId>{version}</dependency></dependencies>",
                    self.random.below(3)
                )
                .expect("text");
            }
            plugins.push_str("</plugin>");
            number += 1 + self.random.below(2);
        }
        plugins + "</plugins>"
    }
}

fn save(path: &Path, body: &str) {
    // One element a line, so that places differ.
    let text = format!("<project><modelVersion>4.0.0</modelVersion>{body}</project>").replace("><", ">\n<");
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(path, text).expect("a file");
}

/// xorshift64: the same reactors in each run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}
