//! Whatever is asked, the sandbox answers, and a refused write changes nothing.
//!
//! These are bolero targets: random inputs in a plain test run, guided ones by `cargo bolero`.

use ::sandbox::Sandbox;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use tokio::runtime::Builder;
use tower::ServiceExt;

const APP: &str = "/api/v1/namespaces/default/configmaps/app";

/// What bodies are put together from.
const PIECES: [&str; 64] = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\",
    "null",
    "true",
    "1",
    "-1",
    "0.5",
    "1e400",
    " ",
    "\n",
    "\"op\":",
    "\"add\"",
    "\"remove\"",
    "\"replace\"",
    "\"move\"",
    "\"copy\"",
    "\"test\"",
    "\"path\":",
    "\"from\":",
    "\"value\":",
    "\"/metadata\"",
    "\"/metadata/annotations\"",
    "\"/metadata/annotations/a\"",
    "\"/data/-1\"",
    "\"\"",
    "\"/\"",
    "\"metadata\":",
    "\"name\":",
    "\"app\"",
    "\"annotations\":",
    "\"labels\":",
    "\"finalizers\":",
    "\"data\":",
    "\"spec\":",
    "\"kind\":",
    "\"ConfigMap\"",
    "\"apiVersion\":",
    "\"v1\"",
    "\"resourceVersion\":",
    "\"uid\":",
    "\"a\":",
    "\"$patch\":",
    "\"\\u0000\"",
    "\"\\ud800\"",
    "\"é\"",
    "{\"op\":\"test\",\"path\":",
    "{\"op\":\"add\",\"path\":",
    "{\"op\":\"copy\",\"from\":\"\",\"path\":",
    "},",
    "]}",
    "[{",
    "}]",
    "{\"metadata\":{",
    "\"generateName\":",
    "\"preconditions\":{",
    "\"deletionTimestamp\":",
    "{}",
    "[]",
];

/// What paths and queries are put together from.
const STEPS: [&str; 64] = [
    "/",
    "/",
    "/api",
    "/v1",
    "/apis",
    "/apps",
    "/namespaces",
    "/default",
    "/configmaps",
    "/app",
    "/leases",
    "/coordination.k8s.io",
    "/status",
    "/scale",
    "/watch",
    "/deployments",
    "/v2",
    "//",
    "%2F",
    "%00",
    "%ff",
    "%",
    "/..",
    "/.",
    "?",
    "&",
    "=",
    ",",
    "watch=1",
    "limit=1",
    "limit=-1",
    "continue=",
    "e30",
    "eyJ2IjoibWV0YS5rOHMuaW8vdjEifQ",
    "resourceVersion=",
    "1",
    "0",
    "99999999999999999999",
    "labelSelector=",
    "fieldSelector=",
    "a",
    "!a",
    "a=b",
    "a%20in%20(b)",
    "metadata.name=app",
    "metadata.namespace=default",
    "dryRun=All",
    "fieldManager=x",
    "fieldValidation=Strict",
    "timeoutSeconds=0",
    "timeoutSeconds=1",
    "timeout=1s",
    "timeout=x",
    "resourceVersionMatch=Exact",
    "resourceVersionMatch=NotOlderThan",
    "sendInitialEvents=true",
    "allowWatchBookmarks=true",
    "pretty=1",
    "propagationPolicy=Foreground",
    "/version",
    "/healthz",
    "/openapi",
    "/authorization.k8s.io",
    "/nothing",
];

const MEDIA_TYPES: [&str; 8] = [
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
    "application/json",
    "application/yaml",
    "application/vnd.kubernetes.protobuf",
    "text/plain",
];

const ACCEPTED: [&str; 8] = [
    "application/json",
    "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1",
    "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
    "application/json;as=Table;g=meta.k8s.io;v=v1",
    "application/yaml;q=0.1,*/*;q=0.5",
    "application/vnd.kubernetes.protobuf,application/json",
    ";;=,q=",
    "",
];

const METHODS: [&str; 8] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "GET"];

/// Each byte is a piece; a high bit takes the byte itself.
fn joined(choices: &[u8], pieces: &[&str; 64]) -> Vec<u8> {
    let bytes = choices.iter().flat_map(|choice| match pieces.get(usize::from(*choice)) {
        Some(piece) => piece.as_bytes().to_vec(),
        None if choice % 8 == 0 => vec![*choice],
        None => pieces[usize::from(choice % 64)].as_bytes().to_vec(),
    });
    bytes.collect()
}

fn pick<'a>(choice: u8, of: &[&'a str; 8]) -> &'a str {
    of[usize::from(choice % 8)]
}

/// The answer's code; a watch is not read to its end.
fn ask(sandbox: &Sandbox, request: Request<Full<Bytes>>) -> u16 {
    let runtime = Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let is_watch = request.uri().query().is_some_and(|query| query.contains("watch"));
        let answer: Response<_> = sandbox.service().oneshot(request).await.unwrap();
        let code = answer.status().as_u16();
        if !is_watch && !answer.headers().contains_key("transfer-encoding") {
            let _ = answer.into_body().collect().await;
        }
        code
    })
}

#[test]
fn any_bytes_may_be_sent_as_a_patch() {
    bolero::check!().with_type::<(u8, Vec<u8>)>().for_each(|(media_type, choices)| {
        let sandbox = Sandbox::new();
        let before = sandbox.get(APP).unwrap();
        let body = joined(choices, &PIECES);
        let request = Request::patch(APP).header("content-type", pick(*media_type, &MEDIA_TYPES));
        let code = ask(&sandbox, request.body(Full::from(body)).unwrap());
        let after = sandbox.get(APP).unwrap();
        assert!(code == 200 || after == before, "{code}: {after}");
    });
}

#[test]
fn any_bytes_may_be_sent_as_an_object_or_as_options() {
    bolero::check!().with_type::<(u8, u8, Vec<u8>)>().for_each(|(method, media_type, choices)| {
        let sandbox = Sandbox::new();
        let before = sandbox.resource_version();
        let body = joined(choices, &PIECES);
        let path = if method % 4 == 0 { "/api/v1/namespaces/default/configmaps" } else { APP };
        let request = Request::builder().method(pick(*method, &METHODS)).uri(path);
        let request = request.header("content-type", pick(*media_type, &MEDIA_TYPES));
        let code = ask(&sandbox, request.body(Full::from(body)).unwrap());
        assert!(code < 300 || sandbox.resource_version() == before, "{code}");
    });
}

#[test]
fn any_path_may_be_asked_for() {
    bolero::check!().with_type::<(u8, u8, Vec<u8>)>().for_each(|(method, accept, choices)| {
        let path = joined(choices, &STEPS);
        let Ok(request) = Request::builder()
            .method(pick(*method, &METHODS))
            .uri([b"/api/v1", path.as_slice()].concat())
            .header("accept", pick(*accept, &ACCEPTED))
            .body(Full::default())
        else {
            return;
        };
        let code = ask(&Sandbox::new(), request);
        assert!((200..600).contains(&code), "{code}");
    });
}
