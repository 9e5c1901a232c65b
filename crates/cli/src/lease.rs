//! `leeward lease`: whose a workload's writer lease is, lowering its terms, and what moving it needs, too.

use std::collections::BTreeSet;
use std::time::Duration;

use leeward_core::ids::{Region, WorkloadId};
use leeward_core::lease_home::LeasePlace;
use leeward_core::lease_terms::{LeaseTerms, without_terms};
use leeward_core::plan::{Database, Plan, WriterLease};
use leeward_core::table::{Key, MOVED, lease_key};
use leeward_core::time::{DATE_RESOLUTION, Span, Timestamp, after, since};
use leeward_core::world::{ChangeError, LeaseView};
use leeward_ports::Frozen;
use leeward_reconcile::Book;
use serde_json::json;

use crate::args::LeaseCommand;
use crate::exit::{Answer, Exit, Trouble};
use crate::journal::reason;
use crate::lease_move::relocate;
use crate::office::{Office, workload};
use crate::provide::item;

/// Most that is slept at once while a holder's time runs out.
const NAP: Span = Span::seconds(5);

/// Carries out one of the commands.
pub async fn command(office: &Office, command: &LeaseCommand) -> Result<Answer, Trouble> {
    match command {
        LeaseCommand::Show { workload: of } => show(office, &workload(of)?).await,
        LeaseCommand::Move { workload: of, table, region, reason: why } => {
            reason(why)?;
            let to = LeasePlace { region: Region::new(region.as_str()), table: table.into() };
            relocate(office, &workload(of)?, &to, why).await
        }
        LeaseCommand::Lower { workload: of, ttl, longest_statement, drift, reason: why } => {
            reason(why)?;
            let (longest_statement, drift) = (*longest_statement, *drift);
            let to = LeaseTerms { ttl: *ttl, longest_statement, drift };
            lower(office, &workload(of)?, to, why).await
        }
    }
}

/// Every item of a workload's lease that is known.
pub type Items = Vec<(LeasePlace, LeaseView)>;

pub async fn items(
    office: &Office,
    of: &WorkloadId,
    also: Option<&LeasePlace>,
) -> Result<Items, Trouble> {
    let mut places: BTreeSet<LeasePlace> = office.desk.lease_places(of).await?;
    places.extend(also.cloned());
    let mut items = Items::new();
    for place in places {
        if let Some(view) = item(office, of, &place).await? {
            items.push((place, view));
        }
    }
    Ok(items)
}

pub fn in_words((place, view): &(LeasePlace, LeaseView)) -> String {
    let terms = view.terms.map_or_else(
        || "its holders' terms are not written".to_owned(),
        |t| format!("ttl {}, longest statement {}, drift {}", t.ttl, t.longest_statement, t.drift),
    );
    let renewed = view.renewed_at.map_or("never".to_owned(), |at| at.to_string());
    format!("{place}: owner {}, epoch {}, last renewal {renewed}; {terms}", view.owner, view.epoch)
}

async fn show(office: &Office, of: &WorkloadId) -> Result<Answer, Trouble> {
    let items = items(office, of, None).await?;
    let mut lines: Vec<String> = items.iter().map(in_words).collect();
    if lines.is_empty() {
        lines.push(format!("{of} has no writer lease in any table that is known"));
    }
    let deeds = office.desk.deeds(of).await?;
    lines.extend(deeds.iter().map(|d| format!("  {}  {} by {}: {}", d.at, d.what, d.by, d.reason)));
    let listed: Vec<_> = items
        .iter()
        .map(|(place, view)| json!({"region": place.region, "table": place.table, "item": view}))
        .collect();
    let json = json!({"schema": 1, "workload": of, "items": listed, "deeds": deeds});
    Answer::of(&json, lines, Exit::Well)
}

/// Nothing of a lease is touched by hand while a recovery may touch it.
pub async fn nothing_open(office: &Office, of: &WorkloadId) -> Result<Option<Book>, Trouble> {
    let (last, _) = office.desk.latest(of).await?;
    match last {
        Some(book) if book.state.end.is_none() => Err(Trouble::refused(format!(
            "generation {} of {of} is open, and its recovery may move the lease: nothing was done. `leeward status {of}`; when it has ended, say this again",
            book.state.decision.generation
        ))),
        last => Ok(last),
    }
}

/// What the plans of the workload say of their lease.
pub async fn planned(
    office: &Office,
    of: &WorkloadId,
) -> Result<(Option<LeaseTerms>, Vec<std::sync::Arc<Plan>>), Trouble> {
    let plans = office.desk.plans_of(of).await?;
    let plans: Vec<_> = plans.into_iter().map(|stored| stored.plan).collect();
    let leases = plans.iter().flat_map(|p| p.databases.iter().filter_map(Database::lease));
    Ok((leases.map(WriterLease::terms).reduce(LeaseTerms::larger), plans))
}

/// How long the last holder may still write. A lease that was never renewed has no holder.
pub fn time_of(
    view: &LeaseView,
    planned: Option<LeaseTerms>,
    of: &WorkloadId,
    place: &LeasePlace,
) -> Result<Span, Trouble> {
    match (view.terms, view.renewed_at) {
        (Some(terms), _) => Ok(planned.map_or(terms, |p| p.larger(terms)).expiry()),
        (None, None) => Ok(Span::default()),
        (None, Some(_)) => Err(Trouble::refused(format!(
            "{}. Let every writer of {of} write them, then move it; nothing was done",
            without_terms(format!("the lease in {place}"))
        ))),
    }
}

/// Lets time pass until the state table's own clock is beyond an instant.
pub async fn until(office: &Office, instant: Timestamp) -> Result<(), Trouble> {
    loop {
        let now = office.desk.table.get(&Key::switch()).await?.at;
        if now > instant {
            return Ok(());
        }
        let left = since(now, instant).plus(DATE_RESOLUTION).min(NAP);
        office.rest.rest(Duration::from_millis(left.as_millis())).await;
    }
}

/// The second step of lowering: nobody with longer terms may hold the lease, and when their time is over the item says
/// the shorter ones.
async fn lower(
    office: &Office,
    of: &WorkloadId,
    to: LeaseTerms,
    why: &str,
) -> Result<Answer, Trouble> {
    nothing_open(office, of).await?;
    let all = items(office, of, None).await?;
    let standing: Vec<_> = all.iter().filter(|(_, view)| view.owner != MOVED).collect();
    let [(place, view)] = standing[..] else {
        return Err(Trouble::refused(format!(
            "{of} has {} standing writer leases; `leeward lease show {of}`",
            standing.len()
        )));
    };
    if view.terms.is_none() {
        return Err(Trouble::refused(format!(
            "{}: there is nothing to lower",
            without_terms(format!("the lease of {of} in {place}"))
        )));
    }
    let now = office.desk.table.get(&Key::switch()).await?.at;
    let what = format!(
        "lowers the lease's terms to ttl {}, longest statement {}, drift {}",
        to.ttl, to.longest_statement, to.drift
    );
    office.desk.record_deed(of, &what, why, now).await?;
    let key = lease_key(of);
    let failed = |error: ChangeError| {
        Trouble::unavailable(format!(
            "lowering the terms of {of} in {place}: {error}. Nothing is less safe than before; say it again"
        ))
    };
    let provisions = &office.provisions;
    provisions
        .begin_lowering(&place.region, &place.table, &key, to, Frozen(now))
        .await
        .map_err(failed)?;
    let (terms, _) = planned(office, of).await?;
    let Some(barred) = item(office, of, place).await? else {
        return Err(Trouble::unavailable(format!("the lease of {of} in {place} is gone")));
    };
    let over =
        after(after(barred.answered_at, DATE_RESOLUTION), time_of(&barred, terms, of, place)?);
    until(office, over).await?;
    let now = office.desk.table.get(&Key::switch()).await?.at;
    provisions
        .end_lowering(&place.region, &place.table, &key, to, Frozen(now))
        .await
        .map_err(failed)?;
    let Some(view) = item(office, of, place).await? else {
        return Err(Trouble::unavailable(format!("the lease of {of} in {place} is gone")));
    };
    let line = format!("the terms are lowered: {}", in_words(&(place.clone(), view.clone())));
    let json = json!({"schema": 1, "workload": of, "item": view});
    Answer::of(&json, vec![line], Exit::Well)
}
