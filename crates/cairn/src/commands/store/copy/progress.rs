//! A bar for those who watch.

use crate::output::Output;
use flow_store::copy::{Doing, Progress};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How far the copy is.
pub struct Bar(ProgressBar);

impl Bar {
    /// Shown on a terminal, unless a program reads the output.
    pub fn new(output: Output) -> Self {
        let bar = ProgressBar::new(0);
        if output.is_json() {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        Self(bar)
    }

    pub fn rows(&self, progress: Progress<'_>) {
        let doing = match progress.doing {
            Doing::Copying => "copying",
            Doing::Comparing => "comparing",
        };
        self.0.set_style(style("{prefix:<10} {bar:30} {human_pos} of {human_len} rows, {eta} left  {msg}"));
        self.0.set_length(progress.of);
        self.0.set_prefix(doing);
        self.0.set_message(progress.table.to_owned());
        self.0.set_position(progress.rows);
    }

    /// Objects of so many bytes come next.
    pub fn objects(&self, bytes: u64) {
        self.0.set_style(style("{prefix:<10} {bar:30} {binary_bytes} of {binary_total_bytes}, {eta} left"));
        self.0.set_length(bytes);
        self.0.set_prefix("storage");
        self.0.set_message("");
        self.0.set_position(0);
    }

    /// An object is done.
    pub fn object(&self, bytes: u64) {
        self.0.inc(bytes);
    }

    pub fn end(&self) {
        self.0.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
