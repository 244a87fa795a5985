//! `manifest.json`: what a snapshot holds, when it was taken, and what could not be read.

use serde::{Deserialize, Serialize};

/// The format that this program reads and writes.
pub const FORMAT: &str = "vnetlint.snapshot/1";

/// A snapshot's table of contents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: String,
    /// The program that wrote it.
    pub tool: Tool,
    /// `collect` or `import`.
    pub source: String,
    /// RFC 3339, UTC.
    pub collected_at: Option<String>,
    /// Tenants, by id.
    #[serde(default)]
    pub tenants: Vec<TenantEntry>,
    /// Files, by path.
    #[serde(default)]
    pub files: Vec<FileEntry>,
    /// What could not be read.
    #[serde(default)]
    pub gaps: Vec<Gap>,
}

/// The program that wrote a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tool {
    /// Name.
    pub name: String,
    /// Version.
    pub version: String,
}

/// A tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantEntry {
    /// Tenant id.
    pub id: String,
    /// Display name.
    pub name: Option<String>,
    /// Its subscriptions, by id.
    #[serde(default)]
    pub subscriptions: Vec<SubscriptionEntry>,
}

/// A subscription.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubscriptionEntry {
    /// Subscription id.
    pub id: String,
    /// Display name.
    pub name: Option<String>,
    /// Types that were read whole, by the stem of their file.
    #[serde(default)]
    pub complete: Vec<String>,
}

/// A file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Relative to the snapshot folder, `/`-separated.
    pub path: String,
    /// SHA-256 of its bytes, hexadecimal.
    pub sha256: String,
    /// How many resources it holds.
    pub resources: u64,
    /// `arm`, `graph` or `import`.
    pub via: String,
    /// The api-version asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_version: Option<String>,
    /// Time of the first page, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Time of the last page, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// Something in scope that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// Tenant id.
    pub tenant: Option<String>,
    /// Subscription id; none for a whole tenant.
    pub subscription: Option<String>,
    /// Type by its file's stem; `*` for all.
    #[serde(rename = "type")]
    pub kind: String,
    /// Why, in words.
    pub reason: String,
    /// HTTP status, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Azure's correlation id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<String>,
}

/// Why a manifest was refused.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// It is no JSON of the right shape.
    #[error("{path}:{}:{}: the manifest cannot be read: {source}", .source.line(), .source.column())]
    Syntax {
        /// The file.
        path: String,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// Another format version.
    #[error("{path}: the snapshot's format is `{found}`; this program reads `{FORMAT}`")]
    Format {
        /// The file.
        path: String,
        /// What it says.
        found: String,
    },
    /// A path that leaves the folder.
    #[error("{path}: the manifest names `{entry}`, which is no path inside the snapshot")]
    Path {
        /// The file.
        path: String,
        /// The entry.
        entry: String,
    },
}

impl Manifest {
    /// Reads and checks a manifest; `path` is for messages.
    pub fn parse(path: &str, text: &[u8]) -> Result<Self, ManifestError> {
        #[derive(Deserialize)]
        struct Version {
            format: Option<String>,
        }
        let syntax = |source| ManifestError::Syntax { path: path.to_owned(), source };
        let version: Version = serde_json::from_slice(text).map_err(syntax)?;
        if version.format.as_deref() != Some(FORMAT) {
            return Err(ManifestError::Format { path: path.to_owned(), found: version.format.unwrap_or_default() });
        }
        let manifest: Self = serde_json::from_slice(text).map_err(syntax)?;
        for file in &manifest.files {
            if !Self::is_inside(&file.path) {
                return Err(ManifestError::Path { path: path.to_owned(), entry: file.path.clone() });
            }
        }
        Ok(manifest)
    }

    /// Whether a path stays inside the snapshot folder, on every system.
    pub(super) fn is_inside(path: &str) -> bool {
        let steps = path.split('/').all(|step| !step.is_empty() && step != "." && step != "..");
        steps && !path.contains('\\') && !path.contains(':')
    }
}
