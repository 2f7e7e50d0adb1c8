//! What requests saved.

use super::super::openapi::refusals;
use crate::extract::{Params, Segments};
use crate::problem::{Refusal, Reply, passed_on};
use crate::state::App;
use crate::wire;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use flow_api::{Page, SavedFormat, SavedPointsQuery, SavedQuery, SavedRows, codes};
use flow_data::formats::{Format, Writing};
use flow_data::{DataError, Stream};
use flow_store::{PointPlace, Request, RequestId, SavedData, SavedPoint};
use std::io::{BufWriter, Error, ErrorKind, Write};
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

/// Saved points are looked for in pages of this size.
const PAGE: usize = 1000;
/// A file is sent in parts of this size, in bytes.
const PART: usize = 256 * 1024;
/// So many parts may wait for a slow caller.
const PARTS_WAITING: usize = 4;

/// The stream of a saved point: a page of its records, or the whole of it as a file.
#[utoipa::path(get, path = "/requests/{id}/saved-points/{number}", tag = "requests",
    params(("id" = i64, Path, description = "The request"),
        ("number" = u32, Path, description = "The saved point's number within the request"), SavedQuery),
    responses((status = 200, body = SavedRows)),
    extensions(("x-codes" = json!(refusals!(INPUT_INVALID, REQUEST_NOT_FOUND, REQUEST_NO_SAVED_POINT; STORAGE, DATA)))))]
pub async fn saved_point(
    State(app): State<Arc<App>>,
    Segments((id, number)): Segments<(i64, u32)>,
    Params(query): Params<SavedQuery>,
) -> Reply<Response> {
    let missing = |what: &str| Refusal::new(codes::REQUEST_NO_SAVED_POINT, format!("request {id} {what} {number}"));
    let point = find(&app, RequestId(id), number).await?.ok_or_else(|| missing("has no saved point"))?;
    let stream = open(&app, &point.data).await?.ok_or_else(|| missing("keeps no stream at its saved point"))?;
    let total = point.rows;
    match query.format.unwrap_or(SavedFormat::Page) {
        SavedFormat::Page => {
            let offset = match query.after.as_deref().map(str::parse::<u64>) {
                None => 0,
                Some(Ok(offset)) => offset,
                Some(Err(_)) => return Err(Refusal::invalid("after", "give the “next” of the page before")),
            };
            let limit = query.limit.unwrap_or(100).clamp(1, 1000);
            // A large stream takes a while to read.
            let page = tokio::task::spawn_blocking(move || page(&stream, offset, limit, total)).await;
            Ok(Json(page.map_err(|error| Refusal::internal(&error))?.map_err(broken)?).into_response())
        }
        format => download(format, stream, &format!("request-{id}-saved-point-{number}")),
    }
}

/// A page of what a request saved, in the order of saving: the newest, or those before one.
#[utoipa::path(get, path = "/requests/{id}/saved-points", tag = "requests",
    params(("id" = i64, Path, description = "The request"), SavedPointsQuery),
    responses((status = 200, body = Page<flow_api::SavedPoint>)),
    extensions(("x-codes" = json!(refusals!(REQUEST_NOT_FOUND)))))]
pub async fn list(
    State(app): State<Arc<App>>,
    Segments(id): Segments<i64>,
    Params(query): Params<SavedPointsQuery>,
) -> Reply<Json<Page<flow_api::SavedPoint>>> {
    let request = app.store.get(RequestId(id)).await?;
    let limit = query.limit.unwrap_or(100).clamp(1, 1000) as usize;
    let items = points_before(&app, &request, query.before.unwrap_or(u32::MAX), limit).await?;
    let next = items.first().map(|first| first.number).filter(|number| *number > 0);
    Ok(Json(Page { items, next: next.map(|number| number.to_string()) }))
}

/// The newest of the saved points with lower numbers than `end`, at most `limit`, in the order of saving.
pub async fn points_before(app: &App, request: &Request, end: u32, limit: usize) -> Reply<Vec<flow_api::SavedPoint>> {
    let end = end.min(request.saved_points);
    let before = match request.saved_points.checked_sub(end).and_then(|newer| newer.checked_sub(1)) {
        None => None,
        Some(newer) => match place(app, request.id, newer).await? {
            None => return Ok(Vec::new()),
            place => place,
        },
    };
    let outlines = app.store.saved_outlines(request.id, before, limit).await?;
    let places: Vec<_> = outlines.iter().rev().map(|outline| outline.place).collect();
    let points = app.store.saved_at(request.id, &places).await?;
    let first = u32::try_from(points.len()).map_or(0, |shown| end.saturating_sub(shown));
    Ok(wire::saved_points(points, first, &request.inputs))
}

/// The saved point with this number.
async fn find(app: &App, id: RequestId, number: u32) -> Reply<Option<SavedPoint>> {
    let request = app.store.get(id).await?;
    let Some(newer) = request.saved_points.checked_sub(number).and_then(|left| left.checked_sub(1)) else {
        return Ok(None);
    };
    match place(app, id, newer).await? {
        Some(place) => Ok(app.store.saved_at(id, &[place]).await?.pop()),
        None => Ok(None),
    }
}

/// Where the saved point is kept that so many newer ones come after: they are read newest first.
async fn place(app: &App, id: RequestId, mut newer: u32) -> Reply<Option<PointPlace>> {
    let mut before = None;
    loop {
        let outlines = app.store.saved_outlines(id, before, PAGE).await?;
        if let Some(found) = outlines.get(newer as usize) {
            return Ok(Some(found.place));
        }
        let Some(last) = outlines.last() else { return Ok(None) };
        newer -= outlines.len() as u32;
        before = Some(last.place);
    }
}

async fn open(app: &App, data: &SavedData) -> Reply<Option<Stream>> {
    match data {
        SavedData::None => Ok(None),
        SavedData::Inline(bytes) => flow_data::decode(bytes.clone()).map(Some).map_err(broken),
        SavedData::Object { key, hash, .. } => {
            let file = app.storage.open_object(key, hash).await?;
            let opened = tokio::task::spawn_blocking(move || flow_data::decode_file(file)).await;
            opened.map_err(|error| Refusal::internal(&error))?.map(Some).map_err(broken)
        }
    }
}

fn broken(error: DataError) -> Refusal {
    Refusal::passed_on(passed_on::DATA, error.code(), &error)
}

fn page(stream: &Stream, offset: u64, limit: u32, total: u64) -> Result<SavedRows, DataError> {
    let rows = match offset < total {
        true => stream.slice(offset as usize, limit as usize)?.to_json_rows(limit as usize)?,
        false => Vec::new(),
    };
    let read = offset.saturating_add(rows.len() as u64);
    Ok(SavedRows {
        fields: stream.schema().fields().iter().map(|field| field.name().clone()).collect(),
        rows,
        total,
        next: (read < total).then(|| read.to_string()),
    })
}

fn download(format: SavedFormat, stream: Stream, name: &str) -> Reply<Response> {
    let csv = Format::Csv { header: true, delimiter: b',', quote: b'"', columns: Vec::new(), crlf: false };
    let (kind, writing) = match format {
        SavedFormat::Csv => ("text/csv; charset=utf-8", Some(Writing::new(csv))),
        SavedFormat::Json => ("application/x-ndjson", Some(Writing::new(Format::JsonLines { columns: Vec::new() }))),
        SavedFormat::Arrow | SavedFormat::Page => ("application/vnd.apache.arrow.stream", None),
    };
    if let Some(writing) = &writing {
        writing.check(stream.schema()).map_err(broken)?;
    }
    let (parts, sent) = mpsc::channel(PARTS_WAITING);
    tokio::task::spawn_blocking(move || {
        let mut output = BufWriter::with_capacity(PART, Parts(parts.clone()));
        let written = match writing {
            Some(writing) => writing.write(&stream, &mut output),
            None => flow_data::write(&stream, &mut output),
        };
        let ended = written.map_err(|error| Error::other(error.to_string())).and_then(|_| output.flush());
        if let Err(error) = ended {
            // Breaks the connection, so that the caller does not take what came so far for the whole.
            let _ = parts.blocking_send(Err(error));
        }
    });
    let disposition = format!("attachment; filename=\"{name}.{}\"", format.ending());
    let headers = [(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, &disposition)];
    Ok((headers, Body::from_stream(ReceiverStream::new(sent))).into_response())
}

/// Sends what is written to a caller, as fast as they take it.
struct Parts(mpsc::Sender<Result<Bytes, Error>>);

impl Write for Parts {
    fn write(&mut self, part: &[u8]) -> Result<usize, Error> {
        let sent = self.0.blocking_send(Ok(Bytes::copy_from_slice(part)));
        sent.map_err(|_| Error::new(ErrorKind::BrokenPipe, "the caller hung up"))?;
        Ok(part.len())
    }

    fn flush(&mut self) -> Result<(), Error> {
        Ok(())
    }
}
