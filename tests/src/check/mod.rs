//! Checkers: each judges one invariant from outside, over what truly happened in the world, what
//! the table took, what the journals say and what people were told.
//!
//! | | here | from the journal alone (`leeward_core::audit`) |
//! |---|---|---|
//! | S1 one writer | acceptance of both sides | |
//! | S2 evidence first | the votes counted again, fences behind a go | yes |
//! | S3 write-once | no journal item is written twice; where it lives is inherited | yes |
//! | S4 numbers rise | epochs and fence numbers in the world | yes |
//! | S5 at most once | one change of the world an effect | |
//! | S6 intent before the call | by the instants at which both landed; an outcome is true | yes |
//! | S7 Recovered is seen | users were truly served by the target | yes |
//! | S8 promotion behind commit and proof | both landed before it; the proof is true | yes |
//! | S9 loss within its bound | the true loss | yes |
//! | S10 every mutation has its intent | one request an intent | yes |
//! | S11 no journal, no effect | the signature rests on the intent | |
//! | S12 cool-down | | yes |
//! | S13 nothing outside the plan | every request's target | |
//! | S14 operators obey S1 to S8 | the same checks, with operators at work | |
//! | S15 one fate | | yes |
//! | S16 nothing in the air at the end | nothing lands after the end | yes |
//! | S17 what is well stays | served, every Region well, too few voters deceived | |
//! | L1 ends or is Held | | yes |
//! | L2 people are told | messages that reached every receiver | |
//! | L3 a dead executor's work is finished | L1, with executors killed | yes |
//! | L4 no retry storm | requests sent an effect; executors of what waits for a person | |
//! | L5 Held is left by one command | no hold for an answer of before the word; every command that a hold names is admitted; in the simulator one word leads to an end | |
//! | L6 protected at home | the simulator, after a return by hand | |

mod effects;
mod evidence;
mod fences;
mod healthy;
mod holds;
mod journals;
mod losses;
mod people;
mod scope;
mod votes;
mod writers;

use evidence::Case;
pub use evidence::{Deceived, Evidence, Read};

/// One invariant that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Its number.
    pub invariant: &'static str,
    /// Where and how it is broken.
    pub detail: String,
}

/// Judges one invariant; every breach in a sentence.
type Checker = fn(&Case<'_>) -> Vec<String>;

/// Every checker of this crate, by the number of its invariant.
const CHECKERS: [(&str, Checker); 22] = [
    ("S1", writers::one_writer),
    ("S2", votes::counted_again),
    ("S3", journals::written_once),
    ("S3", journals::lives_where_it_was_brought),
    ("S4", fences::numbers_rise),
    ("S5", effects::at_most_once),
    ("S6", effects::intent_first),
    ("S6", effects::outcome_is_true),
    ("S7", writers::served_when_recovered),
    ("S8", fences::promoted_behind_the_commit),
    ("S8", writers::proofs_are_true),
    ("S9", writers::loss_within_bound),
    ("S9", losses::told_to_the_end),
    ("S10", effects::one_request_an_intent),
    ("S11", effects::signed_on_the_journal),
    ("S13", scope::inside_the_plan),
    ("S16", effects::nothing_lands_after_the_end),
    ("S17", healthy::stays),
    ("L2", people::told),
    ("L4", people::left_alone),
    ("L5", people::asked_anew),
    ("L5", holds::commands_are_admitted),
];

/// Judges everything. Empty: every invariant holds.
pub fn judge(evidence: &Evidence) -> Vec<Violation> {
    #[cfg(feature = "planted")]
    let _lifted = leeward_core::planted::lift();
    let case = &Case::of(evidence);
    let mut violations: Vec<Violation> = CHECKERS
        .iter()
        .flat_map(|(invariant, check)| {
            check(case).into_iter().map(|detail| Violation { invariant, detail })
        })
        .collect();
    violations.extend(
        people::storms(case).into_iter().map(|detail| Violation { invariant: "L4", detail }),
    );
    violations.extend(journals::audited(case));
    violations
}
