//! Maven repositories: what is asked, and what the bytes mean.

use std::sync::Arc;

use lockkeeper::model::{Part, Query};
use lockkeeper::registry::maven::Maven;
use lockkeeper::registry::{
    Answer, Client, Credential, Detail, Endpoint, PackageError, Question, Reach, Registry as _,
};
use lockkeeper::sys::web::{Address, Web};
use secrecy::SecretString;

use crate::support::server::{Server, Trouble};
use crate::sys::web::settings;

type Answers = Vec<Result<Arc<Answer>, PackageError>>;

fn ask_at(
    endpoints: &[Endpoint],
    cache: Option<&tempfile::TempDir>,
    reach: Reach,
    queries: &[Query],
) -> Answers {
    let folder = cache.map(|folder| folder.path().to_owned());
    let client = Client::new(Arc::new(Web::new(settings())), folder, reach);
    let questions = queries.iter().map(|query| Question {
        query: query.clone(),
        endpoints: endpoints.to_vec(),
        detail: Detail::Installing,
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime
        .unwrap()
        .block_on(Arc::new(client).ask(&Maven, questions.collect()))
}

fn at(server: &Server, path: &str) -> Endpoint {
    Endpoint {
        base: Address::parse(&server.address(path)).unwrap(),
        credential: None,
    }
}

fn ask(server: &Server, queries: &[Query]) -> Answers {
    ask_at(&[at(server, "/maven2")], None, Reach::Network, queries)
}

fn shown(answer: &Result<Arc<Answer>, PackageError>) -> String {
    match answer {
        Ok(answer) => {
            let releases = answer.releases.iter();
            let versions: Vec<&str> = releases.map(|release| release.version.as_str()).collect();
            versions.join(" ")
        }
        Err(error) => error.to_string(),
    }
}

pub(crate) fn metadata(group: &str, artifact: &str, versions: &[&str]) -> String {
    let versions = versions
        .iter()
        .map(|version| format!("<version>{version}</version>"));
    format!(
        "<?xml version=\"1.0\"?>\n<metadata><groupId>{group}</groupId><artifactId>{artifact}</artifactId>\
         <versioning><versions>{}</versions></versioning></metadata>",
        versions.collect::<String>()
    )
}

const KILN: &str = "org.kiln.example:kiln-core";
const FOLDER: &str = "/maven2/org/kiln/example/kiln-core";

const POM: &str = "<project xmlns='http://maven.apache.org/POM/4.0.0'><modelVersion>4.0.0</modelVersion>
<parent><groupId>org.kiln.example</groupId><artifactId>kiln</artifactId><version>1.1</version></parent>
<artifactId>kiln-core</artifactId></project>";

#[test]
fn an_artifact_is_asked_for_below_its_group() {
    let (server, cache) = (Server::start(), tempfile::tempdir().unwrap());
    let versions = ["1.0", "1.1", "1.2-SNAPSHOT", "../../x", "1.10"];
    server.put(
        &format!("{FOLDER}/maven-metadata.xml"),
        metadata("org.kiln.example", "kiln-core", &versions),
    );
    server.put(&format!("{FOLDER}/1.1/kiln-core-1.1.pom"), POM);
    let queries = [Query::versions(KILN), Query::metadata(KILN, "1.1")];
    let endpoints = [at(&server, "/maven2")];
    let answers = ask_at(&endpoints, Some(&cache), Reach::Network, &queries);
    assert_eq!(shown(&answers[0]), "1.0 1.1 1.10");
    let release = &answers[1].as_ref().unwrap().releases[0];
    assert_eq!((release.version.as_str(), &*release.document), ("1.1", POM));
    assert_eq!(release.published, None);
    // The pom of a version never changes, the list does.
    server.hits();
    ask_at(&endpoints, Some(&cache), Reach::Network, &queries);
    let paths: Vec<String> = server.hits().into_iter().map(|hit| hit.path).collect();
    assert_eq!(paths, [format!("{FOLDER}/maven-metadata.xml")]);
    let offline = ask_at(&endpoints, Some(&cache), Reach::Cache, &queries);
    assert_eq!(shown(&offline[0]), "1.0 1.1 1.10");
    assert_eq!(shown(&offline[1]), "1.1");
}

#[test]
fn a_repository_that_lacks_it_is_followed_by_the_next() {
    let server = Server::start();
    server.put(
        "/second/org/kiln/example/kiln-core/maven-metadata.xml",
        metadata("org.kiln.example", "kiln-core", &["2.0"]),
    );
    let both = [at(&server, "/first"), at(&server, "/second")];
    let found = ask_at(&both, None, Reach::Network, &[Query::versions(KILN)]);
    assert_eq!(shown(&found[0]), "2.0");
    // One that fails may have another artifact by that name.
    let path = "/first/org/kiln/example/kiln-core/maven-metadata.xml";
    server.trouble(path, 1, Trouble::Status(403, None));
    let refused = ask_at(&both, None, Reach::Network, &[Query::versions(KILN)]);
    assert!(shown(&refused[0]).contains("403"), "{}", shown(&refused[0]));
}

#[test]
fn a_login_goes_to_its_repository_alone() {
    let (own, other) = (Server::start(), Server::start());
    let file = "/maven2/org/kiln/example/kiln-core/maven-metadata.xml";
    other.put(file, metadata("org.kiln.example", "kiln-core", &["2.0"]));
    own.trouble(file, 1, Trouble::Redirect(other.address(file)));
    let mut endpoint = at(&own, "/maven2");
    let prefix = own.address("/maven2").trim_start_matches("http:").to_owned();
    let token = SecretString::from("canary-41aa".to_owned());
    endpoint.credential = Some(Credential::bearer(&prefix, &token).unwrap());
    let answers = ask_at(&[endpoint], None, Reach::Network, &[Query::versions(KILN)]);
    assert_eq!(shown(&answers[0]), "2.0");
    assert!(own.hits()[0].headers["authorization"].contains("canary-41aa"));
    assert!(!other.hits()[0].headers.contains_key("authorization"));
}

#[test]
fn what_is_no_answer_is_refused_by_name() {
    let server = Server::start();
    let answer = |bytes: String| {
        server.put(&format!("{FOLDER}/maven-metadata.xml"), bytes);
        let answers = ask(&server, &[Query::versions(KILN)]);
        let shown = shown(&answers[0]);
        shown.rsplit("maven-metadata.xml: ").next().unwrap().to_owned()
    };
    for (bytes, expected) in [
        ("<html><body>Welcome</body></html>".to_owned(), "the outermost element is not `metadata`"),
        ("{}".to_owned(), "the outermost element is not `metadata`"),
        (metadata("org.kiln.example", "other", &["1"]), "it answers for \"org.kiln.example:other\""),
        (
            "<!DOCTYPE m [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><metadata><artifactId>&b;</artifactId></metadata>".to_owned(),
            "damaged: this entity is not expanded",
        ),
    ] {
        assert_eq!(answer(bytes), expected);
    }
    let deep = format!("<metadata>{}</metadata>", "<a>".repeat(100_000));
    assert!(answer(deep).starts_with("damaged: "));
    let long = format!("<metadata>{}</metadata>", " ".repeat(5 << 20));
    assert_eq!(answer(long), "more than 4194304 bytes");
    // Few repositories leave the names out.
    assert_eq!(
        answer(
            "<metadata><versioning><versions><version>3</version></versions></versioning></metadata>"
                .to_owned()
        ),
        "3"
    );
}

#[test]
fn the_pom_of_another_version_is_none() {
    let read = |text: &str| {
        let part = Part::Metadata("1.1".into());
        Maven.read_part(KILN, &part, None, text.as_bytes()).map(|_| ())
    };
    assert_eq!(read(POM), Ok(()));
    for (from, to, expected) in [
        (
            "<version>1.1<",
            "<version>1.2<",
            "it is the pom of version \"1.2\"",
        ),
        (
            "kiln-core<",
            "kiln-other<",
            "it answers for \"org.kiln.example:kiln-other\"",
        ),
        (
            "project",
            "html",
            "no pom: the outermost element is not `project`",
        ),
    ] {
        assert_eq!(read(&POM.replace(from, to)), Err(expected.to_owned()));
    }
    assert_eq!(read(&POM.replace("1.1<", "${revision}<")), Ok(()));
}

#[test]
fn no_name_leads_out_of_a_repository() {
    let base = Address::parse("https://registry.example/maven2").unwrap();
    let address = |package: &str, version: &str| {
        Maven
            .part_address(&base, package, &Part::Metadata(version.into()), None)
            .map(|address| address.to_string())
    };
    assert_eq!(
        address(KILN, "1.1").unwrap(),
        "https://registry.example/maven2/org/kiln/example/kiln-core/1.1/kiln-core-1.1.pom"
    );
    for (package, version) in [
        ("kiln", "1"),
        ("org.kiln:..", "1"),
        ("org..kiln:a", "1"),
        ("org/x:a", "1"),
        ("org.kiln:a", ".."),
        ("org.kiln:a", "1/../2"),
        ("org.kiln:a", ""),
        ("org.kiln:a?x", "1"),
    ] {
        assert!(address(package, version).is_err(), "{package} {version}");
    }
}
