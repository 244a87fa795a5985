//! What a scan is measured against: the same bytes, only parsed, into borrowed typed structs.
//!
//! The structs have the fields that a reader for network rules takes; what else ARM sends is skipped. They believe
//! the input: plain derived `serde`, one shape, no places, no tolerance. Keeps nothing of what was parsed.

#![allow(clippy::struct_field_names, reason = "fields are named after JSON's own")]

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::hint::black_box;
use std::io::{self, Read as _};
use std::path::Path;

use serde::Deserialize;

/// Parses every file of a snapshot, one after the other, out of one buffer; how many resources there were.
pub(crate) fn parse(snapshot: &Path) -> io::Result<usize> {
    let mut buffer = Vec::new();
    let mut resources = 0;
    for tenant in folders(snapshot)? {
        for subscription in folders(&tenant)? {
            for file in fs::read_dir(subscription)? {
                let path = file?.path();
                buffer.clear();
                File::open(&path)?.read_to_end(&mut buffer)?;
                let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
                resources += one(stem, &buffer)?;
            }
        }
    }
    Ok(resources)
}

fn folders(below: &Path) -> io::Result<Vec<std::path::PathBuf>> {
    let entries = fs::read_dir(below)?.map(|entry| entry.map(|entry| entry.path()));
    Ok(entries.collect::<io::Result<Vec<_>>>()?.into_iter().filter(|path| path.is_dir()).collect())
}

fn one(stem: &str, text: &[u8]) -> io::Result<usize> {
    match stem {
        "subscription" => {
            black_box(serde_json::from_slice::<Subscription<'_>>(text)?);
            Ok(1)
        }
        "virtualNetworks" => list::<Vnet<'_>>(text),
        "networkSecurityGroups" => list::<Nsg<'_>>(text),
        "routeTables" => list::<RouteTable<'_>>(text),
        "virtualNetworkGateways" => list::<Gateway<'_>>(text),
        "connections" => list::<Connection<'_>>(text),
        "localNetworkGateways" => list::<LocalGateway<'_>>(text),
        "azureFirewalls" => list::<Firewall<'_>>(text),
        "networkInterfaces" => list::<Interface<'_>>(text),
        _ => list::<Other<'_>>(text),
    }
}

fn list<'a, T: Deserialize<'a>>(text: &'a [u8]) -> io::Result<usize> {
    let resources: Vec<Resource<'a, T>> = serde_json::from_slice(text)?;
    Ok(black_box(resources).len())
}

type Vnet<'a> = VnetProperties<'a>;

/// What every ARM resource has around its properties.
#[derive(Deserialize)]
#[serde(bound(deserialize = "T: Deserialize<'de>"))]
#[expect(dead_code, reason = "parsed, and looked at by nobody")]
struct Resource<'a, T> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow, rename = "type", default)]
    kind: Cow<'a, str>,
    location: Option<&'a str>,
    #[serde(borrow, default)]
    tags: BTreeMap<&'a str, &'a str>,
    properties: T,
}

macro_rules! properties {
    ($($(#[$meta:meta])* $name:ident { $($(#[$on:meta])* $field:ident: $kind:ty,)+ })+) => {$(
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        #[expect(dead_code, reason = "parsed, and looked at by nobody")]
        $(#[$meta])*
        struct $name<'a> {
            $($(#[$on])* $field: $kind,)+
        }
    )+};
}

properties! {
    Reference {
        #[serde(borrow)]
        id: Cow<'a, str>,
    }

    AddressSpace {
        #[serde(borrow, default)]
        address_prefixes: Vec<&'a str>,
    }

    VnetProperties {
        provisioning_state: Option<&'a str>,
        #[serde(borrow)]
        address_space: AddressSpace<'a>,
        #[serde(borrow, default)]
        subnets: Vec<Resource<'a, Subnet<'a>>>,
        #[serde(borrow, default)]
        virtual_network_peerings: Vec<Resource<'a, Peering<'a>>>,
    }

    Subnet {
        address_prefix: Option<&'a str>,
        #[serde(borrow, default)]
        address_prefixes: Vec<&'a str>,
        network_security_group: Option<Reference<'a>>,
        route_table: Option<Reference<'a>>,
        #[serde(borrow, default)]
        ip_configurations: Vec<Reference<'a>>,
        #[serde(borrow, default)]
        delegations: Vec<Resource<'a, Delegation<'a>>>,
    }

    Delegation {
        service_name: Option<&'a str>,
    }

    Peering {
        peering_state: Option<&'a str>,
        peering_sync_level: Option<&'a str>,
        remote_virtual_network: Option<Reference<'a>>,
        allow_virtual_network_access: Option<bool>,
        allow_forwarded_traffic: Option<bool>,
        allow_gateway_transit: Option<bool>,
        use_remote_gateways: Option<bool>,
        do_not_verify_remote_gateways: Option<bool>,
        peer_complete_vnets: Option<bool>,
        #[serde(rename = "enableOnlyIPv6Peering")]
        only_ipv6: Option<bool>,
        #[serde(borrow, default)]
        local_subnet_names: Vec<&'a str>,
        #[serde(borrow, default)]
        remote_subnet_names: Vec<&'a str>,
        remote_address_space: Option<AddressSpace<'a>>,
        remote_virtual_network_address_space: Option<AddressSpace<'a>>,
    }

    Nsg {
        provisioning_state: Option<&'a str>,
        #[serde(borrow, default)]
        security_rules: Vec<Resource<'a, Rule<'a>>>,
        #[serde(borrow, default)]
        subnets: Vec<Reference<'a>>,
        #[serde(borrow, default)]
        network_interfaces: Vec<Reference<'a>>,
    }

    Rule {
        priority: u16,
        direction: &'a str,
        access: &'a str,
        protocol: &'a str,
        source_address_prefix: Option<&'a str>,
        #[serde(borrow, default)]
        source_address_prefixes: Vec<&'a str>,
        #[serde(borrow, default)]
        source_application_security_groups: Vec<Reference<'a>>,
        source_port_range: Option<&'a str>,
        #[serde(borrow, default)]
        source_port_ranges: Vec<&'a str>,
        destination_address_prefix: Option<&'a str>,
        #[serde(borrow, default)]
        destination_address_prefixes: Vec<&'a str>,
        #[serde(borrow, default)]
        destination_application_security_groups: Vec<Reference<'a>>,
        destination_port_range: Option<&'a str>,
        #[serde(borrow, default)]
        destination_port_ranges: Vec<&'a str>,
    }

    RouteTable {
        disable_bgp_route_propagation: Option<bool>,
        #[serde(borrow, default)]
        routes: Vec<Resource<'a, Route<'a>>>,
        #[serde(borrow, default)]
        subnets: Vec<Reference<'a>>,
    }

    Route {
        address_prefix: Option<&'a str>,
        next_hop_type: Option<&'a str>,
        next_hop_ip_address: Option<&'a str>,
    }

    Gateway {
        gateway_type: Option<&'a str>,
        vpn_type: Option<&'a str>,
        active_active: Option<bool>,
        enable_bgp: Option<bool>,
        #[serde(borrow, default)]
        ip_configurations: Vec<Resource<'a, IpConfiguration<'a>>>,
        vpn_client_configuration: Option<ClientConfiguration<'a>>,
    }

    ClientConfiguration {
        #[serde(borrow)]
        vpn_client_address_pool: Option<AddressSpace<'a>>,
    }

    IpConfiguration {
        #[serde(rename = "privateIPAddress")]
        private_ip_address: Option<&'a str>,
        subnet: Option<Reference<'a>>,
        #[serde(rename = "publicIPAddress")]
        public_ip_address: Option<Reference<'a>>,
    }

    Connection {
        connection_type: Option<&'a str>,
        virtual_network_gateway1: Option<Reference<'a>>,
        virtual_network_gateway2: Option<Reference<'a>>,
        local_network_gateway2: Option<Reference<'a>>,
        peer: Option<Reference<'a>>,
        enable_bgp: Option<bool>,
    }

    LocalGateway {
        #[serde(borrow)]
        local_network_address_space: Option<AddressSpace<'a>>,
    }

    Firewall {
        #[serde(borrow, default)]
        ip_configurations: Vec<Resource<'a, IpConfiguration<'a>>>,
        firewall_policy: Option<Reference<'a>>,
    }

    Interface {
        #[serde(rename = "enableIPForwarding")]
        ip_forwarding: Option<bool>,
        #[serde(borrow, default)]
        ip_configurations: Vec<Resource<'a, IpConfiguration<'a>>>,
        network_security_group: Option<Reference<'a>>,
    }

    Other {
        provisioning_state: Option<&'a str>,
    }

    Subscription {
        subscription_id: &'a str,
        tenant_id: &'a str,
        #[serde(borrow)]
        display_name: Cow<'a, str>,
        state: Option<&'a str>,
        #[serde(borrow, default)]
        tags: BTreeMap<&'a str, &'a str>,
        #[serde(borrow, default)]
        management_group_ancestors_chain: Vec<ManagementGroup<'a>>,
    }

    ManagementGroup {
        #[serde(borrow)]
        name: Cow<'a, str>,
        #[serde(borrow)]
        display_name: Cow<'a, str>,
    }
}
