//! Flows of 10 components with a step each, in DBOS: dbos-rust AT_ONCE SECONDS WARM_UP_SECONDS

use dbos::{Config, DBOS, WorkflowRef, step};
use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

#[derive(Clone, Serialize, Deserialize)]
struct Record {
    id: u64,
    text: String,
}

async fn component(mut record: Record) -> dbos::Result<Record> {
    record.id += 1;
    let first = record.text.remove(0);
    record.text.push(first);
    Ok(record)
}

async fn flow(mut record: Record) -> dbos::Result<u64> {
    for number in 1..=10 {
        let input = record.clone();
        record = step(&format!("component {number}"), move || component(input.clone())).await?;
    }
    Ok(record.id)
}

async fn load(flow: &WorkflowRef<Record, u64>, at_once: u32, seconds: u32) -> Vec<f64> {
    let end = Instant::now() + Duration::from_secs(seconds.into());
    let mut callers = JoinSet::new();
    for _ in 0..at_once {
        let flow = flow.clone();
        callers.spawn(async move {
            let mut times = Vec::new();
            while Instant::now() < end {
                let begin = Instant::now();
                let id = flow.run(Record { id: 0, text: "0123456789".repeat(100) }).await.expect("a flow failed");
                assert_eq!(id, 10);
                times.push(begin.elapsed().as_secs_f64() * 1000.0);
            }
            times
        });
    }
    callers.join_all().await.concat()
}

#[tokio::main]
async fn main() {
    let argument = |at| std::env::args().nth(at).and_then(|text| text.parse().ok()).expect("AT_ONCE SECONDS WARM_UP_SECONDS");
    let (at_once, seconds, warm_up): (u32, u32, u32) = (argument(1), argument(2), argument(3));
    let dbos = DBOS::new(Config { app_version: Some("1".to_owned()), ..Config::from_env("bench") });
    let flow = dbos.register_workflow("flow", flow).expect("register the workflow");
    dbos.launch().await.expect("launch");

    load(&flow, at_once, warm_up).await;
    let begin = Instant::now();
    let times = load(&flow, at_once, seconds).await;
    let seconds = begin.elapsed().as_secs_f64();
    dbos.shutdown().await;
    println!("{}", serde_json::json!({"seconds": seconds, "times_ms": times}));
}
