//! Who says that the workload is down, and whether they can still say so when it is.

use std::collections::BTreeSet;

use super::Findings;
use crate::ids::Direction;
use crate::plan::Plan;
use crate::time::Span;

/// The detector's schedule looks once a minute.
const SWEEP: Span = Span::seconds(60);

pub(super) fn check(plan: &Plan, findings: &mut Findings) {
    let detection = &plan.detection;
    findings.names("detection.voters", "id", detection.voters.iter().map(|v| v.id.as_str()));
    if detection.voters.is_empty() {
        findings
            .error("detection.voters", "is empty: nobody could ever say that the workload is down");
        return;
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
    eyes(plan, findings);
    reachable(plan, Direction::ToStandby, findings);
    reachable(plan, Direction::ToPrimary, findings);
    times(plan, findings);
}

/// Two voters with one alarm are one voter.
fn eyes(plan: &Plan, findings: &mut Findings) {
    let mut known = BTreeSet::new();
    for (index, voter) in plan.detection.voters.iter().enumerate() {
        let path = format!("detection.voters[{index}].alarm");
        findings.filled(&path, &voter.alarm);
        if !known.insert((&voter.region, &voter.alarm)) {
            findings.error(
                &path,
                format!(
                    "alarm {} ({}) votes twice: one eye is one vote",
                    voter.alarm, voter.region
                ),
            );
        }
        if voter.control_alarm.as_ref() == Some(&voter.alarm) {
            findings.error(
                format!("detection.voters[{index}].control-alarm"),
                "is the voter's own alarm: it would be blind exactly when it sees trouble",
            );
        }
    }
}

/// The Region that is left is silent: its own voters say nothing.
fn reachable(plan: &Plan, direction: Direction, findings: &mut Findings) {
    let suspect = plan.source_region(direction);
    let outside = plan.detection.voters.iter().filter(|v| v.region != *suspect).count();
    let quorum = plan.detection.quorum as usize;
    if outside >= quorum {
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
