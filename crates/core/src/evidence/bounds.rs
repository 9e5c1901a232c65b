//! How large an assessment may become: it is stored as one item before anything is opened, and an item of
//! DynamoDB holds 400 KB.

use std::collections::BTreeSet;

use crate::evidence::{Assessment, Ballot};
use crate::ids::Text;
use crate::printable::{NAMED_MAX, TEXT_MAX, kept};

/// Most voters of a plan.
pub const VOTERS_MAX: usize = 64;
/// Largest assessment as it is stored, in bytes.
pub const ASSESSMENT_MAX: usize = 128 * 1024;
/// Room for all that voters said together, in bytes. As JSON it may take twice as much: a quote needs two.
const WORDS_MAX: usize = 24 * 1024;
/// Longest sentence of the assessment itself, in bytes.
const SENTENCE_MAX: usize = 2 * TEXT_MAX;
/// Most sentences of one kind.
const SENTENCES_MAX: usize = 8;

impl Assessment {
    /// The same, cut to what can be stored. Nothing that decides is cut: counts, kinds and instants stay.
    #[must_use]
    pub(super) fn bounded(mut self) -> Self {
        sentences(&mut self.reasons);
        sentences(&mut self.ask);
        if let Some(standby) = &mut self.standby {
            sentences(&mut standby.against);
            sentences(&mut standby.asks);
            // What is impossible goes before what is merely unseen or remarked.
            standby.capacity.sort_by_key(|finding| finding.hindrance);
            standby.capacity.truncate(SENTENCES_MAX / 4);
            // Fences rest on the look itself, not on this copy of it.
            standby.numbers.truncate(SENTENCES_MAX / 4);
            standby.capacity.iter_mut().for_each(|finding| sentence(&mut finding.text));
        }
        if let Some(found) = &mut self.classification {
            sentence(&mut found.because);
            sentence(&mut found.impact);
            first(&mut found.zones, NAMED_MAX);
            first(&mut found.services, NAMED_MAX);
            first(&mut found.resources, NAMED_MAX);
        }
        // Few voters with short words, as nearly always: nothing is touched.
        for (text, names) in [(TEXT_MAX / 2, 8), (TEXT_MAX / 4, 3), (TEXT_MAX / 8, 1), (64, 0)] {
            if self.ballots.iter().map(words).sum::<usize>() <= WORDS_MAX {
                break;
            }
            self.ballots.iter_mut().for_each(|ballot| shorten(ballot, text, names));
        }
        self
    }
}

/// What a ballot holds of what others wrote, in bytes.
fn words(ballot: &Ballot) -> usize {
    let signs = &ballot.signs;
    let sets = [&signs.zones_down, &signs.zones_well, &signs.services, &signs.resources];
    let named: usize = sets.into_iter().flatten().map(|name| name.len() + 4).sum();
    // A number is at most 24 characters long.
    let metrics: usize = signs.metrics.keys().map(|name| name.len() + 28).sum();
    ballot.evidence.len() + named + metrics
}

fn shorten(ballot: &mut Ballot, text: usize, names: usize) {
    ballot.evidence = kept(ballot.evidence.clone(), text);
    let signs = &mut ballot.signs;
    for set in
        [&mut signs.zones_down, &mut signs.zones_well, &mut signs.services, &mut signs.resources]
    {
        first(set, names);
    }
    while signs.metrics.len() > names {
        signs.metrics.pop_last();
    }
}

fn first(set: &mut BTreeSet<Text>, most: usize) {
    while set.len() > most {
        set.pop_last();
    }
}

fn sentence(text: &mut String) {
    if text.len() > SENTENCE_MAX {
        *text = kept(text.as_str(), SENTENCE_MAX).into();
    }
}

fn sentences(all: &mut Vec<String>) {
    if all.len() > SENTENCES_MAX {
        let more = all.len() - (SENTENCES_MAX - 1);
        all.truncate(SENTENCES_MAX - 1);
        all.push(format!("and {more} more of this kind"));
    }
    all.iter_mut().for_each(sentence);
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;
    use serde_json::json;

    use crate::capacity::{CapacityFinding, Hindrance};
    use crate::evidence::{Deployed, Evidence, Reading, Signal, Signs, Standby, Vote, weigh};
    use crate::ids::{Direction, Text};
    use crate::plan::example::orders;
    use crate::plan::{Plan, When};
    use crate::time::{Span, Timestamp};

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn plan(voters: usize) -> Plan {
        let mut plan = orders();
        let voters: Vec<_> = (0..voters)
            .map(|n| json!({"id": format!("voter-{n:050}"), "kind": "document", "region": "eu-west-1"}))
            .collect();
        plan["detection"]["voters"] = json!(voters);
        plan["detection"]["change-feed"] = json!({"window": "30m"});
        serde_json::from_value(plan).unwrap()
    }

    /// What every voter says, each text as long and each set as large as somebody wants.
    fn weighed(voters: usize, text: &str, names: usize) -> String {
        let plan = plan(voters);
        let set = |kind: &str| (0..names).map(|n| Text::from(format!("{kind}{n}{text}"))).collect();
        let signs = Signs {
            zones_down: set("a"),
            zones_well: set("b"),
            services: set("c"),
            resources: set("d"),
            metrics: (0..names).map(|n| (format!("{n}{text}").into(), 1.0 / 3.0)).collect(),
            ..Signs::default()
        };
        let signals: Vec<_> = plan
            .detection
            .voters
            .iter()
            .map(|voter| {
                let reading =
                    Reading::new(Vote::Unhealthy, text).since(at(-600)).with(signs.clone());
                Arc::new(Signal::following(voter, None, reading, at(0), Span::minutes(3)))
            })
            .collect();
        let standby = Standby {
            against: vec![text.to_owned(); names],
            asks: vec![text.to_owned(); names],
            numbers: Vec::new(),
            capacity: vec![
                CapacityFinding {
                    capacity: "web".into(),
                    when: When::Early,
                    hindrance: Hindrance::Impossible,
                    text: text.to_owned(),
                };
                names
            ],
            at: at(0),
        };
        let deployed = Deployed { what: text.to_owned(), by: Some(text.to_owned()), at: at(-700) };
        let (signals, standby, deployed) = (&signals, Some(&standby), Some(&deployed));
        let evidence = Evidence { signals, carried: signals, standby, deployed };
        serde_json::to_string(&weigh(&plan, Direction::ToStandby, evidence, at(0))).unwrap()
    }

    #[test]
    fn two_voters_with_115_kilobytes_of_quotes_each_fit_into_an_item() {
        let stored = weighed(2, &"\"".repeat(115_000), 2).len();
        assert!(stored <= ASSESSMENT_MAX / 2, "{stored} bytes");
    }

    #[test]
    fn the_most_voters_with_the_longest_words_fit_into_an_item() {
        for text in ["\"".repeat(2000), "\\".repeat(700), "注".repeat(700), "x".repeat(200)] {
            let stored = weighed(VOTERS_MAX, &text, 200).len();
            assert!(stored <= ASSESSMENT_MAX, "{stored} bytes of {}", &text[..3]);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn whatever_voters_say_fits_into_an_item(
            voters in 1usize..=VOTERS_MAX, names in 0usize..60, text in "(?s).{0,900}"
        ) {
            let stored = weighed(voters, &text, names).len();
            prop_assert!(stored <= ASSESSMENT_MAX, "{stored} bytes");
        }
    }
}
