use super::*;
use crate::arrow::array::Int64Array;
use crate::arrow::datatypes::{DataType, Field, Schema};

const BATCH: i64 = 1_000;

fn numbers(batches: i64) -> Stream {
    let schema = Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, true)]));
    let result = Arc::clone(&schema);
    Stream::flowing(result, move || {
        let schema = Arc::clone(&schema);
        Ok(Box::new((0..batches).map(move |batch| {
            let values = Int64Array::from_iter_values(batch * BATCH..(batch + 1) * BATCH);
            Ok(RecordBatch::try_new(Arc::clone(&schema), vec![Arc::new(values)]).unwrap())
        })))
    })
}

fn sum(stream: &Stream) -> i64 {
    let of = |batch: &RecordBatch| {
        crate::arrow::compute::sum(crate::arrow::array::AsArray::as_primitive::<crate::arrow::datatypes::Int64Type>(
            batch.column(0),
        ))
        .unwrap_or(0)
    };
    stream.batches().unwrap().map(|batch| of(&batch.unwrap())).sum()
}

#[test]
fn a_stream_beyond_its_limit_goes_to_a_file_that_can_be_read_again_and_again() {
    let folder = tempfile::tempdir().unwrap();
    let limits = SpoolLimits { stream: 100_000, streams: 1_000_000, plans: 1 };
    let spool = Spool::new(folder.path(), limits);
    let small = numbers(5).hold(&spool).unwrap();
    assert!(small.held().is_some() && spool.held() > 0);
    let large = numbers(500).hold(&spool).unwrap();
    assert!(large.held().is_none() && !large.is_flowing());
    assert_eq!(large.rows(), Some(500_000));
    for _ in 0..2 {
        assert_eq!(sum(&large), 500_000 * 499_999 / 2);
    }
    assert!(spool.most_held() <= 200_000, "{}", spool.most_held());
    drop((small, large));
    assert_eq!(spool.held(), 0);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the files have no names");
}

#[test]
fn all_streams_together_stay_within_the_limit_of_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::new(folder.path(), SpoolLimits { stream: 50_000, streams: 120_000, plans: 1 });
    let streams: Vec<Stream> = (0..10).map(|_| numbers(5).hold(&spool).unwrap()).collect();
    assert!(
        streams.iter().any(|stream| stream.held().is_some()) && streams.iter().any(|stream| stream.held().is_none())
    );
    assert!(spool.most_held() <= 120_000, "{}", spool.most_held());
    assert!(streams.iter().all(|stream| sum(stream) == 5_000 * 4_999 / 2));
}

#[test]
fn a_folder_that_cannot_be_used_is_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let spool = Spool::new(file.path().join("below"), SpoolLimits { stream: 0, streams: 0, plans: 1 });
    let error = numbers(1).hold(&spool).unwrap_err();
    assert_eq!(error.code(), "data/file");
    assert!(error.to_string().contains(&*file.path().to_string_lossy()), "{error}");
}
