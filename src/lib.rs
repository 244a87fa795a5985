//! vnetlint: does the network that really runs in Azure still obey the topology that was approved?
//!
//! A peering is two objects in two subscriptions, and an NSG rule that names `VirtualNetwork` is as wide as peerings,
//! gateways and routes make it. So exports are first joined into one network, and policies, written in Rego, judge the
//! joined facts. Three promises hold in every module:
//!
//! - **Not seen is not passed.** What was not read makes a result undetermined, never a pass.
//! - **Same input, same bytes.** No clock, no environment, no randomness, no dependence on threads or on the order of input.
//! - **Rust states facts, Rego states opinions.** Joins, prefixes and ports are here; what is allowed is in `policies/`.
//!
//! # As a library
//!
//! ```
//! use vnetlint::{config::Config, estate::Estate, finding::Outcome, input, rule, scan};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let config = Config::default();
//! let exports = ["policies/peering/one_sided/fails.json".into()];
//! let (inventory, _) = input::load(&exports, &mut std::io::empty(), input::Completeness::Whole, &|_| {})?;
//! let estate = Estate::build(inventory, &config);
//!
//! let rules = rule::RuleSet::load(&rule::embedded(), &scan::vocabulary())?;
//! let rules = rules.with_data(serde_json::json!({"estate": scan::estate_data(&estate, &config, None)}))?;
//! let enabled = vec![true; rules.rules().len()];
//! let engine = rule::EngineMode::Rvm;
//! let settings = scan::Settings { config: &config, config_file: None, as_of: None, engine, enabled: &enabled };
//! let verdict = scan::scan(&estate, &rules, settings, &|_, _| {});
//!
//! let found = verdict.findings.iter().filter(|finding| finding.outcome == Outcome::Violation);
//! let found = found.map(|finding| finding.rule.as_str()).collect::<Vec<_>>();
//! assert_eq!(found, ["peering-one-sided"]);
//! assert!(verdict.failures.is_empty());
//! # Ok(())
//! # }
//! ```
//!
//! # The flow of data
//!
//! ```text
//! files ─▶ input ─▶ Inventory ─▶ estate ─▶ Estate ─▶ facts ─▶ rule ─▶ scan ─▶ Report ─▶ report ─▶ files
//!            └────── Sources ───────────────────────────────────────────▶ locate ─┘
//! ```
//!
//! # One peering, from a file to SARIF
//!
//! 1. [`input::load`] opens the file, finds out its shape from its content, and walks its elements one by one.
//! 2. [`azure`] turns each into a typed [`azure::Resource`]: the peering is an [`azure::Peering`] of its [`azure::Vnet`]. Where
//!    the element stood is kept as an [`azure::Place`]; its text is not.
//! 3. [`input::Inventory`] holds every resource once, and [`input::Scope`] what was read whole.
//! 4. [`estate::Estate::build`] joins it with its other half, which is another object in another virtual network and often in
//!    another file, into one [`estate::Link`]. Its [`estate::Far`] side is seen, missing, or not visible: three different things.
//!    Both networks get a [`facts::Role`] and a [`facts::Environment`], each with its reason.
//! 5. [`facts::peering::Link`] states what policies see of it, and computes only what a loaded policy reads.
//! 6. [`rule::RuleSet`] holds the policies, checked and compiled. A [`rule::Evaluator`], one a worker, hands the link to each of
//!    them that looks at peerings, and brings back [`rule::Verdicts`].
//! 7. [`scan::scan`] fans this out over all cores, applies approvals, and makes a [`finding::Finding`] with an
//!    [`finding::Anchor`] (which file, which byte, which property) and a [`finding::Fingerprint`] that survives reformatting.
//! 8. [`locate::locate`] reads those few places of the file again, through [`input::Sources`], for line, column and excerpt.
//! 9. [`report::Report`] is rendered: [`report::terminal`] for people, [`report::sarif`] for GitHub, and others.
//!
//! `command` runs these steps in this order; its `scan` is the shortest way to see them together.
//!
//! # Who may know whom
//!
//! | module | is | knows |
//! |---|---|---|
//! | [`finding`] | what is said of what, and where | ids alone |
//! | [`azure`] | ids, typed resources, both shapes of JSON | no file, no second resource |
//! | [`network`] | algebra of prefixes, ports and NSG rules | only its `tag` knows the estate |
//! | [`config`] | `vnetlint.toml` | no resource, no policy |
//! | [`snapshot`] | the manifest of a snapshot folder | no resource |
//! | [`input`] | from files to an inventory | no estate |
//! | [`estate`] | the joined network | no policy, no finding |
//! | [`facts`] | what policies see | no Rego |
//! | [`rule`] | policies and their engine, regorus | no Azure: a subject is any `Serialize` value |
//! | [`scan`] | from subjects to findings | no format |
//! | [`locate`] | lines and columns | no rule |
//! | [`report`] | formats; no format knows another | ids alone; no policy |
//! | [`cli`], [`command`] | words and what they do; the only readers of clock, working folder and streams | everything |
//!
//! Nothing here opens a connection.

pub mod azure;
pub mod cli;
pub mod command;
pub mod config;
pub mod estate;
pub mod facts;
pub mod finding;
pub mod import;
pub mod input;
pub mod locate;
pub mod network;
pub mod report;
pub mod rule;
pub mod scan;
pub mod snapshot;
