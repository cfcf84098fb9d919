//! `go.mod` against the `go` command itself, where that is installed: offline, over generated modules that
//! a folder serves as a module proxy, and over the real files of `LOCKKEEPER_DATA`.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use lockkeeper::lockfile;
use lockkeeper::model::{Cost, Package, Source, Tree};
use serde_json::Value;

use crate::support::memory_tree::{MemoryTree, tree_path};

/// Generated modules and workspaces.
const ROUNDS: u64 = 40;

/// Modules that the proxy serves, each at every one of [`VERSIONS`].
const MODULES: u64 = 12;

const VERSIONS: [&str; 5] = ["v1.0.0", "v1.1.0-rc.1", "v1.1.0", "v1.9.0", "v1.10.0"];

/// Name, version, and whether it stands as direct; a folder has its path as its version.
type Row = (String, String, bool);

#[test]
fn generated_modules_are_what_go_lists() {
    if !go_is_there() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    serve(&folder.path().join("proxy"));
    let mut packages = 0;
    for round in 0..ROUNDS {
        let mut random = Random(round.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        let home = folder.path().join(format!("round{round}"));
        let members: &[&str] = if round % 3 == 0 { &["a", "b/c"] } else { &["."] };
        generate(&home, members, &mut random);
        let tree = MemoryTree::from_folder(&home);
        let mut ours = BTreeSet::new();
        for member in members {
            ours.extend(rows(&tree, &format!("{member}/go.mod")));
        }
        let theirs = go_list(&home, folder.path(), members.len() > 1);
        let (ours, theirs) = (folded(ours), folded(theirs));
        assert_eq!(ours, theirs, "round {round}");
        packages += ours.len();
    }
    assert!(
        packages > 100,
        "{packages} packages are too few to prove anything"
    );
    println!("{packages} packages of {ROUNDS} generated modules and workspaces");
}

#[test]
fn the_toolchain_is_the_one_that_go_switches_to() {
    if !go_is_there() {
        return;
    }
    // Later than any Go that could be installed, so that `go` names it when it can't fetch it.
    let directives = [
        ("go 1.990.0\n", ""),
        ("go 1.990.0\ntoolchain go1.990.5\n", ""),
        ("go 1.992rc1\ntoolchain go1.991.0\n", ""),
        ("go 1.991.2\ntoolchain go1.993.0-acme\n", ""),
        ("go 1.991rc1\ntoolchain go1.991.0\n", ""),
        ("go 1.990.0\n", "go 1.991.0\n"),
        (
            "go 1.995.0\ntoolchain go1.996.0\n",
            "go 1.991.0\ntoolchain go1.992.0\n",
        ),
    ];
    let folder = tempfile::tempdir().expect("a folder");
    for (number, (module, work)) in directives.iter().enumerate() {
        let home = folder.path().join(number.to_string());
        write(
            &home.join("a/go.mod"),
            &format!("module example.com/a\n\n{module}"),
        );
        if !work.is_empty() {
            write(&home.join("go.work"), &format!("{work}\nuse ./a\n"));
        }
        let output = Command::new("go")
            .arg("version")
            .current_dir(home.join("a"))
            .env("GOTOOLCHAIN", "auto")
            .env("GOPROXY", "off")
            .env("GOFLAGS", "")
            .env_remove("GOWORK")
            .output()
            .expect("go version");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let theirs = said
            .split_whitespace()
            .find_map(|word| word.strip_prefix("go1."))
            .unwrap_or_else(|| panic!("go names no toolchain: {said}"));
        let tree = MemoryTree::from_folder(&home);
        let ours = packages(&tree, "a/go.mod")
            .into_iter()
            .find(|package| &*package.name == "stdlib")
            .expect("stdlib");
        let theirs = format!("1.{}", theirs.trim_end_matches("-acme"));
        assert_eq!(*ours.version, *theirs, "{module}{work}");
    }
}

#[test]
fn real_files_are_what_go_reads() {
    let Some(data) = std::env::var_os("LOCKKEEPER_DATA") else {
        println!("skipped: LOCKKEEPER_DATA is not set");
        return;
    };
    if !go_is_there() {
        return;
    }
    let corpus = Path::new(&data).join("corpus");
    let tree = MemoryTree::from_folder(&corpus);
    let (mut files, mut packages) = (0, 0);
    for (path, _) in tree.files().filter(|(path, _)| path.file_name() == b"go.mod") {
        let output = Command::new("go")
            .args(["mod", "edit", "-json"])
            .arg(corpus.join(path.to_string()))
            .env("GOTOOLCHAIN", "local")
            .output()
            .expect("go mod edit");
        assert!(
            output.status.success(),
            "{path}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let edited: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let ours = rows(&tree, &path.to_string());
        let mut theirs = resolved(&edited);
        // A further module of the repository is no package.
        theirs.retain(|(name, folder, _)| {
            let own = path.parent().join(format!("{folder}/go.mod"));
            !folder.starts_with('.')
                || ours.iter().any(|(other, ..)| other == name)
                || own.is_none_or(|own| !tree.holds(&own))
        });
        assert_eq!(ours, theirs, "{path}");
        files += 1;
        packages += ours.len();
    }
    assert!(files > 0, "the corpus holds no go.mod");
    println!("{packages} packages of {files} files");
}

/// Each module once: it is direct if one of several says so.
fn folded(mut rows: BTreeSet<Row>) -> BTreeSet<Row> {
    let direct: Vec<Row> = rows.iter().filter(|row| row.2).cloned().collect();
    for (name, version, _) in direct {
        rows.remove(&(name, version, false));
    }
    rows
}

/// What `go mod edit -json` says, with the `replace` lines followed.
fn resolved(edited: &Value) -> BTreeSet<Row> {
    let list = |key: &str| edited[key].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let replaces = list("Replace");
    list("Require")
        .iter()
        .map(|require| {
            let fits = |replace: &&Value, exact: bool| {
                replace["Old"]["Path"] == require["Path"]
                    && match exact {
                        true => replace["Old"]["Version"] == require["Version"],
                        false => replace["Old"].get("Version").is_none(),
                    }
            };
            let replace = replaces
                .iter()
                .find(|replace| fits(replace, true))
                .or_else(|| replaces.iter().find(|replace| fits(replace, false)));
            let direct = require["Indirect"] != Value::Bool(true);
            match replace.map(|replace| &replace["New"]) {
                None => (text(&require["Path"]), text(&require["Version"]), direct),
                Some(new) if new.get("Version").is_some() => {
                    (text(&new["Path"]), text(&new["Version"]), direct)
                }
                Some(folder) => (text(&require["Path"]), text(&folder["Path"]), direct),
            }
        })
        .collect()
}

/// What `go list -m` selects.
fn go_list(home: &Path, folder: &Path, workspace: bool) -> BTreeSet<Row> {
    let output = Command::new("go")
        .args(["list", "-m", "-json", "all"])
        .current_dir(home)
        .env("GOTOOLCHAIN", "local")
        .env("GOPROXY", format!("file://{}", folder.join("proxy").display()))
        .env("GOSUMDB", "off")
        .env("GOMODCACHE", folder.join("cache"))
        // Lets Go drop what is excluded instead of asking for `go mod tidy`; a workspace is never changed.
        .env(
            "GOFLAGS",
            if workspace {
                "-modcacherw"
            } else {
                "-mod=mod -modcacherw"
            },
        )
        .env_remove("GOWORK")
        .output()
        .expect("go list");
    let go_mod = fs::read_to_string(home.join("go.mod")).unwrap_or_default();
    assert!(
        output.status.success(),
        "{go_mod}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::Deserializer::from_slice(&output.stdout)
        .into_iter::<Value>()
        .map(|module| module.expect("JSON"))
        .filter(|module| module["Main"] != Value::Bool(true))
        .map(|module| {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let direct = module["Indirect"] != Value::Bool(true);
            match module.get("Replace") {
                None => (text(&module["Path"]), text(&module["Version"]), direct),
                Some(new) if new.get("Version").is_some() => {
                    (text(&new["Path"]), text(&new["Version"]), direct)
                }
                Some(new) => (text(&module["Path"]), text(&new["Path"]), direct),
            }
        })
        .collect()
}

fn rows(tree: &MemoryTree, path: &str) -> BTreeSet<Row> {
    packages(tree, path)
        .into_iter()
        .filter(|package| &*package.name != "stdlib")
        .map(|package| match package.source {
            Source::Path(folder) => (package.name.into_string(), folder, package.direct),
            _ => (
                package.name.into_string(),
                package.version.into_string(),
                package.direct,
            ),
        })
        .collect()
}

fn packages(tree: &MemoryTree, path: &str) -> Vec<Package> {
    let path = tree_path(path);
    let bytes = tree.read(&path).expect("the file");
    let format = lockfile::format("go.mod").expect("the format");
    let reading = lockfile::read(format, &path, &bytes, tree);
    let blind: Vec<_> = reading
        .parsed
        .problems
        .iter()
        .filter(|problem| problem.cost == Cost::Blind)
        .collect();
    assert!(blind.is_empty(), "{path}: {blind:?}");
    reading
        .parsed
        .graph
        .packages()
        .map(|(_, package)| package.clone())
        .collect()
}

/// Writes members that require modules of their own, and a `go.work` if there are several.
fn generate(home: &Path, members: &[&str], random: &mut Random) {
    let alone = members.len() == 1;
    for (number, member) in members.iter().enumerate() {
        let mut text = format!("module example.com/main{number}\n\ngo 1.2{}\n\n", random.below(3));
        let modules = (0..MODULES).filter(|_| random.below(4) > 0).collect::<Vec<_>>();
        let mut block = String::new();
        for module in modules {
            let name = format!("example.com/m{module}");
            let version = random.version();
            let mark = [
                "",
                " // indirect",
                " // indirect; for another",
                " // about indirect",
            ][random.below(4) as usize];
            let line = match random.below(3) {
                0 => format!("\"{name}\" {version}{mark}"),
                1 => format!("{name} \"{version}\"{mark}"),
                _ => format!("{name}   {version}{mark}"),
            };
            match random.below(2) {
                0 => writeln!(text, "require {line}"),
                _ => writeln!(block, "\t{line}"),
            }
            .expect("text");
            if alone && random.below(5) == 0 {
                writeln!(text, "require {name} {}", random.version()).expect("text");
            }
            if alone && random.below(8) == 0 {
                writeln!(text, "exclude {name} {version}").expect("text");
            }
            // Go refuses two members that replace a module differently.
            if module % members.len() as u64 == number as u64 {
                replace(&mut text, home, member, &name, version, random);
            }
        }
        write!(text, "\nrequire (\n{block})\n").expect("text");
        write(&home.join(member).join("go.mod"), &text);
    }
    if !alone {
        let mut text = String::from("go 1.23\n\nuse (\n");
        for member in members {
            writeln!(text, "\t./{member}").expect("text");
        }
        text.push_str(")\n");
        for module in 0..MODULES {
            let version = random.version();
            match random.below(6) {
                0 => writeln!(
                    text,
                    "replace example.com/m{module} => example.com/fork {version}"
                ),
                1 => writeln!(
                    text,
                    "replace example.com/m{module} {version} => example.com/fork v1.0.0"
                ),
                _ => Ok(()),
            }
            .expect("text");
        }
        write(&home.join("go.work"), &text);
    }
}

fn replace(text: &mut String, home: &Path, member: &str, name: &str, version: &str, random: &mut Random) {
    let to = random.version();
    match random.below(8) {
        0 => writeln!(text, "replace {name} => example.com/fork {to}"),
        1 => writeln!(text, "replace {name} {version} => {name} {to}"),
        2 => writeln!(text, "replace {name} {to} => example.com/fork {version}"),
        3 => {
            writeln!(text, "replace {name} => {name} {to}").expect("text");
            writeln!(text, "replace {name} {version} => example.com/fork {to}")
        }
        // Go tells such a folder from the workspace's own folder, so only modules that stand alone have one.
        4 if member == "." => {
            let folder = name.replace("example.com", "local");
            write(
                &home.join(&folder).join("go.mod"),
                &format!("module {name}\n\ngo 1.20\n"),
            );
            writeln!(text, "replace {name} => ./{folder}")
        }
        _ => Ok(()),
    }
    .expect("text");
}

/// A module proxy in a folder ("GOPROXY protocol", Go Modules Reference).
fn serve(proxy: &Path) {
    let names = (0..MODULES)
        .map(|module| format!("m{module}"))
        .chain(["fork".to_owned()]);
    for name in names {
        let folder = proxy.join("example.com").join(&name).join("@v");
        for version in VERSIONS {
            write(
                &folder.join(format!("{version}.info")),
                &format!("{{\"Version\":\"{version}\"}}"),
            );
            write(
                &folder.join(format!("{version}.mod")),
                &format!("module example.com/{name}\n\ngo 1.17\n"),
            );
        }
        write(&folder.join("list"), &VERSIONS.join("\n"));
    }
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(path, text).expect("a file");
}

fn go_is_there() -> bool {
    let there = Command::new("go").arg("version").output().is_ok();
    if !there {
        println!("skipped: there is no go command");
    }
    there
}

/// xorshift64: the same modules in each run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }

    fn version(&mut self) -> &'static str {
        VERSIONS[self.below(VERSIONS.len() as u64) as usize]
    }
}
