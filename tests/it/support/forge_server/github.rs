//! GitHub's answers about issues, pull requests, labels and uploads; those about git objects are in `github_git`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::description::Matched;
use super::github_git;
use super::http::{Answer, Request};
use super::state::{Access, Comment, Issue, Kind, Label, Scanning, State, Token};

/// One call whose request was found good.
pub(crate) struct Call<'a> {
    pub(crate) matched: &'a Matched,
    pub(crate) request: &'a Request,
    pub(crate) body: Value,
    pub(crate) token: Option<Token>,
    /// The address of the API.
    pub(crate) base: String,
    /// The page of the documentation for this operation.
    pub(crate) page: Option<&'a str>,
}

/// What a right is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Area {
    Contents,
    Issues,
    Pulls,
    Security,
    /// Issues and pull requests share comments and labels; either right will do for a pull request.
    Thread(u64),
}

impl Call<'_> {
    /// A value from the path.
    pub(crate) fn parameter(&self, name: &str) -> &str {
        &self.matched.parameters[name]
    }

    pub(crate) fn number(&self, name: &str) -> u64 {
        self.parameter(name).parse().unwrap_or(0)
    }

    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        let found = self.request.query.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// A text of the body.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.body[name].as_str()
    }

    /// A list of texts of the body.
    pub(crate) fn texts(&self, name: &str) -> Vec<String> {
        let all = self.body[name].as_array().into_iter().flatten();
        all.filter_map(|one| one.as_str().or(one["name"].as_str()).map(str::to_owned))
            .collect()
    }

    pub(crate) fn login(&self) -> &str {
        self.token
            .as_ref()
            .map_or("anonymous", |token| token.login.as_str())
    }

    pub(crate) fn repository_url(&self, state: &State) -> String {
        format!("{}/repos/{}", self.base, state.full_name())
    }

    /// A refusal as GitHub words it.
    pub(crate) fn error(&self, status: u16, message: &str) -> Answer {
        Answer::new(
            status,
            json!({
                "message": message,
                "documentation_url": self.page.unwrap_or("https://docs.github.com/rest"),
                "status": status.to_string(),
            }),
        )
    }

    pub(crate) fn invalid(&self, error: &Value) -> Answer {
        let mut answer = self.error(422, "Validation Failed");
        answer.body["errors"] = json!([error]);
        answer
    }

    /// A page of `items`, with the links to the others.
    pub(crate) fn paged(&self, items: Vec<Value>, (size_name, largest): (&str, usize)) -> Answer {
        let number = |name| self.query(name).and_then(|text| text.parse::<usize>().ok());
        let size = number(size_name).unwrap_or(30).clamp(1, largest);
        let page = number("page").unwrap_or(1).max(1);
        let last = items.len().div_ceil(size).max(1);
        let total = items.len();
        let link = |page: usize, relation: &str| {
            let mut query: Vec<String> = self
                .request
                .query
                .iter()
                .filter(|(name, _)| name != "page")
                .map(|(name, value)| format!("{name}={}", value.replace('&', "%26").replace(' ', "%20")))
                .collect();
            query.push(format!("page={page}"));
            let origin = self.base.trim_end_matches("/api/v3").trim_end_matches("/api/v1");
            format!(
                "<{origin}{}?{}>; rel=\"{relation}\"",
                self.request.path,
                query.join("&")
            )
        };
        let mut links = Vec::new();
        if page > 1 {
            links.extend([link(page - 1, "prev"), link(1, "first")]);
        }
        if page < last {
            links.extend([link(page + 1, "next"), link(last, "last")]);
        }
        let items: Vec<Value> = items.into_iter().skip((page - 1) * size).take(size).collect();
        let mut answer = Answer::new(200, json!(items)).with("X-Total-Count", total);
        if !links.is_empty() {
            answer = answer.with("Link", links.join(", "));
        }
        answer
    }

    /// The refusal, where the token lacks a right.
    pub(crate) fn refusal(&self, state: &State, area: Area, access: Access) -> Option<Answer> {
        let Some(token) = self.token.as_ref() else {
            let public = access == Access::Read && !state.private && area != Area::Security;
            return (!public).then(|| self.error(401, "Requires authentication"));
        };
        let has = |area| match area {
            Area::Contents => token.contents,
            Area::Issues => token.issues,
            Area::Pulls => token.pulls,
            Area::Security => token.security,
            Area::Thread(number) => match state.issue(number).is_some_and(|issue| issue.pull.is_some()) {
                true => token.issues.max(token.pulls),
                false => token.issues,
            },
        };
        if access == Access::Write && state.archived {
            return Some(self.error(403, "Repository was archived so is read-only."));
        }
        let public = access == Access::Read && !state.private && area != Area::Security;
        if public || has(area) >= access {
            return None;
        }
        let level = match access {
            Access::None | Access::Read => "read",
            Access::Write => "write",
        };
        let names = match area {
            Area::Contents => format!("contents={level}"),
            Area::Issues => format!("issues={level}"),
            Area::Pulls => format!("pull_requests={level}"),
            Area::Security => format!("security_events={level}"),
            Area::Thread(_) => format!("issues={level}; pull_requests={level}"),
        };
        Some(match token.kind {
            Kind::Workflow | Kind::App => self
                .error(403, "Resource not accessible by integration")
                .with("X-Accepted-GitHub-Permissions", names),
            Kind::FineGrained => self
                .error(403, "Resource not accessible by personal access token")
                .with("X-Accepted-GitHub-Permissions", names),
            // GitHub does not say whether there is something that this token must not see.
            Kind::Classic(_) => self.error(404, "Not Found"),
        })
    }
}

/// GitHub's answer; none where this server lacks it.
pub(crate) fn answer(state: &mut State, call: &Call) -> Option<Answer> {
    let route = call
        .matched
        .route
        .strip_prefix("/repos/{owner}/{repo}")
        .unwrap_or(&call.matched.route);
    if route.starts_with("/git/") || route.starts_with("/branches") {
        return github_git::answer(state, call, route);
    }
    let method = call.matched.method.as_str();
    let write = |area| (area, Access::Write);
    let read = |area| (area, Access::Read);
    let issue = call.matched.parameters.get("issue_number");
    let comment = call.matched.parameters.get("comment_id");
    let issue = match comment {
        Some(id) => state
            .comments
            .iter()
            .find(|comment| comment.id.to_string() == *id)
            .map_or(0, |comment| comment.issue),
        None => issue.and_then(|number| number.parse().ok()).unwrap_or(0),
    };
    let thread = Area::Thread(issue);
    let (area, access) = match (method, route) {
        ("get", "/rate_limit") => return Some(rate_limit(state)),
        ("get", "/meta") => {
            return Some(Answer::new(
                200,
                json!({"verifiable_password_authentication": false}),
            ));
        }
        ("get", "") => return Some(repository(state, call)),
        (_, route) if route.starts_with("/code-scanning") => match method {
            "get" => read(Area::Security),
            _ => write(Area::Security),
        },
        (_, route) if route.starts_with("/security-advisories") => read(Area::Security),
        (_, route) if route.starts_with("/collaborators") => read(Area::Contents),
        (_, route) if route.starts_with("/pulls") => match method {
            "get" => read(Area::Pulls),
            _ => write(Area::Pulls),
        },
        ("get", _) => read(thread),
        ("post", "/issues") => write(Area::Issues),
        // A label can be made by whoever may set it.
        ("post", "/labels")
            if call
                .token
                .as_ref()
                .is_some_and(|token| token.pulls == Access::Write) =>
        {
            write(Area::Pulls)
        }
        _ => write(thread),
    };
    if let Some(refusal) = call.refusal(state, area, access) {
        return Some(refusal);
    }
    Some(match (method, route) {
        ("post", "/code-scanning/sarifs") => upload(state, call),
        ("get", "/code-scanning/sarifs/{sarif_id}") => processing(state, call),
        ("get", "/issues") => issues(state, call),
        ("post", "/issues") => open_issue(state, call),
        ("get", "/issues/{issue_number}") => match state.issue(issue) {
            Some(issue) => Answer::new(200, issue_json(state, call, issue)),
            None => call.error(404, "Not Found"),
        },
        ("patch", "/issues/{issue_number}") => edit_issue(state, call, issue),
        ("get", "/issues/{issue_number}/comments") => comments(state, call, issue),
        ("post", "/issues/{issue_number}/comments") => add_comment(state, call, issue),
        ("get", "/issues/{issue_number}/labels") => match state.issue(issue) {
            Some(issue) => call.paged(labels_of(state, call, issue), ("per_page", 100)),
            None => call.error(404, "Not Found"),
        },
        ("post" | "put", "/issues/{issue_number}/labels") => set_labels(state, call, issue),
        (_, "/issues/comments/{comment_id}") => one_comment(state, call, method),
        ("get", "/labels") => {
            let all = state.labels.iter().map(|label| label_json(state, call, label));
            call.paged(all.collect(), ("per_page", 100))
        }
        ("post", "/labels") => make_label(state, call),
        ("get", "/milestones") => {
            let all = state
                .milestones
                .iter()
                .map(|(number, title)| milestone_json(state, call, *number, title));
            call.paged(all.collect(), ("per_page", 100))
        }
        ("get", "/labels/{name}") => match state.find_label(call.parameter("name")) {
            Some(label) => Answer::new(200, label_json(state, call, label)),
            None => call.error(404, "Not Found"),
        },
        ("get", "/pulls") => pulls(state, call),
        ("post", "/pulls") => open_pull(state, call),
        (_, "/pulls/{pull_number}") => edit_pull(state, call, method),
        ("get", "/pulls/{pull_number}/commits") => {
            let issue = state.issue(call.number("pull_number"));
            match issue.and_then(|issue| issue.pull.clone()) {
                Some(pull) => {
                    let all = pull.commits.iter().map(|id| listed_commit(state, call, id));
                    call.paged(all.collect(), ("per_page", 100))
                }
                None => call.error(404, "Not Found"),
            }
        }
        ("get", "/collaborators/{username}/permission") => {
            let login = call.parameter("username");
            let level = match state.collaborators.contains(login) {
                true => "write",
                false => "read",
            };
            Answer::new(
                200,
                json!({"permission": level, "role_name": level, "user": null}),
            )
        }
        ("get", "/security-advisories/{ghsa_id}") => {
            let id = call.parameter("ghsa_id");
            match state.advisories.get(id) {
                Some(description) => Answer::new(200, advisory(id, description)),
                None => call.error(404, "Not Found"),
            }
        }
        ("post", "/pulls/{pull_number}/requested_reviewers") => ask_reviewers(state, call),
        ("get", "/pulls/{pull_number}/requested_reviewers") => {
            match state.issue(call.number("pull_number")) {
                Some(Issue { pull: Some(pull), .. }) => Answer::new(
                    200,
                    json!({
                        "users": pull.reviewers.iter().map(|login| user(login)).collect::<Vec<_>>(),
                        "teams": pull.teams.iter().map(|team| json!({"slug": team, "name": team})).collect::<Vec<_>>(),
                    }),
                ),
                _ => call.error(404, "Not Found"),
            }
        }
        _ => return None,
    })
}

fn rate_limit(state: &State) -> Answer {
    let one = json!({"limit": 5000, "used": 5000 - state.remaining, "remaining": state.remaining, "reset": state.reset});
    Answer::new(
        200,
        json!({"resources": {"core": one, "graphql": one, "search": one, "code_scanning_upload": one}, "rate": one}),
    )
}

fn repository(state: &State, call: &Call) -> Answer {
    let token = call.token.as_ref();
    if state.private
        && token.is_none_or(|token| token.contents == Access::None && token.issues == Access::None)
    {
        return call.error(404, "Not Found");
    }
    Answer::new(200, repository_json(state, call))
}

pub(crate) fn repository_json(state: &State, call: &Call) -> Value {
    let access = call.token.as_ref().map_or(Access::None, |token| token.contents);
    json!({
        "id": 4711,
        "node_id": "R_4711",
        "name": state.name,
        "full_name": state.full_name(),
        "owner": user(&state.owner),
        "private": state.private,
        "visibility": if state.private { "private" } else { "public" },
        "archived": state.archived,
        "has_issues": state.has_issues,
        "default_branch": state.default_branch,
        "url": call.repository_url(state),
        "html_url": html(state, ""),
        "permissions": {
            "admin": false, "maintain": false, "push": access == Access::Write, "triage": access == Access::Write,
            "pull": access >= Access::Read || !state.private,
        },
    })
}

fn upload(state: &mut State, call: &Call) -> Answer {
    match state.scanning {
        Scanning::NotLicensed => {
            return call.error(
                403,
                "Advanced Security must be enabled for this repository to use code scanning.",
            );
        }
        Scanning::Disabled => {
            return call.error(
                403,
                "Code scanning is not enabled for this repository. Please enable code scanning in the repository settings.",
            );
        }
        Scanning::Enabled => {}
    }
    match state.upload(&call.body) {
        Ok(id) => {
            let url = format!("{}/code-scanning/sarifs/{id}", call.repository_url(state));
            Answer::new(202, json!({"id": id, "url": url}))
        }
        Err(error) => Answer::new(
            400,
            call.error(400, &format!("Invalid request.\n\nInvalid SARIF. {error}"))
                .body,
        ),
    }
}

fn processing(state: &mut State, call: &Call) -> Answer {
    let (pending, complaints) = (state.pending, state.complaints.clone());
    let url = format!("{}/code-scanning/analyses?sarif_id=", call.repository_url(state));
    let id = call.parameter("sarif_id");
    let Some(upload) = state.uploads.iter_mut().find(|upload| upload.id == id) else {
        return Answer::new(404, Value::Null);
    };
    upload.asked += 1;
    Answer::new(
        200,
        match upload.asked <= pending {
            true => json!({"processing_status": "pending"}),
            false if complaints.is_empty() => {
                json!({"processing_status": "complete", "analyses_url": format!("{url}{id}"), "errors": null})
            }
            false => json!({"processing_status": "failed", "analyses_url": null, "errors": complaints}),
        },
    )
}

fn issues(state: &State, call: &Call) -> Answer {
    let wanted = call.query("state").unwrap_or("open");
    let labels = call.query("labels").unwrap_or_default();
    let mut found: Vec<&Issue> = state
        .issues
        .iter()
        .filter(|issue| match wanted {
            "open" => issue.open,
            "closed" => !issue.open,
            _ => true,
        })
        .filter(|issue| {
            let mut wanted = labels.split(',').filter(|name| !name.is_empty());
            wanted.all(|name| issue.labels.iter().any(|label| label.eq_ignore_ascii_case(name)))
        })
        .filter(|issue| call.query("creator").is_none_or(|login| issue.author == login))
        .filter(|issue| {
            call.query("since")
                .is_none_or(|since| issue.updated.as_str() >= since)
        })
        .collect();
    match call.query("sort") {
        Some("updated") => found.sort_by_key(|issue| issue.updated.clone()),
        _ => found.sort_by_key(|issue| issue.created.clone()),
    }
    if call.query("direction") != Some("asc") {
        found.reverse();
    }
    let all = found.into_iter().map(|issue| issue_json(state, call, issue));
    call.paged(all.collect(), ("per_page", 100))
}

fn open_issue(state: &mut State, call: &Call) -> Answer {
    if !state.has_issues {
        return call.error(410, "Issues has been disabled in this repository.");
    }
    let title = match &call.body["title"] {
        Value::Number(number) => number.to_string(),
        title => title.as_str().unwrap_or_default().to_owned(),
    };
    if let Some(answer) = too_long(call, "Issue", &title, call.text("body").unwrap_or_default()) {
        return answer;
    }
    let number = state.open_issue(call.login(), &title, call.text("body").unwrap_or_default());
    let labels = call.texts("labels");
    put_labels(state, number, &labels);
    Answer::new(
        201,
        issue_json(state, call, state.issue(number).expect("an issue")),
    )
}

fn too_long(call: &Call, resource: &str, title: &str, body: &str) -> Option<Answer> {
    if title.chars().count() > 256 {
        let error = json!({"resource": resource, "code": "custom", "field": "title", "message": "title is too long (maximum is 256 characters)"});
        return Some(call.invalid(&error));
    }
    (body.chars().count() > 65_536).then(|| {
        let error = json!({"resource": resource, "code": "custom", "field": "body", "message": "body is too long (maximum is 65536 characters)"});
        call.invalid(&error)
    })
}

fn edit_issue(state: &mut State, call: &Call, number: u64) -> Answer {
    let (title, body) = (call.text("title"), call.text("body"));
    if let Some(answer) = too_long(call, "Issue", title.unwrap_or_default(), body.unwrap_or_default()) {
        return answer;
    }
    let moment = state.moment();
    let Some(issue) = state.issue_mut(number) else {
        return call.error(404, "Not Found");
    };
    issue.updated = moment;
    if let Some(title) = title {
        issue.title = title.to_owned();
    }
    if let Some(body) = body {
        issue.body = body.to_owned();
    }
    if let Some(wanted) = call.text("state") {
        issue.open = wanted == "open";
    }
    if call.body["labels"].is_array() {
        issue.labels.clear();
        put_labels(state, number, &call.texts("labels"));
    }
    let (assignees, milestone) = (call.texts("assignees"), call.body["milestone"].as_u64());
    let known = assignees
        .into_iter()
        .filter(|login| state.collaborators.contains(login));
    let known: BTreeSet<String> = known.collect();
    if let Some(issue) = state.issue_mut(number) {
        if call.body["assignees"].is_array() {
            issue.assignees = known;
        }
        issue.milestone = milestone.or(issue.milestone);
    }
    Answer::new(
        200,
        issue_json(state, call, state.issue(number).expect("an issue")),
    )
}

fn milestone_json(state: &State, call: &Call, number: u64, title: &str) -> Value {
    let url = format!("{}/milestones/{number}", call.repository_url(state));
    json!({
        "id": 7000 + number,
        "node_id": format!("MI_{number}"),
        "number": number,
        "title": title,
        "description": null,
        "state": "open",
        "creator": user(&state.owner),
        "open_issues": 0,
        "closed_issues": 0,
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z",
        "closed_at": null,
        "due_on": null,
        "url": url,
        "labels_url": format!("{url}/labels"),
        "html_url": html(state, &format!("/milestone/{number}")),
    })
}

/// Puts labels on an issue; GitHub makes those that are not there.
fn put_labels(state: &mut State, number: u64, names: &[String]) {
    for name in names {
        let name = match state.find_label(name) {
            Some(label) => label.name.clone(),
            None => state.label(name, "ededed", "").name,
        };
        if let Some(issue) = state.issue_mut(number) {
            issue.labels.insert(name);
        }
    }
}

fn set_labels(state: &mut State, call: &Call, number: u64) -> Answer {
    let names = match &call.body {
        Value::Array(all) => all
            .iter()
            .filter_map(|one| one.as_str().map(str::to_owned))
            .collect(),
        _ => call.texts("labels"),
    };
    match state.issue_mut(number) {
        None => return call.error(404, "Not Found"),
        Some(issue) if call.matched.method == "put" => issue.labels.clear(),
        Some(_) => {}
    }
    put_labels(state, number, &names);
    let issue = state.issue(number).expect("an issue");
    Answer::new(200, json!(labels_of(state, call, issue)))
}

fn labels_of(state: &State, call: &Call, issue: &Issue) -> Vec<Value> {
    let names = issue.labels.iter();
    names
        .filter_map(|name| Some(label_json(state, call, state.find_label(name)?)))
        .collect()
}

fn make_label(state: &mut State, call: &Call) -> Answer {
    let name = call.text("name").unwrap_or_default();
    if state.find_label(name).is_some() {
        return call.invalid(&json!({"resource": "Label", "code": "already_exists", "field": "name"}));
    }
    let description = call.text("description").unwrap_or_default();
    if description.chars().count() > 100 {
        return call.invalid(
            &json!({"resource": "Label", "code": "custom", "field": "description", "message": "description is too long (maximum is 100 characters)"}),
        );
    }
    let color = call.text("color").unwrap_or("ededed");
    if color.len() != 6 || !color.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return call.invalid(&json!({"resource": "Label", "code": "invalid", "field": "color"}));
    }
    let label = state.label(name, color, description);
    Answer::new(201, label_json(state, call, &label))
}

fn comments(state: &State, call: &Call, issue: u64) -> Answer {
    if state.issue(issue).is_none() {
        return call.error(404, "Not Found");
    }
    let all = state.comments.iter().filter(|comment| comment.issue == issue);
    let all = all.filter(|comment| {
        call.query("since")
            .is_none_or(|since| comment.updated.as_str() >= since)
    });
    let all = all.map(|comment| comment_json(state, call, comment));
    call.paged(all.collect(), ("per_page", 100))
}

fn add_comment(state: &mut State, call: &Call, number: u64) -> Answer {
    match state.issue(number) {
        None => return call.error(404, "Not Found"),
        Some(issue) if issue.locked => {
            return call.error(403, "Unable to create comment because issue is locked.");
        }
        Some(_) => {}
    }
    let body = call.text("body").unwrap_or_default();
    if let Some(answer) = comment_refused(call, body) {
        return answer;
    }
    let id = state.comment(number, call.login(), body);
    let comment = state
        .comments
        .iter()
        .find(|comment| comment.id == id)
        .expect("a comment");
    Answer::new(201, comment_json(state, call, comment))
}

fn comment_refused(call: &Call, body: &str) -> Option<Answer> {
    let message = match body.chars().count() {
        0 => "Body can't be blank",
        1..=65_536 => return None,
        _ => "Body is too long (maximum is 65536 characters)",
    };
    let error =
        json!({"resource": "IssueComment", "code": "unprocessable", "field": "data", "message": message});
    Some(call.invalid(&error))
}

fn one_comment(state: &mut State, call: &Call, method: &str) -> Answer {
    let moment = state.moment();
    let id = call.number("comment_id");
    let Some(place) = state.comments.iter().position(|comment| comment.id == id) else {
        return call.error(404, "Not Found");
    };
    match method {
        "delete" => {
            state.comments.remove(place);
            return Answer::new(204, Value::Null);
        }
        "patch" => {
            let body = call.text("body").unwrap_or_default();
            if let Some(answer) = comment_refused(call, body) {
                return answer;
            }
            state.comments[place].body = body.to_owned();
            state.comments[place].updated = moment;
        }
        _ => {}
    }
    Answer::new(200, comment_json(state, call, &state.comments[place]))
}

fn pulls(state: &State, call: &Call) -> Answer {
    let wanted = call.query("state").unwrap_or("open");
    let all = state.issues.iter().rev().filter(|issue| match wanted {
        "open" => issue.open,
        "closed" => !issue.open,
        _ => true,
    });
    let all = all.filter(|issue| {
        issue.pull.as_ref().is_some_and(|pull| {
            let head = format!("{}:{}", state.owner, pull.head);
            call.query("head").is_none_or(|wanted| wanted == head)
                && call.query("base").is_none_or(|wanted| wanted == pull.base)
        })
    });
    let all = all.filter_map(|issue| pull_json(state, call, issue));
    call.paged(all.collect(), ("per_page", 100))
}

fn open_pull(state: &mut State, call: &Call) -> Answer {
    let workflow = call
        .token
        .as_ref()
        .is_some_and(|token| token.kind == Kind::Workflow);
    if workflow && !state.workflows_open_pulls {
        return call.error(
            403,
            "GitHub Actions is not permitted to create or approve pull requests.",
        );
    }
    let (head, base) = (
        call.text("head").unwrap_or_default(),
        call.text("base").unwrap_or_default(),
    );
    let head = head.strip_prefix(&format!("{}:", state.owner)).unwrap_or(head);
    for (field, branch) in [("head", head), ("base", base)] {
        if state.repository.branch(branch).is_none() {
            return call.invalid(&json!({"resource": "PullRequest", "field": field, "code": "invalid"}));
        }
    }
    let message = if state.issues.iter().any(|issue| {
        issue.open
            && issue
                .pull
                .as_ref()
                .is_some_and(|pull| !pull.is_from_fork && pull.head == head && pull.base == base)
    }) {
        format!("A pull request already exists for {}:{head}.", state.owner)
    } else if state
        .repository
        .is_ancestor(&format!("refs/heads/{head}"), &format!("refs/heads/{base}"))
    {
        format!("No commits between {base} and {head}")
    } else {
        let title = call.text("title").unwrap_or_default();
        if let Some(answer) = too_long(call, "PullRequest", title, call.text("body").unwrap_or_default()) {
            return answer;
        }
        let number = state.open_pull(call.login(), title, head, base);
        let issue = state.issue_mut(number).expect("an issue");
        issue.body = call.text("body").unwrap_or_default().to_owned();
        if let Some(pull) = &mut issue.pull {
            pull.draft = call.body["draft"] == true;
        }
        let issue = state.issue(number).expect("an issue");
        return Answer::new(201, pull_json(state, call, issue).expect("a pull request"));
    };
    call.invalid(&json!({"resource": "PullRequest", "code": "custom", "message": message}))
}

fn edit_pull(state: &mut State, call: &Call, method: &str) -> Answer {
    let number = call.number("pull_number");
    let moment = state.moment();
    let Some(issue) = state.issue_mut(number) else {
        return call.error(404, "Not Found");
    };
    if method == "patch" {
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
        if let (Some(base), Some(pull)) = (call.text("base"), &mut issue.pull) {
            pull.base = base.to_owned();
        }
    }
    match pull_json(state, call, state.issue(number).expect("an issue")) {
        Some(pull) => Answer::new(200, pull),
        None => call.error(404, "Not Found"),
    }
}

/// A draft, as GitHub gives it.
fn advisory(id: &str, description: &str) -> Value {
    let page = format!("https://forge.example/acme/shop/security/advisories/{id}");
    let mut advisory = json!({
        "ghsa_id": id,
        "url": page,
        "html_url": page,
        "summary": "Cookies are read twice",
        "description": description,
        "severity": "high",
        "identifiers": [{"type": "GHSA", "value": id}],
        "state": "draft",
        "created_at": "2026-02-01T00:00:00Z",
        "updated_at": "2026-02-02T00:00:00Z",
        "vulnerabilities": [{
            "package": {"ecosystem": "npm", "name": "shop"},
            "vulnerable_version_range": "< 1.2.0",
            "patched_versions": null,
            "vulnerable_functions": []
        }],
    });
    let empty = [
        "cve_id",
        "author",
        "publisher",
        "published_at",
        "closed_at",
        "withdrawn_at",
        "submission",
        "cvss",
        "cwes",
        "cwe_ids",
        "credits",
        "credits_detailed",
        "collaborating_users",
        "collaborating_teams",
        "private_fork",
    ];
    for name in empty {
        advisory[name] = Value::Null;
    }
    advisory
}

fn ask_reviewers(state: &mut State, call: &Call) -> Answer {
    let number = call.number("pull_number");
    let (users, teams) = (call.texts("reviewers"), call.texts("team_reviewers"));
    let known = users.iter().all(|user| state.collaborators.contains(user))
        && teams.iter().all(|team| state.teams.contains(team));
    if !known {
        let words = format!(
            "Reviews may only be requested from collaborators. One or more of the users or teams you specified is not \
             a collaborator of the {} repository.",
            state.full_name()
        );
        return call.error(422, &words);
    }
    let Some(issue) = state.issue_mut(number) else {
        return call.error(404, "Not Found");
    };
    if users.contains(&issue.author) {
        return call.error(422, "Review cannot be requested from pull request author.");
    }
    if let Some(pull) = &mut issue.pull {
        pull.reviewers.extend(users);
        pull.teams.extend(teams);
    }
    match pull_json(state, call, state.issue(number).expect("an issue")) {
        Some(pull) => Answer::new(201, pull),
        None => call.error(404, "Not Found"),
    }
}

/// A commit as lists have it.
fn listed_commit(state: &State, call: &Call, id: &str) -> Value {
    let written = state.repository.written(id).expect("a commit");
    let url = format!("{}/commits/{id}", call.repository_url(state));
    json!({
        "sha": id,
        "url": url,
        "html_url": html(state, &format!("/commit/{id}")),
        "commit": {
            "author": written.author, "committer": written.committer, "message": written.message, "comment_count": 0,
            "url": url, "tree": {"sha": written.tree, "url": format!("{}/git/trees/{}", call.repository_url(state), written.tree)},
        },
        "author": null,
        "committer": null,
        "parents": written.parents.iter().map(|parent| json!({"sha": parent, "url": url})).collect::<Vec<_>>(),
    })
}

/// A page for people.
pub(crate) fn html(state: &State, path: &str) -> String {
    format!("https://forge.example/{}{path}", state.full_name())
}

pub(crate) fn user(login: &str) -> Value {
    json!({
        "login": login,
        "id": login.bytes().map(u64::from).sum::<u64>(),
        "node_id": format!("U_{login}"),
        "type": if login.ends_with("[bot]") { "Bot" } else { "User" },
        "html_url": format!("https://forge.example/{}", login.trim_end_matches("[bot]")),
    })
}

fn label_json(state: &State, call: &Call, label: &Label) -> Value {
    json!({
        "id": label.id,
        "node_id": format!("LA_{}", label.id),
        "url": format!("{}/labels/{}", call.repository_url(state), label.name.replace(' ', "%20")),
        "name": label.name,
        "color": label.color,
        "description": label.description,
        "default": false,
    })
}

fn comment_json(state: &State, call: &Call, comment: &Comment) -> Value {
    let url = call.repository_url(state);
    json!({
        "id": comment.id,
        "node_id": format!("IC_{}", comment.id),
        "url": format!("{url}/issues/comments/{}", comment.id),
        "html_url": html(state, &format!("/issues/{}#issuecomment-{}", comment.issue, comment.id)),
        "issue_url": format!("{url}/issues/{}", comment.issue),
        "user": user(&comment.author),
        "body": comment.body,
        "created_at": comment.created,
        "updated_at": comment.updated,
        "author_association": "NONE",
    })
}

fn issue_json(state: &State, call: &Call, issue: &Issue) -> Value {
    let url = format!("{}/issues/{}", call.repository_url(state), issue.number);
    let mut value = json!({
        "id": 9000 + issue.number,
        "node_id": format!("I_{}", issue.number),
        "number": issue.number,
        "url": url,
        "repository_url": call.repository_url(state),
        "comments_url": format!("{url}/comments"),
        "labels_url": format!("{url}/labels{{/name}}"),
        "html_url": html(state, &format!("/issues/{}", issue.number)),
        "title": issue.title,
        "body": issue.body,
        "state": if issue.open { "open" } else { "closed" },
        "state_reason": if issue.open { Value::Null } else { json!("completed") },
        "locked": issue.locked,
        "user": user(&issue.author),
        "labels": labels_of(state, call, issue),
        "comments": state.comments.iter().filter(|comment| comment.issue == issue.number).count(),
        "created_at": issue.created,
        "updated_at": issue.updated,
        "closed_at": if issue.open { Value::Null } else { json!(issue.updated) },
        "author_association": "NONE",
    });
    if issue.pull.is_some() {
        let url = format!("{}/pulls/{}", call.repository_url(state), issue.number);
        value["pull_request"] = json!({"url": url, "html_url": html(state, &format!("/pull/{}", issue.number)), "diff_url": null, "patch_url": null});
    }
    value
}

fn pull_json(state: &State, call: &Call, issue: &Issue) -> Option<Value> {
    let pull = issue.pull.as_ref()?;
    let side = |branch: &str, repository: u64| {
        let mut repo = repository_json(state, call);
        repo["id"] = json!(repository);
        json!({
            "ref": branch,
            "label": format!("{}:{branch}", state.owner),
            "sha": state.repository.branch(branch).unwrap_or_else(|| "0".repeat(40)),
            "user": user(&state.owner),
            "repo": repo,
        })
    };
    let mut value = issue_json(state, call, issue);
    let fields = value.as_object_mut().expect("an object");
    for name in [
        "repository_url",
        "labels_url",
        "pull_request",
        "comments",
        "state_reason",
    ] {
        fields.remove(name);
    }
    value["url"] = json!(format!("{}/pulls/{}", call.repository_url(state), issue.number));
    value["html_url"] = json!(html(state, &format!("/pull/{}", issue.number)));
    value["head"] = side(&pull.head, if pull.is_from_fork { 4712 } else { 4711 });
    value["base"] = side(&pull.base, 4711);
    value["draft"] = json!(pull.draft);
    value["merge_commit_sha"] = json!(pull.merge);
    value["merged_at"] = match pull.merged {
        true => json!(issue.updated),
        false => Value::Null,
    };
    let reviewers: BTreeSet<&String> = pull.reviewers.iter().collect();
    value["requested_reviewers"] = reviewers.iter().map(|login| user(login)).collect();
    value["requested_teams"] = pull
        .teams
        .iter()
        .map(|team| json!({"slug": team, "name": team}))
        .collect();
    Some(value)
}
