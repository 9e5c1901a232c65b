//! Security groups in front of databases.
//!
//! | behaviour | source |
//! |---|---|
//! | established connections survive a revoked rule | Security group connection tracking |
//! | a revoke of what is not there is accepted | RevokeSecurityGroupIngress |
//! | an authorize of what is there: `InvalidPermission.Duplicate`, and nothing is done | AuthorizeSecurityGroupIngress |

use std::collections::{BTreeMap, BTreeSet};

use leeward_core::ids::{Region, Side, Text};
use leeward_core::plan::SecurityGroupRules;
use leeward_core::time::{Timestamp, after};

use super::change::{Answer, refused};
use super::database::DatabaseState;
use super::state::State;

/// Inbound TCP rules of one group: CIDR blocks by port, and when a port was last closed to all.
#[derive(Debug, Clone, Default)]
pub(super) struct Rules(BTreeMap<u16, (BTreeSet<Text>, Option<Timestamp>)>);

impl Rules {
    pub(super) fn cidrs(&self, port: u16) -> Vec<Text> {
        self.0.get(&port).map(|(cidrs, _)| cidrs.iter().cloned().collect()).unwrap_or_default()
    }

    pub(super) fn open(&mut self, rules: &SecurityGroupRules) {
        let (cidrs, closed) = self.0.entry(rules.port).or_default();
        cidrs.extend(rules.cidrs.iter().cloned());
        *closed = None;
    }
}

impl State {
    pub(super) fn revoke(&mut self, region: &Region, rules: &SecurityGroupRules) -> Answer {
        let now = self.now;
        let Some(group) = self.rules.get_mut(&(region.clone(), rules.group.clone())) else {
            return refused("InvalidGroup.NotFound", "there is no such group");
        };
        let (cidrs, closed) = group.0.entry(rules.port).or_default();
        let before = cidrs.len();
        cidrs.retain(|c| !rules.cidrs.contains(c));
        let changed = cidrs.len() != before;
        if changed && cidrs.is_empty() {
            *closed = Some(now);
            self.look_again(self.habits.session_survival);
        }
        Ok(changed)
    }

    pub(super) fn authorize(&mut self, region: &Region, rules: &SecurityGroupRules) -> Answer {
        let Some(group) = self.rules.get_mut(&(region.clone(), rules.group.clone())) else {
            return refused("InvalidGroup.NotFound", "there is no such group");
        };
        let stands = group.cidrs(rules.port);
        if let Some(twice) = rules.cidrs.iter().find(|c| stands.contains(c)) {
            return refused("InvalidPermission.Duplicate", &format!("{twice} is there already"));
        }
        group.open(rules);
        Ok(!rules.cidrs.is_empty())
    }

    /// Whether the application's sessions reach that side's engine, old ones included.
    pub(super) fn path_carries(&self, db: &DatabaseState, side: Side) -> bool {
        let Some(rules) = &db.rules else { return true };
        let rules = rules.of(side);
        let name = (self.sides.of(side).clone(), rules.group.clone());
        let Some((cidrs, closed)) = self.rules.get(&name).and_then(|g| g.0.get(&rules.port)) else {
            return false;
        };
        !cidrs.is_empty()
            || closed.is_some_and(|at| self.now < after(at, self.habits.session_survival))
    }
}
