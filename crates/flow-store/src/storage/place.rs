//! Where a checkpoint storage is.

use std::convert::Infallible;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// A folder, or a bucket of an S3 service: `s3://BUCKET/PREFIX`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoragePlace {
    /// A folder that all servers see.
    Folder(PathBuf),
    /// A bucket.
    Bucket(BucketAddress),
}

/// A bucket, and what is below a prefix in it. Holds no credentials: those come from the environment, from the machine's
/// role, or from a file that is named here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketAddress {
    pub(super) bucket: String,
    /// Without slashes around it.
    pub(super) prefix: String,
    /// The address of a service other than that of AWS: `https://minio.example.org`.
    pub(super) endpoint: Option<String>,
    pub(super) region: Option<String>,
    /// A file like `~/.aws/credentials`.
    pub(super) credentials: Option<PathBuf>,
    wrong: Option<String>,
}

impl BucketAddress {
    /// Reads what is behind `s3://`.
    fn parse(text: &str) -> Self {
        let (place, query) = text.split_once('?').unwrap_or((text, ""));
        let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
        let mut address = Self {
            bucket: bucket.to_owned(),
            prefix: prefix.trim_matches('/').to_owned(),
            endpoint: None,
            region: None,
            credentials: None,
            wrong: None,
        };
        if bucket.is_empty() || bucket.contains('@') {
            address.wrong = Some("use s3://BUCKET/PREFIX, without credentials".to_owned());
        }
        for part in query.split('&').filter(|part| !part.is_empty()) {
            match part.split_once('=') {
                Some(("endpoint", value)) => address.endpoint = Some(value.trim_end_matches('/').to_owned()),
                Some(("region", value)) => address.region = Some(value.to_owned()),
                Some(("credentials", value)) => address.credentials = Some(PathBuf::from(value)),
                other => {
                    let name = other.map_or(part, |(name, _)| name);
                    let why = format!("“{name}” is not known: there are endpoint, region and credentials (a file)");
                    address.wrong = Some(why);
                }
            }
        }
        address
    }

    /// What is wrong with it. It is told when the storage is opened, since whoever tells of a wrong option shows it.
    pub(super) fn wrong(&self) -> Option<&str> {
        self.wrong.as_deref()
    }
}

impl FromStr for StoragePlace {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text.strip_prefix("s3://") {
            Some(bucket) => Self::Bucket(BucketAddress::parse(bucket)),
            None => Self::Folder(PathBuf::from(text)),
        })
    }
}

impl From<PathBuf> for StoragePlace {
    fn from(folder: PathBuf) -> Self {
        Self::Folder(folder)
    }
}

impl StoragePlace {
    /// The folder, for what can be done with a folder only.
    pub fn folder(&self) -> Option<&Path> {
        match self {
            Self::Folder(folder) => Some(folder),
            Self::Bucket(_) => None,
        }
    }
}

impl fmt::Display for StoragePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => folder.display().fmt(f),
            Self::Bucket(address) => address.fmt(f),
        }
    }
}

impl fmt::Display for BucketAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}", self.bucket.rsplit('@').next().unwrap_or_default())?;
        if !self.prefix.is_empty() {
            write!(f, "/{}", self.prefix)?;
        }
        let credentials = self.credentials.as_ref().map(|file| file.display().to_string());
        let more = [("endpoint", &self.endpoint), ("region", &self.region), ("credentials", &credentials)];
        let more = more.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?)));
        for ((name, value), sign) in more.zip(std::iter::once('?').chain(std::iter::repeat('&'))) {
            write!(f, "{sign}{name}={value}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(text: &str) -> StoragePlace {
        let Ok(place) = text.parse();
        place
    }

    #[test]
    fn a_place_is_a_folder_or_a_bucket_and_is_written_as_it_is_read() {
        assert_eq!(place("/mnt/cairn"), StoragePlace::Folder("/mnt/cairn".into()));
        for text in [
            "s3://bucket",
            "s3://bucket/a/b",
            "s3://bucket/a?endpoint=http://127.0.0.1:9000&region=eu-central-1&credentials=/etc/cairn/s3",
        ] {
            assert!(matches!(place(text), StoragePlace::Bucket(address) if address.wrong().is_none()), "{text}");
            assert_eq!(place(text).to_string(), text);
        }
        assert_eq!(place("s3://bucket/a/").to_string(), "s3://bucket/a");
    }

    #[test]
    fn what_is_no_address_is_told_and_shows_no_secret() {
        for text in ["s3://", "s3:///prefix", "s3://AKIA:hunter2@bucket/x", "s3://bucket?secret=hunter2"] {
            let StoragePlace::Bucket(address) = place(text) else { panic!("{text}") };
            assert!(address.wrong().is_some_and(|wrong| !wrong.contains("hunter2")), "{text}");
            assert!(!address.to_string().contains("hunter2"), "{address}");
        }
    }
}
