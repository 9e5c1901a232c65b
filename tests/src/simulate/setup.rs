//! What every run shares: prepared plans, the parsed state machine.

use std::sync::Arc;

use leeward_asl::Machine;
use leeward_core::ids::Digest;
use leeward_core::ids::Sides;
use leeward_core::journal::chain;
use leeward_core::plan::{
    ApprovalFor, Database, Fence, Isolate, OnTimeout, Plan, SecurityGroupRules,
};
use leeward_core::table::PLANS;
use leeward_ports::Item;
use leeward_reconcile::Shelf;
use serde_json::{Value, json};

use crate::rig::{example, machine, plan_items};

/// Voters of the smaller half of the plans: the quorum of two, and one more.
const VOTERS: usize = 3;
/// What the names of those say.
const THREE_VOTERS: &str = "three voters";

/// A plan as it is stored, parsed and written once.
#[derive(Clone)]
pub struct Prepared {
    /// Name in reports and in the corpus.
    pub name: String,
    /// The plan.
    pub plan: Arc<Plan>,
    /// Digest of what is stored of it.
    pub digest: Digest,
    /// What is stored of it.
    pub items: Arc<[Arc<Item>]>,
    /// Functions that have read it before, as warm ones have.
    pub(super) shelf: Shelf,
}

/// What every run shares.
#[derive(Clone)]
pub struct Setup {
    /// The plans that a run chooses from.
    pub plans: Vec<Prepared>,
    pub(super) machine: Arc<Machine>,
    /// What the schedule sends.
    pub(super) tick: Arc<Value>,
}

impl Prepared {
    pub(super) fn new(name: &str, plan: Plan) -> Self {
        let items: Arc<[Arc<Item>]> = plan_items(&plan).into_iter().map(Arc::new).collect();
        let shelf = Shelf::default();
        for item in items.iter().filter(|item| item.key.pk == PLANS) {
            // One that cannot be read is told by the sweep.
            let _ = shelf.plan(item);
        }
        let body = items.first().map_or("", |item| item.body.as_str());
        let digest = chain::digest(body.as_bytes());
        Self { name: name.to_owned(), plan: Arc::new(plan), digest, items, shelf }
    }

    /// An example plan with that approval.
    fn asking(name: &str, wanted_for: ApprovalFor, on_timeout: OnTimeout) -> Self {
        let mut plan = example(name);
        plan.policy.approval.wanted_for = wanted_for;
        plan.policy.approval.on_timeout = on_timeout;
        let asks = match wanted_for {
            ApprovalFor::None => "asks nobody",
            ApprovalFor::OneWay => "asks before the one-way door",
            ApprovalFor::All => "asks before all",
        };
        Self::new(&format!("{name}, {asks}, then {on_timeout:?}"), plan)
    }

    /// Orders without a lease: its old side is shut off by the rules in front of its database, and else a person
    /// has to say that it does not write.
    fn isolated() -> Self {
        let mut plan = example("orders");
        plan.policy.approval.wanted_for = ApprovalFor::None;
        if let Some(Database::RdsReplica(database)) = plan.databases.first_mut() {
            database.fences = vec![isolate(), Fence::Waiver];
        }
        Self::new("orders, isolated, asks nobody", plan)
    }

    /// The same plan with no more voters than a quorum and one that may be wrong: what a sweep looks at is most
    /// of what a run costs, and what goes wrong in a recovery does not depend on how many said so.
    fn with_three_voters(&self) -> Self {
        let mut plan = (*self.plan).clone();
        plan.detection.voters.truncate(VOTERS);
        Self::new(&format!("{}, {THREE_VOTERS}", self.name), plan)
    }
}

/// The rules in front of orders' database are revoked.
fn isolate() -> Fence {
    let rules = |group: &str, cidr: &str| SecurityGroupRules {
        group: group.into(),
        port: 5432,
        cidrs: vec![cidr.into()],
        may_stay: vec!["sg-probe".into()],
        ..SecurityGroupRules::default()
    };
    Fence::Isolate(Box::new(Isolate {
        security_group: Sides {
            primary: rules("sg-east", "10.10.0.0/16"),
            standby: rules("sg-west", "10.20.0.0/16"),
        },
        further_groups: None,
        sessions_of: "orders_app".into(),
    }))
}

impl Setup {
    /// The example plans, with different approvals, the simplest first; then the same with three voters.
    pub fn examples() -> Self {
        let mut plans = Self::approvals();
        let small: Vec<Prepared> = plans.iter().map(Prepared::with_three_voters).collect();
        plans.extend(small);
        // What came later stands last: recorded choices keep their meaning.
        plans.push(Prepared::isolated());
        Self::of(plans)
    }

    fn approvals() -> Vec<Prepared> {
        let asks =
            |name: &str, wanted_for, on_timeout| Prepared::asking(name, wanted_for, on_timeout);
        vec![
            asks("orders", ApprovalFor::None, OnTimeout::Hold),
            asks("orders", ApprovalFor::OneWay, OnTimeout::Hold),
            asks("orders", ApprovalFor::OneWay, OnTimeout::Proceed),
            asks("orders", ApprovalFor::All, OnTimeout::Decline),
            asks("catalog", ApprovalFor::None, OnTimeout::Hold),
            asks("catalog", ApprovalFor::OneWay, OnTimeout::Hold),
            asks("sessions", ApprovalFor::None, OnTimeout::Proceed),
        ]
    }

    /// The example plans exactly as they are shipped.
    pub fn shipped() -> Self {
        let names = ["orders", "catalog", "sessions"];
        Self::of(names.map(|name| Prepared::new(name, example(name))).to_vec())
    }

    /// Only the plans for whose name this holds.
    #[must_use]
    pub fn only(&self, chosen: impl Fn(&str) -> bool) -> Self {
        let plans = self.plans.iter().filter(|p| chosen(&p.name)).cloned().collect();
        Self { plans, machine: self.machine.clone(), tick: self.tick.clone() }
    }

    /// Plans of a test's own.
    pub fn with_plans(plans: impl IntoIterator<Item = (String, Plan)>) -> Self {
        Self::of(plans.into_iter().map(|(name, plan)| Prepared::new(&name, plan)).collect())
    }

    fn of(plans: Vec<Prepared>) -> Self {
        let tick = json!({"source": "aws.events", "detail-type": "Scheduled Event"});
        Self { plans, machine: Arc::new(machine()), tick: Arc::new(tick) }
    }
}
