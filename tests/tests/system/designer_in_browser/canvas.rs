//! The canvas: choosing, moving, copying, arranging.

mod dialogs;
mod held;
mod links;
mod looks;
mod words;

use super::Design;
use fantoccini::actions::{InputSource, KeyAction, KeyActions, MOUSE_BUTTON_LEFT, MouseActions, PointerAction};
use fantoccini::key::Key;
use serde_json::{Value, json};
use std::time::Duration;
use system_tests::Tested;
use system_tests::browser::{Browser, test_id};
use system_tests::keys::{ALT, CONTROL, ENTER, RELEASE, RIGHT, SHIFT};
use system_tests::project::TestProject;
use system_tests::wait::until;
use tempfile::TempDir;

/// How far the mouse goes until a drag begins, in pixels.
const FIRST_STEP: f64 = 5.0;

/// A sample project whose flow is open on the canvas, all of it in sight.
struct Canvas {
    browser: Browser,
    design: Design,
    _folder: TempDir,
}

impl Canvas {
    async fn of(flow: &str, a_component: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Self::seen_by(Browser::chromium().await, (1900, 1000), flow, a_component).await
    }

    async fn seen_by(
        browser: Browser,
        (width, height): (u32, u32),
        flow: &str,
        a_component: &str,
    ) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let folder = tempfile::tempdir()?;
        let project = TestProject::sample(folder.path(), "http://127.0.0.1:9/");
        let design = Design::start(&project.folder, &folder.path().join("config"));
        browser.page.set_window_size(width, height).await?;
        browser.page.goto(&design.address).await?;
        browser.click(&test_id(&format!("flow-{flow}"))).await;
        browser.find(&component(a_component)).await;
        let canvas = Self { browser, design, _folder: folder };
        canvas.browser.click(&test_id("zoom-to-fit")).await;
        canvas.rests().await;
        Ok(canvas)
    }

    /// Waits until the view stands still.
    async fn rests(&self) {
        let view = "const view = document.querySelector('.svelte-flow__viewport').style.transform; \
            const before = window.lastView; window.lastView = view; return view === before";
        until("the view at rest", async || {
            tokio::time::sleep(Duration::from_millis(120)).await;
            (self.browser.page.execute(view, Vec::new()).await.ok()? == json!(true)).then_some(())
        })
        .await;
    }

    async fn value(&self, script: &str) -> Value {
        self.browser.page.execute(script, Vec::new()).await.unwrap_or(Value::Null)
    }

    /// What Undo would take back.
    async fn undo_label(&self) -> String {
        let script = "return document.querySelector('button[aria-label^=Undo]').getAttribute('aria-label')";
        self.value(script).await.as_str().unwrap_or_default().to_owned()
    }

    async fn can_undo(&self, label: &str) {
        let wanted = format!("Undo {label}");
        until(&wanted, async || (self.undo_label().await == wanted).then_some(())).await;
    }

    /// Presses keys on the canvas: modifiers hold until the end.
    async fn press(&self, keys: &str) {
        let canvas = self.browser.find(&test_id("canvas")).await;
        self.value("document.querySelector('[data-testid=canvas]').focus()").await;
        canvas.send_keys(&format!("{keys}{RELEASE}")).await.expect("keys");
    }

    async fn undo(&self) {
        self.press(&format!("{CONTROL}z")).await;
    }

    /// The names of the chosen components.
    async fn chosen(&self) -> Vec<String> {
        let script = "return [...document.querySelectorAll('.component.selected')] \
            .map((one) => one.dataset.testid.slice(10)).sort()";
        serde_json::from_value(self.value(script).await).unwrap_or_default()
    }

    async fn are_chosen(&self, names: &[&str]) {
        until(&format!("{names:?} chosen"), async || (self.chosen().await == names).then_some(())).await;
    }

    async fn has(&self, count: usize) {
        until(&format!("{count} components"), async || (self.browser.count(".component").await == count).then_some(()))
            .await;
    }

    /// Where the middle of an element is in the window.
    async fn middle(&self, selector: &str) -> (f64, f64) {
        self.browser.find(selector).await;
        // The page's own measures: those of the driver leave out that the canvas is zoomed.
        let script = "const {x, y, width, height} = document.querySelector(arguments[0]).getBoundingClientRect(); \
            return [x + width / 2, y + height / 2]";
        let middle = self.browser.page.execute(script, vec![json!(selector)]).await.expect("it is drawn");
        serde_json::from_value(middle).expect("it is drawn")
    }

    /// Drags with the mouse from one place of the window to another, perhaps with a key held.
    async fn drag(&self, from: (f64, f64), to: (f64, f64), held: Option<Key>) {
        if let Some(key) = held {
            self.key(KeyAction::Down { value: key.into() }).await;
        }
        self.drag_and_hold(from, to).await;
        self.let_go().await;
        if let Some(key) = held {
            self.key(KeyAction::Up { value: key.into() }).await;
        }
    }

    /// The same without letting go.
    async fn drag_and_hold(&self, from: (f64, f64), to: (f64, f64)) {
        let at = |(x, y): (f64, f64)| PointerAction::MoveTo {
            duration: Some(Duration::from_millis(60)),
            x: x.round(),
            y: y.round(),
        };
        let between = |part: f64| (from.0 + (to.0 - from.0) * part, from.1 + (to.1 - from.1) * part);
        let drag = MouseActions::new("mouse".to_owned())
            .then(at(from))
            .then(PointerAction::Down { button: MOUSE_BUTTON_LEFT })
            // What is dragged stays behind by the first step.
            .then(at(between((FIRST_STEP / (to.0 - from.0).hypot(to.1 - from.1)).min(0.3))))
            .then(at(between(0.3)))
            .then(at(between(0.7)))
            .then(at(to))
            .then(at(to));
        self.browser.page.perform_actions(drag).await.expect("the mouse drags");
    }

    async fn let_go(&self) {
        let up = MouseActions::new("mouse".to_owned()).then(PointerAction::Up { button: MOUSE_BUTTON_LEFT });
        self.browser.page.perform_actions(up).await.expect("the mouse lets go");
    }

    async fn key(&self, action: KeyAction) {
        let keys = KeyActions::new("keys".to_owned()).then(action);
        self.browser.page.perform_actions(keys).await.expect("a key");
    }

    /// What was said last to those who hear the canvas.
    async fn says(&self, part: &str) {
        until(&format!("“{part}” said"), async || {
            let said = self.value("return document.querySelector('[data-testid=said]').textContent").await;
            said.as_str()?.contains(part).then_some(())
        })
        .await;
    }

    /// Clicks twice in quick succession.
    async fn double_click(&self, (x, y): (f64, f64)) {
        let to = PointerAction::MoveTo { duration: None, x: x.round(), y: y.round() };
        let mut clicks = MouseActions::new("mouse".to_owned()).then(to);
        for _ in 0..2 {
            clicks = clicks
                .then(PointerAction::Down { button: MOUSE_BUTTON_LEFT })
                .then(PointerAction::Up { button: MOUSE_BUTTON_LEFT });
        }
        self.browser.page.perform_actions(clicks).await.expect("the mouse clicks twice");
    }

    /// What is written into on the canvas now.
    async fn writes(&self) -> Value {
        self.value(
            "return document.activeElement?.dataset.testid === 'write-here' ? document.activeElement.value : null",
        )
        .await
    }
}

fn component(name: &str) -> String {
    test_id(&format!("component-{name}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn many_components_are_chosen_moved_duplicated_and_removed_in_one_step_each() -> Tested {
    let canvas = Canvas::of("order-import", "Put aside").await?;
    canvas.browser.click(&component("Read orders")).await;
    canvas.browser.click_with_shift(&component("Put aside")).await?;
    canvas.are_chosen(&["Put aside", "Read orders"]).await;

    // A rectangle chooses what it touches. With Shift held, what was chosen would stay so.
    canvas.press("\u{E00C}").await;
    canvas.are_chosen(&[]).await;
    let (left, top) = canvas.middle(&component("Has an amount")).await;
    let (right, bottom) = canvas.middle(&component("Put aside")).await;
    canvas.drag((left - 80.0, top - 60.0), (right, bottom), Some(Key::Shift)).await;
    canvas.are_chosen(&["Has an amount", "Put aside", "To warehouse form"]).await;

    let before = canvas.middle(&component("Put aside")).await;
    let from = canvas.middle(&component("To warehouse form")).await;
    canvas.drag(from, (from.0, from.1 - 80.0), None).await;
    canvas.can_undo("Move 3 components").await;
    assert!(canvas.middle(&component("Put aside")).await.1 < before.1 - 40.0, "all of them moved");
    canvas.undo().await;
    canvas.says("Undone: Move 3 components").await;

    canvas.press(&format!("{CONTROL}d")).await;
    canvas.can_undo("Add 3 components").await;
    canvas.has(13).await;
    canvas.undo().await;
    canvas.has(10).await;

    // With Alt a copy is dragged, and the original stays.
    let from = canvas.middle(&component("Read orders")).await;
    canvas.drag(from, (from.0, from.1 + 160.0), Some(Key::Alt)).await;
    canvas.can_undo("Add “Read orders 2”").await;
    assert_eq!(canvas.middle(&component("Read orders")).await, from);

    canvas.press(&format!("{CONTROL}a")).await;
    canvas.press("\u{E017}").await;
    canvas.has(0).await;
    canvas.undo().await;
    canvas.has(11).await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_copied_is_pasted_under_the_pointer_with_its_group() -> Tested {
    let canvas = Canvas::of("order-import", "Put aside").await?;
    canvas.browser.click(&component("Has an amount")).await;
    canvas.browser.click_with_shift(&component("Put aside")).await?;
    canvas.press(&format!("{CONTROL}g")).await;
    canvas.can_undo("Add the group “Group”").await;
    // Its title may be written at once.
    canvas.browser.type_into(&test_id("write-here"), ENTER).await;
    canvas.browser.gone(&test_id("write-here")).await;
    let head = canvas.middle(".svelte-flow__node-area .head").await;
    let before = canvas.middle(&component("Put aside")).await;
    canvas.drag(head, (head.0, head.1 + 120.0), None).await;
    canvas.can_undo("Move 2 components").await;
    assert!(canvas.middle(&component("Put aside")).await.1 > before.1 + 60.0, "a group takes its components along");

    canvas.press(&format!("{CONTROL}c")).await;
    canvas.says("Copied").await;
    canvas.press(&format!("{CONTROL}v")).await;
    canvas.can_undo("Add 2 components").await;
    canvas.has(12).await;
    assert_eq!(canvas.browser.count(".svelte-flow__node-area").await, 2, "the group came along");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn components_are_dragged_out_of_a_body_and_into_it_and_it_folds() -> Tested {
    let canvas = Canvas::of("daily-report", "Report of a day").await?;
    let inside = canvas.middle(&component("Report of a day")).await;
    canvas.drag(inside, (inside.0, inside.1 + 130.0), None).await;
    canvas.can_undo("Move “Report of a day” out of the body").await;
    canvas.browser.shows(&test_id("toast-info"), "removed").await;
    let outside = canvas.middle(&component("Report of a day")).await;
    canvas.drag(outside, inside, None).await;
    canvas.can_undo("Move “Report of a day” into “Every day”").await;
    let all = canvas.browser.count(".component").await;
    // Its middle may lie under what is in it.
    canvas.browser.click(&format!("{} .name", component("Every day"))).await;
    canvas.press("f").await;
    canvas.has(all - 1).await;
    canvas.says("Every day folded").await;
    canvas.press("f").await;
    canvas.has(all).await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_done_by_keyboard_and_said() -> Tested {
    let canvas = Canvas::of("order-import", "Put aside").await?;
    canvas.browser.click(&component("Read orders")).await;
    canvas.press(RIGHT).await;
    canvas.are_chosen(&["Has an amount"]).await;
    canvas.press(&format!("{ALT}{RIGHT}")).await;
    canvas.can_undo("Move “Has an amount”").await;
    canvas.says("Move “Has an amount”").await;

    canvas.press("l").await;
    canvas.says("Link from Has an amount").await;
    canvas.press("i").await;
    canvas.browser.type_into(&format!("{} input", test_id("pick-here")), &format!("distinct{ENTER}")).await;
    canvas.can_undo("Add “Distinct”").await;
    canvas.are_chosen(&["Distinct"]).await;

    canvas.browser.click(&component("Has an amount")).await;
    canvas.browser.click_with_shift(&component("Put aside")).await?;
    canvas.press(&format!("{ALT}a")).await;
    until("both level on the left", async || {
        let script = "const left = (name) => document.querySelector(`[data-testid=\"component-${name}\"]`) \
            .getBoundingClientRect().left; return Math.abs(left('Has an amount') - left('Put aside')) < 1";
        (canvas.value(script).await == json!(true)).then_some(())
    })
    .await;

    canvas.press("o").await;
    canvas.browser.find(&test_id("outline-Give notice")).await;
    canvas.browser.click(&test_id("outline-Give notice")).await;
    canvas.are_chosen(&["Give notice"]).await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn arranging_is_one_step_and_keeps_what_stands_above_what() -> Tested {
    let canvas = Canvas::of("order-import", "Put aside").await?;
    let from = canvas.middle(&component("Put aside")).await;
    canvas.drag(from, (from.0 + 30.0, from.1 - 160.0), None).await;
    canvas.can_undo("Move “Put aside”").await;
    canvas.press("\u{E00C}").await;
    canvas.press(&format!("{SHIFT}L")).await;
    until("another step", async || {
        let label = canvas.undo_label().await;
        (label.starts_with("Undo Move ") && label.ends_with(" components")).then_some(())
    })
    .await;
    canvas.rests().await;
    let (above, below) =
        (canvas.middle(&component("Put aside")).await, canvas.middle(&component("To warehouse form")).await);
    assert!(above.1 < below.1, "what the author put above stays above");
    canvas.undo().await;
    canvas.can_undo("Move “Put aside”").await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_failure_lens_marks_what_is_settled_and_the_canvas_has_no_barriers() -> Tested {
    let canvas = Canvas::of("order-import", "Put aside").await?;
    canvas.browser.click(&test_id("outline")).await;
    canvas.browser.click(&test_id("failure-lens")).await;
    canvas.browser.find("[aria-label=\"Settled\"]").await;
    canvas.browser.click(&component("Into the warehouse")).await;
    canvas.browser.find("[aria-label=\"Runs again\"]").await;
    canvas.browser.click_with_shift(&component("Put aside")).await?;
    canvas.browser.find(&test_id("selection-bar")).await;
    for theme in ["light", "dark", "contrast"] {
        canvas.browser.theme(theme).await?;
        canvas.browser.picture(&format!("designer-canvas-{theme}")).await;
        // The first run brings axe to the page; here only the canvas counts.
        canvas.browser.barriers().await?;
        let script = "const done = arguments[arguments.length - 1]; \
            axe.run('[data-testid=canvas]', {resultTypes: ['violations']}).then(({violations}) => \
                done(violations.flatMap(({id, nodes}) => nodes.map(({html}) => `${id}: ${html.slice(0, 200)}`))))";
        let found = canvas.browser.page.execute_async(script, Vec::new()).await?;
        assert_eq!(found, json!([]), "{theme}");
    }
    Ok(())
}
