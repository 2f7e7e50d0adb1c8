//! How a bucket is reached: its endpoint, its region, and the credentials for it.

use super::key_file::KeyFile;
use super::{Bucket, told};
use crate::storage::StorageError;
use crate::storage::place::BucketAddress;
use object_store::aws::AmazonS3Builder;
use object_store::{ClientOptions, RetryConfig};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How long a call is tried again.
const PATIENCE: Duration = Duration::from_secs(20);

impl Bucket {
    /// Gets ready to use it; nothing is asked of it yet.
    pub(in crate::storage) fn open(address: &BucketAddress, spool: &Path) -> Result<Self, StorageError> {
        let unusable = |reason: String| StorageError::Bucket { place: address.to_string(), reason };
        if let Some(wrong) = address.wrong() {
            return Err(unusable(wrong.to_owned()));
        }
        let mut builder = AmazonS3Builder::from_env().with_bucket_name(&address.bucket);
        if let Some(endpoint) = &address.endpoint {
            builder = builder.with_endpoint(endpoint);
        }
        let plain = |endpoint: &str| endpoint.starts_with("http://");
        let of_environment = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"];
        let of_environment = of_environment.into_iter().find_map(|name| std::env::var(name).ok());
        if address.endpoint.as_deref().or(of_environment.as_deref()).is_some_and(plain) {
            builder = builder.with_allow_http(true);
        }
        if let Some(region) = &address.region {
            builder = builder.with_region(region);
        }
        if let Some(file) = &address.credentials {
            let key = KeyFile::open(file)
                .map_err(|why| unusable(format!("the file “{}” gives no credentials: {why}", file.display())))?;
            // As a whole: a session token of the environment belongs to another key.
            builder = builder.with_credentials(Arc::new(key));
        }
        let retry = RetryConfig { max_retries: 5, retry_timeout: PATIENCE, ..RetryConfig::default() };
        let options = ClientOptions::new().with_connect_timeout(Duration::from_secs(5));
        // However long an object takes, as long as something of it comes: a large one must not be out of reach for good.
        let options = options.with_timeout_disabled().with_read_timeout(PATIENCE * 3);
        let options = match plain(address.endpoint.as_deref().or(of_environment.as_deref()).unwrap_or_default()) {
            true => options.with_allow_http(true),
            false => options,
        };
        let service = builder.with_client_options(options).with_retry(retry).build();
        let service = service.map_err(|error| unusable(told(&error)))?;
        std::fs::create_dir_all(spool)
            .map_err(|error| unusable(format!("the spool “{}” cannot be made: {error}", spool.display())))?;
        Ok(Self { service, address: address.clone(), spool: spool.to_owned() })
    }
}
