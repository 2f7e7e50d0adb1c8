use super::*;
use crate::Event;

#[test]
fn an_address_keeps_its_path_and_refuses_what_is_not_http() {
    assert_eq!(Client::anonymous("http://127.0.0.1:7401").unwrap().address(), "http://127.0.0.1:7401");
    assert_eq!(Client::anonymous("https://example.org/cairn").unwrap().address(), "https://example.org/cairn");
    for bad in ["", "127.0.0.1:7401", "file:///etc/passwd", "http://"] {
        assert_eq!(Client::anonymous(bad).unwrap_err().code(), "client/address", "{bad:?}");
    }
}

#[test]
fn a_name_with_a_slash_stays_one_segment() {
    assert_eq!(segment("a/b c"), "a%2Fb%20c");
    assert_eq!(segment(".."), "%2E%2E");
}

#[test]
fn events_are_taken_as_they_complete_and_signs_of_life_are_passed_over() {
    let received = |id: Option<&str>, event| events::Received { id: id.map(str::to_owned), event };
    let mut buffer =
        b": keep-alive\n\nid: a-1\nevent: request-changed\ndata: {\"event\":\"request-changed\",\"id\":7}\n\ndata: {\"ev"
            .to_vec();
    assert_eq!(events::take_events(&mut buffer), [received(Some("a-1"), Event::RequestChanged { id: 7 })]);
    assert_eq!(buffer, b"data: {\"ev");
    buffer.extend_from_slice(b"ent\":\"servers-changed\"}\n\n");
    assert_eq!(events::take_events(&mut buffer), [received(None, Event::ServersChanged)]);
}

#[test]
fn whoever_does_not_reach_a_server_that_runs_learns_why() {
    let told = |why: &str| {
        let (address, why) = ("https://127.0.0.1:7401".to_owned(), why.to_owned());
        ClientError::Unreachable { address, why }.to_string()
    };
    assert!(told("invalid peer certificate: UnknownIssuer").contains("SSL_CERT_FILE"));
    assert!(told("invalid peer certificate: Expired").ends_with("has ended"));
    assert!(told("invalid HTTP version parsed").ends_with("wants https://"));
    assert!(told("Connection refused (os error 111)").ends_with("the address is right"));
}

#[tokio::test]
async fn a_server_that_does_not_run_is_unreachable() {
    // Bound and dropped, so that nobody listens there.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let client = Client::new(&format!("http://127.0.0.1:{port}"), "token").unwrap();
    let error = client.servers().await.unwrap_err();
    assert_eq!(error.code(), "client/unreachable");
    assert!(!client.is_ready().await);
}
