//! Properties that can hold a secret, and so never reach a snapshot.
//!
//! Decides by the property's name alone, at any depth and in any letter case, tags included: a value does not tell
//! what it opens. A name that ends like a secret counts as one, because Azure adds properties faster than a list grows.

use super::json::Json;

/// Endings of names, in lower case, whose values are dropped.
///
/// | ending | what it is, and where ARM has it |
/// |---|---|
/// | `sharedkey` | pre-shared key of a VPN connection; MD5 key of an ExpressRoute circuit's peering |
/// | `authorizationkey` | lets another subscription connect to an ExpressRoute circuit: `connections`, `authorizations` of a circuit |
/// | `servicekey` | identifies an ExpressRoute circuit to its provider, who provisions for whoever tells it |
/// | `secret`, `secrets` | `radiusServerSecret` of point-to-site VPN, `clientSecret` |
/// | `password`, `passphrase`, `passwd` | of anything |
/// | `token`, `tokens` | bearer and SAS tokens |
/// | `connectionstring` | holds an account's key |
/// | `accesskey`, `accountkey`, `apikey`, `primarykey`, `secondarykey`, `privatekey`, `presharedkey` | keys by their usual names |
/// | `certificates`, `certificatechain`, `certificatedata`, `publiccertdata`, `pfx` | certificates of point-to-site VPN (root, revoked, RADIUS) and of connections: they name people and machines, and an upload by mistake holds the private key |
///
/// References into a key vault (`cakSecretIdentifier`) are names, not secrets, and stay.
/// Sources: <https://learn.microsoft.com/rest/api/network-gateway/virtual-network-gateway-connections/get>,
/// <https://learn.microsoft.com/rest/api/network-gateway/virtual-network-gateways/get>,
/// <https://learn.microsoft.com/rest/api/expressroute/express-route-circuits/get>.
const ENDINGS: [&str; 22] = [
    "accesskey",
    "accountkey",
    "apikey",
    "authorizationkey",
    "certificatechain",
    "certificatedata",
    "certificates",
    "connectionstring",
    "passphrase",
    "passwd",
    "password",
    "pfx",
    "presharedkey",
    "primarykey",
    "privatekey",
    "publiccertdata",
    "secondarykey",
    "secret",
    "secrets",
    "servicekey",
    "sharedkey",
    "token",
];

/// Whether a property of this name can hold a secret.
pub fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ENDINGS.iter().any(|ending| name.ends_with(ending)) || name.ends_with("tokens")
}

/// Drops every property that can hold a secret, and says how many held something.
pub(super) fn drop_from(value: &mut Json) -> u64 {
    match value {
        Json::List(items) => items.iter_mut().map(drop_from).sum(),
        Json::Object(members) => {
            let mut dropped = 0;
            members.retain(|(name, value)| {
                let secret = is_secret(name);
                dropped += u64::from(secret && !value.is_empty());
                !secret
            });
            dropped + members.iter_mut().map(|(_, member)| drop_from(member)).sum::<u64>()
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_are_known_in_any_case_and_with_any_beginning() {
        for name in [
            "sharedKey",
            "SHAREDKEY",
            "authorizationKey",
            "serviceKey",
            "radiusServerSecret",
            "vpnClientRootCertificates",
            "radiusServerRootCertificates",
            "publicCertData",
            "accessToken",
            "adminPassword",
        ] {
            assert!(is_secret(name), "{name}");
        }
    }

    #[test]
    fn names_that_only_sound_like_secrets_stay() {
        for name in ["key", "keyVaultId", "cakSecretIdentifier", "tokenIssuer", "peerASN", "certificateAuthentication"]
        {
            assert!(!is_secret(name), "{name}");
        }
    }

    #[test]
    fn secrets_are_dropped_at_any_depth_and_counted_where_they_held_something() {
        let text = r#"{"a":[{"SharedKey":"x","b":{"token":null,"c":1}}],"tags":{"password":{"d":[2]}}}"#;
        let mut value = Json::parse(text.as_bytes()).unwrap();
        assert_eq!(drop_from(&mut value), 2);
        assert_eq!(serde_json::to_string(&value).unwrap(), r#"{"a":[{"b":{"c":1}}],"tags":{}}"#);
    }
}
