//! Attempts to buy a clean verdict: each input here is small, odd and legal somewhere, and each is read as its own tool
//! reads it, or is a gap.

use lockkeeper::lockfile::{self, Claim};
use lockkeeper::model::{Cost, Scope};

use crate::support::memory_tree::{MemoryTree, tree_path};
use crate::support::program::{Sandbox, record};

/// `name version scopes` of each package, and the costs of the problems.
fn read(format: &str, path: &str, text: &str, tree: &MemoryTree) -> (Vec<String>, Vec<Cost>) {
    let format = lockfile::format(format).expect("the format");
    let reading = lockfile::read(format, &tree_path(path), text.as_bytes(), tree);
    let packages = reading.parsed.graph.packages().map(|(_, package)| {
        let scopes: Vec<&str> = package.scopes.iter().map(Scope::as_str).collect();
        format!("{} {} {}", package.name, package.version, scopes.join(" "))
            .trim_end()
            .to_owned()
    });
    let costs = reading.parsed.problems.iter().map(|problem| problem.cost);
    (packages.collect(), costs.collect())
}

fn npm(text: &str, tree: &MemoryTree) -> (Vec<String>, Vec<Cost>) {
    read("package-lock.json", "package-lock.json", text, tree)
}

#[test]
fn a_name_in_another_case_is_the_name() {
    for (path, format) in [
        ("Package-Lock.json", "package-lock.json"),
        ("a/NPM-SHRINKWRAP.JSON", "package-lock.json"),
        ("cargo.lock", "Cargo.lock"),
        ("GO.MOD", "go.mod"),
        ("UV.lock", "uv.lock"),
        ("Tool.PY.lock", "uv.lock"),
        ("Poetry.Lock", "poetry.lock"),
        ("pipfile.lock", "Pipfile.lock"),
        ("POM.XML", "pom.xml"),
        ("Requirements/Prod.TXT", "requirements.txt"),
        ("requirements.lock", "requirements.txt"),
        ("requirements-dev.lock", "requirements.txt"),
        ("Pnpm-Lock.main.yaml", "pnpm-lock.yaml"),
        ("Bun.Lock", "bun.lock"),
        ("YARN.lock", "yarn.lock"),
        ("Cartfile.RESOLVED", "Cartfile.resolved"),
        ("manifest-V1.12.toml", "julia/Manifest.toml"),
        ("Dependency-Locks/x.lockfile", "gradle.lockfile"),
    ] {
        let path = tree_path(path);
        assert!(lockfile::may_claim(path.file_name()), "{path:?}");
        match lockfile::claim(&path) {
            Claim::Read(claimed) => assert_eq!(claimed.name(), format, "{path:?}"),
            Claim::Unsupported(_) | Claim::Nothing => panic!("{path:?}"),
        }
    }
    for path in ["BUN.lockb", "gopkg.lock", "Glide.LOCK"] {
        let path = tree_path(path);
        assert!(lockfile::may_claim(path.file_name()), "{path:?}");
        assert!(
            matches!(lockfile::claim(&path), Claim::Unsupported(_)),
            "{path:?}"
        );
    }
    for name in [
        "Cargo.lock.orig",
        "package-lock.json5",
        "pom.xml.bak",
        "go.mod~",
        "Cargo-lock",
    ] {
        assert!(
            matches!(lockfile::claim(&tree_path(name)), Claim::Nothing),
            "{name}"
        );
        assert!(!lockfile::may_claim(name.as_bytes()), "{name}");
    }
}

#[test]
fn what_a_folder_makes_a_lockfile_is_found_on_disk() {
    let sandbox = Sandbox::new();
    let index = sandbox.index(
        "index.lkdb",
        &[record("GHSA-bad", "PyPI", "bad", "0", Some("9.0.0"))],
        "2026-02-01T00:00:00Z",
    );
    let scan = |folder: &str| sandbox.run(&["scan", folder, "--db", &index, "--now", "2026-02-01T00:00:00Z"]);
    sandbox.write("a/gradle/dependency-locks/compileClasspath.lockfile", "g:a:1.0\n");
    let ran = scan("a");
    assert_eq!(ran.code, 3, "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("compileClasspath.lockfile"), "{}", ran.out);
    for (folder, file) in [
        ("b", "Requirements/Base.TXT"),
        ("c", "REQUIREMENTS.TXT"),
        ("d", "requirements-dev.lock"),
    ] {
        sandbox.write(&format!("{folder}/{file}"), "bad==1.0\n");
        let ran = scan(folder);
        assert_eq!(ran.code, 1, "{file}: {}{}", ran.out, ran.err);
    }
}

#[test]
fn every_spelling_of_an_archive_is_that_archive() {
    for address in [
        "HTTPS://registry.example/beta/-/beta-1.0.0.tgz",
        "https:registry.example/beta/-/beta-1.0.0.tgz",
        "https:////registry.example/beta/-/beta-1.0.0.tgz",
        "https://registry.example/beta/-/%62eta-1.0.0.tgz",
        "https://registry.example/%62%65ta/-/beta-1%2e0.0.tgz",
        "https://registry.example/beta/%2D/beta-1.0.0.tgz",
        "https://registry.example\\\\beta\\\\-\\\\beta-1.0.0.tgz",
        "https://registry.example/be\\tta/-/beta-1.0.0.tgz",
        "  https://registry.example/beta/-/beta-1.0.0.tgz?x=1#y",
        "https://registry.example/x/../beta/-/beta-1.0.0.tgz ",
    ] {
        let text = format!(
            "{{\"lockfileVersion\": 3, \"packages\": {{\"\": {{\"dependencies\": {{\"alpha\": \"1\"}}}}, \
             \"node_modules/alpha\": {{\"version\": \"2.0.0\", \"resolved\": \"{address}\"}}}}}}"
        );
        let (packages, _) = npm(&text, &MemoryTree::of([]));
        assert_eq!(packages, ["beta 1.0.0 runtime"], "{address}");
    }
}

#[test]
fn what_only_the_old_half_of_a_version_2_holds_counts_too() {
    let text = |old: &str| {
        format!(
            "{{\"lockfileVersion\": 2, \"packages\": {{\"\": {{\"dependencies\": {{\"alpha\": \"1\"}}}}, \
             \"node_modules/alpha\": {{\"version\": \"1.0.0\"}}}}, \"dependencies\": {{{old}}}}}"
        )
    };
    let none = MemoryTree::of([]);
    let same = "\"alpha\": {\"version\": \"1.0.0\"}";
    assert_eq!(
        npm(&text(same), &none),
        (vec!["alpha 1.0.0 runtime".to_owned()], vec![])
    );
    for (old, further) in [
        ("\"alpha\": {\"version\": \"0.9.0\"}", "alpha 0.9.0 runtime"),
        (
            "\"alpha\": {\"version\": \"1.0.0\", \"dependencies\": {\"beta\": {\"version\": \"0.1.0\", \"dev\": true}}}",
            "beta 0.1.0 runtime",
        ),
        (
            "\"alpha\": {\"version\": \"npm:gamma@1.0.0\"}",
            "gamma 1.0.0 runtime",
        ),
        (
            "\"alpha\": {\"version\": \"1.0.0\", \"resolved\": \"https://registry.example/beta/-/beta-0.2.0.tgz\"}, \
             \"delta\": {\"version\": \"3.0.0\"}",
            "delta 3.0.0 runtime",
        ),
    ] {
        let (packages, costs) = npm(&text(old), &none);
        assert!(packages.contains(&further.to_owned()), "{old}: {packages:?}");
        assert!(!costs.is_empty(), "{old}");
    }
    // What is no package of the registry is told of the newer half.
    let others = "\"alpha\": {\"version\": \"file:alpha\"}, \"git\": {\"version\": \"git+https://git.example/x.git#00\"}";
    assert_eq!(npm(&text(others), &none).0.len(), 1);
}

#[test]
fn a_dependency_that_is_not_in_a_package_lock_is_a_gap() {
    let none = MemoryTree::of([]);
    let text = |tables: &str| {
        format!(
            "{{\"lockfileVersion\": 3, \"packages\": {{\"\": {{\"dependencies\": {{\"alpha\": \"1\"}}}}, \
             \"node_modules/alpha\": {{\"version\": \"1.0.0\", {tables}}}}}}}"
        )
    };
    for (tables, cost) in [
        ("\"dependencies\": {\"beta\": \"1\"}", vec![Cost::Blind]),
        ("\"optionalDependencies\": {\"beta\": \"1\"}", vec![]),
        ("\"peerDependencies\": {\"beta\": \"1\"}", vec![]),
        ("\"devDependencies\": {\"beta\": \"1\"}", vec![]),
    ] {
        assert_eq!(npm(&text(tables), &none).1, cost, "{tables}");
    }
    let root = "{\"lockfileVersion\": 2, \"packages\": {\"\": {\"devDependencies\": {\"alpha\": \"1\"}}}}";
    assert_eq!(npm(root, &none).1, [Cost::Blind]);
    let link = "{\"lockfileVersion\": 3, \"packages\": {\"\": {\"dependencies\": {\"alpha\": \"file:a\"}}, \
                \"node_modules/alpha\": {\"resolved\": \"a\", \"link\": true}}}";
    assert_eq!(npm(link, &none).1, [Cost::Blind]);
    let old = "{\"lockfileVersion\": 1, \"dependencies\": {\"alpha\": {\"version\": \"1.0.0\", \"requires\": {\"beta\": \"1\"}}}}";
    assert_eq!(npm(old, &none).1, [Cost::Partial]);
}

#[test]
fn flags_of_lockfile_version_1_soften_nothing() {
    let text = "{\"lockfileVersion\": 1, \"requires\": true, \"dependencies\": {\
        \"a\": {\"version\": \"1.0.0\", \"dev\": true, \"requires\": {\"b\": \"1\", \"native\": \"1\"}},\
        \"b\": {\"version\": \"1.0.1\", \"optional\": true},\
        \"native\": {\"version\": \"1.0.2\", \"optional\": true},\
        \"d\": {\"version\": \"1.0.3\", \"dev\": true, \"requires\": {\"e\": \"1\", \"peer\": \"1\"}, \
              \"dependencies\": {\"e\": {\"version\": \"1.0.4\", \"optional\": true}}},\
        \"o\": {\"version\": \"1.0.5\", \"optional\": true, \"requires\": {\"both\": \"1\"}},\
        \"both\": {\"version\": \"1.0.6\", \"optional\": true, \"dev\": true},\
        \"peer\": {\"version\": \"1.0.8\"},\
        \"alone\": {\"version\": \"1.0.7\", \"dev\": true}}}";
    let manifest = "{\"dependencies\": {\"a\": \"1\"}, \"devDependencies\": {\"d\": \"1\", \"both\": \"1\"}, \
                    \"optionalDependencies\": {\"o\": \"1\"}}";
    let expected = [
        "a 1.0.0 runtime",
        "b 1.0.1 runtime",
        "native 1.0.2 runtime",
        "d 1.0.3 dev",
        "e 1.0.4 dev",
        "o 1.0.5 optional",
        "both 1.0.6 dev optional",
        "peer 1.0.8 runtime",
        "alone 1.0.7 runtime",
    ];
    assert_eq!(
        npm(text, &MemoryTree::of([("package.json", manifest)])).0,
        expected
    );
    let (packages, _) = npm(text, &MemoryTree::of([]));
    assert!(
        packages.iter().all(|package| package.ends_with(" runtime")),
        "{packages:?}"
    );
}

#[test]
fn groups_of_a_poetry_lock_soften_nothing() {
    let package = |name: &str, groups: &str, optional: bool, needs: &str| {
        format!(
            "[[package]]\nname = \"{name}\"\nversion = \"1.0\"\noptional = {optional}\n\
             groups = [{groups}]\n\n[package.dependencies]\n{needs}\n"
        )
    };
    let text = [
        package(
            "alpha",
            "\"dev\"",
            false,
            "beta = \"*\"\ngamma = {version = \"*\", optional = true}",
        ),
        package("beta", "\"dev\"", true, ""),
        package("gamma", "\"dev\"", false, ""),
        package("delta", "\"main\"", true, ""),
        package("epsilon", "\"dev\"", false, ""),
        "[metadata]\nlock-version = \"2.1\"\n".to_owned(),
    ]
    .concat();
    let poetry = "[tool.poetry]\nname = \"own\"\n\n[tool.poetry.dependencies]\npython = \"*\"\nalpha = \"*\"\n\
                  delta = {version = \"*\", optional = true}\n\n[tool.poetry.group.dev.dependencies]\nepsilon = \"*\"\n";
    let standard = "[project]\nname = \"own\"\ndependencies = [\"alpha\"]\noptional-dependencies = {x = [\"delta\"]}\n\n\
                    [dependency-groups]\ndev = [\"epsilon\"]\n";
    for project in [poetry, standard] {
        let tree = MemoryTree::of([("pyproject.toml", project)]);
        let (packages, costs) = read("poetry.lock", "poetry.lock", &text, &tree);
        assert_eq!(costs, []);
        let expected = [
            "alpha 1.0 runtime dev",
            "beta 1.0 runtime dev",
            "gamma 1.0 dev",
            "delta 1.0 optional",
            "epsilon 1.0 dev",
        ];
        assert_eq!(packages, expected, "{project}");
    }
}

#[test]
fn an_option_that_pip_refuses_is_blind() {
    let none = MemoryTree::of([]);
    for text in [
        "--req more.list\n",
        "--requirements more.list\n",
        "alpha==1.0 --no-such\n",
        "-x more.list\n",
        "alpha==1.0 --hash=\"sha256:00\n",
        "-r 'more.list\n",
    ] {
        let (_, costs) = read("requirements.txt", "requirements.txt", text, &none);
        assert!(costs.contains(&Cost::Blind), "{text}: {costs:?}");
    }
}

#[test]
fn every_limit_of_a_reader_is_a_gap() {
    let none = MemoryTree::of([]);
    let many = |count: usize, text: &dyn Fn(usize) -> String| -> String { (0..count).map(text).collect() };
    let pip = |name: &str| {
        let package = |number: usize| {
            format!(
                "[[package]]\nname = \"{name}\"\nversion = \"1.{number}\"\noptional = false\n\
                 source = {{ registry = \"https://i.example/simple\" }}\n\n"
            )
        };
        many(65, &package)
    };
    let own = "[[package]]\nname = \"own\"\nversion = \"1\"\nsource = { virtual = \".\" }\n";
    let deep = format!("{}{}", "a.".repeat(600), "b = 1\n");
    let globs = many(1_001, &|number| format!("\"g{number}\",")) + "\"x\"";
    let properties = many(40, &|number| {
        format!("<p{number}>${{p{}}}</p{number}>", number + 1)
    });
    let profiles = many(65, &|number| format!("<profile><id>i{number}</id></profile>"));
    let pom = |inside: &str| {
        format!(
            "<project><modelVersion>4.0.0</modelVersion><groupId>g</groupId><artifactId>a</artifactId>\
             <version>1</version>{inside}</project>"
        )
    };
    let dependency = "<dependencies><dependency><groupId>g</groupId><artifactId>d</artifactId><version>${p0}</version>\
                      </dependency></dependencies>";
    let inputs = [
        ("uv.lock", format!("version = 1\n\n{own}{}", pip("same"))),
        (
            "poetry.lock",
            format!("{}[metadata]\nlock-version = \"2.1\"\n", pip("same")),
        ),
        ("Cargo.lock", format!("version = 4\n{deep}{own}")),
        (
            "package-lock.json",
            format!("{{\"lockfileVersion\": 3, \"packages\": {{\"\": {{\"workspaces\": [{globs}]}}}}}}"),
        ),
        (
            "package-lock.json",
            format!(
                "{{\"lockfileVersion\": 3, \"packages\": {}{}}}",
                "{\"a\":".repeat(600),
                "}".repeat(600)
            ),
        ),
        (
            "pom.xml",
            pom(&format!("<properties>{properties}</properties>{dependency}")),
        ),
        ("pom.xml", pom(&format!("<profiles>{profiles}</profiles>"))),
        ("pom.xml", pom(&"<a>".repeat(600))),
        (
            "go.mod",
            "module m\n\ngo 1.24\n\nrequire (\n".to_owned() + &many(300, &|_| "x y z\n".to_owned()) + ")\n",
        ),
    ];
    for (format, text) in inputs {
        let (_, costs) = read(format, format, &text, &none);
        let is_told = costs.iter().any(|cost| *cost != Cost::Nothing);
        assert!(
            is_told,
            "{format}: {}",
            text.chars().take(200).collect::<String>()
        );
    }
    // A package below more folders than Node would ever look through is not found, and that is told.
    let deep = "node_modules/a/".repeat(120);
    let text = format!(
        "{{\"lockfileVersion\": 3, \"packages\": {{\"node_modules/b\": {{\"version\": \"1.0.0\"}}, \
         \"{deep}node_modules/c\": {{\"version\": \"1.0.0\", \"dependencies\": {{\"b\": \"1\"}}}}}}}}"
    );
    assert_eq!(npm(&text, &none).1, [Cost::Blind]);
    let mut workspace = MemoryTree::of([("go.mod", "module m\n\ngo 1.24\n")]);
    let uses = many(513, &|number| format!("use ./m{number}\n"));
    workspace.insert(
        &tree_path("go.work"),
        format!("go 1.24\n\nuse .\n{uses}").as_bytes(),
    );
    let (_, costs) = read("go.mod", "go.mod", "module m\n\ngo 1.24\n", &workspace);
    assert!(costs.contains(&Cost::Blind), "{costs:?}");
    let mut parents = MemoryTree::of([]);
    for number in 0..70 {
        let parent = format!(
            "<project><modelVersion>4.0.0</modelVersion><parent><groupId>g</groupId><artifactId>a{}</artifactId><version>1</version>\
             <relativePath>../p{}</relativePath></parent><artifactId>a{number}</artifactId><packaging>pom</packaging></project>",
            number + 1,
            number + 1
        );
        parents.insert(&tree_path(&format!("p{number}/pom.xml")), parent.as_bytes());
    }
    let first = String::from_utf8(parents.files().next().expect("a pom").1.to_vec()).expect("UTF-8");
    let (_, costs) = read("pom.xml", "p0/pom.xml", &first, &parents);
    assert!(costs.contains(&Cost::Blind), "{costs:?}");
    let mut lines = MemoryTree::of([]);
    for depth in 0..10 {
        let folder = "d/".repeat(depth);
        lines.insert(
            &tree_path(&format!("{folder}.mvn/maven.config")),
            format!("-Dx{depth}=1\n").as_bytes(),
        );
        lines.insert(&tree_path(&format!("{folder}pom.xml")), pom("").as_bytes());
    }
    let (_, costs) = read("pom.xml", &format!("{}pom.xml", "d/".repeat(9)), &pom(""), &lines);
    assert!(costs.contains(&Cost::Blind), "{costs:?}");
    let mut includes = MemoryTree::of([]);
    for number in 0..300 {
        includes.insert(
            &tree_path(&format!("i{number}.list")),
            format!("-r i{}.list\n", number + 1).as_bytes(),
        );
    }
    let (_, costs) = read("requirements.txt", "requirements.txt", "-r i0.list\n", &includes);
    assert!(costs.contains(&Cost::Blind), "{costs:?}");
}

#[test]
fn what_is_damaged_inside_is_told() {
    let none = MemoryTree::of([]);
    for (format, text) in [
        ("requirements.txt", "alpha==1.0 # a\0\nbeta==1.0\n"),
        ("requirements.txt", "alpha==1.0 # via x\0beta==1.0\n"),
        (
            "go.mod",
            "module m\n\ngo 1.24\n\nrequire example.com/a v1.0.0 // \0\n",
        ),
        ("Cargo.lock", "version = 4\n# \0\n"),
        (
            "pom.xml",
            "<project><modelVersion>4.0.0</modelVersion><groupId>g</groupId><artifactId>a</artifactId><version>1</version><build>\
             <plugins><plugin><version>1</version></plugin></plugins></build></project>",
        ),
    ] {
        let (_, costs) = read(format, format, text, &none);
        assert!(costs.contains(&Cost::Blind), "{format} {text:?}: {costs:?}");
    }
}

#[test]
fn core_extensions_of_maven_are_packages_of_the_build() {
    let pom = "<project><modelVersion>4.0.0</modelVersion><groupId>g</groupId><artifactId>a</artifactId><version>1</version></project>";
    let file = |inside: &str| MemoryTree::of([(".mvn/extensions.xml", inside)]);
    let extension = "<extensions><extension><groupId>g</groupId><artifactId>x</artifactId><version>1.5</version></extension></extensions>";
    assert_eq!(
        read("pom.xml", "pom.xml", pom, &file(extension)),
        (vec!["g:x 1.5 build".to_owned()], vec![])
    );
    for (text, cost) in [
        (extension.replace("1.5", "${v}"), Cost::Partial),
        (extension.replace("1.5", "[1,2)"), Cost::Partial),
        (extension.replace("<artifactId>x</artifactId>", ""), Cost::Blind),
        (extension.replace("</extensions>", ""), Cost::Blind),
    ] {
        assert!(
            read("pom.xml", "pom.xml", pom, &file(&text)).1.contains(&cost),
            "{text}"
        );
    }
    // Each build starts in a folder of its own.
    assert_eq!(
        read("pom.xml", "sub/pom.xml", pom, &file(extension)).0,
        Vec::<String>::new()
    );
}

#[test]
fn what_the_project_itself_asks_for_is_a_gap_where_it_is_not_listed() {
    let standard =
        "[project]\nname = \"own\"\ndependencies = [\"alpha==1.0\", \"Beta>=2; python_version > '3'\"]\n";
    let poetry = "[tool.poetry.dependencies]\npython = \"*\"\nalpha = \"1.0\"\nbeta = \"*\"\n";
    for (file, manifest) in [
        ("pyproject.toml", standard),
        ("pyproject.toml", poetry),
        ("setup.py", "setup(install_requires=['alpha==1.0'])"),
        ("setup.cfg", "[options]\ninstall_requires = alpha==1.0\n"),
    ] {
        let tree = MemoryTree::of([(file, manifest)]);
        for text in ["-e .\n", ".\n", "-e .[dev]\n", "-e file:.\n"] {
            for path in ["requirements.txt", "requirements/dev.txt"] {
                assert_eq!(
                    read("requirements.txt", path, text, &tree).1,
                    [Cost::Partial],
                    "{manifest} {text} {path}"
                );
            }
        }
        let listed = "-e .\nalpha==1.0\nbeta==2.1\n";
        assert_eq!(
            read("requirements.txt", "requirements.txt", listed, &tree).1,
            [],
            "{manifest}"
        );
        assert_eq!(
            read("requirements.txt", "requirements.txt", "gamma==1.0\n", &tree).1,
            [],
            "{manifest}"
        );
    }
    let half = MemoryTree::of([("pyproject.toml", standard)]);
    assert_eq!(
        read(
            "requirements.txt",
            "requirements.txt",
            "-e .\nalpha==1.0\n",
            &half
        )
        .1,
        [Cost::Partial]
    );
}

#[test]
fn halves_of_a_package_lock_that_are_written_twice_are_blind() {
    let none = MemoryTree::of([]);
    for text in [
        "{\"lockfileVersion\": 3, \"packages\": {\"node_modules/a\": {\"version\": \"1.0.0\"}}, \"packages\": {}}",
        "{\"lockfileVersion\": 1, \"dependencies\": {\"a\": {\"version\": \"1.0.0\"}}, \"dependencies\": {}}",
        "{\"lockfileVersion\": 1, \"packages\": {}, \"lockfileVersion\": 3}",
    ] {
        assert_eq!(npm(text, &none).1, [Cost::Blind], "{text}");
    }
}

/// npm installs what is at an address, whatever the entry says. One that does not say which package that is may hold any.
#[test]
fn an_address_that_does_not_say_its_package_is_a_gap() {
    let of = |name: &str, version: &str, resolved: &str| {
        let text = format!(
            r#"{{"lockfileVersion": 3, "packages": {{"": {{"dependencies": {{"{name}": "1"}}}},
               "node_modules/{name}": {{"version": "{version}", "resolved": "{resolved}"}}}}}}"#
        );
        npm(&text, &MemoryTree::of([]))
    };
    for (name, version, resolved) in [
        ("kiln", "1.0.0", "https://x.example/kiln.tgz"),
        ("kiln", "1.0.0", "https://x.example/other.tgz"),
        (
            "kiln",
            "1.0.0",
            "https://x.example/other/download/other-1.0.0.tgz",
        ),
        (
            "kiln",
            "2.0.0",
            "https://x.example/download/kiln/1.0.0/kiln-1.0.0.tgz",
        ),
        ("kiln", "1.0.0", "https://x.example/download/@acme/kiln/1.0.0/ab"),
        ("@acme/kiln", "1.0.0", "https://x.example/download/kiln/1.0.0/ab"),
        ("kiln", "1.0.0", "https://x.example/other.tgz?/kiln/1.0.0"),
        ("kiln", "1.0.0", "https://x.example/1.0.0/kiln/other.tgz"),
        ("kiln", "1.0.0", "odd:kiln"),
    ] {
        let (packages, costs) = of(name, version, resolved);
        // What the entry says is matched all the same.
        assert_eq!(packages, [format!("{name} {version} runtime")], "{resolved}");
        assert_eq!(costs, [Cost::Partial], "{resolved}");
    }
    for (name, version, resolved) in [
        ("kiln", "1.0.0", "https://x.example/a/kiln/-/kiln-1.0.0.tgz"),
        (
            "kiln",
            "1.0.0",
            "https://x.example/kiln/download/kiln-1.0.0.tgz?cache=0",
        ),
        (
            "@acme/kiln",
            "1.0.0",
            "https://x.example/download/@acme/kiln/1.0.0/0f0f",
        ),
        (
            "@acme/kiln",
            "1.0.0",
            "https://x.example/~/11/%40acme/kiln/1.0.0.tgz",
        ),
        ("kiln", "1.0.0+b", "https://x.example/kiln/kiln-1.0.0.tgz"),
        ("kiln", "1.0.0", ""),
    ] {
        let (packages, costs) = of(name, version, resolved);
        assert_eq!(
            (packages, costs),
            (vec![format!("{name} {version} runtime")], vec![]),
            "{resolved}"
        );
    }
    // One gap a file, with the first names.
    let entries: Vec<String> = (0..30)
        .map(|number| format!(r#""node_modules/p{number:02}": {{"version": "1.0.0", "resolved": "https://x.example/{number}"}}"#))
        .collect();
    let text = format!(
        r#"{{"lockfileVersion": 3, "packages": {{"": {{}}, {}}}}}"#,
        entries.join(",")
    );
    let format = lockfile::format("package-lock.json").expect("the format");
    let reading = lockfile::read(
        format,
        &tree_path("package-lock.json"),
        text.as_bytes(),
        &MemoryTree::of([]),
    );
    let messages: Vec<&str> = reading
        .parsed
        .problems
        .iter()
        .map(|problem| &*problem.message)
        .collect();
    assert_eq!(
        messages,
        [
            "30 packages come from addresses that do not say which package is there: p00, p01, p02, p03, p04, p05, p06, p07, p08, p09 and 20 more"
        ]
    );
}

/// In version 1 the field of the version is the address, and says what is installed.
#[test]
fn an_alias_of_version_1_by_its_address_is_what_the_address_says() {
    let of = |version: &str| {
        let text =
            format!(r#"{{"lockfileVersion": 1, "dependencies": {{"alias": {{"version": "{version}"}}}}}}"#);
        npm(&text, &MemoryTree::of([])).0
    };
    assert_eq!(
        of("https://x.example/kiln/-/kiln-1.0.0.tgz"),
        ["kiln 1.0.0 runtime"]
    );
    assert_eq!(
        of("https://x.example/@acme/kiln/-/kiln-1.0.0.tgz"),
        ["@acme/kiln 1.0.0 runtime"]
    );
    assert_eq!(of("npm:kiln@1.0.0"), ["kiln 1.0.0 runtime"]);
    let other = "https://x.example/kiln.tgz";
    assert_eq!(of(other), [format!("alias {other} runtime")]);
}

#[test]
fn a_requirements_lock_of_helm_is_none_of_pip() {
    let text = "dependencies:\n- name: redis\n  repository: https://registry.example/charts\n  version: 18.1.0\n\
                digest: sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\ngenerated: \"2024-01-01T00:00:00Z\"\n";
    let tree = MemoryTree::of([]);
    let helm = read("requirements.txt", "requirements.lock", text, &tree);
    assert_eq!(helm, (vec!["redis 18.1.0".to_owned()], Vec::new()));
    // What pip reads begins otherwise.
    let (_, costs) = read(
        "requirements.txt",
        "requirements.lock",
        "left==1.0.0\ndependencies:\n",
        &tree,
    );
    assert!(costs.contains(&Cost::Blind), "{costs:?}");
}
