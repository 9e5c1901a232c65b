//! The brake across workloads: when many would move by themselves at once, the monitoring itself may be
//! ill, and a person is asked.

use serde::{Deserialize, Serialize};

use crate::ids::{Actor, Generation, WorkloadId};
use crate::time::{Span, Timestamp, since};

/// The brake as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Brake {
    /// So many generations may be opened by the evidence within the window; the next asks a person.
    pub limit: u32,
    /// The window.
    pub window: Span,
    /// Generations that the evidence opened lately.
    pub openings: Vec<Braked>,
    /// The last release: earlier openings no longer count.
    pub released: Option<Release>,
}

/// One generation that the evidence opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Braked {
    /// The workload.
    pub workload: WorkloadId,
    /// The generation.
    pub generation: Generation,
    /// When.
    pub at: Timestamp,
}

/// A person let go of the brake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Release {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: Actor,
    /// Why.
    pub reason: String,
}

impl Default for Brake {
    /// Ten in half an hour: more than one team's workloads in a bad hour, fewer than an estate that
    /// moves because its monitoring fails. Whoever runs more workloads in one Region sets it higher.
    fn default() -> Self {
        Self { limit: 10, window: Span::minutes(30), openings: Vec::new(), released: None }
    }
}

/// The brake holds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the brake holds: the evidence has opened {opened} recoveries within {window} ({workloads}), the limit is {limit}; the monitoring itself may be ill. If it is not: `leeward brake release --reason …`, or `leeward start` for this one"
)]
pub struct Holds {
    /// How many were opened.
    pub opened: u32,
    /// The limit.
    pub limit: u32,
    /// The window.
    pub window: Span,
    /// Their workloads.
    pub workloads: String,
}

impl Brake {
    /// Openings that count at `now`.
    pub fn counted(&self, now: Timestamp) -> impl Iterator<Item = &Braked> {
        let released = self.released.as_ref().map(|r| r.at);
        self.openings.iter().filter(move |o| {
            since(o.at, now) <= self.window && released.is_none_or(|released| o.at > released)
        })
    }

    /// The brake after one more opening, or why it holds. An opening that is on record already passes
    /// again: it was admitted.
    pub fn admit(
        &self,
        workload: &WorkloadId,
        generation: Generation,
        now: Timestamp,
    ) -> Result<Self, Holds> {
        let known = |o: &&Braked| o.workload == *workload && o.generation == generation;
        if self.openings.iter().any(|o| known(&o)) {
            return Ok(self.clone());
        }
        let counted: Vec<Braked> = self.counted(now).cloned().collect();
        let opened = u32::try_from(counted.len()).unwrap_or(u32::MAX);
        if opened >= self.limit {
            let mut names: Vec<&str> = counted.iter().map(|o| o.workload.as_str()).collect();
            names.dedup();
            return Err(Holds {
                opened,
                limit: self.limit,
                window: self.window,
                workloads: names.join(", "),
            });
        }
        let mut openings = counted;
        openings.push(Braked { workload: workload.clone(), generation, at: now });
        Ok(Self { openings, ..self.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn admit(brake: &Brake, workload: &str, seconds: i64) -> Result<Brake, Holds> {
        brake.admit(&workload.into(), Generation(1), at(seconds))
    }

    #[test]
    fn one_more_than_the_limit_within_the_window_asks_a_person() {
        let mut brake = Brake { limit: 2, ..Brake::default() };
        brake = admit(&brake, "a", 0).unwrap();
        brake = admit(&brake, "b", 10).unwrap();
        let holds = admit(&brake, "c", 20).unwrap_err();
        assert_eq!((holds.opened, holds.workloads.as_str()), (2, "a, b"));
        assert_eq!(admit(&brake, "b", 20).as_ref(), Ok(&brake), "what was admitted passes again");
        // The first falls out of the window.
        assert!(admit(&brake, "c", 1801).is_ok());
    }

    #[test]
    fn a_release_forgives_what_was_opened_before_it() {
        let mut brake = Brake { limit: 1, ..Brake::default() };
        brake = admit(&brake, "a", 0).unwrap();
        assert!(admit(&brake, "b", 20).is_err());
        let by = Actor::new("arn");
        brake.released = Some(Release { at: at(21), by, reason: "it is the Region".to_owned() });
        brake = admit(&brake, "b", 22).unwrap();
        assert!(admit(&brake, "c", 23).is_err(), "one release is no open door");
    }

    #[test]
    fn a_limit_of_nothing_opens_nothing() {
        let brake = Brake { limit: 0, ..Brake::default() };
        assert!(admit(&brake, "a", 0).is_err());
    }
}
