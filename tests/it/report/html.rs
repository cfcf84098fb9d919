//! The page: read by another parser and opened in a browser, with the numbers of the JSON and nothing that acts.

use std::collections::BTreeSet;
use std::path::Path;

use lockkeeper::model::grid::CellState;
use lockkeeper::model::{Decision, Finding, Grid, Outcome};
use lockkeeper::report::html::MAX_FINDINGS;
use lockkeeper::report::html::grid::MAX_CELLS;
use lockkeeper::report::{Colour, Length, Style, report};
use lockkeeper::text::escape::is_hidden;
use serde_json::Value;

use crate::report::grid as report_grid;
use crate::support::browser::{opened, parsed};
use crate::support::{grids, outcomes};

/// Everything that a page is made of; nothing that loads, embeds or plays.
const ELEMENTS: &[&str] = &[
    "html", "head", "meta", "title", "style", "body", "a", "header", "div", "h1", "h2", "p", "span", "dl",
    "dt", "dd", "nav", "ul", "ol", "li", "main", "section", "details", "summary", "code", "form", "label",
    "input", "select", "option", "button", "table", "thead", "tbody", "tr", "th", "td", "i", "footer",
    "script", "svg", "rect",
];

#[test]
fn every_page_is_whole_and_loads_nothing() {
    for (name, page) in pages() {
        assert!(
            !page.contains(|character| character != '\n' && is_hidden(character)),
            "{name}"
        );
        for line in page.lines() {
            assert!(
                !line.trim_start().starts_with("::") && !line.contains("##["),
                "{name}: {line}"
            );
        }
        let Some(read) = parsed(&page) else {
            return;
        };
        checked(name, &read);
        assert_eq!(read["style_is_named"], true, "{name}");
        assert_eq!(read["script_is_named"], true, "{name}");
        let policy = read["policy"].as_str().expect("a policy");
        assert!(policy.starts_with("default-src 'none';"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
    }
}

#[test]
fn the_page_counts_what_the_json_counts() {
    for (name, outcome) in outcomes::all() {
        let Some(read) = parsed(&scan(&outcome)) else {
            return;
        };
        counts_of_a_scan(name, &outcome, &read);
    }
    for (name, grid) in grids::all() {
        let Some(read) = parsed(&grid_page(&grid)) else {
            return;
        };
        counts_of_a_grid(name, &grid, &read);
    }
}

#[test]
fn every_finding_can_be_read_without_the_script() {
    let outcome = outcomes::compared();
    let page = scan(&outcome);
    let Some(read) = parsed(&page) else {
        return;
    };
    let items = list(&read["items"]);
    assert_eq!(items.len(), entries(&outcome));
    for (_, finding) in outcome.findings() {
        let item = items
            .iter()
            .find(|item| text(&item["text"]).contains(&finding.advisory.id))
            .unwrap_or_else(|| panic!("no {}", finding.advisory.id));
        let told = text(&item["text"]);
        assert!(
            told.contains(&format!("{} {}", finding.name, finding.version)),
            "{told}"
        );
        assert!(told.contains(finding.purl.package()), "{told}");
        assert!(told.contains(&*finding.rule), "{told}");
        assert!(
            told.contains(&format!("{}:{}", finding.file, finding.place().line)),
            "{told}"
        );
        assert_eq!(item["hidden"], false);
        if let Some(excepted) = finding.exception() {
            assert!(
                told.contains("accepted by") || told.contains("accepted until"),
                "{told}"
            );
            assert!(
                told.contains(&excepted.reason) && told.contains(&excepted.expires.to_string()),
                "{told}"
            );
        }
        if finding.fails_from.is_some() {
            assert!(told.contains("fails from 2030-03-01"), "{told}");
        }
    }
    // What was accepted comes last, and nothing of it is to be done.
    let to_do = page
        .split("<section id=\"findings\"")
        .next()
        .expect("what comes first");
    assert!(to_do.contains("MAL-2030-9") && !to_do.contains("RUSTSEC-2030-0306"));
}

#[test]
fn paths_are_drawn_and_what_they_share_is_drawn_once() {
    let page = grid_page(&grids::small());
    let tree = page
        .split("<div class=\"tree\"")
        .find(|part| part.contains("tls-glue"))
        .and_then(|part| part.split("</div>").next())
        .expect("a tree");
    for (step, times) in [
        ("app 1.0.0", 1),
        ("tool 1.0.0", 1),
        ("client 0.11.4", 1),
        ("tls-glue 0.2.8", 1),
    ] {
        assert_eq!(
            tree.matches(&format!(">{step}<")).count(),
            times,
            "{step} in {tree}"
        );
    }
    assert_eq!(tree.matches("class=\"step held\"").count(), 1, "{tree}");
    // The reading order is that of the path: roots first.
    let place = |step: &str| tree.find(step).expect("a step");
    assert!(place("app 1.0.0") < place("client 0.11.4"));
    assert!(place("tls-glue 0.2.8") < place("examplelib 0.10.30"));

    let mut outcome = outcomes::blocked();
    let words: Vec<String> = (0..500).map(|number| format!("step-{number} 1.0.0")).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    outcome.targets[0].findings[0].paths = lockkeeper::model::DependencyPaths::of(&[outcomes::path(&words)]);
    let page = scan(&outcome);
    assert!(page.contains("… 490 more …") && page.contains("step-0 ") && page.contains("step-499 "));
    assert!(!page.contains("step-250 "));
}

#[test]
fn what_does_not_fit_is_told() {
    let page = scan(&outcomes::huge(60_000));
    assert!(page.contains("The worst 5,000 of 60,000 findings are in this page"));
    assert_eq!(page.matches("<details class=\"finding\">").count(), MAX_FINDINGS);
    assert!(page.len() < 15_000_000, "{}", page.len());
    let grid = grids::huge(1_100, 60);
    let page = grid_page(&grid);
    let rows = MAX_CELLS / 60;
    assert!(page.contains(&format!(
        "The worst {} of 1,100 advisories are in this page",
        thousands(rows)
    )));
    assert_eq!(page.matches("<details class=\"advisory\">").count(), rows);
}

#[test]
fn a_browser_opens_every_page_without_a_complaint() {
    for (name, page) in [
        ("scan", scan(&outcomes::compared())),
        ("hostile", scan(&outcomes::hostile())),
        ("grid", grid_page(&grids::small())),
        ("hostile-grid", grid_page(&grids::hostile())),
        ("nothing", scan(&outcomes::nothing())),
    ] {
        let Some(shown) = opened(name, &page, "") else {
            return;
        };
        assert_eq!(shown.console, Vec::<String>::new(), "{name}");
        let Some(read) = parsed(&shown.dom) else {
            return;
        };
        checked(name, &read);
        // The script ran: it shows its form.
        assert!(page.contains("data-list=\"list\" hidden>") || name == "nothing");
        assert!(!shown.dom.contains("data-list=\"list\" hidden"), "{name}");
        match name {
            "scan" => counts_of_a_scan(name, &outcomes::compared(), &read),
            "grid" => counts_of_a_grid(name, &grids::small(), &read),
            _ => {}
        }
    }
    // What the policy refuses is a complaint: the check above can fail.
    let page = scan(&outcomes::blocked()).replace("<main ", "<main onclick=\"alert(1)\" ");
    let Some(shown) = opened("refused", &page, "") else {
        return;
    };
    assert!(!shown.console.is_empty());
}

#[test]
fn equal_outcomes_give_equal_bytes_and_unknown_is_not_clean() {
    for ((name, one), (_, other)) in outcomes::all().into_iter().zip(outcomes::all()) {
        assert!(scan(&one) == scan(&other), "{name}");
    }
    assert!(scan(&outcomes::missing_index()).contains("None in what was checked."));
    assert!(scan(&outcomes::clean()).contains(">None.<"));
}

/// A reader of a narrow window never scrolls sideways but in what is made for it.
#[test]
fn nothing_is_wider_than_the_window() {
    for (name, page) in [
        ("wide-scan", scan(&outcomes::hostile())),
        ("wide-grid", grid_page(&grids::hostile())),
    ] {
        // A copy without the policy, for only so can the test ask.
        let (head, rest) = page.split_once("<meta http-equiv").expect("a policy");
        let (_, rest) = rest.split_once(">\n").expect("its end");
        let asking = "<script>document.querySelectorAll('details').forEach((one) => { one.open = true; });\
                      document.title = document.documentElement.scrollWidth + '/' + innerWidth;</script></body>";
        let copy = format!("{head}{rest}").replace("</body>", asking);
        let Some(shown) = opened(name, &copy, "") else {
            return;
        };
        let title = shown
            .dom
            .split("<title>")
            .nth(1)
            .and_then(|rest| rest.split("</title>").next());
        let (taken, there) = title
            .and_then(|title| title.split_once('/'))
            .expect("two numbers");
        let taken: u32 = taken.parse().expect("a number");
        let there: u32 = there.parse().expect("a number");
        assert!(there <= 600 && taken <= there, "{name}: {taken} of {there}");
    }
}

/// Hiding a row costs the same however many there are: a browser counts the items of a list anew for each.
#[test]
fn hiding_many_rows_is_fast() {
    let page = scan(&outcomes::huge(60_000));
    let script = "const rows = Array.from(document.getElementById('list').children);\
                  document.body.offsetHeight; const start = performance.now();\
                  rows.forEach((row, number) => { row.hidden = number !== 4000; });\
                  document.body.offsetHeight; document.title = String(Math.round(performance.now() - start));";
    let Some(title) = asked("fast", &page, script) else {
        return;
    };
    let milliseconds: u32 = title.parse().expect("a number");
    // A hundred times what it takes; the slow way takes minutes.
    assert!(milliseconds < 10_000, "{milliseconds} ms");
}

/// The title of a copy of `page` after `script` ran in it. The copy has no policy: only so can a test ask.
fn asked(name: &str, page: &str, script: &str) -> Option<String> {
    let (head, rest) = page.split_once("<meta http-equiv").expect("a policy");
    let (_, rest) = rest.split_once(">\n").expect("its end");
    let copy = format!("{head}{rest}").replace("</body>", &format!("<script>{script}</script></body>"));
    let shown = opened(name, &copy, "")?;
    let title = shown
        .dom
        .split("<title>")
        .nth(1)
        .and_then(|rest| rest.split("</title>").next());
    Some(title.expect("a title").to_owned())
}

#[test]
fn the_address_filters_findings() {
    let page = scan(&outcomes::compared());
    for (fragment, expected) in [
        ("#q=parser", &["RUSTSEC-2030-0306"][..]),
        ("#q=NEWCOMER+buffer", &["RUSTSEC-2030-0301", "RUSTSEC-2030-0307"]),
        ("#decision=fail", &["MAL-2030-9", "RUSTSEC-2030-0301"]),
        ("#change=moved", &["RUSTSEC-2030-0304"]),
        (
            "#severity=critical&decision=warn",
            &["RUSTSEC-2030-0303", "RUSTSEC-2030-0305"],
        ),
        ("#q=nothing-of-the-kind", &[]),
        ("#severity=%3Cscript%3E&q=left-pod", &["MAL-2030-9"]),
    ] {
        let Some(shown) = opened("filter", &page, fragment) else {
            return;
        };
        assert_eq!(shown.console, Vec::<String>::new(), "{fragment}");
        let Some(read) = parsed(&shown.dom) else {
            return;
        };
        let visible: Vec<&Value> = list(&read["items"])
            .iter()
            .filter(|item| item["hidden"] == false)
            .collect();
        assert_eq!(visible.len(), expected.len(), "{fragment}");
        for id in expected {
            assert!(
                visible.iter().any(|item| text(&item["text"]).contains(id)),
                "{fragment}: {id}"
            );
        }
        assert_eq!(
            read["count"],
            format!("{} of 8 findings, worst first", expected.len()),
            "{fragment}"
        );
    }
}

#[test]
fn the_address_filters_the_grid() {
    let page = grid_page(&grids::small());
    for (fragment, rows) in [
        ("#q=oldcrate", &["r4"][..]),
        ("#state=unknown", &["r1"]),
        ("#state=excepted", &["r2"]),
        // On that line alone: nothing else is affected there.
        ("#state=affected&ref=1.3", &["r2"]),
        ("#class=unmaintained", &["r4"]),
        ("#severity=medium", &["r3"]),
    ] {
        let Some(shown) = opened("grid-filter", &page, fragment) else {
            return;
        };
        assert_eq!(shown.console, Vec::<String>::new(), "{fragment}");
        let Some(read) = parsed(&shown.dom) else {
            return;
        };
        let visible: Vec<&str> = list(&read["rows"])
            .iter()
            .filter(|row| row["hidden"] == false)
            .map(|row| text(&row["id"]))
            .collect();
        assert_eq!(visible, rows, "{fragment}");
        let entries: Vec<String> = list(&read["items"])
            .iter()
            .filter(|item| item["hidden"] == false)
            .map(|item| format!("r{}", text(&item["attributes"]["data-row"])))
            .collect();
        assert_eq!(entries, rows, "{fragment}");
    }
    // A fragment that is no filter opens the entry that it names.
    let Some(shown) = opened("grid-entry", &page, "#a2") else {
        return;
    };
    let entry = shown.dom.split("<li id=\"a2\"").nth(1).expect("the entry");
    assert!(
        entry.split('>').nth(1).is_some_and(|tag| tag.contains("open")),
        "{entry}"
    );
}

/// The link of a filter leads to the list, with the form filled in.
#[test]
fn a_shared_filter_opens_at_the_list() {
    let page = scan(&outcomes::huge(300)).replace(
        "</body>",
        "<p class=\"empty\">The end of a page that is long enough to scroll.</p></body>",
    );
    let Some(shown) = opened("shared", &page, "#q=GHSA-0099") else {
        return;
    };
    assert!(shown.dom.contains(">1 of 300 findings, worst first<"));
    let asking = "addEventListener('load', () => setTimeout(() => {\
        const form = document.querySelector('form.filter').getBoundingClientRect();\
        const q = document.querySelector('input[name=q]').value;\
        document.title = [scrollY > 0, form.top >= 0 && form.bottom <= innerHeight, q].join(' ');\
    }, 300));";
    let (head, rest) = page.split_once("<meta http-equiv").expect("a policy");
    let (_, rest) = rest.split_once(">\n").expect("its end");
    let copy = format!("{head}{rest}").replace("</body>", &format!("<script>{asking}</script></body>"));
    let Some(shown) = opened("shared-asked", &copy, "#q=GHSA-0099") else {
        return;
    };
    assert!(
        shown.dom.contains("<title>true true GHSA-0099</title>"),
        "{:?}",
        shown.dom.split("<title>").nth(1).map(|rest| rest.get(..80))
    );
}

/// Escape empties a field, then leaves it; `/` goes to the search from anywhere.
#[test]
fn the_page_is_used_with_the_keyboard() {
    let script = "const key = (to, name) => to.dispatchEvent(new KeyboardEvent('keydown', { key: name, bubbles: true, cancelable: true }));\
        const out = []; const q = document.querySelector('input[name=q]');\
        key(document.body, '/'); out.push(document.activeElement === q);\
        q.value = 'nothing-of-the-kind'; q.dispatchEvent(new Event('input', { bubbles: true }));\
        setTimeout(() => {\
          out.push(!document.getElementById('none').hidden);\
          key(q, 'Escape'); out.push(q.value === '' && document.activeElement === q && document.getElementById('none').hidden);\
          key(q, 'Escape'); out.push(document.activeElement !== q);\
          document.title = out.join(' ');\
        }, 500);";
    for (name, page) in [
        ("keys-scan", scan(&outcomes::compared())),
        ("keys-grid", grid_page(&grids::small())),
    ] {
        let Some(title) = asked(name, &page, script) else {
            return;
        };
        assert_eq!(title, "true true true true", "{name}");
    }
}

/// An advisory is written once, however many files have it, and 500 findings make no large page.
#[test]
fn five_hundred_findings_are_a_small_page() {
    let mut outcome = outcomes::huge(100);
    let findings = outcome.targets[0].findings.clone();
    for file in 1..5 {
        let copies = findings.iter().map(|finding| {
            let mut copy = finding.clone();
            copy.file =
                lockkeeper::model::TreePath::new(format!("module-{file}/Cargo.lock")).expect("a path");
            copy
        });
        let copies: Vec<Finding> = copies.collect();
        outcome.targets[0].findings.extend(copies);
    }
    assert_eq!(outcome.findings().count(), 500);
    let page = scan(&outcome);
    assert!(page.len() < 750_000, "{} bytes", page.len());
    assert_eq!(
        page.matches("<details class=\"finding\">").count(),
        entries(&outcome)
    );
    assert!(page.contains("500 findings, worst first"));
    let entry = page.split("<li id=\"f1\"").nth(1).expect("an entry");
    let entry = entry.split("<li id=\"f2\"").next().expect("its end");
    for file in 1..5 {
        assert_eq!(
            entry.matches(&format!("module-{file}/Cargo.lock:")).count(),
            1,
            "{entry}"
        );
    }
    let summary = &outcome.targets[0].findings[0].advisory.summary;
    assert!(page.matches(summary.as_str()).count() <= 3, "{summary}");
}

/// The same of 500 advisories, each with details as long as those that people write.
#[test]
fn five_hundred_advisories_are_less_than_a_megabyte_and_a_half() {
    let outcome = outcomes::huge(500);
    let ids: BTreeSet<&str> = outcome
        .findings()
        .map(|(_, finding)| finding.advisory.id.as_str())
        .collect();
    assert_eq!(ids.len(), 500);
    let details = "A crafted name makes the parser read past the end of its buffer. ".repeat(15);
    let texts = outcomes::texts();
    let (mut outcome, mut texts) = (outcome, texts);
    for (number, finding) in outcome.targets[0].findings.iter_mut().enumerate() {
        let key = lockkeeper::model::advisory::TextKey(number as u64 + 1_000);
        let mut advisory = (*finding.advisory).clone();
        advisory.text = Some(key);
        finding.advisory = advisory.into();
        let references = (0..4).map(|page| {
            (
                "WEB".to_owned(),
                format!("https://forge.example/acme/app/security/{number}/{page}"),
            )
        });
        texts.insert(
            key,
            lockkeeper::model::advisory::Texts {
                details: details.clone(),
                references: references.collect(),
            },
        );
    }
    let style = Style {
        width: 80,
        colour: Colour::Plain,
        length: Length::Normal,
        texts: &texts,
        is_dated: true,
    };
    let mut page = Vec::new();
    report("html")
        .expect("a report")
        .write(&outcome, &style, &mut page)
        .expect("a Vec takes everything");
    assert!(page.len() < 1_500_000, "{} bytes", page.len());
    let page = String::from_utf8(page).expect("UTF-8");
    // A part of each is there, and its page has the rest.
    assert!(page.matches("A crafted name makes the parser").count() >= 500 * 5);
    assert_eq!(page.matches("/security/499/").count(), 4, "two links");
}

/// axe-core, the keyboard and paper in a real browser; npm fetches axe-core, so this is done where it is asked for.
#[test]
fn axe_core_finds_nothing_serious() {
    if std::env::var_os("LOCKKEEPER_AXE").is_none() {
        println!("skipped: LOCKKEEPER_AXE is not set, and npm would fetch axe-core");
        return;
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("axe-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let pages = [
        ("scan-blocked", scan(&outcomes::blocked())),
        ("scan-compared", scan(&outcomes::compared())),
        ("scan-incomplete", scan(&outcomes::incomplete())),
        ("grid-small", grid_page(&grids::small())),
        ("grid-huge", grid_page(&grids::huge(100, 12))),
    ];
    let files = pages.map(|(name, page)| {
        let file = folder.join(format!("{name}.html"));
        std::fs::write(&file, page).expect("a page");
        file
    });
    // It says what it skips, and passes, where there is no Chromium, node or npm.
    let checked = std::process::Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/browser/check"))
        .args(&files)
        .output()
        .expect("bash");
    let told = format!(
        "{}{}",
        String::from_utf8_lossy(&checked.stdout),
        String::from_utf8_lossy(&checked.stderr)
    );
    println!("{told}");
    assert!(checked.status.success(), "{told}");
    std::fs::remove_dir_all(&folder).expect("the folder goes");
}

#[test]
fn the_head_names_what_was_scanned() {
    let mut outcome = outcomes::blocked();
    for finding in &mut outcome.targets[0].findings {
        finding.group = Some(lockkeeper::model::IndexKey::new(1, 1));
    }
    let page = scan(&outcome);
    let head = page.split("</header>").next().expect("a head");
    for words in [
        "<dt>Repository</dt><dd>acme/shop</dd>",
        "<dt>Ref</dt><dd><code>main</code></dd>",
        "<dt>Commit</dt><dd><code>0123456789ab</code></dd>",
        "<dt>Advisory data</dt><dd>2030-01-30, 412,310 advisories</dd>",
        "<rect class=",
    ] {
        assert!(head.contains(words), "{words} in {head}");
    }
    assert!(page.contains("href=\"https://osv.dev/vulnerability/RUSTSEC-2030-0001\""));
    assert!(grid_page(&grids::small()).contains("href=\"https://osv.dev/vulnerability/MAL-2030-7\""));
}

#[test]
fn what_is_counted_once_has_its_label_in_the_singular() {
    let mut outcome = outcomes::blocked();
    outcome.coverage.files_read = 1;
    outcome.coverage.unchecked = 1;
    outcome.coverage.packages = 2;
    let page = scan(&outcome);
    for label in ["lockfile", "dependency not checked", "packages"] {
        assert!(page.contains(&format!("<dt>{label}</dt>")), "{label} in {page}");
    }
}

#[test]
fn a_browser_opens_the_largest_pages() {
    for (name, page) in [
        ("huge", scan(&outcomes::huge(60_000))),
        ("huge-grid", grid_page(&grids::huge(500, 60))),
    ] {
        let Some(shown) = opened(name, &page, "#q=GHSA-0099") else {
            return;
        };
        assert_eq!(shown.console, Vec::<String>::new(), "{name}");
        assert!(shown.dom.contains(">1 of "), "{name}: the filter has run");
    }
}

/// What holds of every page, as it is written and as a browser has it.
fn checked(name: &str, read: &Value) {
    assert_eq!(read["wrong"], serde_json::json!([]), "{name}");
    assert_eq!(read["left"], serde_json::json!([]), "{name}");
    assert_eq!(read["handlers"], serde_json::json!([]), "{name}");
    for tag in read["tags"].as_object().expect("tags").keys() {
        assert!(ELEMENTS.contains(&tag.as_str()), "{name}: <{tag}>");
    }
    for once in ["html", "head", "body", "title", "style", "script", "h1", "main"] {
        assert_eq!(read["tags"][once], 1, "{name}: <{once}>");
    }
    let ids: Vec<&str> = list(&read["ids"]).iter().map(text).collect();
    let distinct: BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(ids.len(), distinct.len(), "{name}: ids are unique");
    for address in list(&read["addresses"]) {
        let (tag, to) = (text(&address[0]), text(&address[2]));
        assert_eq!(tag, "a", "{name}: {address}");
        match to.strip_prefix('#') {
            Some(id) => assert!(distinct.contains(id), "{name}: {to} leads nowhere"),
            None => assert!(
                ["https://advisories.example/", "https://osv.dev/vulnerability/"]
                    .iter()
                    .any(|known| to.starts_with(known)),
                "{name}: {to}"
            ),
        }
    }
    for field in list(&read["fields"]) {
        assert_eq!(field[1], true, "{name}: {field} has no label");
    }
    let headings: Vec<&str> = list(&read["headings"]).iter().map(text).collect();
    assert_eq!(headings.first(), Some(&"h1"), "{name}");
    assert!(headings.iter().skip(1).all(|heading| *heading == "h2"), "{name}");
}

fn counts_of_a_scan(name: &str, outcome: &Outcome, read: &Value) {
    let json = outcomes::written("json", outcome, 80, Length::Normal);
    let json: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(read["verdict"], json["verdict"], "{name}");
    let findings: Vec<&Value> = list(&json["targets"])
        .iter()
        .flat_map(|target| list(&target["findings"]))
        .collect();
    let count = |counts: &dyn Fn(&Value) -> bool| findings.iter().filter(|finding| counts(finding)).count();
    let decided =
        |word: &str| count(&|finding: &Value| finding["state"] == "affected" && finding["decision"] == word);
    let mut expected = vec![
        ("blocking", decided("fail")),
        ("warnings", decided("warn")),
        ("blind", list(&json["coverage"]["blind"]).len()),
        (
            "files",
            json["coverage"]["files_read"].as_u64().expect("a number") as usize,
        ),
        (
            "packages",
            json["coverage"]["packages"].as_u64().expect("a number") as usize,
        ),
    ];
    let excepted = count(&|finding: &Value| finding["state"] == "excepted");
    if excepted > 0 {
        expected.push(("excepted", excepted));
    }
    if findings.iter().any(|finding| !finding["change"].is_null()) {
        let introduced =
            count(&|finding: &Value| finding["state"] == "affected" && finding["change"] == "introduced");
        expected.push(("introduced", introduced));
    }
    for (key, number) in expected {
        assert_eq!(read["numbers"][key], thousands(number), "{name}: {key}");
    }
    if findings.len() <= MAX_FINDINGS {
        assert_eq!(list(&read["items"]).len(), entries(outcome), "{name}");
    }
    let blocking = outcome
        .findings()
        .filter(|(_, finding)| Finding::blocks(finding))
        .count();
    assert_eq!(read["numbers"]["blocking"], thousands(blocking), "{name}");
}

/// Distinct advisories and packages.
fn entries(outcome: &Outcome) -> usize {
    let entries = outcome.findings().map(|(_, finding)| {
        let package = finding.purl.package().to_owned();
        (finding.advisory.id.clone(), package)
    });
    entries.collect::<BTreeSet<_>>().len()
}

fn counts_of_a_grid(name: &str, grid: &Grid, read: &Value) {
    let json = report_grid::written("json", grid, 80, Length::Normal);
    let json: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(read["verdict"], json["verdict"], "{name}");
    let rows = list(&json["rows"]);
    assert_eq!(read["numbers"]["rows"], thousands(rows.len()), "{name}");
    assert_eq!(
        read["numbers"]["lines"],
        thousands(list(&json["targets"]).len()),
        "{name}"
    );
    for verdict in ["blocked", "incomplete", "pass"] {
        let targets = list(&json["targets"]).iter();
        let number = targets.filter(|target| target["verdict"] == verdict).count();
        let shown = read["numbers"].get(verdict).map_or("0", text);
        assert_eq!(shown, thousands(number), "{name}: {verdict}");
    }
    // Cell by cell, with its reason.
    let told = list(&read["rows"]);
    assert_eq!(told.len(), grid.rows.len(), "{name}");
    for (told, row) in told.iter().zip(&grid.rows) {
        let classes: Vec<&str> = list(&told["cells"]).iter().map(|cell| text(&cell[0])).collect();
        let states: Vec<&str> = row
            .cells
            .iter()
            .map(|cell| match (cell.state, cell.decision) {
                (CellState::Affected, Some(Decision::Warn)) => "warns",
                (CellState::Affected, _) => "blocks",
                (CellState::Excepted, _) => "accepted",
                (state, _) => state.as_str(),
            })
            .collect();
        assert_eq!(classes, states, "{name}: {}", row.advisory.id);
        assert!(list(&told["cells"]).iter().all(|cell| !text(&cell[1]).is_empty()));
        if name != "hostile" {
            assert!(text(&told["head"]).contains(&row.advisory.id), "{name}");
            for (told, cell) in list(&told["cells"]).iter().zip(&row.cells) {
                assert_eq!(told[1], cell.reason, "{name}");
                let version = cell.version.as_deref().unwrap_or_default();
                assert!(text(&told[2]).ends_with(version), "{name}: {told}");
            }
        }
    }
}

/// WCAG 2.2, sections 1.4.3 and 1.4.11: text stands out from what lies behind it, and so do fields.
#[test]
fn colours_stand_out() {
    let css = include_str!("../../../data/report.css");
    let themes: Vec<&str> = css
        .split(":root {")
        .skip(1)
        .filter_map(|rest| rest.split('}').next())
        .collect();
    assert_eq!(themes.len(), 3, "light, dark, and paper");
    for theme in themes {
        let colour = |name: &str| -> f64 {
            let value = theme
                .split(&format!("--{name}: #"))
                .nth(1)
                .and_then(|rest| rest.get(..6));
            luminance(value.unwrap_or_else(|| panic!("no --{name}")))
        };
        for text in ["text", "quiet", "link", "bad", "warn", "good", "calm"] {
            for behind in ["page", "panel", "raised"] {
                assert!(
                    contrast(colour(text), colour(behind)) >= 4.5,
                    "{text} on {behind}"
                );
            }
        }
        for state in ["bad", "warn", "good", "calm"] {
            let behind = format!("{state}-page");
            assert!(
                contrast(colour(state), colour(&behind)) >= 4.5,
                "{state} on {behind}"
            );
            assert!(
                contrast(colour("text"), colour(&behind)) >= 4.5,
                "text on {behind}"
            );
        }
        assert!(contrast(colour("field"), colour("raised")) >= 3.0);
        assert!(contrast(colour("field"), colour("page")) >= 3.0);
    }
}

/// WCAG 2.2, "relative luminance".
fn luminance(colour: &str) -> f64 {
    let part = |at: usize| {
        let value = u8::from_str_radix(&colour[at..at + 2], 16).expect("two digits");
        let value = f64::from(value) / 255.0;
        match value <= 0.04045 {
            true => value / 12.92,
            false => ((value + 0.055) / 1.055).powf(2.4),
        }
    };
    0.2126 * part(0) + 0.7152 * part(2) + 0.0722 * part(4)
}

fn contrast(one: f64, other: f64) -> f64 {
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// Writes every page into the folder that `LOCKKEEPER_PAGES` names, for people to look at.
#[test]
fn pages_can_be_looked_at() {
    let Some(folder) = std::env::var_os("LOCKKEEPER_PAGES") else {
        println!("skipped: LOCKKEEPER_PAGES names no folder");
        return;
    };
    let folder = std::path::PathBuf::from(folder);
    std::fs::create_dir_all(&folder).expect("a folder");
    let huge = ("huge-scan", scan(&outcomes::huge(60_000)));
    let wide = ("wide", grid_page(&grids::huge(40, 44)));
    for (name, page) in pages().into_iter().chain([huge, wide]) {
        let kind = if page.contains("id=\"grid\"") {
            "grid"
        } else {
            "scan"
        };
        std::fs::write(folder.join(format!("{kind}-{name}.html")), page).expect("a page");
    }
}

fn pages() -> Vec<(&'static str, String)> {
    let scans = outcomes::all()
        .into_iter()
        .map(|(name, outcome)| (name, scan(&outcome)));
    let grids = grids::all()
        .into_iter()
        .map(|(name, grid)| (name, grid_page(&grid)));
    scans.chain(grids).collect()
}

fn scan(outcome: &Outcome) -> String {
    outcomes::written("html", outcome, 80, Length::Normal)
}

fn grid_page(grid: &Grid) -> String {
    report_grid::written("html", grid, 80, Length::Normal)
}

fn thousands(number: usize) -> String {
    lockkeeper::report::phrases::thousands(number as u64)
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn text(value: &Value) -> &str {
    value.as_str().expect("text")
}
