//! What an index of Python packages says, over real HTTP.

use std::io::Write as _;
use std::sync::Arc;

use lockkeeper::model::{Query, Release};
use lockkeeper::registry::pypi::PyPi;
use lockkeeper::registry::{Answer, Client, Detail, Endpoint, PackageError, Question, Reach, Registry as _};
use lockkeeper::schema::simple_index::files_of;
use lockkeeper::sys::web::{Address, Web};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::support::server::Server;
use crate::sys::web::settings;

/// An index on this machine, a cache, and who asks.
struct Machine {
    server: Server,
    cache: tempfile::TempDir,
}

impl Machine {
    fn new() -> Self {
        Self {
            server: Server::start(),
            cache: tempfile::tempdir().unwrap(),
        }
    }

    fn put(&self, project: &str, files: &[Value]) {
        let answer = json!({"meta": {"api-version": "1.1"}, "name": project, "files": files});
        self.server
            .put(&format!("/simple/{project}/"), answer.to_string());
    }

    fn file(&self, name: &str, bytes: &[u8]) -> Value {
        self.server.put(&format!("/files/{name}"), bytes.to_vec());
        json!({
            "filename": name,
            "url": format!("../../files/{name}#sha256=no"),
            "hashes": {"sha256": hex::encode(Sha256::digest(bytes))},
            "size": bytes.len(),
        })
    }

    fn ask(&self, reach: Reach, query: Query) -> Result<Arc<Answer>, PackageError> {
        let client = Client::new(
            Arc::new(Web::new(settings())),
            Some(self.cache.path().to_owned()),
            reach,
        );
        let question = Question {
            query,
            endpoints: vec![Endpoint {
                base: Address::parse(&self.server.address("/simple")).unwrap(),
                credential: None,
            }],
            detail: Detail::Installing,
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime
            .block_on(Arc::new(client).ask(&PyPi, vec![question]))
            .pop()
            .unwrap()
    }

    fn one(&self, query: Query) -> Result<Release, String> {
        let answer = self
            .ask(Reach::Network, query)
            .map_err(|error| error.to_string())?;
        Ok(answer.releases[0].clone())
    }

    fn paths(&self) -> Vec<String> {
        self.server.hits().into_iter().map(|hit| hit.path).collect()
    }
}

fn metadata(version: &str) -> String {
    format!(
        "Metadata-Version: 2.1\nName: Kiln\nVersion: {version}\nRequires-Python: >=3.8\nRequires-Dist: Clay[red] (>=1,<2) ; python_version < '3.12'\nProvides-Extra: glaze\nRequires-Dist: enamel; extra == 'glaze'\n\nA kiln.\n"
    )
}

fn wheel(entries: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, text) in entries {
        archive
            .start_file(*name, zip::write::SimpleFileOptions::default())
            .unwrap();
        archive.write_all(text.as_bytes()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

fn source(entries: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = tar::Builder::new(flate2::write::GzEncoder::new(
        Vec::new(),
        flate2::Compression::fast(),
    ));
    for (name, text) in entries {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, name, text.as_bytes()).unwrap();
    }
    archive.into_inner().unwrap().finish().unwrap()
}

fn read(text: &str) -> Result<Answer, String> {
    PyPi.read("kiln", text.as_bytes())
}

#[test]
fn files_are_releases() {
    let file = |name: &str, more: Value| {
        let mut file = json!({"filename": name, "url": format!("https://files.example/{name}"), "hashes": {"sha256": "00"}});
        for (key, value) in more.as_object().unwrap() {
            file[key] = value.clone();
        }
        file
    };
    let answer = json!({"name": "Kiln", "files": [
        file("kiln-1.0.tar.gz", json!({"upload-time": "2023-01-02T00:00:00Z", "requires-python": ">=2.7"})),
        file("kiln-1.0-py3-none-any.whl", json!({"upload-time": "2023-01-01T00:00:00.5Z", "requires-python": ">=3.6", "yanked": "broken"})),
        file("Kiln-1.1rc1.zip", json!({"yanked": true})),
        file("kiln-1.1-0.tar.gz", json!({})),
        file("kiln-1.0.win32.exe", json!({})),
        file("kiln-1.0-py2.7.egg", json!({})),
        file("oven-9.0-py3-none-any.whl", json!({})),
        json!({"filename": "kiln-3.0.tar.gz"}),
        json!(5),
    ]});
    let answer = read(&answer.to_string()).unwrap();
    let shown: Vec<_> = answer
        .releases
        .iter()
        .map(|release| {
            (
                &*release.version,
                files_of(&release.document).len(),
                release.retired.as_deref(),
            )
        })
        .collect();
    assert_eq!(
        shown,
        [("1.0", 2, None), ("1.1.post0", 1, None), ("1.1rc1", 1, Some(""))]
    );
    let first = &answer.releases[0];
    assert_eq!(first.published.unwrap().to_string(), "2023-01-01T00:00:00.5Z");
    assert_eq!(first.toolchain, [("python".into(), ">=3.6".into())]);
}

#[test]
fn what_is_no_answer_says_so() {
    for (text, reason) in [
        (
            "<!DOCTYPE html><a href=x>x</a>",
            "it answers in HTML alone, and JSON (PEP 691) is read",
        ),
        (r#"{"name": "oven", "files": []}"#, "it answers for \"oven\""),
        ("[]", "not what an index says of a project"),
        ("", "not what an index says of a project"),
    ] {
        let error = read(text).unwrap_err();
        assert!(error.starts_with(reason), "{error}");
    }
}

#[test]
fn metadata_lies_beside_a_wheel() {
    let machine = Machine::new();
    let mut file = machine.file("kiln-1.0-py3-none-any.whl", b"never fetched");
    let text = metadata("1.0");
    machine
        .server
        .put("/files/kiln-1.0-py3-none-any.whl.metadata", text.clone());
    file["core-metadata"] = json!({"sha256": hex::encode(Sha256::digest(&text))});
    file["data-dist-info-metadata"] = json!(false);
    machine.put("kiln", &[file.clone()]);
    let release = machine.one(Query::metadata("Kiln", "1.0")).unwrap();
    let needs: Vec<_> = release
        .dependencies
        .iter()
        .map(|need| (&*need.name, &*need.range))
        .collect();
    assert_eq!(needs, [("Clay", ">=1,<2"), ("enamel", "")]);
    assert!(release.document.contains("Provides-Extra: glaze") && !release.document.contains("A kiln."));
    assert_eq!(
        machine.paths(),
        ["/simple/kiln/", "/files/kiln-1.0-py3-none-any.whl.metadata"]
    );
    // It never changes: the cache is enough from then on.
    machine.server.remove("/files/kiln-1.0-py3-none-any.whl.metadata");
    machine.one(Query::metadata("kiln", "1.0")).unwrap();
    machine.ask(Reach::Cache, Query::metadata("kiln", "1.0")).unwrap();
    // Another text than the index says, and that of another version.
    file["core-metadata"] = json!({"sha256": "00"});
    machine
        .server
        .put("/files/kiln-1.0-py3-none-any.whl.metadata", text);
    let other = Machine {
        cache: tempfile::tempdir().unwrap(),
        ..machine
    };
    other.put("kiln", &[file.clone()]);
    let error = other.one(Query::metadata("kiln", "1.0")).unwrap_err();
    assert!(
        error.ends_with("its hash is not the one that the index names"),
        "{error}"
    );
    file["core-metadata"] = json!(true);
    other
        .server
        .put("/files/kiln-1.0-py3-none-any.whl.metadata", metadata("2.0"));
    other.put("kiln", &[file]);
    let error = other.one(Query::metadata("kiln", "1.0")).unwrap_err();
    assert!(
        error.ends_with("its metadata is that of version \"2.0\""),
        "{error}"
    );
}

#[test]
fn without_metadata_the_smallest_wheel_says_it() {
    let machine = Machine::new();
    let text = metadata("1.0");
    let small = wheel(&[("kiln/METADATA", "no"), ("Kiln-1.0.dist-info/METADATA", &text)]);
    let large = vec![b' '; small.len() + 1];
    let mut files = [
        machine.file("kiln-1.0-cp311-cp311-linux_x86_64.whl", &large),
        machine.file("kiln-1.0-py3-none-any.whl", &small),
    ];
    for file in &mut files {
        file["core-metadata"] = json!(false);
    }
    machine.put("kiln", &files);
    let error = machine.one(Query::metadata("kiln", "1.0")).unwrap_err();
    assert_eq!(
        error,
        "kiln: the index has no metadata beside a wheel of kiln 1.0"
    );
    machine.paths();
    let release = machine.one(Query::archive("kiln", "1.0")).unwrap();
    assert_eq!(release.document.lines().count(), 7);
    assert_eq!(machine.paths()[1], "/files/kiln-1.0-py3-none-any.whl");
    // A wheel that is another one than the index names.
    machine.server.put("/files/kiln-1.0-py3-none-any.whl", large);
    let other = Machine {
        cache: tempfile::tempdir().unwrap(),
        ..machine
    };
    let error = other.one(Query::archive("kiln", "1.0")).unwrap_err();
    assert!(
        error.ends_with("its hash is not the one that the index names"),
        "{error}"
    );
    for broken in [
        Vec::new(),
        b"PK\x03\x04".to_vec(),
        wheel(&[("x/y.dist-info/METADATA", &text)]),
    ] {
        let mut file = other.file("kiln-1.0-py3-none-any.whl", &broken);
        file["core-metadata"] = json!(false);
        other.put("kiln", &[file]);
        assert!(
            other
                .one(Query::archive("kiln", "1.0"))
                .unwrap_err()
                .contains("the wheel")
        );
    }
}

#[test]
fn a_source_distribution_says_it_only_where_a_build_cannot_change_it() {
    let machine = Machine::new();
    let told = metadata("1.0").replace("2.1", "2.2");
    let dynamic = told.replace("Requires-Python", "Dynamic: requires-dist\nRequires-Python");
    for (text, is_known) in [
        (told.as_str(), true),
        (&dynamic, false),
        (&metadata("1.0"), false),
    ] {
        let archive = source(&[("kiln-1.0/src/PKG-INFO", "no"), ("kiln-1.0/PKG-INFO", text)]);
        machine.put("kiln", &[machine.file("kiln-1.0.tar.gz", &archive)]);
        let machine = Machine {
            cache: tempfile::tempdir().unwrap(),
            server: Server::start(),
        };
        machine.put("kiln", &[machine.file("kiln-1.0.tar.gz", &archive)]);
        let found = machine.one(Query::archive("kiln", "1.0"));
        assert_eq!(found.is_ok(), is_known, "{found:?}");
        if let Err(error) = found {
            assert!(
                error.ends_with("what it needs is known only after its code was run"),
                "{error}"
            );
        }
    }
    machine.put(
        "kiln",
        &[json!({"filename": "kiln-1.0-py3-none-any.whl", "url": "x", "size": 1u64 << 40})],
    );
    let error = machine.one(Query::archive("kiln", "1.0")).unwrap_err();
    assert!(
        error.contains("has 1048576 MiB, and at most 48 are fetched"),
        "{error}"
    );
    let error = machine.one(Query::archive("kiln", "2.0")).unwrap_err();
    assert_eq!(error, "kiln: the registry does not have kiln 2.0");
}
