//! Saved streams. Damaged ones are found by their checksum; here it is made to fit, as if another program had written
//! them.

use super::fuzz;
use flow_data::{Stream, decode, decode_file, encode};
use serde_json::json;
use std::io::{Seek, SeekFrom, Write};

/// How many bytes of the BLAKE3 hash stand at the end.
const CHECKSUM: usize = 8;

fn samples() -> Vec<Vec<u8>> {
    let small = Stream::from_record(&[
        ("id".to_owned(), json!(1)),
        ("name".to_owned(), json!("Zoë")),
        ("tags".to_owned(), json!(["a", null])),
        ("of".to_owned(), json!({"x": 1.5, "y": null})),
    ]);
    // Large enough to be compressed.
    let many: Vec<Stream> = (0..2000)
        .map(|row| {
            Stream::from_record(&[("row".to_owned(), json!(row)), ("text".to_owned(), json!(format!("t{row}")))])
        })
        .collect();
    let large = Stream::append(&many).unwrap();
    [small, large]
        .iter()
        .map(|stream| encode(stream).unwrap())
        .map(|bytes| bytes[..bytes.len() - CHECKSUM].to_vec())
        .collect()
}

fn read_all(stream: &Stream) {
    let Ok(batches) = stream.batches() else { return };
    for batch in batches.map_while(Result::ok) {
        assert_eq!(batch.num_columns(), stream.schema().fields().len());
    }
    stream.to_json_rows(100).ok();
}

#[test]
fn any_saved_stream_is_records_or_an_error() {
    let folder = tempfile::tempdir().unwrap();
    fuzz("checkpoint", samples(), &["\u{0}\u{0}\u{0}\u{0}", "ARROW1"], |input| {
        let mut bytes = input.to_vec();
        decode(bytes.clone().into()).ok();
        bytes.extend_from_slice(&blake3::hash(input).as_bytes()[..CHECKSUM]);
        if let Ok(stream) = decode(bytes.clone().into()) {
            read_all(&stream);
        }
        let mut file = tempfile::tempfile_in(folder.path()).unwrap();
        file.write_all(&bytes).unwrap();
        file.seek(SeekFrom::Start(0)).unwrap();
        if let Ok(stream) = decode_file(file) {
            read_all(&stream);
        }
    });
}
