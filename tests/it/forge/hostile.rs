//! What a forge gives that nobody would give in good faith: names of refs, ids of another kind, listings without end, lists
//! that lead back to themselves.

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use lockkeeper::forge::{Forge, RepositoryName, Site, gitea};
use lockkeeper::git::refs::Prefer;
use lockkeeper::git::remote::{Object, Remote, RemoteRefs};
use lockkeeper::git::tree_listing::{ListedFile, trees};
use lockkeeper::git::{RemoteError, TrackedKind};
use lockkeeper::remote::ForgeRemote;
use lockkeeper::scan::discover::{Root, discover};
use lockkeeper::sys::web::{self, Address, Web};
use serde_json::{Value, json};

use crate::support::program::{Sandbox, cargo_lock, git};
use crate::support::server::Server;
use crate::sys::web::{Waits, settings};

const ID: &str = "0123456789012345678901234567890123456789";

/// A Gitea that answers whatever it was told to.
struct Liar {
    server: Server,
}

impl Liar {
    fn new() -> Self {
        let liar = Self {
            server: Server::start(),
        };
        liar.says("", &json!({"default_branch": "main"}));
        liar.server
            .put("/api/v1/version", json!({"version": "1.27.3"}).to_string());
        liar.says("/branches?limit=50", &json!([]));
        liar.says("/tags?limit=50", &json!([]));
        liar
    }

    fn says(&self, path: &str, answer: &Value) {
        self.server
            .put(&format!("/api/v1/repos/acme/shop{path}"), answer.to_string());
    }

    fn forge(&self) -> Box<dyn Forge> {
        let site = Site {
            web: Arc::new(Web::with_timer(settings(), Box::new(Waits::default()))),
            api: Address::parse(&self.server.address("/api/v1")).expect("an address"),
            graphql: None,
            repository: RepositoryName::parse("acme/shop").expect("a name"),
            token: None,
        };
        (gitea::KIND.connect)(site).expect("a forge")
    }

    fn refs(&self) -> Result<RemoteRefs, RemoteError> {
        ForgeRemote::new(self.forge(), web::runtime().expect("a runtime"), 1 << 20).refs()
    }
}

fn branch(name: &str) -> Value {
    json!({"name": name, "commit": {"id": ID, "timestamp": "2026-01-01T00:00:00Z"}})
}

#[test]
fn a_name_that_git_would_refuse_is_no_ref() {
    let liar = Liar::new();
    let good = ["main", "release/1.0", "ümlaut", "a-b_c.d", "1.x"];
    let named: Vec<Value> = good.iter().map(|name| branch(name)).collect();
    liar.says("/branches?limit=50", &json!(named));
    let refs = liar.refs().expect("refs").refs;
    assert_eq!(refs.len(), good.len());
    assert_eq!(refs[1].0, "refs/heads/release/1.0");
    let long = "x".repeat(2_000);
    for bad in [
        "",
        "a\nverdict=pass",
        "a\u{1b}[2J",
        "../../etc/x",
        "a/../b",
        "a//b",
        "/a",
        "a/",
        "a b",
        "a.lock",
        "x/.hidden",
        "a@{1}",
        "a~1",
        "a^",
        "a:b",
        "a*",
        "a\\b",
        "a[b",
        "a?",
        "ends.",
        &long,
    ] {
        liar.says("/branches?limit=50", &json!([branch("main"), branch(bad)]));
        let told = liar.refs().expect_err(bad).to_string();
        assert_eq!(told, "it names a ref that git would not", "{bad:?}");
        let tag = json!({"name": bad, "id": ID, "commit": {"sha": ID, "created": "2026-01-01T00:00:00Z"}});
        liar.says("/branches?limit=50", &json!([branch("main")]));
        liar.says("/tags?limit=50", &json!([tag]));
        assert!(liar.refs().is_err(), "tag {bad:?}");
        liar.says("/tags?limit=50", &json!([]));
    }
}

#[test]
fn a_list_that_leads_back_is_no_list() {
    for page in ["1", "0", "2"] {
        let liar = Liar::new();
        let next = liar
            .server
            .address(&format!("/api/v1/repos/acme/shop/branches?limit=50&page={page}"));
        // The header goes with the tag of the file.
        let headers = format!("\"x\"\r\nLink: <{next}>; rel=\"next\"");
        for path in ["", "&page=2"] {
            liar.server.put_tagged(
                &format!("/api/v1/repos/acme/shop/branches?limit=50{path}"),
                json!([branch("main")]).to_string(),
                Some(&headers),
            );
        }
        liar.server.hits();
        let told = liar.refs().expect_err(page).to_string();
        assert!(told.contains("longer than what is read"), "{page}: {told}");
        assert!(
            liar.server.hits().len() <= 5,
            "{page}: each page is asked for once"
        );
    }
}

/// Gives refs, and whatever object it is asked for.
struct Other(Vec<(String, String, Timestamp)>);

impl Remote for Other {
    fn refs(&self) -> Result<RemoteRefs, RemoteError> {
        Ok(RemoteRefs {
            refs: self.0.clone(),
            default: None,
        })
    }

    fn object(&self, _: &str) -> Result<Option<Object>, RemoteError> {
        Ok(Some(Object::commit(&"ab".repeat(32), &[], Timestamp::UNIX_EPOCH)))
    }
}

#[test]
fn an_id_of_another_kind_of_hash_names_nothing() {
    let sandbox = Sandbox::new();
    sandbox.git(&["init", "-q"]);
    sandbox.write("Cargo.lock", cargo_lock(&[]));
    for message in ["first", "second"] {
        sandbox.write("notes.md", message);
        sandbox.git(&["add", "-A"]);
        sandbox.git(&["commit", "-qm", message]);
    }
    let clone = sandbox.path("clone");
    let source = format!("file://{}", sandbox.work().display());
    git(
        Path::new("/"),
        &[
            "clone",
            "-q",
            "--depth=1",
            &source,
            clone.to_str().expect("a path"),
        ],
    );
    let found = discover(&Root::Path(clone), 1 << 20).expect("a tree");
    let repository = found.repository.expect("a repository");
    let now = Timestamp::UNIX_EPOCH;
    let refs = ["ab".repeat(32), "cd".repeat(20), "no id".into(), "AB".repeat(8)]
        .into_iter()
        .enumerate()
        .map(|(number, id)| (format!("refs/heads/further-{number}"), id, now));
    repository.set_remote(Arc::new(Other(refs.collect())));
    let refs = repository.refs(Prefer::Remote).expect("refs");
    let told = format!("{refs:?}");
    assert!(told.contains("further-1"), "{told}");
    for number in [0, 2, 3] {
        assert!(!told.contains(&format!("further-{number}")), "{told}");
    }
}

#[test]
fn a_short_listing_of_very_many_folders_is_refused() {
    let deep = vec!["f"; 100].join("/");
    let listed = |number: usize| ListedFile {
        path: format!("{number}/{deep}/x"),
        kind: TrackedKind::File,
        is_program: false,
        id: ID.into(),
    };
    let told = |count: usize| {
        let listing: Vec<ListedFile> = (0..count).map(listed).collect();
        trees(ID, &listing).expect_err("no such tree").to_string()
    };
    assert_eq!(told(5_000), "a listing names more folders than are read");
    assert_eq!(told(50), "a listing of files is not that of its tree");
    let one = |path: String| {
        let listing = [ListedFile { path, ..listed(0) }];
        trees(ID, &listing).expect_err("no such tree").to_string()
    };
    assert_eq!(
        one(vec!["d"; 2_100].join("/")),
        "a listing holds a path that git would not"
    );
    // As deep as is read, on the stack of a usual thread.
    let deepest = ListedFile {
        path: vec!["d"; 2_000].join("/"),
        ..listed(0)
    };
    let read = std::thread::Builder::new()
        .stack_size(2 << 20)
        .spawn(move || trees(ID, &[deepest]).expect_err("no such tree").to_string())
        .expect("a thread");
    assert_eq!(
        read.join().expect("no panic"),
        "a listing of files is not that of its tree"
    );
}
