//! The commands that lead out of a hold: only those that the plan and the rules admit.

use crate::ids::EntryId;
use crate::journal::{Entry, Fate, State, Trigger};
use crate::plan::{Database, Fence};
use crate::pursuit::resume;
use crate::steps::{Move, Situation};

/// The command by which a person gives back what a held generation did before its commit.
pub fn decline(state: &State) -> String {
    format!("leeward decline {} --reason …", state.decision.workload)
}

/// A hold's reason with the way back, where a fence of this generation stands or may stand: nobody is served behind
/// it, and going on may not be possible.
pub fn with_the_way_back(state: &State, reason: String) -> String {
    let command = decline(state);
    if state.fate != Fate::Open || state.fenced_since().is_none() || reason.contains(&command) {
        return reason;
    }
    format!("{reason}. A fence of it stands: to give that back instead, `{command}`")
}

/// The same for every hold of a step.
pub(super) fn name_the_way_back(situation: &Situation<'_>, next: &mut Move) {
    for entry in &mut next.records {
        if let Entry::Held { reason, .. } = entry {
            *reason = with_the_way_back(situation.state, std::mem::take(reason));
        }
    }
}

/// What makes a loss known that nobody knows.
pub(super) fn caught_up(situation: &Situation<'_>, database: &Database) -> String {
    let (id, target) = (database.id(), situation.target_region());
    format!(
        "wait until {id} in {target} shows a heartbeat of {} (it has caught up, or was made its replica again), then `{}`",
        situation.source_region(),
        resume(situation)
    )
}

/// What a person can do about what nobody knows.
pub(super) fn way_out(situation: &Situation<'_>, database: &Database, wait: &str) -> String {
    format!("{wait}; or {}", take_the_risk(situation, database))
}

/// How a person takes the risk of a database: by a word where the plan leaves it to one, else by another plan.
pub(super) fn take_the_risk(situation: &Situation<'_>, database: &Database) -> String {
    let id = database.id();
    if database.fences().contains(&Fence::Waiver) {
        format!("take the risk: {}", waive(situation, id))
    } else {
        format!(
            "take the risk by another plan, as this one lists no fence `waiver` for {id}: {}",
            by_another_plan(situation)
        )
    }
}

/// The commands by which another version of the plan goes on with what this one began.
pub(super) fn by_another_plan(situation: &Situation<'_>) -> String {
    format!("`leeward plan put` one that does, {}", by_the_next(situation))
}

/// The commands by which this generation is given up and the next one moves the same way: the cool-down stands
/// between them until a person acknowledges the end.
pub(super) fn by_the_next(situation: &Situation<'_>) -> String {
    let w = &situation.plan.workload;
    format!("`leeward abandon {w} --reason …`, {}", after_the_end(situation))
}

/// The commands that begin the next generation when this one has ended.
fn after_the_end(situation: &Situation<'_>) -> String {
    let (w, d, plan) = (&situation.plan.workload, situation.direction(), &situation.plan.plan);
    format!(
        "`leeward ack {w} --reason …` and `leeward start {w} --plan {plan} --direction {d} --reason …`"
    )
}

/// The commands by which a person takes the risk of a database.
fn waive(situation: &Situation<'_>, id: &EntryId) -> String {
    let workload = &situation.plan.workload;
    format!("`leeward waive {workload} --database {id} --reason …` and `{}`", resume(situation))
}

/// What is said where only a switchover is allowed and none can be had.
pub(super) fn only_a_switchover(situation: &Situation<'_>, id: &EntryId) -> String {
    let state = situation.state;
    // What was seen of the old side before a fence stays: behind one, only another generation looks anew.
    let looks_anew = matches!(state.decision.trigger, Trigger::Operator { .. })
        && state.well_before_fence.is_none();
    let tries = if looks_anew {
        format!("`{}`", resume(situation))
    } else {
        format!("`{}` and, when that has ended, {}", decline(state), after_the_end(situation))
    };
    format!(
        "{id}: the plan allows no failover that can lose data, and a switchover is only tried when a person starts it while {} is seen well. When it is: {tries}. To accept a loss (`allow-data-loss: true`): {}",
        situation.source_region(),
        by_another_plan(situation)
    )
}

/// What is said behind the commit of a switchover that does not come: the side that is left may be gone meanwhile.
pub(super) fn instead_of_a_switchover(situation: &Situation<'_>, database: &Database) -> String {
    let Database::AuroraGlobal(d) = database else { return String::new() };
    let commands = if d.allow_data_loss {
        by_the_next(situation)
    } else {
        format!("with `allow-data-loss: true`, {}", by_another_plan(situation))
    };
    format!(
        ". A switchover needs both sides. If {} is down and does not come back, fail over, which can lose data: {commands}; the next generation then says what its fence needs",
        situation.source_region()
    )
}
