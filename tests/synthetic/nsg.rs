//! Network security groups: ten custom rules and Azure's six, as ARM returns them.
//!
//! No rule here is meant to be found at fault unless the plan twists it: sources are prefixes rather than
//! `VirtualNetwork`, management ports stay inside the virtual network, and no rule hides another.

use super::json::Json;
use super::plan::Plan;
use super::random::{Kind, guid};
use super::vnet::{Twist, Vnet};

/// Remote administration and databases, for the rule that denies them.
const MANAGEMENT_PORTS: [&str; 14] = [
    "22",
    "135",
    "445",
    "1433-1434",
    "1521-1522",
    "3306",
    "3389",
    "5432",
    "5984-5986",
    "6379-6380",
    "7000-7001",
    "9042",
    "9200-9300",
    "27017-27019",
];

#[derive(Clone, Copy)]
enum Direction {
    Inbound,
    Outbound,
}

#[derive(Clone, Copy)]
enum Access {
    Allow,
    Deny,
}

struct Rule {
    name: &'static str,
    description: Option<&'static str>,
    priority: u16,
    direction: Direction,
    access: Access,
    protocol: &'static str,
    source: Vec<String>,
    destination: Vec<String>,
    ports: &'static [&'static str],
}

impl Rule {
    fn new(direction: Direction, access: Access, priority: u16, name: &'static str) -> Self {
        let any = || vec!["*".to_owned()];
        let (source, destination) = (any(), any());
        Self { name, description: None, priority, direction, access, protocol: "*", source, destination, ports: &["*"] }
    }

    fn allow_in(priority: u16, name: &'static str) -> Self {
        Self::new(Direction::Inbound, Access::Allow, priority, name)
    }

    fn allow_out(priority: u16, name: &'static str) -> Self {
        Self::new(Direction::Outbound, Access::Allow, priority, name)
    }

    fn deny_in(priority: u16, name: &'static str) -> Self {
        Self::new(Direction::Inbound, Access::Deny, priority, name)
    }

    fn deny_out(priority: u16, name: &'static str) -> Self {
        Self::new(Direction::Outbound, Access::Deny, priority, name)
    }

    fn from(self, source: impl IntoIterator<Item = impl ToString>) -> Self {
        Self { source: source.into_iter().map(|s| s.to_string()).collect(), ..self }
    }

    fn to(self, destination: impl IntoIterator<Item = impl ToString>) -> Self {
        Self { destination: destination.into_iter().map(|d| d.to_string()).collect(), ..self }
    }

    fn on(self, protocol: &'static str, ports: &'static [&'static str]) -> Self {
        Self { protocol, ports, ..self }
    }

    /// The singular field holds one value and is missing where the plural holds several, as in recordings.
    fn write(&self, json: &mut Json, nsg: &str, list: &str, etag: &str) {
        json.text("id", format_args!("{nsg}/{list}/{}", self.name));
        json.text("name", self.name);
        json.text("type", format_args!("Microsoft.Network/networkSecurityGroups/{list}"));
        json.etag(etag);
        json.object("properties", |json| {
            json.text("provisioningState", "Succeeded");
            if let Some(description) = self.description {
                json.text("description", description);
            }
            json.text("protocol", self.protocol);
            json.text("sourcePortRange", "*");
            let singular = |json: &mut Json, key, values: &[&str]| {
                if let [one] = values {
                    json.text(key, one);
                }
            };
            let plural = |json: &mut Json, key, values: &[&str]| {
                json.texts(key, values.iter().filter(|_| values.len() > 1));
            };
            let source = self.source.iter().map(String::as_str).collect::<Vec<_>>();
            let destination = self.destination.iter().map(String::as_str).collect::<Vec<_>>();
            singular(json, "destinationPortRange", self.ports);
            singular(json, "sourceAddressPrefix", &source);
            singular(json, "destinationAddressPrefix", &destination);
            json.text("access", if matches!(self.access, Access::Allow) { "Allow" } else { "Deny" });
            json.bare("priority", self.priority);
            json.text("direction", if matches!(self.direction, Direction::Inbound) { "Inbound" } else { "Outbound" });
            plural(json, "sourcePortRanges", &["*"]);
            plural(json, "destinationPortRanges", self.ports);
            plural(json, "sourceAddressPrefixes", &source);
            plural(json, "destinationAddressPrefixes", &destination);
        });
    }
}

/// The members of the NSG of a virtual network.
pub(crate) fn write(json: &mut Json, plan: &Plan, number: usize, defaults: &DefaultRules) {
    let vnet = &plan.vnets[number];
    let id = plan.nsg_id(vnet);
    let resource_guid = guid(plan.seed, Kind::Nsg, number);
    json.text("id", &id);
    json.text("name", vnet.named("nsg"));
    json.text("type", "Microsoft.Network/networkSecurityGroups");
    json.etag(&resource_guid);
    json.text("location", vnet.region.location);
    super::arm::tags(json, vnet);
    json.object("properties", |json| {
        json.text("provisioningState", "Succeeded");
        json.text("resourceGuid", &resource_guid);
        json.objects("securityRules", custom_rules(vnet), |json, rule| {
            rule.write(json, &id, "securityRules", &resource_guid);
        });
        json.objects("defaultSecurityRules", &defaults.0, |json, rule| {
            rule.write(json, &id, "defaultSecurityRules", &resource_guid);
        });
        let protected = vnet.workload_subnets().filter(|(name, _)| vnet.subnet_without_nsg != Some(name));
        json.objects("subnets", protected, |json, (name, _)| {
            json.text("id", format_args!("{}/subnets/{name}", plan.vnet_id(vnet)));
        });
    });
}

/// Ten rules.
fn custom_rules(vnet: &Vnet) -> Vec<Rule> {
    let (first, second) = workload_prefixes(vnet);
    vec![
        entrance(vnet, &first),
        Rule::allow_in(110, "AllowApp").from([&first]).to([&second]).on("Tcp", &["8443", "9443"]),
        Rule::allow_in(120, "AllowPostgresFromApp").from([&first]).to([&second]).on("Tcp", &["5432"]),
        Rule::allow_in(130, "AllowSshFromOwnVnet").from([vnet.block()]).on("Tcp", &["22"]),
        if vnet.twist == Twist::Shadowed {
            Rule::allow_in(140, "AllowAppAgain").from([&first]).to([&second]).on("Tcp", &["8443"])
        } else {
            Rule::allow_in(140, "AllowProbes").from(["AzureLoadBalancer"]).on("Tcp", &["8080"])
        },
        Rule::deny_in(4000, "DenyManagement").on("*", &MANAGEMENT_PORTS),
        match vnet.twist {
            Twist::AnyToAny => Rule::allow_in(4096, "AllowEverything"),
            Twist::NoFinalDeny => Rule::deny_out(130, "DenyTelnet").to(["Internet"]).on("Tcp", &["23"]),
            _ => Rule::deny_in(4096, "DenyAllElse"),
        },
        Rule::allow_out(100, "AllowDns").to(&vnet.clients).on("Udp", &["53"]),
        Rule::allow_out(110, "AllowStorage").to(["Storage"]).on("Tcp", &["443"]),
        Rule::deny_out(120, "DenySmtp").to(["Internet"]).on("Tcp", &["25"]),
    ]
}

/// The rule that lets the neighbours in, or the seed in its place.
fn entrance(vnet: &Vnet, to: &str) -> Rule {
    let open = |name, source: &str| Rule::allow_in(100, name).from([source]).to([to]);
    match vnet.twist {
        Twist::BroadTag => open("AllowFromVirtualNetwork", "VirtualNetwork").on("Tcp", &["20000-20999"]),
        Twist::NarrowTag => open("AllowFromVirtualNetwork", "VirtualNetwork").on("Tcp", &["8082"]),
        Twist::SshFromInternet => open("AllowSshFromInternet", "Internet").on("Tcp", &["22"]),
        Twist::Allows(prefix) => open("AllowFromOtherEnvironment", &prefix.to_string()).on("Tcp", &["443"]),
        _ => Rule::allow_in(100, "AllowHttps").from(&vnet.clients).to([to]).on("Tcp", &["443"]),
    }
}

/// Where clients arrive, and what lies behind; a hub has one workload subnet for both.
fn workload_prefixes(vnet: &Vnet) -> (String, String) {
    let subnets = vnet.workload_subnets().map(|(_, prefix)| prefix.to_string()).collect::<Vec<_>>();
    let first = subnets.first().expect("every virtual network has a workload subnet");
    (first.clone(), subnets.get(1).unwrap_or(first).clone())
}

/// The rules that Azure adds to every NSG.
pub(crate) struct DefaultRules(Vec<Rule>);

impl DefaultRules {
    pub(crate) fn new() -> Self {
        let described = |rule: Rule, description| Rule { description: Some(description), ..rule };
        let virtual_network = ["VirtualNetwork"];
        Self(vec![
            described(
                Rule::allow_in(65000, "AllowVnetInBound").from(virtual_network).to(virtual_network),
                "Allow inbound traffic from all VMs in VNET",
            ),
            described(
                Rule::allow_in(65001, "AllowAzureLoadBalancerInBound").from(["AzureLoadBalancer"]),
                "Allow inbound traffic from azure load balancer",
            ),
            described(Rule::deny_in(65500, "DenyAllInBound"), "Deny all inbound traffic"),
            described(
                Rule::allow_out(65000, "AllowVnetOutBound").from(virtual_network).to(virtual_network),
                "Allow outbound traffic from all VMs to all VMs in VNET",
            ),
            described(
                Rule::allow_out(65001, "AllowInternetOutBound").to(["Internet"]),
                "Allow outbound traffic from all VMs to Internet",
            ),
            described(Rule::deny_out(65500, "DenyAllOutBound"), "Deny all outbound traffic"),
        ])
    }
}
