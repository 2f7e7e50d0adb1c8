//! TLS to the database.

use flow_store::StoreError;
use rustls::ClientConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls_platform_verifier::Verifier;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Whether and how the line to the database is encrypted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Tls {
    /// It is not.
    Off,
    /// It is, and the database shows a certificate that the system trusts, or one of these authorities.
    Verify {
        /// A file with certificates in PEM form.
        authority: Option<PathBuf>,
    },
}

/// The client's side of TLS.
pub(crate) fn client(authority: Option<&Path>) -> Result<ClientConfig, StoreError> {
    let failed = |error: rustls::Error| StoreError::unavailable(format!("TLS cannot be set up: {error}"));
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = match authority {
        Some(path) => Verifier::new_with_extra_roots(certificates(path)?, Arc::clone(&provider)),
        None => Verifier::new(Arc::clone(&provider)),
    };
    let builder =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().map_err(failed)?;
    let verifier = Arc::new(verifier.map_err(failed)?);
    Ok(builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, StoreError> {
    let wrong = |reason: &dyn std::fmt::Display| {
        StoreError::unavailable(format!("sslrootcert={}: no certificates can be read: {reason}", path.display()))
    };
    let found = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let found = found.map_err(|error| wrong(&error))?;
    if found.is_empty() { Err(wrong(&"the file holds none in PEM form")) } else { Ok(found) }
}
