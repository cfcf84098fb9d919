//! What Maven is set to: which repositories are asked, and which login goes where.

use std::collections::BTreeMap;
use std::io::{Cursor, Write as _};

use lockkeeper::registry::maven_config::{MavenConfig, Sources};
use lockkeeper::registry::{ConfigFile, Configuration as _};
use lockkeeper::sys::web::Address;

const CANARY: &str = "canary-77c0";

const ARTIFACT: &str = "org.kiln.example:kiln";

/// A home folder, an installed Maven, and further variables.
struct Machine {
    folder: tempfile::TempDir,
    variables: BTreeMap<String, String>,
}

impl Machine {
    /// With the user's settings.
    fn new(user: &str, variables: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().display().to_string();
        let mut all = BTreeMap::from([
            ("HOME".to_owned(), home.clone()),
            ("USERPROFILE".to_owned(), home),
        ]);
        let further = variables.iter();
        all.extend(further.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let machine = Self {
            folder,
            variables: all,
        };
        machine.write(".m2/settings.xml", settings(user).as_bytes());
        machine
    }

    fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    /// The same with an installed Maven that has these settings, and central in its own pom.
    fn with_maven(mut self, installed: &str) -> Self {
        self.write("maven/conf/settings.xml", settings(installed).as_bytes());
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let options = zip::write::SimpleFileOptions::default();
        zip.start_file("org/apache/maven/model/pom-4.0.0.xml", options)
            .unwrap();
        let pom = pom(
            "<repository><id>central</id><url>https://central.registry.example/maven2</url></repository>",
        );
        zip.write_all(pom.as_bytes()).unwrap();
        let jar = zip.finish().unwrap().into_inner();
        self.write("maven/lib/maven-model-builder-3.9.9.jar", &jar);
        let home = self.folder.path().join("maven").display().to_string();
        self.variables.insert("MAVEN_HOME".to_owned(), home);
        self
    }

    fn config(&self, project: &[(&str, &str)]) -> MavenConfig {
        let project = project.iter().map(|(place, text)| ConfigFile {
            place: (*place).to_owned(),
            text: (*text).to_owned(),
        });
        let project: Vec<ConfigFile> = project.collect();
        MavenConfig::of(&Sources::of(self.variables.clone(), &project))
    }
}

fn settings(inside: &str) -> String {
    format!("<settings xmlns='http://maven.apache.org/SETTINGS/1.2.0'>{inside}</settings>")
}

fn pom(repositories: &str) -> String {
    format!("<project><repositories>{repositories}</repositories></project>")
}

fn repository(id: &str, address: &str) -> String {
    format!("<repository><id>{id}</id><url>{address}</url></repository>")
}

fn active(id: &str, address: &str) -> String {
    format!(
        "<profiles><profile><id>p</id><repositories>{}</repositories></profile></profiles>\
         <activeProfiles><activeProfile>p</activeProfile></activeProfiles>",
        repository(id, address)
    )
}

fn mirror(id: &str, of: &str, address: &str) -> String {
    format!("<mirrors><mirror><id>{id}</id><mirrorOf>{of}</mirrorOf><url>{address}</url></mirror></mirrors>")
}

fn server(id: &str) -> String {
    format!(
        "<servers><server><id>{id}</id><username>me</username><password>{CANARY}</password></server></servers>"
    )
}

/// What is asked, with `*` behind what gets a login.
fn asked(config: &MavenConfig) -> Vec<String> {
    match config.endpoints(ARTIFACT, None, &["https://policy.example/maven2"]) {
        Ok(endpoints) => endpoints
            .iter()
            .map(|endpoint| {
                let below = Address::parse(&format!("{}/x", endpoint.base)).unwrap();
                let credential = endpoint.credential.as_ref();
                let mark = match credential.is_some_and(|credential| credential.belongs_to(&below)) {
                    true => "*",
                    false => "",
                };
                format!("{}{mark}", endpoint.base)
            })
            .collect(),
        Err(error) => vec![error.to_string()],
    }
}

#[test]
fn profiles_then_poms_then_central() {
    let profile = active("own", "https://own.example/maven");
    let machine = Machine::new(&profile, &[]).with_maven("");
    let child = pom(&repository("near", "https://near.example/r"));
    let parent = pom(&format!(
        "{}{}",
        repository("near", "https://hidden.example/r"),
        "<repository><id>snapshots</id><url>https://s.example</url><releases><enabled>false</enabled></releases></repository>"
    ));
    let config = machine.config(&[("t/pom.xml", &child), ("t/parent/pom.xml", &parent)]);
    assert_eq!(
        asked(&config),
        [
            "https://own.example/maven",
            "https://near.example/r",
            "https://central.registry.example/maven2"
        ]
    );
    // Without an installed Maven the policy says where central is.
    let config = Machine::new(&profile, &[]).config(&[]);
    assert_eq!(
        asked(&config),
        ["https://own.example/maven", "https://policy.example/maven2"]
    );
    let nowhere = config.endpoints(ARTIFACT, None, &[]).unwrap_err();
    assert!(nowhere.hint().contains("settings.xml"), "{}", nowhere.hint());
    // A pom may say itself what central is.
    let own = pom(&repository("central", "https://c.example/maven2"));
    let config = Machine::new("", &[]).config(&[("t/pom.xml", &own)]);
    assert_eq!(asked(&config), ["https://c.example/maven2"]);
}

#[test]
fn central_is_known_by_what_a_wrapper_downloaded() {
    let machine = Machine::new("", &[]).with_maven("");
    let from = machine.folder.path().join("maven/lib");
    let to = machine
        .folder
        .path()
        .join(".m2/wrapper/dists/apache-maven-3.9.9/1f2a/lib");
    std::fs::create_dir_all(to.parent().unwrap()).unwrap();
    std::fs::rename(from, to).unwrap();
    assert_eq!(
        asked(&machine.config(&[])),
        ["https://central.registry.example/maven2"]
    );
}

#[test]
fn profiles_count_when_they_are_active() {
    let profile = |activation: &str| {
        format!(
            "<profiles><profile><id>q</id>{activation}<repositories>{}</repositories></profile></profiles>",
            repository("q", "https://q.example")
        )
    };
    let by_default = profile("<activation><activeByDefault>true</activeByDefault></activation>");
    let by_jdk = profile("<activation><jdk>17</jdk></activation>");
    let named = format!("{by_jdk}<activeProfiles><activeProfile>q</activeProfile></activeProfiles>");
    for (user, expected, notes) in [
        (profile(""), vec!["https://policy.example/maven2"], 0),
        (
            by_default,
            vec!["https://q.example/", "https://policy.example/maven2"],
            0,
        ),
        (
            named,
            vec!["https://q.example/", "https://policy.example/maven2"],
            0,
        ),
        (by_jdk, vec!["https://policy.example/maven2"], 1),
    ] {
        let config = Machine::new(&user, &[]).config(&[]);
        assert_eq!(asked(&config), expected, "{user}");
        assert_eq!(config.notes().len(), notes, "{:?}", config.notes());
    }
}

#[test]
fn mirrors_take_the_place_of_what_they_fit() {
    let own = pom(&format!(
        "{}{}{}",
        repository("a", "https://a.example"),
        repository("b", "http://b.example"),
        repository("near", "http://localhost:8081/n"),
    ));
    let central = "https://central.registry.example/maven2";
    let m = "https://m.example/";
    let (a, b, near) = (
        "https://a.example/",
        "http://b.example/",
        "http://localhost:8081/n",
    );
    for (of, expected) in [
        ("*", vec![m]),
        ("central", vec![a, b, near, m]),
        ("a,b", vec![m, near, central]),
        ("*,!a", vec![a, m]),
        ("external:*", vec![m, near]),
        ("external:http:*", vec![a, m, near, central]),
        ("external:*, !central", vec![m, near, central]),
        ("", vec![a, b, near, central]),
        ("other", vec![a, b, near, central]),
    ] {
        let machine = Machine::new(&mirror("m", of, m), &[]).with_maven("");
        assert_eq!(asked(&machine.config(&[("t/pom.xml", &own)])), expected, "{of}");
    }
    // The one of exactly that id comes first, and those of the user before those of the installed Maven.
    let installed = mirror("of-a", "a", "https://exact.example/");
    let machine = Machine::new(&mirror("m", "*", m), &[]).with_maven(&installed);
    assert_eq!(
        asked(&machine.config(&[("t/pom.xml", &own)])),
        ["https://exact.example/", m]
    );
    // A mirror of everything needs no address of central.
    assert_eq!(asked(&Machine::new(&mirror("m", "*", m), &[]).config(&[])), [m]);
    let blocker = mirror("blocker", "external:http:*", "http://0.0.0.0/")
        .replace("</url>", "</url><blocked>true</blocked>");
    let machine = Machine::new("", &[]).with_maven(&blocker);
    let config = machine.config(&[("t/pom.xml", &own)]);
    assert_eq!(asked(&config), [a, near, central]);
    assert!(config.notes()[0].contains("`blocker`"), "{:?}", config.notes());
}

#[test]
fn a_login_goes_to_the_address_that_the_user_has_for_its_id() {
    for (user, expected) in [
        (active("a", "https://a.example/r"), vec!["https://a.example/r*"]),
        // The pom alone says where `a` is.
        (active("x", "https://a.example/r"), vec!["https://a.example/r"]),
        (
            mirror("a", "*", "https://m.example/r"),
            vec!["https://m.example/r*"],
        ),
        (
            mirror("m", "*", "https://m.example/r"),
            vec!["https://m.example/r"],
        ),
        (mirror("a", "*", "http://m.example/r"), vec!["http://m.example/r"]),
    ] {
        let machine = Machine::new(&format!("{user}{}", server("a")), &[]);
        let config = machine.config(&[]);
        let asked = asked(&config);
        assert_eq!(asked[..1], expected, "{user}");
        assert!(!format!("{:?}", config.notes()).contains(CANARY));
    }
    // A pull request that names another address for the id.
    let theirs = pom(&repository("a", "https://evil.example/r"));
    let config = Machine::new(&server("a"), &[]).config(&[("t/pom.xml", &theirs)]);
    assert_eq!(asked(&config)[0], "https://evil.example/r");
    assert!(
        config.notes()[0].contains("is not sent to https://evil.example/r"),
        "{:?}",
        config.notes()
    );
}

#[test]
fn variables_are_those_of_the_user_in_the_users_files() {
    let user = format!(
        "{}{}",
        active("a", "${env.OWN}/r"),
        server("a").replace(CANARY, "${env.TOKEN}")
    );
    let variables = [("OWN", "https://a.example"), ("TOKEN", CANARY)];
    let config = Machine::new(&user, &variables).config(&[]);
    assert_eq!(asked(&config)[0], "https://a.example/r*");
    let unset = Machine::new(&user, &[("OWN", "https://a.example")]).config(&[]);
    assert_eq!(asked(&unset)[0], "https://a.example/r");
    assert!(unset.notes()[0].ends_with("the login of `a` takes a variable that is not set"));
    let unset = Machine::new(&user, &[]).config(&[]);
    assert!(
        asked(&unset)[0].ends_with("takes a variable that is not set"),
        "{:?}",
        asked(&unset)
    );
    // The repository gets none, and its own properties.
    let theirs = pom(&repository("b", "https://${env.TOKEN}.example/r"));
    let config = Machine::new("", &variables).config(&[("t/pom.xml", &theirs)]);
    assert_eq!(
        asked(&config),
        [
            "t/pom.xml: the address of the repository `b` takes a variable, which no file of the repository gets from the environment"
        ]
    );
    let theirs = theirs.replace("${env.TOKEN}", "${host}").replace(
        "<repositories>",
        "<properties><host>${part}</host><part>c</part></properties><repositories>",
    );
    let config = Machine::new("", &variables).config(&[("t/pom.xml", &theirs)]);
    assert_eq!(asked(&config)[0], "https://c.example/r");
}

#[test]
fn settings_of_the_repository_have_no_secrets() {
    let theirs = settings(&format!(
        "{}{}",
        mirror("m", "*", "https://m.example/r"),
        server("m")
    ));
    let machine = Machine::new(&mirror("own", "*", "https://own.example/r"), &[]);
    let config = machine.config(&[("t/.mvn/settings.xml", &theirs)]);
    assert_eq!(asked(&config), ["https://m.example/r"]);
    assert_eq!(
        config.notes(),
        ["t/.mvn/settings.xml: the login of `m` stands in a file of the repository, and is not used"]
    );
}

#[test]
fn what_cannot_be_used_is_said() {
    let encrypted = server("a").replace(CANARY, "{COQLCE6DU6GtcS5P=}");
    let header = "<servers><server><id>a</id><configuration><httpHeaders><property><name>Private-Token</name>\
                  <value>canary-77c0</value></property></httpHeaders></configuration></server></servers>";
    for (user, expected) in [
        (encrypted, "is encrypted"),
        (header.to_owned(), "is a header \"Private-Token\""),
        (
            "<proxies><proxy><host>p.example</host></proxy></proxies>".to_owned(),
            "HTTPS_PROXY",
        ),
        (
            active("f", "file:///srv/maven"),
            "the repository `f` is not asked",
        ),
        ("<a></b>".to_owned(), "damaged"),
    ] {
        let config = Machine::new(&user, &[]).config(&[]);
        let notes = config.notes().join("\n");
        assert!(notes.contains(expected), "{expected}: {notes}");
        assert!(!notes.contains(CANARY));
    }
    let bearer = header
        .replace("Private-Token", "Authorization")
        .replace(CANARY, &format!("Bearer {CANARY}"));
    let config = Machine::new(&format!("{}{bearer}", active("a", "https://a.example")), &[]).config(&[]);
    assert_eq!(asked(&config)[0], "https://a.example/*");
}
