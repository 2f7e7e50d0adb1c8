//! The secrets of connections on the cluster. None ever comes back from it.

use crate::Time;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use ts_rs::TS;
use utoipa::{IntoParams, ToSchema};

/// A secret that is set for a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecretEntry {
    /// The field of the connection: `password`.
    pub field: String,
    /// When it was set.
    pub updated: Time,
}

/// Secrets to set.
#[derive(Clone, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewSecrets {
    /// The secrets by field.
    pub secrets: BTreeMap<String, String>,
}

impl fmt::Debug for NewSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.secrets.keys()).finish()
    }
}

/// Which secret to forget.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS, ToSchema, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SecretQuery {
    /// The field; all of them when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub field: Option<String>,
}
