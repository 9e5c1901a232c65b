//! Plans that name other sides than before: whether they may be put, and what goes on record when they are.

use leeward_core::ids::{Region, Sides, WorkloadId};
use leeward_core::journal::{Entry, State};
use leeward_core::plan::Plan;
use leeward_core::rehoming::{Sided, exchanged, may_put, stopped};
use leeward_core::residence::{questions, seen_at_home};
use leeward_reconcile::{Appended, Book, StoredPlan, look};

use crate::exit::Trouble;
use crate::office::Office;

/// A workload whose home another Region is to be, where it was seen to live.
pub struct Rehomed {
    /// Whose.
    pub workload: WorkloadId,
    book: Book,
    entry: Entry,
}

/// Looks at every workload of plans that are to be put. Refused where a plan turns round what the journals remember.
pub async fn check(office: &Office, new: &[&Plan]) -> Result<Vec<Rehomed>, Trouble> {
    let (stored, _) = office.desk.plans().await?;
    let mut workloads: Vec<&WorkloadId> = new.iter().map(|plan| &plan.workload).collect();
    workloads.sort();
    workloads.dedup();
    let mut rehomed = Vec::new();
    for workload in workloads {
        let own: Vec<&Plan> = new.iter().copied().filter(|p| p.workload == *workload).collect();
        let in_force: Vec<&Plan> = stored
            .iter()
            .map(|s: &StoredPlan| &*s.plan)
            .filter(|p| p.workload == *workload)
            .collect();
        rehomed.extend(one(office, workload, &own, &in_force).await?);
    }
    Ok(rehomed)
}

async fn one(
    office: &Office,
    workload: &WorkloadId,
    new: &[&Plan],
    in_force: &[&Plan],
) -> Result<Option<Rehomed>, Trouble> {
    let (last, _) = office.desk.latest(workload).await?;
    let Some(old) = sides(office, last.as_ref(), in_force).await? else { return Ok(None) };
    let state = last.as_ref().map(|book| &*book.state);
    let mut home: Option<&Plan> = None;
    for plan in new {
        let refused = |why: &str| not_put(plan, why);
        let before = in_force.iter().find(|known| known.plan == plan.plan);
        let sides = plan.regions.sides();
        let unchanged = before.is_some_and(|known| known.regions.sides() == sides);
        if unchanged && sides.primary == old.primary {
            turned_names(state, before.copied(), plan).map_err(|why| refused(&why))?;
        } else if may_put(state, &old, &sides).map_err(|why| refused(&why))? == Sided::Rehomed {
            home = Some(plan);
        }
    }
    let Some(home) = home else { return Ok(None) };
    if let Some(book) = &last
        && let Some(why) = stopped(&*office.plan_of(book).await?, home)
    {
        return Err(not_put(home, &why));
    }
    let beside = in_force.iter().filter(|known| new.iter().all(|plan| plan.plan != known.plan));
    let plans: Vec<&Plan> = new.iter().chain(beside).copied().collect();
    let entry = seen_there(office, &plans, home).await?;
    Ok(last.map(|book| Rehomed { workload: workload.clone(), book, entry }))
}

fn not_put(plan: &Plan, why: &str) -> Trouble {
    Trouble::refused(format!(
        "plan {} is not put: it would have {} as primary and {} as standby of {}. {why}. Nothing is stored",
        plan.plan, plan.regions.primary, plan.regions.standby, plan.workload
    ))
}

/// The sides by which the journals speak; without one, those of the plans in force. `None`: it is the first plan.
async fn sides(
    office: &Office,
    last: Option<&Book>,
    in_force: &[&Plan],
) -> Result<Option<Sides<Region>>, Trouble> {
    let Some(book) = last else { return Ok(in_force.first().map(|plan| plan.regions.sides())) };
    match book.state.regions() {
        Some(regions) => Ok(Some(regions.clone())),
        None => Ok(Some(office.plan_of(book).await?.regions.sides())),
    }
}

/// Names of both sides that were exchanged, with the Regions left as they are, while anything is remembered of a side.
fn turned_names(state: Option<&State>, before: Option<&Plan>, plan: &Plan) -> Result<(), String> {
    let (Some(state), Some(before)) = (state, before) else { return Ok(()) };
    let names = exchanged(before, plan);
    if names.is_empty() {
        return Ok(());
    }
    let away = || {
        let by = state.moved_by();
        state.away_from_home().then(|| format!("it lives away from home since generation {by}"))
    };
    match state.settled_for(&plan.regions.sides()).err().or_else(away) {
        None => Ok(()),
        Some(why) => Err(format!(
            "It names the two sides' {} the other way round, in the same Regions, and {why}",
            names.join(", ")
        )),
    }
}

/// What goes on record: where a look can tell where the workload lives, it has to be seen in the plan's primary.
async fn seen_there(office: &Office, plans: &[&Plan], home: &Plan) -> Result<Entry, Trouble> {
    let asked = questions(plans);
    let regions = Some(home.regions.sides());
    if asked.is_empty() {
        let evidence = "by the journals: no plan names a database with one writer, so that no look shows where it lives";
        return Ok(Entry::SeenAtHome { evidence: evidence.to_owned(), regions });
    }
    let seen = look(&office.desk, asked).await;
    match seen_at_home(plans, &seen) {
        Ok(Entry::SeenAtHome { evidence, .. }) => Ok(Entry::SeenAtHome { evidence, regions }),
        Ok(other) => Err(not_put(home, &format!("A look came to {}", other.name()))),
        Err(why) => Err(not_put(
            home,
            &format!(
                "It is not seen to live in {}, with a replica in {}: {why}. When that is mended, put the plan again",
                home.regions.primary, home.regions.standby
            ),
        )),
    }
}

/// Puts on record which Regions are the workload's sides from now on. Said again it is on record already.
pub async fn record(office: &Office, rehomed: Rehomed) -> Result<String, Trouble> {
    let Rehomed { workload, mut book, entry } = rehomed;
    match office.desk.append(&mut book, entry, None).await? {
        Appended::Yes => Ok(format!(
            "the home of {workload} is changed, on record in generation {}",
            book.state.decision.generation
        )),
        Appended::Conflict => Err(Trouble::unavailable(format!(
            "the journal of {workload} changed while the plan was put; it is not in force: put it again"
        ))),
        Appended::NotAdmitted(why) => Err(Trouble::refused(format!(
            "generation {} of {workload} takes no other home: {why}. The plan is not in force; `leeward status {workload}`",
            book.state.decision.generation
        ))),
    }
}
