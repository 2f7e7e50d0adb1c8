//! Keys as a browser is told of them: each a character of its own in a text that is typed.

/// Lets go of those that are held: [`SHIFT`], [`CONTROL`] and [`ALT`].
pub const RELEASE: &str = "\u{E000}";
pub const TAB: &str = "\u{E004}";
pub const ENTER: &str = "\u{E007}";
pub const SHIFT: &str = "\u{E008}";
pub const CONTROL: &str = "\u{E009}";
pub const ALT: &str = "\u{E00A}";
pub const ESCAPE: &str = "\u{E00C}";
pub const END: &str = "\u{E010}";
pub const RIGHT: &str = "\u{E014}";
pub const DOWN: &str = "\u{E015}";
pub const DELETE: &str = "\u{E017}";
pub const F2: &str = "\u{E032}";
