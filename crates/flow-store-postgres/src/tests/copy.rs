//! Reading what is copied.

use super::server_with_schema;
use crate::PostgresCopyEnd;
use flow_store::copy::{Cell, Cells, CopyEnd, PageSize, Table};

const PAGE: PageSize = PageSize { rows: 3, bytes: 1000 };

/// The next pages behind a key, with how many rows each has.
async fn pages(end: &mut PostgresCopyEnd, table: &Table, mut after: Option<Cells>) -> (Vec<Cells>, Vec<usize>) {
    let (mut read, mut pages) = (Vec::new(), Vec::new());
    loop {
        let page = end.rows(table, after.as_deref(), PAGE).await.unwrap();
        let Some(last) = page.last() else { return (read, pages) };
        after = Some(last[..table.key].to_vec());
        pages.push(page.len());
        read.extend(page);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_rows_are_read_few_at_once_and_all_in_the_end() {
    let server = server_with_schema().await;
    let address = server.address("cairn", "test_0").parse().unwrap();
    let mut end = PostgresCopyEnd::target(&address).await.unwrap();
    let tables = end.tables().await.unwrap();
    let table = tables.iter().find(|table| table.name == "file").unwrap();
    assert_eq!(table.columns, ["id", "bytes", "hash"]);
    let file = |id: u8, bytes| vec![Cell::Number(id.into()), Cell::Bytes(vec![id; bytes]), Cell::Bytes(vec![id; 32])];
    let sizes = [10, 10, 10, 10, 900, 10, 3000, 5000, 10];
    let all: Vec<Cells> = (1..).zip(sizes).map(|(id, bytes)| file(id, bytes)).collect();
    end.write(table, all.clone(), "mark").await.unwrap();
    assert_eq!(pages(&mut end, table, None).await, (all.clone(), vec![3, 3, 1, 1, 1]));
    // From within a page, as when a copy goes on.
    let after = Some(all[3][..table.key].to_vec());
    assert_eq!(pages(&mut end, table, after).await, (all[4..].to_vec(), vec![3, 1, 1]));
}
