//! The writer leases of a plan: what has to be made of them, decided from the items and the journals, and the making.

use leeward_core::error::StepError;
use leeward_core::ids::{Generation, WorkloadId};
use leeward_core::lease_home::{Found, LeasePlace, Provision, highest_epoch, provision};
use leeward_core::plan::{Plan, WriterLease};
use leeward_core::table::lease_key;
use leeward_core::world::{ChangeError, LeaseView, Question, View};
use leeward_ports::{Frozen, Made, NewLease, Provisions};

use crate::{Book, Desk};

/// Why a plan's leases are not provided.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum LeaseTrouble {
    /// A rule says no.
    #[error("{0}")]
    Refused(String),
    /// It could not be looked at, or be put on record.
    #[error(transparent)]
    Failed(#[from] StepError),
    /// An item could not be made.
    #[error("making {what}: {error}")]
    NotMade {
        /// The item.
        what: String,
        /// What came back.
        error: ChangeError,
    },
}

/// What is to be made of a plan's leases: decided before anything is stored.
pub type Leases<'a> = Vec<(&'a WriterLease, Provision)>;

/// Looks at the leases of a plan. Refused where a second item would name an owner, and where the plan promises
/// less than the holders say.
pub async fn leases<'a>(desk: &Desk, plan: &'a Plan) -> Result<Leases<'a>, LeaseTrouble> {
    let mut decided = Leases::new();
    for lease in plan.databases.iter().filter_map(|d| d.lease()) {
        let same =
            |(known, _): &(&WriterLease, Provision)| LeasePlace::of(known) == LeasePlace::of(lease);
        if !decided.iter().any(same) {
            decided.push((lease, one(desk, plan, lease).await?));
        }
    }
    Ok(decided)
}

async fn one(desk: &Desk, plan: &Plan, lease: &WriterLease) -> Result<Provision, LeaseTrouble> {
    let (workload, place) = (&plan.workload, LeasePlace::of(lease));
    let places = desk.lease_places(workload).await?;
    let here = lease_item(desk, workload, &place).await?;
    let mut elsewhere = Vec::new();
    for other in places.iter().filter(|other| **other != place) {
        if let Some(view) = lease_item(desk, workload, other).await? {
            elsewhere.push((other.clone(), view));
        }
    }
    if let Some(beyond) = here.as_ref().and_then(|view| view.terms).map(|t| t.beyond(lease.terms()))
        && !beyond.is_empty()
    {
        return Err(promises_less(plan, lease, &beyond));
    }
    let (last, _) = desk.latest(workload).await?;
    // Only an item that has to be made needs an epoch, and then every journal is asked for the highest.
    let epoch = match (&here, &last) {
        (None, Some(last)) => every_epoch(desk, last).await?,
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
            Err(LeaseTrouble::Refused(format!("plan {} is not put: {why}", plan.plan)))
        }
        decided @ (Provision::Leave | Provision::Make { .. }) => Ok(decided),
    }
}

fn promises_less(plan: &Plan, lease: &WriterLease, beyond: &[String]) -> LeaseTrouble {
    let (workload, place) = (&plan.workload, LeasePlace::of(lease));
    LeaseTrouble::Refused(format!(
        "plan {} is not put: it promises less than the writers of {workload} say in the lease's item in {place}: {} (the plan's in brackets). Terms are lowered in two steps: deploy every writer with the shorter ones; then `leeward lease lower {workload} --ttl {} --longest-statement {} --drift {} --reason …`, and put the plan again. Or name the longer ones in the plan",
        plan.plan,
        beyond.join(", "),
        lease.ttl,
        lease.longest_statement,
        lease.drift
    ))
}

/// The highest epoch that any generation's journal tells of.
pub async fn every_epoch(desk: &Desk, last: &Book) -> Result<u64, StepError> {
    let decision = &last.state.decision;
    let mut highest = highest_epoch(&last.state);
    for number in 1..decision.generation.0 {
        if let Some(book) = desk.book(&decision.workload, Generation(number)).await? {
            highest = highest.max(highest_epoch(&book.state));
        }
    }
    Ok(highest)
}

/// A workload's lease in that table; `None`: there is none.
pub async fn lease_item(
    desk: &Desk,
    workload: &WorkloadId,
    place: &LeasePlace,
) -> Result<Option<LeaseView>, StepError> {
    let question = Question::Lease {
        region: place.region.clone(),
        table: place.table.clone(),
        key: lease_key(workload).into(),
    };
    match desk.outside.look(&question).await {
        Ok(View::Lease(view)) => Ok(view),
        Ok(other) => Err(StepError::Unavailable(format!("{question} answered {other:?}"))),
        Err(blind) => Err(StepError::Unavailable(format!(
            "{blind}. The writer lease of {workload} is, or was, in {place}, and whose it is has to be seen before anything is changed: nothing was done; ask again when that table answers. Where it was deleted for good no holder can renew there: make an empty table of that name with the string key `pk` in {}, ask again, and delete it afterwards",
            place.region
        ))),
    }
}

/// Makes the item of one lease, where that was decided; gives what was done in a sentence.
pub async fn make_lease(
    desk: &Desk,
    provisions: &dyn Provisions,
    plan: &Plan,
    lease: &WriterLease,
    decided: &Provision,
    frozen: Frozen,
) -> Result<String, LeaseTrouble> {
    let (key, place) = (lease_key(&plan.workload), LeasePlace::of(lease));
    // Where it is made is known before it is: a lease that nobody finds again could be made twice.
    desk.keep_lease_place(&plan.workload, &place, frozen).await?;
    let Provision::Make { owner, epoch } = decided else {
        return Ok(format!("the writer lease {key} in {place} was there"));
    };
    let new = NewLease { owner: owner.as_str().into(), epoch: *epoch, terms: None };
    let made = provisions.lease(&place.region, &place.table, &key, &new, frozen).await.map_err(
        |error| LeaseTrouble::NotMade { what: format!("the writer lease {key} in {place}"), error },
    )?;
    tracing::info!(workload = %plan.workload, %place, %owner, epoch, ?made, "a writer lease was asked for");
    Ok(match made {
        Made::Now => {
            format!("made the writer lease {key} in {place}, owner {owner}, epoch {epoch}")
        }
        Made::Before => format!("the writer lease {key} in {place} was there"),
    })
}
