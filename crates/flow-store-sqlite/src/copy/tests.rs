//! Reading what is copied.

use super::SqliteCopyEnd;
use flow_store::copy::{Cell, Cells, CopyEnd, PageSize};
use tempfile::TempDir;

#[tokio::test]
async fn large_rows_are_read_few_at_once_and_all_in_the_end() {
    let folder = TempDir::new().unwrap();
    let mut end = SqliteCopyEnd::target(&folder.path().join("cairn.db")).unwrap();
    let tables = end.tables().await.unwrap();
    let table = tables.iter().find(|table| table.name == "file").unwrap();
    assert_eq!(table.columns, ["id", "bytes", "hash"]);
    let file = |id: u8, bytes| vec![Cell::Number(id.into()), Cell::Bytes(vec![id; bytes]), Cell::Bytes(vec![id; 32])];
    let sizes = [10, 10, 10, 10, 900, 10, 3000, 5000, 10];
    let all: Vec<Cells> = (1..).zip(sizes).map(|(id, bytes)| file(id, bytes)).collect();
    end.write(table, all.clone(), "mark").await.unwrap();
    let (mut read, mut pages, mut after) = (Vec::new(), Vec::new(), None::<Cells>);
    loop {
        let page = end.rows(table, after.as_deref(), PageSize { rows: 3, bytes: 1000 }).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last[..table.key].to_vec());
        pages.push(page.len());
        read.extend(page);
    }
    assert_eq!(read, all);
    assert_eq!(pages, [3, 3, 1, 1, 1]);
}
