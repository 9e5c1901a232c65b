//! `leeward plan retire`: a plan is taken out of force for good, on record.

use leeward_core::ids::{PlanId, WorkloadId};
use leeward_core::table::Key;
use leeward_ports::{Condition, Frozen, Item, Put};
use leeward_reconcile::{Retired, StoredPlan};
use serde_json::json;

use crate::exit::{Answer, Exit, Trouble};
use crate::journal;
use crate::office::{Office, workload};

/// Retires a plan, or says that a workload whose plans are gone shall have none.
pub async fn retire(
    office: &Office,
    plan: Option<&str>,
    of: Option<&str>,
    reason: &str,
) -> Result<Answer, Trouble> {
    journal::reason(reason)?;
    match (plan, of) {
        (Some(plan), _) => retire_plan(office, &PlanId::new(plan), reason).await,
        (None, Some(of)) => without_plans(office, &workload(of)?, reason).await,
        (None, None) => Err(Trouble::invalid("name a plan, or --workload")),
    }
}

async fn retire_plan(office: &Office, id: &PlanId, reason: &str) -> Result<Answer, Trouble> {
    let desk = &office.desk;
    let (plans, _) = desk.plans().await?;
    let Some(stored) = plans.iter().find(|s| s.plan.plan == *id) else {
        return Err(Trouble::invalid(format!(
            "no plan {id} is in force; `leeward plan show` lists those that are"
        )));
    };
    let of = &stored.plan.workload;
    let (last, _) = desk.latest(of).await?;
    let open = last.filter(|b| b.state.end.is_none() && b.state.decision.plan == *id);
    if let Some(book) = open {
        return Err(Trouble::refused(format!(
            "generation {} of {of} is open and goes by plan {id}: nothing is retired. `leeward status {of}`",
            book.state.decision.generation
        )));
    }
    let at = put_tombstone(office, stored, reason).await?;
    let left: Vec<&StoredPlan> =
        plans.iter().filter(|s| s.plan.workload == *of && s.plan.plan != *id).collect();
    if left.is_empty() {
        let known = desk.workloads().await?;
        let known = known.iter().find(|k| k.workload == *of);
        desk.register_workload(of, known, true, at).await?;
    }
    desk.record_deed(of, &format!("retires plan {id}"), reason, at.0).await?;
    let mut lines = vec![format!("plan {id} of workload {of} is retired")];
    lines.push(if left.is_empty() {
        format!(
            "{of} has no plan any more: nobody watches it. Its journals stay (`leeward audit {of}`), and so does its writer lease: writers that hold it go on (`leeward lease show {of}`)"
        )
    } else {
        let names: Vec<&str> = left.iter().map(|s| s.plan.plan.as_str()).collect();
        format!("{of} is watched by {}", names.join(", "))
    });
    let json = json!({"schema": 1, "plan": id, "workload": of, "left": left.len()});
    Answer::of(&json, lines, Exit::Well)
}

/// The pointer first: it decides between two who change the plan at once. Then the list, so that nothing is in force
/// any more, then what leads to it.
async fn put_tombstone(
    office: &Office,
    stored: &StoredPlan,
    reason: &str,
) -> Result<Frozen, Trouble> {
    let (desk, plan) = (&office.desk, &stored.plan);
    let key = Key::plan_current(&plan.plan);
    let current = desk.table.get(&key).await?;
    let frozen = Frozen(current.at);
    let retired = Retired {
        workload: plan.workload.clone(),
        by: desk.actor.to_string(),
        reason: reason.to_owned(),
        at: current.at,
    };
    let (condition, n) = match &current.value {
        None => (Condition::Absent, 1),
        Some(item) => (Condition::NumberIs(item.n), item.n.saturating_add(1)),
    };
    let item = |key: Key| Item { key, body: retired.body(), n, nonce: String::new() };
    if desk.table.put(item(key).into(), condition, frozen).await?.value == Put::Conflict {
        return Err(changed(&plan.plan));
    }
    let listed = item(Key::plan_listed(&plan.plan));
    if desk.table.put(listed.into(), Condition::Newer, frozen).await?.value == Put::Conflict {
        return Err(changed(&plan.plan));
    }
    desk.unindex(plan, n, frozen).await?;
    Ok(frozen)
}

fn changed(id: &PlanId) -> Trouble {
    Trouble::refused(format!(
        "plan {id} was put by another at the same moment; `leeward plan show {id}` shows it, say it again if it shall be retired"
    ))
}

async fn without_plans(office: &Office, of: &WorkloadId, reason: &str) -> Result<Answer, Trouble> {
    let desk = &office.desk;
    let plans = desk.plans_of(of).await?;
    if let Some(stored) = plans.first() {
        return Err(Trouble::refused(format!(
            "{of} has plan {} in force: `leeward plan retire {} --reason …`",
            stored.plan.plan, stored.plan.plan
        )));
    }
    let at = Frozen(desk.table.get(&Key::switch()).await?.at);
    let known = desk.workloads().await?;
    let known = known.iter().find(|k| k.workload == *of);
    desk.register_workload(of, known, true, at).await?;
    desk.record_deed(of, "says that it shall have no plan", reason, at.0).await?;
    let line = format!("{of} shall have no plan: nobody is told of it any more");
    Answer::of(&json!({"schema": 1, "workload": of}), vec![line], Exit::Well)
}
