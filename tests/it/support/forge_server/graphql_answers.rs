//! GitHub's GraphQL answers: the viewer, refs with what they name, hidden comments, commits on branches.

use serde_json::{Map, Value, json};

use super::github::{Area, Call, html, user};
use super::graphql::{Chosen, Operation, Schema, Selection};
use super::http::Answer;
use super::repository::{Edit, from_base64};
use super::state::{Access, Kind, State};

/// A thing that has fields.
#[derive(Clone)]
enum Thing {
    Root(&'static str),
    User(String),
    Repository,
    Refs {
        prefix: String,
        all: Vec<(String, String, String)>,
        start: usize,
        end: usize,
    },
    PageInfo {
        start: usize,
        end: usize,
        total: usize,
    },
    Ref {
        prefix: String,
        name: String,
        id: String,
        kind: String,
    },
    Object {
        id: String,
        kind: String,
    },
    Comment(u64),
    Payload(&'static str, Vec<(&'static str, Thing)>),
    Person(Value),
    RateLimit,
}

enum Resolved {
    Value(Value),
    Thing(Thing),
    Things(Vec<Thing>),
    /// An error of the operation: its type and its message.
    Error(&'static str, String),
}

/// One answer in the making.
struct Execution<'a> {
    state: &'a mut State,
    call: &'a Call<'a>,
    schema: &'a Schema,
    errors: Vec<Value>,
    /// What this server cannot answer.
    faults: Vec<String>,
}

/// The answer, and what this server lacks to give it.
pub(crate) fn answer(
    state: &mut State,
    call: &Call,
    schema: &Schema,
    operation: &Operation,
) -> (Answer, Vec<String>) {
    let mut execution = Execution {
        state,
        call,
        schema,
        errors: Vec::new(),
        faults: Vec::new(),
    };
    let mut data = Map::new();
    execution.select(
        &Thing::Root(operation.root),
        &operation.selections,
        &mut data,
        &[],
    );
    let mut body = json!({"data": data});
    if !execution.errors.is_empty() {
        body["errors"] = json!(execution.errors);
    }
    (Answer::new(200, body), execution.faults)
}

impl Execution<'_> {
    fn select(
        &mut self,
        thing: &Thing,
        selections: &[Selection],
        into: &mut Map<String, Value>,
        path: &[String],
    ) {
        for selection in selections {
            match selection {
                Selection::On(kind, inner) => {
                    if self.schema.is_a(type_name(thing), kind) {
                        self.select(thing, inner, into, path);
                    }
                }
                Selection::Field(chosen) => {
                    let mut path = path.to_vec();
                    path.push(chosen.key.clone());
                    let resolved = match chosen.name.as_str() {
                        "__typename" => Some(Resolved::Value(json!(type_name(thing)))),
                        _ => self.resolve(thing, chosen),
                    };
                    let value = self.value(resolved, thing, chosen, &path);
                    if value.is_null() && chosen.required && self.errors.is_empty() {
                        self.faults.push(format!(
                            "this server has nothing for {}.{}",
                            type_name(thing),
                            chosen.name
                        ));
                    }
                    match (into.get_mut(&chosen.key), value) {
                        // The same field asked for twice gives the fields of both.
                        (Some(Value::Object(old)), Value::Object(new)) => old.extend(new),
                        (_, value) => {
                            into.insert(chosen.key.clone(), value);
                        }
                    }
                }
            }
        }
    }

    fn value(
        &mut self,
        resolved: Option<Resolved>,
        thing: &Thing,
        chosen: &Chosen,
        path: &[String],
    ) -> Value {
        match resolved {
            None => {
                self.faults.push(format!(
                    "this server does not know {}.{}",
                    type_name(thing),
                    chosen.name
                ));
                Value::Null
            }
            Some(Resolved::Value(value)) => value,
            Some(Resolved::Thing(thing)) => {
                let mut fields = Map::new();
                self.select(&thing, &chosen.selections, &mut fields, path);
                Value::Object(fields)
            }
            Some(Resolved::Things(things)) => things
                .iter()
                .map(|thing| {
                    let mut fields = Map::new();
                    self.select(thing, &chosen.selections, &mut fields, path);
                    Value::Object(fields)
                })
                .collect(),
            Some(Resolved::Error(kind, message)) => {
                let place = json!([{"line": 1, "column": 1}]);
                self.errors
                    .push(json!({"type": kind, "path": path, "locations": place, "message": message}));
                Value::Null
            }
        }
    }

    fn resolve(&mut self, thing: &Thing, chosen: &Chosen) -> Option<Resolved> {
        let text = |name: &str| chosen.arguments[name].as_str().unwrap_or_default().to_owned();
        let plain = |value: Value| Some(Resolved::Value(value));
        match (thing, chosen.name.as_str()) {
            (Thing::Root("Query"), "viewer") => {
                Some(Resolved::Thing(Thing::User(self.call.login().to_owned())))
            }
            (Thing::Root("Query"), "rateLimit") => Some(Resolved::Thing(Thing::RateLimit)),
            (Thing::Root("Query"), "repository") => {
                let wanted = format!("{}/{}", text("owner"), text("name"));
                let hidden = self
                    .call
                    .refusal(self.state, Area::Contents, Access::Read)
                    .is_some();
                Some(match wanted == self.state.full_name() && !hidden {
                    true => Resolved::Thing(Thing::Repository),
                    false => Resolved::Error(
                        "NOT_FOUND",
                        format!("Could not resolve to a Repository with the name '{wanted}'."),
                    ),
                })
            }
            (Thing::Root("Query"), "node") => Some(self.node(&text("id"))),
            (Thing::Root("Mutation"), "minimizeComment") => Some(self.minimize(chosen, true)),
            (Thing::Root("Mutation"), "unminimizeComment") => Some(self.minimize(chosen, false)),
            (Thing::Root("Mutation"), "createCommitOnBranch") => {
                Some(self.commit(&chosen.arguments["input"]))
            }
            (Thing::Root("Mutation"), "updateRefs") => Some(self.update_refs(&chosen.arguments["input"])),
            (Thing::RateLimit, "limit") => plain(json!(5000)),
            (Thing::RateLimit, "cost") => plain(json!(1)),
            (Thing::RateLimit, "remaining") => plain(json!(self.state.remaining)),
            (Thing::RateLimit, "used") => plain(json!(5000 - self.state.remaining)),
            (Thing::RateLimit, "resetAt") => plain(json!(
                jiff::Timestamp::from_second(self.state.reset).ok()?.to_string()
            )),
            // Over GraphQL a bot goes by its bare name, but for the viewer itself.
            (Thing::User(login), "login") => plain(json!(match login == self.call.login() {
                true => login,
                false => login.trim_end_matches("[bot]"),
            })),
            (Thing::User(login), "databaseId") => plain(user(login)["id"].clone()),
            (Thing::User(login), "id") => plain(user(login)["node_id"].clone()),
            (Thing::User(login), "url") => plain(user(login)["html_url"].clone()),
            (Thing::Repository, "id") => plain(json!("R_4711")),
            (Thing::Repository, "name") => plain(json!(self.state.name)),
            (Thing::Repository, "nameWithOwner") => plain(json!(self.state.full_name())),
            (Thing::Repository, "isPrivate") => plain(json!(self.state.private)),
            (Thing::Repository, "isArchived") => plain(json!(self.state.archived)),
            (Thing::Repository, "defaultBranchRef") => {
                let name = format!("refs/heads/{}", self.state.default_branch);
                self.reference("refs/heads/", &name)
            }
            (Thing::Repository, "ref") => {
                let name = text("qualifiedName");
                let prefix = &name[..=name.rfind('/').unwrap_or(0)];
                self.reference(prefix, &name)
            }
            (Thing::Repository, "object") => {
                let wanted = match chosen.arguments["oid"].as_str() {
                    Some(id) => id.to_owned(),
                    None => text("expression"),
                };
                let id = self.state.repository.resolve(&wanted);
                let kind = id.as_ref().and_then(|id| self.state.repository.kind(id));
                match (id, kind) {
                    (Some(id), Some(kind)) => Some(Resolved::Thing(Thing::Object { id, kind })),
                    _ => plain(Value::Null),
                }
            }
            (Thing::Repository, "refs") => Some(self.refs(chosen)),
            (
                Thing::Refs {
                    prefix,
                    all,
                    start,
                    end,
                },
                name,
            ) => match name {
                "totalCount" => plain(json!(all.len())),
                "nodes" => Some(Resolved::Things(
                    all[*start..*end]
                        .iter()
                        .map(|(name, id, kind)| Thing::Ref {
                            prefix: prefix.clone(),
                            name: name.clone(),
                            id: id.clone(),
                            kind: kind.clone(),
                        })
                        .collect(),
                )),
                "pageInfo" => Some(Resolved::Thing(Thing::PageInfo {
                    start: *start,
                    end: *end,
                    total: all.len(),
                })),
                _ => None,
            },
            (Thing::PageInfo { start, end, total }, name) => match name {
                "hasNextPage" => plain(json!(end < total)),
                "hasPreviousPage" => plain(json!(*start > 0)),
                "endCursor" if end > start => plain(json!(format!("cursor:{end}"))),
                "startCursor" if end > start => plain(json!(format!("cursor:{}", start + 1))),
                "endCursor" | "startCursor" => plain(Value::Null),
                _ => None,
            },
            (
                Thing::Ref {
                    prefix,
                    name,
                    id,
                    kind,
                },
                field,
            ) => match field {
                "id" => plain(json!(format!("REF_{name}"))),
                "name" => plain(json!(name.strip_prefix(prefix.as_str()).unwrap_or(name))),
                "prefix" => plain(json!(prefix)),
                "target" => Some(Resolved::Thing(Thing::Object {
                    id: id.clone(),
                    kind: kind.clone(),
                })),
                _ => None,
            },
            (Thing::Object { id, kind }, field) => self.object_field(id, kind, field),
            (Thing::Person(person), "name" | "email" | "date") => plain(person[&chosen.name].clone()),
            (Thing::Comment(id), field) => {
                let comment = self.state.comments.iter().find(|comment| comment.id == *id)?;
                match field {
                    "id" => plain(json!(format!("IC_{id}"))),
                    "databaseId" => plain(json!(id)),
                    "body" => plain(json!(comment.body)),
                    "isMinimized" => plain(json!(comment.minimized.is_some())),
                    "minimizedReason" => plain(json!(comment.minimized)),
                    "author" => Some(Resolved::Thing(Thing::User(comment.author.clone()))),
                    "createdAt" => plain(json!(comment.created)),
                    "updatedAt" => plain(json!(comment.updated)),
                    "viewerCanMinimize" => plain(json!(self.may_write(Area::Thread(comment.issue)))),
                    "url" => plain(json!(html(
                        self.state,
                        &format!("/issues/{}#issuecomment-{id}", comment.issue)
                    ))),
                    _ => None,
                }
            }
            (Thing::Payload(_, fields), name) => match fields.iter().find(|(field, _)| *field == name) {
                Some((_, thing)) => Some(Resolved::Thing(thing.clone())),
                None if name == "clientMutationId" => plain(Value::Null),
                None => None,
            },
            (
                Thing::Root(_) | Thing::User(_) | Thing::Repository | Thing::Person(_) | Thing::RateLimit,
                _,
            ) => None,
        }
    }

    fn object_field(&self, id: &str, kind: &str, field: &str) -> Option<Resolved> {
        let plain = |value: Value| Some(Resolved::Value(value));
        let object = |id: &str, kind: &str| {
            Some(Resolved::Thing(Thing::Object {
                id: id.to_owned(),
                kind: kind.to_owned(),
            }))
        };
        let written = match kind {
            "commit" | "tag" => self.state.repository.written(id),
            _ => None,
        };
        match (written, kind, field) {
            (_, _, "oid") => plain(json!(id)),
            (_, _, "abbreviatedOid") => plain(json!(&id[..7])),
            (_, _, "id") => plain(json!(format!("{kind}_{id}"))),
            (_, "blob", "byteSize") => plain(json!(self.state.repository.blob(id)?.len())),
            (_, "blob", "text") => plain(json!(String::from_utf8(self.state.repository.blob(id)?).ok())),
            (_, "blob", "isBinary") => plain(json!(self.state.repository.blob(id)?.contains(&0))),
            (_, "blob", "isTruncated") => plain(json!(false)),
            (Some(written), "commit", "committedDate") => plain(written.committer["date"].clone()),
            (Some(written), "commit", "authoredDate") => plain(written.author["date"].clone()),
            (Some(written), _, "message") => plain(json!(written.message)),
            (Some(written), "commit", "messageHeadline") => plain(json!(written.message.lines().next())),
            (Some(written), "commit", "author") => Some(Resolved::Thing(Thing::Person(written.author))),
            (Some(written), "commit", "committer") => Some(Resolved::Thing(Thing::Person(written.committer))),
            (Some(written), "commit", "tree") => object(&written.tree, "tree"),
            (_, "commit", "url" | "commitUrl") => plain(json!(html(self.state, &format!("/commit/{id}")))),
            (Some(written), "tag", "name") => plain(json!(written.name)),
            (Some(written), "tag", "tagger") => Some(Resolved::Thing(Thing::Person(written.committer))),
            (Some(written), "tag", "target") => {
                let (target, kind) = written.target?;
                object(&target, &kind)
            }
            _ => None,
        }
    }

    fn reference(&self, prefix: &str, name: &str) -> Option<Resolved> {
        Some(match self.state.repository.lookup(name) {
            Some((id, kind)) => Resolved::Thing(Thing::Ref {
                prefix: prefix.to_owned(),
                name: name.to_owned(),
                id,
                kind,
            }),
            None => Resolved::Value(Value::Null),
        })
    }

    fn refs(&mut self, chosen: &Chosen) -> Resolved {
        let prefix = chosen.arguments["refPrefix"].as_str().unwrap_or_default();
        if !prefix.starts_with("refs/") || !prefix.ends_with('/') {
            self.faults
                .push(format!("refPrefix {prefix:?} is no folder of refs"));
        }
        let Some(first) = chosen.arguments["first"]
            .as_u64()
            .and_then(|first| usize::try_from(first).ok())
        else {
            return Resolved::Error(
                "MISSING_PAGINATION_BOUNDARIES",
                "You must provide a `first` or `last` value to properly paginate the `refs` connection."
                    .to_owned(),
            );
        };
        if first > 100 {
            return Resolved::Error(
                "EXCESSIVE_PAGINATION",
                format!(
                    "Requesting {first} records on the `refs` connection exceeds the `first` limit of 100 records."
                ),
            );
        }
        let all = self.state.repository.refs(prefix);
        let start = match chosen.arguments["after"].as_str() {
            None => 0,
            Some(cursor) => match cursor
                .strip_prefix("cursor:")
                .and_then(|number| number.parse().ok())
            {
                Some(start) if start <= all.len() => start,
                _ => {
                    return Resolved::Error(
                        "INVALID_CURSOR_ARGUMENTS",
                        format!("`{cursor}` does not appear to be a valid cursor."),
                    );
                }
            },
        };
        Resolved::Thing(Thing::Refs {
            prefix: prefix.to_owned(),
            end: (start + first).min(all.len()),
            all,
            start,
        })
    }

    fn node(&self, id: &str) -> Resolved {
        let found = id.strip_prefix("IC_").and_then(|number| number.parse().ok());
        let found = found.filter(|id| self.state.comments.iter().any(|comment| comment.id == *id));
        match found {
            Some(id) => Resolved::Thing(Thing::Comment(id)),
            None => not_found(id),
        }
    }

    fn may_write(&self, area: Area) -> bool {
        self.call.refusal(self.state, area, Access::Write).is_none()
    }

    fn forbidden(&self) -> Resolved {
        let words = match self.call.token.as_ref().map(|token| &token.kind) {
            Some(Kind::FineGrained) => "Resource not accessible by personal access token",
            _ => "Resource not accessible by integration",
        };
        Resolved::Error("FORBIDDEN", words.to_owned())
    }

    fn minimize(&mut self, chosen: &Chosen, hide: bool) -> Resolved {
        let input = &chosen.arguments["input"];
        let subject = input["subjectId"].as_str().unwrap_or_default();
        let Resolved::Thing(Thing::Comment(id)) = self.node(subject) else {
            return not_found(subject);
        };
        let place = self.state.comments.iter().position(|comment| comment.id == id);
        let place = place.expect("a comment");
        if !self.may_write(Area::Thread(self.state.comments[place].issue)) {
            return self.forbidden();
        }
        // What is said to be OUTDATED reads `outdated` afterwards.
        let reason = input["classifier"]
            .as_str()
            .unwrap_or_default()
            .to_lowercase()
            .replace('_', "-");
        self.state.comments[place].minimized = hide.then_some(reason);
        let (kind, field) = match hide {
            true => ("MinimizeCommentPayload", "minimizedComment"),
            false => ("UnminimizeCommentPayload", "unminimizedComment"),
        };
        Resolved::Thing(Thing::Payload(kind, vec![(field, Thing::Comment(id))]))
    }

    fn update_refs(&mut self, input: &Value) -> Resolved {
        if !self.may_write(Area::Contents) {
            return self.forbidden();
        }
        if input["repositoryId"] != "R_4711" {
            return not_found(input["repositoryId"].as_str().unwrap_or_default());
        }
        let updates: Vec<&Value> = input["refUpdates"].as_array().into_iter().flatten().collect();
        for update in &updates {
            let text = |key: &str| update[key].as_str().unwrap_or_default();
            let name = text("name").trim_start_matches("refs/heads/");
            let tip = self
                .state
                .repository
                .branch(name)
                .unwrap_or_else(|| "0".repeat(40));
            if update["beforeOid"].is_string() && text("beforeOid") != tip {
                let message = format!(
                    "Reference cannot be updated: expected {} and found {tip}",
                    text("beforeOid")
                );
                return Resolved::Error("STALE_DATA", message);
            }
            let is_forward = self.state.repository.is_ancestor(&tip, text("afterOid"));
            if self.state.protected.contains(name) || (update["force"] != true && !is_forward) {
                return Resolved::Error("UNPROCESSABLE", "Reference update failed".to_owned());
            }
        }
        for update in updates {
            let text = |key: &str| update[key].as_str().unwrap_or_default();
            self.state.repository.set(text("name"), text("afterOid"));
        }
        Resolved::Thing(Thing::Payload("UpdateRefsPayload", Vec::new()))
    }

    fn commit(&mut self, input: &Value) -> Resolved {
        if !self.may_write(Area::Contents) {
            return self.forbidden();
        }
        let branch = &input["branch"];
        let name = branch["branchName"].as_str().unwrap_or_default();
        let name = name.trim_start_matches("refs/heads/");
        let wanted = branch["repositoryNameWithOwner"].as_str().unwrap_or_default();
        if wanted != self.state.full_name() {
            return Resolved::Error(
                "NOT_FOUND",
                format!("Could not resolve to a Repository with the name '{wanted}'."),
            );
        }
        let Some(tip) = self.state.repository.branch(name) else {
            return Resolved::Error(
                "NOT_FOUND",
                format!("A branch named \"{name}\" does not exist in repository \"{wanted}\"."),
            );
        };
        let expected = input["expectedHeadOid"].as_str().unwrap_or_default();
        if expected != tip {
            return Resolved::Error(
                "STALE_DATA",
                format!("Expected branch to point to \"{tip}\" but it did not. Pull and try again."),
            );
        }
        if self.state.protected.contains(name) {
            return Resolved::Error(
                "UNPROCESSABLE",
                "Repository rule violations found\n\nChanges must be made through a pull request.\n\n"
                    .to_owned(),
            );
        }
        let mut edits = Vec::new();
        for one in input["fileChanges"]["additions"].as_array().into_iter().flatten() {
            let content = from_base64(one["contents"].as_str().unwrap_or_default()).unwrap_or_default();
            let path = one["path"].as_str().unwrap_or_default().to_owned();
            // What is there keeps its mode.
            let listed = self.state.repository.tree(&tip, true).unwrap_or_default();
            let old = listed.into_iter().find(|entry| entry.path == path);
            let mode = old.map_or_else(|| "100644".to_owned(), |entry| entry.mode);
            let id = self.state.repository.write_blob(&content);
            edits.push((path, Edit::Put { mode, id }));
        }
        for one in input["fileChanges"]["deletions"].as_array().into_iter().flatten() {
            edits.push((one["path"].as_str().unwrap_or_default().to_owned(), Edit::Remove));
        }
        let message = &input["message"];
        let (headline, body) = (message["headline"].as_str(), message["body"].as_str());
        let message = match (headline.unwrap_or_default(), body.unwrap_or_default()) {
            (headline, "") => headline.to_owned(),
            (headline, body) => format!("{headline}\n\n{body}"),
        };
        let mail = format!(
            "{}@users.noreply.forge.example",
            self.call.login().replace(['[', ']'], "")
        );
        let written = self
            .state
            .repository
            .write_tree(Some(&tip), &edits)
            .and_then(|tree| {
                let who = (self.call.login(), mail.as_str());
                self.state
                    .repository
                    .write_commit(&tree, std::slice::from_ref(&tip), &message, who)
            });
        match written {
            Err(error) => Resolved::Error("UNPROCESSABLE", error),
            Ok(id) => {
                let full = format!("refs/heads/{name}");
                self.state.repository.set(&full, &id);
                let kind = "commit".to_owned();
                let commit = Thing::Object {
                    id: id.clone(),
                    kind: kind.clone(),
                };
                let reference = Thing::Ref {
                    prefix: "refs/heads/".to_owned(),
                    name: full,
                    id,
                    kind,
                };
                Resolved::Thing(Thing::Payload(
                    "CreateCommitOnBranchPayload",
                    vec![("commit", commit), ("ref", reference)],
                ))
            }
        }
    }
}

fn not_found(id: &str) -> Resolved {
    Resolved::Error(
        "NOT_FOUND",
        format!("Could not resolve to a node with the global id of '{id}'"),
    )
}

fn type_name(thing: &Thing) -> &'static str {
    match thing {
        Thing::Root(name) | Thing::Payload(name, _) => name,
        Thing::User(login) if login.ends_with("[bot]") => "Bot",
        Thing::User(_) => "User",
        Thing::Repository => "Repository",
        Thing::Refs { .. } => "RefConnection",
        Thing::PageInfo { .. } => "PageInfo",
        Thing::Ref { .. } => "Ref",
        Thing::Object { kind, .. } => match kind.as_str() {
            "commit" => "Commit",
            "tag" => "Tag",
            "tree" => "Tree",
            _ => "Blob",
        },
        Thing::Comment(_) => "IssueComment",
        Thing::Person(_) => "GitActor",
        Thing::RateLimit => "RateLimit",
    }
}
