//! Which Azure, and which tenants of it, a live collection reads, and how it signs in.
//!
//! Holds no secret: those come from the environment. Opens no connection.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use super::pattern::Pattern;
use super::problem::{Problem, Problems};
use super::raw::{Table, Text, Value, refuse_repetition};

/// The cloud to ask.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Cloud {
    /// Azure's public cloud.
    #[default]
    Public,
    /// Azure Government.
    UsGov,
    /// Azure operated by 21Vianet in China.
    China,
    /// Endpoints of another one, such as an Azure Stack Hub or a recording.
    Custom {
        /// Azure Resource Manager.
        resource_manager: Endpoint,
        /// Where tokens come from.
        authority: Endpoint,
    },
}

/// A base URL without its trailing slash: https, or http on the machine's own loopback interface,
/// where no network carries the token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint(String);

/// A text that is no endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEndpoint {
    /// Not a URL of this form.
    #[error("is no URL of the form `https://host/path`")]
    Form,
    /// A token would travel in the clear.
    #[error("is not https: plain http is allowed on loopback alone, such as `http://localhost:8080`")]
    Insecure,
}

impl Endpoint {
    /// The URL.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Endpoint {
    type Err = InvalidEndpoint;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (scheme, rest) = text.split_once("://").ok_or(InvalidEndpoint::Form)?;
        let authority = rest.split('/').next().unwrap_or_default();
        // User names, queries, fragments and backslashes have no place in a base URL, and each has
        // been used to make a URL name another host than the eye sees.
        let strange = |symbol: char| symbol.is_whitespace() || symbol.is_control() || "@?#\\".contains(symbol);
        if rest.contains(strange) {
            return Err(InvalidEndpoint::Form);
        }
        let loopback = is_loopback(authority).ok_or(InvalidEndpoint::Form)?;
        if scheme.eq_ignore_ascii_case("https") || (scheme.eq_ignore_ascii_case("http") && loopback) {
            Ok(Self(text.trim_end_matches('/').to_owned()))
        } else if scheme.eq_ignore_ascii_case("http") {
            Err(InvalidEndpoint::Insecure)
        } else {
            Err(InvalidEndpoint::Form)
        }
    }
}

/// Whether `host` or `host:port` is this machine; `None` when it is no such thing.
fn is_loopback(authority: &str) -> Option<bool> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => rest.split_once(']').and_then(|(host, port)| match port {
            "" => Some((host, None)),
            _ => Some((host, Some(port.strip_prefix(':')?))),
        })?,
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    if port.is_some_and(|port| port.parse::<u16>().is_err()) {
        return None;
    }
    if authority.starts_with('[') {
        return host.parse::<Ipv6Addr>().ok().map(|address| address.is_loopback());
    }
    let label =
        |label: &str| !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if !host.split('.').all(label) {
        return None;
    }
    let loopback_address = host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback());
    Some(loopback_address || host.eq_ignore_ascii_case("localhost"))
}

/// A `[[tenant]]` to collect from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// The tenant's GUID, as written.
    pub id: String,
    /// What people call it.
    pub name: Option<String>,
    /// How to sign in; the collector's own choice where it is not said.
    pub credential: Option<Credential>,
    /// The application to sign in as, a GUID.
    pub client_id: Option<String>,
    /// Ids or names of the subscriptions to read; all of them where it is not said.
    pub subscriptions: Vec<Pattern>,
    /// Ids or names of the subscriptions to leave out.
    pub exclude: Vec<Pattern>,
}

/// How to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credential {
    /// What `az login` left behind.
    AzureCli,
    /// The identity of the machine.
    ManagedIdentity,
    /// A federated token of a Kubernetes workload.
    WorkloadIdentity,
    /// An application's secret, from the environment.
    ClientSecret,
    /// An application's certificate, named by the environment.
    ClientCertificate,
    /// A service connection of Azure Pipelines.
    AzurePipelines,
    /// GitHub's own token service.
    GithubOidc,
}

const CREDENTIALS: [(&str, Credential); 7] = [
    ("azure-cli", Credential::AzureCli),
    ("managed-identity", Credential::ManagedIdentity),
    ("workload-identity", Credential::WorkloadIdentity),
    ("client-secret", Credential::ClientSecret),
    ("client-certificate", Credential::ClientCertificate),
    ("azure-pipelines", Credential::AzurePipelines),
    ("github-oidc", Credential::GithubOidc),
];

pub(super) fn read_cloud(written: Option<Value<'_>>, problems: &mut Problems) -> Option<Cloud> {
    let mut table = written?.table("`[cloud]`", problems)?;
    let span = table.span.clone();
    let name = table.take("name");
    let resource_manager = table.take("resource_manager");
    let authority = table.take("authority");
    table.finish(problems);
    match (name, resource_manager, authority) {
        (Some(name), None, None) => {
            let clouds = [("public", Cloud::Public), ("usgov", Cloud::UsGov), ("china", Cloud::China)];
            name.word(&clouds, problems)
        }
        (None, Some(resource_manager), Some(authority)) => {
            let resource_manager = endpoint(&resource_manager, problems);
            let authority = endpoint(&authority, problems);
            Some(Cloud::Custom { resource_manager: resource_manager?, authority: authority? })
        }
        (None, None, None) => None,
        (name, resource_manager, authority) => {
            for value in [&resource_manager, &authority].into_iter().flatten() {
                endpoint(value, problems);
            }
            let (message, help) = if name.is_some() {
                ("`[cloud]` names a cloud and endpoints", "remove `name`, or `resource_manager` and `authority`")
            } else {
                ("`[cloud]` names one endpoint of two", "`resource_manager` and `authority` go together")
            };
            problems.push(Problem::new(&span, message).label("undecided").help(help));
            None
        }
    }
}

fn endpoint(written: &Value<'_>, problems: &mut Problems) -> Option<Endpoint> {
    let Text { text, .. } = written.text(problems)?;
    match Endpoint::from_str(text) {
        Ok(endpoint) => Some(endpoint),
        Err(why) => {
            problems.push(written.unfit(&why.to_string()).label("expected an https URL"));
            None
        }
    }
}

pub(super) fn read_tenants(written: Option<Value<'_>>, problems: &mut Problems) -> Vec<Tenant> {
    let tables = written.map(|written| written.tables("[[tenant]]", problems)).unwrap_or_default();
    let mut seen: Vec<Text<'_>> = Vec::new();
    let mut tenants = Vec::new();
    for mut table in tables {
        let id = table.require("id", "id = \"00000000-0000-0000-0000-000000000000\"", problems);
        let id = id.and_then(|id| guid(&id, problems));
        if let Some(id) = &id {
            refuse_repetition(id, &mut seen, "tenants", problems);
        }
        tenants.extend(read_tenant(id, table, problems));
    }
    tenants
}

fn read_tenant(id: Option<Text<'_>>, mut table: Table<'_>, problems: &mut Problems) -> Option<Tenant> {
    let name = table.text("name", problems);
    let credential = table.take("credential").and_then(|kind| kind.word(&CREDENTIALS, problems));
    let client_id = table.take("client_id").and_then(|id| guid(&id, problems));
    let subscriptions = table.take("subscriptions");
    let exclude = table.take("exclude");
    table.finish(problems);
    let subscriptions = match subscriptions {
        None => vec![Pattern::any()],
        Some(written) => {
            let patterns = patterns(&written, problems);
            if patterns.as_ref().is_some_and(Vec::is_empty) {
                let problem = written.unfit("is empty: nothing would be read").label("no subscription");
                problems.push(problem.help("remove the key to read every subscription"));
            }
            patterns.unwrap_or_default()
        }
    };
    let exclude = exclude.and_then(|written| patterns(&written, problems)).unwrap_or_default();
    Some(Tenant {
        id: id?.text.to_owned(),
        name: name.map(|name| name.text.to_owned()),
        credential,
        client_id: client_id.map(|id| id.text.to_owned()),
        subscriptions,
        exclude,
    })
}

/// The patterns of an array; `None` when one of them, or the array, is none.
fn patterns(written: &Value<'_>, problems: &mut Problems) -> Option<Vec<Pattern>> {
    let elements = written.array("an array of names or globs, such as [\"*\"]", problems)?;
    let patterns = elements.iter().map(|element| element.pattern(problems)).collect::<Vec<_>>();
    patterns.into_iter().collect()
}

fn guid<'t>(written: &Value<'t>, problems: &mut Problems) -> Option<Text<'t>> {
    let text = written.text(problems)?;
    let group_lengths = text.text.split('-').map(str::len);
    let digits = |group: &str| group.bytes().all(|byte| byte.is_ascii_hexdigit());
    if group_lengths.eq([8, 4, 4, 4, 12]) && text.text.split('-').all(digits) {
        return Some(text);
    }
    let label = "expected 8-4-4-4-12 hexadecimal digits";
    problems.push(written.unfit("is no GUID").label(label));
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_stays_on_the_machine() {
        for good in [
            "https://management.azure.com",
            "https://management.local:8443/base/",
            "http://localhost:8080",
            "http://127.0.0.1",
            "http://127.9.9.9:1/x",
            "http://[::1]:80",
            "HTTPS://Example.com",
        ] {
            assert!(good.parse::<Endpoint>().is_ok(), "{good}");
        }
        for insecure in ["http://management.azure.com", "http://localhost.example.com", "http://127.1", "http://[::2]"]
        {
            assert_eq!(insecure.parse::<Endpoint>(), Err(InvalidEndpoint::Insecure), "{insecure}");
        }
    }

    #[test]
    fn what_is_no_base_url_is_no_endpoint() {
        for bad in [
            "",
            "management.azure.com",
            "https://",
            "https:///x",
            "http://localhost@example.com",
            "https://a?b",
            "https://a#b",
            "https://a\\b",
            "https://a b",
            "https://a:99999",
            "https://[::1",
            "https://[::1]x",
            "https://a..b",
            "ftp://localhost",
        ] {
            assert_eq!(bad.parse::<Endpoint>(), Err(InvalidEndpoint::Form), "{bad}");
        }
    }

    #[test]
    fn a_trailing_slash_is_not_kept() {
        assert_eq!("https://a.b/".parse::<Endpoint>().unwrap().as_str(), "https://a.b");
    }
}
