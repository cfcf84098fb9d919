//! A repository of npm with release lines that differ, its registry, and an index that knows flaws of `cookie` and `jar`.

use serde_json::{Map, Value, json};

use super::program::{Sandbox, record};
use super::server::Server;

pub(crate) const NOW: &str = "2026-02-01T00:00:00Z";

/// Versions of each package that the registry has.
const RELEASES: [(&str, &[&str]); 3] = [
    ("cookie", &["1.0.0", "1.0.1", "1.0.2"]),
    ("jar", &["1.0.0", "1.0.4", "2.0.0"]),
    ("lid", &["1.0.0"]),
];

/// The repository and what is around it.
pub(crate) struct ReleaseLines {
    pub(crate) sandbox: Sandbox,
    pub(crate) registry: Server,
    pub(crate) index: String,
}

/// The text of `app/package-lock.json` with these packages, which the project asks for from version 1 on.
pub(crate) fn lockfile(registry: &str, packages: &[(&str, &str)]) -> String {
    let needs: Map<String, Value> = packages
        .iter()
        .map(|(name, _)| ((*name).to_owned(), json!("^1.0.0")))
        .collect();
    let mut entries = Map::new();
    entries.insert(
        String::new(),
        json!({"name": "shop", "version": "1.0.0", "dependencies": needs}),
    );
    for (name, version) in packages {
        let archive = format!("{registry}/{name}/-/{name}-{version}.tgz");
        let integrity = format!("sha512-{name}-{version}");
        entries.insert(
            format!("node_modules/{name}"),
            json!({"version": version, "resolved": archive, "integrity": integrity}),
        );
    }
    let lockfile = json!({
        "name": "shop", "version": "1.0.0", "lockfileVersion": 3, "requires": true, "packages": entries,
    });
    format!("{}\n", serde_json::to_string_pretty(&lockfile).expect("JSON"))
}

impl ReleaseLines {
    /// `main` locks both packages in affected versions: `cookie` has a fix in range, `jar` in the next major version only.
    pub(crate) fn new() -> Self {
        let (sandbox, registry) = (Sandbox::new(), Server::start());
        let address = registry.address("");
        for (name, versions) in RELEASES {
            let release = |version: &&str| {
                let archive = format!("{address}/{name}/-/{name}-{version}.tgz");
                let dist = json!({"integrity": format!("sha512-{name}-{version}"), "tarball": archive});
                let document = json!({"name": name, "version": version, "dist": dist});
                ((*version).to_owned(), document)
            };
            let versions: Map<String, Value> = versions.iter().map(release).collect();
            let document = json!({"name": name, "versions": versions});
            registry.put(&format!("/{name}"), document.to_string());
        }
        let records = [
            record("GHSA-cookie", "npm", "cookie", "1.0.0", Some("1.0.1")),
            record("GHSA-jar", "npm", "jar", "1.0.0", Some("2.0.0")),
        ];
        let index = sandbox.index("index.lkdb", &records, NOW);
        sandbox.git(&["init", "-q", "-b", "main"]);
        let lines = Self {
            sandbox,
            registry,
            index,
        };
        lines.commit(&[("cookie", "1.0.0"), ("lid", "1.0.0")]);
        lines
    }

    /// Commits a lockfile of these packages where the checkout is, with a workflow of that branch's own.
    pub(crate) fn commit(&self, packages: &[(&str, &str)]) {
        self.lock(packages);
        let branch = self.sandbox.git(&["symbolic-ref", "--short", "HEAD"]);
        let workflow = format!("# {branch}\non: push\n");
        self.sandbox.write(".github/workflows/ci.yml", workflow);
        self.sandbox.git(&["add", "-A"]);
        self.sandbox.git(&["commit", "-qm", "Lock"]);
    }

    /// Writes a manifest and a lockfile of these packages.
    pub(crate) fn lock(&self, packages: &[(&str, &str)]) {
        let needs: Map<String, Value> = packages
            .iter()
            .map(|(name, _)| ((*name).to_owned(), json!("^1.0.0")))
            .collect();
        let manifest = json!({"name": "shop", "version": "1.0.0", "dependencies": needs});
        self.sandbox.write("app/package.json", format!("{manifest:#}\n"));
        let text = lockfile(&self.registry.address(""), packages);
        self.sandbox.write("app/package-lock.json", text);
    }

    /// A branch from the first commit that locks these packages. `main` is checked out afterwards.
    pub(crate) fn line(&self, name: &str, packages: &[(&str, &str)]) {
        let first = self.sandbox.git(&["rev-list", "--max-parents=0", "HEAD"]);
        self.sandbox.git(&["checkout", "-q", "-b", name, &first]);
        self.sandbox.write("LINE", format!("{name}\n"));
        self.commit(packages);
        self.sandbox.git(&["checkout", "-q", "main"]);
    }

    /// Commits a policy on `main`.
    pub(crate) fn policy(&self, text: &str) {
        self.sandbox.write("lockkeeper.yml", text);
        self.sandbox.git(&["add", "-A"]);
        self.sandbox.git(&["commit", "-qm", "Decide"]);
    }

    /// What the registry was asked for since the last call.
    pub(crate) fn asked(&self) -> Vec<String> {
        let hits = self.registry.hits().into_iter();
        hits.map(|hit| hit.path).collect()
    }
}
