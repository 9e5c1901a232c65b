//! Mistakes planted in the code, each with a schedule in which it does harm and the checker that has
//! to see it.
//!
//! A row holds three things at once: nothing sown, the schedule breaks no invariant; everything
//! sown, the checker named finds it; and where several guards stand behind each other, every guard
//! alone still holds. So each guard is shown to carry the load where the others are off.

mod closed;
mod effects;
mod evidence;
mod fences;
mod journal;
mod openings;
mod people;
mod proofs;
mod stage;

use leeward_core::planted::{self, Bug};

use crate::check::{Evidence, Violation, judge};
use crate::rig::Rig;

/// One planted mistake.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// The mistake, and with it every other guard that would hide it.
    pub bugs: &'static [Bug],
    /// Where it is.
    pub place: &'static str,
    /// What comes of it.
    pub breaks: &'static str,
    /// Number of the invariant that it breaks; `None`: the protocol bears it, at the cost of time.
    pub finds: Option<&'static str>,
    /// Whether drawn schedules of the whole stack find it, too.
    pub drawn: Drawn,
    /// A schedule in which it does harm.
    pub scene: fn() -> Rig,
}

/// Drawn schedules against a mistake, from the first seed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drawn {
    /// A checker finds it within so many.
    Within {
        /// Most schedules that it may take. Where one in so many finds a mistake, eight times as many miss it
        /// in one of three thousand cases: drawn anew by a change of the code, it is found all the same.
        budget: u64,
        /// How many it took when that was last measured.
        took: u64,
    },
    /// Only its own schedule does, for this reason.
    Never(&'static str),
}

/// Those that a run of voters that see badly finds, too.
const VOTERS: [Bug; 4] =
    [Bug::UnknownIsDown, Bug::NoOutsideWitness, Bug::NotSustained, Bug::HealthyIgnored];

impl Row {
    /// The row as the documentation has it.
    pub fn told(&self) -> String {
        let name = |bug: &Bug| format!("`{bug:?}`");
        let (mistake, others) =
            self.bugs.split_first().map_or_else(Default::default, |(first, rest)| {
                (name(first), rest.iter().map(name).collect::<Vec<_>>().join(", "))
            });
        let voters = self.bugs.first().is_some_and(|bug| VOTERS.contains(bug));
        let finds = self.finds.unwrap_or("borne");
        let finds = if voters { format!("{finds}, voters") } else { finds.to_owned() };
        let drawn = match self.drawn {
            Drawn::Within { budget, took } => format!("{took} of {budget}"),
            Drawn::Never(why) => format!("no: {why}"),
        };
        format!("| {mistake} | {others} | {} | {} | {finds} | {drawn} |", self.place, self.breaks)
    }
}

/// Every row, in the order of a recovery.
pub fn rows() -> Vec<Row> {
    [
        openings::ROWS,
        journal::ROWS,
        evidence::ROWS,
        fences::ROWS,
        closed::ROWS,
        effects::ROWS,
        proofs::ROWS,
        people::ROWS,
    ]
    .concat()
}

/// Plays a row's schedule with these mistakes, and judges it without them.
pub fn play(row: &Row, bugs: &[Bug]) -> (Vec<Violation>, Vec<String>) {
    let rig = {
        let _field = planted::sow(bugs);
        (row.scene)()
    };
    let mut story = rig.story(1);
    story.extend(rig.story(2));
    (judge(&Evidence::of(&rig)), story)
}
