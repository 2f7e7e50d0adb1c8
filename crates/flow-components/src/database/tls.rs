//! TLS to database servers.

use crate::{ComponentError, ResolvedPath};
use flow_model::Connection;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_platform_verifier::Verifier;
use std::error::Error;
use std::net::IpAddr;
use std::sync::Arc;

/// What a connection asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tls {
    Verify,
    Require,
    Disable,
}

impl Tls {
    /// What the connection says; without a word, to verify, save on this machine itself.
    pub(super) fn of(connection: &Connection, host: &str) -> Self {
        match connection.text("tls") {
            _ if host.starts_with('/') => Self::Disable,
            Some("require") => Self::Require,
            Some("disable") => Self::Disable,
            None if is_here(host) => Self::Disable,
            _ => Self::Verify,
        }
    }
}

fn is_here(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The certificate with which a connection shows who it is, and its key.
pub(super) struct Identity {
    /// The certificate, then those that signed it.
    pub(super) certificates: Vec<CertificateDer<'static>>,
    pub(super) key: PrivateKeyDer<'static>,
    /// Both as a PEM text.
    pub(super) pem: Vec<u8>,
}

impl Identity {
    /// That of the connection, from its secret: a PEM text with both. No error says what is in it.
    pub(super) fn of(connection: &Connection) -> Result<Option<Self>, ComponentError> {
        let Some(text) = connection.secret("clientCertificate").filter(|text| !text.trim().is_empty()) else {
            return Ok(None);
        };
        let unfit = |what: &str| {
            let message =
                format!("“clientCertificate” {what}: it must hold a certificate and then its key, in PEM form");
            ComponentError::new("sql/tls", message).for_good()
        };
        let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text.as_bytes()).collect();
        let certificates = certificates.map_err(|_| unfit("is no PEM text"))?;
        if certificates.is_empty() {
            return Err(unfit("holds no certificate"));
        }
        let key =
            PrivateKeyDer::from_pem_slice(text.as_bytes()).map_err(|_| unfit("holds no key, or an encrypted one"))?;
        let provider = aws_lc_rs::default_provider();
        let pair = CertifiedKey::from_der(certificates.clone(), key.clone_key(), &provider);
        pair.map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => unfit("has a key that does not belong to the certificate"),
            other => unfit(&format!("cannot be used ({other})")),
        })?;
        Ok(Some(Self { certificates, key, pem: text.as_bytes().to_vec() }))
    }
}

/// The client's side of TLS.
pub(super) fn client(
    wanted: Tls,
    ca: Option<ResolvedPath>,
    identity: Option<Identity>,
) -> Result<ClientConfig, ComponentError> {
    let failed = |error: rustls::Error| ComponentError::new("sql/tls", error.to_string()).for_good();
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(failed)?;
    let verifier: Arc<dyn ServerCertVerifier> = match (wanted, ca) {
        (Tls::Verify, Some(ca)) => {
            let trusted = certificates(ca)?;
            Arc::new(Verifier::new_with_extra_roots(trusted, provider).map_err(failed)?)
        }
        (Tls::Verify, None) => Arc::new(Verifier::new(provider).map_err(failed)?),
        _ => Arc::new(AnyCertificate(provider)),
    };
    let builder = builder.dangerous().with_custom_certificate_verifier(verifier);
    match identity {
        Some(Identity { certificates, key, .. }) => builder.with_client_auth_cert(certificates, key).map_err(failed),
        None => Ok(builder.with_no_client_auth()),
    }
}

/// The text of a PEM file.
pub(super) fn pem(ca: ResolvedPath) -> Result<Vec<u8>, ComponentError> {
    match ca {
        ResolvedPath::ProjectFile { bytes, .. } => Ok(bytes.to_vec()),
        ResolvedPath::InBucket(place) => Err(place.only_read()),
        ResolvedPath::File(path) => std::fs::read(&path).map_err(|error| {
            let message = format!("the certificates in {} cannot be read: {error}", path.display());
            ComponentError::new("sql/tls", message)
        }),
    }
}

fn certificates(ca: ResolvedPath) -> Result<Vec<CertificateDer<'static>>, ComponentError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem(ca)?).collect();
    let found = found.map_err(|error| ComponentError::new("sql/tls", format!("“ca” is no PEM file: {error}")))?;
    // One that cannot be used is better refused here than met as an unknown authority.
    let mut store = RootCertStore::empty();
    for certificate in &found {
        let added = store.add(certificate.clone());
        added.map_err(|error| ComponentError::new("sql/tls", format!("a certificate in “ca”: {error}")))?;
    }
    if found.is_empty() {
        return Err(ComponentError::new("sql/tls", "“ca” is a file without certificates in PEM form"));
    }
    Ok(found)
}

/// The error of a connection that could not be made, with every reason behind it.
pub(super) fn cannot_connect(address: &str, error: &(dyn Error + 'static)) -> ComponentError {
    let mut reasons = vec![error.to_string()];
    let mut source = error.source();
    while let Some(reason) = source {
        let text = reason.to_string();
        if !reasons.iter().any(|known| known.contains(&text)) {
            reasons.push(text);
        }
        source = reason.source();
    }
    let reason = reasons.join(": ");
    if let Some(refused) = ["CertificateRequired", "UnknownCA", "BadCertificate", "HandshakeFailure"]
        .iter()
        .find(|alert| reason.contains(&format!("fatal alert: {alert}")))
    {
        let message = format!(
            "{address} refuses this client ({refused}): it wants a certificate that it knows, in “clientCertificate” of the connection"
        );
        return ComponentError::new("sql/tls", message);
    }
    if reason.contains("ertificate") {
        let message = format!(
            "{address}: {reason}. If its certificate is signed by an authority of your own, name it in “ca” of the connection"
        );
        return ComponentError::new("sql/tls", message);
    }
    ComponentError::new("sql/cannot-connect", format!("{address} cannot be reached: {reason}"))
}

/// Takes any certificate: the line is encrypted, but nobody knows to whom.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
