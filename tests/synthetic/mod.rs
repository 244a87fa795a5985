//! Synthetic Azure estates with a known answer, for property tests and for the benchmark.
//!
//! [`generate`] writes hubs with their spokes as a snapshot folder: full ARM JSON, canonical, several tenants and
//! subscriptions, the same bytes for the same [`Spec`]. What is not seeded breaks no rule; what is seeded is in the
//! [`Answer`]. [`shuffle`] writes the same estate as loose exports. Uses nothing of the scanner that it tests.

#![allow(dead_code, unused_imports, reason = "tests and the benchmark each take their part")]

mod answer;
mod arm;
#[cfg(test)]
mod checks;
mod hub;
mod json;
mod nsg;
mod plan;
mod planting;
mod random;
mod seeds;
mod shuffle;
mod snapshot;
mod vnet;

use std::fs;
use std::io;
use std::path::Path;

pub(crate) use answer::{Answer, Expected, Size};
pub(crate) use seeds::{Seed, Seeds};
pub(crate) use shuffle::shuffle;

/// What to generate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spec {
    /// Virtual networks, hubs included.
    pub(crate) vnets: usize,
    /// Chooses GUIDs and where violations are planted.
    pub(crate) seed: u64,
    /// Tenants; there are never more than hubs.
    pub(crate) tenants: usize,
    /// The most spokes that a hub gets; they are spread evenly.
    pub(crate) spokes_per_hub: usize,
    /// Of 100 spokes, how many send everything to their hub's firewall. Each changes what the `VirtualNetwork`
    /// tag means on its subnets, and so counts as a planted violation.
    pub(crate) default_routes_percent: usize,
    /// Of 100 virtual networks, how many hold a network interface; hubs hold none.
    pub(crate) nics_percent: usize,
    /// Violations to plant.
    pub(crate) seeds: Seeds,
}

impl Spec {
    /// An estate in which every rule has something to say: one violation of each kind per 1,000 virtual networks
    /// begun, none where there is no room (below 150), and one default route in 100 spokes.
    pub(crate) fn of(vnets: usize) -> Self {
        let each = if vnets < 150 { 0 } else { vnets.div_ceil(1000) };
        Self { default_routes_percent: 1, seeds: Seeds::each(each), ..Self::clean(vnets) }
    }

    /// An estate in which no rule is broken.
    pub(crate) fn clean(vnets: usize) -> Self {
        Self {
            vnets,
            seed: 1,
            tenants: (vnets / 2000).clamp(2, 8),
            spokes_per_hub: 25,
            default_routes_percent: 0,
            nics_percent: 5,
            seeds: Seeds::none(),
        }
    }
}

/// Writes `snapshot/` and `vnetlint.toml` into a folder that holds neither, and says what a scan has to find.
///
/// About 27 KB a virtual network; memory holds one subscription's text at a time.
///
/// # Errors
/// `InvalidInput` where the estate has no room for the seeds, `AlreadyExists` where a snapshot is there, and
/// whatever the file system says.
pub(crate) fn generate(spec: &Spec, dir: &Path) -> io::Result<Answer> {
    let mut plan = plan::Plan::new(spec);
    let spokes = plan.vnets.len() - plan.groups.len().min(plan.vnets.len());
    let default_routes = spokes * spec.default_routes_percent / 100;
    let seeds = spec.seeds.clone();
    let default_routes = default_routes + seeds.count(Seed::DefaultRoute);
    let planted = planting::plant(&mut plan, &seeds.with(Seed::DefaultRoute, default_routes))?;
    plan.settle();

    let (folder, configuration) = (dir.join("snapshot"), dir.join("vnetlint.toml"));
    fs::create_dir_all(dir)?;
    let size = snapshot::write(&plan, &folder)?;
    fs::write(&configuration, snapshot::configuration(&plan))?;
    Ok(Answer {
        snapshot: folder,
        configuration,
        expected: answer::expected(&plan, &planted),
        tolerated: answer::tolerated(&plan, &planted),
        size,
    })
}
