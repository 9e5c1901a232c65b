//! When a person may take the risk of a database.

use crate::ids::EntryId;
use crate::journal::{NotAdmitted, State};
use crate::plan::{Database, Fence, Plan};

/// Whether the plan, made while all was well, leaves the risk of a database to a person.
pub(super) fn listed(state: &State, plan: &Plan, database: &EntryId) -> Result<(), NotAdmitted> {
    let fences = plan.database(database).map(Database::fences);
    if fences.is_some_and(|fences| fences.contains(&Fence::Waiver)) {
        Ok(())
    } else {
        Err(NotAdmitted(format!(
            "plan {} lists no fence `waiver` for {database}: nobody may take its risk",
            state.decision.plan
        )))
    }
}

/// Whether a waiver of that database would change anything: its fence is not proven, or nobody knows what is lost.
pub fn may_waive(state: &State, plan: &Plan, database: &EntryId) -> Result<(), NotAdmitted> {
    listed(state, plan, database)?;
    let Some(fenced) = state.fenced.get(database) else { return Ok(()) };
    let bound = state.losses.get(database).map(|(bound, _)| *bound);
    match bound {
        // It is not known, or a person was asked before it went on record.
        Some(None) => Ok(()),
        None if state.halt.is_some() => Ok(()),
        None => Err(NotAdmitted(format!(
            "{database} is fenced (from {} on), and what is lost is about to be known: there is nothing to waive yet",
            fenced.holds_from
        ))),
        Some(Some(bound)) => Err(NotAdmitted(format!(
            "{database} is fenced (from {} on), and at most {} of writes are lost: there is nothing to waive",
            fenced.holds_from,
            bound.in_words()
        ))),
    }
}
