//! Whole-system tests: real server processes, real browsers, the real desktop window. One binary, so that the heavy
//! dependencies are linked once.

mod bad_input;
mod console;
mod designer_in_browser;
mod designer_window;
mod samples;
mod takeover;
mod walls;
