//! The answers of Gitea, which are those of Forgejo too.

use serde_json::{Value, json};

use super::github::{Area, Call};
use super::http::Answer;
use super::repository::{Edit, from_base64};
use super::state::{Access, Comment, Issue, Label, State};

/// How lists are cut: the name of the size, and the largest one.
const PAGES: (&str, usize) = ("limit", 50);

/// Gitea's answer; none where this server lacks it.
pub(crate) fn answer(state: &mut State, call: &Call) -> Option<Answer> {
    let route = call
        .matched
        .route
        .strip_prefix("/repos/{owner}/{repo}")
        .unwrap_or(&call.matched.route);
    let method = call.matched.method.as_str();
    if let Some(refusal) = refusal(state, call, method, route) {
        return Some(refusal);
    }
    let index = call
        .matched
        .parameters
        .get("index")
        .and_then(|index| index.parse().ok())
        .unwrap_or(0);
    Some(match (method, route) {
        ("get", "/version") => Answer::new(200, json!({"version": "1.27.3"})),
        ("get", "/user") => Answer::new(200, user(call.login())),
        ("get", "") => Answer::new(200, repository_json(state, call)),
        ("get", "/branches") => {
            let all = state.repository.refs("refs/heads/");
            let all = all
                .iter()
                .map(|(name, ..)| branch_json(state, call, name.trim_start_matches("refs/heads/")));
            call.paged(all.collect(), PAGES)
        }
        ("get", "/branches/{branch}") => match state.repository.branch(call.parameter("branch")) {
            Some(_) => Answer::new(200, branch_json(state, call, call.parameter("branch"))),
            None => missing(call),
        },
        ("post", "/branches") => make_branch(state, call),
        ("delete", "/branches/{branch}") => remove_branch(state, call),
        ("put", "/branches/{branch}") => move_branch(state, call),
        ("get", "/milestones") => {
            let all = state.milestones.iter().map(|(number, title)| json!({
                "id": 7000 + number, "title": title, "description": "", "state": "open", "open_issues": 0, "closed_issues": 0,
                "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
            }));
            call.paged(all.collect(), PAGES)
        }
        ("get", "/tags") => tags(state, call),
        ("get", "/git/refs") => refs(state, call, "refs/"),
        ("get", "/git/refs/{ref}") => refs(state, call, &format!("refs/{}", call.parameter("ref"))),
        ("get", "/git/tags/{sha}") => annotated(state, call),
        ("get", "/git/commits/{sha}") => {
            match state
                .repository
                .resolve(&format!("{}^{{commit}}", call.parameter("sha")))
            {
                Some(id) => Answer::new(200, commit_json(state, call, &id)),
                None => missing(call),
            }
        }
        ("get", "/git/trees/{sha}") => tree(state, call),
        ("get", "/git/blobs/{sha}") => blob(state, call),
        ("post", "/contents") => change_files(state, call),
        ("get", "/pulls/{index}/commits") => match state.issue(index).and_then(|issue| issue.pull.clone()) {
            Some(pull) => {
                let all = pull.commits.iter().map(|id| commit_json(state, call, id));
                call.paged(all.collect(), PAGES)
            }
            None => missing(call),
        },
        ("get", "/collaborators/{collaborator}/permission") => {
            let login = call.parameter("collaborator");
            let level = match state.collaborators.contains(login) {
                true => "write",
                false => "read",
            };
            Answer::new(
                200,
                json!({"permission": level, "role_name": level, "user": user(login)}),
            )
        }
        ("get", "/issues") => issues(state, call),
        ("post", "/issues") => open_issue(state, call),
        ("get", "/issues/{index}") => match state.issue(index) {
            Some(issue) => Answer::new(200, issue_json(state, call, issue)),
            None => missing(call),
        },
        ("patch", "/issues/{index}") => edit_issue(state, call, index),
        ("get", "/issues/{index}/comments") => match state.issue(index) {
            // All at once: this list has no pages.
            Some(_) => Answer::new(
                200,
                state
                    .comments
                    .iter()
                    .filter(|comment| comment.issue == index)
                    .map(|comment| comment_json(state, comment))
                    .collect(),
            ),
            None => missing(call),
        },
        ("post", "/issues/{index}/comments") => {
            if state.issue(index).is_none() {
                return Some(missing(call));
            }
            let id = state.comment(index, call.login(), call.text("body").unwrap_or_default());
            let comment = state
                .comments
                .iter()
                .find(|comment| comment.id == id)
                .expect("a comment");
            Answer::new(201, comment_json(state, comment))
        }
        (_, "/issues/{index}/labels") => set_labels(state, call, method, index),
        (_, "/issues/comments/{id}") => one_comment(state, call, method),
        ("get", "/labels") => call.paged(
            state
                .labels
                .iter()
                .map(|label| label_json(state, call, label))
                .collect(),
            PAGES,
        ),
        ("post", "/labels") => {
            let color = call.text("color").unwrap_or_default().trim_start_matches('#');
            if color.len() != 6 || !color.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                return Some(error(call, 422, "bad color code"));
            }
            let label = state.label(
                call.text("name").unwrap_or_default(),
                color,
                call.text("description").unwrap_or_default(),
            );
            Answer::new(201, label_json(state, call, &label))
        }
        ("get", "/pulls") => pulls(state, call),
        ("post", "/pulls") => open_pull(state, call),
        (_, "/pulls/{index}") => edit_pull(state, call, method, index),
        ("post", "/pulls/{index}/requested_reviewers") => ask_reviewers(state, call, index),
        _ => return None,
    })
}

/// An error as Gitea words it.
pub(crate) fn error(call: &Call, status: u16, message: &str) -> Answer {
    let url = format!("{}/swagger", call.base.trim_end_matches("/v1"));
    Answer::new(status, json!({"message": message, "url": url}))
}

fn missing(call: &Call) -> Answer {
    error(call, 404, "not found")
}

fn refusal(state: &State, call: &Call, method: &str, route: &str) -> Option<Answer> {
    let wanted = match method {
        "get" => Access::Read,
        _ => Access::Write,
    };
    let Some(token) = call.token.as_ref() else {
        let public = wanted == Access::Read && !state.private && route != "/user";
        return (!public).then(|| error(call, 401, "token is required"));
    };
    let (name, has) = match route {
        "/version" | "/user" => return None,
        route if route.starts_with("/issues") || route.starts_with("/labels") => ("issue", token.issues),
        route if route.starts_with("/pulls") => ("repository", token.pulls),
        _ => ("repository", token.contents),
    };
    if wanted == Access::Write && state.archived {
        return Some(error(
            call,
            423,
            &format!("repo is archived: {}", state.full_name()),
        ));
    }
    if has >= wanted || (wanted == Access::Read && !state.private) {
        return None;
    }
    let verb = match wanted {
        Access::None | Access::Read => "read",
        Access::Write => "write",
    };
    let words = format!(
        "token does not have at least one of required scope(s), required=[{verb}:{name}], token scope=read:misc"
    );
    Some(error(call, 403, &words))
}

fn make_branch(state: &mut State, call: &Call) -> Answer {
    let name = call.text("new_branch_name").unwrap_or_default();
    let from = call.text("old_ref_name").or(call.text("old_branch_name"));
    let from = from.unwrap_or(&state.default_branch);
    if state.repository.branch(name).is_some() {
        return error(call, 409, "The branch already exists.");
    }
    match state.repository.resolve(&format!("{from}^{{commit}}")) {
        None => error(call, 404, "The old branch does not exist"),
        Some(id) => {
            state.repository.set(&format!("refs/heads/{name}"), &id);
            Answer::new(201, branch_json(state, call, name))
        }
    }
}

fn remove_branch(state: &mut State, call: &Call) -> Answer {
    let name = call.parameter("branch");
    if state.repository.branch(name).is_none() {
        return missing(call);
    }
    if name == state.default_branch {
        return error(call, 403, "can not delete default branch");
    }
    if state.protected.contains(name) {
        return error(call, 403, "branch protected");
    }
    state.repository.remove(&format!("refs/heads/{name}"));
    Answer::new(204, Value::Null)
}

fn move_branch(state: &mut State, call: &Call) -> Answer {
    let name = call.parameter("branch");
    let Some(tip) = state.repository.branch(name) else {
        return missing(call);
    };
    let new = call.text("new_commit_id").unwrap_or_default();
    if state.repository.kind(new).as_deref() != Some("commit") {
        return missing(call);
    }
    if call.text("old_commit_id").is_some_and(|old| old != tip) {
        return error(call, 409, "update branch: the branch has been changed");
    }
    if call.body["force"] != true && !state.repository.is_ancestor(&tip, new) {
        return error(call, 422, "update branch: not a fast forward");
    }
    if state.protected.contains(name) {
        return error(call, 403, "branch protected");
    }
    state.repository.set(&format!("refs/heads/{name}"), new);
    Answer::new(204, Value::Null)
}

fn tags(state: &State, call: &Call) -> Answer {
    let all = state.repository.refs("refs/tags/");
    let all = all.iter().map(|(name, id, _)| {
        // Of a tag with an object of its own this is what it names, whatever that is, and when it was tagged.
        let written = state.repository.written(id).expect("a tag or a commit");
        let target = written.target.map_or_else(|| id.clone(), |(target, _)| target);
        json!({
            "name": name.trim_start_matches("refs/tags/"),
            "id": id,
            "message": written.message,
            "commit": {
                "sha": target,
                "url": format!("{}/git/commits/{id}", call.repository_url(state)),
                "created": written.committer["date"],
            },
        })
    });
    call.paged(all.collect(), PAGES)
}

fn refs(state: &State, call: &Call, prefix: &str) -> Answer {
    let all = state.repository.refs(prefix);
    if all.is_empty() {
        return missing(call);
    }
    let all = all.iter().map(|(name, id, kind)| {
        let url = call.repository_url(state);
        json!({
            "ref": name,
            "url": format!("{url}/git/{name}"),
            "object": {"type": kind, "sha": id, "url": format!("{url}/git/{kind}s/{id}")},
        })
    });
    Answer::new(200, all.collect())
}

fn annotated(state: &State, call: &Call) -> Answer {
    let id = call.parameter("sha");
    if state.repository.kind(id).as_deref() != Some("tag") {
        return missing(call);
    }
    let written = state.repository.written(id).expect("a tag");
    let (target, kind) = written.target.expect("a target");
    let url = call.repository_url(state);
    Answer::new(
        200,
        json!({
            "tag": written.name, "sha": id, "url": format!("{url}/git/tags/{id}"), "message": written.message,
            "tagger": written.committer,
            "object": {"type": kind, "sha": target, "url": format!("{url}/git/{kind}s/{target}")},
        }),
    )
}

fn tree(state: &State, call: &Call) -> Answer {
    let Some(id) = state
        .repository
        .resolve(&format!("{}^{{tree}}", call.parameter("sha")))
    else {
        return error(call, 400, "sha not found");
    };
    let recursive = call.query("recursive") == Some("true");
    let entries = state.repository.tree(&id, recursive).expect("a tree");
    let number = |name, otherwise| {
        call.query(name)
            .and_then(|text| text.parse::<usize>().ok())
            .filter(|number| *number > 0)
            .unwrap_or(otherwise)
    };
    let (page, size) = (
        number("page", 1),
        number("per_page", 1000).min(state.tree_limit.min(1000)),
    );
    let url = call.repository_url(state);
    let lines = entries.iter().skip((page - 1) * size).take(size).map(|entry| {
        json!({
            "path": entry.path, "mode": entry.mode, "type": entry.kind, "sha": entry.id, "size": entry.size.unwrap_or(0),
            "url": if entry.kind == "commit" { String::new() } else { format!("{url}/git/{}s/{}", entry.kind, entry.id) },
        })
    });
    let lines: Vec<Value> = lines.collect();
    // Go writes a list of nothing so.
    let lines = if lines.is_empty() {
        Value::Null
    } else {
        json!(lines)
    };
    Answer::new(
        200,
        json!({
            "sha": id, "url": format!("{url}/git/trees/{id}"), "tree": lines,
            "truncated": page * size < entries.len(), "page": page, "total_count": entries.len(),
        }),
    )
}

fn blob(state: &State, call: &Call) -> Answer {
    let id = call.parameter("sha");
    if state.repository.kind(id).as_deref() != Some("blob") {
        return error(call, 400, "object does not exist");
    }
    let content = state.repository.blob(id).expect("a blob");
    let url = format!("{}/git/blobs/{id}", call.repository_url(state));
    let base64 = super::repository::base64_lines(&content).replace('\n', "");
    Answer::new(
        200,
        json!({"sha": id, "url": url, "size": content.len(), "encoding": "base64", "content": base64}),
    )
}

fn change_files(state: &mut State, call: &Call) -> Answer {
    let from = call
        .text("branch")
        .filter(|name| !name.is_empty())
        .unwrap_or(&state.default_branch);
    let to = call
        .text("new_branch")
        .filter(|name| !name.is_empty())
        .unwrap_or(from)
        .to_owned();
    let Some(tip) = state.repository.branch(from) else {
        return missing(call);
    };
    if state.protected.contains(&to) {
        return error(call, 403, "branch is protected from direct pushes");
    }
    if to != from && state.repository.branch(&to).is_some() && call.body["force_push"] != true {
        return error(call, 422, &format!("branch already exists [name: {to}]"));
    }
    let listed = state.repository.tree(&tip, true).expect("a tree");
    let mut edits = Vec::new();
    for file in call.body["files"].as_array().into_iter().flatten() {
        let path = file["path"].as_str().unwrap_or_default();
        let old = listed.iter().find(|entry| entry.path == path);
        let known = file["sha"].as_str().filter(|id| !id.is_empty());
        match (file["operation"].as_str(), old) {
            (Some("create"), Some(_)) => {
                return error(
                    call,
                    422,
                    &format!("repository file already exists [path: {path}]"),
                );
            }
            (Some("update" | "delete"), None) => {
                return error(
                    call,
                    404,
                    &format!("repository file does not exist [path: {path}]"),
                );
            }
            (Some("update" | "delete"), Some(old)) if known != Some(&old.id) => {
                let words = match known {
                    None => "a SHA or commit ID must be provided when updating a file".to_owned(),
                    Some(known) => {
                        format!("sha does not match [given: {known}, expected: {}]", old.id)
                    }
                };
                return error(call, 422, &words);
            }
            (Some("delete"), Some(_)) => edits.push((path.to_owned(), Edit::Remove)),
            (_, old) => {
                let Ok(content) = from_base64(file["content"].as_str().unwrap_or_default()) else {
                    return error(call, 422, "illegal base64 data");
                };
                let mode = old.map_or("100644", |entry| entry.mode.as_str()).to_owned();
                let id = state.repository.write_blob(&content);
                edits.push((path.to_owned(), Edit::Put { mode, id }));
            }
        }
    }
    let author = &call.body["author"];
    let mail = format!("{}@noreply.forge.example", call.login().replace(['[', ']'], ""));
    // Of two people of whom one is named, that one is both.
    let committer = match (&call.body["committer"], author) {
        (Value::Null, author) => author,
        (committer, _) => committer,
    };
    let of = |person: &Value, field: &str, own: &str| person[field].as_str().unwrap_or(own).to_owned();
    let (name, email) = (of(author, "name", call.login()), of(author, "email", &mail));
    let who = (
        name.as_str(),
        email.as_str(),
        call.body["dates"]["author"].as_str(),
    );
    let committer = (of(committer, "name", call.login()), of(committer, "email", &mail));
    let committer = (committer.0.as_str(), committer.1.as_str());
    let message = call.text("message").unwrap_or_default();
    let written = state.repository.write_tree(Some(&tip), &edits).and_then(|tree| {
        state
            .repository
            .write_commit_by(&tree, std::slice::from_ref(&tip), message, who, committer)
    });
    match written {
        Err(words) => error(call, 422, &words),
        Ok(id) => {
            state.repository.set(&format!("refs/heads/{to}"), &id);
            let commit = commit_json(state, call, &id);
            Answer::new(
                201,
                json!({
                    "files": call.body["files"].as_array().into_iter().flatten()
                        .map(|file| match file["operation"].as_str() {
                            Some("delete") => Value::Null,
                            _ => json!({"path": file["path"], "type": "file"}),
                        })
                        .filter(|file| !file.is_null())
                        .collect::<Vec<_>>(),
                    "commit": {
                        "sha": id, "url": commit["url"], "html_url": commit["html_url"], "message": message,
                        "author": commit["commit"]["author"], "committer": commit["commit"]["committer"],
                        "tree": commit["commit"]["tree"], "parents": commit["parents"],
                    },
                    "verification": {"verified": false, "reason": "gpg.error.not_signed_commit", "signature": "", "payload": ""},
                }),
            )
        }
    }
}

fn issues(state: &State, call: &Call) -> Answer {
    let wanted = call.query("state").unwrap_or("open");
    let labels = call.query("labels").unwrap_or_default();
    let all = state.issues.iter().rev().filter(|issue| match wanted {
        "open" => issue.open,
        "closed" => !issue.open,
        _ => true,
    });
    let all = all.filter(|issue| match call.query("type") {
        Some("issues") => issue.pull.is_none(),
        Some("pulls") => issue.pull.is_some(),
        _ => true,
    });
    let all = all.filter(|issue| call.query("created_by").is_none_or(|login| issue.author == login));
    // Names that are no label are dropped, and what is left of none is no filter.
    let names: Vec<&str> = labels
        .split(',')
        .filter(|name| state.find_label(name).is_some())
        .collect();
    let all = all.filter(|issue| names.is_empty() || names.iter().any(|name| issue.labels.contains(*name)));
    let all = all.map(|issue| issue_json(state, call, issue));
    call.paged(all.collect(), PAGES)
}

fn open_issue(state: &mut State, call: &Call) -> Answer {
    if !state.has_issues {
        return missing(call);
    }
    let title = call.text("title").unwrap_or_default();
    let number = state.open_issue(call.login(), title, call.text("body").unwrap_or_default());
    let labels = label_names(state, &call.body["labels"]);
    state.issue_mut(number).expect("an issue").labels.extend(labels);
    Answer::new(
        201,
        issue_json(state, call, state.issue(number).expect("an issue")),
    )
}

/// Labels are named by their number or, where they are set, by their name; what is not there is passed over.
fn label_names(state: &State, given: &Value) -> Vec<String> {
    let given = given.as_array().into_iter().flatten();
    given
        .filter_map(|one| match one {
            Value::String(name) => state.find_label(name),
            number => state
                .labels
                .iter()
                .find(|label| Some(label.id) == number.as_u64()),
        })
        .map(|label| label.name.clone())
        .collect()
}

fn edit_issue(state: &mut State, call: &Call, index: u64) -> Answer {
    let moment = state.moment();
    let Some(issue) = state.issue_mut(index) else {
        return missing(call);
    };
    edit(issue, call, moment);
    if call.body["assignees"].is_array() {
        issue.assignees = call.texts("assignees").into_iter().collect();
    }
    if let Some(id) = call.body["milestone"].as_u64() {
        issue.milestone = Some(id - 7000);
    }
    Answer::new(
        201,
        issue_json(state, call, state.issue(index).expect("an issue")),
    )
}

fn edit(issue: &mut Issue, call: &Call, moment: String) {
    issue.updated = moment;
    if let Some(title) = call.text("title") {
        issue.title = title.to_owned();
    }
    if let Some(body) = call.text("body") {
        issue.body = body.to_owned();
    }
    if let Some(wanted) = call.text("state") {
        issue.open = wanted == "open";
    }
}

fn set_labels(state: &mut State, call: &Call, method: &str, index: u64) -> Answer {
    let names = label_names(state, &call.body["labels"]);
    let Some(issue) = state.issue_mut(index) else {
        return missing(call);
    };
    if method == "put" {
        issue.labels.clear();
    }
    issue.labels.extend(names);
    let issue = state.issue(index).expect("an issue");
    Answer::new(200, json!(labels_of(state, call, issue)))
}

fn one_comment(state: &mut State, call: &Call, method: &str) -> Answer {
    let moment = state.moment();
    let id = call.number("id");
    let Some(place) = state.comments.iter().position(|comment| comment.id == id) else {
        return missing(call);
    };
    match method {
        "delete" => {
            state.comments.remove(place);
            return Answer::new(204, Value::Null);
        }
        "patch" => {
            state.comments[place].body = call.text("body").unwrap_or_default().to_owned();
            state.comments[place].updated = moment;
        }
        _ => {}
    }
    Answer::new(200, comment_json(state, &state.comments[place]))
}

fn pulls(state: &State, call: &Call) -> Answer {
    let wanted = call.query("state").unwrap_or("open");
    let all = state.issues.iter().rev().filter(|issue| match wanted {
        "open" => issue.open,
        "closed" => !issue.open,
        _ => true,
    });
    let all = all.filter(|issue| {
        issue
            .pull
            .as_ref()
            .is_some_and(|pull| call.query("base_branch").is_none_or(|wanted| wanted == pull.base))
    });
    let all = all.filter_map(|issue| pull_json(state, call, issue));
    call.paged(all.collect(), PAGES)
}

fn open_pull(state: &mut State, call: &Call) -> Answer {
    let (head, base) = (
        call.text("head").unwrap_or_default(),
        call.text("base").unwrap_or_default(),
    );
    if state.repository.branch(head).is_none() || state.repository.branch(base).is_none() {
        return missing(call);
    }
    let same = state.issues.iter().find(|issue| {
        issue.open
            && issue
                .pull
                .as_ref()
                .is_some_and(|pull| !pull.is_from_fork && pull.head == head && pull.base == base)
    });
    if let Some(same) = same {
        let words = format!(
            "pull request already exists for these targets [id: {}, issue_id: {}, head_repo_id: 4711, base_repo_id: 4711, \
             head_branch: {head}, base_branch: {base}]",
            same.number, same.number
        );
        return error(call, 409, &words);
    }
    let number = state.open_pull(call.login(), call.text("title").unwrap_or_default(), head, base);
    let labels = label_names(state, &call.body["labels"]);
    let issue = state.issue_mut(number).expect("an issue");
    issue.body = call.text("body").unwrap_or_default().to_owned();
    issue.labels.extend(labels);
    let issue = state.issue(number).expect("an issue");
    Answer::new(201, pull_json(state, call, issue).expect("a pull request"))
}

fn edit_pull(state: &mut State, call: &Call, method: &str, index: u64) -> Answer {
    let moment = state.moment();
    let Some(issue) = state.issue_mut(index).filter(|issue| issue.pull.is_some()) else {
        return missing(call);
    };
    let status = match method {
        "patch" => {
            edit(issue, call, moment);
            if let (Some(base), Some(pull)) = (call.text("base"), &mut issue.pull) {
                pull.base = base.to_owned();
            }
            201
        }
        _ => 200,
    };
    let issue = state.issue(index).expect("an issue");
    Answer::new(status, pull_json(state, call, issue).expect("a pull request"))
}

fn ask_reviewers(state: &mut State, call: &Call, index: u64) -> Answer {
    let (users, teams) = (call.texts("reviewers"), call.texts("team_reviewers"));
    if let Some(stranger) = users.iter().find(|user| !state.collaborators.contains(*user)) {
        return error(
            call,
            404,
            &format!("user does not exist [uid: 0, name: {stranger}]"),
        );
    }
    if let Some(stranger) = teams.iter().find(|team| !state.teams.contains(*team)) {
        return error(
            call,
            404,
            &format!("team does not exist [org_id 0, team_id 0, name: {stranger}]"),
        );
    }
    let Some(issue) = state.issue_mut(index) else {
        return missing(call);
    };
    if users.contains(&issue.author) {
        return error(call, 422, "poster of pr can't be reviewer");
    }
    let reviews: Vec<Value> = users
        .iter()
        .map(|login| json!({"user": user(login), "state": "REQUEST_REVIEW", "body": ""}))
        .collect();
    if let Some(pull) = &mut issue.pull {
        pull.reviewers.extend(users);
        pull.teams.extend(teams);
    }
    Answer::new(201, json!(reviews))
}

fn html(state: &State, path: &str) -> String {
    format!("https://forge.example/{}{path}", state.full_name())
}

fn user(login: &str) -> Value {
    json!({
        "id": login.bytes().map(u64::from).sum::<u64>(),
        "login": login,
        "full_name": "",
        "email": format!("{}@noreply.forge.example", login.replace(['[', ']'], "")),
        "html_url": format!("https://forge.example/{}", login.replace(['[', ']'], "")),
    })
}

fn repository_json(state: &State, call: &Call) -> Value {
    let access = call.token.as_ref().map_or(Access::None, |token| token.contents);
    json!({
        "id": 4711,
        "name": state.name,
        "full_name": state.full_name(),
        "owner": user(&state.owner),
        "private": state.private,
        "archived": state.archived,
        "has_issues": state.has_issues,
        "has_pull_requests": true,
        "empty": state.repository.refs("refs/").is_empty(),
        "default_branch": state.default_branch,
        "html_url": html(state, ""),
        "url": call.repository_url(state),
        "object_format_name": "sha1",
        "parent": null,
        "permissions": {"admin": false, "push": access == Access::Write, "pull": true},
    })
}

fn branch_json(state: &State, call: &Call, name: &str) -> Value {
    let id = state.repository.branch(name).unwrap_or_default();
    let written = state.repository.written(&id).expect("a commit");
    let who = |person: &Value| json!({"name": person["name"], "email": person["email"], "username": ""});
    json!({
        "name": name,
        "commit": {
            "id": id, "message": written.message, "url": html(state, &format!("/commit/{id}")),
            "author": who(&written.author), "committer": who(&written.committer),
            "timestamp": written.committer["date"], "verification": null, "added": null, "removed": null, "modified": null,
        },
        "protected": state.protected.contains(name),
        "required_approvals": 0,
        "user_can_push": call.refusal(state, Area::Contents, Access::Write).is_none() && !state.protected.contains(name),
        "user_can_merge": true,
    })
}

fn commit_json(state: &State, call: &Call, id: &str) -> Value {
    let written = state.repository.written(id).expect("a commit");
    let url = call.repository_url(state);
    let parents = written.parents.iter().map(|parent| {
        json!({"sha": parent, "url": format!("{url}/git/commits/{parent}"), "created": "0001-01-01T00:00:00Z"})
    });
    json!({
        "sha": id,
        "url": format!("{url}/git/commits/{id}"),
        "html_url": html(state, &format!("/commit/{id}")),
        "created": written.committer["date"],
        "commit": {
            "message": written.message, "author": written.author, "committer": written.committer,
            "tree": {"sha": written.tree, "url": format!("{url}/git/trees/{}", written.tree), "created": written.committer["date"]},
            "url": format!("{url}/git/commits/{id}"),
        },
        "author": null,
        "committer": null,
        "parents": parents.collect::<Vec<_>>(),
    })
}

fn label_json(state: &State, call: &Call, label: &Label) -> Value {
    json!({
        "id": label.id, "name": label.name, "color": label.color, "description": label.description, "exclusive": false,
        "is_archived": false, "url": format!("{}/labels/{}", call.repository_url(state), label.id),
    })
}

fn labels_of(state: &State, call: &Call, issue: &Issue) -> Vec<Value> {
    let names = issue.labels.iter();
    names
        .filter_map(|name| Some(label_json(state, call, state.find_label(name)?)))
        .collect()
}

fn comment_json(state: &State, comment: &Comment) -> Value {
    json!({
        "id": comment.id,
        "html_url": html(state, &format!("/issues/{}#issuecomment-{}", comment.issue, comment.id)),
        "issue_url": html(state, &format!("/issues/{}", comment.issue)),
        "pull_request_url": "",
        "user": user(&comment.author),
        "body": comment.body,
        "created_at": comment.created,
        "updated_at": comment.updated,
        "assets": [],
    })
}

fn issue_json(state: &State, call: &Call, issue: &Issue) -> Value {
    json!({
        "id": 9000 + issue.number,
        "number": issue.number,
        "url": format!("{}/issues/{}", call.repository_url(state), issue.number),
        "html_url": html(state, &format!("/issues/{}", issue.number)),
        "title": issue.title,
        "body": issue.body,
        "state": if issue.open { "open" } else { "closed" },
        "is_locked": issue.locked,
        "user": user(&issue.author),
        "labels": labels_of(state, call, issue),
        "milestone": null,
        "assignee": null,
        "assignees": null,
        "comments": state.comments.iter().filter(|comment| comment.issue == issue.number).count(),
        "created_at": issue.created,
        "updated_at": issue.updated,
        "closed_at": if issue.open { Value::Null } else { json!(issue.updated) },
        "due_date": null,
        "pull_request": issue.pull.as_ref().map(|pull| json!({"merged": pull.merged, "merged_at": null, "draft": pull.draft})),
        "repository": {"id": 4711, "name": state.name, "owner": state.owner, "full_name": state.full_name()},
    })
}

fn pull_json(state: &State, call: &Call, issue: &Issue) -> Option<Value> {
    let pull = issue.pull.as_ref()?;
    let side = |branch: &str, repository: u64| {
        let mut repo = repository_json(state, call);
        repo["id"] = json!(repository);
        json!({
            "label": branch, "ref": branch, "sha": state.repository.branch(branch).unwrap_or_default(), "repo_id": repository,
            "repo": repo,
        })
    };
    Some(json!({
        "id": 9000 + issue.number,
        "number": issue.number,
        "url": html(state, &format!("/pulls/{}", issue.number)),
        "html_url": html(state, &format!("/pulls/{}", issue.number)),
        "title": issue.title,
        "body": issue.body,
        "state": if issue.open { "open" } else { "closed" },
        "draft": pull.draft,
        "user": user(&issue.author),
        "labels": labels_of(state, call, issue),
        "milestone": null,
        "assignee": null,
        "requested_reviewers": pull.reviewers.iter().map(|login| user(login)).collect::<Vec<_>>(),
        "requested_reviewers_teams": [],
        "comments": 0,
        "mergeable": true,
        "merged": pull.merged,
        "merged_at": null,
        "merge_commit_sha": pull.merge,
        "base": side(&pull.base, 4711),
        "head": side(&pull.head, if pull.is_from_fork { 4712 } else { 4711 }),
        "created_at": issue.created,
        "updated_at": issue.updated,
        "closed_at": null,
    }))
}
