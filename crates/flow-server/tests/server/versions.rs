//! Re-execution at another version: what fits it, what does not, and what is said of it.

use crate::harness::{Cluster, TestProject, TestServer, create_one, inputs, until, wish};
use flow_api::{
    Bulk, BulkAction, Client, LogQuery, NewRequests, ReExecution, ReExecutionPreview, ReExecutionQuery, Request,
    RequestState, Role, Update, VersionChoice,
};
use flow_store::{Keep, RetentionPolicy};
use serde_json::{Value, json};
use std::time::Duration;

/// Start, Mapper, Checkpoint, and what ends it.
struct Version {
    /// The fields of the records that are saved.
    fields: Value,
    /// The id of the Checkpoint, and its type.
    checkpoint: (&'static str, &'static str),
    /// What comes behind it.
    last: Value,
    /// More inputs of the flow.
    inputs: Vec<Value>,
}

fn fails() -> Value {
    json!({"id": "last-1", "type": "Fail", "name": "Not yet", "properties": {"Message": "not yet"}})
}

fn ends() -> Value {
    json!({"id": "last-1", "type": "End", "name": "Done"})
}

impl Version {
    fn first() -> Self {
        Self {
            fields: json!([field("amount", "$amount")]),
            checkpoint: ("saved-1", "Checkpoint"),
            last: fails(),
            inputs: vec![],
        }
    }

    fn second() -> Self {
        Self { last: ends(), ..Self::first() }
    }

    fn text(&self) -> String {
        let mut declared = vec![
            json!({"name": "customer", "type": "Text"}),
            json!({"name": "amount", "type": "Integer", "default": 1}),
        ];
        declared.extend(self.inputs.clone());
        let (id, kind) = self.checkpoint;
        let component = |id: &str, kind: &str, name: &str, properties: Value| json!({"id": id, "type": kind, "name": name, "properties": properties});
        let link = |from: &str, to: &str| json!({"from": format!("{from}.out"), "to": format!("{to}.in")});
        json!({
            "format": 1,
            "components": [
                component("start-1", "Start", "Start", json!({"BeginCheckpoint": "Use", "RetryCount": 0, "Inputs": declared})),
                component("map-1", "Mapper", "Reckon", json!({"Fields": self.fields})),
                component(id, kind, "Reckoned", json!({})),
                self.last,
            ],
            "links": [link("start-1", "map-1"), link("map-1", id), link(id, "last-1")],
        })
        .to_string()
    }
}

fn field(name: &str, expression: &str) -> Value {
    json!({"field": name, "expression": expression})
}

struct Scene {
    cluster: Cluster,
    project: TestProject,
    server: TestServer,
    client: Client,
}

impl Scene {
    async fn begin() -> Self {
        let cluster = Cluster::new();
        let server = cluster.start("first").await;
        let client = cluster.client(&server, Role::Administrator).await;
        let project = TestProject::new(&cluster);
        project.write("flows/late.flow.json", &Version::first().text());
        project.push("First");
        project.install(&client).await;
        Self { cluster, project, server, client }
    }

    /// A request that ended in an error behind its Checkpoint.
    async fn failed(&self) -> Request {
        let made = create_one(&self.client, "late").await;
        let ended = self.client.wait(made.id, Duration::from_secs(60)).await.unwrap();
        assert_eq!((ended.state, ended.checkpoint.as_deref()), (RequestState::Error, Some("Reckoned")));
        ended
    }

    async fn push(&self, version: &Version) {
        self.project.write("flows/late.flow.json", &version.text());
        self.project.push("Another");
        self.client.update("orders", &Update::default()).await.unwrap();
    }

    async fn preview(&self, id: i64, from: Option<u32>) -> ReExecutionPreview {
        let query = ReExecutionQuery { version: Some(VersionChoice::Newest), from, from_start: false };
        self.client.re_execution(id, &query).await.unwrap()
    }

    async fn go(&self, id: i64, wish: ReExecution) -> Result<Request, String> {
        let wish = ReExecution { version: Some(VersionChoice::Newest), ..wish };
        self.client.re_execute_from(id, &wish).await.map_err(|error| format!("{} {error}", error.code()))
    }

    /// Why the request does not fit, and from how many of its saved points it could go on.
    async fn misfits(&self, request: &Request, version: &Version) -> (Vec<(u32, String, String)>, u32) {
        self.push(version).await;
        let preview = self.preview(request.id, None).await;
        assert!(!preview.fits && preview.problem.is_some());
        let refused = self.go(request.id, ReExecution::default()).await.unwrap_err();
        assert!(refused.starts_with("request/version-does-not-fit"), "{refused}");
        assert_eq!(self.client.request(request.id).await.unwrap().request, *request, "nothing has changed");
        let each = preview.misfits.into_iter().map(|misfit| {
            assert!(refused.contains(&misfit.message), "{refused}");
            (misfit.number, misfit.reason, misfit.message)
        });
        (each.collect(), preview.fitting)
    }
}

#[tokio::test]
async fn a_request_goes_on_at_the_newest_version_from_what_fits_and_says_so_everywhere() {
    let scene = Scene::begin().await;
    let request = scene.failed().await;
    scene.push(&Version::second()).await;
    let preview = scene.preview(request.id, None).await;
    assert!(preview.fits, "{preview:?}");
    assert_eq!((preview.pinned.as_str(), preview.fitting), (request.version.as_str(), request.saved_points));
    assert_ne!(preview.version, preview.pinned);
    let runs: Vec<_> = preview.components.iter().filter(|one| one.runs).map(|one| one.name.as_str()).collect();
    assert_eq!(runs, ["Done"], "the rest is settled");
    let done = preview.components.iter().find(|one| one.name == "Done").unwrap();
    assert!(done.is_changed && !done.is_new && !done.changes_world, "{done:?}");

    let again = scene.go(request.id, ReExecution::default()).await.unwrap();
    assert_eq!(again.version, preview.version);
    let ended = scene.client.wait(request.id, Duration::from_secs(60)).await.unwrap();
    assert_eq!((ended.state, ended.attempt), (RequestState::Finished, 2));
    let detail = scene.client.request(request.id).await.unwrap();
    let versions: Vec<_> = detail.attempts.iter().map(|attempt| attempt.version.as_deref()).collect();
    assert_eq!(versions, [Some(request.version.as_str()), None]);
    let log = scene.client.request_log(request.id, &LogQuery::default()).await.unwrap();
    let said = &log.iter().find(|entry| entry.event == "re-executed").unwrap().message;
    assert!(said.contains(&preview.version[..7]) && said.contains(&request.version[..7]), "{said}");
    let runs_of_mapper =
        log.iter().filter(|entry| entry.event == "component-started" && entry.message == "Reckon").count();
    assert_eq!(runs_of_mapper, 1);
    let detail = until("the audit trail tells of it", async || {
        let trail = scene.client.audit(&flow_api::AuditQuery::default()).await.unwrap().items;
        trail.into_iter().find(|one| one.action == "request-re-executed").map(|one| one.detail)
    })
    .await;
    assert!(detail.contains(&preview.version) && detail.contains(&request.version), "{detail}");
    scene.server.stop().await;
}

#[tokio::test]
async fn what_does_not_fit_is_named_and_so_is_the_way_out() {
    let scene = Scene::begin().await;
    let request = scene.failed().await;
    let point = request.saved_points - 1;
    let reckoned = |what: &str| format!("“Reckoned” (saved-1) {what}");

    let renamed = Version { checkpoint: ("saved-2", "Checkpoint"), ..Version::second() };
    let (found, fitting) = scene.misfits(&request, &renamed).await;
    assert_eq!(found, [(point, "otherId".to_owned(), reckoned("has the id saved-2 now"))]);
    assert_eq!(fitting, point, "it can go on from its inputs");

    let retyped = Version { checkpoint: ("saved-1", "Distinct"), ..Version::second() };
    let (found, _) = scene.misfits(&request, &retyped).await;
    assert_eq!(found, [(point, "otherType".to_owned(), reckoned("is no Checkpoint any more"))]);

    let fields = json!([field("amount", "CAST($amount AS VARCHAR)"), field("currency", "'EUR'")]);
    let widened = Version { fields, ..Version::second() };
    let (found, _) = scene.misfits(&request, &widened).await;
    let what = "has other fields now: “amount” was integer and is text, “currency” is new";
    assert_eq!(found, [(point, "fields".to_owned(), reckoned(what))]);

    // The way out is a choice of its own: from what fits, or from the start.
    let preview = scene.preview(request.id, Some(point - 1)).await;
    assert!(preview.fits, "{preview:?}");
    assert!(preview.components.iter().any(|one| one.name == "Reckon" && one.runs));
    scene.go(request.id, ReExecution { from: Some(point - 1), ..ReExecution::default() }).await.unwrap();
    let ended = scene.client.wait(request.id, Duration::from_secs(60)).await.unwrap();
    assert_eq!(ended.state, RequestState::Finished, "{:?}", ended.error);

    let other = {
        scene.push(&Version::first()).await;
        scene.failed().await
    };
    scene.push(&renamed).await;
    scene.go(other.id, ReExecution { from_start: true, ..ReExecution::default() }).await.unwrap();
    let ended = scene.client.wait(other.id, Duration::from_secs(60)).await.unwrap();
    assert_eq!(ended.state, RequestState::Finished, "{:?}", ended.error);
    scene.server.stop().await;
}

#[tokio::test]
async fn inputs_that_the_newest_version_does_not_take_are_refused_even_from_the_start() {
    let scene = Scene::begin().await;
    let request = scene.failed().await;
    let asks = Version { inputs: vec![json!({"name": "country", "type": "Text"})], ..Version::second() };
    scene.push(&asks).await;
    let preview = scene.preview(request.id, None).await;
    assert!(preview.inputs.as_deref().is_some_and(|what| what.contains("country")), "{preview:?}");
    let refused = scene.go(request.id, ReExecution { from_start: true, ..ReExecution::default() }).await.unwrap_err();
    assert!(refused.starts_with("request/version-does-not-fit") && refused.contains("country"), "{refused}");
    // At its own version it goes on as ever.
    scene.client.re_execute(request.id).await.unwrap();
    let ended = scene.client.wait(request.id, Duration::from_secs(60)).await.unwrap();
    assert_eq!((ended.state, ended.attempt), (RequestState::Error, 2));
    let other = NewRequests { inputs: inputs(json!({"customer": "A", "country": "FR"})), ..wish("late") };
    scene.client.create_requests(&other, None).await.unwrap();
    scene.server.stop().await;
}

#[tokio::test]
async fn of_many_requests_those_go_on_at_the_newest_version_that_fit_it_and_the_others_stay_as_they_are() {
    let scene = Scene::begin().await;
    scene.push(&Version { checkpoint: ("saved-2", "Checkpoint"), ..Version::first() }).await;
    let other = scene.failed().await;
    scene.push(&Version::first()).await;
    let fitting = [scene.failed().await, scene.failed().await];
    scene.push(&Version::second()).await;
    let bulk = |dry_run: bool| Bulk {
        action: BulkAction::ReExecute,
        ids: Some(vec![fitting[0].id, other.id, fitting[1].id]),
        filter: None,
        version: Some(VersionChoice::Newest),
        dry_run,
    };

    let preview = scene.client.bulk(&bulk(true)).await.unwrap();
    assert_eq!((preview.matched, preview.done, preview.skipped_count), (3, 2, 1));
    for request in fitting.iter().chain([&other]) {
        assert_eq!(scene.client.request(request.id).await.unwrap().request, *request, "a preview changes nothing");
    }
    // It is told of each what would be told of it alone.
    let alone = scene.preview(other.id, None).await;
    assert_eq!(alone.misfits[0].reason, "otherId");
    let skipped = &preview.skipped[0];
    assert_eq!((skipped.id, skipped.code.as_str()), (other.id, "request/version-does-not-fit"));
    assert_eq!((&skipped.misfits, &skipped.inputs), (&alone.misfits, &None));
    assert_eq!(Some(&skipped.message), alone.problem.as_ref());

    let done = scene.client.bulk(&bulk(false)).await.unwrap();
    assert_eq!((done.done, &done.skipped), (2, &preview.skipped));
    for request in &fitting {
        let ended = scene.client.wait(request.id, Duration::from_secs(60)).await.unwrap();
        assert_eq!((ended.state, ended.attempt, ended.version), (RequestState::Finished, 2, alone.version.clone()));
    }
    assert_eq!(scene.client.request(other.id).await.unwrap().request, other, "nothing has changed");
    let told = until("the audit trail tells of it", async || {
        let trail = scene.client.audit(&flow_api::AuditQuery::default()).await.unwrap().items;
        trail.into_iter().find(|one| one.action == "requests-re-executed").map(|one| one.detail)
    })
    .await;
    assert_eq!(told, "2 of 3, at the newest version");

    scene.push(&Version { inputs: vec![json!({"name": "country", "type": "Text"})], ..Version::second() }).await;
    let asked = scene.client.bulk(&Bulk { ids: Some(vec![other.id]), ..bulk(true) }).await.unwrap();
    assert!(asked.skipped[0].inputs.as_deref().is_some_and(|what| what.contains("country")), "{asked:?}");
    let own = Bulk { ids: Some(vec![other.id]), version: Some(VersionChoice::Same), ..bulk(false) };
    assert_eq!(scene.client.bulk(&own).await.unwrap().done, 1, "at its own version it goes on as ever");
    let ended = scene.client.wait(other.id, Duration::from_secs(60)).await.unwrap();
    assert_eq!((ended.attempt, &ended.version), (2, &other.version));
    let cancel = Bulk { action: BulkAction::Cancel, ..bulk(false) };
    assert_eq!(scene.client.bulk(&cancel).await.unwrap_err().code(), "input/invalid");
    scene.server.stop().await;
}

#[tokio::test]
async fn a_preview_says_that_retention_has_removed_what_a_request_would_go_on_from() {
    let scene = Scene::begin().await;
    let request = scene.failed().await;
    scene.push(&Version::second()).await;
    let error = Keep { details_ms: Some(1), ..Keep::default() };
    let policy = RetentionPolicy { error, ..RetentionPolicy::default() };
    until("retention has removed what it had saved", async || {
        let done = scene.cluster.store.apply_retention(&policy, 10).await.unwrap();
        (done.details == 1).then_some(())
    })
    .await;

    for version in [VersionChoice::Newest, VersionChoice::Same] {
        let query = ReExecutionQuery { version: Some(version), ..ReExecutionQuery::default() };
        let preview = scene.client.re_execution(request.id, &query).await.unwrap();
        assert!(preview.problem.as_deref().is_some_and(|problem| problem.contains("retention")), "{preview:?}");
        assert_eq!((preview.fits, preview.fitting, preview.misfits.len()), (false, 0, 0));
        let wish = ReExecution { version: Some(version), ..ReExecution::default() };
        let refused = scene.client.re_execute_from(request.id, &wish).await.unwrap_err();
        assert_eq!(refused.code(), "request/state");
        let bulk = Bulk {
            action: BulkAction::ReExecute,
            ids: Some(vec![request.id]),
            filter: None,
            version: Some(version),
            dry_run: true,
        };
        let asked = scene.client.bulk(&bulk).await.unwrap();
        assert_eq!((asked.done, asked.skipped[0].code.as_str()), (0, "request/state"));
    }

    let from_start = ReExecutionQuery { from_start: true, ..ReExecutionQuery::default() };
    let preview = scene.client.re_execution(request.id, &from_start).await.unwrap();
    assert!(preview.fits, "{preview:?}");
    scene.go(request.id, ReExecution { from_start: true, ..ReExecution::default() }).await.unwrap();
    let ended = scene.client.wait(request.id, Duration::from_secs(60)).await.unwrap();
    assert_eq!(ended.state, RequestState::Finished, "{:?}", ended.error);
    scene.server.stop().await;
}

/// Three records, for each of which the body saves and then reckons; `reckon` fails for one of them.
fn each(inner: &str, reckon: &str) -> String {
    let component = |id: &str, kind: &str, parent: Option<&str>, properties: Value| {
        let mut component = json!({"id": id, "type": kind, "name": id, "properties": properties});
        if let Some(parent) = parent {
            component["parent"] = json!(parent);
        }
        component
    };
    let link = |from: &str, to: &str| json!({"from": from, "to": to});
    let three = r#"SELECT unnest(generate_series(1, 3)) AS number FROM "in""#;
    json!({
        "format": 2,
        "components": [
            component("start-1", "Start", None, json!({"Inputs": [{"name": "customer", "type": "Text"}]})),
            component("rows-1", "Sql", None, json!({"Inlets": ["in"], "Query": three})),
            component("each-1", "ForEach", None, json!({})),
            component(inner, "Checkpoint", Some("each-1"), json!({})),
            component("map-1", "Mapper", Some("each-1"), json!({"Fields": [field("number", reckon)]})),
            component("end-1", "End", None, json!({})),
        ],
        "links": [
            link("start-1.out", "rows-1.in"), link("rows-1.out", "each-1.in"),
            link("each-1.each", &format!("{inner}.in")), link(&format!("{inner}.out"), "map-1.in"),
            link("map-1.out", "each-1.result"), link("each-1.out", "end-1.in"),
        ],
    })
    .to_string()
}

#[tokio::test]
async fn iterations_that_finished_stay_so_and_what_is_inside_of_the_others_must_fit() {
    let scene = Scene::begin().await;
    let push = async |text: String| {
        scene.project.write("flows/each.flow.json", &text);
        scene.project.push("Each");
        scene.client.update("orders", &Update::default()).await.unwrap();
    };
    push(each("inner-1", "CAST(CASE WHEN number = 3 THEN 'x' ELSE '1' END AS BIGINT)")).await;
    let wished = NewRequests { inputs: inputs(json!({"customer": "A"})), ..wish("each") };
    let made = scene.client.create_requests(&wished, None).await.unwrap().requests.remove(0);
    let failed = scene.client.wait(made.id, Duration::from_secs(60)).await.unwrap();
    assert_eq!(failed.state, RequestState::Error);
    let saved = scene.client.request(made.id).await.unwrap().saved_points;
    let last = saved.iter().rfind(|point| point.component == "inner-1").unwrap();
    assert_eq!(last.iteration, "each-1[2]");

    push(each("inner-2", "number * 10")).await;
    let preview = scene.preview(made.id, None).await;
    let found: Vec<_> = preview.misfits.iter().map(|one| (one.number, one.points, one.component.as_str())).collect();
    assert_eq!(found, [(last.number, 1, "inner-1")], "what finished iterations saved does not count: {preview:?}");
    assert!(preview.fitting <= last.number && preview.fitting > 0, "{preview:?}");

    push(each("inner-1", "number * 10")).await;
    let preview = scene.preview(made.id, None).await;
    assert!(preview.fits, "{preview:?}");
    scene.go(made.id, ReExecution::default()).await.unwrap();
    let ended = scene.client.wait(made.id, Duration::from_secs(60)).await.unwrap();
    assert_eq!(ended.state, RequestState::Finished, "{:?}", ended.error);
    let numbers: Vec<_> = ended.reply.unwrap().as_array().unwrap().iter().map(|row| row["number"].clone()).collect();
    assert_eq!(numbers, [json!("1"), json!("1"), json!("30")], "two results of the old version, one of the new");
    scene.server.stop().await;
}
