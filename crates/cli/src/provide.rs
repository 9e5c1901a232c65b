//! What a plan needs to find in the world on the day of the failure, made when it is put.

use std::collections::BTreeSet;

use leeward_core::contract::{ProvideMark, ProvideRequest, SCHEMA};
use leeward_core::ids::{Digest, WorkloadId};
use leeward_core::lease_home::LeasePlace;
use leeward_core::plan::{Control, Plan};
use leeward_core::steps::records::fence_name;
use leeward_core::world::{ChangeError, ChangeErrorKind, LeaseView};
use leeward_ports::{Frozen, Made};
use leeward_reconcile::{LeaseTrouble, Leases, lease_item, make_lease};

use crate::exit::{Exit, Trouble};
use crate::office::Office;

/// What is to be made of a plan's leases: decided before anything is stored. Refused where a second item would name
/// an owner, and where the plan promises less than the holders say.
pub async fn leases<'a>(office: &Office, plan: &'a Plan) -> Result<Leases<'a>, Trouble> {
    Ok(leeward_reconcile::leases(&office.desk, plan).await?)
}

impl From<LeaseTrouble> for Trouble {
    fn from(trouble: LeaseTrouble) -> Self {
        match trouble {
            LeaseTrouble::Refused(why) => Self::refused(why),
            LeaseTrouble::Failed(error) => Self::from(error),
            LeaseTrouble::NotMade { what, error } => missing(&what, &error),
        }
    }
}

/// A workload's lease in that table; `None`: there is none.
pub async fn item(
    office: &Office,
    workload: &WorkloadId,
    place: &LeasePlace,
) -> Result<Option<LeaseView>, Trouble> {
    Ok(lease_item(&office.desk, workload, place).await?)
}

/// Makes what is missing: leases that were decided, and fence numbers. Where a function makes the leases it decides
/// anew: whoever calls it may put a plan, and has no right to an item of a lease.
pub async fn provide(
    office: &Office,
    (plan, digest): (&Plan, &Digest),
    leases: &Leases<'_>,
    frozen: Frozen,
    did: &mut Vec<String>,
) -> Result<(), Trouble> {
    match &office.provisioner {
        Some(provisioner) if !leases.is_empty() => {
            let request = ProvideRequest {
                leeward: ProvideMark::Provide,
                schema: SCHEMA,
                workload: plan.workload.clone(),
                plan: plan.plan.clone(),
                digest: digest.clone(),
                operator: office
                    .identity
                    .caller()
                    .await
                    .map_or_else(|_| "unnamed".to_owned(), |who| who.to_string()),
            };
            let answer = provisioner.provide(&request).await?;
            if !answer.done {
                return Err(Trouble::refused(answer.reason));
            }
            did.extend(answer.did);
        }
        Some(_) | None => {
            let provisions = office.provisions.as_ref();
            for (lease, decided) in leases {
                let made = make_lease(&office.desk, provisions, plan, lease, decided, frozen);
                did.push(made.await?);
            }
        }
    }
    fence_numbers(office, plan, frozen, did).await
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
