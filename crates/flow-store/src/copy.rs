//! Copying all of a checkpoint database into another one, of whatever kind.
//!
//! Both are seen as the same tables with the same columns ([`CopyEnd`]), whose rows come in the order of their keys. Rows are
//! written some at a time, each time together with how far the copy has come ([`CopyMark`]), so that a copy that was stopped
//! goes on where it was. As long as the mark stands, no server may use the target. In the end all rows of both are read
//! once more and compared by their hashes.

mod mark;
mod page;
mod tables;

use crate::{StoreError, StoredObject};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

pub use mark::{CopyMark, MARK};
pub use page::{PAGE, PageSize};
pub use tables::{LEFT_OUT, Table};

/// A value in a row. What is true or false is 1 or 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cell {
    /// Nothing.
    None,
    /// A number.
    Number(i64),
    /// A text, without the character with the number 0.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

impl Cell {
    /// A text as both kinds of databases can keep it.
    pub fn text(text: &str) -> Self {
        Self::Text(if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text.to_owned() })
    }

    /// How many bytes it has.
    pub fn bytes(&self) -> usize {
        match self {
            Self::None | Self::Number(_) => 8,
            Self::Text(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
        }
    }

    fn hash(&self, hasher: &mut blake3::Hasher) {
        let mut sized = |kind: u8, bytes: &[u8]| {
            hasher.update(&[kind]).update(&(bytes.len() as u64).to_le_bytes()).update(bytes);
        };
        match self {
            Self::None => sized(0, &[]),
            Self::Number(number) => sized(1, &number.to_le_bytes()),
            Self::Text(text) => sized(2, text.as_bytes()),
            Self::Bytes(bytes) => sized(3, bytes),
        }
    }
}

/// The values of a row, in the order of [`Table::columns`].
pub type Cells = Vec<Cell>;

/// One end of a copy: a checkpoint database as tables that are the same for every kind of database. Columns that only one
/// kind has are not shown, and made anew where rows are written: the numbers of requests in a group; the chain of a
/// request's history, whose rows count from 1 here.
#[async_trait]
pub trait CopyEnd: Send {
    /// Its tables, in an order in which each comes behind those that its rows refer to.
    async fn tables(&mut self) -> Result<Vec<Table>, StoreError>;

    /// How many rows a table has.
    async fn count(&mut self, table: &Table) -> Result<u64, StoreError>;

    /// The next page of rows behind the one with the key `after`, in the order of keys; none if there are no more. What a
    /// source shows is of one moment.
    async fn rows(&mut self, table: &Table, after: Option<&[Cell]>, page: PageSize) -> Result<Vec<Cells>, StoreError>;

    /// The objects of the storage that saved points name, each once, by key.
    async fn objects(&mut self) -> Result<Vec<StoredObject>, StoreError>;

    /// The highest id that a request has ever had; 0 if there was none.
    async fn last_request(&mut self) -> Result<i64, StoreError>;

    /// What is known of the cluster under a name, such as `cluster-id`.
    async fn known(&mut self, key: &str) -> Result<Option<String>, StoreError>;

    /// Changes what is known of the cluster, all at once; none: it is known no longer.
    async fn note(&mut self, known: &[(&str, Option<&str>)]) -> Result<(), StoreError>;

    /// Writes rows and the mark in one transaction.
    async fn write(&mut self, table: &Table, rows: Vec<Cells>, mark: &str) -> Result<(), StoreError>;

    /// Makes what follows from the rows: counts, and where ids go on. May be called again.
    async fn complete(&mut self, last_request: i64) -> Result<(), StoreError>;
}

/// Reads the mark of a database.
pub async fn mark_of(end: &mut dyn CopyEnd) -> Result<Option<CopyMark>, StoreError> {
    end.known(MARK).await?.map(|text| CopyMark::read(&text)).transpose()
}

/// How far a copy is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress<'a> {
    /// What is being done.
    pub doing: Doing,
    /// To which table.
    pub table: &'a str,
    /// Rows that are done with, of all tables.
    pub rows: u64,
    /// How many there are.
    pub of: u64,
}

/// What is being done to the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doing {
    /// They are copied.
    Copying,
    /// They are read again at both ends and compared.
    Comparing,
}

/// What was copied of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CopiedTable {
    /// Its name.
    pub table: String,
    /// Its rows.
    pub rows: u64,
    /// BLAKE3 of all that is in them, in hex: the same at both ends.
    pub hash: String,
}

/// A copy that is being made.
pub struct Copy<'a> {
    from: &'a mut dyn CopyEnd,
    to: &'a mut dyn CopyEnd,
    tables: Vec<Table>,
    /// Which cluster it is.
    cluster: String,
    /// Where it comes from, for people.
    source: String,
    /// The table and the key of the last row that was written.
    last: Option<(String, Cells)>,
    rows: u64,
    of: u64,
}

impl<'a> Copy<'a> {
    /// Begins a copy, or goes on with one that was stopped. `source` and `target` tell people where the two are.
    ///
    /// Fails with `store/not-empty` where the target holds anything else, with `store/moved` or `store/copy-incomplete`
    /// where the source is not to be copied, and with `store/conflict` where the two are of different releases.
    pub async fn begin(
        from: &'a mut dyn CopyEnd,
        to: &'a mut dyn CopyEnd,
        (source, target): (&str, &str),
    ) -> Result<Self, StoreError> {
        let missing = || StoreError::Corrupt("the database has no cluster id".to_owned());
        let cluster = from.known("cluster-id").await?.ok_or_else(missing)?;
        let (tables, theirs) = (from.tables().await?, to.tables().await?);
        tables::check_same(&tables, &theirs)?;
        let last = match mark_of(to).await? {
            Some(CopyMark::Incomplete { cluster: of, last, .. }) if of == cluster => last,
            Some(CopyMark::Incomplete { from, .. }) => {
                return Err(StoreError::NotEmpty(format!("the target holds a part of a copy of {from}")));
            }
            Some(moved) => return Err(moved.refusal()),
            None => {
                for table in &tables {
                    if to.count(table).await? > 0 {
                        let message = format!("the target holds data already (in the table {})", table.name);
                        return Err(StoreError::NotEmpty(message));
                    }
                }
                None
            }
        };
        match mark_of(from).await? {
            // Both ends had been told that the copy is whole, but for the last word to the target.
            Some(CopyMark::Moved { to }) if to == target && last.is_some() => {}
            Some(mark) => return Err(mark.refusal()),
            None => {}
        }
        let mut copy = Self { from, to, tables, cluster, source: source.to_owned(), last, rows: 0, of: 0 };
        for table in &copy.tables {
            copy.of += copy.from.count(table).await?;
        }
        let mark = copy.mark(copy.last.clone())?;
        copy.to.note(&[(MARK, Some(&mark))]).await?;
        Ok(copy)
    }

    fn mark(&self, last: Option<(String, Cells)>) -> Result<String, StoreError> {
        CopyMark::Incomplete { from: self.source.clone(), cluster: self.cluster.clone(), last }.text()
    }

    /// Whether it goes on with one that was stopped.
    pub fn goes_on(&self) -> bool {
        self.last.is_some()
    }

    /// Copies the rows.
    pub async fn copy_rows(&mut self, progress: &mut (dyn FnMut(Progress<'_>) + Send)) -> Result<(), StoreError> {
        let mut skips = self.last.is_some();
        for table in self.tables.clone() {
            let mut after = None;
            match &self.last {
                Some((last, key)) if skips && *last == table.name => {
                    (skips, after) = (false, Some(key.clone()));
                    self.rows += self.to.count(&table).await?;
                }
                _ if skips => {
                    self.rows += self.to.count(&table).await?;
                    continue;
                }
                _ => {}
            }
            loop {
                let rows = self.from.rows(&table, after.as_deref(), PAGE).await?;
                let Some(last) = rows.last() else { break };
                let key: Cells = last.iter().take(table.key).cloned().collect();
                let mark = self.mark(Some((table.name.clone(), key.clone())))?;
                self.rows += rows.len() as u64;
                self.to.write(&table, rows, &mark).await?;
                after = Some(key);
                progress(Progress { doing: Doing::Copying, table: &table.name, rows: self.rows, of: self.of });
            }
        }
        let last_request = self.from.last_request().await?;
        self.to.complete(last_request).await
    }

    /// The objects that saved points name.
    pub async fn objects(&mut self) -> Result<Vec<StoredObject>, StoreError> {
        self.from.objects().await
    }

    /// Reads all rows at both ends and compares them.
    ///
    /// Fails with `store/copy-differs`: the source was changed since the copy began, or one of the two is damaged.
    pub async fn compare(
        &mut self,
        progress: &mut (dyn FnMut(Progress<'_>) + Send),
    ) -> Result<Vec<CopiedTable>, StoreError> {
        let (mut copied, mut done) = (Vec::with_capacity(self.tables.len()), 0);
        for table in &self.tables {
            let (mut here, mut there) = (Digest::default(), Digest::default());
            while !(here.ended && there.ended) {
                let (from, to) = (&mut *self.from, &mut *self.to);
                let (read, also) = tokio::join!(here.go_on(from, table), there.go_on(to, table));
                read?;
                also?;
                progress(Progress {
                    doing: Doing::Comparing,
                    table: &table.name,
                    rows: done + here.rows,
                    of: self.of.max(done + here.rows),
                });
            }
            done += here.rows;
            let (hash, also) = (here.hasher.finalize(), there.hasher.finalize());
            if here.rows != there.rows || hash != also {
                return Err(StoreError::CopyDiffers {
                    table: table.name.clone(),
                    source_rows: here.rows,
                    target_rows: there.rows,
                });
            }
            copied.push(CopiedTable { table: table.name.clone(), rows: here.rows, hash: hash.to_hex().to_string() });
        }
        Ok(copied)
    }

    /// The copy is whole: servers may use the target. Where `moves_to` names it, they may use the source no longer.
    /// `storage` is the identity of the storage that the target is used with; none: the next server finds it out.
    pub async fn finish(self, moves_to: Option<&str>, storage: Option<&str>) -> Result<(), StoreError> {
        if let Some(to) = moves_to {
            let moved = CopyMark::Moved { to: to.to_owned() }.text()?;
            self.from.note(&[(MARK, Some(&moved))]).await?;
        }
        self.to.note(&[("cluster-id", Some(&self.cluster)), ("storage-id", storage), (MARK, None)]).await
    }
}

/// The hash of a table, while it is being read.
#[derive(Default)]
struct Digest {
    hasher: blake3::Hasher,
    rows: u64,
    after: Option<Cells>,
    ended: bool,
}

impl Digest {
    async fn go_on(&mut self, end: &mut dyn CopyEnd, table: &Table) -> Result<(), StoreError> {
        if self.ended {
            return Ok(());
        }
        let rows = end.rows(table, self.after.as_deref(), PAGE).await?;
        for row in &rows {
            for cell in row {
                cell.hash(&mut self.hasher);
            }
        }
        self.rows += rows.len() as u64;
        self.ended = rows.is_empty();
        if let Some(last) = rows.last() {
            self.after = Some(last.iter().take(table.key).cloned().collect());
        }
        Ok(())
    }
}
