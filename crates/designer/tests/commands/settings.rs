//! Settings, and what windows remember.

use crate::workbench::Workbench;
use designer::{DesignerSettings, Event};
use serde_json::{Value, json};
use std::fs;

#[tokio::test]
async fn settings_outlive_the_designer_and_every_window_hears_of_them() {
    let mut bench = Workbench::empty();
    let mut settings = bench.call("settings_view", Value::Null).await;
    assert_eq!(serde_json::from_value::<DesignerSettings>(settings.clone()).unwrap(), DesignerSettings::default());
    settings["theme"] = json!("dark");
    settings["keys"] = json!({"run": ["Ctrl+Enter"], "push-update": []});
    settings["editor"]["snap"] = json!(false);
    bench.call("settings_change", json!({"settings": settings})).await;
    let told = bench.events.recv().await.unwrap();
    assert!(matches!(told, Event::SettingsChanged { settings } if settings.keys["push-update"].is_empty()));
    let after = bench.restarted().call("settings_view", Value::Null).await;
    assert_eq!(after.map_err(|error| error.message), Ok(settings));
}

#[tokio::test]
async fn a_settings_file_that_leaves_things_out_or_is_broken_keeps_nobody_from_working() {
    let bench = Workbench::empty();
    let config = bench.folder.path().join("config");
    fs::create_dir_all(&config).unwrap();
    for (content, theme) in [(r#"{"theme": "contrast"}"#, "contrast"), ("{", "system"), (r#"{"theme": 5}"#, "system")] {
        fs::write(config.join("settings.json"), content).unwrap();
        let settings = bench.call("settings_view", Value::Null).await;
        assert_eq!((&settings["theme"], &settings["editor"]["snap"]), (&json!(theme), &json!(true)), "{content}");
    }
}

#[tokio::test]
async fn windows_remember_but_not_without_end() {
    let bench = Workbench::empty();
    bench.call("window_remember", json!({"name": "pane.left", "value": "260"})).await;
    bench.call("window_remember", json!({"name": "pane.left", "value": "270"})).await;
    let after = bench.restarted().call("window_memory", Value::Null).await;
    assert_eq!(after.map_err(|error| error.message), Ok(json!({"pane.left": "270"})));
    let too_long = json!({"name": "pane.left", "value": "x".repeat(100_000)});
    assert_eq!(bench.fails("window_remember", too_long).await.code, "window/too-much");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_remembered_at_the_same_time_is_all_kept() {
    let bench = Workbench::empty();
    let remember = |at: usize| bench.call("window_remember", json!({"name": format!("section.{at}"), "value": "yes"}));
    futures::future::join_all((0..40).map(remember)).await;
    let kept = bench.call("window_memory", Value::Null).await;
    assert_eq!(kept.as_object().map(serde_json::Map::len), Some(40), "{kept}");
    let left = fs::read_dir(bench.folder.path().join("config")).unwrap().flatten();
    let temporary = left.filter(|file| file.path().extension().is_some_and(|extension| extension == "tmp"));
    assert_eq!(temporary.count(), 0);
}

#[tokio::test]
async fn what_a_window_was_asked_to_show_waits_until_its_page_takes_it() {
    let mut bench = Workbench::empty();
    bench.designer.ask_to_open("/a/project.json".into());
    bench.designer.ask_to_open("/b".into());
    bench.event("being asked", |event| matches!(event, Event::OpenAsked).then_some(())).await;
    assert_eq!(bench.call("window_take_asked", Value::Null).await, json!(["/a/project.json", "/b"]));
    assert_eq!(bench.call("window_take_asked", Value::Null).await, json!([]));
}
