//! The fakes keep to what their services document.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a test expects one answer and fails on every other"
)]

mod aurora;
mod capacity;
mod database;
mod lease;
mod people;
mod places;
mod regions;
mod table;
mod traffic;

use std::future::Future;

use leeward_core::ids::{EntryId, Region, Side};
use leeward_core::plan::Plan;
use leeward_core::time::Span;
use leeward_core::world::{Change, ChangeError, ChangeErrorKind, Question, Receipt, View};

use super::{FakeClock, FakeWorld, Happened, block_on};
use crate::{Frozen, Outside};

fn plan(name: &str) -> Plan {
    let path = format!("{}/../../plans/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
    leeward_core::plan::read(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// A world and its clock.
struct Scene {
    clock: FakeClock,
    world: FakeWorld,
    plan: Plan,
}

impl Scene {
    fn of(name: &str) -> Self {
        let clock = FakeClock::default();
        let plan = plan(name);
        let world = FakeWorld::for_plan(&plan, clock.clone());
        Self { clock, world, plan }
    }

    fn run<F: Future>(&self, task: F) -> F::Output {
        block_on(&self.clock, task).unwrap()
    }

    fn change(&self, change: &Change) -> Result<Receipt, ChangeError> {
        let frozen = Frozen(self.clock.date());
        self.run(self.world.change(change, frozen))
    }

    /// The error code of a change that is refused.
    fn refusal(&self, change: &Change) -> (ChangeErrorKind, String) {
        let error = self.change(change).unwrap_err();
        (error.kind, error.code.to_string())
    }

    fn see(&self, question: &Question) -> View {
        self.run(self.world.look(question)).unwrap()
    }

    fn blind(&self, question: &Question) -> bool {
        self.run(self.world.look(question)).is_err()
    }

    fn pass(&self, seconds: u64) {
        self.world.pass(Span::seconds(seconds));
    }

    fn happened(&self, what: impl Fn(&Happened) -> bool) -> usize {
        self.world.happenings().iter().filter(|h| what(&h.what)).count()
    }

    fn database(&self) -> EntryId {
        self.plan.databases[0].id().clone()
    }

    fn accepts(&self, side: Side) -> bool {
        self.world.accepts(&self.database(), side)
    }

    fn region(&self, side: Side) -> Region {
        self.plan.regions.of(side).clone()
    }
}
