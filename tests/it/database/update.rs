//! `db update` over HTTP: what is fetched, what is in the index afterwards, and what stays when something fails.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "the test prepares files and looks at what was written"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Write};
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use lockkeeper::advisory::Index;
use lockkeeper::advisory::record::Cve;
use lockkeeper::database::build;
use lockkeeper::database::update::{
    Done, Event, Origin, Progress, Quiet, Request, Trust, UpdateError, update,
};
use lockkeeper::sys::lock::Lock;
use lockkeeper::sys::positional::Positional;
use lockkeeper::sys::web::{Address, Web};

use crate::support::server::{Hit, Server, Trouble};
use crate::sys::web::{Waits, settings};

/// An export that changes.
#[derive(Default, Clone)]
struct Export {
    folders: BTreeMap<&'static str, BTreeMap<String, Document>>,
}

#[derive(Clone)]
struct Document {
    modified: Timestamp,
    json: String,
}

fn hours(hours: i64) -> Timestamp {
    "2026-11-01T00:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_hours(hours)
}

impl Export {
    /// A record of one package of the same name, in each of `ecosystems`.
    fn put(&mut self, id: &str, ecosystems: &[&'static str], modified: i64, more: &str) {
        let affected: Vec<String> = ecosystems
            .iter()
            .map(|ecosystem| {
                format!(
                    r#"{{"package":{{"ecosystem":"{ecosystem}","name":"{}"}},"ranges":[{{"type":"SEMVER","events":[{{"introduced":"0"}}]}}]}}"#,
                    id.to_lowercase()
                )
            })
            .collect();
        let modified = hours(modified);
        let json = format!(
            r#"{{"id":"{id}","modified":"{modified}","published":"2026-01-01T00:00:00Z"{more},"affected":[{}]}}"#,
            affected.join(",")
        );
        for folder in self.folders.values_mut() {
            folder.remove(id);
        }
        for ecosystem in ecosystems {
            let document = Document {
                modified,
                json: json.clone(),
            };
            self.folders
                .entry(ecosystem)
                .or_default()
                .insert(id.to_owned(), document);
        }
    }

    fn zip(&self, ecosystem: &str) -> Vec<u8> {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (id, document) in &self.folders[ecosystem] {
            let options = zip::write::SimpleFileOptions::default();
            zip.start_file(format!("{id}.json"), options).unwrap();
            zip.write_all(document.json.as_bytes()).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    fn publish(&self, server: &Server) {
        for (ecosystem, documents) in &self.folders {
            let mut rows: Vec<_> = documents.iter().collect();
            rows.sort_by_key(|(id, document)| (std::cmp::Reverse(document.modified), (*id).clone()));
            let list: String = rows
                .iter()
                .map(|(id, row)| format!("{},{id}\n", row.modified))
                .collect();
            server.put(&format!("/osv/{ecosystem}/modified_id.csv"), list);
            server.put(&format!("/osv/{ecosystem}/all.zip"), self.zip(ecosystem));
            for (id, document) in documents {
                server.put(&format!("/osv/{ecosystem}/{id}.json"), document.json.clone());
            }
        }
        let names: Vec<&str> = self.folders.keys().copied().collect();
        server.put("/osv/ecosystems.txt", names.join("\n"));
    }
}

/// Some records of npm, a minute apart, and a few of PyPI.
fn many(count: i64) -> Export {
    let mut export = Export::default();
    for n in 0..count {
        export.put(&format!("GHSA-{n:05}"), &["npm"], 0, "");
        let document = export
            .folders
            .get_mut("npm")
            .unwrap()
            .get_mut(&format!("GHSA-{n:05}"))
            .unwrap();
        let modified = hours(0) - SignedDuration::from_mins(30 * n);
        document.json = document
            .json
            .replace(&hours(0).to_string(), &modified.to_string());
        document.modified = modified;
    }
    export.put("PYSEC-1", &["PyPI"], 0, "");
    export
}

struct Place {
    folder: tempfile::TempDir,
    server: Server,
    waits: Waits,
    from: Vec<Origin>,
    ecosystems: Vec<String>,
    exploited: Option<Address>,
    scores: Option<Address>,
}

impl Place {
    fn new(ecosystems: &[&str]) -> Self {
        let server = Server::start();
        Self {
            folder: tempfile::tempdir().unwrap(),
            from: vec![Origin::parse(&server.address("/osv")).unwrap()],
            server,
            waits: Waits::default(),
            ecosystems: ecosystems.iter().map(|name| (*name).to_owned()).collect(),
            exploited: None,
            scores: None,
        }
    }

    fn index(&self) -> PathBuf {
        self.folder.path().join("index.lkdb")
    }

    fn downloads(&self) -> PathBuf {
        self.folder.path().join("downloads")
    }

    fn update(&self, now: i64) -> Result<Done, UpdateError> {
        self.update_heard(now, &Quiet)
    }

    fn update_heard(&self, now: i64, progress: &dyn Progress) -> Result<Done, UpdateError> {
        let (index, downloads) = (self.index(), self.downloads());
        let request = Request {
            index: &index,
            downloads: &downloads,
            ecosystems: &self.ecosystems,
            usual: &[],
            from: &self.from,
            trust: &Trust::default(),
            exploited: self.exploited.clone(),
            scores: self.scores.clone(),
            losses: build::Losses::Allowed,
            now: hours(now),
        };
        update(
            &request,
            Web::with_timer(settings(), Box::new(self.waits.clone())),
            progress,
        )
    }

    fn open(&self) -> Index {
        Index::open(Positional::open(&self.index()).unwrap()).unwrap()
    }

    fn ids(&self) -> BTreeSet<String> {
        let index = self.open();
        index.verify().unwrap();
        index
            .records()
            .unwrap()
            .into_iter()
            .map(|kept| kept.record.id)
            .collect()
    }

    fn holds(&self, id: &str) -> bool {
        self.open().find(id).unwrap().is_some()
    }

    fn bytes(&self) -> Vec<u8> {
        std::fs::read(self.index()).unwrap()
    }
}

fn sent(hits: &[Hit]) -> usize {
    hits.iter().map(|hit| hit.sent).sum()
}

fn asked(hits: &[Hit], name: &str) -> usize {
    hits.iter().filter(|hit| hit.path.ends_with(name)).count()
}

#[test]
fn the_first_update_fetches_archives_the_next_only_what_changed() {
    let place = Place::new(&["npm", "PyPI"]);
    let mut export = many(3_000);
    export.put(
        "GHSA-withdrawn",
        &["npm"],
        -1,
        r#","withdrawn":"2026-10-01T00:00:00Z""#,
    );
    export.publish(&place.server);
    let done = place.update(1).unwrap();
    assert_eq!(done.warnings, Vec::<String>::new());
    assert!(done.ecosystems.iter().all(|(_, tally)| tally.whole));
    assert_eq!(place.ids().len(), 3_001);
    assert!(!place.holds("GHSA-withdrawn"));
    assert_eq!(place.open().built(), hours(1));
    let whole = sent(&place.server.hits());

    // What was not asked for again is followed all the same.
    let mut place = place;
    place.ecosystems.clear();
    export.put("GHSA-00007", &["npm"], 3, r#","summary":"changed""#);
    export.put(
        "GHSA-00008",
        &["npm"],
        3,
        r#","withdrawn":"2026-11-01T00:00:00Z""#,
    );
    export.put("GHSA-new", &["npm"], 4, "");
    // This one was changed at home before the last update, and exported after.
    export.put("GHSA-late", &["npm"], -40, "");
    export.publish(&place.server);
    let done = place.update(5).unwrap();
    let hits = place.server.hits();
    assert_eq!(asked(&hits, "all.zip"), 0);
    let fetched: BTreeSet<&str> = hits
        .iter()
        .filter_map(|hit| hit.path.strip_prefix("/osv/npm/")?.strip_suffix(".json"))
        .collect();
    assert_eq!(
        fetched,
        ["GHSA-00007", "GHSA-00008", "GHSA-late", "GHSA-new"].into()
    );
    assert!(
        sent(&hits) < 70_000 && whole > 200_000,
        "{} of {whole}",
        sent(&hits)
    );
    assert_eq!(
        (done.ecosystems[1].1.taken, done.ecosystems[1].1.withdrawn),
        (3, 1)
    );
    let ids = place.ids();
    assert!(ids.contains("GHSA-new") && ids.contains("GHSA-late") && !ids.contains("GHSA-00008"));
    assert_eq!(ids.len(), 3_002);
    assert_eq!(
        place
            .open()
            .find("GHSA-00007")
            .unwrap()
            .unwrap()
            .summary("")
            .unwrap(),
        "changed"
    );

    // Nothing has changed: two questions, no bytes, and the index is as of now.
    place.update(6).unwrap();
    let hits = place.server.hits();
    assert_eq!((hits.len(), sent(&hits)), (2, 0));
    assert_eq!(place.open().built(), hours(6));

    // Withdrawn records of the last two days are not fetched again and again.
    export.put("GHSA-newer", &["npm"], 7, "");
    export.publish(&place.server);
    place.update(8).unwrap();
    assert_eq!(asked(&place.server.hits(), ".json"), 1);
}

#[test]
fn once_a_week_deleted_records_go() {
    let place = Place::new(&["npm", "PyPI"]);
    let mut export = many(300);
    export.put("GHSA-both", &["npm", "PyPI"], -5, "");
    export.publish(&place.server);
    place.update(1).unwrap();
    assert!(place.holds("GHSA-both") && place.holds("GHSA-00005"));

    export.folders.get_mut("npm").unwrap().remove("GHSA-00005");
    export.put("GHSA-both", &["PyPI"], -5, "");
    for path in ["/osv/npm/GHSA-00005.json", "/osv/npm/GHSA-both.json"] {
        place.server.remove(path);
    }
    export.publish(&place.server);
    place.server.hits();
    place.update(2).unwrap();
    assert!(place.holds("GHSA-00005"), "that takes a full comparison");
    let done = place.update(7 * 24 + 1).unwrap();
    assert_eq!(asked(&place.server.hits(), "all.zip"), 0);
    assert!(!place.holds("GHSA-00005"));
    assert_eq!(done.ecosystems[1].1.gone, 2);
    // It left npm, and is still a record of PyPI.
    let index = place.open();
    let view = index.find("GHSA-both").unwrap().unwrap();
    let affected = index.affected_by(&view).unwrap();
    assert_eq!(
        affected
            .iter()
            .map(|one| one.ecosystem.as_str())
            .collect::<Vec<_>>(),
        ["PyPI"]
    );
    place.server.hits();
    place.update(7 * 24 + 2).unwrap();
    assert_eq!(sent(&place.server.hits()), 0, "nothing is left to compare");
}

#[test]
fn much_change_means_the_archive() {
    let place = Place::new(&["npm"]);
    let mut export = many(300);
    export.publish(&place.server);
    place.update(1).unwrap();
    for n in 0..100 {
        export.put(&format!("GHSA-{n:05}"), &["npm"], 2, r#","summary":"changed""#);
    }
    export.folders.get_mut("npm").unwrap().remove("GHSA-00200");
    export.publish(&place.server);
    place.server.hits();
    let done = place.update(3).unwrap();
    let hits = place.server.hits();
    assert_eq!((asked(&hits, "all.zip"), asked(&hits, ".json")), (1, 0));
    assert!(done.ecosystems[0].1.whole && !place.holds("GHSA-00200"));
    let index = place.open();
    assert_eq!(
        index.find("GHSA-00042").unwrap().unwrap().summary("").unwrap(),
        "changed"
    );
}

#[test]
fn a_cut_download_goes_on_in_the_next_run() {
    let place = Place::new(&["npm"]);
    let export = many(3_000);
    export.publish(&place.server);
    let length = export.zip("npm").len();
    place.server.trouble("all.zip", 3, Trouble::Cut(length / 5));
    let failure = place.update(1).unwrap_err();
    assert!(matches!(failure, UpdateError::NoOrigin(_)), "{failure}");
    assert!(
        failure
            .to_string()
            .contains("/osv/npm/all.zip: the connection broke off"),
        "{failure}"
    );
    assert!(failure.hint().contains("Run it again"), "{}", failure.hint());
    assert!(!place.index().exists());
    assert_eq!(sent(&place.server.hits()), length / 5 * 3);

    place.update(2).unwrap();
    assert_eq!(sent(&place.server.hits()), length - length / 5 * 3);
    assert_eq!(place.ids().len(), 3_000);
    let left: Vec<_> = std::fs::read_dir(place.downloads())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left, ["lock"]);
}

#[test]
fn a_failure_leaves_the_old_index() {
    let place = Place::new(&["npm", "PyPI"]);
    let mut export = many(100);
    export.publish(&place.server);
    place.update(1).unwrap();
    let before = place.bytes();
    export.put("GHSA-new", &["npm"], 2, "");
    export.publish(&place.server);
    for (path, trouble) in [
        ("/PyPI/modified_id.csv", Trouble::Status(500, None)),
        ("/PyPI/modified_id.csv", Trouble::Hang(Duration::from_secs(1))),
        ("GHSA-new.json", Trouble::Status(403, None)),
        ("GHSA-new.json", Trouble::Cut(10)),
    ] {
        place.server.trouble(path, 3, trouble);
        let failure = place.update(3).unwrap_err();
        assert!(failure.to_string().contains(path), "{failure}");
        assert_eq!(place.bytes(), before);
        place.server.calm();
    }
    place.update(3).unwrap();
    assert!(place.holds("GHSA-new"));
}

#[test]
fn a_damaged_archive_is_refused_and_fetched_anew() {
    let place = Place::new(&["npm"]);
    let export = many(500);
    export.publish(&place.server);
    let sound = export.zip("npm");
    let mut altered = sound.clone();
    altered[sound.len() / 2] ^= 1;
    for bytes in [
        sound[..sound.len() - 5].to_vec(),
        b"<html>please log in</html>".to_vec(),
    ] {
        place.server.put("/osv/npm/all.zip", bytes);
        let failure = place.update(1).unwrap_err();
        assert!(failure.to_string().contains("/osv/npm/all.zip: "), "{failure}");
        assert!(!place.index().exists());
    }
    place.server.put("/osv/npm/all.zip", sound);
    place.update(1).unwrap();
    assert_eq!(place.ids().len(), 500);
    // One record that is spoilt is fetched once more, then told of.
    let place = Place::new(&["npm"]);
    export.publish(&place.server);
    place.server.put("/osv/npm/all.zip", altered);
    let done = place.update(1).unwrap();
    assert_eq!(done.ecosystems[0].1.rejected_total, 1);
    assert_eq!(place.ids().len(), 499);
    assert_eq!(asked(&place.server.hits(), "all.zip"), 2);
    assert_eq!(place.open().unread().unwrap().len(), 1);
}

#[test]
fn addresses_are_tried_in_order() {
    let mut place = Place::new(&["npm"]);
    let export = many(50);
    export.publish(&place.server);
    let broken = Server::start();
    broken.put("/osv/npm/all.zip", "no zip");
    let gone = Server::start().address("/osv");
    place.from = [
        gone.as_str(),
        &broken.address("/osv"),
        &place.server.address("/osv"),
        &broken.address("/never"),
    ]
    .map(|text| Origin::parse(text).unwrap())
    .to_vec();
    let done = place.update(1).unwrap();
    assert_eq!(done.from, place.server.address("/osv"));
    assert_eq!(done.warnings.len(), 2, "{:?}", done.warnings);
    assert!(done.warnings[1].contains("no zip"), "{:?}", done.warnings);
    assert_eq!(asked(&broken.hits(), "never"), 0);
    assert_eq!(place.ids().len(), 50);
}

#[test]
fn an_old_copy_is_passed_over_and_takes_nothing_away() {
    let mut place = Place::new(&["npm"]);
    let mut export = many(50);
    let old = Server::start();
    export.publish(&old);
    export.put("GHSA-new", &["npm"], 100, "");
    export.publish(&place.server);
    place.update(101).unwrap();
    let new = place.from[0].clone();
    place.from = vec![Origin::parse(&old.address("/osv")).unwrap(), new];
    let done = place.update(300).unwrap();
    assert_eq!(done.from, place.server.address("/osv"));
    assert!(
        done.warnings[0].contains("older than what is held"),
        "{:?}",
        done.warnings
    );

    place.from.pop();
    let done = place.update(600).unwrap();
    assert_eq!(done.from, old.address("/osv"));
    assert!(place.holds("GHSA-new"));
}

#[test]
fn retry_after_is_waited_for() {
    let place = Place::new(&["npm"]);
    many(10).publish(&place.server);
    place
        .server
        .trouble("all.zip", 1, Trouble::Status(429, Some("11")));
    place.update(1).unwrap();
    assert_eq!(place.waits.seconds(), [11.0]);
    place
        .server
        .trouble("modified_id.csv", 1, Trouble::Status(503, Some("86400")));
    let failure = place.update(2).unwrap_err();
    assert!(failure.to_string().contains("asks to wait 86400 s"), "{failure}");
    assert_eq!(place.waits.seconds(), [11.0]);
}

#[test]
fn a_damaged_list_or_a_missing_record_is_no_end() {
    let place = Place::new(&["npm"]);
    let mut export = many(100);
    export.publish(&place.server);
    place.update(1).unwrap();
    export.put("GHSA-00001", &["npm"], 2, r#","summary":"changed""#);
    export.put("GHSA-00002", &["npm"], 2, r#","summary":"changed""#);
    export.publish(&place.server);
    place.server.remove("/osv/npm/GHSA-00001.json");
    place.update(3).unwrap();
    let summary = |id| place.open().find(id).unwrap().unwrap().summary("").unwrap();
    assert_eq!(
        (summary("GHSA-00001").as_str(), summary("GHSA-00002").as_str()),
        ("", "changed")
    );

    place.server.put("/osv/npm/modified_id.csv", "<html>");
    place.server.hits();
    assert!(place.update(4).unwrap().ecosystems[0].1.whole);
    assert_eq!(summary("GHSA-00001"), "changed");
    // An unreadable record is told, and what was known stays.
    export.publish(&place.server);
    export.put("GHSA-00003", &["npm"], 5, "");
    export.publish(&place.server);
    place.server.put("/osv/npm/GHSA-00003.json", "{");
    let done = place.update(6).unwrap();
    assert!(done.warnings[0].contains("GHSA-00003"), "{:?}", done.warnings);
    assert!(place.holds("GHSA-00003"));
    export.publish(&place.server);
    export.put("GHSA-x", &["npm"], 6, "");
    export.publish(&place.server);
    place.server.hits();
    place.update(7).unwrap();
    assert_eq!(
        asked(&place.server.hits(), "GHSA-00003.json"),
        1,
        "it is tried again"
    );
}

#[test]
fn an_unknown_ecosystem_is_named() {
    let place = Place::new(&["Npm"]);
    many(3).publish(&place.server);
    let failure = place.update(1).unwrap_err();
    assert!(
        failure.to_string().contains("it has no ecosystem `Npm`"),
        "{failure}"
    );
    assert!(
        failure.hint().contains("Did you mean `npm`?"),
        "{}",
        failure.hint()
    );
    assert!(matches!(Place::new(&[]).update(1), Err(UpdateError::NoEcosystem)));
}

#[test]
fn what_lies_in_the_place_of_the_index() {
    let place = Place::new(&["npm"]);
    many(20).publish(&place.server);
    std::fs::write(place.index(), "my thesis").unwrap();
    let failure = place.update(1).unwrap_err();
    assert!(matches!(failure, UpdateError::NotReplaceable { .. }), "{failure}");
    assert_eq!(place.bytes(), b"my thesis");

    std::fs::remove_file(place.index()).unwrap();
    place.update(1).unwrap();
    let mut bytes = place.bytes();
    let middle = bytes.len() * 2 / 3;
    bytes[middle] ^= 1;
    std::fs::write(place.index(), &bytes).unwrap();
    let done = place.update(2).unwrap();
    assert!(done.warnings[0].contains("not readable"), "{:?}", done.warnings);
    assert!(done.ecosystems[0].1.whole);
    assert_eq!(place.ids().len(), 20);
}

#[test]
fn exploited_flaws_and_scores() {
    let mut place = Place::new(&["npm"]);
    many(3).publish(&place.server);
    let known = r#"{"dateReleased":"2026-11-01T00:00:00Z","vulnerabilities":[{"cveID":"CVE-2026-1"}]}"#;
    let scores =
        "#model_version:v1,score_date:2026-11-01T00:00:00+0000\ncve,epss,percentile\nCVE-2026-1,0.25,0.9\n";
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(scores.as_bytes()).unwrap();
    place.server.put("/kev.json", known);
    place.server.put("/epss.csv.gz", gzip.finish().unwrap());
    place.exploited = Some(Address::parse(&place.server.address("/kev.json")).unwrap());
    place.scores = Some(Address::parse(&place.server.address("/epss.csv.gz")).unwrap());
    assert_eq!(place.update(1).unwrap().warnings, Vec::<String>::new());
    let exploit = |place: &Place| {
        let exploit = place
            .open()
            .exploit(Cve {
                year: 2026,
                number: 1,
            })
            .unwrap()
            .unwrap();
        (exploit.known, exploit.probability)
    };
    assert_eq!(exploit(&place), (true, Some(250_000_000)));
    place.update(2).unwrap();
    place.server.hits();
    place.update(2).unwrap();
    let hits = place.server.hits();
    assert_eq!(sent(&hits), 0, "{hits:?}");

    // What fails is told, and stays as it was.
    place.server.put("/kev.json", "<html>please log in</html>");
    place.server.put("/epss.csv.gz", "<html>please log in</html>");
    let done = place.update(3).unwrap();
    assert_eq!(done.warnings.len(), 2, "{:?}", done.warnings);
    assert!(
        done.warnings[0].starts_with("KEV stays as it was: "),
        "{:?}",
        done.warnings
    );
    place.server.remove("/kev.json");
    place
        .server
        .trouble("/epss.csv.gz", 9, Trouble::Status(500, None));
    assert_eq!(place.update(4).unwrap().warnings.len(), 2);
    assert_eq!(exploit(&place), (true, Some(250_000_000)));
}

#[test]
fn one_update_at_a_time() {
    struct Heard(Mutex<std::sync::mpsc::Sender<()>>);
    impl Progress for Heard {
        fn report(&self, event: &Event<'_>) {
            if let Event::Waiting { folder } = event {
                assert!(folder.ends_with("downloads"), "{folder:?}");
                self.0.lock().unwrap().send(()).unwrap();
            }
        }
    }
    let place = Place::new(&["npm"]);
    many(10).publish(&place.server);
    std::fs::create_dir_all(place.downloads()).unwrap();
    let lock = Lock::take(&place.downloads().join("lock"), || {}).unwrap();
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        let update = scope.spawn(|| place.update_heard(1, &Heard(Mutex::new(sender))));
        receiver.recv_timeout(Duration::from_secs(20)).unwrap();
        assert!(place.server.hits().is_empty());
        drop(lock);
        update.join().unwrap().unwrap();
    });
    // Two at once: the second finds what the first did.
    std::fs::remove_file(place.index()).unwrap();
    place.server.hits();
    std::thread::scope(|scope| {
        let updates = [scope.spawn(|| place.update(2)), scope.spawn(|| place.update(2))];
        assert!(updates.into_iter().all(|update| update.join().unwrap().is_ok()));
    });
    assert_eq!(asked(&place.server.hits(), "all.zip"), 1);
    assert_eq!(place.ids().len(), 10);
}

#[test]
fn a_ready_made_index_is_verified_and_installed() {
    let mut place = Place::new(&["npm"]);
    many(40).publish(&place.server);
    place.update(10).unwrap();
    let ready = place.bytes();
    std::fs::remove_file(place.index()).unwrap();
    place.server.put("/all.lkdb", ready.clone());
    place.from = vec![Origin::parse(&place.server.address("/all.lkdb")).unwrap()];
    place.update(11).unwrap();
    assert_eq!(place.bytes(), ready);
    place.server.hits();
    place.update(12).unwrap();
    assert_eq!(sent(&place.server.hits()), 0, "it is the same");

    let mut altered = ready.clone();
    let end = altered.len() - 100;
    altered[end] ^= 1;
    for bad in [altered, ready[..ready.len() / 2].to_vec(), b"<html>".to_vec()] {
        place.server.put("/all.lkdb", bad);
        let failure = place.update(13).unwrap_err();
        assert!(failure.to_string().contains("/all.lkdb: "), "{failure}");
        assert_eq!(place.bytes(), ready);
    }
    place.server.put("/all.lkdb", ready.clone());
    place.ecosystems = vec!["npm".into(), "Go".into()];
    let failure = place.update(14).unwrap_err();
    assert!(failure.to_string().contains("it does not hold Go"), "{failure}");

    // An older one is not put in place of a newer one; a file on the disk works as well as an address.
    place.ecosystems = vec!["npm".into()];
    let older = place.folder.path().join("older.lkdb");
    std::fs::write(&older, &ready).unwrap();
    place.from = vec![Origin::parse(&place.server.address("/osv")).unwrap()];
    place.update(20).unwrap();
    let newer = place.bytes();
    place.from = vec![Origin::parse(older.to_str().unwrap()).unwrap()];
    let done = place.update(21).unwrap();
    assert_eq!(place.bytes(), newer);
    assert!(
        done.warnings[0].contains("older than what is held"),
        "{:?}",
        done.warnings
    );
    std::fs::remove_file(place.index()).unwrap();
    place.update(22).unwrap();
    assert_eq!(place.bytes(), ready);
}

#[test]
fn a_folder_works_as_well() {
    let mut place = Place::new(&["npm", "PyPI"]);
    let mut export = many(30);
    let mirror = place.folder.path().join("mirror");
    let write = |export: &Export| {
        for ecosystem in export.folders.keys() {
            std::fs::create_dir_all(mirror.join(ecosystem)).unwrap();
            std::fs::write(mirror.join(ecosystem).join("all.zip"), export.zip(ecosystem)).unwrap();
        }
    };
    write(&export);
    place.from = vec![Origin::parse(mirror.to_str().unwrap()).unwrap()];
    place.update(1).unwrap();
    assert_eq!(place.ids().len(), 31);
    export.folders.get_mut("npm").unwrap().remove("GHSA-00003");
    write(&export);
    place.update(2).unwrap();
    assert_eq!(place.ids().len(), 30);
    assert!(mirror.join("npm/all.zip").exists());
    place.ecosystems.push("Go".into());
    let failure = place.update(3).unwrap_err();
    assert!(failure.to_string().contains("Go/all.zip"), "{failure}");
}

#[test]
fn an_index_that_was_built_from_files_is_followed_and_keeps_what_is_ones_own() {
    let place = Place::new(&[]);
    let mut export = many(30);
    export.folders.remove("PyPI");
    let (mirror, own) = (place.folder.path().join("npm"), place.folder.path().join("own"));
    std::fs::create_dir_all(&mirror).unwrap();
    std::fs::create_dir_all(&own).unwrap();
    std::fs::write(mirror.join("all.zip"), export.zip("npm")).unwrap();
    let mut ours = Export::default();
    ours.put("ACME-1", &["npm"], -100, "");
    std::fs::write(own.join("ACME-1.json"), &ours.folders["npm"]["ACME-1"].json).unwrap();
    build::build(
        &[mirror.join("all.zip"), own],
        hours(0),
        &place.index(),
        build::Losses::Refused,
        &mut |_| {},
    )
    .unwrap();
    assert_eq!(place.ids().len(), 31);

    export.folders.get_mut("npm").unwrap().remove("GHSA-00003");
    export.put("GHSA-00004", &["npm"], 1, r#","summary":"changed""#);
    export.publish(&place.server);
    let done = place.update(2).unwrap();
    assert_eq!(
        done.ecosystems
            .iter()
            .map(|(name, _)| name.as_str())
            .collect::<Vec<_>>(),
        ["npm"]
    );
    assert!(done.ecosystems[0].1.whole, "how old the files were is not known");
    assert!(place.holds("ACME-1") && !place.holds("GHSA-00003"));
    place.update(24 * 30).unwrap();
    assert!(place.holds("ACME-1"));
    assert_eq!(place.ids().len(), 30);
}

/// The real records: after a full comparison nothing is left to fetch.
#[test]
fn real_records_are_followed() {
    let Some(data) = std::env::var_os("LOCKKEEPER_DATA") else {
        println!("skipped: LOCKKEEPER_DATA is not set");
        return;
    };
    let names = ["Go", "Julia", "Maven", "Packagist", "PyPI", "crates.io", "npm"];
    let place = Place::new(&names);
    for name in names {
        let bytes = std::fs::read(PathBuf::from(&data).join("osv").join(name).join("all.zip")).unwrap();
        let mut zip = zip::ZipArchive::new(Cursor::new(bytes.clone())).unwrap();
        let mut rows = Vec::new();
        for number in 0..zip.len() {
            let document: serde_json::Value = serde_json::from_reader(zip.by_index(number).unwrap()).unwrap();
            let modified = document["modified"].as_str().and_then(|text| text.parse().ok());
            let modified: Timestamp = modified.unwrap_or("0001-01-01T00:00:00Z".parse().unwrap());
            rows.push((
                std::cmp::Reverse(modified),
                document["id"].as_str().unwrap().to_owned(),
            ));
            place.server.put(
                &format!("/osv/{name}/{}.json", rows[number].1),
                document.to_string(),
            );
        }
        rows.sort();
        let list: String = rows
            .iter()
            .map(|(modified, id)| format!("{},{id}\n", modified.0))
            .collect();
        place.server.put(&format!("/osv/{name}/modified_id.csv"), list);
        place.server.put(&format!("/osv/{name}/all.zip"), bytes);
    }
    assert_eq!(place.update(1).unwrap().warnings, Vec::<String>::new());
    let before = place.ids();
    assert!(before.len() > 10_000, "{}", before.len());
    // The few that bear no time are looked at once more.
    place.update(24 * 100).unwrap();
    place.server.hits();
    let done = place.update(24 * 365).unwrap();
    let hits = place.server.hits();
    assert_eq!(
        (asked(&hits, "all.zip"), asked(&hits, "modified_id.csv")),
        (0, names.len())
    );
    let fetched: Vec<&str> = hits
        .iter()
        .map(|hit| hit.path.as_str())
        .filter(|path| path.ends_with(".json"))
        .collect();
    assert!(fetched.is_empty(), "{fetched:?}");
    assert!(
        done.ecosystems
            .iter()
            .all(|(_, tally)| (tally.taken, tally.gone) == (0, 0))
    );
    assert_eq!(place.ids(), before);
}
