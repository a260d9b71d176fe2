//! What the pages show is what one sees: in the sandbox, and on a real API server.
//!
//! `KUBELOCK_TEST_PAGES=docs/sandbox.md` plays the pages alone whose names have these words.
//! `INSTA_UPDATE=always` writes into the pages what is printed in the sandbox.

mod alike;
mod page;
mod play;
mod rewrite;
mod said;
mod shell;

use std::env;
use std::fmt::Write as _;
use std::path::Path;

use insta::assert_snapshot;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;
use kube::api::PostParams;
use sandbox::{Sandbox, Server, User};
use serde_json::json;
use testkit::ControlPlane;

use crate::space::block_on;
use page::Page;
use play::{Wrong, play};
use rewrite::rewrite;

/// Those that have something to play.
fn pages() -> Vec<Page> {
    let wanted = env::var("KUBELOCK_TEST_PAGES").unwrap_or_default();
    let pages = page::all().into_iter();
    pages.filter(|page| !page.steps.is_empty() && page.name.contains(&wanted)).collect()
}

#[test]
fn the_pages_show_what_the_commands_print_in_the_sandbox() {
    let updates = env::var("INSTA_UPDATE").is_ok_and(|value| value == "always");
    let mut all = Vec::new();
    for page in pages() {
        let server = Server::start(Sandbox::new()).unwrap();
        let mut wrong = play(&page, &server.kubeconfig_for(User::ADMINISTRATOR).unwrap());
        if updates {
            rewrite(&page, wrong.iter().filter_map(|wrong| wrong.correction.as_ref()));
            wrong.retain(|wrong| wrong.correction.is_none());
        }
        all.extend(wrong);
    }
    assert_none(&all);
}

#[test]
fn the_pages_show_what_the_commands_print_on_a_real_api_server() {
    let Some(control_plane) = testkit::control_plane() else { return };
    let before = control_plane.revision().unwrap();
    let mut all = Vec::new();
    for page in pages() {
        make_app(&control_plane);
        all.extend(play(&page, &control_plane.kubeconfig()));
        control_plane.remove_newer_than(before).unwrap();
    }
    assert_none(&all);
}

/// What every sandbox has to try things on.
fn make_app(control_plane: &ControlPlane) {
    let app = json!({"metadata": {"name": "app"}, "data": {"greeting": "hello"}});
    let app: ConfigMap = serde_json::from_value(app).unwrap();
    block_on(async {
        let client = control_plane.client().await.unwrap();
        let api: Api<ConfigMap> = Api::namespaced(client, "default");
        api.create(&PostParams::default(), &app).await.unwrap();
    });
}

fn assert_none(wrong: &[Wrong]) {
    let reports: Vec<&str> = wrong.iter().map(|wrong| wrong.report.as_str()).collect();
    assert!(reports.is_empty(), "{}", reports.join("\n"));
}

#[test]
fn whatever_is_not_played_has_its_reason() {
    let mut list = String::new();
    for page in page::all() {
        for skipped in page.skipped {
            writeln!(list, "{}: {}: {}", page.name, skipped.first, skipped.reason).unwrap();
        }
    }
    assert_snapshot!(list);
}

#[test]
fn a_page_can_do_all_that_a_shell_can() {
    let page = Page::parse("page.md".to_owned(), include_str!("transcripts/page.md"));
    let server = Server::start(Sandbox::new()).unwrap();
    let wrong = play(&page, &server.kubeconfig_for(User::ADMINISTRATOR).unwrap());
    assert_none(&wrong);
    let skipped: Vec<_> = page.skipped.iter().map(|it| (&*it.first, &*it.reason)).collect();
    assert_eq!(skipped, [("$ kubelock get --context production", "there is no such cluster")]);
}

#[test]
fn what_a_page_does_not_show_is_wrong() {
    for text in [
        "```console\n$ echo one\ntwo\n```",
        "```console\n$ echo one\n```",
        "```console\n$ false\n```",
        "```console\n$ { echo one; echo two; } &\none\n```",
        "<!-- $ false -->",
    ] {
        let page = Page::parse("page.md".to_owned(), text);
        let wrong = play(&page, Path::new("/nonexistent"));
        assert_eq!(wrong.len(), 1, "{text}");
    }
}
