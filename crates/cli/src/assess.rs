//! `leeward assess`: the evidence on record, weighed now, and what is missing for a recovery.

use leeward_core::evidence::{Assessment, Ballot, Counted, Verdict, weigh};
use leeward_core::ids::{Digest, Direction, Generation, PlanId, WorkloadId};
use leeward_core::journal::State;
use leeward_core::matching::{Candidate, Choice, choose};
use leeward_core::opening::{Asks, NotNow, Opening, may_open};
use leeward_core::plan::{ApprovalFor, Finding, OnTimeout, Plan};
use leeward_core::succession;
use leeward_core::sweep_decision::{
    Down, Recheck, SweepDecision, looks_by_its_own_plan, nothing_opens_away, sweep_decision,
};
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
    /// What earlier generations left closed of a side.
    left_closed: Vec<String>,
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
    /// The open generation that was decided by this version, which is not in force any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    decided_by_it: Option<Generation>,
    quorum: u32,
    assessment: Assessment,
    /// Whether a recovery would be opened by the evidence alone, now.
    would_open: bool,
    /// What is missing for that.
    missing: Vec<String>,
    /// What a recovery would wait for, once opened.
    waits_for: Vec<String>,
    /// What was not as the plan says when a sweep looked last.
    not_ready: Vec<Finding>,
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
    let heir = match last.as_deref().and_then(succession::named) {
        Some(named) => {
            let in_force = office.desk.plans_of(&workload).await?;
            in_force.iter().all(|s| s.plan.plan != *named)
        }
        None => false,
    };
    let looked =
        Looked { facts: &facts, switch: &switch, last: last.as_deref(), direction, now, heir };
    let mut weighed: Vec<Weighed> = plans.iter().map(|s| looked.by(office, s)).collect();
    let brake = office.desk.brake().await?;
    let held_back = brake.brake.admit(&workload, next_generation(last.as_deref()), brake.at);
    decided(&plans, &mut weighed, &looked, held_back.err().map(|holds| holds.to_string()));
    let mut plans: Vec<OnePlan> = weighed.into_iter().map(|w| w.plan).collect();
    plans.extend(of_the_open(office, &looked, &plans, plan).await?);
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
        left_closed: last
            .iter()
            .flat_map(|s| s.left_closed())
            .map(|left| left.to_string())
            .collect(),
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

/// What is on record of a workload, at one instant.
struct Looked<'a> {
    facts: &'a Facts,
    switch: &'a Switch,
    last: Option<&'a State>,
    direction: Direction,
    now: Timestamp,
    /// Whether the plan that the last generation left its work to is in force no more.
    heir: bool,
}

/// A plan weighed, and what stands in the way of an opening by it whatever its voters say.
struct Weighed {
    plan: OnePlan,
    hindered: Vec<String>,
}

impl Looked<'_> {
    fn by(&self, office: &Office, stored: &StoredPlan) -> Weighed {
        let (plan, direction, now) = (&stored.plan, self.direction, self.now);
        let assessment = weigh(plan, direction, self.facts.evidence(direction, plan), now);
        let opening = if self.switch.on {
            may_open(
                self.last,
                plan,
                direction,
                &office.desk.limits,
                now,
                Asks::Evidence,
                self.heir,
            )
        } else {
            Opening::Refused(NotNow::SwitchedOff(self.switch.reason.clone()))
        };
        let mut hindered = Vec::new();
        match opening {
            Opening::Refused(why) => hindered.push(why.to_string()),
            Opening::Join(generation) => hindered
                .push(format!("nothing is opened beside generation {generation}, which is open")),
            Opening::Open(_) => {}
        }
        if direction == Direction::ToPrimary {
            hindered.push(
                "going home is a person's decision: `leeward start --direction to-primary`"
                    .to_owned(),
            );
        }
        let known = self.facts.readiness(&plan.plan);
        let not_ready = known.map(|r| r.findings.clone()).unwrap_or_default();
        Weighed { plan: OnePlan { not_ready, ..OnePlan::new(stored, assessment) }, hindered }
    }
}

impl OnePlan {
    fn new(stored: &StoredPlan, assessment: Assessment) -> Self {
        let plan = &stored.plan;
        Self {
            plan: plan.plan.clone(),
            digest: stored.digest.clone(),
            enabled: plan.enabled,
            decided_by_it: None,
            quorum: plan.detection.quorum,
            would_open: false,
            missing: missing_votes(plan, &assessment),
            waits_for: waits_for(plan, &assessment),
            not_ready: Vec::new(),
            assessment,
        }
    }
}

/// What the next sweep would do, by the same decision that it makes itself.
fn decided(
    stored: &[StoredPlan],
    weighed: &mut [Weighed],
    looked: &Looked<'_>,
    held_back: Option<String>,
) {
    let plans: Vec<&Plan> = stored.iter().map(|s| &*s.plan).collect();
    let choice = {
        let candidates: Vec<Candidate<'_>> = plans
            .iter()
            .zip(weighed.iter())
            .map(|(plan, w)| Candidate { plan, assessment: &w.plan.assessment })
            .collect();
        choose(&candidates, looked.now)
    };
    answering(stored, weighed, &choice);
    let down = Down::of(weighed.iter().map(|w| &w.plan.assessment));
    let (last, recheck) = (looked.last, Recheck::Done);
    let decision = sweep_decision(last, &plans, choice, down.as_ref(), recheck, looked.now);
    for (place, one) in weighed.iter_mut().enumerate() {
        let Weighed { plan, hindered } = one;
        let resumed = matches!(decision, SweepDecision::Resume(which) if which == place);
        if resumed {
            // What the last generation left was counted when that one opened.
            plan.missing.clear();
        } else {
            hindered.extend(held_back.clone());
        }
        plan.missing.append(hindered);
        if let (SweepDecision::Away(_), Some(last)) = (&decision, last) {
            plan.missing.push(nothing_opens_away(last));
        }
        let opens = matches!(decision, SweepDecision::Open(which) if which == place) || resumed;
        plan.would_open = opens && plan.missing.is_empty();
    }
}

/// Why the plans whose voters say down are not carried out, but for the chosen one.
fn answering(stored: &[StoredPlan], weighed: &mut [Weighed], choice: &Choice) {
    let chosen = match choice {
        Choice::Nothing => return,
        Choice::Plan(index) => stored.get(*index).map(|s| s.plan.plan.clone()),
        Choice::Person(_) => None,
    };
    let down = weighed.iter_mut().map(|w| &mut w.plan);
    let down = down.filter(|p| p.assessment.verdict == Verdict::Down);
    for plan in down.filter(|p| chosen.as_ref() != Some(&p.plan)) {
        plan.missing.push(match (choice, &chosen) {
            (Choice::Person(needed), _) => needed.why.clone(),
            (_, Some(other)) => format!("plan {other} answers to it and is more specific"),
            (_, None) => "no plan answers to it".to_owned(),
        });
    }
}

/// The version that the open generation was decided by, where another one is in force by now: its fence and its
/// commit rest on what its own voters say.
async fn of_the_open(
    office: &Office,
    looked: &Looked<'_>,
    in_force: &[OnePlan],
    asked: Option<&str>,
) -> Result<Option<OnePlan>, Trouble> {
    let Some(state) = looked.last.filter(|state| looks_by_its_own_plan(state)) else {
        return Ok(None);
    };
    let decision = &state.decision;
    let other = asked.is_some_and(|asked| decision.plan.as_str() != asked);
    if other || in_force.iter().any(|p| p.digest == decision.plan_digest) {
        return Ok(None);
    }
    let plan = office.desk.plan_version(&decision.plan, &decision.plan_digest).await?;
    let evidence = looked.facts.evidence(decision.direction, &plan);
    let assessment = weigh(&plan, decision.direction, evidence, looked.now);
    let stored = StoredPlan { plan, digest: decision.plan_digest.clone() };
    let mut one = OnePlan::new(&stored, assessment);
    one.decided_by_it = Some(decision.generation);
    Ok(Some(one))
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
    } else if assessment.contradicted() {
        let count = assessment.count;
        missing.push(format!(
            "of the voters outside {suspect} {} say well and {} say down: more would have to say down than well; `leeward start {} --reason …` is a person's word instead",
            count.against, count.down_outside, plan.workload
        ));
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
        if let Some(generation) = p.decided_by_it {
            lines.push(format!(
                "  version   {} is not in force; generation {generation} was decided by it",
                p.digest
            ));
        }
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
        lines.extend(p.not_ready.iter().map(|f| format!("  not ready {f}")));
        lines.extend(p.waits_for.iter().map(|w| format!("  then      waits for {w}")));
    }
    lines.extend(a.left_closed.iter().map(|closed| format!("  closed    {closed}")));
    if let (Some(generation), true) = (a.generation, a.open) {
        lines.push(format!("  open      generation {generation}: leeward status {}", a.workload));
    }
    lines
}
