//! The OSV export and downloads, over a server.
#![expect(clippy::disallowed_methods, reason = "the test looks at what was written")]

use std::sync::Arc;

use jiff::Timestamp;
use lockkeeper::feed::FeedError;
use lockkeeper::feed::osv_export::{OsvExport, Reach};
use lockkeeper::sys::web::{Address, HttpError, Web, discard, download};

use crate::support::server::{Server, Trouble};
use crate::sys::web::{Waits, settings};

fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(future)
}

fn web() -> Web {
    Web::with_timer(settings(), Box::new(Waits::default()))
}

fn export(server: &Server) -> OsvExport {
    OsvExport::new(Arc::new(web()), Address::parse(&server.address("/osv/")).unwrap())
}

/// `count` lines, one a minute, newest first.
fn listing(count: u32) -> String {
    let newest: Timestamp = "2026-11-22T00:00:00Z".parse().unwrap();
    (0..count)
        .map(|n| {
            format!(
                "{},GHSA-{n:06}\n",
                newest - jiff::SignedDuration::from_mins(n.into())
            )
        })
        .collect()
}

#[test]
fn only_the_newest_part_of_the_list_is_fetched() {
    let server = Server::start();
    let text = listing(100_000);
    server.put("/osv/npm/modified_id.csv", text.clone());
    let export = export(&server);
    let since = "2026-11-21T23:30:00Z".parse().unwrap();
    let newest = run(export.listing("npm", Reach::Since(since), None))
        .unwrap()
        .unwrap();
    assert!(!newest.complete);
    assert!(newest.rows.last().unwrap().modified < since);
    assert_eq!(
        server.hits().iter().map(|hit| hit.sent).collect::<Vec<_>>(),
        [64 << 10]
    );

    let since = "2026-11-16T00:00:00Z".parse().unwrap();
    let more = run(export.listing("npm", Reach::Since(since), None))
        .unwrap()
        .unwrap();
    assert!(more.rows.iter().filter(|row| row.modified >= since).count() == 6 * 1440 + 1);
    let sent: Vec<usize> = server.hits().iter().map(|hit| hit.sent).collect();
    assert_eq!(sent, [64 << 10, 256 << 10]);

    let all = run(export.listing("npm", Reach::Everything, None))
        .unwrap()
        .unwrap();
    assert!(all.complete);
    assert_eq!(all.rows.len(), 100_000);
    assert_eq!(
        server.hits().iter().map(|hit| hit.sent).sum::<usize>(),
        text.len()
    );

    assert_eq!(
        run(export.listing("npm", Reach::Everything, all.validator.clone())).unwrap(),
        None
    );
    assert_eq!(
        run(export.listing("npm", Reach::Since(since), all.validator)).unwrap(),
        None
    );
    assert!(server.hits().iter().all(|hit| (hit.status, hit.sent) == (304, 0)));
}

#[test]
fn a_list_in_disorder_is_read_to_its_end() {
    let server = Server::start();
    let mut lines: Vec<String> = listing(5_000).lines().map(|line| format!("{line}\n")).collect();
    lines.swap(10, 4_000);
    server.put("/osv/npm/modified_id.csv", lines.concat());
    let since = "2026-11-21T23:30:00Z".parse().unwrap();
    let read = run(export(&server).listing("npm", Reach::Since(since), None))
        .unwrap()
        .unwrap();
    assert!(read.complete);
    assert_eq!(read.rows.len(), 5_000);
}

#[test]
fn a_list_that_changes_between_slices_is_one_list_in_the_end() {
    let server = Server::start();
    server.put("/osv/npm/modified_id.csv", listing(50_000));
    // The second slice meets another list.
    let export = export(&server);
    let other = listing(40_000).replace("GHSA", "MAL");
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while server.hits().is_empty() {
                std::thread::yield_now();
            }
            server.put("/osv/npm/modified_id.csv", other);
        });
        let since = "2026-11-01T00:00:00Z".parse().unwrap();
        let read = run(export.listing("npm", Reach::Since(since), None))
            .unwrap()
            .unwrap();
        let old = read.rows.iter().filter(|row| row.id.starts_with("GHSA")).count();
        assert!(old == 0 || old == read.rows.len(), "{old} of {}", read.rows.len());
    });
}

#[test]
fn damaged_lists_are_refused() {
    let server = Server::start();
    let export = export(&server);
    for text in [
        "<html>busy</html>",
        "2026-11-22T00:00:00Z,../../etc\n",
        "2026-11-22,GHSA-1\n",
        "\u{fffd}\n",
    ] {
        server.put("/osv/npm/modified_id.csv", text);
        let error = run(export.listing("npm", Reach::Everything, None)).unwrap_err();
        assert!(matches!(&error, FeedError::Damaged { .. }), "{error}");
        assert!(
            error.to_string().contains("/osv/npm/modified_id.csv: line 1"),
            "{error}"
        );
    }
    server.put("/osv/npm/modified_id.csv", "");
    assert!(
        run(export.listing("npm", Reach::Everything, None))
            .unwrap()
            .unwrap()
            .rows
            .is_empty()
    );
    server.put("/osv/npm/modified_id.csv", b"\xff".to_vec());
    assert!(run(export.listing("npm", Reach::Everything, None)).is_err());
}

#[test]
fn records_and_ecosystems() {
    let server = Server::start();
    let export = export(&server);
    server.put("/osv/ecosystems.txt", "GitHub Actions\nnpm\n");
    assert_eq!(run(export.ecosystems()).unwrap(), ["GitHub Actions", "npm"]);
    server.put("/osv/GitHub%20Actions/GHSA-1.json", "{}");
    assert_eq!(
        run(export.record("GitHub Actions", "GHSA-1")).unwrap(),
        Some(b"{}".to_vec())
    );
    assert_eq!(run(export.record("npm", "GHSA-1")).unwrap(), None);
}

#[test]
fn a_download_goes_on_in_the_next_run() {
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache/npm.part");
    let bytes: Vec<u8> = (0..200_000_u32).map(|n| (n % 241) as u8).collect();
    server.put("/all.zip", bytes.clone());
    let address = Address::parse(&server.address("/all.zip")).unwrap();
    server.trouble("/all.zip", 3, Trouble::Cut(50_000));
    let mut heard = Vec::new();
    let mut progress = |held, total| heard.push((held, total));
    let error = run(download(&web(), &address, &path, 1 << 20, None, &mut progress)).unwrap_err();
    assert!(matches!(error.error, HttpError::Cut(_)), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), bytes[..150_000]);
    server.hits();

    run(download(&web(), &address, &path, 1 << 20, None, &mut progress)).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
    assert_eq!(
        server.hits().iter().map(|hit| hit.sent).collect::<Vec<_>>(),
        [50_000]
    );
    assert_eq!(heard.last(), Some(&(200_000, Some(200_000))));
    assert!(heard.is_sorted());

    // Complete, and nothing to fetch.
    run(download(&web(), &address, &path, 1 << 20, None, &mut |_, _| {})).unwrap();
    assert_eq!(server.hits().iter().map(|hit| hit.sent).sum::<usize>(), 0);
    // Another file by now.
    server.put("/all.zip", "short");
    run(download(&web(), &address, &path, 1 << 20, None, &mut |_, _| {})).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"short");
    discard(&path).unwrap();
    discard(&path).unwrap();
    assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 0);
}
