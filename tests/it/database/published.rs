//! A published index: what `db publish` makes, what `db update` takes of it, and what stays when something is wrong.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use lockkeeper::advisory::record::Cve;
use lockkeeper::advisory::{Authority, Compiler, Index, import};
use lockkeeper::database::manifest::{File, Manifest, NAME, sha256, signature_name};
use lockkeeper::database::publish::{self, Published, Signer};
use lockkeeper::database::signature::SecretKey;
use lockkeeper::database::update::{Demanded, Done, Origin, Quiet, Request, Trust, UpdateError, update};
use lockkeeper::model::Ecosystem;
use lockkeeper::sys::positional::Positional;
use lockkeeper::sys::web::Web;

use crate::support::program::record;
use crate::support::server::{Hit, Server, Trouble};
use crate::sys::web::{Waits, settings};

const ALL: [&str; 4] = ["Go", "PyPI", "crates.io", "npm"];

pub(crate) fn day(day: i64) -> Timestamp {
    "2026-11-20T03:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_hours(24 * day)
}

/// Writes an index of four ecosystems, as of a day: records of several of them, of a source that is no export, with
/// flaws that are exploited and scored. Each day has one record more.
pub(crate) fn compile(path: &Path, built: i64) {
    let mut compiler = Compiler::new();
    let add = |compiler: &mut Compiler, source, value: &serde_json::Value| {
        compiler.add_osv_json(source, value.to_string().as_bytes(), "x");
    };
    for ecosystem in ALL {
        let source = compiler.source(&format!("osv/{ecosystem}"), Authority::Export);
        for number in 0..120 {
            let name = format!("package-{number}");
            let mut value = record(
                &format!("GHSA-{ecosystem}-{number}"),
                ecosystem,
                &name,
                "0",
                Some("2.0.0"),
            );
            value["aliases"] = serde_json::json!([format!("CVE-2026-{}", 1000 + number)]);
            value["details"] = format!("{ecosystem} {number} ").repeat(20).into();
            add(&mut compiler, source, &value);
        }
        compiler.set_note(&format!("osv/{ecosystem}"), "an export's state");
    }
    let npm = compiler.source("osv/npm", Authority::Export);
    let mut both = record("GHSA-both", "npm", "both", "0", None);
    both["affected"]
        .as_array_mut()
        .unwrap()
        .push(record("x", "PyPI", "both", "0", None)["affected"][0].clone());
    add(&mut compiler, npm, &both);
    for number in 0..=built {
        add(
            &mut compiler,
            npm,
            &record(&format!("GHSA-day-{number}"), "npm", "daily", "0", None),
        );
    }
    let rustsec = compiler.source("rustsec", Authority::Origin);
    let mut named = record("RUSTSEC-2026-0001", "crates.io", "package-1", "0", Some("2.0.0"));
    named["aliases"] = serde_json::json!(["CVE-2026-1001"]);
    add(&mut compiler, rustsec, &named);

    let kev = compiler.source("kev", Authority::Origin);
    let listed = |number| format!(r#"{{"cveID":"CVE-2026-{number}"}}"#);
    let catalogue = format!(
        r#"{{"catalogVersion":"1","dateReleased":"2026-11-19T00:00:00Z","vulnerabilities":[{},{}]}}"#,
        listed(1003),
        listed(9999)
    );
    compiler.set_exploited(kev, &import::kev::read(catalogue.as_bytes()).unwrap());
    let epss = compiler.source("epss", Authority::Origin);
    let mut table =
        String::from("#model_version:v1,score_date:2026-11-19T00:00:00+0000\ncve,epss,percentile\n");
    for number in 1000..3500 {
        table.push_str(&format!("CVE-2026-{number},0.{number},0.5\n"));
    }
    compiler.set_scores(epss, &import::epss::read(table.as_bytes()).unwrap());
    compiler.set_note("epss", "whole");
    let bytes = compiler.finish(day(built)).unwrap().into_bytes();
    std::fs::write(path, bytes).unwrap();
}

pub(crate) fn key(seed: u8) -> SecretKey {
    SecretKey::from_seed([seed; 32]).unwrap()
}

/// A publisher, a server and a place that is brought up to date.
struct World {
    folder: tempfile::TempDir,
    server: Server,
    secret: SecretKey,
    trust: Trust,
    waits: Waits,
}

impl World {
    /// Published as of day 1, and served.
    fn new() -> Self {
        let secret = key(1);
        let world = Self {
            folder: tempfile::tempdir().unwrap(),
            server: Server::start(),
            trust: Trust {
                keys: vec![secret.public()],
                demanded: Demanded::OnTheWeb,
            },
            secret,
            waits: Waits::default(),
        };
        world.publish(1);
        world.serve("/a");
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn publish(&self, built: i64) -> Published {
        compile(&self.path("source.lkdb"), built);
        let request = publish::Request {
            index: &self.path("source.lkdb"),
            folder: &self.path("publication"),
            signer: Signer::Key(&self.secret),
        };
        publish::publish(&request, &mut |_| {}).unwrap()
    }

    fn manifest(&self) -> Manifest {
        Manifest::parse(&std::fs::read(self.path("publication").join(NAME)).unwrap()).unwrap()
    }

    fn file(&self, ecosystem: &str) -> File {
        let files = self.manifest().files;
        files
            .into_iter()
            .find(|file| file.ecosystems == [ecosystem])
            .unwrap()
    }

    /// Serves the publication below `at`.
    fn serve(&self, at: &str) {
        for entry in std::fs::read_dir(self.path("publication")).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            self.server
                .put(&format!("{at}/{name}"), std::fs::read(&path).unwrap());
        }
    }

    /// Serves another manifest below `at`, with a good signature.
    fn serve_manifest(&self, at: &str, bytes: &[u8]) {
        self.server.put(&format!("{at}/{NAME}"), bytes);
        self.server.put(
            &format!("{at}/{}", signature_name(bytes)),
            self.secret.sign(bytes, "made up"),
        );
    }

    fn address(&self, at: &str) -> String {
        self.server.address(&format!("{at}/{NAME}"))
    }

    fn index(&self) -> PathBuf {
        self.path("cache/index.lkdb")
    }

    fn bytes(&self) -> Vec<u8> {
        std::fs::read(self.index()).unwrap()
    }

    fn open(&self) -> Index {
        let index = Index::open(Positional::open(&self.index()).unwrap()).unwrap();
        index.verify().unwrap();
        index
    }

    fn exports(&self) -> Vec<String> {
        self.open().bookkeeping().unwrap().exports().into_iter().collect()
    }

    fn take(&self, from: &[&str], ecosystems: &[&str]) -> Result<Done, UpdateError> {
        let from: Vec<Origin> = from.iter().map(|from| Origin::parse(from).unwrap()).collect();
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let request = Request {
            index: &self.index(),
            downloads: &self.path("cache/downloads"),
            ecosystems: &names(ecosystems),
            usual: &names(&["npm", "PyPI", "Maven"]),
            from: &from,
            trust: &self.trust,
            exploited: None,
            scores: None,
            losses: lockkeeper::database::build::Losses::Refused,
            now: day(3),
        };
        let web = Web::with_timer(settings(), Box::new(self.waits.clone()));
        update(&request, web, &Quiet)
    }

    /// Takes what cannot be taken, and gives the message with its hint. The index that is there stays.
    fn refused(&self, from: &str, ecosystems: &[&str]) -> String {
        let before = std::fs::read(self.index()).ok();
        let failure = self.take(&[from], ecosystems).unwrap_err();
        assert_eq!(std::fs::read(self.index()).ok(), before, "{failure}");
        format!("{failure} {}", failure.hint())
    }
}

fn fetched(hits: &[Hit]) -> Vec<&Hit> {
    hits.iter().filter(|hit| hit.path.ends_with(".lkdb")).collect()
}

/// Everything that an index answers of a package: ids with aliases, exploitation, scores, claims and long texts.
fn answers(index: &Index, ecosystem: &str, name: &str) -> Vec<String> {
    let candidates = index.candidates(&Ecosystem::named(ecosystem), name).unwrap();
    let groups = candidates.groups().map(|group| {
        let mut advisory = group.advisory().unwrap();
        let texts = advisory.text.take().map(|key| index.texts(key).unwrap());
        let members = group
            .members()
            .map(|member| (member.id().unwrap(), member.claims().count()));
        format!("{advisory:?} {texts:?} {:?}", members.collect::<Vec<_>>())
    });
    groups.collect()
}

#[test]
fn parts_put_together_answer_what_the_whole_answers() {
    let world = World::new();
    let whole = Index::open(Positional::open(&world.path("source.lkdb")).unwrap()).unwrap();
    let done = world
        .take(&[&world.address("/a")], &["npm", "crates.io"])
        .unwrap();
    assert_eq!(done.warnings, Vec::<String>::new());
    assert_eq!(done.pieces.len(), 2);
    let joined = world.open();
    assert_eq!(
        (joined.built(), world.exports()),
        (day(1), vec!["crates.io".into(), "npm".into()])
    );
    let mut groups = 0;
    for ecosystem in ["npm", "crates.io"] {
        for name in (0..120)
            .map(|number| format!("package-{number}"))
            .chain(["both".into(), "daily".into()])
        {
            let answers_of_whole = answers(&whole, ecosystem, &name);
            groups += answers_of_whole.len();
            assert_eq!(
                answers(&joined, ecosystem, &name),
                answers_of_whole,
                "{ecosystem} {name}"
            );
        }
    }
    // One of RUSTSEC is in the group of a GHSA; `daily` has two.
    assert_eq!(groups, 120 + 120 + 1 + 2);
    let exploited = answers(&joined, "npm", "package-3").concat();
    assert!(
        exploited.contains("known_exploited: true") && exploited.contains("epss: Some(0.1003)"),
        "{exploited}"
    );
    assert!(answers(&joined, "Go", "package-1").is_empty());

    // What a later update has to know is there, and nothing that is only true of the whole.
    let told = joined.bookkeeping().unwrap();
    assert!(
        told.notes.contains_key("osv/npm")
            && !told.notes.contains_key("osv/Go")
            && !told.notes.contains_key("epss")
    );
    let source = |name: &str| told.sources.iter().find(|source| source.name == name);
    assert_eq!(source("epss").map(|source| source.counts.records), Some(120));
    assert_eq!(source("kev").map(|source| source.counts.records), Some(2));
    assert_eq!(source("osv/npm").map(|source| source.counts.records), Some(123));
    assert!(source("osv/PyPI").is_none() && source("rustsec").is_some());
    // A list that is not for a package now may be for one that the next update brings.
    let unheard = Cve {
        year: 2026,
        number: 9999,
    };
    assert!(
        joined
            .exploit(unheard)
            .unwrap()
            .is_some_and(|exploit| exploit.known)
    );
    // A publication may be made of what was taken from one.
    let request = publish::Request {
        index: &world.index(),
        folder: &world.path("again"),
        signer: Signer::Nobody,
    };
    let again = publish::publish(&request, &mut |_| {}).unwrap().manifest;
    assert_eq!(again.ecosystems(), ["crates.io", "npm"].into());
    let part = again
        .files
        .iter()
        .find(|file| file.ecosystems == ["npm"])
        .unwrap();
    let part = Index::open(Positional::open(&world.path("again").join(part.name())).unwrap()).unwrap();
    assert_eq!(
        answers(&part, "npm", "package-3"),
        answers(&whole, "npm", "package-3")
    );
}

#[test]
fn publishing_twice_gives_the_same_bytes() {
    let world = World::new();
    let listing = |name: &str| -> Vec<(String, Vec<u8>)> {
        let entries = std::fs::read_dir(world.path(name))
            .unwrap()
            .map(|entry| entry.unwrap().path());
        // What begins with a dot is the publishers' own.
        let entries = entries.filter(|path| !path.file_name().unwrap().to_str().unwrap().starts_with('.'));
        let mut all: Vec<_> = entries
            .map(|path| {
                (
                    path.file_name().unwrap().to_str().unwrap().to_owned(),
                    std::fs::read(path).unwrap(),
                )
            })
            .collect();
        all.sort();
        all
    };
    let first = listing("publication");
    let manifest = world.manifest();
    assert_eq!(first.len(), 5 + 2, "five indexes, a manifest, a signature");
    assert_eq!(manifest.files[0].ecosystems, ALL);
    let parts: Vec<&[String]> = manifest.files[1..]
        .iter()
        .map(|file| file.ecosystems.as_slice())
        .collect();
    assert_eq!(parts, ALL.map(|name| [name.to_owned()]));
    for file in &manifest.files {
        let bytes = std::fs::read(world.path("publication").join(file.name())).unwrap();
        assert_eq!(
            (bytes.len() as u64, sha256(&bytes)),
            (file.bytes, file.sha256.clone())
        );
        let index = Index::open(bytes).unwrap();
        index.verify().unwrap();
        assert_eq!((index.digest(), index.built()), (file.digest.as_str(), day(1)));
        println!("{:?}: {} bytes", file.ecosystems, file.bytes);
        assert!(file.bytes < manifest.files[0].bytes || file == &manifest.files[0]);
    }
    assert_eq!(world.publish(1).removed, Vec::<String>::new());
    assert_eq!(listing("publication"), first);

    // The generation before stays; the one before that goes, and nothing that is not ours.
    std::fs::write(world.path("publication/notes.lkdb"), "somebody's").unwrap();
    assert_eq!(world.publish(2).removed, Vec::<String>::new());
    for (name, bytes) in first.iter().filter(|(name, _)| name != NAME) {
        assert_eq!(
            &std::fs::read(world.path("publication").join(name)).unwrap(),
            bytes
        );
    }
    assert_eq!(world.publish(2).removed, Vec::<String>::new(), "the same again");
    let third = world.publish(3);
    // Go and the others are the same records on another day: another time stands in them.
    let gone: BTreeSet<&String> = first
        .iter()
        .map(|(name, _)| name)
        .filter(|name| *name != NAME)
        .collect();
    assert_eq!(third.removed.iter().collect::<BTreeSet<_>>(), gone);
    assert!(world.path("publication/notes.lkdb").is_file());

    // Never back in time, nor over what is no manifest.
    compile(&world.path("source.lkdb"), 2);
    let request = publish::Request {
        index: &world.path("source.lkdb"),
        folder: &world.path("publication"),
        signer: Signer::Nobody,
    };
    let before = listing("publication");
    let told = publish::publish(&request, &mut |_| {}).unwrap_err().to_string();
    assert!(
        told.contains("what is published there is of 2026-11-23"),
        "{told}"
    );
    assert_eq!(listing("publication"), before);
    std::fs::write(world.path("publication").join(NAME), "{}").unwrap();
    assert!(publish::publish(&request, &mut |_| {}).is_err());
}

#[test]
fn a_file_that_is_held_is_not_fetched_again() {
    let world = World::new();
    let address = world.address("/a");
    let take = |ecosystems: &[&str]| {
        world.server.hits();
        let done = world.take(&[&address], ecosystems).unwrap();
        assert_eq!(done.warnings, Vec::<String>::new());
        let hits = world.server.hits();
        let names: Vec<String> = fetched(&hits).iter().map(|hit| hit.path.clone()).collect();
        (names, hits.len())
    };
    let path = |ecosystem: &str| format!("/a/{}", world.file(ecosystem).name());
    assert_eq!(take(&["npm"]), (vec![path("npm")], 3));
    assert_eq!(
        sha256(&world.bytes()),
        world.file("npm").sha256,
        "one file is the index as it is"
    );
    let installed = world.bytes();
    assert_eq!(take(&["npm"]), (vec![], 2), "a manifest and its signature");
    assert_eq!(take(&[]), (vec![], 2), "it follows what it has");
    assert_eq!(world.bytes(), installed);
    // The index itself is one of the two.
    assert_eq!(take(&["PyPI"]), (vec![path("PyPI")], 3));
    assert_eq!(world.exports(), ["PyPI", "npm"], "npm is not lost");
    let joined = world.bytes();
    assert_eq!(take(&[]), (vec![], 2));
    assert_eq!(take(&["Go"]), (vec![path("Go")], 3));

    // A held file that is not what it was is no use, and a damaged index is mended.
    let held = world.path("cache/downloads").join(world.file("npm").name());
    let mut bytes = std::fs::read(&held).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&held, &bytes).unwrap();
    std::fs::remove_file(world.index()).unwrap();
    assert_eq!(take(&["npm", "PyPI"]), (vec![path("npm")], 3));
    assert_eq!(world.bytes(), joined, "the same files, the same index");
    for at in [joined.len() / 2, joined.len() - 1] {
        let mut damaged = joined.clone();
        damaged[at] ^= 1;
        std::fs::write(world.index(), damaged).unwrap();
        world.server.hits();
        world.take(&[&address], &["npm", "PyPI"]).unwrap();
        assert_eq!(fetched(&world.server.hits()).len(), 0);
        assert_eq!(world.bytes(), joined, "{at}");
    }
    assert_eq!(take(&ALL), (vec![path("Go"), path("crates.io")], 4));

    // Where there are no parts the whole is taken, as it is; nothing else is kept then.
    let mut whole = world.manifest();
    whole.files.truncate(1);
    world.serve_manifest("/a", &whole.to_bytes());
    assert_eq!(take(&["npm"]).0, [format!("/a/{}", whole.files[0].name())]);
    assert_eq!(world.bytes(), std::fs::read(world.path("source.lkdb")).unwrap());
    let left: Vec<_> = std::fs::read_dir(world.path("cache/downloads"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left, ["lock"]);
}

#[test]
fn a_fresh_index_takes_what_is_usual_and_there() {
    let world = World::new();
    let done = world.take(&[&world.address("/a")], &[]).unwrap();
    assert_eq!(
        world.exports(),
        ["PyPI", "npm"],
        "no Maven is published, and crates.io is not usual here"
    );
    assert_eq!(done.from, world.address("/a"));
    let told = world.refused(&world.address("/a"), &["Maven"]);
    assert!(told.contains("it does not hold Maven"), "{told}");
}

#[test]
fn a_cut_download_goes_on() {
    let world = World::new();
    let file = world.file("npm");
    world.server.trouble(".lkdb", 3, Trouble::Cut(2000));
    let told = world.refused(&world.address("/a"), &["npm"]);
    assert!(
        told.contains("broke off") && told.contains("kept and not fetched twice"),
        "{told}"
    );
    assert!(!world.index().exists());
    assert_eq!(fetched(&world.server.hits()).len(), 3);
    // The next run goes on where this one ended.
    world.take(&[&world.address("/a")], &["npm"]).unwrap();
    let hits = world.server.hits();
    let hit = fetched(&hits)[0];
    assert_eq!((hit.status, hit.headers["range"].as_str()), (206, "bytes=6000-"));
    assert_eq!(hit.sent as u64, file.bytes - 6000);
    assert_eq!(sha256(&world.bytes()), file.sha256);

    // What an earlier run left of another file is found out, and the file is fetched from the start.
    let world = World::new();
    std::fs::create_dir_all(world.path("cache/downloads")).unwrap();
    let part = world
        .path("cache/downloads")
        .join(format!("{}.part", world.file("npm").sha256));
    for length in [100, world.file("npm").bytes as usize, 1 << 20] {
        drop(std::fs::remove_file(world.index()));
        std::fs::write(&part, vec![0; length]).unwrap();
        world.server.hits();
        let tag =
            blake3::hash(&std::fs::read(world.path("publication").join(world.file("npm").name())).unwrap());
        std::fs::write(
            part.with_extension("part.from"),
            format!("etag \"{}\"", &tag.to_hex()[..16]),
        )
        .unwrap();
        world.take(&[&world.address("/a")], &["npm"]).unwrap();
        assert_eq!(sha256(&world.bytes()), file.sha256, "{length}");
    }
}

#[test]
fn an_altered_file_is_refused_and_the_next_address_is_tried() {
    let world = World::new();
    world.take(&[&world.address("/a")], &["npm"]).unwrap();
    world.publish(2);
    for at in ["/a", "/b"] {
        world.serve(at);
    }
    let file = world.file("npm");
    let path = format!("/a/{}", file.name());
    let good = std::fs::read(world.path("publication").join(file.name())).unwrap();
    let altered = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = good.clone();
        change(&mut bytes);
        world.server.put(&path, bytes);
        world.refused(&world.address("/a"), &["npm"])
    };
    for at in [0, 5000, good.len() - 1] {
        let told = altered(&|bytes| bytes[at] ^= 0x20);
        assert!(told.contains("not those that the manifest names"), "{told}");
    }
    let told = altered(&|bytes| bytes.truncate(3000));
    assert!(told.contains("not those that the manifest names"), "{told}");
    let told = altered(&|bytes| bytes.extend_from_slice(b"more"));
    assert!(
        told.contains(&format!("more than {} bytes", good.len())),
        "{told}"
    );
    world.server.remove(&path);
    let told = world.refused(&world.address("/a"), &["npm"]);
    assert!(told.contains("404"), "{told}");

    let done = world
        .take(&[&world.address("/a"), &world.address("/b")], &["npm"])
        .unwrap();
    assert_eq!(done.from, world.address("/b"));
    assert!(
        done.warnings[0].contains("was passed over") && done.warnings[0].contains("404"),
        "{:?}",
        done.warnings
    );
    assert_eq!(world.open().built(), day(2));
}

#[test]
fn addresses_fail_in_their_own_ways() {
    let world = World::new();
    let (address, npm) = (world.address("/a"), ["npm"]);
    let dead = "http://127.0.0.1:9/lockkeeper-index.json";
    let done = world.take(&[dead, &address], &npm).unwrap();
    assert!(done.warnings[0].contains("cannot connect"), "{:?}", done.warnings);
    assert_eq!(done.from, address);

    world.publish(2);
    world.serve("/a");
    for (code, words) in [
        (403, "the server answered 403"),
        (500, "the server answered 500"),
        (404, "404"),
    ] {
        for name in [NAME, ".minisig", ".lkdb"] {
            world.server.trouble(name, 3, Trouble::Status(code, None));
            let told = world.refused(&address, &npm);
            assert!(told.contains(words), "{told}");
            world.server.calm();
        }
    }
    // It is waited for as long as the server asks, and no longer than a person would.
    let before = world.waits.seconds().len();
    world.server.trouble(".lkdb", 1, Trouble::Status(429, Some("40")));
    world.server.trouble(NAME, 1, Trouble::Status(403, Some("20")));
    world.take(&[&address], &npm).unwrap();
    assert_eq!(world.waits.seconds()[before..], [20.0, 40.0]);
    assert_eq!(world.open().built(), day(2));
    world.publish(3);
    world.serve("/a");
    world.server.trouble(NAME, 1, Trouble::Status(429, Some("4000")));
    assert!(world.refused(&address, &npm).contains("asks to wait 4000 s"));

    // Everything may lie elsewhere; what is signed is the manifest, not the place.
    world.serve("/elsewhere");
    for name in [NAME.to_owned(), world.file("npm").name()] {
        world.server.trouble(
            &format!("/a/{name}"),
            1,
            Trouble::Redirect(format!("/elsewhere/{name}")),
        );
    }
    world.take(&[&address], &npm).unwrap();
    assert_eq!(world.open().built(), day(3));
}

#[test]
fn an_old_manifest_is_not_taken_again() {
    let world = World::new();
    world.serve("/old");
    world.publish(2);
    world.serve("/new");
    let (old, new) = (world.address("/old"), world.address("/new"));
    world.take(&[&new], &["npm"]).unwrap();
    let bytes = world.bytes();
    // It is as good as any, since what is here is newer; it is told all the same.
    let done = world.take(&[&old], &["npm"]).unwrap();
    assert!(
        done.warnings[0].contains("older than what is held"),
        "{:?}",
        done.warnings
    );
    assert_eq!(world.bytes(), bytes);
    // What is here has no PyPI, and for that npm would go back.
    let told = world.refused(&old, &["PyPI"]);
    assert!(
        told.contains("its newest data is of 2026-11-21T03:00:00Z, older than what is held"),
        "{told}"
    );
    let done = world.take(&[&old, &new], &["PyPI"]).unwrap();
    assert_eq!(done.from, new);
    assert_eq!(
        (world.exports(), world.open().built()),
        (vec!["PyPI".into(), "npm".into()], day(2))
    );
}

#[test]
fn only_a_trusted_signature_of_these_bytes_counts() {
    let mut world = World::new();
    let address = world.address("/a");
    let manifest = std::fs::read(world.path("publication").join(NAME)).unwrap();
    let signature = format!("/a/{}", signature_name(&manifest));
    let good = world.secret.sign(&manifest, "c");
    let (strange, own) = (key(2), world.secret.public());

    let sign = |world: &World, text: &str| {
        world.server.put(&signature, text);
        world.refused(&world.address("/a"), &["npm"])
    };
    let told = sign(&world, &strange.sign(&manifest, "c"));
    assert!(
        told.contains(&format!("it is signed by the key {}", strange.public().id())),
        "{told}"
    );
    assert!(
        told.contains(&own.id().to_string()) && told.contains("another user made it"),
        "{told}"
    );
    let told = sign(&world, &world.secret.sign(b"another manifest", "c"));
    assert!(
        told.contains("is not valid") && told.contains("altered"),
        "{told}"
    );
    assert!(sign(&world, "nothing of the kind").contains("not readable"));
    assert!(sign(&world, &"x".repeat(10_000)).contains("more than 4096 bytes"));
    world.server.remove(&signature);
    let told = world.refused(&address, &["npm"]);
    assert!(
        told.contains("it is not signed") && told.contains("Have its publisher sign it"),
        "{told}"
    );

    // An altered manifest has no signature of its own; with that of the good one it does not fit.
    let altered = String::from_utf8(manifest.clone()).unwrap().replace("npm", "npn");
    world.server.put(&format!("/a/{NAME}"), altered.clone());
    assert!(world.refused(&address, &["npm"]).contains("it is not signed"));
    world.server.put(
        &format!("/a/{}", signature_name(altered.as_bytes())),
        good.clone(),
    );
    assert!(world.refused(&address, &["npm"]).contains("is not valid"));

    // One key of several is enough; the one in the address counts alone.
    world.server.put(&format!("/a/{NAME}"), manifest.clone());
    world.server.put(&signature, good);
    assert!(
        world
            .refused(&format!("{address}#{}", strange.public()), &["npm"])
            .contains("it is signed by the key")
    );
    world.trust.keys = vec![strange.public(), own.clone()];
    world.take(&[&address], &["npm"]).unwrap();
    world.trust.keys = vec![strange.public()];
    assert!(
        world
            .refused(&address, &["npm"])
            .contains("it is signed by the key")
    );
    world.take(&[&format!("{address}#{own}")], &["npm"]).unwrap();
    world.trust.keys.clear();
    let told = world.refused(&address, &["npm"]);
    assert!(
        told.contains("no key is trusted") && told.contains("LOCKKEEPER_INDEX_KEY"),
        "{told}"
    );
    // Without a key nothing but the manifest was asked for.
    world.server.hits();
    world.refused(&address, &["npm"]);
    assert_eq!(world.server.hits().len(), 1);
    world.server.remove(&signature);
    world.take(&[&format!("unsigned+{address}")], &["npm"]).unwrap();
}

#[test]
fn a_folder_needs_no_signature_unless_a_key_is_named() {
    let mut world = World::new();
    world.trust = Trust::default();
    let folder = world.path("publication");
    let text = folder.to_str().unwrap().to_owned();
    let done = world.take(&[&text], &["npm", "Go"]).unwrap();
    assert_eq!(
        (done.from, world.exports()),
        (text.clone(), vec!["Go".into(), "npm".into()])
    );
    assert!(world.server.hits().is_empty());
    let by_manifest = format!("{text}/{NAME}");
    world.take(&[&by_manifest], &["PyPI"]).unwrap();
    assert_eq!(world.exports(), ["Go", "PyPI", "npm"]);

    world.trust = Trust {
        keys: vec![key(2).public()],
        demanded: Demanded::Everywhere,
    };
    assert!(world.refused(&text, &["npm"]).contains("it is signed by the key"));
    world.trust.keys = vec![world.secret.public()];
    world.take(&[&text], &["npm"]).unwrap();
    let manifest = std::fs::read(folder.join(NAME)).unwrap();
    std::fs::remove_file(folder.join(signature_name(&manifest))).unwrap();
    assert!(world.refused(&text, &["crates.io"]).contains("it is not signed"));
    // A file that is altered on the way is found out in a folder too.
    world.trust = Trust::default();
    let file = folder.join(world.file("crates.io").name());
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[9000] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    assert!(
        world
            .refused(&text, &["crates.io"])
            .contains("not those that the manifest names")
    );
    std::fs::remove_file(&file).unwrap();
    world.refused(&text, &["crates.io"]);
    std::fs::write(folder.join(NAME), " ".repeat(300 << 10)).unwrap();
    assert!(world.refused(&text, &["npm"]).contains("more than 262144 bytes"));
}

#[test]
fn a_signed_manifest_may_be_hostile_all_the_same() {
    let world = World::new();
    world.take(&[&world.address("/a")], &["npm"]).unwrap();
    let good: serde_json::Value =
        serde_json::from_slice(&std::fs::read(world.path("publication").join(NAME)).unwrap()).unwrap();
    let number = good["files"]
        .as_array()
        .unwrap()
        .iter()
        .position(|file| file["ecosystems"] == serde_json::json!(["PyPI"]));
    let number = number.unwrap();
    let serve = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut value = good.clone();
        change(&mut value);
        world.serve_manifest("/a", value.to_string().as_bytes());
        world.refused(&world.address("/a"), &["PyPI"])
    };
    let row = |field: &str, to: serde_json::Value| serve(&|value| value["files"][number][field] = to.clone());
    for name in [
        "../../../outside.lkdb",
        "/outside.lkdb",
        "..\\outside.lkdb",
        "\u{1b}]0;x\u{7}.lkdb",
    ] {
        let told = row("name", name.into());
        assert!(
            told.contains("not named by its SHA-256") && !told.contains('\u{1b}'),
            "{told}"
        );
    }
    let bytes = good["files"][number]["bytes"].as_u64().unwrap();
    assert!(row("bytes", (bytes - 1).into()).contains(&format!("more than {} bytes", bytes - 1)));
    assert!(row("bytes", (bytes + 1).into()).contains("not those that the manifest names"));
    assert!(row("bytes", u64::MAX.into()).contains("is said to have"));
    assert!(
        row("digest", format!("sha256:{}", "0".repeat(64)).into())
            .contains("another advisory database than the manifest says")
    );
    assert!(
        serve(&|value| value["built"] = day(2).to_string().into())
            .contains("another advisory database than the manifest says")
    );
    let mut claims = good.clone();
    claims["files"][number]["ecosystems"] = serde_json::json!(["Maven"]);
    world.serve_manifest("/a", claims.to_string().as_bytes());
    let told = world.refused(&world.address("/a"), &["Maven"]);
    assert!(
        told.contains("does not hold Maven, as the manifest says"),
        "{told}"
    );
    // Good bytes, and no index.
    let foreign = b"no index, and long enough to be one".repeat(300);
    let hash = sha256(&foreign);
    world.server.put(&format!("/a/{hash}.lkdb"), foreign.clone());
    let told = serve(&|value| {
        let row = &mut value["files"][number];
        row["name"] = format!("{hash}.lkdb").into();
        row["sha256"] = hash.clone().into();
        row["bytes"] = foreign.len().into();
    });
    assert!(told.contains("not an advisory database"), "{told}");
    assert!(serve(&|value| value["schema"] = "lockkeeper.index/2".into()).contains("newer lockkeeper"));
    world.serve_manifest("/a", &vec![b' '; 300 << 10]);
    assert!(
        world
            .refused(&world.address("/a"), &["PyPI"])
            .contains("more than 262144 bytes")
    );
    world.serve_manifest("/a", b"<html>");
    assert!(
        world
            .refused(&world.address("/a"), &["PyPI"])
            .contains("no manifest")
    );
    let mut around: Vec<_> = std::fs::read_dir(world.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    around.sort();
    assert_eq!(
        around,
        ["cache", "publication", "source.lkdb"],
        "nothing lies outside"
    );
}

#[test]
fn two_updates_of_one_cache_do_not_harm_each_other() {
    let world = World::new();
    let address = world.address("/a");
    std::thread::scope(|scope| {
        let updates = ALL.map(|ecosystem| {
            let (world, address) = (&world, &address);
            scope.spawn(move || world.take(&[address], &[ecosystem]))
        });
        for update in updates {
            assert_eq!(update.join().unwrap().unwrap().warnings, Vec::<String>::new());
        }
    });
    assert_eq!(world.exports(), ALL);
    let whole = Index::open(Positional::open(&world.path("source.lkdb")).unwrap()).unwrap();
    for ecosystem in ALL {
        assert_eq!(
            answers(&world.open(), ecosystem, "package-1"),
            answers(&whole, ecosystem, "package-1")
        );
    }
}

#[test]
fn what_the_publication_does_not_have_is_told() {
    let world = World::new();
    let mut compiler = Compiler::new();
    let own = compiler.source("osv/own", Authority::Export);
    compiler.add_osv_json(
        own,
        record("OWN-1", "npm", "inner", "0", None).to_string().as_bytes(),
        "x",
    );
    std::fs::create_dir_all(world.path("cache")).unwrap();
    std::fs::write(world.index(), compiler.finish(day(0)).unwrap().into_bytes()).unwrap();
    let done = world.take(&[&world.address("/a")], &["npm"]).unwrap();
    assert!(
        done.warnings[0].contains("does not have what came from osv/own"),
        "{:?}",
        done.warnings
    );
}

/// Programs that are not ours read the signature.
#[test]
fn others_verify_the_signature() {
    let world = World::new();
    let folder = world.path("publication");
    let manifest = std::fs::read(folder.join(NAME)).unwrap();
    let signature = folder.join(signature_name(&manifest));
    let public = world.secret.public().to_string();
    let run = |program: &str, arguments: &[&str]| {
        let output = std::process::Command::new(program)
            .args(arguments)
            .current_dir(&folder)
            .output();
        output.ok().map(|output| output.status.success())
    };
    let altered = String::from_utf8(manifest).unwrap().replace("npm", "npn");
    std::fs::write(folder.join("altered.json"), altered).unwrap();
    let signature = signature.to_str().unwrap();
    let minisign = |file: &str| run("minisign", &["-V", "-P", &public, "-x", signature, "-m", file]);
    match minisign(NAME) {
        None => println!("skipped: there is no minisign"),
        Some(verified) => assert_eq!((verified, minisign("altered.json")), (true, Some(false))),
    }

    // openssl wants the key in a frame of ASN.1 (RFC 8410) and the signature bare.
    use base64::Engine as _;
    let decode = |text: &str| base64::engine::general_purpose::STANDARD.decode(text).unwrap();
    let frame = [
        0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
    ];
    std::fs::write(
        folder.join("key.der"),
        [&frame[..], &decode(&public)[10..]].concat(),
    )
    .unwrap();
    let text = std::fs::read_to_string(signature).unwrap();
    std::fs::write(folder.join("bare"), &decode(text.lines().nth(1).unwrap())[10..]).unwrap();
    let openssl = |file: &str| {
        let arguments = "pkeyutl -verify -pubin -keyform DER -inkey key.der -rawin -sigfile bare -in";
        let arguments: Vec<&str> = arguments.split(' ').chain([file]).collect();
        run("openssl", &arguments)
    };
    match openssl(NAME) {
        None => println!("skipped: there is no openssl"),
        Some(verified) => assert_eq!((verified, openssl("altered.json")), (true, Some(false))),
    }
}

#[test]
fn what_is_dated_ahead_is_refused_and_outranks_nothing() {
    let world = World::new();
    world.take(&[&world.address("/a")], &["npm"]).unwrap();
    // Clocks differ by two days at most; now is day 3.
    world.publish(4);
    world.serve("/soon");
    world.publish(6);
    world.serve("/ahead");
    let told = world.refused(&world.address("/ahead"), &["npm"]);
    assert!(told.contains("which has not come yet"), "{told}");
    let alone = world.path("ahead.lkdb");
    compile(&alone, 6);
    let told = world.refused(alone.to_str().unwrap(), &["npm"]);
    assert!(told.contains("which has not come yet"), "{told}");
    world.server.put("/ahead.lkdb", std::fs::read(&alone).unwrap());
    let told = world.refused(&world.server.address("/ahead.lkdb"), &["npm"]);
    assert!(told.contains("which has not come yet"), "{told}");
    // What is held and dated ahead gives way to what is good.
    for from in [
        world.address("/a"),
        world.path("source.lkdb").to_str().unwrap().to_owned(),
    ] {
        compile(&world.path("source.lkdb"), 1);
        compile(&world.index(), 300);
        let done = world.take(&[&from], &["npm"]).unwrap();
        assert!(
            !done.warnings.iter().any(|told| told.contains("older than")),
            "{from}: {:?}",
            done.warnings
        );
        assert_eq!(world.open().built(), day(1), "{from}");
    }
    world.take(&[&world.address("/soon")], &["npm"]).unwrap();
    assert_eq!(world.open().built(), day(4));
}

#[cfg(unix)]
#[test]
fn a_link_in_the_cache_leads_no_bytes_elsewhere() {
    let world = World::new();
    let file = world.file("npm");
    let downloads = world.path("cache/downloads");
    std::fs::create_dir_all(&downloads).unwrap();
    let outside = world.path("outside");
    for name in [
        format!("{}.part", file.sha256),
        format!("{}.part.from", file.sha256),
    ] {
        drop(std::fs::remove_file(world.index()));
        std::fs::write(&outside, "somebody's own").unwrap();
        let link = downloads.join(&name);
        drop(std::fs::remove_file(&link));
        std::os::unix::fs::symlink(&outside, &link).unwrap();
        // Cut once, so that both files are written.
        world.server.trouble(".lkdb", 1, Trouble::Cut(2000));
        world.take(&[&world.address("/a")], &["npm"]).unwrap();
        assert_eq!(
            std::fs::read_to_string(&outside).unwrap(),
            "somebody's own",
            "{name}"
        );
        assert_eq!(sha256(&world.bytes()), file.sha256, "{name}");
    }
}

#[cfg(unix)]
#[test]
fn a_link_in_the_publication_leads_no_bytes_elsewhere() {
    let world = World::new();
    let outside = world.path("outside");
    let own = world.path("publication").join(NAME);
    std::fs::rename(&own, &outside).unwrap();
    let before = std::fs::read(&outside).unwrap();
    std::os::unix::fs::symlink(&outside, &own).unwrap();
    world.publish(2);
    assert_eq!(std::fs::read(&outside).unwrap(), before);
    assert!(!own.is_symlink());
    assert_eq!(world.manifest().built, day(2));
}

#[test]
fn one_publication_at_a_time_works_in_a_folder() {
    let world = World::new();
    let publication = world.path("publication");
    let before = std::fs::read(publication.join(NAME)).unwrap();
    compile(&world.path("source.lkdb"), 2);
    let lock = lockkeeper::sys::lock::Lock::take(&publication.join(".lockkeeper-lock"), || {}).unwrap();
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        let publishing = scope.spawn(|| {
            let request = publish::Request {
                index: &world.path("source.lkdb"),
                folder: &publication,
                signer: Signer::Key(&world.secret),
            };
            publish::publish(&request, &mut |told| drop(sender.send(told.to_owned())))
        });
        let limit = std::time::Duration::from_secs(20);
        let heard = std::iter::from_fn(|| receiver.recv_timeout(limit).ok());
        let mut told = heard
            .take(5)
            .filter(|told| told.contains("another publication works here"));
        assert!(told.next().is_some(), "nobody waits");
        assert_eq!(std::fs::read(publication.join(NAME)).unwrap(), before);
        drop(lock);
        publishing.join().unwrap().unwrap();
    });
    assert_eq!(world.manifest().built, day(2));
}
