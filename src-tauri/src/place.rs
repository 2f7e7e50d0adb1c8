//! Where a window stood and how large it was, from one time to the next.

use designer::Designer;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tauri::{AppHandle, Manager, WebviewWindowBuilder, Window, Wry};

/// The size of a window, and its place where that is known; in logical pixels.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Place {
    size: (f64, f64),
    position: Option<(f64, f64)>,
    maximized: bool,
}

impl Place {
    /// The place that is remembered for the window `label`, or one of this size where the desktop likes.
    pub fn remembered(app: &AppHandle, label: &str, size: (f64, f64)) -> Self {
        let fresh = Self { size, position: None, maximized: false };
        let known = app.state::<Arc<Designer>>().recall_for_windows(&name(label));
        let place = known.and_then(|known| serde_json::from_str(&known).ok()).unwrap_or(fresh);
        let screens = app.available_monitors().unwrap_or_default();
        let areas = screens.iter().map(|screen| {
            let (from, size) = (screen.position(), screen.size());
            let scale = screen.scale_factor();
            let (position, size) = (from.to_logical::<f64>(scale), size.to_logical::<f64>(scale));
            (position.x, position.y, size.width, size.height)
        });
        place.within(&areas.collect::<Vec<_>>())
    }

    /// The same, but not on a screen that is not there any more.
    fn within(self, screens: &[(f64, f64, f64, f64)]) -> Self {
        let is_seen = |(x, y): &(f64, f64)| {
            screens.iter().any(|(left, top, width, height)| {
                (*left..left + width - 80.0).contains(x) && (*top..top + height - 80.0).contains(y)
            })
        };
        Self { position: self.position.filter(is_seen), ..self }
    }

    /// A window of this place.
    pub fn of<'a>(self, window: WebviewWindowBuilder<'a, Wry, AppHandle>) -> WebviewWindowBuilder<'a, Wry, AppHandle> {
        let window = window.inner_size(self.size.0, self.size.1).maximized(self.maximized);
        match self.position {
            Some((x, y)) => window.position(x, y),
            None => window,
        }
    }
}

/// Remembers the place of a window that is about to close.
pub fn remember(window: &Window) {
    let Some(place) = place_of(window) else { return };
    let designer = window.state::<Arc<Designer>>();
    let kept = serde_json::to_string(&place).map(|place| designer.remember_for_windows(name(window.label()), place));
    if let Ok(Err(error)) = kept {
        tracing::warn!(%error, "the window's place is not remembered");
    }
}

fn place_of(window: &Window) -> Option<Place> {
    let scale = window.scale_factor().ok()?;
    let maximized = window.is_maximized().unwrap_or_default();
    let size = window.inner_size().ok()?.to_logical::<f64>(scale);
    let position = window.outer_position().ok()?.to_logical::<f64>(scale);
    Some(Place { size: (size.width, size.height), position: Some((position.x, position.y)), maximized })
}

fn name(label: &str) -> String {
    format!("window.{label}")
}

#[cfg(test)]
mod tests {
    use super::Place;

    #[test]
    fn a_window_comes_back_only_where_there_is_a_screen() {
        let at = |x, y| Place { size: (900.0, 600.0), position: Some((x, y)), maximized: false };
        let one = [(0.0, 0.0, 1920.0, 1080.0)];
        assert_eq!(at(100.0, 50.0).within(&one), at(100.0, 50.0));
        assert_eq!(at(2000.0, 50.0).within(&one).position, None);
        let two = [one[0], (1920.0, 0.0, 1280.0, 1024.0)];
        assert_eq!(at(2000.0, 50.0).within(&two), at(2000.0, 50.0));
        assert_eq!(at(-3000.0, 0.0).within(&two).position, None);
    }
}
