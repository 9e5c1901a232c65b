//! Who says that the workload is down, and whether they can still say so when it is.

use super::{Findings, voters};
use crate::evidence::VOTERS_MAX;
use crate::ids::Direction;
use crate::plan::Plan;
use crate::time::Span;

/// The detector's schedule looks once a minute.
const SWEEP: Span = Span::seconds(60);
/// Longer is no maintenance but a plan that is not enabled.
const MAINTENANCE_LONG: Span = Span::minutes(8 * 60);

pub(super) fn check(plan: &Plan, findings: &mut Findings) {
    let detection = &plan.detection;
    findings.names("detection.voters", "id", detection.voters.iter().map(|v| v.id().as_str()));
    if detection.voters.is_empty() {
        findings
            .error("detection.voters", "is empty: nobody could ever say that the workload is down");
        return;
    }
    if detection.voters.len() > VOTERS_MAX {
        findings.error(
            "detection.voters",
            format!(
                "are {}, more than {VOTERS_MAX}: what they all say has to fit into one item of the table",
                detection.voters.len()
            ),
        );
    }
    let (quorum, voters) = (detection.quorum as usize, detection.voters.len());
    if quorum == 0 {
        findings.error("detection.quorum", "is 0: a recovery would start without any vote");
        return;
    }
    if quorum > voters {
        findings.error(
            "detection.quorum",
            format!("is {quorum}, but there are {voters} voters: it can never be reached"),
        );
        return;
    }
    if quorum == 1 {
        findings.warn("detection.quorum", "is 1: a single voter decides, right or wrong");
    }
    voters::check(plan, findings);
    reachable(plan, Direction::ToStandby, findings);
    reachable(plan, Direction::ToPrimary, findings);
    times(plan, findings);
}

/// The Region that is left is silent: its own voters say nothing.
fn reachable(plan: &Plan, direction: Direction, findings: &mut Findings) {
    let suspect = plan.source_region(direction);
    let outside = plan.detection.voters.iter().filter(|v| v.region() != suspect);
    let asked = outside.clone().filter(|v| !v.is_told()).count();
    let outside = outside.count();
    let quorum = plan.detection.quorum as usize;
    if outside >= quorum {
        if asked < quorum && direction == Direction::ToStandby {
            findings.warn(
                "detection.voters",
                format!(
                    "when {suspect} is silent, {asked} voters are left that can be asked and the quorum is {quorum}: the others speak only when an event arrives"
                ),
            );
        }
        return;
    }
    let witness = if outside == 0 { " and there is no witness outside it" } else { "" };
    let message = format!(
        "{direction}: when {suspect} is silent, {outside} voters are left and the quorum is {quorum}: it cannot be reached{witness}"
    );
    match direction {
        Direction::ToStandby => findings.error(
            "detection.voters",
            format!("{message}. Put voters into other Regions, or lower the quorum"),
        ),
        Direction::ToPrimary => findings.note(
            "detection.voters",
            format!("{message}. Going home from a dead {suspect} needs a person: `leeward start --direction to-primary`"),
        ),
    }
}

fn times(plan: &Plan, findings: &mut Findings) {
    let detection = &plan.detection;
    if detection.freshness == Span::default() {
        findings.error("detection.freshness", "is 0: every vote would be unknown");
    } else if detection.freshness < SWEEP {
        findings.warn(
            "detection.freshness",
            format!(
                "{} is less than one sweep of the detector ({SWEEP}): votes are unknown between two looks",
                detection.freshness
            ),
        );
    }
    if detection.flapping.window == Span::default() {
        findings.warn("detection.flapping.window", "is 0: a flapping voter is never found out");
    }
    if detection.change_feed.is_some_and(|feed| feed.window == Span::default()) {
        findings.error("detection.change-feed.window", "is 0: no deployment would ever be recent");
    }
    for (index, window) in detection.maintenance.iter().enumerate() {
        let path = format!("detection.maintenance[{index}].length");
        if window.length() == Span::default() {
            findings.error(&path, "is 0: the window is never open");
        } else if window.length() > MAINTENANCE_LONG {
            findings.warn(
                &path,
                format!("{} in which the evidence opens nothing by itself", window.length()),
            );
        }
    }
    if detection.sustain == Span::default() {
        findings.warn("detection.sustain", "is 0: one bad minute starts a recovery");
    }
    if detection.sustain >= plan.objectives.rto {
        findings.warn(
            "detection.sustain",
            format!(
                "{} of evidence before anything begins, and the RTO of {} counts from the first signal",
                detection.sustain, plan.objectives.rto
            ),
        );
    }
}
