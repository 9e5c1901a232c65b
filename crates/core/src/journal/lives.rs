//! Where a workload lives: each generation inherits it from the one before, and only a commit, or a look that sees it
//! elsewhere, changes it.

use serde::{Deserialize, Serialize};

use crate::ids::{Direction, Generation, Region, Side, Sides};
use crate::journal::{Decision, End, LeftClosed, State};
use crate::plan::Regions;
use crate::succession;

/// The side that a workload lives on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Lives {
    /// The side.
    pub side: Side,
    /// The generation that committed to it; `None`: no generation did, or the journals do not tell which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Generation>,
    /// Whether that generation ended Recovered. Where it did not, the same way may be gone once more.
    pub arrived: bool,
}

impl Lives {
    /// A workload that no generation ever moved.
    pub const AT_HOME: Self = Self { side: Side::Primary, since: None, arrived: true };

    /// Where a workload lives after its last generation.
    pub fn after(last: Option<&State>) -> Self {
        last.map_or(Self::AT_HOME, State::lives)
    }
}

impl Decision {
    /// Where the workload lived when this generation was opened. A decision of an older version does not tell: it is
    /// taken to have lived on the side that was to be left.
    pub fn lived(&self) -> Lives {
        let side = self.direction.source();
        self.lived.unwrap_or(Lives { side, since: None, arrived: true })
    }
}

impl State {
    /// Where the workload lives, as far as this generation tells and what was seen since it ended.
    pub fn lives(&self) -> Lives {
        let decision = &self.decision;
        if self.seen_at_home.is_some() {
            return Lives::AT_HOME;
        }
        if !self.committed() {
            return decision.lived();
        }
        Lives {
            side: decision.direction.target(),
            since: Some(decision.generation),
            arrived: self.end.as_ref().is_some_and(|e| e.end == End::Recovered),
        }
    }

    /// Whether the workload lives on its standby side.
    pub fn away_from_home(&self) -> bool {
        self.lives().side == Side::Standby
    }

    /// The generation that moved the workload where it lives; this one, where the journals do not tell.
    pub fn moved_by(&self) -> Generation {
        self.lives().since.unwrap_or(self.decision.generation)
    }

    /// The Regions that the journal's sides are; `None`: an older version decided, and did not write them.
    pub fn regions(&self) -> Option<&Sides<Region>> {
        self.home.as_ref().or(self.decision.regions.as_ref())
    }

    /// The Region of a side by the journal, where it tells. The decision of an older version names its target alone.
    pub fn region_of(&self, side: Side) -> Option<&Region> {
        let decision = &self.decision;
        let target = decision.direction.target() == side;
        let known = self.regions().map(|regions| regions.of(side));
        known.or_else(|| target.then_some(&decision.target))
    }

    /// The Region that the workload lives in. `regions`: those of a plan, for what an older version did not write.
    pub fn lives_in<'a>(&'a self, regions: &'a Regions) -> &'a Region {
        let side = self.lives().side;
        let other = || self.region_of(side.other());
        self.region_of(side).unwrap_or_else(|| match other() {
            Some(other) if other == regions.of(side) => regions.of(side.other()),
            Some(_) | None => regions.of(side),
        })
    }

    /// Whether a plan with these Regions has the sides of the decision the other way round.
    pub(super) fn exchanged(&self, new: &Sides<Region>) -> bool {
        let decision = &self.decision;
        match &decision.regions {
            Some(old) => (&new.primary, &new.standby) == (&old.standby, &old.primary),
            None => *new.of(decision.direction.source()) == decision.target,
        }
    }

    /// What was left closed, by the sides as they are since the home was changed.
    pub(super) fn as_at_home(&self, mut all: Vec<LeftClosed>) -> Vec<LeftClosed> {
        if self.home.as_ref().is_some_and(|new| self.exchanged(new)) {
            all.iter_mut().for_each(|left| left.side = left.side.other());
        }
        if self.seen_at_home.is_some() {
            // Its users are served there again: who went back by hand has opened it. Of the other side that tells
            // nothing.
            all.retain(|left| left.side != Side::Primary);
        }
        all
    }

    /// What has to be settled before other Regions may be the workload's sides, with what settles it. What the
    /// journals remember of a side would be taken for the other's.
    ///
    /// # Errors
    ///
    /// The first thing that is not settled.
    pub fn settled_for(&self, new: &Sides<Region>) -> Result<(), String> {
        let decision = &self.decision;
        let (w, plan, g) = (&decision.workload, &decision.plan, decision.generation);
        let start = |way: Direction| {
            format!("`leeward start {w} --plan {plan} --direction {way} --reason …`")
        };
        if self.end.is_none() {
            return Err(format!("generation {g} of {w} is open; `leeward status {w}`"));
        }
        if succession::waits(self) {
            return Err(format!(
                "generation {g} of {w} left its fence in place for the next: {} goes on with it",
                start(decision.direction)
            ));
        }
        if let Some(u) = self.unproven().first() {
            return Err(format!(
                "nobody has seen that {} on its {} side, left by generation {}, cannot write; make it a replica of the other side again, and the next sweep sees it",
                u.database, u.side, u.generation
            ));
        }
        let lives = self.lives();
        let toward =
            if lives.side == Side::Standby { Direction::ToStandby } else { Direction::ToPrimary };
        if !succession::lost(Some(self)).is_empty() {
            return Err(format!(
                "what generation {g} of {w} may have lost is not told to the end; {} finishes what it began",
                start(toward)
            ));
        }
        match self.left_closed().first() {
            Some(left) if !self.exchanged(new) => {
                let way = if left.side == Side::Primary {
                    Direction::ToPrimary
                } else {
                    Direction::ToStandby
                };
                Err(format!("{left}; {} opens it", start(way)))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Whether a look that saw the workload at home may follow. With Regions it says which the sides are from now on.
    pub(super) fn may_be_seen_at_home(&self, home: Option<&Sides<Region>>) -> Result<(), String> {
        match home {
            Some(new) if self.regions() == Some(new) => {
                Err("these are its sides already".to_owned())
            }
            Some(new) => self.settled_for(new),
            None if self.away_from_home() => Ok(()),
            None => Err("it is not away from home".to_owned()),
        }
    }
}

#[cfg(test)]
#[path = "lives_tests.rs"]
mod tests;
