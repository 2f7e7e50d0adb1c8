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

/// The bytes that the library's own writer makes, with the checksum.
fn as_written_by_the_library(stream: &Stream) -> Vec<u8> {
    let options = Layout::Plain.options();
    let mut writer = StreamWriter::try_new_with_options(Vec::new(), stream.schema(), options).unwrap();
    stream.held().unwrap().iter().for_each(|batch| writer.write(batch).unwrap());
    let mut bytes = writer.into_inner().unwrap();
    bytes.extend_from_slice(&shortened(blake3::hash(&bytes)));
    bytes
}

#[test]
fn small_streams_are_the_same_to_the_byte_whatever_was_encoded_before() {
    let other = Stream::from_record(&[("n".to_owned(), json!("a text")), ("list".to_owned(), json!([1, 2]))]);
    let two = {
        let one = numbers(3);
        let batch = one.held().unwrap()[0].clone();
        Stream::new(Arc::clone(one.schema()), vec![batch.clone(), batch])
    };
    for stream in [numbers(1), other, numbers(12), numbers(0), two.clone(), numbers(12).slice(3, 4).unwrap(), two] {
        for _ in 0..2 {
            assert_eq!(encode(&stream).unwrap(), as_written_by_the_library(&stream));
        }
    }
}

#[test]
fn small_streams_with_dictionaries_survive_each_time() {
    let colors: crate::arrow::array::DictionaryArray<crate::arrow::datatypes::Int32Type> =
        ["red", "green", "red"].into_iter().collect();
    let field = Field::new("color", crate::arrow::array::Array::data_type(&colors).clone(), true);
    let schema = Arc::new(Schema::new(vec![field]));
    let batch = RecordBatch::try_new(Arc::clone(&schema), vec![Arc::new(colors) as ArrayRef]).unwrap();
    let stream = Stream::new(schema, vec![batch]);
    for _ in 0..3 {
        assert_eq!(decode(encode(&stream).unwrap()).unwrap(), stream);
    }
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

/// A flowing stream of `batches` batches of 1,000 records.
fn flowing(batches: i64) -> Stream {
    let batch = numbers(1_000).to_batch().unwrap();
    Stream::flowing(batch.schema(), move || {
        let batch = batch.clone();
        Ok(Box::new((0..batches).map(move |_| Ok(batch.clone()))))
    })
}

fn saved(stream: &Stream) -> File {
    let mut file = tempfile::tempfile().unwrap();
    assert_eq!(
        write(stream, &mut file).unwrap(),
        stream.batches().unwrap().map(|batch| batch.unwrap().num_rows() as u64).sum::<u64>()
    );
    file
}

#[test]
fn a_stream_of_any_size_is_written_batch_by_batch_and_read_lazily() {
    let stream = flowing(300);
    let saved = decode_file(saved(&stream)).unwrap();
    assert_eq!((saved.rows(), saved.memory(), saved.is_flowing()), (Some(300_000), 0, false));
    for _ in 0..2 {
        let batches: Vec<_> = saved.batches().unwrap().map(Result::unwrap).collect();
        assert_eq!(batches.len(), 300);
        assert_eq!(batches[299], numbers(1_000).to_batch().unwrap());
    }
    assert_eq!(saved.schema(), stream.schema());
    assert_eq!(decode(encode(&stream).unwrap()).unwrap().rows(), Some(300_000));
}

#[test]
fn a_file_holds_what_the_bytes_hold() {
    for stream in [numbers(0), numbers(7), Stream::from_record(&[]), Stream::from_record(&[("a".to_owned(), json!(1))])]
    {
        let file = decode_file(saved(&stream)).unwrap();
        assert_eq!((file.rows(), file.schema()), (stream.rows(), stream.schema()));
        assert_eq!(file.to_json_records().unwrap(), stream.to_json_records().unwrap());
        let mut bytes = Vec::new();
        write(&stream, &mut bytes).unwrap();
        assert_eq!(decode(bytes.into()).unwrap().to_json_records().unwrap(), stream.to_json_records().unwrap());
        let mut small = tempfile::tempfile().unwrap();
        small.write_all(&encode(&stream).unwrap()).unwrap();
        assert_eq!(decode_file(small).unwrap().rows(), stream.rows());
    }
}

fn file_of(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file
}

#[test]
fn a_damaged_file_is_an_error_before_a_record_is_read() {
    let mut bytes = Vec::new();
    write(&numbers(3_000), &mut bytes).unwrap();
    for place in (0..bytes.len()).step_by(97) {
        let mut damaged = bytes.clone();
        damaged[place] ^= 0x41;
        assert_eq!(decode_file(file_of(&damaged)).unwrap_err().code(), "data/decode", "byte {place}");
        assert_eq!(decode_file(file_of(&bytes[..place])).unwrap_err().code(), "data/decode", "cut at {place}");
    }
}

/// Reads a file or bytes of nonsense with a valid checksum: some stream, or an error.
fn read_nonsense(mut nonsense: Vec<u8>) {
    let sum = shortened(blake3::hash(&nonsense));
    nonsense.extend_from_slice(&sum);
    let from_file = decode_file(file_of(&nonsense)).and_then(|stream| stream.batches()?.collect::<Result<Vec<_>, _>>());
    let from_bytes = decode(Bytes::from(nonsense));
    for code in [from_file.err(), from_bytes.err()].iter().flatten().map(DataError::code) {
        assert_eq!(code, "data/decode");
    }
}

#[test]
fn impossible_sizes_take_no_memory() {
    let mut bytes = Vec::new();
    write(&numbers(300), &mut bytes).unwrap();
    let body = bytes[..bytes.len() - CHECKSUM].to_vec();
    // Sizes are whole numbers of four and eight bytes somewhere in it.
    for place in (0..body.len().min(1_500) - 8).step_by(4) {
        for huge in [i64::from(i32::MAX), 1 << 40] {
            let mut nonsense = body.clone();
            nonsense[place..place + 8].copy_from_slice(&huge.to_le_bytes());
            read_nonsense(nonsense);
        }
    }
}

proptest::proptest! {
    #[test]
    fn any_bytes_with_a_valid_checksum_are_a_stream_or_an_error(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
        read_nonsense(bytes.clone());
        let mut begun = vec![0xff; 4];
        begun.extend(bytes);
        read_nonsense(begun);
    }

    #[test]
    fn any_damage_with_a_valid_checksum_is_a_stream_or_an_error(places in proptest::collection::vec((proptest::prelude::any::<proptest::sample::Index>(), proptest::prelude::any::<u8>()), 1..8)) {
        let bytes = encode(&numbers(100)).unwrap();
        let mut nonsense = bytes[..bytes.len() - CHECKSUM].to_vec();
        for (place, value) in places {
            let place = place.index(nonsense.len());
            nonsense[place] = value;
        }
        read_nonsense(nonsense);
    }
}
