//! Whether another version may be deployed now. Functions and definition change one after the other,
//! so a recovery must not be in the middle of them, nor one be open that the new version cannot finish.

use crate::ids::ExecutorId;
use crate::journal::{PROTOCOL, State};

/// Why code that speaks `protocol` may not work on an open generation; `None`: it may. What is over is
/// nobody's to work on, and the next generation may follow it whoever wrote it.
pub fn foreign(state: &State, protocol: u32) -> Option<String> {
    let d = &state.decision;
    (state.end.is_none() && d.protocol != protocol).then(|| {
        format!(
            "generation {} was opened by protocol {}, this code speaks {protocol}; finish it with the version that opened it",
            d.generation, d.protocol
        )
    })
}

/// Whether an executor works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Working {
    /// It does.
    Yes,
    /// It has ended, or was never started.
    No,
    /// Nobody can tell now, which counts as yes.
    Unknown,
}

/// Why this version may not be deployed over a workload's latest generation; `None`: it may.
/// A generation that waits for a person and speaks this version's protocol hinders nothing.
pub fn hinders(state: &State, last: Option<(&ExecutorId, Working)>) -> Option<String> {
    let d = &state.decision;
    let of = format!("generation {} of {}", d.generation, d.workload);
    if let Some((executor, Working::Yes)) = last {
        return Some(format!("{executor} works on {of}: wait for its end, or `leeward stop`"));
    }
    if state.end.is_some() {
        return None;
    }
    if let Some((executor, Working::Unknown)) = last {
        return Some(format!("{of} is open, and nobody can tell whether {executor} works on it"));
    }
    (d.protocol != PROTOCOL).then(|| {
        format!(
            "{of} is open and was begun by protocol {}, this version speaks {PROTOCOL}: finish or abandon it with the version that stands",
            d.protocol
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::example::{Journal, recovered};

    #[test]
    fn what_works_or_cannot_be_finished_hinders_and_what_waits_does_not() {
        let executor = ExecutorId::new("orders-g1-a");
        let by = |working| Some((&executor, working));
        let open = Journal::opened(1, 0).state();
        assert!(hinders(&open, by(Working::Yes)).is_some_and(|why| why.contains("works on")));
        assert!(hinders(&open, by(Working::Unknown)).is_some_and(|why| why.contains("tell")));
        assert_eq!(hinders(&open, by(Working::No)), None);
        assert_eq!(hinders(&open, None), None);
        let mut other = open.clone();
        std::sync::Arc::make_mut(&mut other.decision).protocol = PROTOCOL + 1;
        assert!(hinders(&other, None).is_some_and(|why| why.contains("protocol")));
        assert!(
            foreign(&other, PROTOCOL).is_some_and(|why| why.contains("version that opened it"))
        );
        assert_eq!(foreign(&other, PROTOCOL + 1), None);
        let mut over = recovered(1).state();
        std::sync::Arc::make_mut(&mut over.decision).protocol = PROTOCOL + 1;
        assert_eq!(foreign(&over, PROTOCOL), None, "the next one may follow");
        let over = recovered(1).state();
        assert!(hinders(&over, by(Working::Yes)).is_some(), "its last word is still being said");
        assert_eq!(hinders(&over, by(Working::Unknown)), None);
    }
}
