use super::*;
use flow_api::{LogLevel, ServerLog};
use std::time::{Duration, Instant};
use tracing_subscriber::layer::SubscriberExt as _;

fn page(folder: &Path, wanted: &Wanted<'_>) -> ServerLog {
    read(folder, wanted).unwrap().ok().unwrap()
}

fn messages(log: &ServerLog) -> Vec<&str> {
    log.items.iter().map(|line| line.message.as_str()).collect()
}

/// Logs to files, and waits until `count` lines are in them.
fn logged(folder: &Path, count: usize, what: impl FnOnce()) {
    let (files, layer) = LogFiles::new();
    let before = page(folder, &Wanted { limit: 1000, ..Wanted::default() }).items.len();
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
        what();
        files.begin(folder.to_owned());
    });
    let begun = Instant::now();
    while page(folder, &Wanted { limit: 1000, ..Wanted::default() }).items.len() < before + count {
        assert!(begun.elapsed() < Duration::from_secs(60), "the log is not written");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn what_was_logged_before_the_files_were_known_is_in_them_with_its_fields() {
    let folder = tempfile::tempdir().unwrap();
    logged(folder.path(), 2, || {
        tracing::info!(request = 17, code = "data/broken", "a request failed");
        tracing::warn!(error = %"no room", "the disk is full");
    });
    let all = page(folder.path(), &Wanted { limit: 10, ..Wanted::default() });
    assert_eq!(messages(&all), ["a request failed", "the disk is full"]);
    assert_eq!((&all.items[0].fields["request"], &all.items[0].fields["code"]), (&17.into(), &"data/broken".into()));
    assert_eq!(all.items[1].level, LogLevel::Warning);
    let found =
        |text: &str| page(folder.path(), &Wanted { text: Some(text), limit: 10, ..Wanted::default() }).items.len();
    assert_eq!((found("BROKEN"), found("disk"), found("log_files"), found("nothing like it")), (1, 1, 2, 0));
    let warnings = Wanted { level: Some(LogLevel::Warning), limit: 10, ..Wanted::default() };
    assert_eq!(messages(&page(folder.path(), &warnings)), ["the disk is full"]);
}

#[test]
fn a_log_is_read_page_by_page_in_both_directions_over_all_its_files() {
    let folder = tempfile::tempdir().unwrap();
    let line = |n: u32| {
        let time = "2026-03-01T12:00:00Z";
        format!("{{\"at\":\"{time}\",\"level\":\"info\",\"target\":\"t\",\"message\":\"{n}\"}}\n")
    };
    let lines = |numbers: std::ops::Range<u32>| numbers.map(line).collect::<String>();
    std::fs::write(file(folder.path(), 3), lines(0..5)).unwrap();
    std::fs::write(file(folder.path(), 4), lines(5..8) + "{\"at\":\"20").unwrap();
    std::fs::write(folder.path().join("notes.txt"), "no log").unwrap();

    let newest = page(folder.path(), &Wanted { limit: 4, ..Wanted::default() });
    assert_eq!(messages(&newest), ["4", "5", "6", "7"]);
    let before = newest.previous.as_deref();
    let older = page(folder.path(), &Wanted { before, limit: 10, ..Wanted::default() });
    assert_eq!((messages(&older), &older.previous), (vec!["0", "1", "2", "3"], &None));

    let forward = page(folder.path(), &Wanted { after: before, limit: 2, ..Wanted::default() });
    assert_eq!(messages(&forward), ["4", "5"]);
    let rest = page(folder.path(), &Wanted { after: Some(&forward.next), limit: 10, ..Wanted::default() });
    assert_eq!(messages(&rest), ["6", "7"]);
    let nothing = page(folder.path(), &Wanted { after: Some(&rest.next), limit: 10, ..Wanted::default() });
    assert_eq!((messages(&nothing).len(), &nothing.next), (0, &rest.next));

    // The line that was being written comes once it is whole.
    std::fs::write(file(folder.path(), 4), lines(5..9)).unwrap();
    let live = page(folder.path(), &Wanted { after: Some(&newest.next), limit: 10, ..Wanted::default() });
    assert_eq!(messages(&live), ["8"]);
    assert!(read(folder.path(), &Wanted { after: Some("../x"), ..Wanted::default() }).unwrap().is_err());
}

#[test]
fn a_log_goes_on_in_the_next_file_and_forgets_the_oldest() {
    let folder = tempfile::tempdir().unwrap();
    let large = format!("{}\n", "x".repeat(9_999)).repeat((LARGE / 10_000) as usize + 1);
    for number in 1..=KEPT as u64 {
        std::fs::write(file(folder.path(), number), if number == KEPT as u64 { large.as_str() } else { "" }).unwrap();
    }
    logged(folder.path(), 1, || tracing::info!("first"));
    logged(folder.path(), 1, || tracing::info!("second"));
    let numbers: Vec<u64> = files(folder.path()).unwrap().into_iter().map(|(number, _)| number).collect();
    assert_eq!(numbers, (2..=KEPT as u64 + 1).collect::<Vec<_>>());
}
