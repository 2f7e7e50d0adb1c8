use super::{CALL, Client, ClientError, EventStream};
use crate::{
    Attempt, AttemptsQuery, Bulk, BulkDone, CountQuery, CreateQuery, FlowAtVersion, IDEMPOTENCY_HEADER, LogEntry,
    LogQuery, NewRequests, Page, ReExecution, ReExecutionPreview, ReExecutionQuery, Request, RequestDetail,
    RequestEvent, RequestQuery, RequestState, Requests, SavedFilter, SavedFormat, SavedPoint, SavedPointsQuery,
    SavedQuery, SavedRows, TakeOver, WaitQuery,
};
use reqwest::{Method, Response};
use std::collections::BTreeMap;
use std::time::Duration;

impl Client {
    /// Makes requests. With an idempotency key the call may be repeated and makes them once.
    pub async fn create_requests(
        &self,
        wish: &NewRequests,
        idempotency_key: Option<&str>,
    ) -> Result<Requests, ClientError> {
        self.create(wish, idempotency_key, None).await
    }

    /// Makes requests and waits until all of them have ended, at most for `timeout` (60 s are the most).
    pub async fn create_requests_and_wait(
        &self,
        wish: &NewRequests,
        idempotency_key: Option<&str>,
        timeout: Duration,
    ) -> Result<Requests, ClientError> {
        self.create(wish, idempotency_key, Some(timeout)).await
    }

    async fn create(
        &self,
        wish: &NewRequests,
        idempotency_key: Option<&str>,
        wait: Option<Duration>,
    ) -> Result<Requests, ClientError> {
        let query = CreateQuery { wait: wait.map(|wait| wait.as_secs_f64()) };
        let call = self.call(Method::POST, "requests")?.query(&query).json(wish);
        let mut call = call.timeout(CALL + wait.unwrap_or_default());
        if let Some(key) = idempotency_key {
            call = call.header(IDEMPOTENCY_HEADER, key);
        }
        self.json(call).await
    }

    /// Lists requests, the newest first.
    pub async fn requests(&self, query: &RequestQuery) -> Result<Page<Request>, ClientError> {
        self.query("requests", query).await
    }

    /// How many requests there are in each state.
    pub async fn request_counts(&self) -> Result<BTreeMap<RequestState, u64>, ClientError> {
        self.count_requests(&CountQuery::default()).await
    }

    /// How many of the requests that the query finds there are in each state.
    pub async fn count_requests(&self, query: &CountQuery) -> Result<BTreeMap<RequestState, u64>, ClientError> {
        self.query("requests/counts", query).await
    }

    /// A request with its attempts and saved points.
    pub async fn request(&self, id: i64) -> Result<RequestDetail, ClientError> {
        self.get(&format!("requests/{id}")).await
    }

    /// A request's log, or a part of it.
    pub async fn request_log(&self, id: i64, query: &LogQuery) -> Result<Vec<LogEntry>, ClientError> {
        self.query(&format!("requests/{id}/log"), query).await
    }

    /// A request's flow, as it was when the request was made.
    pub async fn request_flow(&self, id: i64) -> Result<FlowAtVersion, ClientError> {
        self.get(&format!("requests/{id}/flow")).await
    }

    /// The first records of a saved point.
    pub async fn saved_rows(&self, id: i64, number: u32) -> Result<SavedRows, ClientError> {
        self.saved_page(id, number, &SavedQuery::default()).await
    }

    /// A page of a saved point's records.
    pub async fn saved_page(&self, id: i64, number: u32, query: &SavedQuery) -> Result<SavedRows, ClientError> {
        self.query(&saved_point(id, number), query).await
    }

    /// Downloads a saved point's whole stream in one of the formats of files.
    pub async fn saved_file(&self, id: i64, number: u32, format: SavedFormat) -> Result<SavedFile, ClientError> {
        let query = SavedQuery { format: Some(format), ..SavedQuery::default() };
        let reply = self.send(self.endless(&saved_point(id, number))?.query(&query)).await?;
        Ok(SavedFile { address: self.address().to_owned(), reply })
    }

    /// A page of what a request saved, in the order of saving: the newest, or those before one.
    pub async fn saved_points(&self, id: i64, query: &SavedPointsQuery) -> Result<Page<SavedPoint>, ClientError> {
        self.json(self.call(Method::GET, &format!("requests/{id}/saved-points"))?.query(query)).await
    }

    /// A page of a request's attempts, in their order: the newest, or those before one.
    pub async fn attempts(&self, id: i64, query: &AttemptsQuery) -> Result<Page<Attempt>, ClientError> {
        self.json(self.call(Method::GET, &format!("requests/{id}/attempts"))?.query(query)).await
    }

    /// What happens to one request, from its making on, or from behind the event with the id `after`. The stream ends
    /// when the request has.
    pub async fn request_events(&self, id: i64, after: Option<&str>) -> Result<EventStream<RequestEvent>, ClientError> {
        self.open_events(&format!("requests/{id}/events"), after).await
    }

    /// Begins a new attempt of an ended or waiting request from its last saved points, on the server that this client
    /// calls.
    pub async fn re_execute(&self, id: i64) -> Result<Request, ClientError> {
        self.re_execute_from(id, &ReExecution::default()).await
    }

    /// Begins a new attempt of an ended or waiting request, from a saved point and on a server of one's choice.
    pub async fn re_execute_from(&self, id: i64, wish: &ReExecution) -> Result<Request, ClientError> {
        self.post(&format!("requests/{id}/re-execute"), wish).await
    }

    /// What a re-execution of a request would do, and what stands in its way.
    pub async fn re_execution(&self, id: i64, query: &ReExecutionQuery) -> Result<ReExecutionPreview, ClientError> {
        self.query(&format!("requests/{id}/re-execution"), query).await
    }

    /// Takes a running request from its server, which lives and gets nowhere with it.
    pub async fn take_over(&self, id: i64, wish: &TakeOver) -> Result<Request, ClientError> {
        self.post(&format!("requests/{id}/take-over"), wish).await
    }

    /// Ends a request.
    pub async fn cancel(&self, id: i64) -> Result<Request, ClientError> {
        self.post(&format!("requests/{id}/cancel"), &serde_json::json!({})).await
    }

    /// Re-executes or cancels many requests, or says what that would do.
    pub async fn bulk(&self, bulk: &Bulk) -> Result<BulkDone, ClientError> {
        self.json(self.call(Method::POST, "requests/bulk")?.json(bulk).timeout(CALL * 10)).await
    }

    /// Waits until a request has ended, at most for `timeout` (60 s are the most), and gives it as it is then.
    pub async fn wait(&self, id: i64, timeout: Duration) -> Result<Request, ClientError> {
        let query = WaitQuery { seconds: Some(timeout.as_secs_f64()) };
        let call = self.call(Method::GET, &format!("requests/{id}/wait"))?.query(&query);
        self.json(call.timeout(timeout + CALL)).await
    }

    /// The filters of the list of requests that the account keeps, by name.
    pub async fn saved_filters(&self) -> Result<Vec<SavedFilter>, ClientError> {
        self.get("account/filters").await
    }

    /// Keeps a filter, in the place of the one of that name.
    pub async fn save_filter(&self, filter: &SavedFilter) -> Result<Vec<SavedFilter>, ClientError> {
        self.put("account/filters", filter).await
    }

    /// Forgets a filter.
    pub async fn remove_filter(&self, name: &str) -> Result<(), ClientError> {
        self.delete(&format!("account/filters/{}", super::segment(name))).await
    }
}

/// A file on its way.
pub struct SavedFile {
    address: String,
    reply: Response,
}

impl SavedFile {
    /// The next part of it; none at the end.
    ///
    /// # Errors
    /// `client/unreachable` when the connection broke: what came so far is not the whole file.
    pub async fn chunk(&mut self) -> Result<Option<Vec<u8>>, ClientError> {
        let chunk = self.reply.chunk().await;
        let chunk = chunk.map_err(|error| ClientError::unreachable(&self.address, &error))?;
        Ok(chunk.map(|bytes| bytes.to_vec()))
    }

    /// All that is left of it.
    ///
    /// # Errors
    /// As [`Self::chunk`].
    pub async fn rest(mut self) -> Result<Vec<u8>, ClientError> {
        let mut all = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            all.extend(chunk);
        }
        Ok(all)
    }
}

fn saved_point(id: i64, number: u32) -> String {
    format!("requests/{id}/saved-points/{number}")
}
