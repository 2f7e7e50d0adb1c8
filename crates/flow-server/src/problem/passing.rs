//! What is refused at this moment and passes by itself: every refusal with one of these codes says when to try again, in
//! the header `Retry-After`.

use flow_api::codes;
use std::time::Duration;

/// The codes, each with the seconds after which another try may go well. A full disk is not among them: somebody has to make
/// room first.
const PASSING: [(&str, u64); 11] = [
    (codes::REQUEST_QUEUE_FULL.code, 5),
    (codes::SERVER_MAINTENANCE.code, 60),
    // Until bodies that are read and handled now have been.
    (codes::SERVER_BUSY.code, 2),
    // A lease; another server may be asked at once.
    (codes::SERVER_FENCED.code, 2),
    // What runs there is let come to its end for so long, unless the cluster says otherwise; then it may be started again.
    (codes::SERVER_STOPPING.code, 5),
    ("store/unavailable", 5),
    ("storage/unavailable", 5),
    ("storage/not-writable", 5),
    ("storage/bucket", 5),
    ("storage/unreadable", 5),
    ("vcs/busy", 5),
];

/// When to try again what is refused with this code; none where only somebody's doing helps.
pub fn try_again_after(code: &str) -> Option<Duration> {
    let (_, seconds) = PASSING.into_iter().find(|(passing, _)| *passing == code)?;
    Some(Duration::from_secs(seconds))
}

/// Whether a refusal with this code has the header: failed logins are put off, too, by as much as there were.
pub fn says_when(code: &str) -> bool {
    code == codes::AUTH_TOO_MANY_ATTEMPTS.code || try_again_after(code).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Refusal;
    use crate::problem::passed_on::{STORAGE, STORAGE_UNAVAILABLE, STORE_FULL, STORE_UNAVAILABLE, VCS};
    use axum::http::header;
    use axum::response::IntoResponse;

    #[test]
    fn every_503_that_passes_by_itself_says_when_to_try_again() {
        // What stays so until somebody does something about it.
        const STAYING: [&str; 6] = [
            "trigger/off",
            "console/not-built",
            "store/full",
            "storage/another",
            "storage/missing-object",
            "storage/corrupt",
        ];
        let passed_on = [STORE_UNAVAILABLE, STORE_FULL, STORAGE_UNAVAILABLE];
        let mut passing = 0;
        for code in codes::ALL.iter().chain(&passed_on).chain(STORAGE).chain(VCS) {
            let answer = Refusal::new(*code, "not now").into_response();
            let told =
                answer.headers().get(header::RETRY_AFTER).and_then(|told| told.to_str().ok()?.parse::<u64>().ok());
            let passes = code.status == 503 && !STAYING.contains(&code.code) || code.code == "request/queue-full";
            assert_eq!(told.is_some_and(|seconds| seconds > 0), passes, "{}: {told:?}", code.code);
            passing += usize::from(passes);
        }
        assert_eq!(passing, PASSING.len(), "each of them is a code that the API answers with");
    }

    #[test]
    fn who_knows_better_when_it_passes_is_heard() {
        let refusal = Refusal::new(codes::AUTH_TOO_MANY_ATTEMPTS, "slowly").retry_after(Duration::from_millis(7_200));
        assert_eq!(refusal.into_response().headers()[header::RETRY_AFTER], "8");
    }
}
