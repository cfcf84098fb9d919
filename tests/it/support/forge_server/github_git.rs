//! GitHub's answers about branches, refs, commits, trees and blobs.

use serde_json::{Value, json};

use super::github::{Area, Call};
use super::http::Answer;
use super::repository::{Edit, Written, base64_lines, from_base64};
use super::state::{Access, State};

pub(crate) fn answer(state: &mut State, call: &Call, route: &str) -> Option<Answer> {
    let method = call.matched.method.as_str();
    let access = match method {
        "get" => Access::Read,
        _ => Access::Write,
    };
    if let Some(refusal) = call.refusal(state, Area::Contents, access) {
        return Some(refusal);
    }
    if state.repository.refs("refs/").is_empty() && route.starts_with("/git/") {
        return Some(call.error(409, "Git Repository is empty."));
    }
    Some(match (method, route) {
        ("get", "/branches") => {
            let all = state.repository.refs("refs/heads/");
            let all = all.iter().map(|(name, id, _)| {
                let name = name.trim_start_matches("refs/heads/");
                json!({
                    "name": name,
                    "commit": {"sha": id, "url": format!("{}/commits/{id}", call.repository_url(state))},
                    "protected": state.protected.contains(name),
                })
            });
            call.paged(all.collect(), ("per_page", 100))
        }
        ("get", "/branches/{branch}") => branch(state, call),
        ("get", "/git/matching-refs/{ref}") => {
            let all = state.repository.refs(&format!("refs/{}", call.parameter("ref")));
            Answer::new(200, all.iter().map(|one| ref_json(state, call, one)).collect())
        }
        ("get", "/git/ref/{ref}") => {
            let name = format!("refs/{}", call.parameter("ref"));
            match state.repository.lookup(&name) {
                Some((id, kind)) => Answer::new(200, ref_json(state, call, &(name, id, kind))),
                None => call.error(404, "Not Found"),
            }
        }
        ("post", "/git/refs") => make_ref(state, call),
        ("patch", "/git/refs/{ref}") => move_ref(state, call),
        ("delete", "/git/refs/{ref}") => {
            let name = format!("refs/{}", call.parameter("ref"));
            if state.repository.lookup(&name).is_none() {
                return Some(call.error(422, "Reference does not exist"));
            }
            state.repository.remove(&name);
            Answer::new(204, Value::Null)
        }
        ("get", "/git/tags/{tag_sha}") => tag(state, call),
        ("get", "/git/commits/{commit_sha}") => {
            let id = call.parameter("commit_sha");
            match state.repository.kind(id).as_deref() {
                Some("commit") => Answer::new(200, commit_json(state, call, id)),
                _ => call.error(404, "Not Found"),
            }
        }
        ("get", "/git/trees/{tree_sha}") => tree(state, call),
        ("get", "/git/blobs/{file_sha}") => {
            let id = call.parameter("file_sha");
            match state.repository.kind(id).as_deref() {
                Some("blob") => {
                    let content = state.repository.blob(id).expect("a blob");
                    Answer::new(
                        200,
                        json!({
                            "sha": id,
                            "node_id": format!("B_{id}"),
                            "size": content.len(),
                            "url": url(state, call, "blobs", id),
                            "content": base64_lines(&content),
                            "encoding": "base64",
                        }),
                    )
                }
                _ => call.error(404, "Not Found"),
            }
        }
        ("post", "/git/blobs") => {
            let text = call.text("content").unwrap_or_default();
            let content = match call.text("encoding") {
                Some("base64") => match from_base64(text) {
                    Ok(content) => content,
                    Err(_) => return Some(call.error(422, "content is not valid Base64")),
                },
                _ => text.as_bytes().to_vec(),
            };
            let id = state.repository.write_blob(&content);
            Answer::new(201, json!({"sha": id, "url": url(state, call, "blobs", &id)}))
        }
        ("post", "/git/trees") => make_tree(state, call),
        ("post", "/git/commits") => make_commit(state, call),
        _ => return None,
    })
}

fn branch(state: &State, call: &Call) -> Answer {
    let name = call.parameter("branch");
    let Some(id) = state.repository.branch(name) else {
        return call.error(404, "Branch not found");
    };
    let written = state.repository.written(&id).expect("a commit");
    let url = format!("{}/branches/{name}", call.repository_url(state));
    Answer::new(
        200,
        json!({
            "name": name,
            "commit": {
                "sha": id,
                "url": format!("{}/commits/{id}", call.repository_url(state)),
                "commit": {
                    "author": written.author,
                    "committer": written.committer,
                    "message": written.message,
                    "tree": {"sha": written.tree, "url": self::url(state, call, "trees", &written.tree)},
                },
                "parents": [],
            },
            "_links": {"self": url, "html": super::github::html(state, &format!("/tree/{name}"))},
            "protected": state.protected.contains(name),
            "protection": {"enabled": state.protected.contains(name)},
            "protection_url": format!("{url}/protection"),
        }),
    )
}

fn make_ref(state: &mut State, call: &Call) -> Answer {
    let (name, id) = (
        call.text("ref").unwrap_or_default(),
        call.text("sha").unwrap_or_default(),
    );
    if !name.starts_with("refs/") || name.matches('/').count() < 2 {
        return call.error(
            422,
            "Reference name must start with 'refs/' and have at least two slashes.",
        );
    }
    let Some(kind) = state.repository.kind(id) else {
        return call.error(422, "Object does not exist");
    };
    if state.repository.lookup(name).is_some() {
        return call.error(422, "Reference already exists");
    }
    state.repository.set(name, id);
    Answer::new(
        201,
        ref_json(state, call, &(name.to_owned(), id.to_owned(), kind)),
    )
}

fn move_ref(state: &mut State, call: &Call) -> Answer {
    let name = format!("refs/{}", call.parameter("ref"));
    let id = call.text("sha").unwrap_or_default();
    let Some((old, _)) = state.repository.lookup(&name) else {
        return call.error(422, "Reference does not exist");
    };
    let Some(kind) = state.repository.kind(id) else {
        return call.error(422, "Object does not exist");
    };
    if state.protected.contains(name.trim_start_matches("refs/heads/")) {
        return call.error(
            422,
            "Repository rule violations found\n\nChanges must be made through a pull request.\n\n",
        );
    }
    if call.body["force"] != true && !state.repository.is_ancestor(&old, id) {
        return call.error(422, "Update is not a fast forward");
    }
    state.repository.set(&name, id);
    Answer::new(200, ref_json(state, call, &(name, id.to_owned(), kind)))
}

fn tag(state: &State, call: &Call) -> Answer {
    let id = call.parameter("tag_sha");
    if state.repository.kind(id).as_deref() != Some("tag") {
        return call.error(404, "Not Found");
    }
    let written = state.repository.written(id).expect("a tag");
    let (target, kind) = written.target.expect("a target");
    Answer::new(
        200,
        json!({
            "node_id": format!("TA_{id}"),
            "sha": id,
            "url": url(state, call, "tags", id),
            "tag": written.name,
            "message": written.message,
            "tagger": written.committer,
            "object": {"type": kind, "sha": target, "url": url(state, call, &format!("{kind}s"), &target)},
        }),
    )
}

fn tree(state: &State, call: &Call) -> Answer {
    let name = call.parameter("tree_sha");
    let Some(id) = state.repository.resolve(&format!("{name}^{{tree}}")) else {
        return call.error(404, "Not Found");
    };
    // Any value, even `false`, means yes.
    let recursive = call.query("recursive").is_some();
    let entries = state.repository.tree(&id, recursive).expect("a tree");
    let truncated = entries.len() > state.tree_limit;
    let lines: Vec<Value> = entries
        .iter()
        .take(state.tree_limit)
        .map(|entry| {
            let mut line =
                json!({"path": entry.path, "mode": entry.mode, "type": entry.kind, "sha": entry.id});
            if let Some(size) = entry.size {
                line["size"] = json!(size);
            }
            if entry.kind != "commit" {
                line["url"] = json!(url(state, call, &format!("{}s", entry.kind), &entry.id));
            }
            line
        })
        .collect();
    Answer::new(
        200,
        json!({"sha": id, "url": url(state, call, "trees", &id), "tree": lines, "truncated": truncated}),
    )
}

fn make_tree(state: &mut State, call: &Call) -> Answer {
    let base = call.text("base_tree");
    let Some(edits) = call.body["tree"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|line| {
            let path = line["path"].as_str()?.to_owned();
            let mode = line["mode"].as_str()?.to_owned();
            let edit = match (&line["sha"], line["content"].as_str()) {
                (_, Some(content)) => Edit::Put {
                    mode,
                    id: state.repository.write_blob(content.as_bytes()),
                },
                (Value::Null, None) => Edit::Remove,
                (id, None) => Edit::Put {
                    mode,
                    id: state.repository.kind(id.as_str()?).and(id.as_str())?.to_owned(),
                },
            };
            Some((path, edit))
        })
        .collect::<Option<Vec<_>>>()
    else {
        return call.error(422, "tree.sha is not a valid object");
    };
    match state.repository.write_tree(base, &edits) {
        Err(_) => call.error(422, "GitRPC::BadObjectState"),
        Ok(id) => {
            let lines = state.repository.tree(&id, false).expect("a tree");
            let lines: Vec<Value> = lines
                .iter()
                .map(|entry| json!({"path": entry.path, "mode": entry.mode, "type": entry.kind, "sha": entry.id}))
                .collect();
            Answer::new(
                201,
                json!({"sha": id, "url": url(state, call, "trees", &id), "tree": lines, "truncated": false}),
            )
        }
    }
}

fn make_commit(state: &mut State, call: &Call) -> Answer {
    let tree = call.text("tree").unwrap_or_default();
    if state.repository.kind(tree).as_deref() != Some("tree") {
        return call.error(422, "Tree SHA does not exist");
    }
    let author = &call.body["author"];
    let mail = format!(
        "{}@users.noreply.forge.example",
        call.login().replace(['[', ']'], "")
    );
    let who = (
        author["name"].as_str().unwrap_or(call.login()),
        author["email"].as_str().unwrap_or(&mail),
        author["date"].as_str(),
    );
    let message = call.text("message").unwrap_or_default();
    let committer = (call.login(), mail.as_str());
    match state
        .repository
        .write_commit_by(tree, &call.texts("parents"), message, who, committer)
    {
        Ok(id) => Answer::new(201, commit_json(state, call, &id)),
        Err(_) => call.error(422, "Parent SHA does not exist or is not a commit object"),
    }
}

fn url(state: &State, call: &Call, kind: &str, id: &str) -> String {
    format!("{}/git/{kind}/{id}", call.repository_url(state))
}

fn ref_json(state: &State, call: &Call, (name, id, kind): &(String, String, String)) -> Value {
    json!({
        "ref": name,
        "node_id": format!("REF_{name}"),
        "url": format!("{}/git/{}", call.repository_url(state), name.replace('%', "%25").replace(' ', "%20")),
        "object": {"type": kind, "sha": id, "url": url(state, call, &format!("{kind}s"), id)},
    })
}

fn commit_json(state: &State, call: &Call, id: &str) -> Value {
    let Written {
        tree,
        parents,
        author,
        committer,
        message,
        ..
    } = state.repository.written(id).expect("a commit");
    let parents = parents.iter().map(|parent| {
        json!({
            "sha": parent,
            "url": url(state, call, "commits", parent),
            "html_url": super::github::html(state, &format!("/commit/{parent}")),
        })
    });
    json!({
        "sha": id,
        "node_id": format!("C_{id}"),
        "url": url(state, call, "commits", id),
        "html_url": super::github::html(state, &format!("/commit/{id}")),
        "author": author,
        "committer": committer,
        "message": message,
        "tree": {"sha": tree, "url": url(state, call, "trees", &tree)},
        "parents": parents.collect::<Vec<_>>(),
        "verification": {"verified": false, "reason": "unsigned", "signature": null, "payload": null, "verified_at": null},
    })
}
