//! Last known good facts and votes of a workload: one query brings them all.

use std::sync::Arc;

use leeward_core::error::StepError;
use leeward_core::evidence::{
    Baseline, Deployed, Evidence, Readiness, Signal, Standby, standby_key,
};
use leeward_core::ids::{Digest, Direction, PlanId, Side, VoterId, WorkloadId};
use leeward_core::impairment::Impairment;
use leeward_core::plan::{Plan, Voter};
use leeward_core::steps::Peak;
use leeward_core::table::{IMPAIRMENTS, Key, OF_OPEN, SIGNALS, workload_partition};
use leeward_core::time::Timestamp;
use leeward_ports::{Condition, Frozen, Item, Put};
use serde::{Deserialize, Serialize};

use crate::{Desk, table_error};

/// By which version of the plan a vote or a side was seen. Both may have another voter of one name, or another
/// instance, and neither may overwrite what the other rests on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Slot {
    /// By a plan in force.
    #[default]
    InForce,
    /// By the version that the open generation was decided by, which is not in force any more.
    OpenGeneration,
}

/// How a side was last seen as one to move to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenStandby {
    direction: Direction,
    slot: Slot,
    asked: Option<Digest>,
    standby: Standby,
}

/// Votes and facts as they are stored.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// The latest votes of each voter.
    pub signals: Vec<Arc<Signal>>,
    /// Votes of this look that could not be stored: what is decided on them carries them.
    pub carried: Vec<Arc<Signal>>,
    /// How each side was last seen as one to move to.
    pub standbys: Vec<SeenStandby>,
    /// Peaks by capacity and side.
    pub peaks: Vec<Peak>,
    /// The last impairment, open or over.
    pub impairment: Option<Arc<Impairment>>,
    /// The last deployment that somebody told of.
    pub deployed: Option<Deployed>,
    /// Since when the sweeps fail for it.
    pub unswept: Option<Timestamp>,
    /// The past of the voters' metrics, by voter and eye.
    pub baselines: Vec<(VoterId, String, Baseline)>,
    /// Whether what each plan names is as it says, when that was looked at last.
    pub readiness: Vec<(PlanId, Readiness)>,
}

/// One fact to store.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "fact")]
pub enum Fact {
    /// How a side was seen as one to move to.
    Standby {
        /// Which way it would be moved.
        direction: Direction,
        /// What was seen.
        standby: Standby,
        /// What was looked at (`standby_key`); older facts do not tell.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        asked: Option<Digest>,
        /// By whose version of the plan.
        #[serde(default)]
        slot: Slot,
        /// Which plan looked: the plans of a workload may move to different sides. Older facts do not tell.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        plan: Option<PlanId>,
    },
    /// Most of a capacity in service in 24 hours.
    Peak(Peak),
    /// The last impairment.
    Impairment(Box<Impairment>),
    /// The last deployment.
    Deployed(Deployed),
    /// Since when the sweeps fail for it; nothing: they do well.
    Unswept {
        /// Time of the first that failed.
        since: Option<Timestamp>,
    },
    /// Whether what a plan names is as it says.
    Readiness {
        /// The plan.
        plan: PlanId,
        /// What was found.
        readiness: Readiness,
    },
    /// What a voter's metric was at this hour in the past.
    Baseline {
        /// The voter.
        voter: VoterId,
        /// Its eye.
        eye: String,
        /// The past.
        baseline: Baseline,
    },
}

impl Fact {
    fn key(&self, workload: &WorkloadId) -> Key {
        match self {
            Self::Standby { direction, slot, plan, .. } => {
                let place = match (slot, plan) {
                    (Slot::OpenGeneration, _) => format!("{direction}{OF_OPEN}"),
                    (Slot::InForce, Some(plan)) => format!("{direction}#plan#{plan}"),
                    (Slot::InForce, None) => direction.to_string(),
                };
                Key::snapshot(workload, "standby", &place)
            }
            Self::Peak(peak) => {
                let side = match peak.side {
                    Side::Primary => "primary",
                    Side::Standby => "standby",
                };
                Key::snapshot(workload, "peak", &format!("{}#{side}", peak.capacity))
            }
            Self::Impairment(_) => Key::snapshot(workload, "impairment", "last"),
            Self::Deployed(_) => Key::snapshot(workload, "deployed", "last"),
            Self::Unswept { .. } => Key::snapshot(workload, "unswept", "last"),
            Self::Readiness { plan, .. } => Key::snapshot(workload, "readiness", plan.as_str()),
            Self::Baseline { voter, .. } => Key::snapshot(workload, "baseline", voter.as_str()),
        }
    }
}

/// One stored item of a workload, read; shared by all who read it.
#[derive(Clone)]
pub(crate) enum Parsed {
    Signal(Arc<Signal>),
    Impairment(Arc<Impairment>),
    Fact(Arc<Fact>),
    Unreadable,
}

impl From<Fact> for Parsed {
    fn from(fact: Fact) -> Self {
        match fact {
            Fact::Impairment(impairment) => Self::Impairment(impairment.into()),
            fact @ (Fact::Standby { .. }
            | Fact::Peak(_)
            | Fact::Deployed(_)
            | Fact::Unswept { .. }
            | Fact::Readiness { .. }
            | Fact::Baseline { .. }) => Self::Fact(Arc::new(fact)),
        }
    }
}

impl Parsed {
    /// Reads a stored vote or fact, by what its key says that it is.
    pub(crate) fn of(item: &Item) -> Self {
        let read = if item.key.sk.starts_with(SIGNALS) {
            serde_json::from_str(&item.body).map(|signal| Self::Signal(Arc::new(signal)))
        } else {
            serde_json::from_str::<Fact>(&item.body).map(Self::from)
        };
        read.unwrap_or_else(|error| {
            tracing::warn!(sk = %item.key.sk, %error, "a stored fact cannot be read");
            Self::Unreadable
        })
    }
}

impl Facts {
    /// Takes in what voters said since, in the place of their words before; nothing takes the place of a later
    /// word.
    pub fn hear(&mut self, since: Vec<Arc<Signal>>) {
        let same = |one: &Signal, other: &Signal| one.voter == other.voter && one.eye == other.eye;
        for new in since {
            if self.signals.iter().any(|known| same(known, &new) && known.at > new.at) {
                continue;
            }
            self.signals.retain(|known| !same(known, &new));
            self.signals.push(new);
        }
    }

    /// Takes in votes that could not be stored: they count in this look all the same.
    pub fn carry(&mut self, unstored: Vec<Arc<Signal>>) {
        self.carried.extend(unstored.iter().cloned());
        self.hear(unstored);
    }

    /// Takes in how a side was seen, where that could not be stored.
    pub fn see(&mut self, fact: Fact) {
        self.take(&Parsed::from(fact));
    }

    pub(crate) fn take(&mut self, parsed: &Parsed) {
        let fact = match parsed {
            Parsed::Signal(signal) => return self.signals.push(signal.clone()),
            Parsed::Impairment(last) => return self.impairment = Some(last.clone()),
            Parsed::Fact(fact) => fact,
            Parsed::Unreadable => return,
        };
        match (**fact).clone() {
            Fact::Standby { direction, standby, asked, slot, .. } => {
                self.standbys.push(SeenStandby { direction, slot, asked, standby });
            }
            Fact::Peak(peak) => self.peaks.push(peak),
            Fact::Impairment(last) => self.impairment = Some(Arc::new(*last)),
            Fact::Unswept { since } => self.unswept = since,
            Fact::Deployed(deployed) => self.deployed = Some(deployed),
            Fact::Readiness { plan, readiness } => self.readiness.push((plan, readiness)),
            Fact::Baseline { voter, eye, baseline } => self.baselines.push((voter, eye, baseline)),
        }
    }

    /// When a side that a recovery that way moves to was last looked at by a plan in force.
    pub fn last_look(&self, direction: Direction) -> Option<Timestamp> {
        let of_plans =
            |seen: &SeenStandby| seen.direction == direction && seen.slot == Slot::InForce;
        self.last_seen(of_plans).map(|standby| standby.at)
    }

    /// What was found of a plan when it was looked at last.
    pub fn readiness(&self, plan: &PlanId) -> Option<&Readiness> {
        self.readiness.iter().find(|(id, _)| id == plan).map(|(_, readiness)| readiness)
    }

    /// How the side that a recovery that way moves to was last seen as that version of a plan names it, whether it
    /// is in force or an open generation rests on it. What another plan moves to says nothing of it.
    pub fn standby_by(&self, direction: Direction, plan: &Plan) -> Option<&Standby> {
        let key = standby_key(plan, direction);
        self.last_seen(|seen| {
            seen.direction == direction && seen.asked.as_ref().is_none_or(|asked| *asked == key)
        })
    }

    /// Where what an open generation's plan sees of that side is kept, so that it overwrites nothing that a plan
    /// in force rests on.
    pub fn slot(&self, direction: Direction, plan: &Plan) -> Slot {
        let key = standby_key(plan, direction);
        let other = |seen: &&SeenStandby| {
            seen.direction == direction
                && seen.slot == Slot::InForce
                && seen.asked.as_ref().is_some_and(|asked| *asked != key)
        };
        if self.standbys.iter().any(|seen| other(&seen)) {
            Slot::OpenGeneration
        } else {
            Slot::InForce
        }
    }

    /// The same for the votes of a voter.
    pub fn slot_of(&self, voter: &Voter) -> Slot {
        let other = |s: &Arc<Signal>| s.voter == *voter.id() && !voter.has_eye(&s.eye);
        if self.signals.iter().any(other) { Slot::OpenGeneration } else { Slot::InForce }
    }

    fn last_seen(&self, counts: impl Fn(&SeenStandby) -> bool) -> Option<&Standby> {
        let counted = self.standbys.iter().filter(|seen| counts(seen));
        counted.map(|seen| &seen.standby).max_by_key(|standby| standby.at)
    }

    /// The latest signal of a voter, as it looks now.
    pub fn signal(&self, voter: &Voter) -> Option<&Signal> {
        let own = |s: &&Signal| s.voter == *voter.id() && voter.has_eye(&s.eye);
        self.signals.iter().map(|s| &**s).filter(own).max_by_key(|s| s.at)
    }

    /// What is weighed for a recovery that way by that version of a plan.
    pub fn evidence(&self, direction: Direction, plan: &Plan) -> Evidence<'_> {
        Evidence {
            signals: &self.signals,
            carried: &self.carried,
            standby: self.standby_by(direction, plan),
            deployed: self.deployed.as_ref(),
        }
    }
}

impl Desk {
    /// All votes and facts of a workload. An item that cannot be read counts as not there.
    pub async fn facts(&self, workload: &WorkloadId) -> Result<(Arc<Facts>, Timestamp), StepError> {
        // `SIG#` and `SNAP#` share their first letter: one query brings both.
        let partition = workload_partition(workload);
        let listed = self.table.list(&partition, "S").await.map_err(table_error)?;
        Ok((self.shelf.facts(&partition, listed.value), listed.at))
    }

    /// Stores a vote; an older one never replaces a newer.
    pub async fn store_signal(
        &self,
        workload: &WorkloadId,
        slot: Slot,
        signal: Arc<Signal>,
        read_at: Timestamp,
    ) -> Result<(), StepError> {
        let key = match slot {
            Slot::InForce => Key::signal(workload, &signal.voter),
            Slot::OpenGeneration => Key::signal_of_open(workload, &signal.voter),
        };
        let (at, body) = (signal.at, serde_json::to_string(&*signal));
        self.store(key, body, at, read_at, Some(Parsed::Signal(signal))).await
    }

    /// Stores a fact seen at that instant; an older one never replaces a newer.
    pub async fn store_fact(
        &self,
        workload: &WorkloadId,
        fact: Fact,
        at: Timestamp,
        read_at: Timestamp,
    ) -> Result<(), StepError> {
        let (key, body) = (fact.key(workload), serde_json::to_string(&fact));
        self.store(key, body, at, read_at, Some(fact.into())).await
    }

    /// Puts an impairment on record, by its own time and as the workload's last.
    pub async fn store_impairment(
        &self,
        impairment: Impairment,
        read_at: Timestamp,
    ) -> Result<(), StepError> {
        let (workload, updated) = (impairment.workload.clone(), impairment.updated);
        let key = Key::impairment(&workload, impairment.opened);
        self.store(key, serde_json::to_string(&impairment), updated, read_at, None).await?;
        self.store_fact(&workload, Fact::Impairment(Box::new(impairment)), updated, read_at).await
    }

    /// The impairments of a workload, the oldest first.
    pub async fn impairments(
        &self,
        workload: &WorkloadId,
    ) -> Result<(Vec<Impairment>, Timestamp), StepError> {
        let partition = workload_partition(workload);
        let listed = self.table.list(&partition, IMPAIRMENTS).await.map_err(table_error)?;
        let read = |item: &Arc<Item>| match serde_json::from_str(&item.body) {
            Ok(impairment) => Some(impairment),
            Err(error) => {
                tracing::warn!(sk = %item.key.sk, %error, "an impairment on record cannot be read");
                None
            }
        };
        Ok((listed.value.iter().filter_map(read).collect(), listed.at))
    }

    /// Stores a body; `kept`: what it says, if it is read with the votes and facts.
    async fn store(
        &self,
        key: Key,
        body: Result<String, serde_json::Error>,
        at: Timestamp,
        read_at: Timestamp,
        kept: Option<Parsed>,
    ) -> Result<(), StepError> {
        let body =
            body.map_err(|e| StepError::InvalidInput(format!("a fact cannot be written: {e}")))?;
        let n = u64::try_from(at.as_millisecond()).unwrap_or(0);
        let item = Arc::new(Item { key, body, n, nonce: String::new() });
        let put = self.table.put(item.clone(), Condition::Newer, Frozen(read_at)).await;
        if put.map_err(table_error)?.value == Put::Done
            && let Some(parsed) = kept
        {
            self.shelf.stored(item, parsed);
        }
        Ok(())
    }
}
