//! Route 53 zones.
//!
//! | behaviour | source |
//! |---|---|
//! | a batch is all or nothing; `DELETE` with other values or `CREATE` of what is there: `InvalidChangeBatch` | ChangeResourceRecordSets |
//! | a second batch before the first is done: `PriorRequestNotComplete` | ChangeResourceRecordSets, errors |
//! | PENDING → INSYNC; names resolve to the old values until then | GetChange |
//! | the value of a TXT record stands in quotation marks | TXT record type |
//! | an alias is replaced by a simple record; beside records with a routing policy one is refused: `InvalidChangeBatch` | ChangeResourceRecordSets, `UPSERT`; Choosing a routing policy |

use std::collections::BTreeMap;

use leeward_core::ids::Text;
use leeward_core::names::same;
use leeward_core::planted::{self, Bug};
use leeward_core::world::{
    Blind, Change, ChangeError, ChangeErrorKind, RecordSetView, View, ZoneView,
};

use super::change::{Answer, conflict, refused};
use super::state::{Due, State};

type Records = BTreeMap<(Text, Text), (Vec<Text>, u32)>;

/// One hosted zone.
#[derive(Debug, Clone, Default)]
pub(super) struct Zone {
    /// As the control plane lists them.
    pub(super) records: Records,
    /// As the name servers answer.
    pub(super) answered: Records,
    pending: bool,
    /// Ids under which changes were taken, the latest last.
    taken: Vec<Text>,
    /// Its name, and whether only its networks can ask it.
    pub(super) about: Option<ZoneView>,
    /// Aliases and records with a routing policy, by name.
    pub(super) special: Vec<(Text, RecordSetView)>,
}

impl Zone {
    /// Puts a record into a zone at rest.
    pub(super) fn lay(&mut self, name: &str, record_type: &str, values: Vec<Text>, ttl: u32) {
        let key = (Text::from(name), Text::from(record_type));
        self.records.insert(key.clone(), (values.clone(), ttl));
        self.answered.insert(key, (values, ttl));
    }
}

/// A fence number as a TXT value.
pub(super) fn quoted(number: u64) -> Vec<Text> {
    vec![format!("\"{number}\"").into()]
}

/// Time to live of fence numbers, which nobody resolves.
pub(super) const FENCE_TTL: u32 = 60;

impl State {
    pub(super) fn see_record(&self, zone: &str, name: &str, kind: &str) -> Result<View, Blind> {
        let zone = self
            .zones
            .get(zone)
            .ok_or_else(|| Blind::new(format!("NoSuchHostedZone: there is no zone {zone}")))?;
        Ok(View::Record(zone.records.get(&(name.into(), kind.into())).cloned()))
    }

    /// GetHostedZone.
    pub(super) fn see_zone(&self, id: &str) -> View {
        View::Zone(self.zones.get(id).map(|zone| {
            let unnamed = || ZoneView { name: Text::default(), private: false };
            zone.about.clone().unwrap_or_else(unnamed)
        }))
    }

    /// ListResourceRecordSets, from one name on.
    pub(super) fn see_record_sets(&self, zone: &str, name: &str) -> Result<View, Blind> {
        let zone = self
            .zones
            .get(zone)
            .ok_or_else(|| Blind::new(format!("NoSuchHostedZone: there is no zone {zone}")))?;
        let own = |n: &Text| same(n, name);
        let simple = zone.records.iter().filter(|((n, _), _)| own(n));
        let simple = simple.map(|((_, record_type), (values, ttl))| RecordSetView {
            record_type: record_type.clone(),
            alias: None,
            policy: None,
            ttl: Some(*ttl),
            values: values.clone(),
        });
        let special = zone.special.iter().filter(|(n, _)| own(n)).map(|(_, set)| set.clone());
        let hidden: Vec<RecordSetView> = special.collect();
        // Where an alias or a policy stands, no simple record of that type does.
        let simple = simple.filter(|s| hidden.iter().all(|h| h.record_type != s.record_type));
        Ok(View::RecordSets(simple.chain(hidden.iter().cloned()).collect()))
    }

    pub(super) fn change_records(&mut self, change: &Change) -> Answer {
        let Change::ChangeRecords { zone: id, fence, records } = change else {
            return refused("InvalidInput", "not a batch");
        };
        let Some(zone) = self.zones.get_mut(id) else {
            return refused("NoSuchHostedZone", &format!("there is no zone {id}"));
        };
        if zone.pending {
            return Err(ChangeError {
                kind: ChangeErrorKind::Throttled,
                code: "PriorRequestNotComplete".into(),
                message: "a change of this zone is under way".into(),
            });
        }
        let number = (fence.name.clone(), Text::from("TXT"));
        let stands = zone.records.get(&number).map(|(values, _)| values.clone());
        if stands != Some(quoted(fence.from)) && !planted::is(Bug::NoCompareAndSwap) {
            let words = format!("{} is {stands:?} and not {}", fence.name, fence.from);
            return conflict("InvalidChangeBatch", &words);
        }
        let beside = |of: &&(Text, RecordSetView)| {
            records.iter().any(|r| r.name == of.0 && r.record_type == of.1.record_type)
        };
        if let Some((name, _)) = zone.special.iter().filter(beside).find(|s| s.1.policy.is_some()) {
            let words =
                format!("{name} cannot be created as other RRSets exist with the same name");
            return refused("InvalidChangeBatch", &words);
        }
        let replaced: Vec<_> = zone.special.iter().filter(beside).cloned().collect();
        zone.special.retain(|set| !replaced.contains(set));
        zone.records.insert(number, (quoted(fence.to), FENCE_TTL));
        for record in records {
            let key = (record.name.clone(), record.record_type.clone());
            zone.records.insert(key, (record.values.clone(), record.ttl));
        }
        zone.pending = true;
        let insync = self.habits.insync;
        self.later(insync, Due::InSync(id.clone()));
        Ok(true)
    }

    /// The sender of a batch was told its id.
    pub(super) fn take_batch(&mut self, change: &Change, id: &str) {
        if let Change::ChangeRecords { zone, .. } = change
            && let Some(zone) = self.zones.get_mut(zone)
        {
            zone.taken.push(id.into());
        }
    }

    /// GetChange: PENDING only while the zone's latest change is under way.
    pub(super) fn see_zone_change(&self, id: &str) -> Result<View, Blind> {
        let of = |zone: &&Zone| zone.taken.iter().any(|taken| taken == id);
        let zone = self.zones.values().find(of);
        let zone = zone.ok_or_else(|| Blind::new(format!("NoSuchChange: there is no {id}")))?;
        Ok(View::InSync(!(zone.pending && zone.taken.last().is_some_and(|last| last == id))))
    }

    pub(super) fn zone_in_sync(&mut self, id: &str) {
        if let Some(zone) = self.zones.get_mut(id) {
            zone.pending = false;
            zone.answered = zone.records.clone();
        }
    }
}
