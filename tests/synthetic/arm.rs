//! Virtual networks, their peerings, route tables and network interfaces as ARM returns them.

use super::json::Json;
use super::plan::{Peering, Plan, Remote};
use super::random::{Kind, guid};
use super::vnet::{FIREWALL_SUBNET, Naming, Role, Vnet};

/// The envelope that every resource has, up to its `properties`. Gives the GUID of the resource.
pub(crate) fn envelope(json: &mut Json, plan: &Plan, number: usize, kind: (&str, Kind), name: &str) -> String {
    let vnet = &plan.vnets[number];
    let (kind, salt) = kind;
    let guid = guid(plan.seed, salt, number);
    json.text("id", plan.id(vnet, kind, name));
    json.text("name", name);
    json.text("type", format_args!("Microsoft.Network/{kind}"));
    json.etag(&guid);
    json.text("location", vnet.region.location);
    tags(json, vnet);
    guid
}

pub(crate) fn tags(json: &mut Json, vnet: &Vnet) {
    json.object("tags", |json| {
        json.text("CostCenter", format_args!("CC-{:04}", 1000 + vnet.group % 97));
        if let Some(environment) = vnet.environment.tag() {
            json.text("Environment", environment);
        }
        json.text("ManagedBy", "terraform");
        json.text("Owner", format_args!("team-{:02}@contoso.example", vnet.group % 40));
        json.text("Role", vnet.role.word());
    });
}

pub(crate) fn vnet(json: &mut Json, plan: &Plan, number: usize) {
    let vnet = &plan.vnets[number];
    let guid = envelope(json, plan, number, ("virtualNetworks", Kind::Vnet), &vnet.name);
    let id = plan.vnet_id(vnet);
    json.object("properties", |json| {
        json.text("provisioningState", "Succeeded");
        json.text("resourceGuid", &guid);
        address_space(json, "addressSpace", &vnet.spaces);
        json.text("privateEndpointVNetPolicies", "Disabled");
        json.object("dhcpOptions", |json| json.texts::<&str>("dnsServers", []));
        json.objects("subnets", vnet.subnets(), |json, (name, prefix)| {
            json.text("id", format_args!("{id}/subnets/{name}"));
            json.text("name", name);
            json.text("type", "Microsoft.Network/virtualNetworks/subnets");
            json.etag(&guid);
            json.object("properties", |json| subnet(json, plan, vnet, (name, prefix)));
        });
        json.objects("virtualNetworkPeerings", &vnet.peerings, |json, peering| {
            let name = plan.peering_name(peering);
            json.text("id", format_args!("{id}/virtualNetworkPeerings/{name}"));
            json.text("name", name);
            json.text("type", "Microsoft.Network/virtualNetworks/virtualNetworkPeerings");
            json.etag(&guid);
            json.object("properties", |json| peering_properties(json, plan, vnet, peering));
        });
        json.bare("enableDdosProtection", false);
    });
}

fn address_space<T: std::fmt::Display>(json: &mut Json, key: &str, prefixes: &[T]) {
    json.object(key, |json| json.texts("addressPrefixes", prefixes));
}

/// New subnets have the plural field also for one prefix; both shapes occur.
fn subnet(json: &mut Json, plan: &Plan, vnet: &Vnet, (name, prefix): (&str, ipnet::Ipv4Net)) {
    let workload = name.starts_with("snet-");
    json.text("provisioningState", "Succeeded");
    if vnet.ordinal.is_multiple_of(3) {
        json.texts("addressPrefixes", [prefix]);
    } else {
        json.text("addressPrefix", prefix);
    }
    if workload && vnet.subnet_without_nsg != Some(name) {
        json.reference("networkSecurityGroup", plan.nsg_id(vnet));
    }
    if workload && vnet.role == Role::Spoke {
        json.reference("routeTable", plan.id(vnet, "routeTables", &vnet.named("rt")));
    }
    let configuration = match name {
        "GatewaySubnet" => Some(plan.id(vnet, "virtualNetworkGateways", &vnet.named("vgw"))),
        FIREWALL_SUBNET if vnet.firewall => Some(plan.id(vnet, "azureFirewalls", &vnet.named("afw"))),
        "snet-app" if vnet.nic => Some(plan.id(vnet, "networkInterfaces", &vnet.named("nic"))),
        _ => None,
    };
    if let Some(owner) = configuration {
        json.objects("ipConfigurations", [owner], |json, owner| {
            json.text("id", format_args!("{owner}/ipConfigurations/default"));
        });
    }
    json.objects("serviceEndpoints", [(); 0], |_, ()| {});
    json.objects("delegations", [(); 0], |_, ()| {});
    json.text("privateEndpointNetworkPolicies", "Disabled");
    json.text("privateLinkServiceNetworkPolicies", "Enabled");
}

fn peering_properties(json: &mut Json, plan: &Plan, vnet: &Vnet, peering: &Peering) {
    let (remote, current) = match &peering.remote {
        Remote::Vnet(remote) => (plan.vnet_id(&plan.vnets[*remote]), plan.vnets[*remote].spaces.clone()),
        Remote::Gone { name, space } => (plan.id(vnet, "virtualNetworks", name), vec![*space]),
    };
    json.text("provisioningState", "Succeeded");
    json.text("resourceGuid", guid(plan.seed, Kind::Link, peering.link));
    json.text("peeringState", peering.state.word());
    json.text("peeringSyncLevel", peering.sync.word());
    json.reference("remoteVirtualNetwork", remote);
    json.bare("allowVirtualNetworkAccess", peering.allow.access);
    json.bare("allowForwardedTraffic", peering.allow.forwarded);
    json.bare("allowGatewayTransit", peering.allow.transit);
    json.bare("useRemoteGateways", peering.use_remote_gateways);
    json.bare("doNotVerifyRemoteGateways", false);
    json.bare("peerCompleteVnets", true);
    address_space(json, "remoteAddressSpace", peering.recorded_remote.as_ref().unwrap_or(&current));
    address_space(json, "remoteVirtualNetworkAddressSpace", &current);
    address_space(json, "localAddressSpace", peering.recorded_local.as_ref().unwrap_or(&vnet.spaces));
    address_space(json, "localVirtualNetworkAddressSpace", &vnet.spaces);
}

/// One route that nobody minds (Azure's licence server for Windows), and the default route where one is planned.
pub(crate) fn route_table(json: &mut Json, plan: &Plan, number: usize) {
    let vnet = &plan.vnets[number];
    let name = vnet.named("rt");
    let guid = envelope(json, plan, number, ("routeTables", Kind::RouteTable), &name);
    let id = plan.id(vnet, "routeTables", &name);
    let hub = &plan.vnets[plan.groups[vnet.group].start];
    let mut routes = vec![("windows-activation", "23.102.135.246/32", "Internet", None)];
    if vnet.default_route {
        routes.push(("default", "0.0.0.0/0", "VirtualAppliance", Some(hub.firewall_address())));
    }
    json.object("properties", |json| {
        json.text("provisioningState", "Succeeded");
        json.text("resourceGuid", &guid);
        json.bare("disableBgpRoutePropagation", vnet.default_route);
        json.objects("routes", routes, |json, (name, prefix, next_hop, address)| {
            json.text("id", format_args!("{id}/routes/{name}"));
            json.text("name", name);
            json.text("type", "Microsoft.Network/routeTables/routes");
            json.etag(&guid);
            json.object("properties", |json| {
                json.text("provisioningState", "Succeeded");
                json.text("addressPrefix", prefix);
                json.text("nextHopType", next_hop);
                if let Some(address) = address {
                    json.text("nextHopIpAddress", address);
                }
                json.bare("hasBgpOverride", false);
            });
        });
        json.objects("subnets", vnet.workload_subnets(), |json, (name, _)| {
            json.text("id", format_args!("{}/subnets/{name}", plan.vnet_id(vnet)));
        });
    });
}

/// The interface of one machine in the first subnet.
pub(crate) fn network_interface(json: &mut Json, plan: &Plan, number: usize) {
    let vnet = &plan.vnets[number];
    let name = vnet.named("nic");
    let guid = envelope(json, plan, number, ("networkInterfaces", Kind::Nic), &name);
    let id = plan.id(vnet, "networkInterfaces", &name);
    let (subnet, prefix) = vnet.workload_subnets().next().expect("every virtual network has a workload subnet");
    let address = prefix.hosts().nth(3).expect("a /24 has hosts");
    json.object("properties", |json| {
        json.text("provisioningState", "Succeeded");
        json.text("resourceGuid", &guid);
        json.objects("ipConfigurations", ["default"], |json, name| {
            json.text("id", format_args!("{id}/ipConfigurations/{name}"));
            json.text("name", name);
            json.text("type", "Microsoft.Network/networkInterfaces/ipConfigurations");
            json.etag(&guid);
            json.object("properties", |json| {
                json.text("provisioningState", "Succeeded");
                json.text("privateIPAddress", address);
                json.text("privateIPAllocationMethod", "Dynamic");
                json.reference("subnet", format_args!("{}/subnets/{subnet}", plan.vnet_id(vnet)));
                json.bare("primary", true);
                json.text("privateIPAddressVersion", "IPv4");
            });
        });
        json.object("dnsSettings", |json| {
            json.texts::<&str>("dnsServers", []);
            json.texts::<&str>("appliedDnsServers", []);
        });
        json.bare("enableAcceleratedNetworking", true);
        json.bare("enableIPForwarding", false);
        json.objects("hostedWorkloads", [(); 0], |_, ()| {});
        json.text("nicType", "Standard");
    });
}

/// The subscription as ARM returns it, with the chain of management groups as Resource Graph does, nearest first.
pub(crate) fn subscription(plan: &Plan, number: usize) -> String {
    let subscription = &plan.subscriptions[number];
    let tenant = &plan.tenants[subscription.tenant];
    let zone = subscription.environment.landing_zone();
    Json::object_document(|json| {
        json.text("id", format_args!("/subscriptions/{}", subscription.id));
        json.text("subscriptionId", &subscription.id);
        json.text("tenantId", &tenant.id);
        json.text("displayName", &subscription.name);
        json.text("state", "Enabled");
        json.object("subscriptionPolicies", |json| {
            json.text("locationPlacementId", "Public_2014-09-01");
            json.text("quotaId", "EnterpriseAgreement_2014-09-01");
            json.text("spendingLimit", "Off");
        });
        json.text("authorizationSource", "RoleBased");
        json.objects("managedByTenants", [(); 0], |_, ()| {});
        json.object("tags", |json| {
            if let Some(environment) = subscription.environment.tag() {
                json.text("Environment", environment);
            }
        });
        let chain = [format!("mg-{zone}"), format!("mg-{}", tenant.name)];
        json.objects("managementGroupAncestorsChain", chain, |json, name| {
            json.text("name", &name);
            json.text("displayName", &name);
        });
    })
}

/// Whether the plan's approval of forwarded traffic speaks of anybody.
pub(crate) fn approval_is_used(plan: &Plan) -> bool {
    plan.vnets.iter().any(|vnet| vnet.role == Role::Spoke && vnet.naming != Naming::Unapproved)
}
