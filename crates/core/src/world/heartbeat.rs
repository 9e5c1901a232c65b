//! The heartbeat row: an instant of one writer's clock, which means nothing without that writer.

use serde::{Deserialize, Serialize};

use crate::ids::Region;
use crate::planted::{self, Bug};
use crate::time::Timestamp;

/// The heartbeat row as an engine shows it. Its time is told only to those who name the writer that they
/// take it for: compared with another writer's clock it would make a loss look smaller than it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heartbeat(Row);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Row {
    /// The application of that Region wrote it, by its own clock.
    Written { by: Region, at: Timestamp },
    /// Nobody can say whose clock it is dated by, for this reason.
    Nameless(String),
}

impl Heartbeat {
    /// That Region's application wrote it at that instant of its clock.
    pub fn written(by: Region, at: Timestamp) -> Self {
        Self(Row::Written { by, at })
    }

    /// There is a row, and it does not say who wrote it; `why`, with what mends it.
    pub fn nameless(why: impl Into<String>) -> Self {
        Self(Row::Nameless(why.into()))
    }

    /// Its time, when `writer` wrote it; else who did, in words.
    pub fn by(&self, writer: &Region) -> Result<Timestamp, String> {
        match &self.0 {
            Row::Written { by, at } if by == writer || planted::is(Bug::AnothersHeartbeat) => {
                Ok(*at)
            }
            Row::Written { by, at } => Err(format!(
                "the heartbeat there was written by {by} ({at} by its clock), not by {writer}: what {writer} has written since does not show"
            )),
            Row::Nameless(why) => {
                Err(format!("nobody can say who wrote the heartbeat there: {why}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_time_is_told_only_to_those_who_know_whose_it_is() {
        let at = Timestamp::constant(1_767_614_400, 0);
        let (east, west) = (Region::from("us-east-1"), Region::from("us-west-2"));
        let heartbeat = Heartbeat::written(east.clone(), at);
        assert_eq!(heartbeat.by(&east), Ok(at));
        let words = heartbeat.by(&west).unwrap_err();
        assert!(words.contains("written by us-east-1") && words.contains("not by us-west-2"));
        let words = Heartbeat::nameless("its region is NULL").by(&east).unwrap_err();
        assert!(words.contains("region is NULL"), "{words}");
    }
}
