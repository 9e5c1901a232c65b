//! Last known good facts and votes of a workload: one query brings them all.

use std::sync::Arc;

use leeward_core::error::StepError;
use leeward_core::evidence::{Baseline, Deployed, Evidence, Signal, Standby};
use leeward_core::ids::{Direction, Side, VoterId, WorkloadId};
use leeward_core::impairment::Impairment;
use leeward_core::steps::Peak;
use leeward_core::table::{IMPAIRMENTS, Key, SIGNALS, workload_partition};
use leeward_core::time::Timestamp;
use leeward_ports::{Condition, Frozen, Item, Put};
use serde::{Deserialize, Serialize};

use crate::{Desk, table_error};

/// Votes and facts as they are stored.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// The latest vote of each voter.
    pub signals: Vec<Arc<Signal>>,
    /// How each side was last seen as one to move to.
    pub standbys: Vec<(Direction, Standby)>,
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
            Self::Standby { direction, .. } => {
                Key::snapshot(workload, "standby", &direction.to_string())
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
    /// Takes in what voters said since, in the place of their words before.
    pub fn hear(&mut self, since: Vec<Signal>) {
        self.signals.retain(|known| since.iter().all(|new| new.voter != known.voter));
        self.signals.extend(since.into_iter().map(Arc::new));
    }

    pub(crate) fn take(&mut self, parsed: &Parsed) {
        let fact = match parsed {
            Parsed::Signal(signal) => return self.signals.push(signal.clone()),
            Parsed::Impairment(last) => return self.impairment = Some(last.clone()),
            Parsed::Fact(fact) => fact,
            Parsed::Unreadable => return,
        };
        match (**fact).clone() {
            Fact::Standby { direction, standby } => self.standbys.push((direction, standby)),
            Fact::Peak(peak) => self.peaks.push(peak),
            Fact::Impairment(last) => self.impairment = Some(Arc::new(*last)),
            Fact::Unswept { since } => self.unswept = since,
            Fact::Deployed(deployed) => self.deployed = Some(deployed),
            Fact::Baseline { voter, eye, baseline } => self.baselines.push((voter, eye, baseline)),
        }
    }

    /// How the side that a recovery that way moves to was last seen.
    pub fn standby(&self, direction: Direction) -> Option<&Standby> {
        self.standbys.iter().find(|(d, _)| *d == direction).map(|(_, s)| s)
    }

    /// The latest signal of a voter.
    pub fn signal(&self, voter: &VoterId) -> Option<&Signal> {
        self.signals.iter().map(|s| &**s).find(|s| s.voter == *voter)
    }

    /// What is weighed for a recovery that way.
    pub fn evidence(&self, direction: Direction) -> Evidence<'_> {
        Evidence {
            signals: &self.signals,
            standby: self.standby(direction),
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
        signal: Signal,
        read_at: Timestamp,
    ) -> Result<(), StepError> {
        let (key, at) = (Key::signal(workload, &signal.voter), signal.at);
        let body = serde_json::to_string(&signal);
        self.store(key, body, at, read_at, Some(Parsed::Signal(Arc::new(signal)))).await
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
