//! The fence numbers of zones: a record control's batch changes a zone only where its TXT record holds a lower number
//! than the generation's.
//!
//! The zone remembers what a state table may have forgotten, one that was made anew or restored from a copy: then no
//! generation of this table can change it. Generations follow each other without a gap, so none is opened above it; a
//! person makes the record anew.

use serde::{Deserialize, Serialize};

use crate::ids::{Generation, Text};
use crate::plan::{Control, Plan};
use crate::steps::records::{fence_name, zones};
use crate::world::{Question, Seen, View};

/// What a zone's TXT record holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ZoneNumber {
    /// The hosted zone.
    pub zone: Text,
    /// The record's name.
    pub name: Text,
    /// Its value; `None`: there is no such record.
    pub value: Option<Text>,
}

impl ZoneNumber {
    /// Why no batch of that generation can change the zone, and what helps; `None`: it can.
    pub fn bars(&self, generation: Generation) -> Option<String> {
        let Self { zone, name, value } = self;
        let Some(value) = value else {
            return Some(format!(
                "record {name} TXT in zone {zone} does not exist; `leeward plan put FILE` makes it with 0"
            ));
        };
        let foreign = match value.parse::<u64>() {
            Ok(number) if number < generation.0 => return None,
            Ok(number) => format!(
                "holds {number}, and generation {generation} follows lower numbers only: another state table, or this one before it was restored, changed the zone last"
            ),
            Err(_) => format!("holds `{value}`, which is no number"),
        };
        Some(format!("record {name} TXT in zone {zone} {foreign}. {}", anew(name, zone)))
    }
}

/// How a number is made anew. Requests of AWS live 15 minutes: what another table sent is over then.
fn anew(name: &str, zone: &str) -> String {
    format!(
        "Where no other installation of Leeward moves this workload any more, and 16 minutes after it last did, delete {name} TXT from zone {zone} by hand; `leeward plan put FILE` makes it anew with 0"
    )
}

/// What has to be looked at: one record for each control and zone.
pub fn questions(plan: &Plan) -> impl Iterator<Item = Question> {
    places(plan).map(|(_, zone, name)| question(zone, name))
}

/// Every zone of every record control: the control's place in the plan, the zone, and the name of its record.
fn places(plan: &Plan) -> impl Iterator<Item = (usize, Text, Text)> {
    plan.traffic.controls.iter().enumerate().flat_map(|(index, control)| {
        let Control::Record(c) = control else { return Vec::new() };
        let name = |zone_name: &str| fence_name(plan.workload.as_str(), c.id.as_str(), zone_name);
        let zones = zones(c).into_iter();
        zones
            .filter_map(|(zone, pairs)| Some((zone, &pairs.first()?.zone_name)))
            .map(|(zone, zone_name)| (index, zone.into(), name(zone_name).into()))
            .collect()
    })
}

fn question(zone: Text, name: Text) -> Question {
    Question::Record { zone, name, record_type: "TXT".into() }
}

/// What was seen of the plan's numbers, each with its control's place in the plan. What was not asked for, or was not
/// seen, is as it was `known`.
pub fn numbers(plan: &Plan, seen: &Seen, known: &[ZoneNumber]) -> Vec<(usize, ZoneNumber)> {
    let one = |(index, zone, name): (usize, Text, Text)| {
        let question = question(zone.clone(), name.clone());
        let value = match seen.get(&question) {
            Ok(View::Record(Some((values, _)))) => {
                Some(values.first().map_or("", |v| v.trim_matches('"')).into())
            }
            Ok(View::Record(None)) => None,
            _ => {
                let same = |n: &&ZoneNumber| n.zone == zone && n.name == name;
                return known.iter().find(same).map(|n| (index, n.clone()));
            }
        };
        Some((index, ZoneNumber { zone, name, value }))
    };
    places(plan).filter_map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_bars_every_generation_up_to_its_own_and_says_how_it_is_made_anew() {
        let holds = |value: Option<&str>| ZoneNumber {
            zone: "Z1".into(),
            name: "_leeward.orders.dns.example.com".into(),
            value: value.map(Into::into),
        };
        assert_eq!(holds(Some("0")).bars(Generation(1)), None);
        assert_eq!(holds(Some("4")).bars(Generation(5)), None);
        for (value, words) in
            [(Some("5"), "holds 5"), (Some("6"), "holds 6"), (Some("x"), "`x`"), (None, "exist")]
        {
            let why = holds(value).bars(Generation(5)).unwrap();
            assert!(why.contains(words) && why.contains("`leeward plan put FILE`"), "{why}");
            assert!(why.contains("_leeward.orders.dns.example.com TXT"), "{why}");
        }
    }
}
