//! The kinds of subjects, and how to walk over all subjects of a kind.

use std::ops::Range;

use schemars::{JsonSchema, schema_for};
use serde::Serialize;

use crate::estate::{End, Estate, LinkIndex, SubnetIndex, VnetIndex};
use crate::facts::Context;
use crate::facts::approval::ApprovalSubject;
use crate::facts::nsg_rule::{Guard, NsgRuleSubject};
use crate::facts::peering::{Link, LinkSide};
use crate::facts::subnet::SubnetSubject;
use crate::facts::vnet::VnetSubject;
use crate::rule::{Evaluator, Judgement, SubjectKind, Vocabulary};

/// How many subjects one task judges: enough to pay for the task, few enough to share the work.
const CHUNK: usize = 256;

/// A kind of subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A link: both objects of a peering.
    Peering,
    /// One object of a link, from the receiving side.
    PeeringSide,
    /// A virtual network.
    Vnet,
    /// A subnet.
    Subnet,
    /// A custom security rule.
    NsgRule,
    /// An approval of the configuration.
    Approval,
}

impl Kind {
    /// Every kind, in the order in which they are judged.
    pub const ALL: [Self; 6] =
        [Self::Peering, Self::PeeringSide, Self::Vnet, Self::Subnet, Self::NsgRule, Self::Approval];

    /// The name that policies use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Peering => "peering",
            Self::PeeringSide => "peering_side",
            Self::Vnet => "vnet",
            Self::Subnet => "subnet",
            Self::NsgRule => "nsg_rule",
            Self::Approval => "approval",
        }
    }

    /// The JSON Schema of its facts.
    pub fn schema(self) -> serde_json::Value {
        fn of<T: JsonSchema>() -> serde_json::Value {
            schema_for!(T).to_value()
        }
        match self {
            Self::Peering => of::<Link<'_>>(),
            Self::PeeringSide => of::<LinkSide<'_>>(),
            Self::Vnet => of::<VnetSubject<'_>>(),
            Self::Subnet => of::<SubnetSubject<'_>>(),
            Self::NsgRule => of::<NsgRuleSubject<'_>>(),
            Self::Approval => of::<ApprovalSubject<'_>>(),
        }
    }
}

/// What policies may speak of.
pub fn vocabulary() -> Vocabulary {
    let kinds = Kind::ALL.into_iter().map(|kind| (kind.name().to_owned(), kind.schema())).collect();
    Vocabulary::new(kinds, Some(data_schema()))
}

/// The JSON Schema of `data`, but for rules' parameters, which each rule declares.
pub(super) fn data_schema() -> serde_json::Value {
    serde_json::json!({
        "type": "object",
        "properties": {
            "config": {"type": "object", "properties": {"rules": {"type": "object", "additionalProperties": true}}},
            "estate": {
                "type": "object",
                "properties": {
                    "as_of": {"type": ["string", "null"], "description": "The day that the scan judges by, `YYYY-MM-DD`."},
                    "tenants_known": {"type": "boolean", "description": "Whether any input tells tenants."},
                    "on_premises": {"type": "array", "items": {"type": "string"}, "description": "Declared prefixes."},
                },
                "additionalProperties": false,
            },
        },
        "additionalProperties": false,
    })
}

/// One subject, by position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Subject {
    Peering(LinkIndex),
    PeeringSide(LinkIndex, End),
    Vnet(VnetIndex),
    Subnet(SubnetIndex),
    NsgRule { nsg: u32, position: u32 },
    Approval(u32),
}

/// Facts of whatever kind, ready to be judged or shown.
pub(super) trait Facts {
    fn judged_by(&self, evaluator: &mut Evaluator<'_>, kind: SubjectKind, ordinal: u64, said: &mut Vec<Judgement>);

    /// The facts as JSON.
    fn to_json(&self) -> serde_json::Value;
}

impl<F: Serialize> Facts for F {
    fn judged_by(&self, evaluator: &mut Evaluator<'_>, kind: SubjectKind, ordinal: u64, said: &mut Vec<Judgement>) {
        evaluator.judge(kind, ordinal, self, said);
    }

    fn to_json(&self) -> serde_json::Value {
        serde_json::to_value(self).expect("facts are texts, numbers, lists and objects with text keys")
    }
}

/// All subjects of one kind.
pub(super) enum Subjects {
    Peerings(usize),
    Sides(Vec<(LinkIndex, End)>),
    Vnets(Vec<VnetIndex>),
    Subnets(Vec<SubnetIndex>),
    /// For each NSG with rules its position and the ordinal of its first rule.
    NsgRules {
        nsgs: Vec<(u32, u64)>,
        len: u64,
    },
    None,
}

impl Subjects {
    pub(super) fn of(estate: &Estate, kind: Kind) -> Self {
        match kind {
            Kind::Peering => Self::Peerings(estate.links.len()),
            Kind::PeeringSide => {
                let links = (0..).map(LinkIndex).zip(&estate.links);
                let ends = links.flat_map(|(index, link)| {
                    [Some(link.local), link.remote.end()].into_iter().flatten().map(move |end| (index, end))
                });
                Self::Sides(ends.collect())
            }
            Kind::Vnet => {
                let seen = (0..).map(VnetIndex).zip(&estate.inventory.vnets).filter(|(_, vnet)| vnet.seen);
                Self::Vnets(seen.map(|(index, _)| index).collect())
            }
            Kind::Subnet => {
                let vnets = (0..).map(VnetIndex).zip(&estate.inventory.vnets);
                let subnets = vnets.flat_map(|(index, vnet)| {
                    (0..).zip(&vnet.subnets).map(move |(position, _)| SubnetIndex { vnet: index, position })
                });
                Self::Subnets(subnets.collect())
            }
            Kind::NsgRule => {
                let mut len = 0;
                let mut nsgs = Vec::with_capacity(estate.inventory.nsgs.len());
                for (nsg, at) in estate.inventory.nsgs.iter().zip(0..) {
                    let rules = nsg.rules.as_ref().map_or(0, Vec::len) as u64;
                    if rules > 0 {
                        nsgs.push((at, len));
                        len += rules;
                    }
                }
                Self::NsgRules { nsgs, len }
            }
            Kind::Approval => Self::None,
        }
    }

    /// How many subjects there are.
    pub(super) fn len(&self) -> u64 {
        match self {
            Self::NsgRules { len, .. } => *len,
            other => other.positions() as u64,
        }
    }

    fn positions(&self) -> usize {
        match self {
            Self::Peerings(len) => *len,
            Self::Sides(ends) => ends.len(),
            Self::Vnets(vnets) => vnets.len(),
            Self::Subnets(subnets) => subnets.len(),
            Self::NsgRules { nsgs, .. } => nsgs.len(),
            Self::None => 0,
        }
    }

    /// Ranges to judge side by side.
    pub(super) fn chunks(&self) -> Vec<Range<usize>> {
        // An NSG stands for about ten rules.
        let size = if matches!(self, Self::NsgRules { .. }) { CHUNK / 8 } else { CHUNK };
        let len = self.positions();
        (0..len).step_by(size).map(|start| start..(start + size).min(len)).collect()
    }

    /// States the facts of every subject of a range, one after the other, each with its ordinal among its kind.
    pub(super) fn visit<'a>(
        &self,
        context: &'a Context<'a>,
        range: Range<usize>,
        to: &mut dyn FnMut(u64, Subject, &dyn Facts),
    ) {
        for at in range {
            let ordinal = at as u64;
            match self {
                Self::Peerings(_) => {
                    let index = LinkIndex(u32::try_from(at).expect("fewer than 2^32 links"));
                    to(ordinal, Subject::Peering(index), &Link::of(context, context.estate.link(index)));
                }
                Self::Sides(ends) => {
                    let (index, end) = ends[at];
                    let facts = LinkSide::of(context, context.estate.link(index), end);
                    to(ordinal, Subject::PeeringSide(index, end), &facts);
                }
                Self::Vnets(vnets) => to(ordinal, Subject::Vnet(vnets[at]), &VnetSubject::of(context, vnets[at])),
                Self::Subnets(subnets) => {
                    to(ordinal, Subject::Subnet(subnets[at]), &SubnetSubject::of(context, subnets[at]));
                }
                Self::NsgRules { nsgs, .. } => {
                    let (nsg, first) = nsgs[at];
                    let guard = Guard::of(context, nsg);
                    for position in 0..guard.len() {
                        let subject = Subject::NsgRule { nsg, position };
                        to(first + u64::from(position), subject, &guard.rule(position));
                    }
                }
                Self::None => {}
            }
        }
    }
}
