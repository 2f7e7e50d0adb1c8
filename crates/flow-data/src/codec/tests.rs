use super::*;
use crate::arrow::array::{ArrayRef, Int64Array, StringArray};
use crate::arrow::datatypes::{DataType, Field, Schema};
use serde_json::json;
use std::time::Instant;

fn numbers(rows: i64) -> Stream {
    let schema =
        Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, false), Field::new("text", DataType::Utf8, true)]));
    let n: ArrayRef = Arc::new(Int64Array::from_iter_values(0..rows));
    let text: ArrayRef =
        Arc::new(StringArray::from_iter((0..rows).map(|n| (n % 3 != 0).then(|| format!("record {n}")))));
    let batch = RecordBatch::try_new(Arc::clone(&schema), vec![n, text]).unwrap();
    Stream::new(schema, vec![batch])
}

#[test]
fn a_stream_survives_the_way_there_and_back() {
    let record = [("id".to_owned(), json!(7)), ("none".to_owned(), json!(null)), ("ok".to_owned(), json!(true))];
    for stream in [Stream::from_record(&record), numbers(0), numbers(1), numbers(50_000), Stream::from_record(&[])] {
        let decoded = decode(encode(&stream).unwrap()).unwrap();
        assert_eq!(decoded, stream);
    }
}

#[test]
fn large_streams_are_compressed_and_slices_save_only_their_part() {
    let large = numbers(50_000);
    let whole = encode(&large).unwrap();
    assert!(whole.len() < large.memory() / 4, "{} bytes for {}", whole.len(), large.memory());
    let part = encode(&large.slice(10, 5).unwrap()).unwrap();
    assert!(part.len() < 2_000, "{} bytes for five records", part.len());
    assert_eq!(decode(part).unwrap(), large.slice(10, 5).unwrap());
}

#[test]
fn every_damaged_byte_is_an_error_and_never_a_panic() {
    let bytes = encode(&numbers(20)).unwrap();
    for place in 0..bytes.len() {
        let mut damaged = bytes.to_vec();
        damaged[place] ^= 0x41;
        assert_eq!(decode(Bytes::from(damaged)).unwrap_err().code(), "data/decode", "byte {place}");
        assert_eq!(decode(bytes.slice(..place)).unwrap_err().code(), "data/decode", "cut at {place}");
    }
}

#[test]
fn nonsense_with_a_valid_checksum_is_an_error() {
    let good = encode(&numbers(20)).unwrap();
    let body = &good[..good.len() - CHECKSUM];
    for place in 0..body.len() {
        let mut nonsense = body.to_vec();
        nonsense[place] = nonsense[place].wrapping_add(37);
        let sum = shortened(blake3::hash(&nonsense));
        nonsense.extend_from_slice(&sum);
        // Some bytes are mere data: then it decodes to another stream. It must only never panic.
        if let Err(error) = decode(Bytes::from(nonsense)) {
            assert_eq!(error.code(), "data/decode");
        }
    }
}

/// Prints figures; run it with `--release --nocapture --ignored` for those that count.
#[test]
#[ignore = "a measurement"]
fn time_of_small_streams() {
    let stream = numbers(12);
    let rounds = 20_000;
    let begun = Instant::now();
    for _ in 0..rounds {
        std::hint::black_box(encode(&stream).unwrap());
    }
    let bytes = encode(&stream).unwrap();
    println!("encode {} bytes: {:?}", bytes.len(), begun.elapsed() / rounds);
    let begun = Instant::now();
    for _ in 0..rounds {
        std::hint::black_box(decode(bytes.clone()).unwrap());
    }
    println!("decode: {:?}", begun.elapsed() / rounds);
}
