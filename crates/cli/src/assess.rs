//! `leeward assess`: the evidence on record, weighed now, and what is missing for a recovery.

use leeward_core::evidence::{Assessment, Ballot, Counted, Verdict, weigh};
use leeward_core::ids::{Digest, Direction, Generation, PlanId, WorkloadId};
use leeward_core::journal::State;
use leeward_core::matching::{Candidate, Choice, choose};
use leeward_core::opening::{NotNow, Opening, may_open};
use leeward_core::plan::{ApprovalFor, OnTimeout, Plan};
use leeward_core::time::{Span, Timestamp};
use leeward_reconcile::{Facts, StoredPlan, Switch};
use serde::Serialize;

use crate::exit::{Answer, Exit, Trouble};
use crate::office::{Office, workload};

/// What was found out about a workload.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
struct Assessed {
    schema: u32,
    now: Timestamp,
    workload: WorkloadId,
    /// The latest generation, and whether it is open.
    generation: Option<Generation>,
    open: bool,
    direction: Direction,
    /// The gravest verdict of the plans.
    verdict: Verdict,
    plans: Vec<OnePlan>,
}

/// By one plan.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
struct OnePlan {
    plan: PlanId,
    digest: Digest,
    enabled: bool,
    quorum: u32,
    assessment: Assessment,
    /// Whether a recovery would be opened by the evidence alone, now.
    would_open: bool,
    /// What is missing for that.
    missing: Vec<String>,
    /// What a recovery would wait for, once opened.
    waits_for: Vec<String>,
}

/// Weighs what is on record now. Touches nothing.
pub async fn now(
    office: &Office,
    of: &str,
    plan: Option<&str>,
    direction: Direction,
) -> Result<Answer, Trouble> {
    let workload = workload(of)?;
    let plans = office.plans_of(&workload, plan).await?;
    let (facts, now) = office.desk.facts(&workload).await?;
    let switch = office.desk.switch().await?;
    let (last, _) = office.desk.latest(&workload).await?;
    let last = last.map(|book| book.state);
    let one = |stored: &StoredPlan| {
        one(office, stored.clone(), &facts, &switch, last.as_deref(), direction, now)
    };
    let mut weighed: Vec<OnePlan> = plans.iter().map(one).collect();
    answering(&plans, &mut weighed, now);
    let brake = office.desk.brake().await?;
    if let Err(holds) = brake.brake.admit(&workload, next_generation(last.as_deref()), brake.at) {
        weighed.iter_mut().for_each(|p| p.missing.push(holds.to_string()));
    }
    let mut plans = weighed;
    plans.iter_mut().for_each(|p| p.would_open = p.missing.is_empty());
    let gravest = plans.iter().map(|p| p.assessment.verdict).min_by_key(|v| match v {
        Verdict::Down => 0,
        Verdict::Unsure => 1,
        Verdict::Well => 2,
    });
    let assessed = Assessed {
        schema: 1,
        now,
        workload,
        generation: last.as_ref().map(|s| s.decision.generation),
        open: last.as_ref().is_some_and(|s| s.end.is_none()),
        direction,
        verdict: gravest.unwrap_or(Verdict::Unsure),
        plans,
    };
    let exit = exit(&assessed);
    Answer::of(&assessed, lines(&assessed), exit)
}

fn exit(assessed: &Assessed) -> Exit {
    let down = |p: &&OnePlan| p.assessment.verdict == Verdict::Down;
    let mut called = assessed.plans.iter().filter(down).peekable();
    if called.peek().is_none() {
        Exit::Well
    } else if called.any(|p| p.would_open) || assessed.open {
        Exit::NotAsAsked
    } else {
        Exit::Refused
    }
}

fn one(
    office: &Office,
    stored: StoredPlan,
    facts: &Facts,
    switch: &Switch,
    last: Option<&State>,
    direction: Direction,
    now: Timestamp,
) -> OnePlan {
    let plan = &stored.plan;
    let assessment = weigh(plan, direction, facts.evidence(direction), now);
    let mut missing = missing_votes(plan, &assessment);
    let opening = if switch.on {
        may_open(last, plan, direction, &office.desk.limits, now, false)
    } else {
        Opening::Refused(NotNow::SwitchedOff(switch.reason.clone()))
    };
    match opening {
        Opening::Refused(why) => missing.push(why.to_string()),
        Opening::Join(generation) => {
            missing
                .push(format!("nothing is opened beside generation {generation}, which is open"));
        }
        Opening::Open(_) => {}
    }
    if direction == Direction::ToPrimary {
        missing.push(
            "going home is a person's decision: `leeward start --direction to-primary`".to_owned(),
        );
    }
    OnePlan {
        plan: plan.plan.clone(),
        digest: stored.digest,
        enabled: plan.enabled,
        quorum: plan.detection.quorum,
        would_open: missing.is_empty(),
        waits_for: waits_for(plan, &assessment),
        missing,
        assessment,
    }
}

/// Which of the plans would be carried out, and why the others would not.
fn answering(stored: &[StoredPlan], weighed: &mut [OnePlan], now: Timestamp) {
    let choice = {
        let candidates: Vec<Candidate<'_>> = stored
            .iter()
            .zip(weighed.iter())
            .map(|(s, w)| Candidate { plan: &s.plan, assessment: &w.assessment })
            .collect();
        choose(&candidates, now)
    };
    let chosen = match &choice {
        Choice::Nothing => return,
        Choice::Plan(index) => stored.get(*index).map(|s| s.plan.plan.clone()),
        Choice::Person(_) => None,
    };
    let down = weighed.iter_mut().filter(|p| p.assessment.verdict == Verdict::Down);
    for plan in down.filter(|p| chosen.as_ref() != Some(&p.plan)) {
        plan.missing.push(match (&choice, &chosen) {
            (Choice::Person(needed), _) => needed.why.clone(),
            (_, Some(other)) => format!("plan {other} answers to it and is more specific"),
            (_, None) => "no plan answers to it".to_owned(),
        });
    }
}

fn next_generation(last: Option<&State>) -> Generation {
    last.map_or(Generation(1), |s| s.decision.generation.next())
}

/// Votes, sustain, witness, and the side that would be moved to.
fn missing_votes(plan: &Plan, assessment: &Assessment) -> Vec<String> {
    let suspect = plan.source_region(assessment.direction);
    let down: Vec<&Ballot> =
        assessment.ballots.iter().filter(|b| b.counted == Counted::Unhealthy).collect();
    let quorum = plan.detection.quorum as usize;
    let mut missing = Vec::new();
    if down.len() < quorum {
        missing.push(format!(
            "{} more of {} voters would have to say that {suspect} is down (quorum {quorum})",
            quorum - down.len(),
            assessment.ballots.len()
        ));
    } else if !down.iter().any(|b| b.origin != *suspect) {
        missing.push(format!("no voter outside {suspect} says that it is down"));
    }
    for ballot in assessment.ballots.iter().filter(|b| b.counted == Counted::NotYet) {
        let left = plan.detection.sustain.minus(ballot.sustained.unwrap_or_default());
        missing.push(format!("{} has to say so for {left} more", ballot.voter));
    }
    let target = plan.target_region(assessment.direction);
    match &assessment.standby {
        None => missing.push(format!("{target} has never been looked at as the side to move to")),
        Some(standby) => missing
            .extend(standby.against.iter().map(|why| format!("{target} cannot take it: {why}"))),
    }
    missing
}

/// What would still be needed after the opening.
fn waits_for(plan: &Plan, assessment: &Assessment) -> Vec<String> {
    let mut waits: Vec<String> = assessment
        .ask
        .iter()
        .map(|why| format!("a person's yes before any effect: {why}"))
        .collect();
    let approval = &plan.policy.approval;
    if approval.wanted_for != ApprovalFor::None {
        let silence = match approval.on_timeout {
            OnTimeout::Hold => "then it is held",
            OnTimeout::Proceed => "then it goes on",
            OnTimeout::Decline => "then it turns back",
        };
        waits.push(format!("a person's yes, for {} ({silence})", approval.timeout));
    }
    for database in plan.databases.iter().filter(|d| d.single_writer()) {
        let id = database.id();
        waits.push(match database.lease() {
            Some(lease) => {
                format!("{id}: the old writer's time, {}, after the lease is taken", lease.expiry())
            }
            None => {
                format!("{id}: a fence that the old side itself has to show, or `leeward waive`")
            }
        });
    }
    waits
}

fn lines(a: &Assessed) -> Vec<String> {
    let mut lines = Vec::new();
    for p in &a.plans {
        lines.push(format!(
            "{} by plan {}, {}: {}",
            a.workload,
            p.plan,
            a.direction,
            match p.assessment.verdict {
                Verdict::Down => "DOWN",
                Verdict::Well => "well",
                Verdict::Unsure => "not sure",
            }
        ));
        for b in &p.assessment.ballots {
            let counted = match b.counted {
                Counted::Healthy => "healthy",
                Counted::Unhealthy => "UNHEALTHY",
                Counted::NotYet => "not yet",
                Counted::Unknown => "unknown",
            };
            let age = |s: Option<Span>| s.map_or("never".to_owned(), |s| format!("{s} ago"));
            let since = b.sustained.map_or(String::new(), |s| format!(" for {s}"));
            lines.push(format!(
                "  voter     {} ({}): {counted}{since}, seen {}: {}",
                b.voter,
                b.origin,
                age(b.age),
                b.evidence
            ));
        }
        lines.extend(p.assessment.reasons.iter().map(|r| format!("  because   {r}")));
        if p.would_open {
            lines.push("  now       the next sweep opens a recovery".to_owned());
        }
        lines.extend(p.missing.iter().map(|m| format!("  missing   {m}")));
        if let Some(standby) = &p.assessment.standby {
            lines.extend(standby.asks.iter().map(|why| format!("  asks      a person: {why}")));
        }
        lines.extend(p.waits_for.iter().map(|w| format!("  then      waits for {w}")));
    }
    if let (Some(generation), true) = (a.generation, a.open) {
        lines.push(format!("  open      generation {generation}: leeward status {}", a.workload));
    }
    lines
}
