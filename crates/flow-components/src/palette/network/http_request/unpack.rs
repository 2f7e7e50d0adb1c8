//! Undoing how a server packed its answer (`Content-Encoding`).

use brotli_decompressor::Decompressor;
use bytes::Bytes;
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use reqwest::header::{CONTENT_ENCODING, HeaderMap};
use std::io::Read;

/// What servers are told that they may pack with.
pub(super) const ACCEPTED: &str = "gzip, deflate, br";

/// Why an answer cannot be unpacked.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Problem {
    /// It would be larger than it may be: few bytes may unpack to very many.
    TooLarge,
    /// It is not what it says, or says something that was not asked for.
    Broken(String),
}

/// Whether the answer with these headers has to be unpacked.
pub(super) fn is_packed(headers: &HeaderMap) -> bool {
    !matches!(encoding(headers).as_str(), "" | "identity")
}

/// The body as it was before the server packed it, of `most` bytes at the most.
pub(super) fn unpacked(headers: &HeaderMap, body: &Bytes, most: usize) -> Result<Bytes, Problem> {
    if body.is_empty() || !is_packed(headers) {
        return Ok(body.clone());
    }
    let mut unpacked = Vec::new();
    let read = reader(headers, body)?.take(most as u64 + 1).read_to_end(&mut unpacked);
    match read {
        _ if unpacked.len() > most => Err(Problem::TooLarge),
        Ok(_) => Ok(unpacked.into()),
        Err(error) => Err(Problem::Broken(format!("it is not packed with {} as it says: {error}", encoding(headers)))),
    }
}

/// The first bytes of a body, of which only the beginning need be there: as much of it as can be unpacked.
pub(super) fn beginning(headers: &HeaderMap, body: &[u8], most: usize) -> Vec<u8> {
    let mut unpacked = Vec::new();
    if let Ok(reader) = reader(headers, body) {
        // Where it breaks off, what came before is there.
        let _ = reader.take(most as u64).read_to_end(&mut unpacked);
    }
    unpacked
}

fn encoding(headers: &HeaderMap) -> String {
    let said = headers.get(CONTENT_ENCODING).map(|value| String::from_utf8_lossy(value.as_bytes()));
    said.as_deref().unwrap_or_default().trim().to_ascii_lowercase()
}

fn reader<'a>(headers: &HeaderMap, body: &'a [u8]) -> Result<Box<dyn Read + 'a>, Problem> {
    Ok(match encoding(headers).as_str() {
        "" | "identity" => Box::new(body),
        "gzip" | "x-gzip" => Box::new(MultiGzDecoder::new(body)),
        // Many servers leave out the head that belongs before it (RFC 1950), whose lowest bits say “method 8”.
        "deflate" => match body.first().is_some_and(|first| first & 0x8f == 0x08) {
            true => Box::new(ZlibDecoder::new(body)),
            false => Box::new(DeflateDecoder::new(body)),
        },
        "br" => Box::new(Decompressor::new(body, 16 * 1024)),
        other => return Err(Problem::Broken(format!("it is packed with “{other}”, which is not {ACCEPTED}"))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;
    use base64::prelude::BASE64_STANDARD;
    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use std::io::Write;

    const TEXT: &[u8] = b"[{\"id\": 1}, {\"id\": 2}]";

    fn headers(encoding: &'static str) -> HeaderMap {
        [(CONTENT_ENCODING, reqwest::header::HeaderValue::from_static(encoding))].into_iter().collect()
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    /// [`TEXT`] in every encoding that servers are asked for.
    fn packed() -> Vec<(&'static str, Vec<u8>)> {
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
        zlib.write_all(TEXT).unwrap();
        let mut bare = DeflateEncoder::new(Vec::new(), Compression::default());
        bare.write_all(TEXT).unwrap();
        let brotli = BASE64_STANDARD.decode("iwqAW3siaWQiOiAxfSwgeyJpZCI6IDJ9XQM=").unwrap();
        vec![
            ("gzip", gzip(TEXT)),
            ("X-GZip ", gzip(TEXT)),
            ("deflate", zlib.finish().unwrap()),
            ("deflate", bare.finish().unwrap()),
            ("br", brotli),
            ("identity", TEXT.to_vec()),
        ]
    }

    #[test]
    fn every_encoding_that_is_asked_for_is_undone() {
        for (encoding, bytes) in packed() {
            let headers = headers(encoding);
            assert_eq!(unpacked(&headers, &bytes.clone().into(), 1000).unwrap(), TEXT, "{encoding}");
            assert_eq!(unpacked(&headers, &Bytes::new(), 1000).unwrap(), "", "{encoding}: no body at all");
            assert_eq!(beginning(&headers, &bytes, 5), &TEXT[..5], "{encoding}");
        }
        assert_eq!(unpacked(&HeaderMap::new(), &Bytes::from_static(TEXT), 1000).unwrap(), TEXT);
    }

    #[test]
    fn what_is_cut_off_or_nonsense_is_an_error() {
        for (encoding, bytes) in packed().into_iter().filter(|(encoding, _)| *encoding != "identity") {
            let cut = Bytes::copy_from_slice(&bytes[..bytes.len() - 3]);
            for body in [cut, Bytes::from_static(b"\x1f\x8bno such thing"), Bytes::from_static(b"plain text")] {
                let found = unpacked(&headers(encoding), &body, 1000);
                assert!(matches!(found, Err(Problem::Broken(_))), "{encoding}: {body:?}: {found:?}");
            }
        }
        let found = unpacked(&headers("zip"), &Bytes::from_static(TEXT), 1000);
        assert_eq!(found, Err(Problem::Broken("it is packed with “zip”, which is not gzip, deflate, br".to_owned())));
    }

    #[test]
    fn a_bomb_takes_no_more_memory_than_an_answer_may() {
        let bomb = gzip(&vec![0; 8 << 20]);
        assert!(bomb.len() < 10_000);
        assert_eq!(unpacked(&headers("gzip"), &bomb.into(), 1 << 20), Err(Problem::TooLarge));
    }
}
