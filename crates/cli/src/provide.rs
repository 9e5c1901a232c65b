//! What a plan needs to find in the world on the day of the failure, made when it is put.

use std::collections::BTreeSet;

use leeward_core::ids::{Generation, WorkloadId};
use leeward_core::lease_home::{Found, LeasePlace, Provision, highest_epoch, provision};
use leeward_core::plan::{Control, Plan, WriterLease};
use leeward_core::steps::records::fence_name;
use leeward_core::table::lease_key;
use leeward_core::world::{ChangeError, ChangeErrorKind, LeaseView, Question, View};
use leeward_ports::{Frozen, Made, NewLease};
use leeward_reconcile::Book;

use crate::exit::{Exit, Trouble};
use crate::office::Office;

/// What is to be made of a plan's leases: decided before anything is stored.
pub type Leases<'a> = Vec<(&'a WriterLease, Provision)>;

/// Looks at the leases of a plan. Refused where a second item would name an owner, and where the plan promises
/// less than the holders say.
pub async fn leases<'a>(office: &Office, plan: &'a Plan) -> Result<Leases<'a>, Trouble> {
    let mut decided = Leases::new();
    for lease in plan.databases.iter().filter_map(|d| d.lease()) {
        let same =
            |(known, _): &(&WriterLease, Provision)| LeasePlace::of(known) == LeasePlace::of(lease);
        if !decided.iter().any(same) {
            decided.push((lease, one(office, plan, lease).await?));
        }
    }
    Ok(decided)
}

async fn one(office: &Office, plan: &Plan, lease: &WriterLease) -> Result<Provision, Trouble> {
    let (workload, place) = (&plan.workload, LeasePlace::of(lease));
    let places = office.desk.lease_places(workload).await?;
    let here = item(office, workload, &place).await?;
    let mut elsewhere = Vec::new();
    for other in places.iter().filter(|other| **other != place) {
        if let Some(view) = item(office, workload, other).await? {
            elsewhere.push((other.clone(), view));
        }
    }
    if let Some(beyond) = here.as_ref().and_then(|view| view.terms).map(|t| t.beyond(lease.terms()))
        && !beyond.is_empty()
    {
        return Err(promises_less(plan, lease, &beyond));
    }
    let (last, _) = office.desk.latest(workload).await?;
    // Only an item that has to be made needs an epoch, and then every journal is asked for the highest.
    let epoch = match (&here, &last) {
        (None, Some(last)) => every_epoch(office, last).await?,
        _ => 0,
    };
    let found = Found {
        here: here.as_ref(),
        known_here: places.contains(&place),
        elsewhere: &elsewhere,
        last: last.as_ref().map(|book| &*book.state),
        epoch,
    };
    match provision(plan, lease, &found) {
        Provision::Refuse(why) => {
            Err(Trouble::refused(format!("plan {} is not put: {why}", plan.plan)))
        }
        decided @ (Provision::Leave | Provision::Make { .. }) => Ok(decided),
    }
}

fn promises_less(plan: &Plan, lease: &WriterLease, beyond: &[String]) -> Trouble {
    let (workload, place) = (&plan.workload, LeasePlace::of(lease));
    Trouble::refused(format!(
        "plan {} is not put: it promises less than the writers of {workload} say in the lease's item in {place}: {} (the plan's in brackets). Terms are lowered in two steps: deploy every writer with the shorter ones; then `leeward lease lower {workload} --ttl {} --longest-statement {} --drift {} --reason …`, and put the plan again. Or name the longer ones in the plan",
        plan.plan,
        beyond.join(", "),
        lease.ttl,
        lease.longest_statement,
        lease.drift
    ))
}

/// The highest epoch that any generation's journal tells of.
pub async fn every_epoch(office: &Office, last: &Book) -> Result<u64, Trouble> {
    let decision = &last.state.decision;
    let mut highest = highest_epoch(&last.state);
    for number in 1..decision.generation.0 {
        if let Some(book) = office.desk.book(&decision.workload, Generation(number)).await? {
            highest = highest.max(highest_epoch(&book.state));
        }
    }
    Ok(highest)
}

/// A workload's lease in that table; `None`: there is none.
pub async fn item(
    office: &Office,
    workload: &WorkloadId,
    place: &LeasePlace,
) -> Result<Option<LeaseView>, Trouble> {
    let question = Question::Lease {
        region: place.region.clone(),
        table: place.table.clone(),
        key: lease_key(workload).into(),
    };
    match office.desk.outside.look(&question).await {
        Ok(View::Lease(view)) => Ok(view),
        Ok(other) => Err(Trouble::unavailable(format!("{question} answered {other:?}"))),
        Err(blind) => Err(Trouble::unavailable(format!(
            "{blind}. The writer lease of {workload} is, or was, in {place}, and whose it is has to be seen before anything is changed: nothing was done; ask again when that table answers"
        ))),
    }
}

/// Makes what is missing: leases that were decided, and fence numbers.
pub async fn provide(
    office: &Office,
    plan: &Plan,
    leases: &Leases<'_>,
    frozen: Frozen,
    did: &mut Vec<String>,
) -> Result<(), Trouble> {
    for (lease, decided) in leases {
        did.push(writer_lease(office, plan, lease, decided, frozen).await?);
    }
    fence_numbers(office, plan, frozen, did).await
}

async fn writer_lease(
    office: &Office,
    plan: &Plan,
    lease: &WriterLease,
    decided: &Provision,
    frozen: Frozen,
) -> Result<String, Trouble> {
    let (key, place) = (lease_key(&plan.workload), LeasePlace::of(lease));
    // Where it is made is known before it is: a lease that nobody finds again could be made twice.
    office.desk.keep_lease_place(&plan.workload, &place, frozen).await?;
    let Provision::Make { owner, epoch } = decided else {
        return Ok(format!("the writer lease {key} in {place} was there"));
    };
    let new = NewLease { owner: owner.as_str().into(), epoch: *epoch, terms: None };
    let made = office
        .provisions
        .lease(&place.region, &place.table, &key, &new, frozen)
        .await
        .map_err(|e| missing(&format!("the writer lease {key} in {place}"), &e))?;
    Ok(match made {
        Made::Now => {
            format!("made the writer lease {key} in {place}, owner {owner}, epoch {epoch}")
        }
        Made::Before => format!("the writer lease {key} in {place} was there"),
    })
}

async fn fence_numbers(
    office: &Office,
    plan: &Plan,
    frozen: Frozen,
    did: &mut Vec<String>,
) -> Result<(), Trouble> {
    for control in &plan.traffic.controls {
        let Control::Record(control) = control else { continue };
        let zones: BTreeSet<(&str, &str)> = control
            .records
            .iter()
            .map(|pair| (pair.zone.as_str(), pair.zone_name.trim_end_matches('.')))
            .collect();
        for (zone, zone_name) in zones {
            let name = fence_name(plan.workload.as_str(), control.id.as_str(), zone_name);
            let made = office
                .provisions
                .fence_number(zone, &name, frozen)
                .await
                .map_err(|e| missing(&format!("the fence number {name} in zone {zone}"), &e))?;
            did.push(match made {
                Made::Now => format!("made the fence number {name}, 0"),
                Made::Before => format!("the fence number {name} was there"),
            });
        }
    }
    Ok(())
}

fn missing(what: &str, error: &ChangeError) -> Trouble {
    let exit = match error.kind {
        ChangeErrorKind::Refused | ChangeErrorKind::Conflict | ChangeErrorKind::NotInState => {
            Exit::NotAsAsked
        }
        ChangeErrorKind::Throttled | ChangeErrorKind::Lost => Exit::Unavailable,
    };
    Trouble::new(
        exit,
        format!(
            "making {what}: {error}. The plan is stored but not in force; put it again when that is mended"
        ),
    )
}
