use super::{KEPT, LARGE, file, files};
use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Error, Write};
use std::path::Path;
use std::time::Duration;
use tokio::sync::mpsc;

/// How long to wait before another try when the files cannot be written.
const AGAIN: Duration = Duration::from_secs(1);

/// Writes lines as they come. What cannot be written waits; what is too much to wait is left out at its source.
pub fn write_for_ever(folder: &Path, mut lines: mpsc::Receiver<String>) {
    let mut log = None;
    while let Some(first) = lines.blocking_recv() {
        let mut batch = vec![first];
        while let Ok(line) = lines.try_recv() {
            batch.push(line);
        }
        while let Err(error) = append(&mut log, folder, &batch) {
            // To the log itself it would go round in a circle.
            let _ = writeln!(std::io::stderr(), "the log in {} cannot be written: {error}", folder.display());
            log = None;
            std::thread::sleep(AGAIN);
        }
    }
}

/// The file that is written to now.
struct Log {
    number: u64,
    file: BufWriter<File>,
    bytes: u64,
}

fn append(log: &mut Option<Log>, folder: &Path, lines: &[String]) -> Result<(), Error> {
    let mut current = match log.take() {
        Some(current) => current,
        None => Log::newest(folder)?,
    };
    if current.bytes >= LARGE {
        current = Log::open(folder, current.number + 1)?;
    }
    for line in lines {
        current.file.write_all(line.as_bytes())?;
        current.file.write_all(b"\n")?;
        current.bytes += line.len() as u64 + 1;
    }
    current.file.flush()?;
    *log = Some(current);
    Ok(())
}

impl Log {
    /// The file that was written to last, by an earlier start perhaps.
    fn newest(folder: &Path) -> Result<Self, Error> {
        std::fs::create_dir_all(folder)?;
        let number = files(folder)?.last().map_or(1, |(number, _)| *number);
        Self::open(folder, number)
    }

    fn open(folder: &Path, number: u64) -> Result<Self, Error> {
        let opened = OpenOptions::new().create(true).append(true).open(file(folder, number))?;
        let bytes = opened.metadata()?.len();
        let mut kept = files(folder)?;
        kept.truncate(kept.len().saturating_sub(KEPT));
        for (_, old) in kept {
            std::fs::remove_file(old)?;
        }
        Ok(Self { number, file: BufWriter::new(opened), bytes })
    }
}
