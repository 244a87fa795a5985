//! Azure's vocabulary: ids, and the resources that the scanner reads.
//!
//! Both shapes of JSON, ARM's nested `properties` and the command line's flattened one, are parsed
//! here and nowhere else. Nothing here knows a rule, or another resource than the one in hand.

mod id;
mod nsg;
mod reader;
mod resource;
mod routing;
mod shape;
mod subscription;
mod vnet;

pub use id::ResourceId;
pub use nsg::{Access, Direction, Endpoint, Few, Nsg, Ports, Protocol, SecurityRule, Term};
pub use reader::{Oddity, Prefixes};
pub(crate) use resource::RawResource;
pub use resource::{Element, NotAResource, Origin, Place, Resource, listed_kinds};
pub use routing::{
    Connection, Firewall, Gateway, HubConnection, Interface, LocalGateway, Route, RouteTable, VirtualHub,
};
pub(crate) use shape::Given;
pub use subscription::Subscription;
pub use vnet::{Peering, PeeringState, Subnet, Vnet};
