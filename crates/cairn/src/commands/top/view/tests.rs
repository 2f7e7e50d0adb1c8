use super::*;
use crate::commands::top::model::{News, Opened, Wish};
use crate::commands::top::picture::{Listed, Picture, Takeover};
use flow_api::{
    Attempt, AttemptEnd, LogEntry, Owner, Request, RequestDetail, RequestError, RequestSettings, SavedKind, SavedPoint,
    Server,
};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use serde_json::Map;

const NOW: i64 = 1_772_366_400_000;

fn time(ms_before_now: i64) -> Time {
    Time::from_millisecond(NOW - ms_before_now)
}

fn server(name: &str, state: ServerState) -> Server {
    let gone = state == ServerState::Terminated;
    Server {
        id: format!("id-{name}"),
        name: name.to_owned(),
        state,
        maintenance: false,
        address: "http://127.0.0.1:7401".to_owned(),
        epoch: 3,
        pid: 7,
        started: time(7_800_000),
        terminated: gone.then(|| time(12_000)),
        taken_over_by: gone.then(|| "id-north".to_owned()),
        requests_running: 4,
        versions: Vec::new(),
        drift: Vec::new(),
        problems: Vec::new(),
        program: None,
        memory: Some(64 << 20),
        this_server: name == "north",
    }
}

fn owner(name: &str) -> Owner {
    Owner { server: format!("id-{name}"), name: name.to_owned(), epoch: 3 }
}

fn request(id: i64, state: RequestState) -> Request {
    let error = RequestError {
        code: "http/status".to_owned(),
        message: "the shop said 503".to_owned(),
        component: Some("send-1".to_owned()),
    };
    Request {
        id,
        project: "orders".to_owned(),
        version: "v1".to_owned(),
        flow: "order-import-with-a-long-name".to_owned(),
        trigger: "api".to_owned(),
        requested_by: "anna".to_owned(),
        state,
        owner: Some(owner("north")),
        priority: 0,
        waits_for: None,
        fence: 1,
        attempt: 2,
        retries_used: 0,
        due: None,
        created: time(185_000),
        started: Some(time(184_000)),
        updated: time(1_000),
        stalled: None,
        ended: None,
        checkpoint: Some("Checked".to_owned()),
        saved_points: 1,
        error: (state == RequestState::Error).then_some(error),
        reply: None,
        attempts: None,
    }
}

fn picture(requests: Vec<Request>) -> Picture {
    Picture {
        at: time(0),
        address: "http://127.0.0.1:7401".to_owned(),
        servers: vec![server("north", ServerState::Running), server("south", ServerState::Terminated)],
        counts: [(RequestState::Running, 12), (RequestState::Finished, 1204), (RequestState::Error, 2)].into(),
        ended_per_second: Some(34.2),
        requests,
        takeovers: vec![Takeover {
            at: time(12_000),
            server: "id-south".to_owned(),
            epoch: 3,
            lost: "south".to_owned(),
            survivor: "north".to_owned(),
            requests: Some(14),
        }],
    }
}

fn many() -> Vec<Request> {
    (1..=40).rev().map(|id| request(id, RequestState::Running)).collect()
}

fn model(requests: Vec<Request>) -> Model {
    let mut model = Model::default();
    model.take(News::Looked(Ok(picture(requests))));
    model
}

fn press(model: &mut Model, code: KeyCode) -> Option<Wish> {
    model.key(KeyEvent::new(code, KeyModifiers::NONE))
}

/// The screen as lines of text.
fn screen(model: &Model, width: u16, height: u16) -> Vec<String> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, model, Ink { colours: true }, time(0))).unwrap();
    let buffer = terminal.backend().buffer();
    let line = |y: u16| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>();
    (0..height).map(|y| line(y).trim_end().to_owned()).collect()
}

#[test]
fn eighty_columns_and_twenty_four_lines_show_every_part() {
    let lines = screen(&model(many()), 80, 24);
    let text = lines.join("\n");
    assert!(lines[0].starts_with("Cairn  1 of 2 servers work  http://127.0.0.1:7401"), "{text}");
    assert!(lines[1].starts_with("Running 12   Queued 0   Waiting 0   WaitingForRetry 0"), "{text}");
    assert!(lines[2].starts_with("Finished 1 204   Error 2   Cancelled 0   34.2/s █"), "{text}");
    assert!(
        lines[4].contains("north *") && lines[4].contains("● Running") && lines[4].contains("2 h 10 min"),
        "{text}"
    );
    assert!(lines[5].contains("✕ Terminated") && lines[5].contains("12.0 s ago"), "{text}");
    assert!(lines[7].starts_with("▸REQUEST"), "{text}");
    assert!(lines[8].contains("orders/order-imp…") && lines[8].contains("3 min 5 s"), "{text}");
    assert!(lines[8].contains("Checked"), "{text}");
    let takeovers = lines.iter().position(|line| line.contains("TAKEOVER")).unwrap();
    assert!(lines[takeovers + 1].contains("south") && lines[takeovers + 1].contains("→ north"), "{text}");
    assert!(lines[takeovers + 1].contains("14, 12.0 s ago"), "{text}");
    assert!(lines[23].contains("q quit"), "{text}");
    assert!(lines.iter().all(|line| line.chars().count() <= 80), "{text}");
}

#[test]
fn any_size_can_be_drawn() {
    for (width, height) in [(1, 1), (20, 5), (40, 10), (80, 24), (200, 60)] {
        let mut model = model(many());
        screen(&model, width, height);
        press(&mut model, KeyCode::Enter);
        screen(&model, width, height);
        press(&mut model, KeyCode::Char('?'));
        screen(&model, width, height);
        screen(&Model::default(), width, height);
    }
}

#[test]
fn a_wide_screen_shows_memory_and_project_versions() {
    let text = screen(&model(many()), 140, 40).join("\n");
    assert!(text.contains("MEMORY") && text.contains("64 MiB"), "{text}");
    assert!(text.contains("orders/order-import-with-a-long-name"), "{text}");
}

#[test]
fn a_request_stays_chosen_while_newer_ones_come_above_it() {
    let mut model = model(many());
    for _ in 0..3 {
        press(&mut model, KeyCode::Down);
    }
    assert_eq!(model.chosen().unwrap().id, 37);
    let mut more = many();
    more.insert(0, request(41, RequestState::Queued));
    model.take(News::Looked(Ok(picture(more))));
    assert_eq!(model.chosen().unwrap().id, 37);
    model.take(News::Looked(Ok(picture(vec![request(5, RequestState::Running)]))));
    assert_eq!(model.chosen().unwrap().id, 5, "what has gone leaves the choice to what is left");
    model.take(News::Looked(Ok(picture(Vec::new()))));
    assert_eq!(press(&mut model, KeyCode::Enter), None);
}

#[test]
fn the_chosen_row_is_always_in_sight() {
    let mut model = model(many());
    press(&mut model, KeyCode::End);
    let text = screen(&model, 80, 24).join("\n");
    assert!(text.contains("\n 1       Running"), "{text}");
    press(&mut model, KeyCode::Home);
    let text = screen(&model, 80, 24).join("\n");
    assert!(text.contains("\n 40      Running"), "{text}");
}

#[test]
fn nothing_is_changed_without_a_yes() {
    let mut model = model(many());
    assert_eq!(press(&mut model, KeyCode::Char('c')), None);
    assert!(screen(&model, 80, 24)[23].starts_with("Cancel request 40? y n"));
    assert_eq!(press(&mut model, KeyCode::Enter), None, "Enter is not yes");
    press(&mut model, KeyCode::Char('r'));
    assert_eq!(press(&mut model, KeyCode::Down), None, "the question stays");
    assert_eq!(press(&mut model, KeyCode::Char('y')), Some(Wish::Change(Change::ReExecute, 40)));
    model.take(News::Told("request 40 is Running now".to_owned()));
    assert!(screen(&model, 80, 24)[23].starts_with("request 40 is Running now"));
    press(&mut model, KeyCode::Tab);
    press(&mut model, KeyCode::Char('c'));
    assert_eq!(model.question, None, "only requests are changed");
}

#[test]
fn the_arrows_list_other_requests_all_the_way_round() {
    let mut model = model(many());
    let listed: Vec<_> = (0..4).map(|_| press(&mut model, KeyCode::Right)).collect();
    let wanted = [Listed::Waiting, Listed::Failed, Listed::All, Listed::UnderWay];
    assert_eq!(listed, wanted.map(|listed| Some(Wish::List(listed))));
    assert_eq!(press(&mut model, KeyCode::Left), Some(Wish::List(Listed::All)));
    press(&mut model, KeyCode::Left);
    model.take(News::Looked(Ok(picture(vec![request(7, RequestState::Error)]))));
    let text = screen(&model, 120, 24).join("\n");
    assert!(text.contains("FLOW, failed") && text.contains("http/status the shop said 503"), "{text}");
}

#[test]
fn what_is_held_still_does_not_change_and_says_so() {
    let mut model = model(many());
    press(&mut model, KeyCode::Char('p'));
    model.take(News::Looked(Ok(picture(Vec::new()))));
    let lines = screen(&model, 80, 24);
    assert!(lines[0].contains("HELD") && lines[8].contains("40"), "{}", lines.join("\n"));
    press(&mut model, KeyCode::Char('p'));
    model.take(News::Looked(Ok(picture(Vec::new()))));
    assert!(screen(&model, 80, 24)[8].contains("nothing is under way"));
}

#[test]
fn the_last_picture_stays_when_no_server_answers() {
    let mut model = model(many());
    model.take(News::Looked(Err("no server of the cluster answers".to_owned())));
    let lines = screen(&model, 80, 24);
    assert!(lines[8].contains("40"), "{}", lines.join("\n"));
    assert!(lines[23].starts_with("no server of the cluster answers"));
    model.take(News::Looked(Ok(picture(many()))));
    assert!(screen(&model, 80, 24)[23].contains("q quit"));
}

#[test]
fn a_request_that_runs_and_gets_nowhere_is_told_from_those_that_run() {
    let stalled = Request { stalled: Some(time(60_000)), ..request(7, RequestState::Running) };
    let lines = screen(&model(vec![stalled, request(6, RequestState::Running)]), 80, 24);
    let row = |id: &str| lines.iter().find(|line| line.trim_start().starts_with(id)).unwrap();
    assert!(row("7 ").contains("Stalled") && !row("7 ").contains("Running"), "{lines:#?}");
    assert!(row("6 ").contains("Running"), "{lines:#?}");
}

#[test]
fn an_opened_request_shows_its_attempts_saved_points_and_the_end_of_its_log() {
    let mut model = model(many());
    assert_eq!(press(&mut model, KeyCode::Enter), Some(Wish::Open(40)));
    assert!(screen(&model, 80, 24)[3].starts_with("request 40 …"));
    let log = (0..100).map(|number| LogEntry {
        number,
        at: time(1_000),
        attempt: 2,
        server: "north".to_owned(),
        level: "info".to_owned(),
        component: None,
        event: "component-started".to_owned(),
        message: format!("message {number}"),
    });
    let attempt = |attempt, ended: Option<(Time, AttemptEnd)>| Attempt {
        attempt,
        owner: owner("south"),
        started: time(20_000),
        first_component_at: None,
        ended: ended.map(|ended| ended.0),
        end: ended.map(|ended| ended.1),
        error: None,
        version: None,
    };
    let point = SavedPoint {
        number: 1,
        kind: SavedKind::Checkpoint,
        component: "checkpoint-1".to_owned(),
        iteration: String::new(),
        name: "Checked".to_owned(),
        attempt: 1,
        rows: 100,
        bytes: 2048,
        variables: Map::new(),
        outlets: Vec::new(),
        at: time(15_000),
    };
    let settings = RequestSettings {
        other_server_retry: true,
        begin_checkpoint: false,
        retry_count: 0,
        retry_interval: 0.0,
        retry_backoff: 1,
        timeout: None,
        limits: Vec::new(),
    };
    let detail = RequestDetail {
        request: request(40, RequestState::Running),
        inputs: Map::new(),
        settings,
        attempts: vec![attempt(1, Some((time(12_000), AttemptEnd::OwnerLost))), attempt(2, None)],
        saved_points: vec![point],
    };
    model.take(News::Opened(Box::new(Opened { detail, log: log.collect() })));
    let text = screen(&model, 80, 24).join("\n");
    assert!(text.contains("OwnerLost after 8.0 s") && text.contains("#2") && text.contains("running"), "{text}");
    assert!(text.contains("1 Checkpoint Checked, 100 records"), "{text}");
    assert!(text.contains("message 99") && !text.contains("message 0\n"), "{text}");
    assert_eq!(press(&mut model, KeyCode::Char('c')), None);
    assert_eq!(model.question, Some((Change::Cancel, 40)));
    press(&mut model, KeyCode::Esc);
    assert_eq!(press(&mut model, KeyCode::Esc), Some(Wish::Close));
    assert!(model.opened.is_none());
}

#[test]
fn long_times_maintenance_and_the_help_fit_into_eighty_columns() {
    let mut seen = picture(many());
    seen.servers[0].state = ServerState::Draining;
    seen.servers[0].maintenance = true;
    seen.requests[0].created = time(820_500);
    let mut model = Model::default();
    model.take(News::Looked(Ok(seen)));
    let text = screen(&model, 80, 24).join("\n");
    assert!(text.contains("◐ Maintenance") && text.contains("13 min 40 s"), "{text}");
    press(&mut model, KeyCode::Char('?'));
    let text = screen(&model, 80, 24).join("\n");
    assert!(text.contains("list other requests: under way, waiting, failed, all"), "{text}");
}

#[test]
fn without_colours_nothing_is_coloured() {
    let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
    terminal.draw(|frame| draw(frame, &model(many()), Ink { colours: false }, time(0))).unwrap();
    assert!(
        terminal.backend().buffer().content().iter().all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset)
    );
}

#[test]
fn numbers_have_their_thousands_apart() {
    assert_eq!([0, 12, 1204, 1_000_000].map(thousands), ["0", "12", "1 204", "1 000 000"]);
}
