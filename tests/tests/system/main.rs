//! Whole-system tests: real server processes, real browsers, the real desktop window. One binary, so that the heavy
//! dependencies are linked once.

mod bad_input;
mod bucket;
mod chaos;
mod console;
mod designer_in_browser;
mod designer_window;
mod draining;
mod machine;
mod named_tests;
mod package;
mod partition;
mod retries;
mod samples;
mod samples_killed;
mod store;
mod store_copy;
mod takeover;
mod traces;
mod triggers;
mod walls;
