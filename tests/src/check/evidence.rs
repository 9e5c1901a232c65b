//! What is judged: the truth of one run, taken when it is over.

use std::sync::Arc;

use leeward_core::ids::{Digest, Generation, Side};
use leeward_core::journal::{Entry, Record, State, chain};
use leeward_core::limits::Limits;
use leeward_core::plan::Plan;
use leeward_core::table::{JOURNAL, Key, generation_partition};
use leeward_core::time::{Span, Timestamp};
use leeward_core::world::Change;
use leeward_ports::fake::{Called, Delivered, Happened, Happening, Write};
use leeward_ports::{Item, Put};

use crate::rig::Rig;

/// Everything that the checkers may look at.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// The plan that the run began with. Generations that were decided by another version of it have their own.
    pub plan: Arc<Plan>,
    /// Versions of the plan, by the digest of what is stored. What is not among them is read from the table.
    pub versions: Vec<(Digest, Arc<Plan>)>,
    /// Voters that were made to say what is not so: from when, until when, how many. `None`: nobody kept count.
    pub deceived: Option<Vec<Deceived>>,
    /// The protocol's numbers.
    pub limits: Limits,
    /// What truly happened in the world.
    pub happenings: Vec<Happening>,
    /// What was sent to the world; empty when it was not kept.
    pub calls: Vec<Called>,
    /// Every write that reached the table.
    pub writes: Vec<Write>,
    /// What stands in the table, in the order of the keys.
    pub items: Vec<Arc<Item>>,
    /// What reached people.
    pub delivered: Vec<Delivered>,
    /// Topic of Leeward itself.
    pub system_topic: Option<String>,
    /// Whether every writer honours the lease. Leeward promises nothing for one that does not.
    pub honoured: bool,
    /// How long ago an entry must be for its notice to be missed: time to deliver it again.
    pub patience: Span,
    /// Journals that were read already: not read again where these very items stand.
    pub read: Vec<Read>,
    /// When it is judged.
    pub now: Timestamp,
}

/// Voters that said what was not so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deceived {
    /// From when on.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// How many voters.
    pub voters: usize,
}

/// Journal items in their order, with what they say and add up to.
#[derive(Debug, Clone)]
pub struct Read {
    /// The stored items.
    pub items: Vec<Arc<Item>>,
    /// Every entry.
    pub records: Arc<Vec<Record>>,
    /// What they add up to.
    pub state: Arc<State>,
}

/// A generation's journal, with the instant at which each entry truly landed.
pub(super) struct Journal {
    pub(super) generation: Generation,
    pub(super) items: Vec<Arc<Item>>,
    pub(super) records: Arc<Vec<Record>>,
    landed: Vec<Timestamp>,
    /// What the entries add up to; `None`: it cannot be read.
    pub(super) state: Option<Arc<State>>,
    /// The version of the plan that it was decided by.
    pub(super) plan: Arc<Plan>,
}

/// Evidence with its journals, parsed once for all checkers.
pub(super) struct Case<'e> {
    evidence: &'e Evidence,
    journals: Vec<Journal>,
}

impl std::ops::Deref for Case<'_> {
    type Target = Evidence;

    fn deref(&self) -> &Evidence {
        self.evidence
    }
}

impl<'e> Case<'e> {
    pub(super) fn of(evidence: &'e Evidence) -> Self {
        Self { evidence, journals: evidence.read_journals() }
    }

    /// All journals, oldest first.
    pub(super) fn journals(&self) -> &[Journal] {
        &self.journals
    }
}

/// A request as it reached the world.
pub(super) struct Arrival<'a> {
    pub(super) at: Timestamp,
    pub(super) change: &'a Change,
    /// Date of its signature; `None`: refused, its signature is not kept.
    pub(super) frozen: Option<Timestamp>,
    /// Whether the world is otherwise than before.
    pub(super) changed: bool,
}

/// Five sweeps: what did not leave with the first is delivered by one of the next.
const PATIENCE: Span = Span::minutes(5);

impl Evidence {
    /// What a rig has to show by now.
    pub fn of(rig: &Rig) -> Self {
        Self {
            plan: Arc::new(rig.plan.clone()),
            versions: Vec::new(),
            deceived: None,
            limits: Limits::REAL,
            happenings: rig.world.happenings(),
            calls: rig.world.calls(),
            writes: rig.table.writes(),
            items: rig.table.items(),
            delivered: rig.publisher.delivered(),
            system_topic: rig.detector.system_topic.clone(),
            honoured: true,
            patience: PATIENCE,
            read: Vec::new(),
            now: rig.clock.now(),
        }
    }

    /// All journals, oldest first. One that cannot be read is left to `audited`, which says so.
    fn read_journals(&self) -> Vec<Journal> {
        let mut journals = Vec::new();
        let landed = self.landed();
        let mut generation = Generation(1);
        loop {
            let partition = generation_partition(&self.plan.workload, generation);
            let items: Vec<Arc<Item>> = self
                .items
                .iter()
                .filter(|i| i.key.pk == partition && i.key.sk.starts_with(JOURNAL))
                .cloned()
                .collect();
            if items.is_empty() {
                return journals;
            }
            let (records, state) = self.said(&items);
            let landed = records
                .iter()
                .zip(&items)
                .map(|(record, item)| {
                    let first = landed.partition_point(|(key, _)| *key < &item.key);
                    let own = landed.get(first).filter(|(key, _)| **key == item.key);
                    own.map_or(record.at, |(_, at)| *at)
                })
                .collect();
            let plan = self.plan_of(&records);
            journals.push(Journal { generation, items, records, landed, state, plan });
            generation = generation.next();
        }
    }

    /// The version of the plan that a journal's decision names.
    fn plan_of(&self, records: &[Record]) -> Arc<Plan> {
        let Some(Entry::Opened(decision)) = records.first().map(|r| &r.entry) else {
            return self.plan.clone();
        };
        let digest = &decision.plan_digest;
        if let Some((_, plan)) = self.versions.iter().find(|(known, _)| known == digest) {
            return plan.clone();
        }
        let key = Key::plan_version(&decision.plan, digest);
        let stored = self.items.binary_search_by(|item| item.key.cmp(&key)).ok();
        let read = stored.and_then(|place| serde_json::from_str(&self.items[place].body).ok());
        read.map_or_else(|| self.plan.clone(), Arc::new)
    }

    /// What journal items say and add up to.
    fn said(&self, items: &[Arc<Item>]) -> (Arc<Vec<Record>>, Option<Arc<State>>) {
        let same = |read: &&Read| {
            read.items.len() == items.len()
                && read.items.iter().zip(items).all(|(one, other)| Arc::ptr_eq(one, other))
        };
        if let Some(read) = self.read.iter().find(same) {
            return (read.records.clone(), Some(read.state.clone()));
        }
        match chain::read(items.iter().map(|item| item.body.as_str())) {
            Ok((records, head)) => {
                let state = State::fold(&records, head).ok().map(Arc::new);
                (Arc::new(records), state)
            }
            Err(_) => (Arc::default(), None),
        }
    }

    /// Every entry of every journal with its generation and the instant at which it landed.
    pub fn entries(&self) -> Vec<(Generation, Timestamp, Record)> {
        let journals = self.read_journals();
        let of = |j: &Journal| {
            j.entries().map(|(at, r)| (j.generation, at, r.clone())).collect::<Vec<_>>()
        };
        journals.iter().flat_map(of).collect()
    }

    /// When the entries of journals were written, by key, and there in order.
    fn landed(&self) -> Vec<(&Key, Timestamp)> {
        let done = self.writes.iter().filter(|w| w.put == Some(Put::Done));
        let entries = done.filter(|w| w.item.key.sk.starts_with(JOURNAL));
        let mut landed: Vec<_> = entries.map(|w| (&w.item.key, w.at)).collect();
        landed.sort_by_key(|(key, _)| *key);
        landed
    }

    /// Requests that were signed by us, in the order of their arrival.
    pub(super) fn arrivals(&self) -> impl Iterator<Item = Arrival<'_>> {
        self.happenings.iter().filter_map(|h| match &h.what {
            Happened::Landed { change, frozen: Some(frozen), changed } => {
                Some(Arrival { at: h.at, change, frozen: Some(frozen.0), changed: *changed })
            }
            Happened::Rejected { change, .. } => {
                Some(Arrival { at: h.at, change, frozen: None, changed: false })
            }
            Happened::Landed { frozen: None, .. }
            | Happened::RegionIs { .. }
            | Happened::AcceptBegan { .. }
            | Happened::AcceptEnded { .. }
            | Happened::Promoted { .. }
            | Happened::Demoted { .. }
            | Happened::LeaseMoved { .. }
            | Happened::ClockSet { .. }
            | Happened::LetIn { .. }
            | Happened::Served { .. }
            | Happened::Order { .. } => None,
        })
    }

    /// Spans in which application writes to that database were accepted on that side.
    pub(super) fn accepted(
        &self,
        database: &leeward_core::ids::EntryId,
        side: Side,
    ) -> Vec<(Timestamp, Timestamp)> {
        let mut spans = Vec::new();
        let mut since = None;
        for h in &self.happenings {
            if matches!(&h.what, Happened::AcceptBegan { database: d, side: s } if d == database && *s == side)
            {
                since = since.or(Some(h.at));
            }
            if matches!(&h.what, Happened::AcceptEnded { database: d, side: s } if d == database && *s == side)
            {
                spans.extend(since.take().map(|from| (from, h.at)));
            }
        }
        spans.extend(since.map(|from| (from, self.now)));
        spans
    }
}

impl Journal {
    /// Every entry, with the instant at which it truly landed.
    pub(super) fn entries(&self) -> impl DoubleEndedIterator<Item = (Timestamp, &Record)> {
        self.landed.iter().copied().zip(self.records.iter())
    }

    /// Intents in order, each with the instant at which it landed.
    pub(super) fn intents(&self) -> impl Iterator<Item = (Timestamp, &Record, &Change)> {
        self.entries().filter_map(|(at, record)| {
            let Entry::Intent { change, .. } = &record.entry else { return None };
            Some((at, record, change.as_ref()))
        })
    }

    /// The instant of the first entry for which `what` holds.
    pub(super) fn when(&self, what: impl Fn(&Entry) -> bool) -> Option<Timestamp> {
        self.entries().find(|(_, r)| what(&r.entry)).map(|(at, _)| at)
    }
}
