//! Address prefixes, ports and the rules of a network security group (NSG), as sets with exact algebra.
//!
//! Answers what a rule matches, what earlier rules leave of it, and what a group of rules lets through.
//! Only `tag` knows the estate: it tells what `VirtualNetwork` means on a subnet. The rest refuses to know resources,
//! JSON and files: what a service tag means is told by the caller, and where nobody tells, the answer says `possible`
//! or keeps the rule alive. It never guesses.

mod address;
mod exposure;
mod nsg;
mod port;
mod prefix;
mod public;
mod ranges;
mod shadow;
mod space;
mod tag;

#[cfg(test)]
mod oracle;

pub use address::{AddressSpec, AddressTerm, AsgId, Atom, InvalidAddressTerm, Tag, TagName};
pub use exposure::{Certainty, Exposure, Extent, Query, exposed};
pub use nsg::{Access, Direction, Rule, default_rules};
pub use port::{InvalidPorts, InvalidProtocol, PortSet, ProtocolSet};
pub use prefix::{AddressRange, InvalidPrefix, PrefixSet, parse_address_range, parse_prefix};
pub use public::public_part;
pub use shadow::{Shadow, shadow};
pub use space::{MAX_PIECES, MAX_SPLITS, MatchSpace, Remaining, Side, remaining};
pub use tag::{Declared, virtual_network_tag};
