//! What holds of parts of a version that the list of versions does not say.

use std::sync::Arc;

use lockkeeper::model::{Ecosystem, Part, Query, Release};
use lockkeeper::registry::{
    Answer, Client, ConfigFile, Configuration, Detail, Endpoint, PackageError, Parts, Question, Reach,
    Registry,
};
use lockkeeper::sys::web::{Address, Web};

use crate::support::server::Server;
use crate::sys::web::settings;

/// A registry with a version a line; each part of one is a file of its own.
struct Lines(Parts);

static LISTED: Lines = Lines(Parts::Listed);
static NAMED: Lines = Lines(Parts::Named);

impl Registry for Lines {
    fn name(&self) -> &'static str {
        "lines"
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::NPM
    }

    fn setting(&self) -> &'static str {
        "Set it."
    }

    fn address(&self, base: &Address, package: &str) -> Address {
        base.below([package, "versions"])
    }

    fn accept(&self, _detail: Detail) -> &'static str {
        "text/plain"
    }

    fn read(&self, _package: &str, bytes: &[u8]) -> Result<Answer, String> {
        let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
        let release = |version: &str| Release {
            version: version.into(),
            retired: Some("kept".into()),
            ..Release::default()
        };
        Ok(Answer {
            releases: text.lines().map(release).collect(),
            ..Answer::default()
        })
    }

    fn parts(&self) -> Parts {
        self.0
    }

    fn part_address(
        &self,
        base: &Address,
        package: &str,
        part: &Part,
        release: Option<&Release>,
    ) -> Result<Address, String> {
        assert_eq!(release.is_some(), self.0 == Parts::Listed);
        match part {
            Part::Metadata(version) => Ok(base.below([package, &format!("{version}.metadata")])),
            Part::Archive(version) => Ok(base.below([package, &format!("{version}.archive")])),
            Part::Versions | Part::Time(_) | Part::Proof(_) => Err("it is no part".to_owned()),
        }
    }

    fn read_part(
        &self,
        _package: &str,
        part: &Part,
        release: Option<&Release>,
        bytes: &[u8],
    ) -> Result<Release, String> {
        let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
        let (Part::Metadata(version) | Part::Archive(version)) = part else {
            return Err("it is no part".to_owned());
        };
        Ok(Release {
            version: version.clone(),
            document: format!("read from {} bytes", text.len()).into(),
            ..release.cloned().unwrap_or_default()
        })
    }

    fn configuration(&self, _project: &[ConfigFile]) -> Box<dyn Configuration> {
        unreachable!("the client is asked, not the session")
    }
}

fn ask(
    registry: &'static Lines,
    (server, cache): (&Server, &tempfile::TempDir),
    reach: Reach,
    queries: &[Query],
) -> Vec<Result<Arc<Answer>, PackageError>> {
    let client = Client::new(
        Arc::new(Web::new(settings())),
        Some(cache.path().to_owned()),
        reach,
    );
    let questions = queries.iter().map(|query| Question {
        query: query.clone(),
        endpoints: vec![Endpoint {
            base: Address::parse(&server.address("/r/")).unwrap(),
            credential: None,
        }],
        detail: Detail::Installing,
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime
        .unwrap()
        .block_on(Arc::new(client).ask(registry, questions.collect()))
}

fn documents(answers: &[Result<Arc<Answer>, PackageError>]) -> Vec<String> {
    let text = |answer: &Result<Arc<Answer>, PackageError>| match answer {
        Ok(answer) => {
            let releases = answer.releases.iter();
            let documents = releases.map(|release| format!("{} {}", release.version, release.document));
            documents.collect::<Vec<_>>().join(", ")
        }
        Err(error) => error.to_string().replace(char::is_numeric, "#"),
    };
    answers.iter().map(text).collect()
}

#[test]
fn a_part_is_asked_for_once_and_never_again() {
    for (registry, lists) in [(&NAMED, 0), (&LISTED, 1)] {
        let (server, cache) = (Server::start(), tempfile::tempdir().unwrap());
        server.put("/r/a/versions", "1.0.0\n1.0.1\n");
        server.put("/r/a/1.0.1.metadata", "twelve bytes");
        server.put("/r/a/1.0.1.archive", "an archive that is longer");
        let queries = [Query::metadata("a", "1.0.1"), Query::archive("a", "1.0.1")];
        let first = ask(registry, (&server, &cache), Reach::Network, &queries);
        let expected = ["1.0.1 read from 12 bytes", "1.0.1 read from 25 bytes"];
        assert_eq!(documents(&first), expected);
        assert_eq!(server.hits().len(), 2 + lists);
        // The archive itself is not kept, what it told is.
        let again = ask(registry, (&server, &cache), Reach::Network, &queries);
        assert_eq!(documents(&again), expected);
        assert_eq!(
            again[1].as_ref().unwrap().releases,
            first[1].as_ref().unwrap().releases
        );
        assert_eq!(server.hits().len(), lists);
        let offline = ask(registry, (&server, &cache), Reach::Cache, &queries);
        assert_eq!(documents(&offline), expected);
        assert_eq!(server.hits().len(), 0);
    }
}

#[test]
fn what_the_list_says_stays() {
    let (server, cache) = (Server::start(), tempfile::tempdir().unwrap());
    server.put("/r/a/versions", "1.0.0\n");
    server.put("/r/a/1.0.0.metadata", "");
    let answers = ask(
        &LISTED,
        (&server, &cache),
        Reach::Network,
        &[Query::metadata("a", "1.0.0")],
    );
    let release = &answers[0].as_ref().unwrap().releases[0];
    assert_eq!(release.retired.as_deref(), Some("kept"));
}

#[test]
fn a_part_that_is_not_there_is_named() {
    let (server, cache) = (Server::start(), tempfile::tempdir().unwrap());
    server.put("/r/a/versions", "1.0.0\n");
    let queries = [Query::metadata("a", "2.0.0"), Query::metadata("a", "1.0.0")];
    let answers = ask(&LISTED, (&server, &cache), Reach::Network, &queries);
    let shown = documents(&answers);
    assert_eq!(shown[0], "a: the registry does not have a #.#.#");
    assert!(shown[1].contains("/r/a/#.#.#.metadata"), "{}", shown[1]);
}
