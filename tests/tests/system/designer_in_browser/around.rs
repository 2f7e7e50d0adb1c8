//! What is around the canvas: palette of commands, quick open, search, settings, welcome, monitor.
