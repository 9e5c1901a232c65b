//! Whether an execution's history can hold a recovery by a plan: Step Functions ends one that is full.

use std::collections::BTreeMap;

use leeward_asl::{EVENT_LIMIT, Machine, parse};
use leeward_core::limits::Limits;
use leeward_core::plan::{Finding, Level, Plan};

use crate::exit::{Exit, Trouble};

/// The recovery's definition: the same file that is deployed.
pub const DEFINITION: &str = include_str!("../../../statemachine/recovery.asl.json");

/// The definition as read.
pub fn machine() -> Result<Machine, Trouble> {
    parse(DEFINITION).map_err(|problems| {
        let words: Vec<String> = problems.iter().map(ToString::to_string).collect();
        Trouble::new(
            Exit::NotAsAsked,
            format!("statemachine/recovery.asl.json cannot be executed: {}", words.join("; ")),
        )
    })
}

/// The two Wait states that may go on side by side.
const FENCE_WAIT: &str = "FenceDatabasesWait";
const CAPACITY_WAIT: &str = "PrepareCapacityWait";

/// What a plan's time limit means for the history.
pub fn findings(plan: &Plan) -> Result<Vec<Finding>, Trouble> {
    let machine = machine()?;
    // Waits grow to the longest one soon; the first are counted as if they were shortest. Someone
    // who is asked is waited for at the shortest wait, so that the answer is met at once.
    let longest = Limits::REAL.poll_max.as_millis().max(1);
    let shortest = Limits::REAL.poll_first.as_millis().max(1);
    let limit = plan.time_limit.as_millis();
    let asked = plan.policy.approval.timeout.as_millis().min(limit);
    let slow = limit.div_ceil(longest).saturating_add(longest.div_ceil(shortest));
    let fence = slow.saturating_add(asked.div_ceil(shortest));
    // The time is spent in one place: beside each other in the branches, or in a loop behind them.
    let branches = BTreeMap::from([(FENCE_WAIT, fence), (CAPACITY_WAIT, slow)]);
    let events = machine.events(&branches);
    let (level, word) = if events >= EVENT_LIMIT {
        (Level::Error, "more than")
    } else if events.saturating_mul(2) >= EVENT_LIMIT {
        (Level::Warning, "more than half of")
    } else {
        (Level::Note, "of")
    };
    Ok(vec![Finding {
        level,
        path: "time-limit".to_owned(),
        message: format!(
            "{} of waiting make an execution of about {events} events, {word} the {EVENT_LIMIT} that Step Functions allows",
            plan.time_limit
        ),
    }])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_definition_is_read_and_names_the_waits() {
        let machine = machine().unwrap();
        for name in [FENCE_WAIT, CAPACITY_WAIT] {
            assert!(machine.state(name).is_some(), "{name}");
        }
    }
}
