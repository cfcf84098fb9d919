//! Go's module proxies: what is asked, and what the bytes mean.

use std::io::{Cursor, Write as _};
use std::sync::Arc;

use lockkeeper::lockfile::go_mod::archive::GoArchive;
use lockkeeper::model::{Part, Query, Release};
use lockkeeper::registry::go::Go;
use lockkeeper::registry::{Answer, Client, Detail, Endpoint, PackageError, Question, Reach, Registry as _};
use lockkeeper::sys::web::{Address, Web};

use crate::support::server::Server;
use crate::sys::web::settings;

fn ask(server: &Server, queries: &[Query]) -> Vec<Result<Arc<Answer>, PackageError>> {
    let client = Client::new(Arc::new(Web::new(settings())), None, Reach::Network);
    let questions = queries.iter().map(|query| Question {
        query: query.clone(),
        endpoints: vec![Endpoint {
            base: Address::parse(&server.address("/proxy")).unwrap(),
            credential: None,
        }],
        detail: Detail::Installing,
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime
        .unwrap()
        .block_on(Arc::new(client).ask(&Go, questions.collect()))
}

fn release(answer: &Result<Arc<Answer>, PackageError>) -> &Release {
    match answer {
        Ok(answer) => &answer.releases[0],
        Err(error) => panic!("{error}"),
    }
}

pub(crate) fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        let options = zip::write::SimpleFileOptions::default();
        zip.start_file(*name, options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

const MODULE: &str = "github.com/Azure/a";

#[test]
fn each_part_is_asked_for_under_its_escaped_name() {
    let server = Server::start();
    let folder = "/proxy/github.com/!azure/a/@v";
    server.put(
        &format!("{folder}/list"),
        "v1.0.0\nv1.1.0-RC.1\nv2.0.0+incompatible 2020-01-01T00:00:00Z\nv1\n\n",
    );
    let file = format!("module {MODULE}\n\ngo 1.21\n");
    server.put(&format!("{folder}/v1.1.0-!r!c.1.mod"), file.as_str());
    server.put(
        &format!("{folder}/v1.1.0-!r!c.1.info"),
        r#"{"Version":"v1.1.0-RC.1","Time":"2024-02-03T04:05:06Z"}"#,
    );
    let archive = zip(&[
        ("github.com/Azure/a@v1.1.0-RC.1/go.mod", file.as_bytes()),
        (
            "github.com/Azure/a@v1.1.0-RC.1/a.go",
            b"package a\nimport \"b.example/b\"\n",
        ),
        (
            "github.com/Azure/a@v1.1.0-RC.1/c/c_test.go",
            b"package c\nimport \"d.example/d\"\n",
        ),
    ]);
    server.put(&format!("{folder}/v1.1.0-!r!c.1.zip"), archive);
    let sums =
        "1\ngithub.com/Azure/a v1.1.0-RC.1 h1:x=\ngithub.com/Azure/a v1.1.0-RC.1/go.mod h1:y=\n\nnote\n";
    server.put("/proxy/lookup/github.com/!azure/a@v1.1.0-!r!c.1", sums);
    let version = "v1.1.0-RC.1";
    let answers = ask(
        &server,
        &[
            Query::versions(MODULE),
            Query::metadata(MODULE, version),
            Query::archive(MODULE, version),
            Query::time(MODULE, version),
            Query::proof(MODULE, version),
        ],
    );
    let listed: Vec<&str> = answers[0]
        .as_ref()
        .unwrap()
        .releases
        .iter()
        .map(|one| &*one.version)
        .collect();
    assert_eq!(listed, ["v1.0.0", "v1.1.0-RC.1", "v2.0.0+incompatible"]);
    assert_eq!(&*release(&answers[1]).document, file);
    let archive = GoArchive::read(&release(&answers[2]).document).unwrap();
    assert!(archive.packages[""].imports.contains("b.example/b"));
    assert!(archive.packages["c"].tests.contains("d.example/d"));
    // As `golang.org/x/mod/sumdb/dirhash` has it.
    assert_eq!(archive.hash, "h1:qFAxxe0HVDm8bqZX03SOfbuS1LAAFJPZMctbGMPP/ns=");
    assert_eq!(
        release(&answers[3]).published.unwrap().to_string(),
        "2024-02-03T04:05:06Z"
    );
    assert_eq!(&*release(&answers[4]).document, sums);
}

#[test]
fn hostile_answers_are_refused() {
    let part = |part: &Part, bytes: &[u8]| Go.read_part(MODULE, part, None, bytes).unwrap_err();
    let version = || "v1.0.0".into();
    let archive = Part::Archive(version());
    let inside = "github.com/Azure/a@v1.0.0/a.go";
    for (files, reason) in [
        (vec!["../a.go"], "it holds \"../a.go\""),
        (vec!["github.com/Azure/a@v1.0.1/a.go"], "it holds"),
        (vec!["github.com/Azure/a@v1.0.0/"], "it holds"),
        (vec!["github.com/Azure/a@v1.0.0/a\nb.go"], "it holds"),
    ] {
        let files: Vec<(&str, &[u8])> = files.iter().map(|name| (*name, &b"x"[..])).collect();
        let error = part(&archive, &zip(&files));
        assert!(error.contains(reason), "{error}");
    }
    assert!(part(&archive, b"PK").starts_with("no archive of a module"));
    let mut cut = zip(&[(inside, b"package a")]);
    cut.truncate(cut.len() / 2);
    assert!(part(&archive, &cut).starts_with("no archive of a module"));
    assert_eq!(
        part(&Part::Metadata(version()), b"<html>"),
        "no go.mod: there is no module directive"
    );
    assert_eq!(
        part(&Part::Metadata(version()), b"\xff"),
        "no go.mod: it is not UTF-8"
    );
    assert!(part(&Part::Time(version()), b"{}").starts_with("not what a proxy says"));
    assert_eq!(
        part(&Part::Time(version()), br#"{"Version":"v9.0.0"}"#),
        "it answers for \"v9.0.0\""
    );
    assert_eq!(
        part(&Part::Proof(version()), b"1\nother.example v1.0.0 h1:x=\n"),
        "no record of github.com/Azure/a v1.0.0"
    );
    assert!(Go.read(MODULE, b"<html>").is_err());
    let base = Address::parse("https://proxy.example/").unwrap();
    for (path, version) in [
        ("../x", "v1.0.0"),
        ("a//b", "v1.0.0"),
        ("a", "../v1"),
        ("ä.example", "v1.0.0"),
    ] {
        for part in [
            Part::Metadata(version.into()),
            Part::Archive(version.into()),
            Part::Proof(version.into()),
        ] {
            assert!(
                Go.part_address(&base, path, &part, None).is_err(),
                "{path} {version}"
            );
        }
    }
}
