//! Batches on their way from a database into a stream.

use crate::{ComponentError, RunContext};
use flow_data::Stream;
use flow_data::arrow::compute::cast;
use flow_data::arrow::datatypes::SchemaRef;
use flow_data::arrow::record_batch::{RecordBatch, RecordBatchOptions};
use std::sync::Arc;
use tokio::sync::mpsc;

/// How many batches may wait to be collected.
const UNDER_WAY: usize = 2;

/// Runs `produce`, and makes one stream of all the batches that it sends. The first batch with records, else the first one,
/// tells the fields.
pub(super) async fn collect<T>(
    run: &RunContext<'_>,
    produce: impl AsyncFnOnce(mpsc::Sender<RecordBatch>) -> Result<T, ComponentError>,
) -> Result<(T, Stream), ComponentError> {
    let (sender, batches) = mpsc::channel::<RecordBatch>(UNDER_WAY);
    let (spool, runner) = (run.spool().clone(), Arc::clone(&run.runner));
    let collecting = run.blocking(move || {
        let mut batches = batches;
        let mut collector = None;
        let mut fields: Option<SchemaRef> = None;
        while let Some(batch) = batches.blocking_recv() {
            let schema = fields.get_or_insert_with(|| batch.schema());
            if batch.num_rows() == 0 {
                continue;
            }
            let collector = collector.get_or_insert_with(|| {
                *schema = batch.schema();
                spool.collect(batch.schema())
            });
            collector.push(under(schema, batch)?)?;
            runner.progress(collector.rows() as u64);
        }
        match (collector, fields) {
            (Some(collector), _) => Ok(collector.finish()?),
            (None, Some(schema)) => Ok(Stream::empty(schema)),
            (None, None) => Ok(Stream::empty(Arc::new(flow_data::arrow::datatypes::Schema::empty()))),
        }
    });
    // Whatever ends first with an error ends the other: a full disk the reading, a broken connection the collecting.
    let (produced, collected) = tokio::join!(produce(sender), collecting);
    let stream = collected?;
    Ok((produced?, stream))
}

/// The same records under these fields. Only SQLite can give others, where types follow from values.
fn under(schema: &SchemaRef, batch: RecordBatch) -> Result<RecordBatch, ComponentError> {
    if batch.schema_ref() == schema {
        return Ok(batch);
    }
    let columns = batch.columns().iter().zip(schema.fields()).map(|(column, field)| {
        cast(column, field.data_type()).map_err(|error| {
            let message =
                format!("column “{}” has other types than before: {error}; CAST it in the query", field.name());
            ComponentError::new("sql/value", message)
        })
    });
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)
        .map_err(|error| ComponentError::new("sql/value", error.to_string()))
}

/// The result of `work`, unless the attempt is told to end before.
pub(super) async fn until_cancelled<T>(
    run: &RunContext<'_>,
    work: impl Future<Output = Result<T, ComponentError>>,
) -> Result<T, ComponentError> {
    tokio::select! {
        biased;
        () = run.cancel.cancelled() => {
            Err(ComponentError::new(crate::CANCELLED, "the attempt was told to end"))
        }
        done = work => done,
    }
}
