//! Readers of HTML that are not ours: Python's parser, and a browser that opens a page without network.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// What Python's `html.parser` reads of `page`; `None`, said aloud, where there is no Python.
pub(crate) fn parsed(page: &str) -> Option<Value> {
    let child = Command::new("python3")
        .args(["-c", READER])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let Ok(mut child) = child else {
        println!("skipped: there is no python3 to read the page");
        return None;
    };
    let mut input = child.stdin.take().expect("a pipe");
    let bytes = page.as_bytes().to_vec();
    let writer = std::thread::spawn(move || {
        // A reader that stops early has said why.
        let _ = input.write_all(&bytes);
    });
    let output = child.wait_with_output().expect("python3 ends");
    writer.join().expect("the writer ends");
    assert!(output.status.success(), "python3 reads the page");
    Some(serde_json::from_slice(&output.stdout).expect("JSON"))
}

/// What a browser made of a page.
pub(crate) struct Opened {
    /// The document after its script ran.
    pub(crate) dom: String,
    /// Lines that it logged from the page: errors, and what its policy refused.
    pub(crate) console: Vec<String>,
}

/// Opens `page`, with `fragment` behind its address, in a browser without network; `None`, said aloud, where
/// there is no browser.
pub(crate) fn opened(name: &str, page: &str, fragment: &str) -> Option<Opened> {
    let Some(program) = program() else {
        println!("skipped: there is no Chromium to open the page in");
        return None;
    };
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("html-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let file = folder.join("report.html");
    std::fs::write(&file, page).expect("a page");
    let address = format!("file://{}{fragment}", file.display());
    let output = Command::new(program)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-extensions",
            "--host-resolver-rules=MAP * ~NOTFOUND",
            "--proxy-server=127.0.0.1:9",
            "--enable-logging=stderr",
            "--v=0",
            "--window-size=400,900",
            "--virtual-time-budget=20000",
            "--dump-dom",
        ])
        .arg(format!("--user-data-dir={}", folder.join("profile").display()))
        .arg(&address)
        .output()
        .expect("the browser runs");
    let dom = String::from_utf8(output.stdout).expect("UTF-8");
    let console = String::from_utf8_lossy(&output.stderr)
        .lines()
        // The browser's own pages complain too, of a slow machine for one.
        .filter(|line| line.contains("CONSOLE") && !line.contains("source: chrome"))
        .map(str::to_owned)
        .collect();
    // What is left behind in a temporary folder harms nobody.
    let _ = std::fs::remove_dir_all(&folder);
    assert!(
        output.status.success() && !dom.is_empty(),
        "the browser opens {name}"
    );
    Some(Opened { dom, console })
}

fn program() -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders)
        .flat_map(|folder| ["chromium", "chromium-browser", "google-chrome"].map(|name| folder.join(name)))
        .find(|file| file.is_file())
}

/// Tags, attributes and texts of the page on standard input, as JSON.
const READER: &str = r##"
import base64, hashlib, html.parser, json, re, sys

VOID = {"meta", "input", "br", "link", "img", "hr", "col", "base", "area", "embed", "source", "track", "wbr"}
AUTOCLOSED = {"p", "li", "dt", "dd", "option", "tr", "td", "th", "thead", "tbody"}

class Reader(html.parser.HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.stack, self.tags, self.wrong, self.handlers = [], {}, [], []
        self.addresses, self.ids, self.numbers, self.items, self.rows = [], [], {}, [], []
        self.fields, self.headings, self.inner, self.policy, self.verdict = [], [], {}, None, None
        self.links, self.count, self.title, self.hidden_columns = [], "", "", ""
        self.number = self.item = self.row = self.text = None

    def handle_starttag(self, tag, pairs):
        attributes = dict(pairs)
        self.tags[tag] = self.tags.get(tag, 0) + 1
        for name, value in pairs:
            if name.startswith("on") or name == "style":
                self.handlers.append([tag, name])
            if name in ("src", "href", "action", "srcset", "data", "poster"):
                self.addresses.append([tag, name, value])
        if "id" in attributes:
            self.ids.append(attributes["id"])
        if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy":
            self.policy = attributes["content"]
        if "data-verdict" in attributes:
            self.verdict = attributes["data-verdict"]
        if "data-number" in attributes:
            self.number = attributes["data-number"]
            self.numbers[self.number] = ""
        if tag == "li" and "data-row" in attributes:
            self.item = {"attributes": attributes, "hidden": "hidden" in attributes, "text": ""}
            self.items.append(self.item)
        if tag == "tr" and attributes.get("id", "").startswith("r"):
            self.row = {"id": attributes["id"], "hidden": "hidden" in attributes, "cells": [], "head": ""}
            self.rows.append(self.row)
        if tag == "td" and self.row is not None:
            self.row["cells"].append([attributes.get("class"), attributes.get("title"), ""])
        if tag in ("input", "select", "button"):
            self.fields.append([tag, "label" in self.stack or tag == "button"])
        if tag in ("h1", "h2", "h3"):
            self.headings.append(tag)
        if tag not in VOID:
            self.stack.append(tag)

    def handle_endtag(self, tag):
        if not self.stack or self.stack[-1] != tag:
            self.wrong.append([tag, list(self.stack[-3:]), self.getpos()])
        if tag in self.stack:
            while self.stack and self.stack.pop() != tag:
                pass
        if tag == "dd":
            self.number = None
        if tag == "tr":
            self.row = None
        if tag == "li" and self.item is not None and "details" not in self.stack and self.stack[-1:] == ["ol"]:
            self.item = None

    def handle_data(self, data):
        top = self.stack[-1] if self.stack else ""
        if top in ("script", "style"):
            self.inner[top] = self.inner.get(top, "") + data
            return
        if top == "title":
            self.title += data
        if self.number is not None:
            self.numbers[self.number] += data
        if self.item is not None:
            self.item["text"] += data
        if self.row is not None:
            if "td" in self.stack:
                self.row["cells"][-1][2] += data
            else:
                self.row["head"] += data
        if self.ids and self.ids[-1] == "count" and top == "p" and not self.count:
            self.count = data

reader = Reader()
page = sys.stdin.buffer.read().decode("utf-8")
reader.feed(page)
reader.close()
named = lambda text: "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"
policy = reader.policy or ""
json.dump({
    "tags": reader.tags, "wrong": reader.wrong, "left": reader.stack, "handlers": reader.handlers,
    "addresses": reader.addresses, "ids": reader.ids, "numbers": reader.numbers, "items": reader.items,
    "rows": reader.rows, "fields": reader.fields, "headings": reader.headings, "policy": policy,
    "style_is_named": named(reader.inner.get("style", "")) in policy,
    "script_is_named": named(reader.inner.get("script", "")) in policy,
    "verdict": reader.verdict, "count": reader.count, "title": reader.title,
}, sys.stdout)
"##;
