//! Mistakes in how the journal is read and written.

use leeward_core::ids::Step;
use leeward_core::planted::Bug;
use leeward_core::time::Span;
use leeward_ports::fake::{Call, Fate, RegionState};

use super::stage::{call, input, live, open, opened, orders, primary_is, twice_at_once};
use super::{Drawn, Row};
use crate::rig::Rig;

pub(super) const ROWS: &[Row] = &[
    Row {
        bugs: &[Bug::EntryOverwritten],
        place: "reconcile/append.rs",
        breaks: "of two invocations at once the second writes over the first one's entries",
        finds: Some("S3"),
        drawn: Drawn::Within { budget: 25, took: 1 },
        scene: fenced_twice_at_once,
    },
    Row {
        bugs: &[Bug::ContentForNonce],
        place: "reconcile/append.rs",
        breaks: "two invocations take one intent for their own and both send",
        finds: Some("S10"),
        drawn: Drawn::Within { budget: 64, took: 15 },
        scene: fenced_twice_at_once,
    },
    Row {
        bugs: &[Bug::OwnWriteForConflict],
        place: "reconcile/append.rs",
        breaks: "an intent on record is not sent; the next look finds nothing and it is sent anew",
        finds: None,
        drawn: Drawn::Never("borne: nothing breaks"),
        scene: answers_of_the_table_lost,
    },
    Row {
        bugs: &[Bug::WeakRead, Bug::EntryOverwritten],
        place: "ports/fake/table.rs (ConsistentRead)",
        breaks: "an old state is decided on, and written over the present one",
        finds: Some("S3"),
        drawn: Drawn::Within { budget: 25, took: 1 },
        scene: a_plain_recovery,
    },
];

/// A first invocation got as far as its intent; then it is invoked twice at the same moment.
fn fenced_twice_at_once() -> Rig {
    let rig = orders();
    opened(&rig);
    rig.table.fail_next(intent, Fate::Throttled);
    call(&rig, "db-failover", Step::Fence);
    twice_at_once(&rig, "db-failover", &input(&rig, Step::Fence));
    live(&rig, 30);
    rig
}

/// An intent on its way into the journal.
fn intent(call: &Call<'_>) -> bool {
    matches!(call, Call::Put(item, _) if item.body.contains("\"entry\":\"intent\""))
}

fn answers_of_the_table_lost() -> Rig {
    let rig = orders();
    primary_is(&rig, RegionState::Dead);
    open(&rig);
    for _ in 0..4 {
        rig.table.fail_next(intent, Fate::LostAfter);
    }
    live(&rig, 40);
    rig
}

fn a_plain_recovery() -> Rig {
    let rig = orders();
    primary_is(&rig, RegionState::Partitioned);
    rig.clock.advance(Span::seconds(1));
    live(&rig, 40);
    rig
}
