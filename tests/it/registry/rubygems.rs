//! What a registry of gems says, over real HTTP.

use std::sync::Arc;

use lockkeeper::model::{Query, Release};
use lockkeeper::registry::rubygems::Rubygems;
use lockkeeper::registry::{Answer, Client, Detail, Endpoint, PackageError, Question, Reach};
use lockkeeper::sys::web::{Address, Web};

use crate::support::server::Server;
use crate::sys::web::settings;

fn ask(server: &Server, query: Query) -> Result<Arc<Answer>, PackageError> {
    let question = Question {
        query,
        endpoints: vec![Endpoint {
            base: Address::parse(&server.address("/gems/")).unwrap(),
            credential: None,
        }],
        detail: Detail::Times,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let client = Arc::new(Client::new(Arc::new(Web::new(settings())), None, Reach::Network));
    runtime
        .block_on(client.ask(&Rubygems, vec![question]))
        .pop()
        .unwrap()
}

#[test]
fn a_version_has_all_of_its_variants() {
    let server = Server::start();
    let (one, two) = ("a".repeat(64), "b".repeat(64));
    server.put(
        "/gems/info/noko",
        format!(
            "---\n1.1 mini:~> 2.8.2,racc:>= 1.4&< 2|checksum:{one},ruby:>= 3.0,created_at:2024-01-02T00:00:00Z\n1.1-x86_64-linux racc:>= 1.4&< 2|checksum:{two},ruby:>= 3.0,created_at:2024-01-03T00:00:00Z\n1.0 |checksum:{one}\nx |checksum:{one}\n1.2 |checksum:no\n"
        ),
    );
    let answer = ask(&server, Query::versions("noko")).unwrap();
    let versions: Vec<&str> = answer.releases.iter().map(|release| &*release.version).collect();
    assert_eq!(versions, ["1.0", "1.1"]);
    let release: &Release = &answer.releases[1];
    assert_eq!(release.published.unwrap().to_string(), "2024-01-03T00:00:00Z");
    assert_eq!(release.dependencies.len(), 2);
    assert_eq!(&*release.toolchain[0].1, ">= 3.0");
    assert_eq!(release.document.lines().count(), 2);
    assert_eq!(answer.releases[0].published, None);
    assert_eq!(answer.notes.len(), 2, "{:?}", answer.notes);
}

#[test]
fn the_time_is_asked_for_where_the_index_does_not_say_it() {
    let server = Server::start();
    let time = Query::time("a", "1.0");
    server.put(
        "/gems/api/v2/rubygems/a/versions/1.0.json",
        r#"{"name": "a", "version": "1.0", "version_created_at": "2023-06-29T20:58:26.898Z"}"#,
    );
    let answer = ask(&server, time.clone()).unwrap();
    let published = answer.releases[0].published.unwrap();
    assert_eq!(published.to_string(), "2023-06-29T20:58:26.898Z");
    server.put(
        "/gems/api/v2/rubygems/a/versions/1.0.json",
        r#"{"name": "b", "version": "1.0"}"#,
    );
    assert!(ask(&server, time).is_err());
}

#[test]
fn what_is_no_index_is_an_error() {
    let server = Server::start();
    for body in ["", "---\n", "<!DOCTYPE html><html></html>", "\u{0}"] {
        server.put("/gems/info/a", body.to_owned());
        let answer = ask(&server, Query::versions("a"));
        assert!(answer.is_err(), "{body:?}: {answer:?}");
    }
}
