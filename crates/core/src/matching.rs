//! Which plan answers to what is seen. The most specific one wins; a tie, and nothing that answers, is
//! for a person.

use std::cmp::Reverse;

use crate::evidence::{Assessment, Classification, Verdict, actions};
use crate::journal::Bearing;
use crate::need::{Every, Needed};
use crate::plan::{Plan, RespondsTo, Severity};
use crate::succession::reach;
use crate::time::Timestamp;

/// A plan and what its own voters say.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// What its voters say.
    pub assessment: &'a Assessment,
}

/// What follows from all plans of one workload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// No plan's voters say that it is down.
    Nothing,
    /// This candidate's plan is carried out.
    Plan(usize),
    /// It is down, and no plan goes on by itself.
    Person(Needed),
}

/// The choice among the plans of one workload.
///
/// Of the enabled plans whose voters say down and that respond to what it is called at its severity,
/// the one wins that answers to the narrower kind of failure; of these the one that asks for the
/// higher severity; of these the one that answers to fewer kinds.
pub fn choose(candidates: &[Candidate<'_>], now: Timestamp) -> Choice {
    let down: Vec<usize> = candidates
        .iter()
        .enumerate()
        .filter(|(_, c)| c.assessment.verdict == Verdict::Down)
        .map(|(index, _)| index)
        .collect();
    if down.is_empty() {
        return contradicted(candidates).unwrap_or_else(|| unwitnessed(candidates));
    }
    let at = |index: &usize| candidates.get(*index);
    let go = |index: &usize| at(index).is_some_and(|c| c.assessment.bearing == Bearing::Go);
    let mut fitting: Vec<(Specific, usize)> = down
        .iter()
        .filter(|index| go(index))
        .filter_map(|index| Some((specific(at(index)?)?, *index)))
        .collect();
    fitting.sort();
    let seen: Vec<&Candidate<'_>> = down.iter().filter_map(at).collect();
    match fitting.as_slice() {
        [] => Choice::Person(unanswered(&seen)),
        [(first, one), (second, other), ..] if first == second => {
            let names: Vec<&str> =
                [one, other].into_iter().filter_map(at).map(|c| c.plan.plan.as_str()).collect();
            Choice::Person(needed(
                &seen,
                format!("tie:{}", names.join("+")),
                format!(
                    "plans {} answer to it alike, so none is carried out: make one of them more specific, or disable one",
                    names.join(" and ")
                ),
            ))
        }
        [(_, one), ..] => match candidates.get(*one) {
            Some(chosen) => maintained(chosen, now).map_or(Choice::Plan(*one), Choice::Person),
            None => Choice::Nothing,
        },
    }
}

/// A quorum that as many voters outside contradict moves nothing: what is ill may be a part, or the way from
/// one place. A person has to tell.
fn contradicted(candidates: &[Candidate<'_>]) -> Option<Choice> {
    let seen: Vec<&Candidate<'_>> =
        candidates.iter().filter(|c| c.plan.enabled && c.assessment.contradicted()).collect();
    let count = seen.first()?.assessment.count;
    let why = format!(
        "a quorum says that it is down, and of the voters outside {} say well and {} say down: nothing is moved",
        count.against, count.down_outside
    );
    Some(Choice::Person(needed(&seen, "contradicted".to_owned(), why)))
}

/// A quorum that nobody outside confirms moves nothing: either the Region is ill in a way that only it
/// sees, or all that looks from within is wrong together. A person has to tell which.
fn unwitnessed(candidates: &[Candidate<'_>]) -> Choice {
    let lone: Vec<&Candidate<'_>> =
        candidates.iter().filter(|c| c.plan.enabled && c.assessment.unwitnessed()).collect();
    if lone.is_empty() {
        return Choice::Nothing;
    }
    let why = "a quorum says that it is down, and no voter outside confirms it: nothing is moved";
    Choice::Person(needed(&lone, "no-witness".to_owned(), why.to_owned()))
}

/// Smaller is more specific.
type Specific = (u8, Reverse<Severity>, usize);

fn specific(candidate: &Candidate<'_>) -> Option<Specific> {
    let found = candidate.assessment.classification.as_ref()?;
    let rule = responds(candidate.plan, found).filter(|_| candidate.plan.enabled)?;
    Some((reach(rule.kind), Reverse(rule.min_severity), candidate.plan.responds_to.len()))
}

/// Whether a plan answers to what is found.
pub(crate) fn answers(plan: &Plan, found: &Classification) -> bool {
    responds(plan, found).is_some()
}

fn responds<'a>(plan: &'a Plan, found: &Classification) -> Option<&'a RespondsTo> {
    let fits = |r: &&RespondsTo| r.kind == found.kind && r.min_severity <= found.severity;
    plan.responds_to.iter().filter(fits).max_by_key(|r| r.min_severity)
}

fn unanswered(seen: &[&Candidate<'_>]) -> Needed {
    let ill: Vec<String> = seen
        .iter()
        .filter(|c| c.assessment.bearing != Bearing::Go)
        .filter_map(|c| c.assessment.reasons.last().cloned())
        .collect();
    if ill.len() == seen.len() {
        let why = format!("it is not moved: {}", ill.join("; "));
        return needed(seen, "other-side".to_owned(), why);
    }
    let answers: Vec<String> = seen
        .iter()
        .map(|c| {
            let rules: Vec<String> = c
                .plan
                .responds_to
                .iter()
                .map(|r| format!("{} from {}", r.kind, r.min_severity))
                .collect();
            let enabled = if c.plan.enabled { "" } else { "which is not enabled, " };
            format!("plan {}, {enabled}answers to {}", c.plan.plan, rules.join(", "))
        })
        .collect();
    let kinds: Vec<&str> = seen
        .iter()
        .filter_map(|c| c.assessment.classification.as_ref())
        .map(|found| found.kind.as_str())
        .collect();
    let why = format!("no enabled plan answers to it: {}", answers.join("; "));
    needed(seen, format!("no-plan:{}", kinds.join("+")), why)
}

/// Inside a maintenance window nothing opens by itself.
fn maintained(chosen: &Candidate<'_>, now: Timestamp) -> Option<Needed> {
    let windows = chosen.plan.detection.maintenance.iter();
    let open = windows.filter_map(|w| w.open_until(now).map(|until| (until, w.reason())));
    let (until, reason) = open.max_by_key(|(until, _)| *until)?;
    let why = format!(
        "maintenance until {until} ({reason}): plan {} opens nothing by itself until then",
        chosen.plan.plan
    );
    Some(needed(&[chosen], format!("maintenance:{until}"), why))
}

fn needed(seen: &[&Candidate<'_>], cause: String, why: String) -> Needed {
    let first = seen.first();
    let found = first.and_then(|c| c.assessment.classification.as_ref());
    let workload = first.map_or("", |c| c.plan.workload.as_str());
    let seen: Vec<String> = seen.iter().map(|c| c.assessment.sentence()).collect();
    Needed {
        cause,
        reason: format!("A person is needed: {why}. Seen: {}", seen.join(" | ")),
        why,
        actions: found.map_or_else(Vec::new, |found| actions(found.kind, workload)),
        every: Every::Hour,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::evidence::{Evidence, Reading, Signal, Standby, Vote, weigh};
    use crate::ids::Direction;
    use crate::plan::Voter;
    use crate::plan::example::orders;
    use crate::time::Span;
    use serde_json::{Value, json};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn plan(name: &str, responds_to: Value, enabled: bool) -> Plan {
        let mut plan = orders();
        plan["plan"] = json!(name);
        plan["responds-to"] = responds_to;
        plan["enabled"] = json!(enabled);
        serde_json::from_value(plan).unwrap()
    }

    /// What a plan's voters say when both canaries see an outage.
    fn region_down(plan: &Plan, standby: &[&str]) -> Assessment {
        let signals: Vec<_> = plan
            .detection
            .voters
            .iter()
            .take(2)
            .map(|voter| {
                let reading = Reading::new(Vote::Unhealthy, "no answer").since(at(-600));
                Arc::new(Signal::following(voter, None, reading, at(0), Span::minutes(3)))
            })
            .collect();
        let against = standby.iter().map(|s| (*s).to_owned()).collect();
        let standby = Standby {
            against,
            asks: Vec::new(),
            capacity: Vec::new(),
            numbers: Vec::new(),
            at: at(0),
        };
        let evidence =
            Evidence { signals: &signals, standby: Some(&standby), ..Evidence::default() };
        weigh(plan, Direction::ToStandby, evidence, at(0))
    }

    fn chosen(plans: &[Plan]) -> Choice {
        let weighed: Vec<Assessment> = plans.iter().map(|p| region_down(p, &[])).collect();
        let candidates: Vec<Candidate<'_>> = plans
            .iter()
            .zip(&weighed)
            .map(|(plan, assessment)| Candidate { plan, assessment })
            .collect();
        choose(&candidates, at(0))
    }

    #[test]
    fn a_quorum_without_a_witness_is_for_a_person_and_moves_nothing() {
        let mut plan = plan("a", json!([{"kind": "region-outage", "min-severity": "low"}]), true);
        for voter in plan.detection.voters.iter_mut().take(2) {
            if let Voter::Alarm(alarm) = voter {
                alarm.region = plan.regions.primary.clone();
            }
        }
        let assessment = region_down(&plan, &[]);
        let candidates = [Candidate { plan: &plan, assessment: &assessment }];
        assert_eq!(cause(choose(&candidates, at(0))), "no-witness");
        let lonely = Plan { enabled: false, ..plan.clone() };
        let candidates = [Candidate { plan: &lonely, assessment: &assessment }];
        assert_eq!(choose(&candidates, at(0)), Choice::Nothing);
    }

    fn cause(choice: Choice) -> String {
        let Choice::Person(needed) = choice else { panic!("{choice:?}") };
        assert!(needed.reason.contains("2 of 3 voters"), "{}", needed.reason);
        assert!(!needed.actions.is_empty());
        needed.cause
    }

    #[test]
    fn a_plan_answers_to_its_kinds_from_its_severity_on() {
        let region = json!([{"kind": "region-outage", "min-severity": "high"}]);
        let zone = json!([{"kind": "zone-outage", "min-severity": "low"}]);
        assert_eq!(chosen(&[plan("a", region.clone(), true)]), Choice::Plan(0));
        assert_eq!(
            chosen(&[plan("z", zone.clone(), true), plan("a", region.clone(), true)]),
            Choice::Plan(1)
        );
        assert_eq!(cause(chosen(&[plan("z", zone, true)])), "no-plan:region-outage");
        assert_eq!(cause(chosen(&[plan("a", region, false)])), "no-plan:region-outage");
    }

    #[test]
    fn the_most_specific_plan_wins_and_a_tie_names_both() {
        let low = json!([{"kind": "region-outage", "min-severity": "low"}]);
        let critical = json!([{"kind": "region-outage", "min-severity": "critical"}]);
        let more = json!([
            {"kind": "region-outage", "min-severity": "critical"},
            {"kind": "natural-disaster", "min-severity": "low"}]);
        let of = |rules: &Value, name| plan(name, rules.clone(), true);
        assert_eq!(chosen(&[of(&low, "a"), of(&critical, "b")]), Choice::Plan(1));
        assert_eq!(chosen(&[of(&more, "a"), of(&critical, "b")]), Choice::Plan(1));
        assert_eq!(cause(chosen(&[of(&low, "a"), of(&low, "b")])), "tie:a+b");
    }

    #[test]
    fn in_maintenance_nothing_opens_by_itself() {
        let mut plan = plan("a", json!([{"kind": "region-outage", "min-severity": "low"}]), true);
        let window = json!([{"kind": "once", "from": at(-60).to_string(), "length": "2m", "reason": "patches"}]);
        plan.detection.maintenance = serde_json::from_value(window).unwrap();
        assert_eq!(cause(chosen(&[plan.clone()])), format!("maintenance:{}", at(60)));
        let weighed = region_down(&plan, &[]);
        let candidate = Candidate { plan: &plan, assessment: &weighed };
        assert_eq!(choose(&[candidate], at(60)), Choice::Plan(0));
    }

    #[test]
    fn nothing_moves_to_a_side_that_is_ill() {
        let plan = plan("a", json!([{"kind": "region-outage", "min-severity": "low"}]), true);
        let weighed = region_down(&plan, &["the replica is gone"]);
        let choice = choose(&[Candidate { plan: &plan, assessment: &weighed }], at(0));
        let Choice::Person(needed) = choice else { panic!("{choice:?}") };
        assert_eq!(needed.cause, "other-side");
        assert!(needed.reason.contains("the replica is gone"), "{}", needed.reason);
    }

    #[test]
    fn nothing_down_needs_nobody() {
        assert_eq!(choose(&[], at(0)), Choice::Nothing);
    }
}
