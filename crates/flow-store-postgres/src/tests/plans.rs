//! How the database finds what it is asked for: by the index of that, whatever its planner knows of the tables.

use super::{made_database, server_with_schema};
use crate::PostgresStore;
use crate::requests::{claim_queries, count_of_groups, ended_sql, list_of_all, list_of_groups, open_of_server_sql};
use deadpool_postgres::ClientWrapper;
use flow_store::conformance::{anywhere, new_request};
use flow_store::{RequestFilter, RequestStore as _};
use tokio_postgres::SimpleQueryMessage;

/// A thousand firings of a trigger, every other one of which passes.
const FIRINGS: &str = r#"
    INSERT INTO trigger_state (project, "trigger", mark, present, active, reached, fired, missed)
    VALUES ('p', 't', '', true, true, 0, 0, 0) ON CONFLICT DO NOTHING;
    INSERT INTO trigger_firing ("trigger", key, due, at, missed, lasting)
    SELECT s.id, gen_random_uuid()::text, n, n, 0, n % 2 = 0
    FROM trigger_state s CROSS JOIN generate_series(1, 1000) n"#;

/// Statements with their values, each with the index that it is to go through.
fn statements() -> Vec<(String, &'static str, &'static str)> {
    let all = RequestFilter::default();
    let urgent = RequestFilter { priority: Some(7), ..all.clone() };
    let [look, next_due] = claim_queries();
    let page = "0, 900000, 0, 9000000000000, 10000, '{1,2}', 5000";
    let span = "0, 900000, 0, 9000000000000, '{1,2}'";
    vec![
        (look, "'a', 1, 9000000000000, 64", "request_open"),
        (next_due, "'a', 1, 9000000000000", "request_open"),
        (open_of_server_sql(), "1, 5", "request_open"),
        (list_of_groups(&all), page, "request_by_group"),
        (list_of_groups(&urgent), page, "request_by_priority"),
        (list_of_all(&all), "0, 900000, 0, 9000000000000, 100", "request_pkey"),
        (count_of_groups(&all), span, "request_by_group"),
        (count_of_groups(&urgent), span, "request_by_priority"),
        (ended_sql(), "4, 0, 'p', 'f', 100", "request_ended"),
        (crate::triggers::FORGET.to_owned(), "1, 5, 1000", "trigger_firing_passing"),
    ]
}

async fn plan(db: &ClientWrapper, mode: &str, sql: &str, values: &str) -> String {
    let prepare = format!("DEALLOCATE ALL; SET plan_cache_mode = {mode}; PREPARE one AS {sql}");
    db.batch_execute(&prepare).await.unwrap();
    let rows = db.simple_query(&format!("EXPLAIN (COSTS OFF) EXECUTE one ({values})")).await.unwrap();
    let line = |row: &SimpleQueryMessage| match row {
        SimpleQueryMessage::Row(row) => row.get(0).map(ToOwned::to_owned),
        _ => None,
    };
    rows.iter().filter_map(line).collect::<Vec<String>>().join("\n")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_looked_for_is_found_by_its_index_whatever_the_planner_knows() {
    let server = server_with_schema().await;
    let store = PostgresStore::open(&made_database(&server)).await.unwrap();
    let db = store.database.reader().await.unwrap();
    for number in 0..3 {
        store.create_requests(vec![new_request(anywhere()); 1000], None, None).await.unwrap();
        db.batch_execute(FIRINGS).await.unwrap();
        // First it knows nothing, then of all that there is, and then of a few, which it takes for all.
        if number == 1 {
            db.batch_execute("ANALYZE").await.unwrap();
        }
        for (sql, values, index) in statements() {
            for mode in ["force_generic_plan", "force_custom_plan"] {
                let plan = plan(&db, mode, &sql, values).await;
                assert!(plan.contains(index) && !plan.contains("Seq Scan"), "{number}, {mode}: {plan}");
            }
        }
    }
}
