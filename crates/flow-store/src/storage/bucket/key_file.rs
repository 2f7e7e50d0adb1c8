//! The key for a bucket, in a file that somebody may renew.

use async_trait::async_trait;
use object_store::CredentialProvider;
use object_store::aws::AwsCredential;
use parking_lot::Mutex;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A file like `~/.aws/credentials`, of which the part `[default]` counts. A key that lasts for an hour is renewed there while
/// servers work.
#[derive(Debug)]
pub(super) struct KeyFile {
    file: PathBuf,
    /// The key as it was last read.
    key: Mutex<Arc<AwsCredential>>,
}

impl KeyFile {
    /// Reads the file. Fails with why it gives no key.
    pub(super) fn open(file: &Path) -> Result<Self, String> {
        let key = Mutex::new(Arc::new(read(file)?));
        Ok(Self { file: file.to_owned(), key })
    }
}

#[async_trait]
impl CredentialProvider for KeyFile {
    type Credential = AwsCredential;

    /// The key that is in the file now; the one before while somebody writes it. A few lines of a local file are nothing beside
    /// the call that they are for.
    async fn get_credential(&self) -> object_store::Result<Arc<AwsCredential>> {
        let read = read(&self.file);
        let mut key = self.key.lock();
        if let Ok(read) = read {
            *key = Arc::new(read);
        }
        Ok(Arc::clone(&key))
    }
}

fn read(file: &Path) -> Result<AwsCredential, String> {
    let text = std::fs::read_to_string(file).map_err(|error| error.to_string())?;
    let (mut id, mut secret, mut token, mut counts) = (None, None, None, true);
    for line in text.lines().map(str::trim) {
        if line.starts_with('[') {
            counts = line == "[default]";
        }
        let Some((name, value)) = line.split_once('=').filter(|_| counts) else { continue };
        let value = Some(value.trim().to_owned());
        match name.trim() {
            "aws_access_key_id" => id = value,
            "aws_secret_access_key" => secret = value,
            "aws_session_token" => token = value,
            _ => {}
        }
    }
    match (id, secret) {
        (Some(key_id), Some(secret_key)) => Ok(AwsCredential { key_id, secret_key, token }),
        _ => Err("it needs the lines aws_access_key_id = … and aws_secret_access_key = …".to_owned()),
    }
}
