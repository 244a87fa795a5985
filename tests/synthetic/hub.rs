//! What a hub holds: gateway, way to on-premises, firewall, public addresses.
//!
//! Groups with an even number have a VPN gateway and a site, the others an ExpressRoute gateway and a circuit.

use super::arm::envelope;
use super::json::Json;
use super::plan::Plan;
use super::random::{Kind, guid};
use super::vnet::{FIREWALL_SUBNET, Vnet};

pub(crate) fn has_vpn(vnet: &Vnet) -> bool {
    vnet.group.is_multiple_of(2)
}

pub(crate) fn gateway(json: &mut Json, plan: &Plan, number: usize) {
    let vnet = &plan.vnets[number];
    let name = vnet.named("vgw");
    let guid = envelope(json, plan, number, ("virtualNetworkGateways", Kind::Gateway), &name);
    let id = plan.id(vnet, "virtualNetworkGateways", &name);
    let (gateway_type, sku) = if has_vpn(vnet) { ("Vpn", "VpnGw2AZ") } else { ("ExpressRoute", "ErGw1AZ") };
    json.object("properties", |json| {
        json.text("provisioningState", "Succeeded");
        json.text("resourceGuid", &guid);
        json.text("packetCaptureDiagnosticState", "None");
        json.bare("enablePrivateIpAddress", false);
        json.objects("ipConfigurations", ["default"], |json, name| {
            json.text("id", format_args!("{id}/ipConfigurations/{name}"));
            json.text("name", name);
            json.text("type", "Microsoft.Network/virtualNetworkGateways/ipConfigurations");
            json.etag(&guid);
            json.object("properties", |json| {
                json.text("provisioningState", "Succeeded");
                json.text("privateIPAllocationMethod", "Dynamic");
                json.reference("publicIPAddress", public_address(plan, vnet, "vgw"));
                json.reference("subnet", format_args!("{}/subnets/GatewaySubnet", plan.vnet_id(vnet)));
            });
        });
        json.object("sku", |json| {
            json.text("name", sku);
            json.text("tier", sku);
            json.bare("capacity", 2);
        });
        json.text("gatewayType", gateway_type);
        json.text("vpnType", "RouteBased");
        json.text("vpnGatewayGeneration", if has_vpn(vnet) { "Generation2" } else { "None" });
        json.bare("enableBgp", false);
        json.bare("activeActive", false);
        json.bare("allowRemoteVnetTraffic", false);
        json.bare("allowVirtualWanTraffic", false);
    });
}

fn public_address(plan: &Plan, vnet: &Vnet, of: &str) -> String {
    plan.id(vnet, "publicIPAddresses", &vnet.named(&format!("pip-{of}")))
}

/// The public address of a gateway (`vgw`) or a firewall (`afw`), from a block reserved for examples (RFC 5737).
pub(crate) fn public_ip(json: &mut Json, plan: &Plan, number: usize, of: &str) {
    let vnet = &plan.vnets[number];
    let twin = 2 * number + usize::from(of == "vgw");
    let name = vnet.named(&format!("pip-{of}"));
    json.text("id", public_address(plan, vnet, of));
    json.text("name", &name);
    json.text("type", "Microsoft.Network/publicIPAddresses");
    let guid = guid(plan.seed, Kind::PublicIp, twin);
    json.etag(&guid);
    json.text("location", vnet.region.location);
    super::arm::tags(json, vnet);
    json.object("sku", |json| {
        json.text("name", "Standard");
        json.text("tier", "Regional");
    });
    let kind = if of == "vgw" { "virtualNetworkGateways" } else { "azureFirewalls" };
    json.object("properties", |json| {
        json.text("provisioningState", "Succeeded");
        json.text("resourceGuid", &guid);
        json.text("ipAddress", format_args!("203.0.113.{}", twin % 256));
        json.text("publicIPAddressVersion", "IPv4");
        json.text("publicIPAllocationMethod", "Static");
        json.bare("idleTimeoutInMinutes", 4);
        json.objects("ipTags", [(); 0], |_, ()| {});
        let owner = plan.id(vnet, kind, &vnet.named(of));
        json.reference("ipConfiguration", format_args!("{owner}/ipConfigurations/default"));
    });
}

pub(crate) fn firewall(json: &mut Json, plan: &Plan, number: usize) {
    let vnet = &plan.vnets[number];
    let name = vnet.named("afw");
    let guid = envelope(json, plan, number, ("azureFirewalls", Kind::Firewall), &name);
    let id = plan.id(vnet, "azureFirewalls", &name);
    json.object("properties", |json| {
        json.text("provisioningState", "Succeeded");
        json.object("sku", |json| {
            json.text("name", "AZFW_VNet");
            json.text("tier", "Premium");
        });
        json.text("threatIntelMode", "Deny");
        json.object("additionalProperties", |_| {});
        json.objects("ipConfigurations", ["default"], |json, name| {
            json.text("id", format_args!("{id}/ipConfigurations/{name}"));
            json.text("name", name);
            json.text("type", "Microsoft.Network/azureFirewalls/azureFirewallIpConfigurations");
            json.etag(&guid);
            json.object("properties", |json| {
                json.text("provisioningState", "Succeeded");
                json.text("privateIPAddress", vnet.firewall_address());
                json.text("privateIPAllocationMethod", "Dynamic");
                json.reference("subnet", format_args!("{}/subnets/{FIREWALL_SUBNET}", plan.vnet_id(vnet)));
                json.reference("publicIPAddress", public_address(plan, vnet, "afw"));
            });
        });
        json.objects("networkRuleCollections", [(); 0], |_, ()| {});
        json.objects("applicationRuleCollections", [(); 0], |_, ()| {});
        json.objects("natRuleCollections", [(); 0], |_, ()| {});
    });
}

/// The site of a VPN gateway; its space is in no partition of the address plan.
pub(crate) fn local_network_gateway(json: &mut Json, plan: &Plan, number: usize) {
    let vnet = &plan.vnets[number];
    let name = vnet.named("lgw");
    let guid = envelope(json, plan, number, ("localNetworkGateways", Kind::LocalNetworkGateway), &name);
    json.object("properties", |json| {
        json.text("provisioningState", "Succeeded");
        json.text("resourceGuid", &guid);
        json.object("localNetworkAddressSpace", |json| {
            json.texts("addressPrefixes", [format!("192.168.{}.0/24", vnet.group % 256)]);
        });
        json.text("gatewayIpAddress", format_args!("198.51.100.{}", vnet.group % 256));
    });
}

pub(crate) fn connection(json: &mut Json, plan: &Plan, number: usize) {
    let vnet = &plan.vnets[number];
    let name = vnet.named("cn");
    let guid = envelope(json, plan, number, ("connections", Kind::Connection), &name);
    json.object("properties", |json| {
        json.text("provisioningState", "Succeeded");
        json.text("resourceGuid", &guid);
        json.reference("virtualNetworkGateway1", plan.id(vnet, "virtualNetworkGateways", &vnet.named("vgw")));
        if has_vpn(vnet) {
            json.reference("localNetworkGateway2", plan.id(vnet, "localNetworkGateways", &vnet.named("lgw")));
            json.text("connectionType", "IPsec");
            json.text("connectionProtocol", "IKEv2");
        } else {
            json.reference("peer", plan.id(vnet, "expressRouteCircuits", &vnet.named("erc")));
            json.text("connectionType", "ExpressRoute");
        }
        json.text("connectionStatus", "Connected");
        json.bare("routingWeight", 0);
        json.bare("enableBgp", false);
        json.bare("usePolicyBasedTrafficSelectors", false);
        let policies = [(); 1];
        json.objects("ipsecPolicies", policies.iter().filter(|()| has_vpn(vnet)), |json, ()| ipsec_policy(json));
        json.objects("trafficSelectorPolicies", [(); 0], |_, ()| {});
        json.bare("expressRouteGatewayBypass", false);
    });
}

fn ipsec_policy(json: &mut Json) {
    json.bare("saLifeTimeSeconds", 27_000);
    json.bare("saDataSizeKilobytes", 102_400_000);
    json.text("ipsecEncryption", "GCMAES256");
    json.text("ipsecIntegrity", "GCMAES256");
    json.text("ikeEncryption", "GCMAES256");
    json.text("ikeIntegrity", "SHA384");
    json.text("dhGroup", "ECP384");
    json.text("pfsGroup", "ECP384");
}

pub(crate) fn circuit(json: &mut Json, plan: &Plan, number: usize) {
    let vnet = &plan.vnets[number];
    let name = vnet.named("erc");
    let guid = envelope(json, plan, number, ("expressRouteCircuits", Kind::Circuit), &name);
    json.object("sku", |json| {
        json.text("name", "Premium_MeteredData");
        json.text("tier", "Premium");
        json.text("family", "MeteredData");
    });
    json.object("properties", |json| {
        json.text("provisioningState", "Succeeded");
        json.text("resourceGuid", &guid);
        json.objects("peerings", [(); 0], |_, ()| {});
        json.objects("authorizations", [(); 0], |_, ()| {});
        json.object("serviceProviderProperties", |json| {
            json.text("serviceProviderName", "Example Carrier");
            json.text("peeringLocation", "Amsterdam");
            json.bare("bandwidthInMbps", 1000);
        });
        json.text("circuitProvisioningState", "Enabled");
        json.text("serviceProviderProvisioningState", "Provisioned");
        json.bare("allowClassicOperations", false);
        json.bare("globalReachEnabled", false);
    });
}
