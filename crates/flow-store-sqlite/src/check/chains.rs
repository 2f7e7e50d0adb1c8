//! The chains of saved points and log entries: each row belongs to one request, the points are as many as their request
//! says, and the log is numbered without gaps.

use super::{DatabaseCheck, NamedObject, TOLD};
use crate::error::DbResult;
use crate::requests::collect;
use flow_store::RequestId;
use rusqlite::{Connection, OptionalExtension, Row, Statement};
use serde::de::IgnoredAny;

/// Goes along all chains.
pub(super) fn check(connection: &Connection, found: &mut DatabaseCheck) -> DbResult<()> {
    let last: Option<i64> = connection.query_row("SELECT max(id) FROM history", [], |row| row.get(0))?;
    let rows: usize = connection.query_row("SELECT count(*) FROM history", [], |row| row.get(0))?;
    let mut seen = Seen::new(last.unwrap_or(0));
    let mut next_row = connection.prepare(ROW)?;
    let mut requests = connection.prepare("SELECT id, newest, saved_points, log_entries FROM request ORDER BY id")?;
    let mut requests = requests.query([])?;
    let mut told = 0;
    while let Some(row) = requests.next()? {
        let request = RequestId(row.get(0)?);
        found.requests += 1;
        let Some(newest) = row.get::<_, Option<i64>>(1)? else { continue };
        let mut chain = Chain::default();
        let problem = match chain.walk(&mut next_row, newest, &mut seen)? {
            Err(problem) => Some(problem),
            Ok(()) => chain.compare(row)?,
        };
        found.saved_points += chain.points;
        found.log_entries += chain.entries;
        for (key, hash, bytes) in chain.objects {
            found.objects.push(NamedObject { key, hash, bytes, request });
        }
        if let Some(problem) = problem
            && told < TOLD
        {
            told += 1;
            found.problem(format!("request {request}"), problem);
        }
    }
    let mut removed = connection.prepare("SELECT row FROM history_removed")?;
    for newest in collect(removed.query([])?, |row| Ok(row.get::<_, i64>(0)?))? {
        if let Err(problem) = Chain::default().walk(&mut next_row, newest, &mut seen)? {
            found.problem("removed history", problem);
        }
    }
    if seen.count < rows {
        found.problem("history", format!("{} rows belong to no request", rows - seen.count));
    }
    found.objects.sort_unstable();
    found.objects.dedup_by(|later, first| later.key == first.key && later.hash == first.hash);
    Ok(())
}

const ROW: &str = "SELECT previous, kind, records, first, log, object_key, object_hash, object_bytes FROM history
                   WHERE id = ?";

/// Which rows have been seen: a bit a row.
struct Seen {
    bits: Vec<u64>,
    count: usize,
}

impl Seen {
    fn new(last: i64) -> Self {
        let words = usize::try_from(last / 64 + 1).unwrap_or(1);
        Self { bits: vec![0; words], count: 0 }
    }

    /// Notes a row. Whether it is seen for the first time.
    fn note(&mut self, row: i64) -> bool {
        let (word, bit) = (usize::try_from(row / 64).unwrap_or(usize::MAX), 1 << (row.rem_euclid(64)));
        let Some(word) = self.bits.get_mut(word) else { return false };
        let first = *word & bit == 0;
        *word |= bit;
        self.count += usize::from(first);
        first
    }
}

/// What one request has saved and logged.
#[derive(Default)]
struct Chain {
    points: u64,
    entries: u64,
    objects: Vec<(String, String, u64)>,
}

/// A row of a chain.
struct Link {
    previous: Option<i64>,
    /// Whether it is a saved point.
    is_point: bool,
    /// The row that saved points go on at, if it is a step back.
    back_to: Option<i64>,
    /// The number of its first log entry, and how many entries there are.
    log: Option<(u64, u64)>,
    object: Option<(String, String, u64)>,
}

impl Link {
    fn of(row: &Row<'_>) -> DbResult<Self> {
        let kind: Option<i64> = row.get(1)?;
        let records: Option<i64> = row.get(2)?;
        let log = match row.get::<_, Option<u64>>(3)? {
            Some(first) => {
                let json = row.get_ref(4)?.as_blob().map_err(rusqlite::Error::from)?;
                // What is no list counts as none, which the numbers then tell.
                let entries: Vec<IgnoredAny> = serde_json::from_slice(json).unwrap_or_default();
                Some((first, entries.len() as u64))
            }
            None => None,
        };
        let object = match (row.get(5)?, row.get(6)?, row.get(7)?) {
            (Some(key), Some(hash), Some(bytes)) => Some((key, hash, bytes)),
            _ => None,
        };
        Ok(Self {
            previous: row.get(0)?,
            is_point: kind.is_some(),
            back_to: records.filter(|_| kind.is_none()),
            log,
            object,
        })
    }
}

impl Chain {
    /// Goes along the chain from its newest row; the inner error says what is wrong with it.
    fn walk(&mut self, rows: &mut Statement<'_>, newest: i64, seen: &mut Seen) -> DbResult<Result<(), String>> {
        let mut next = Some(newest);
        // While set, saved points do not hold: up to this row, 0 being before all.
        let mut stepped_back: Option<i64> = None;
        let mut first_above: Option<u64> = None;
        while let Some(id) = next {
            let Some(link) = rows.query_row([id], |row| Ok(Link::of(row))).optional()?.transpose()? else {
                return Ok(Err(format!("row {id} of the history is missing")));
            };
            if !seen.note(id) {
                return Ok(Err(format!("row {id} of the history is in a second place, or in a circle")));
            }
            if stepped_back == Some(id) {
                stepped_back = None;
            }
            if stepped_back.is_none() {
                stepped_back = link.back_to;
                self.points += u64::from(link.is_point);
            }
            if let Some((first, entries)) = link.log {
                if first_above.is_some_and(|above| first + entries != above) || entries == 0 {
                    return Ok(Err(format!("its log has a gap behind entry {first}")));
                }
                first_above = Some(first);
                self.entries += entries;
            }
            self.objects.extend(link.object);
            next = link.previous;
        }
        Ok(match (stepped_back, first_above) {
            (Some(row), _) if row != 0 => Err(format!("it went back to row {row} of the history, which it has not")),
            (_, Some(first)) if first != 1 => Err(format!("its log begins with entry {first}")),
            _ => Ok(()),
        })
    }

    /// What the request's own row says otherwise.
    fn compare(&self, request: &Row<'_>) -> DbResult<Option<String>> {
        let (points, entries): (u64, u64) = (request.get(2)?, request.get(3)?);
        Ok(if points != self.points {
            Some(format!("it says that it has {points} saved points, and has {}", self.points))
        } else if entries != self.entries {
            Some(format!("it says that its log has {entries} entries, and it has {}", self.entries))
        } else {
            None
        })
    }
}
