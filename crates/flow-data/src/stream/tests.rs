use super::*;
use crate::arrow::array::AsArray;
use crate::arrow::datatypes::{DataType, Int64Type};
use serde_json::{Value, json};

fn numbers(range: std::ops::Range<i64>) -> Stream {
    let rows: Vec<Stream> = range.map(|n| Stream::from_record(&[("n".to_owned(), json!(n))])).collect();
    Stream::append(&rows).unwrap()
}

fn values(stream: &Stream) -> Vec<i64> {
    stream.to_json_records().unwrap().iter().map(|row| row["n"].as_i64().unwrap()).collect()
}

#[test]
fn slices_cross_batches() {
    let stream = numbers(0..10);
    for (offset, len, expected) in [(0, 3, 0..3), (4, 4, 4..8), (8, 99, 8..10), (10, 1, 0..0), (3, 0, 0..0)] {
        assert_eq!(values(&stream.slice(offset, len).unwrap()), expected.collect::<Vec<_>>(), "{offset} {len}");
    }
}

#[test]
fn appending_needs_the_same_fields_and_lets_null_take_a_type() {
    let record = |name: &str, value| Stream::from_record(&[(name.to_owned(), value)]);
    let joined = Stream::append(&[record("n", json!(null)), record("n", json!(5))]).unwrap();
    assert_eq!(joined.schema().field(0).data_type(), &DataType::Int64);
    assert_eq!(joined.to_batch().unwrap().num_rows(), 2);
    for (other, part) in [
        (record("m", json!(1)), "“n” against “m”"),
        (record("n", json!("x")), "“n” is integer in one and text in another"),
    ] {
        let error = Stream::append(&[record("n", json!(1)), other]).unwrap_err();
        assert_eq!(error.code(), "data/different-fields");
        assert!(error.to_string().contains(part), "{error}");
    }
}

#[test]
fn wide_numbers_are_text_for_people_and_numbers_for_programs() {
    let stream =
        Stream::from_record(&[("n".to_owned(), json!(9_007_199_254_740_993_i64)), ("f".to_owned(), json!(1.5))]);
    assert_eq!(Value::from(stream.to_json_rows(1).unwrap().remove(0)), json!({"n": "9007199254740993", "f": 1.5}));
    assert_eq!(
        Value::from(stream.to_json_records().unwrap().remove(0)),
        json!({"n": 9_007_199_254_740_993_i64, "f": 1.5})
    );
    assert!(stream.to_json_rows(0).unwrap().is_empty());
}

#[test]
fn a_typed_record_keeps_its_types_whatever_the_values() {
    let stream =
        Stream::from_typed_record(&[("n", DataType::Float64, json!(3)), ("t", DataType::Utf8, json!(null))]).unwrap();
    assert_eq!(stream.schema().field(0).data_type(), &DataType::Float64);
    assert_eq!(stream.schema().field(1).data_type(), &DataType::Utf8);
    let error = Stream::from_typed_record(&[("n", DataType::Int64, json!("many"))]).unwrap_err();
    assert_eq!(error.to_string(), "“n”: \"many\" is no integer");
}

/// A flowing stream of batches of one record.
fn flowing(range: std::ops::Range<i64>) -> Stream {
    Stream::flowing(Arc::clone(numbers(0..1).schema()), move || {
        let batches = range.clone().map(|n| Stream::from_record(&[("n".to_owned(), json!(n))]).to_batch());
        Ok(Box::new(batches))
    })
}

#[derive(Default)]
struct Ear {
    rows: std::sync::atomic::AtomicU64,
    heard: parking_lot::Mutex<Vec<String>>,
}

impl Tap for Ear {
    fn rows(&self, rows: u64) {
        self.rows.fetch_add(rows, std::sync::atomic::Ordering::SeqCst);
    }

    fn failed(&self, error: &DataError) {
        self.heard.lock().push(error.to_string());
    }

    fn ended(&self) {
        self.heard.lock().push("ended".to_owned());
    }
}

#[test]
fn flowing_streams_come_out_in_order_however_many_threads_work_on_them() {
    let doubled = flowing(0..500)
        .map_batches(Arc::clone(numbers(0..1).schema()), |batch| {
            let n = batch.column(0).as_primitive::<Int64Type>().value(0);
            // Some take longer than others.
            std::thread::sleep(std::time::Duration::from_micros((n as u64 * 7919) % 300));
            Stream::from_record(&[("n".to_owned(), json!(2 * n))]).to_batch()
        })
        .unwrap();
    for _ in 0..2 {
        assert_eq!(values(&doubled), (0..500).map(|n| 2 * n).collect::<Vec<_>>());
    }
    assert_eq!(values(&doubled.slice(100, 3).unwrap()), [200, 202, 204]);
    assert_eq!(values(&Stream::append(&[doubled.first(2).unwrap(), flowing(7..9)]).unwrap()), [0, 2, 7, 8]);
}

#[test]
fn an_error_is_told_where_it_happened_and_counts_from_the_start_of_the_stream() {
    let ears: Vec<Arc<Ear>> = (0..3).map(|_| Arc::default()).collect();
    let schema = Arc::clone(numbers(0..1).schema());
    let failing = |at: i64| {
        move |batch: &RecordBatch| match batch.column(0).as_primitive::<Int64Type>().value(0) {
            n if n == at => Err(DataError::Evaluate { row: Some(1), message: "no".to_owned() }),
            n if n % 2 == 0 => Ok(batch.slice(0, 0)),
            _ => Ok(batch.clone()),
        }
    };
    let stream = flowing(0..100).tapped(ears[0].clone()).map_batches(Arc::clone(&schema), failing(41)).unwrap();
    let stream = stream.tapped(ears[1].clone()).map_batches(schema, failing(-1)).unwrap().tapped(ears[2].clone());
    let results: Vec<_> = stream.batches().unwrap().collect();
    assert_eq!(results.len(), 21, "20 odd numbers, then the error");
    let error = results[20].as_ref().unwrap_err();
    assert!(error.is_upstream());
    assert_eq!((error.code(), error.row()), ("data/evaluate", Some(42)));
    let heard: Vec<_> = ears.iter().map(|ear| ear.heard.lock().clone()).collect();
    assert_eq!(heard, [vec![], vec!["record 42: no".to_owned()], vec![]]);
    let good = flowing(0..5).tapped(ears[0].clone());
    good.hold(&Spool::in_memory()).unwrap();
    assert_eq!(ears[0].heard.lock().as_slice(), ["ended"]);
}

#[test]
fn a_panic_in_a_mapping_is_an_error() {
    let schema = Arc::clone(numbers(0..1).schema());
    let stream = flowing(0..9)
        .map_batches(schema, |batch| {
            assert!(batch.column(0).as_primitive::<Int64Type>().value(0) < 5, "five");
            Ok(batch.clone())
        })
        .unwrap();
    let error = stream.to_batch().unwrap_err();
    assert_eq!(error.code(), "data/internal");
    assert!(error.to_string().contains("five"), "{error}");
}

#[test]
fn a_reader_that_stops_early_reads_no_more_than_a_little_ahead() {
    let read = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = Arc::clone(&read);
    let stream = Stream::flowing(Arc::clone(numbers(0..1).schema()), move || {
        let count = Arc::clone(&count);
        Ok(Box::new((0..).map(move |n: i64| {
            count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            Stream::from_record(&[("n".to_owned(), json!(n))]).to_batch()
        })))
    });
    let mapped = stream.map_batches(Arc::clone(stream.schema()), |batch| Ok(batch.clone())).unwrap();
    assert_eq!(values(&mapped.first(3).unwrap()), [0, 1, 2]);
    assert!(read.load(std::sync::atomic::Ordering::SeqCst) < 20);
}

#[test]
fn an_error_names_the_place_of_its_stream_and_no_later_one() {
    let failing = flowing(0..3)
        .map_batches(Arc::clone(numbers(0..1).schema()), |batch| {
            match batch.column(0).as_primitive::<Int64Type>().value(0) {
                2 => Err(DataError::Evaluate { row: Some(1), message: "no".to_owned() }),
                _ => Ok(batch.clone()),
            }
        })
        .unwrap();
    let (inner, outer) = (Arc::<Ear>::default(), Arc::<Ear>::default());
    let stream = failing.about("file “a”").tapped(inner.clone()).about("file “b”").tapped(outer.clone());
    let error = stream.to_batch().unwrap_err();
    assert_eq!((error.to_string().as_str(), error.row()), ("file “a”: record 3: no", Some(3)));
    assert_eq!(inner.heard.lock().as_slice(), ["file “a”: record 3: no"]);
    assert!(outer.heard.lock().is_empty());
    assert_eq!(inner.rows.load(std::sync::atomic::Ordering::SeqCst), 2);
}
