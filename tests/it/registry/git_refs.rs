//! Tags of repositories at a forge: what is asked, and what the bytes mean.

use lockkeeper::registry::git_refs::GitRefs;
use lockkeeper::registry::{ConfigFile, Registry as _};

use crate::support::program::Sandbox;

fn line(text: &str) -> String {
    format!("{:04x}{text}", text.len() + 4)
}

fn announced(lines: &[&str]) -> Vec<u8> {
    let lines: String = lines.iter().map(|text| line(text)).collect();
    format!("{}0000{lines}0000", line("# service=git-upload-pack\n")).into_bytes()
}

fn tags(bytes: &[u8]) -> Result<Vec<(String, String)>, String> {
    let answer = GitRefs.read("acme/run", bytes)?;
    let tags = answer.releases.into_iter();
    Ok(tags
        .map(|tag| (tag.version.to_string(), tag.document.to_string()))
        .collect())
}

#[test]
fn a_tag_is_at_the_commit_that_it_leads_to() {
    let (one, two) = ("1".repeat(40), "2".repeat(40));
    let bytes = announced(&[
        &format!("{one} HEAD\0side-band symref=HEAD:refs/heads/main\n"),
        &format!("{one} refs/heads/v9.0.0\n"),
        &format!("{one} refs/tags/nightly\n"),
        &format!("{one} refs/tags/v1\n"),
        &format!("{one} refs/tags/v1.0.0\n"),
        &format!("{two} refs/tags/v1.0.0^{{}}"),
    ]);
    let expected = [("v1".to_owned(), one), ("v1.0.0".to_owned(), two)];
    assert_eq!(tags(&bytes), Ok(expected.to_vec()));
    let empty = format!("{} capabilities^{{}}\0side-band\n", "0".repeat(40));
    assert_eq!(tags(&announced(&[&empty])), Ok(Vec::new()));
    let long = format!("{} refs/tags/v1.0.0\n", "a".repeat(64));
    assert_eq!(tags(&announced(&[&long])).expect("SHA-256").len(), 1);
}

#[test]
fn a_server_of_git_lists_them_so() {
    let sandbox = Sandbox::new();
    sandbox.git(&["init", "-q"]);
    sandbox.git(&["commit", "-q", "--allow-empty", "-m", "one"]);
    sandbox.git(&["tag", "v1.0.0"]);
    sandbox.git(&["commit", "-q", "--allow-empty", "-m", "two"]);
    sandbox.git(&["tag", "-a", "-m", "with a message", "v1.1.0"]);
    let listed = sandbox.git(&["upload-pack", "--advertise-refs", "."]);
    let bytes = format!("{}0000{listed}", line("# service=git-upload-pack\n"));
    let commit = |name: &str| sandbox.git(&["rev-parse", &format!("{name}^{{commit}}")]);
    let expected = ["v1.0.0", "v1.1.0"].map(|tag| (tag.to_owned(), commit(tag)));
    assert_eq!(tags(bytes.as_bytes()), Ok(expected.to_vec()));
}

#[test]
fn anything_else_is_no_list() {
    let bytes = announced(&[&format!("{} refs/tags/v1.0.0\n", "1".repeat(40))]);
    for length in 0..bytes.len() {
        assert!(tags(&bytes[..length]).is_err(), "{length}");
    }
    for text in [
        "<!DOCTYPE html>",
        "0000",
        "0003",
        "ffff",
        "00000000",
        "0009x y\n0000",
        "000eversion 2\n0000",
        "ünd so weiter",
    ] {
        assert!(tags(text.as_bytes()).is_err(), "{text}");
    }
}

#[test]
fn the_forge_is_where_the_clone_comes_from() {
    for (origin, expected) in [
        (
            "https://token:x@forge.example:8443/acme/shop.git",
            Some("https://forge.example:8443/acme/run.git"),
        ),
        (
            "git@forge.example:acme/shop.git",
            Some("https://forge.example/acme/run.git"),
        ),
        (
            "ssh://git@forge.example:2222/acme/shop.git",
            Some("https://forge.example/acme/run.git"),
        ),
        (
            "http://forge.example/acme/shop",
            Some("http://forge.example/acme/run.git"),
        ),
        ("/srv/git/shop.git", None),
        ("../shop", None),
        ("C:\\shop", None),
        ("file:///srv/shop", None),
    ] {
        let file = ConfigFile {
            place: "origin".to_owned(),
            text: origin.to_owned(),
        };
        let configuration = GitRefs.configuration(&[file]);
        let found = configuration.endpoints("acme/run", None, &[]).ok();
        let address = found.map(|found| GitRefs.address(&found[0].base, "acme/run").to_string());
        let expected = expected.map(|expected| format!("{expected}/info/refs"));
        assert_eq!(address, expected, "{origin}");
        let named = configuration.endpoints("acme/run", None, &["https://other.example/"]);
        assert_eq!(
            named.expect("the policy's")[0].base.to_string(),
            "https://other.example/"
        );
    }
}
