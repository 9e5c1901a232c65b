//! Mistakes planted in the code, each with a schedule in which it does harm and the checker that has
//! to see it.
//!
//! A row holds three things at once: nothing sown, the schedule breaks no invariant; everything
//! sown, the checker named finds it; and where several guards stand behind each other, every guard
//! alone still holds. So each guard is shown to carry the load where the others are off.

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
    /// A schedule in which it does harm.
    pub scene: fn() -> Rig,
}

/// Every row, in the order of a recovery.
pub fn rows() -> Vec<Row> {
    [
        openings::ROWS,
        journal::ROWS,
        evidence::ROWS,
        fences::ROWS,
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
