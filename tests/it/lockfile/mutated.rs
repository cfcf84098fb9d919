//! The bodies of fuzz targets over altered seeds, with a generator that starts the same every time. `fuzz/run` goes on from
//! here with coverage; `LOCKKEEPER_MUTATIONS` sets how many inputs each target gets here.

use std::path::Path;

use lockkeeper::database::signature::SecretKey;

use crate::architecture::root;

#[path = "../../../fuzz/bodies/attributes.rs"]
mod attributes;
#[path = "../../../fuzz/bodies/event.rs"]
mod event;
#[path = "../../../fuzz/bodies/listing.rs"]
mod listing;
#[path = "../../../fuzz/bodies/manifest.rs"]
mod manifest;
#[path = "../../../fuzz/bodies/message.rs"]
mod message;
#[path = "../../../fuzz/bodies/registry.rs"]
mod registry;
#[path = "../../../fuzz/bodies/signature.rs"]
mod signature;

const USUAL: usize = 3_000;

/// What readers stumble over.
const WORDS: &[&str] = &[
    "null",
    "true",
    "{}",
    "[]",
    "\"\"",
    "-1",
    "1e999",
    "18446744073709551616",
    "\\u0000",
    "\\ud800",
    "\u{202e}",
    "\0",
    "..",
    "/",
    "//",
    "\n",
    "\r",
    "refs/heads/",
    "a/../b",
    "040000",
    "160000",
    "000000",
    "9999-12-31T23:59:59Z",
    "1970-01-01T00:00:00Z",
    "0000000000000000000000000000000000000000",
    "==",
    "RWQ",
    "RUQ",
    "untrusted comment: ",
    "\"path\":",
    "\"sha\":",
    "{",
    "[",
    "\"",
    ",",
    ":",
];

/// xorshift64*, by Vigna.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(number).unwrap_or_default() % limit.max(1)
    }
}

/// One to eight alterations of one seed.
fn altered(chance: &mut Chance, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = seeds[chance.below(seeds.len())].clone();
    for _ in 0..=chance.below(8) {
        let at = chance.below(bytes.len() + 1);
        let end = (at + chance.below(40)).min(bytes.len());
        match chance.below(8) {
            0 if at < bytes.len() => bytes[at] ^= 1 << chance.below(8),
            1 if at < bytes.len() => bytes[at] = u8::try_from(chance.below(256)).unwrap_or_default(),
            2 => drop(bytes.drain(at..end)),
            3 => {
                let piece = bytes[at..end].to_vec();
                let to = chance.below(bytes.len() + 1);
                drop(bytes.splice(to..to, piece));
            }
            4 => bytes.truncate(at),
            5 => {
                let other = &seeds[chance.below(seeds.len())];
                let from = chance.below(other.len() + 1);
                let to = (from + chance.below(200)).min(other.len());
                drop(bytes.splice(at..end, other[from..to].iter().copied()));
            }
            _ => {
                let word = WORDS[chance.below(WORDS.len())];
                let end = if chance.below(2) == 0 { at } else { end };
                drop(bytes.splice(at..end, word.bytes()));
            }
        }
        bytes.truncate(1 << 16);
    }
    bytes
}

fn run(name: &str, seeds: &[Vec<u8>], body: fn(&[u8])) {
    let told = std::env::var("LOCKKEEPER_MUTATIONS").ok();
    let count = told.and_then(|count| count.parse().ok()).unwrap_or(USUAL);
    for seed in seeds {
        body(seed);
    }
    let mut chance = Chance(0x1234_5678_9ABC_DEF1);
    for number in 0..count {
        let input = altered(&mut chance, seeds);
        let ended = std::panic::catch_unwind(|| body(&input));
        assert!(
            ended.is_ok(),
            "{name}, input {number}: {:?}",
            String::from_utf8_lossy(&input)
        );
    }
    println!("{name}: {count} inputs");
}

fn fixtures(folder: &str) -> Vec<Vec<u8>> {
    let folder = root().join("tests/fixtures").join(folder);
    let mut paths: Vec<_> = std::fs::read_dir(&folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.is_file())
        .collect();
    paths.sort();
    let read = |path: &Path| std::fs::read(path).expect("a fixture");
    paths.iter().map(|path| read(path)).collect()
}

#[test]
fn events_that_nobody_sent() {
    run("event", &fixtures("events"), event::run);
}

#[test]
fn listings_that_no_forge_gives() {
    run("listing", &fixtures("listings"), listing::run);
}

#[test]
fn manifests_that_nobody_published() {
    let id = "ab".repeat(32);
    let seeds = [
        r#"{"schema":"lockkeeper.index/1","built":"2026-01-02T03:04:05Z","files":[]}"#.to_owned(),
        format!(
            r#"{{"schema":"lockkeeper.index/1","built":"2026-01-02T03:04:05Z","files":[{{"sha256":"{id}","bytes":1000,"digest":"sha256:{id}","ecosystems":["npm","PyPI"]}},{{"sha256":"{id}","bytes":7,"digest":"sha256:{id}","ecosystems":["npm"]}}]}}"#
        ),
    ];
    let seeds: Vec<Vec<u8>> = seeds
        .into_iter()
        .map(String::into_bytes)
        .chain(published())
        .collect();
    run("manifest", &seeds, manifest::run);
}

/// A manifest as `db publish` writes it.
fn published() -> Option<Vec<u8>> {
    let sandbox = crate::support::program::Sandbox::new();
    let index = sandbox.path("index.lkdb");
    crate::database::published::compile(&index, 1);
    let index = index.to_str()?;
    let ran = sandbox.run(&["db", "publish", "site", "--db", index, "--unsigned"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    Some(std::fs::read(sandbox.work().join("site/lockkeeper-index.json")).expect("a manifest"))
}

#[test]
fn signatures_that_nobody_made() {
    let key = SecretKey::from_seed([7; 32]).expect("a key");
    let other = SecretKey::from_seed([8; 32]).expect("a key");
    let seeds = [
        key.sign(b"bytes", "a comment"),
        other.sign(b"bytes", "a comment"),
        key.sign(b"other", "timestamp:1\tfile:x"),
        key.public().to_string(),
        "untrusted comment: lockkeeper\nRUQAAAAAAAAAAA==\ntrusted comment: c\nAA==\n".to_owned(),
    ];
    let seeds: Vec<Vec<u8>> = seeds.into_iter().map(String::into_bytes).collect();
    run("signature", &seeds, |bytes| {
        if let Ok(text) = std::str::from_utf8(bytes) {
            signature::run(text);
        }
    });
}

#[test]
fn attributes_that_nobody_wrote() {
    let seeds = [
        "*.lock -merge\n/docs/*.md merge=union conflict-marker-size=9\n",
        "# a comment\n\"a b\" merge=ours\n\t**/x text=auto eol=lf\n[attr]lock -merge\n",
        "a[!b-d]*\\? binary\n!no merge\nfolder/ -merge\n*.x !merge",
    ];
    run(
        "attributes",
        &seeds.map(|seed| seed.as_bytes().to_vec()),
        attributes::run,
    );
}

#[test]
fn messages_that_nobody_committed() {
    let seeds = [
        "Mend the reader\n\nWhy it is needed.\n\nSigned-off-by: A <a@example.org>\nCo-authored-by: B <b@example.org>\n",
        "\n\nTitle\n \n# a comment\n\n(cherry picked from commit 0123456789abcdef0123456789abcdef01234567)\nReviewed-by: C\n  continued\n",
        "No end",
    ];
    run(
        "message",
        &seeds.map(|seed| seed.as_bytes().to_vec()),
        message::run,
    );
}

#[test]
fn answers_that_no_registry_gives() {
    let npm = r#"{"name":"a","dist-tags":{"latest":"1.0.0"},"versions":{"1.0.0":{"name":"a","version":"1.0.0","dependencies":{"b":"^1"},"dist":{"integrity":"sha512-AA==","tarball":"https://registry.example/a/-/a-1.0.0.tgz"}}}}"#;
    let pypi = r#"{"meta":{"api-version":"1.1"},"name":"a","files":[{"filename":"a-1.0-py3-none-any.whl","url":"../a-1.0-py3-none-any.whl","hashes":{"sha256":"ab"},"requires-python":">=3.8","yanked":false,"core-metadata":{"sha256":"cd"}}]}"#;
    let crates = r#"{"name":"a","vers":"1.0.0","deps":[{"name":"b","req":"^1","features":[],"optional":false,"default_features":true,"target":null,"kind":"normal"}],"cksum":"ab","features":{},"yanked":false}"#;
    let composer = r#"{"packages":{"acme/left":[{"name":"acme/left","version":"1.0.0","version_normalized":"1.0.0.0","require":{"php":">=8"}},{"version":"0.9.0","require":"__unset"}]},"minified":"composer/2.0"}"#;
    let gems = "---\n1.0.0 b:>= 1&< 2,c:~> 3|checksum:ab,ruby:>= 2.7\n1.0.0-java |checksum:cd\n";
    let index = "created_at: 2026-01-01T00:00:00Z\n---\na 1.0.0,1.0.1 0123456789abcdef0123456789abcdef\n";
    let go = "v1.0.0\nv1.1.0-rc.1\n";
    let module = "module example.org/left/v2\n\ngo 1.21\n\nrequire example.org/b v1.0.0 // indirect\nretract v2.0.0 // bad\n";
    let maven = "<metadata><versioning><versions><version>1.0.0</version></versions></versioning></metadata>";
    let pom = "<project><groupId>org.example</groupId><artifactId>left</artifactId><version>1.0.0</version><dependencies><dependency><groupId>g</groupId><artifactId>a</artifactId><version>[1,2)</version></dependency></dependencies></project>";
    let refs = "001e# service=git-upload-pack\n0000004895dcfa3633004da0049d3d0fa03f80589cbcaf31 refs/heads/main\n0000";
    let seeds = [
        npm, pypi, crates, composer, gems, index, go, module, maven, pom, refs,
    ];
    run(
        "registry",
        &seeds.map(|seed| seed.as_bytes().to_vec()),
        registry::run,
    );
}
