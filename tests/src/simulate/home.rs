//! A return by hand: after a recovery people bring the workload home by the console alone, and Leeward has no part
//! in it. From then on it is protected as before: the next outage at home opens a recovery.

use leeward_core::ids::{Direction, Side};
use leeward_core::journal::End;
use leeward_core::plan::{Control, Database, Plan};
use leeward_core::table::lease_key;
use leeward_core::time::{Span, after};
use leeward_core::world::{Change, Question, View};
use leeward_ports::fake::RegionState;

use super::heal::violation;
use super::incidents::{Incident, Place, Planned};
use super::run::{Due, Run};
use crate::check::Violation;

/// Longer than any lease with its drift and the longest statement: nobody writes any more.
const NOBODY: Span = Span::minutes(3);
/// Longer than a promotion takes in any run.
const PROMOTED: Span = Span::minutes(12);
/// Longer than alarms, sustained votes and two sweeps take.
const NOTICED: Span = Span::minutes(15);

impl Run<'_> {
    /// Whether this run's last recovery can be followed by a return by hand: people know how to move a lease, a
    /// replica and a stop metric.
    pub(super) fn can_return(&self) -> bool {
        let plan = &self.stack.prepared.plan;
        let simple = plan.databases.iter().all(|d| matches!(d, Database::RdsReplica(_)))
            && plan.traffic.controls.iter().all(|c| matches!(c, Control::StopMetric(_)));
        simple && leased(plan).is_some()
    }

    /// People bring it home, then its Region dies. L6: a recovery is opened.
    pub(super) fn home_by_hand(&mut self) -> Vec<Violation> {
        let plan = self.stack.prepared.plan.clone();
        self.shared.lock().calm = true;
        let region = plan.regions.primary.clone();
        // Users are told to wait, the writer stops, the replica catches up and becomes the writer.
        if !self.lease_by_hand(&plan, None) {
            return Vec::new();
        }
        self.pass(NOBODY);
        for database in &plan.databases {
            if let Database::RdsReplica(d) = database {
                let instance = d.instance.of(Side::Primary).clone();
                let promote = Change::PromoteReplica { region: region.clone(), instance };
                if self.stack.world.by_hand(&promote).is_err() {
                    return Vec::new();
                }
            }
        }
        self.pass(PROMOTED);
        for database in &plan.databases {
            self.stack.world.rebuild_replica(database.id(), Side::Standby);
        }
        self.lease_by_hand(&plan, Some(Side::Primary));
        self.stack.turn_traffic(false);
        // The time that names take. A run that goes fast skips sweeps where nothing is due: what hands do is not.
        self.pass(PROMOTED);
        for _ in 0..2 {
            self.sweep_now();
            self.pass(PROMOTED);
        }
        self.pass(plan.policy.cool_down);
        // Somebody started a recovery meanwhile: two ways home at once, and the one that is open waits for a person.
        let open = self.latest().is_some_and(|state| state.end.is_none());
        if open || self.stack.world.served_by() != Some(Side::Primary) {
            return Vec::new();
        }
        let before = self.generations();
        let (at, incident) = (self.now(), Incident::Region(Place::Primary, RegionState::Dead));
        self.at(at, Due::Begins(Planned { at, incident, lasts: None }));
        self.sweep_now();
        self.shared.count("home again by hand, then an outage");
        let until = after(self.now(), plan.detection.sustain.plus(self.alarms).plus(NOTICED));
        self.go(until, |run| run.generations() > before);
        if self.generations() > before {
            return Vec::new();
        }
        let words = format!(
            "people brought {} home by hand, its Region is dead since {at}, and no recovery was opened until {until}",
            plan.workload
        );
        vec![violation("L6", words)]
    }

    /// Whether there is something to return from.
    pub(super) fn is_away(&self) -> bool {
        self.latest().is_some_and(|state| {
            let recovered = state.end.as_ref().is_some_and(|e| e.end == End::Recovered);
            recovered && state.decision.direction == Direction::ToStandby
        })
    }

    fn pass(&mut self, span: Span) {
        let until = after(self.now(), span);
        self.go(until, |_| false);
    }

    /// Moves the lease in the console; `None`: to nobody.
    fn lease_by_hand(&self, plan: &Plan, to: Option<Side>) -> bool {
        let Some(lease) = leased(plan) else { return false };
        let key = lease_key(&plan.workload);
        let (region, table) = (lease.region.clone(), lease.table.clone());
        let question = Question::Lease {
            region: region.clone(),
            table: table.clone(),
            key: key.as_str().into(),
        };
        let Some(View::Lease(Some(view))) = self.stack.world.peek(&question) else { return false };
        let to_owner = to.map_or("nobody".into(), |side| plan.regions.of(side).as_str().into());
        let change = Change::MoveLease {
            region,
            table,
            key: key.as_str().into(),
            from_owner: view.owner,
            from_epoch: view.epoch,
            to_owner,
            effect: "by-hand".into(),
        };
        self.stack.world.by_hand(&change).is_ok()
    }
}

fn leased(plan: &Plan) -> Option<&leeward_core::plan::WriterLease> {
    plan.databases.iter().find_map(Database::lease)
}
