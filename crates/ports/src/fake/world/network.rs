//! Security groups in front of databases.
//!
//! | behaviour | source |
//! |---|---|
//! | established connections survive a revoked rule | Security group connection tracking |
//! | a revoke of what is not there is accepted | RevokeSecurityGroupIngress |
//! | an authorize of what is there: `InvalidPermission.Duplicate`, and nothing is done | AuthorizeSecurityGroupIngress |
//! | rules of all groups of an interface add up, and a rule lets in by address, group or prefix list | Security group rules |

use std::collections::{BTreeMap, BTreeSet};

use leeward_core::ids::{Region, Side, Sides, Text};
use leeward_core::plan::{Isolate, SecurityGroupRules};
use leeward_core::time::{Timestamp, after};
use leeward_core::world::{DatabaseNetwork, InboundRule, Source, View};

use super::change::{Answer, refused};
use super::database::{DatabaseState, Kind};
use super::state::{Named, State};

/// An inbound TCP rule: its source and the ports that it covers, both ends included.
pub(super) type Rule = (Text, u16, u16);

/// Inbound rules of one group, with what each says of itself.
#[derive(Debug, Clone, Default)]
pub(super) struct Rules(pub(super) BTreeMap<Rule, Option<Text>>);

/// How one side's database is reached.
#[derive(Debug, Clone)]
pub(super) struct Network {
    /// Security groups of its interface.
    pub(super) groups: Vec<Text>,
    pub(super) port: u16,
    /// Sources behind which nothing writes.
    harmless: BTreeSet<Text>,
    /// Since when no writer is let in.
    closed: Option<Timestamp>,
    /// Whether no session was left then, or is since.
    empty: bool,
}

impl Rules {
    /// The rules that a plan names on good days, the harmless ones included.
    pub(super) fn open(&mut self, rules: &SecurityGroupRules) {
        for source in rules.sources().chain(&rules.may_stay) {
            self.0.entry((source.clone(), rules.port, rules.port)).or_default();
        }
    }

    fn covering(&self, port: u16) -> impl Iterator<Item = (&Rule, &Option<Text>)> {
        self.0.iter().filter(move |((_, from, to), _)| (*from..=*to).contains(&port))
    }

    pub(super) fn admitted(&self, port: u16) -> Vec<InboundRule> {
        let one = |((source, from, to), description): (&Rule, &Option<Text>)| InboundRule {
            source: kind_of(source),
            wider: ((*from, *to) != (port, port)).then(|| format!("tcp {from}-{to}").into()),
            description: description.clone(),
        };
        self.covering(port).map(one).collect()
    }
}

fn kind_of(source: &Text) -> Source {
    if source.contains("sg-") {
        Source::Group(source.clone())
    } else if source.starts_with("pl-") {
        Source::PrefixList(source.clone())
    } else {
        Source::Cidr(source.clone())
    }
}

impl Network {
    /// What a plan's fence says of both sides.
    pub(super) fn of(fence: &Isolate) -> Sides<Self> {
        let on = |side| Self {
            groups: fence.groups(side).map(|rules| rules.group.clone()).collect(),
            port: fence.security_group.of(side).port,
            harmless: fence.groups(side).flat_map(|r| r.may_stay.iter().cloned()).collect(),
            closed: None,
            empty: false,
        };
        Sides { primary: on(Side::Primary), standby: on(Side::Standby) }
    }
}

impl State {
    pub(super) fn revoke(&mut self, region: &Region, rules: &SecurityGroupRules) -> Answer {
        let Some(group) = self.rules.get_mut(&(region.clone(), rules.group.clone())) else {
            return refused("InvalidGroup.NotFound", "there is no such group");
        };
        let before = group.0.len();
        for source in rules.sources() {
            group.0.remove(&(source.clone(), rules.port, rules.port));
        }
        let changed = group.0.len() != before;
        self.rules_changed();
        Ok(changed)
    }

    pub(super) fn authorize(
        &mut self,
        region: &Region,
        rules: &SecurityGroupRules,
        descriptions: &BTreeMap<Text, Text>,
    ) -> Answer {
        let Some(group) = self.rules.get_mut(&(region.clone(), rules.group.clone())) else {
            return refused("InvalidGroup.NotFound", "there is no such group");
        };
        let rule = |source: &Text| (source.clone(), rules.port, rules.port);
        if let Some(twice) = rules.sources().find(|s| group.0.contains_key(&rule(s))) {
            return refused("InvalidPermission.Duplicate", &format!("{twice} is there already"));
        }
        for source in rules.sources() {
            group.0.insert(rule(source), descriptions.get(source).cloned());
        }
        self.rules_changed();
        Ok(!rules.is_empty())
    }

    /// Notes where writers are let in no more, and where they are again.
    pub(super) fn rules_changed(&mut self) {
        let (now, mut shut) = (self.now, false);
        for index in 0..self.databases.len() {
            for side in [Side::Primary, Side::Standby] {
                let Some(db) = self.databases.get(index) else { continue };
                let lets_in = db.network.as_ref().is_some_and(|n| self.lets_in(n.of(side), side));
                let connected = self.application_runs(side);
                let Some(db) = self.databases.get_mut(index) else { continue };
                let Some(networks) = &mut db.network else { continue };
                let network = match side {
                    Side::Primary => &mut networks.primary,
                    Side::Standby => &mut networks.standby,
                };
                if lets_in {
                    network.closed = None;
                    network.empty = false;
                } else if network.closed.is_none() {
                    network.closed = Some(now);
                    network.empty = !connected;
                    shut = true;
                }
            }
        }
        if shut {
            self.look_again(self.habits.session_survival);
        }
    }

    /// Whether any rule of any of its groups lets a writer in.
    fn lets_in(&self, network: &Network, side: Side) -> bool {
        let region = self.sides.of(side);
        let rules =
            network.groups.iter().filter_map(|g| self.rules.get(&(region.clone(), g.clone())));
        let mut sources =
            rules.flat_map(|r| r.covering(network.port)).map(|((source, ..), _)| source);
        sources.any(|source| !network.harmless.contains(source))
    }

    /// The application of that side has died, and its sessions with it: none of them is left behind a closed rule.
    pub(super) fn sessions_die(&mut self, side: Side) {
        for db in &mut self.databases {
            if let Some(networks) = &mut db.network {
                match side {
                    Side::Primary => networks.primary.empty = true,
                    Side::Standby => networks.standby.empty = true,
                }
            }
        }
    }

    /// Whether the application's sessions reach that side's engine, old ones included.
    pub(super) fn path_carries(&self, db: &DatabaseState, side: Side) -> bool {
        let Some(networks) = &db.network else { return true };
        let network = networks.of(side);
        self.lets_in(network, side)
            || !network.empty
                && network
                    .closed
                    .is_some_and(|at| self.now < after(at, self.habits.session_survival))
    }

    /// Everybody whom that group lets reach the port.
    pub(super) fn see_ingress(&self, name: &Named, port: u16) -> Option<View> {
        self.rules.get(name).map(|rules| View::Ingress(rules.admitted(port)))
    }

    /// How the database of that name in that Region is reached. One that the plan does not isolate has no group here.
    pub(super) fn see_network(&self, region: &Region, name: &str) -> View {
        let side = [Side::Primary, Side::Standby].into_iter().find(|s| self.sides.of(*s) == region);
        let named = |db: &&DatabaseState| {
            side.is_some_and(|side| match &db.kind {
                Kind::Rds(instances) => instances.of(side).name == name,
                Kind::Aurora(global) => global.clusters.of(side) == name,
                Kind::Table { .. } => false,
            })
        };
        let network = |db: &DatabaseState| {
            let network = db.network.as_ref().zip(side).map(|(sides, side)| sides.of(side));
            network.map_or_else(DatabaseNetwork::default, |n| DatabaseNetwork {
                groups: n.groups.clone(),
                port: Some(n.port),
                data_api: false,
            })
        };
        View::DatabaseNetwork(self.databases.iter().find(named).map(network))
    }
}
