//! What a person does with the mouse, where a click in the middle of an element is not enough.

use super::Browser;
use fantoccini::actions::{InputSource, KeyAction, KeyActions, MOUSE_BUTTON_LEFT, MouseActions, PointerAction};
use fantoccini::error::CmdError;
use std::time::Duration;

impl Browser {
    /// Clicks with the mouse at a point off the middle of an element: a line, such as a link, has no middle to click.
    pub async fn click_beside(&self, selector: &str, off: (f64, f64)) {
        let element = self.find(selector).await;
        let click = MouseActions::new("mouse".to_owned())
            .then(PointerAction::MoveToElement { element, duration: None, x: off.0, y: off.1 })
            .then(PointerAction::Down { button: MOUSE_BUTTON_LEFT })
            .then(PointerAction::Up { button: MOUSE_BUTTON_LEFT });
        self.page.perform_actions(click).await.expect("the mouse clicks");
    }

    /// Clicks the middle of an element while Shift is held.
    ///
    /// # Errors
    /// When the page cannot be reached.
    pub async fn click_with_shift(&self, selector: &str) -> Result<(), CmdError> {
        let element = self.find(selector).await;
        let shift = || fantoccini::key::Key::Shift.into();
        let hold = KeyActions::new("keys".to_owned()).then(KeyAction::Down { value: shift() });
        self.page.perform_actions(hold).await?;
        let click = MouseActions::new("mouse".to_owned())
            .then(PointerAction::MoveToElement { element, duration: None, x: 0.0, y: 0.0 })
            .then(PointerAction::Down { button: MOUSE_BUTTON_LEFT })
            .then(PointerAction::Up { button: MOUSE_BUTTON_LEFT });
        self.page.perform_actions(click).await?;
        let leave = KeyActions::new("keys".to_owned()).then(KeyAction::Up { value: shift() });
        self.page.perform_actions(leave).await
    }

    /// Drags with the mouse from the middle of one element to a point off the middle of another.
    pub async fn drag(&self, from: &str, to: &str, off: (f64, f64)) {
        let (from, to) = (self.find(from).await, self.find(to).await);
        // As a person would scroll there first: the mouse reaches only what is in sight.
        let scroll = "arguments[0].scrollIntoView({block: 'nearest'})";
        let there = serde_json::to_value(&from).expect("an element has an id");
        self.page.execute(scroll, vec![there]).await.expect("the page scrolls");
        let slowly = Some(Duration::from_millis(60));
        let at = |element, x, y| PointerAction::MoveToElement { element, duration: slowly, x, y };
        let drag = MouseActions::new("mouse".to_owned())
            .then(at(from.clone(), 0.0, 0.0))
            .then(PointerAction::Down { button: MOUSE_BUTTON_LEFT })
            .then(at(from, 12.0, 4.0))
            .then(at(to.clone(), off.0 - 4.0, off.1))
            .then(at(to, off.0, off.1))
            .then(PointerAction::Up { button: MOUSE_BUTTON_LEFT });
        self.page.perform_actions(drag).await.expect("the mouse drags");
    }
}
