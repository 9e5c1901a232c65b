//! What is damaged in a workload's items, and what of it may be put aside: items that were written or restored by hand.
//!
//! A journal is believed as far as its chain holds. What stands behind that place and cannot be read never was an entry,
//! or is one no longer: it is put aside under another key, never deleted. An entry that can be read and does not follow
//! tells of something that happened and that the journal does not tell any more: that is for a person with a backup.

use crate::ids::{Generation, Text, WorkloadId};
use crate::journal::{Entry, Record, State, chain};
use crate::table::Key;

/// Sort key prefix of what was put aside.
pub const ASIDE: &str = "X#";

/// An item that stands among the entries and is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Junk {
    /// Its sort key.
    pub sk: Text,
    /// Why it is no entry.
    pub why: String,
}

/// A generation's items, looked through.
#[derive(Debug)]
pub struct Inspection {
    /// The generation, as far as its chain holds; `None`: it has no first entry.
    pub state: Option<State>,
    /// What may be put aside.
    pub junk: Vec<Junk>,
    /// Entries that can be read and do not follow, or a decision that is gone: only a backup mends this.
    pub lost: Vec<String>,
}

impl Inspection {
    /// Whether nothing is wrong.
    pub fn sound(&self) -> bool {
        self.junk.is_empty() && self.lost.is_empty()
    }
}

/// Looks through the items of a generation's journal, in the order of their sort keys: sort key and body of each.
pub fn inspect<'a>(
    workload: &WorkloadId,
    generation: Generation,
    items: impl Iterator<Item = (&'a str, &'a str)>,
) -> Inspection {
    let (mut state, mut junk, mut lost) = (None, Vec::new(), Vec::new());
    let mut broken = false;
    for (sk, body) in items {
        match accept(workload, generation, &mut state, sk, body) {
            Ok(()) if !broken => {}
            Ok(()) => lost.push(behind(sk)),
            Err(why) => {
                if real(workload, generation, sk, body) {
                    lost.push(format!(
                        "{sk} is an entry of this journal and does not follow: {why}"
                    ));
                } else {
                    junk.push(Junk { sk: sk.into(), why });
                }
                broken = true;
            }
        }
    }
    if state.is_none() && junk.len() > 1 {
        let items: Vec<&str> = junk.iter().map(|j| j.sk.as_str()).collect();
        lost.push(format!(
            "the decision cannot be read, and {} items stand there ({}): there was such a generation",
            items.len(),
            items.join(", ")
        ));
    }
    Inspection { state, junk, lost }
}

fn behind(sk: &str) -> String {
    format!("{sk} is an entry of this journal and stands behind one that cannot be read")
}

/// Takes an item as the next entry, if it is.
fn accept(
    workload: &WorkloadId,
    generation: Generation,
    state: &mut Option<State>,
    sk: &str,
    body: &str,
) -> Result<(), String> {
    let (seq, head) = match state {
        Some(state) => (state.last.next(), state.head.clone()),
        None => (crate::ids::Seq(1), chain::origin()),
    };
    let key = Key::journal(workload, generation, seq);
    if key.sk != sk {
        return Err(format!("stands in the place of {}", key.sk));
    }
    let (record, head) = chain::next(body, seq, &head).map_err(|e| e.to_string())?;
    match state {
        Some(state) => {
            state.follow(&record).map_err(|e| e.to_string())?;
            state.head = head;
        }
        None if of(workload, generation, &record) => {
            let first = State::fold(std::slice::from_ref(&record), head);
            *state = Some(first.map_err(|e| e.to_string())?);
        }
        None => return Err("is no decision of this generation".to_owned()),
    }
    Ok(())
}

#[expect(clippy::wildcard_enum_match_arm, reason = "a decision alone names its generation")]
/// Whether a decision is of that generation; of any other entry only its place tells.
fn of(workload: &WorkloadId, generation: Generation, record: &Record) -> bool {
    match &record.entry {
        Entry::Opened(decision) => {
            decision.workload == *workload && decision.generation == generation
        }
        _ => true,
    }
}

/// Whether an item that does not follow was an entry of this journal once.
fn real(workload: &WorkloadId, generation: Generation, sk: &str, body: &str) -> bool {
    let Ok(record) = serde_json::from_str::<Record>(body) else { return false };
    Key::journal(workload, generation, record.seq).sk == sk && of(workload, generation, &record)
}

/// The generation that an effect's id names, if it is of that workload.
pub fn generation_of(effect: &str, workload: &WorkloadId) -> Option<Generation> {
    let rest = effect.strip_prefix(workload.as_str())?.strip_prefix('/')?;
    rest.split('/').next()?.parse().ok().map(Generation)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::example::recovered;

    const ONE: Generation = Generation(1);

    fn orders() -> WorkloadId {
        WorkloadId::new("orders")
    }

    /// The example's journal, as it is stored.
    fn stored() -> Vec<(String, String)> {
        let mut prev = chain::origin();
        let entry = |mut record: Record| {
            record.prev = prev.clone();
            let body = serde_json::to_string(&record).unwrap();
            prev = chain::digest(body.as_bytes());
            (Key::journal(&orders(), ONE, record.seq).sk.to_string(), body)
        };
        recovered(1).records.into_iter().map(entry).collect()
    }

    fn looked(items: &[(String, String)]) -> Inspection {
        inspect(&orders(), ONE, items.iter().map(|(sk, body)| (sk.as_str(), body.as_str())))
    }

    #[test]
    fn a_whole_journal_is_sound() {
        let items = stored();
        let found = looked(&items);
        assert!(found.sound(), "{:?} {:?}", found.junk, found.lost);
        assert_eq!(found.state.unwrap().last.0, items.len() as u64);
    }

    #[test]
    fn what_cannot_be_read_behind_the_last_entry_is_junk() {
        let mut items = stored();
        let next = Key::journal(&orders(), ONE, crate::ids::Seq(items.len() as u64 + 1)).sk;
        items.push((next.to_string(), "{}".to_owned()));
        items.push(("J#notes".to_owned(), String::new()));
        let found = looked(&items);
        let keys: Vec<&str> = found.junk.iter().map(|j| j.sk.as_str()).collect();
        assert_eq!(keys, [next.as_str(), "J#notes"]);
        assert!(found.lost.is_empty() && found.state.is_some());
    }

    #[test]
    fn an_entry_behind_a_damaged_one_is_never_put_aside() {
        let mut items = stored();
        items[3].1 = "damaged".to_owned();
        let found = looked(&items);
        assert_eq!(found.junk.len(), 1);
        assert_eq!(found.lost.len(), items.len() - 4, "{:?}", found.lost);
        assert_eq!(found.state.unwrap().last.0, 3);
        // One that was taken out leaves all behind it without their place.
        let mut items = stored();
        items.remove(5);
        assert!(!looked(&items).lost.is_empty());
    }

    #[test]
    fn a_lone_first_item_that_is_no_decision_is_junk_and_two_are_a_lost_generation() {
        let junk = |n: usize| -> Vec<(String, String)> {
            stored().into_iter().take(n).map(|(sk, _)| (sk, "junk".to_owned())).collect()
        };
        let one = looked(&junk(1));
        assert!(one.state.is_none() && one.junk.len() == 1 && one.lost.is_empty());
        assert_eq!(looked(&junk(2)).lost.len(), 1);
        // A decision that was copied from another workload decides nothing here.
        let copied = inspect(
            &"billing".into(),
            ONE,
            [(stored()[0].0.as_str(), stored()[0].1.as_str())].into_iter(),
        );
        assert_eq!((copied.junk.len(), copied.lost.len()), (1, 0));
    }

    #[test]
    fn an_effect_names_its_generation() {
        let of = |effect| generation_of(effect, &orders());
        assert_eq!(of("orders/12/fence/leases/take-lease"), Some(Generation(12)));
        assert_eq!(of("orders-2/12/fence/leases/take-lease"), None);
        assert_eq!(of(""), None);
    }
}
