//! How the canvas looks and moves: guides, even distances, the view, less motion, scaling, high contrast.

use super::{Canvas, FIRST_STEP, component};
use serde_json::json;
use system_tests::Tested;
use system_tests::browser::{Browser, test_id};
use system_tests::keys::{ALT, SHIFT};
use system_tests::wait::until;

#[tokio::test(flavor = "multi_thread")]
async fn equal_distances_are_shown_and_kept_and_what_is_chosen_is_distributed() -> Tested {
    let canvas = Canvas::of("order-import", "Put aside").await?;
    let evenly = canvas.middle(&component("Into the warehouse")).await;
    canvas.drag(evenly, (evenly.0 + 30.0, evenly.1), None).await;
    canvas.can_undo("Move “Into the warehouse”").await;
    let beside = canvas.middle(&component("Into the warehouse")).await;
    assert!(beside.0 > evenly.0 + 10.0, "it stands nearer to what follows");
    canvas.drag_and_hold(beside, (evenly.0 - FIRST_STEP + 3.0, evenly.1)).await;
    until("the equal gaps", async || (canvas.browser.count(&test_id("equal-gap")).await >= 2).then_some(())).await;
    canvas.let_go().await;
    until("it to stand in the middle", async || {
        let (x, _) = canvas.middle(&component("Into the warehouse")).await;
        ((x - evenly.0).abs() < 1.0).then_some(())
    })
    .await;

    let names = ["Start", "Read orders", "Has an amount"];
    let from = canvas.middle(&component("Read orders")).await;
    canvas.drag(from, (from.0 - 20.0, from.1), None).await;
    canvas.browser.click(&component(names[0])).await;
    for name in &names[1..] {
        canvas.browser.click_with_shift(&component(name)).await?;
    }
    canvas.press(&format!("{ALT}{SHIFT}h")).await;
    until("even distances", async || {
        let script = format!(
            "const [a, b, c] = {names:?}.map((name) => document.querySelector(`[data-testid=\"component-${{name}}\"]`) \
                .getBoundingClientRect()); return Math.abs((b.left - a.right) - (c.left - b.right)) < 8"
        );
        (canvas.value(&script).await == json!(true)).then_some(())
    })
    .await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_view_goes_to_what_is_chosen_and_at_once_for_those_who_want_no_motion() -> Tested {
    let browser = Browser::chromium_with(&["--force-prefers-reduced-motion"]).await;
    let canvas = Canvas::seen_by(browser, (1900, 1000), "order-import", "Put aside").await?;
    canvas.browser.click(&component("Into the warehouse")).await;
    let far = canvas.middle(&component("Into the warehouse")).await;
    // Without motion the view is there in the next frame.
    let script = "const canvas = document.querySelector('[data-testid=canvas]'); canvas.focus(); \
        canvas.dispatchEvent(new KeyboardEvent('keydown', {key: '@', code: 'Digit2', shiftKey: true, bubbles: true})); \
        const done = arguments[arguments.length - 1]; \
        requestAnimationFrame(() => requestAnimationFrame(() => done( \
            document.querySelector('.svelte-flow__viewport').style.transform)))";
    let at_once = canvas.browser.page.execute_async(script, Vec::new()).await?;
    canvas.rests().await;
    let now = canvas.value("return document.querySelector('.svelte-flow__viewport').style.transform").await;
    assert_eq!(at_once, now, "the view did not glide");
    let near = canvas.middle(&component("Into the warehouse")).await;
    let (x, y): (f64, f64) = serde_json::from_value(
        canvas
            .value(
                "const {x, y, width, height} = document.querySelector('[data-testid=canvas]').getBoundingClientRect(); \
                return [x + width / 2, y + height / 2]",
            )
            .await,
    )?;
    assert!((near.0 - x).abs() < 2.0 && (near.1 - y).abs() < 2.0, "{near:?} is in the middle, {far:?} was before");
    let moving = "return document.getAnimations().filter(({playState, effect}) => \
        playState === 'running' && effect.getComputedTiming().duration > 1).length";
    assert_eq!(canvas.value(moving).await, json!(0));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_within_reach_at_200_percent() -> Tested {
    let browser = Browser::chromium_with(&["--force-device-scale-factor=2"]).await;
    // 1400 by 860 dots of a screen are half as many of the page's pixels; the rest is the browser's own bars.
    let canvas = Canvas::seen_by(browser, (700, 573), "order-import", "Start").await?;
    assert_eq!(canvas.value("return devicePixelRatio").await, json!(2));
    canvas.browser.picture("designer-canvas-200-percent").await;
    let cut = "const root = document.documentElement; \
        const scrolls = (one) => { for (let up = one.parentElement; up; up = up.parentElement) \
            if (/auto|scroll/.test(getComputedStyle(up).overflowX + getComputedStyle(up).overflowY)) return true; return false }; \
        return [...document.querySelectorAll('button, input, [role=tab], [role=treeitem]')] \
            .filter((one) => one.checkVisibility({visibilityProperty: true}) && !one.closest('.component') && !scrolls(one)) \
            .filter((one) => { const box = one.getBoundingClientRect(); return box.width > 0 && \
                (box.left < -1 || box.top < -1 || box.right > innerWidth + 1 || box.bottom > innerHeight + 1) }) \
            .map((one) => one.getAttribute('aria-label') ?? one.innerText).concat(root.scrollWidth > innerWidth ? ['the page'] : [])";
    assert_eq!(canvas.value(cut).await, json!([]), "nothing is cut off");
    let room = canvas
        .value(
            "const {width, height} = document.querySelector('[data-testid=canvas]').getBoundingClientRect(); \
        return width >= 200 && height >= 140",
        )
        .await;
    assert_eq!(room, json!(true), "there is room to work");
    // What the toolbar has no room for is in a menu.
    canvas.browser.click(&test_id("more")).await;
    for entry in ["Git branch main", "Push", "History", "Monitor", "Theme", "Keyboard shortcuts"] {
        canvas.browser.shows("[role=menu]", entry).await;
    }
    canvas.browser.picture("designer-toolbar-200-percent").await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_seen_in_the_colours_of_the_system() -> Tested {
    let browser = Browser::chromium_with(&["--force-high-contrast"]).await;
    let canvas = Canvas::seen_by(browser, (1900, 1000), "order-import", "Put aside").await?;
    assert_eq!(canvas.value("return matchMedia('(forced-colors: active)').matches").await, json!(true));
    canvas.browser.click(&component("Put aside")).await;
    canvas.browser.picture("designer-canvas-forced-colors").await;
    // Cards and links differ from the canvas, what is chosen from what is not.
    let script = "const style = (one, what) => getComputedStyle(one)[what]; \
        const card = (name) => document.querySelector(`[data-testid=\"component-${name}\"] .card`); \
        const canvas = style(document.querySelector('.canvas'), 'backgroundColor'); \
        const link = document.querySelector('.svelte-flow__edge-path'); \
        return [style(card('Start'), 'borderColor') !== canvas, style(link, 'stroke') !== canvas, \
            style(card('Put aside'), 'borderColor') !== style(card('Start'), 'borderColor')]";
    assert_eq!(canvas.value(script).await, json!([true, true, true]));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_view_goes_closer_and_further_by_button_and_key() -> Tested {
    let canvas = Canvas::of("order-import", "Start").await?;
    let scale = "return new DOMMatrix(getComputedStyle(document.querySelector('.svelte-flow__viewport')).transform).a";
    let zoom = async || -> f64 { serde_json::from_value(canvas.value(scale).await).unwrap_or_default() };
    canvas.browser.click(".zoom").await;
    canvas.rests().await;
    assert!((zoom().await - 1.0).abs() < 0.001);
    canvas.browser.click(&test_id("zoom-out")).await;
    canvas.rests().await;
    let further = zoom().await;
    assert!(further < 0.9, "{further}");
    canvas.press("-").await;
    canvas.rests().await;
    assert!(zoom().await < further);
    canvas.press("+").await;
    canvas.rests().await;
    canvas.browser.click(&test_id("zoom-in")).await;
    canvas.rests().await;
    assert!((zoom().await - 1.0).abs() < 0.001, "as many steps closer as further");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_smaller_window_keeps_the_middle_of_the_canvas_and_what_is_chosen_in_sight() -> Tested {
    let canvas = Canvas::of("order-import", "Put aside").await?;
    let script = "return document.querySelector('[data-testid=canvas]').clientWidth";
    let width = async || -> f64 { serde_json::from_value(canvas.value(script).await).unwrap_or_default() };
    let beside_the_middle = async |name: &str| -> (f64, f64) {
        let (x, y) = canvas.middle(&component(name)).await;
        let (middle_x, middle_y) = canvas.middle(&test_id("canvas")).await;
        (x - middle_x, y - middle_y)
    };
    let (before, large) = (beside_the_middle("Put aside").await, width().await);
    canvas.browser.page.set_window_size(1500, 900).await?;
    until("a smaller canvas", async || (width().await < large - 100.0).then_some(())).await;
    until("the same in its middle", async || {
        let now = beside_the_middle("Put aside").await;
        ((now.0 - before.0).abs() < 1.0 && (now.1 - before.1).abs() < 1.0).then_some(())
    })
    .await;

    canvas.browser.page.set_window_size(1900, 1000).await?;
    until("a large canvas", async || ((width().await - large).abs() < 1.0).then_some(())).await;
    canvas.browser.choose_component("Read orders").await;
    canvas.browser.page.set_window_size(1100, 900).await?;
    until("a small canvas", async || (width().await < large - 500.0).then_some(())).await;
    until("what is chosen to be in sight", async || {
        let (x, _) = beside_the_middle("Read orders").await;
        (x.abs() < width().await / 2.0).then_some(())
    })
    .await;
    Ok(())
}
