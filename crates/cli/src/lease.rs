//! `leeward lease`: whose a workload's writer lease is, moving it to another table, lowering its terms.

use std::collections::BTreeSet;
use std::time::Duration;

use leeward_core::ids::{Region, Text, WorkloadId};
use leeward_core::lease_home::{LeasePlace, lives_on};
use leeward_core::lease_terms::{LeaseTerms, without_terms};
use leeward_core::plan::{Database, Plan, WriterLease};
use leeward_core::table::{Key, MOVED, NOBODY, lease_key};
use leeward_core::time::{DATE_RESOLUTION, Span, Timestamp, after, since};
use leeward_core::world::{Change, ChangeError, LeaseView};
use leeward_ports::{Frozen, Made, NewLease};
use serde_json::json;

use crate::args::LeaseCommand;
use crate::exit::{Answer, Exit, Trouble};
use crate::journal::reason;
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
type Items = Vec<(LeasePlace, LeaseView)>;

async fn items(
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

fn in_words((place, view): &(LeasePlace, LeaseView)) -> String {
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
async fn nothing_open(
    office: &Office,
    of: &WorkloadId,
) -> Result<Option<leeward_reconcile::Book>, Trouble> {
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
async fn planned(
    office: &Office,
    of: &WorkloadId,
) -> Result<(Option<LeaseTerms>, Vec<std::sync::Arc<Plan>>), Trouble> {
    let plans = office.desk.plans_of(of).await?;
    let plans: Vec<_> = plans.into_iter().map(|stored| stored.plan).collect();
    let leases = plans.iter().flat_map(|p| p.databases.iter().filter_map(Database::lease));
    Ok((leases.map(WriterLease::terms).reduce(LeaseTerms::larger), plans))
}

/// The move of a lease: the old item is closed for good before the new one is made, so no two ever name an owner.
async fn relocate(
    office: &Office,
    of: &WorkloadId,
    to: &LeasePlace,
    why: &str,
) -> Result<Answer, Trouble> {
    nothing_open(office, of).await?;
    let items = items(office, of, Some(to)).await?;
    if let Some((_, left)) = items.iter().find(|(place, view)| place == to && view.owner == MOVED) {
        return Err(Trouble::refused(format!(
            "the lease of {of} left {to} once (epoch {}), and its item there says so for good: an epoch would come again. Name another table; nothing was done",
            left.epoch
        )));
    }
    let stands = |(_, view): &&(LeasePlace, LeaseView)| view.owner != MOVED;
    let standing: Vec<&(LeasePlace, LeaseView)> = items.iter().filter(stands).collect();
    let from = match standing[..] {
        [(place, view)] if place == to => {
            return done(of, to, view, "the writer lease is there already");
        }
        [(place, view)] => {
            close(office, of, (place, view), to, why).await?;
            place.clone()
        }
        // Closed by a run that went no further: the newest of those that went there.
        [] => {
            let here = |(_, view): &&(LeasePlace, LeaseView)| {
                LeasePlace::moved_to(&view.effect).is_some_and(|(place, _)| place == *to)
            };
            let closed = items.iter().filter(here).max_by_key(|(_, view)| view.epoch);
            closed.map(|(place, _)| place.clone()).ok_or_else(|| nothing_to_move(of, &items, to))?
        }
        _ => {
            let all: Vec<String> = standing.into_iter().map(in_words).collect();
            return Err(Trouble::new(
                Exit::NeedsPerson,
                format!(
                    "more than one item stands for the lease of {of}, and one of them is wrong: {}. Look at who writes; nothing was done",
                    all.join("; ")
                ),
            ));
        }
    };
    reopen(office, of, &from, to).await
}

fn nothing_to_move(of: &WorkloadId, items: &Items, to: &LeasePlace) -> Trouble {
    let known: Vec<String> = items.iter().map(in_words).collect();
    let known = if known.is_empty() { "none".to_owned() } else { known.join("; ") };
    Trouble::refused(format!(
        "there is no writer lease of {of} that could be moved to {to}; known are: {known}. `leeward plan put` makes the first one"
    ))
}

/// Takes the lease from its owner for good: an item that says `moved` is granted to nobody any more.
async fn close(
    office: &Office,
    of: &WorkloadId,
    (place, view): (&LeasePlace, &LeaseView),
    to: &LeasePlace,
    why: &str,
) -> Result<(), Trouble> {
    time_of(view, None, of, place)?;
    let now = office.desk.table.get(&Key::switch()).await?.at;
    let what = format!(
        "moves the writer lease from {place} (owner {}, epoch {}) to {to}",
        view.owner, view.epoch
    );
    office.desk.record_deed(of, &what, why, now).await?;
    office.desk.keep_lease_place(of, place, Frozen(now)).await?;
    office.desk.keep_lease_place(of, to, Frozen(now)).await?;
    let change = Change::MoveLease {
        region: place.region.clone(),
        table: place.table.clone(),
        key: lease_key(of).into(),
        from_owner: view.owner.clone(),
        from_epoch: view.epoch,
        to_owner: MOVED.into(),
        effect: to.moved_here(&view.owner).into(),
    };
    let sent = office.desk.outside.change(&change, Frozen(now)).await;
    let seen = item(office, of, place).await?;
    let closed = seen
        .as_ref()
        .is_some_and(|v| v.owner == MOVED && v.effect == to.moved_here(&view.owner).as_str());
    if closed {
        return Ok(());
    }
    let came = sent.err().map_or_else(String::new, |error: ChangeError| format!(": {error}"));
    Err(Trouble::unavailable(format!(
        "closing the lease of {of} in {place}{came}; it stands as {}. Say it again: it goes on where it stopped",
        seen.map_or_else(|| "gone".to_owned(), |v| format!("owner {}, epoch {}", v.owner, v.epoch))
    )))
}

/// How long the last holder may still write. A lease that was never renewed has no holder.
fn time_of(
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

/// Makes the new item, once the old holders' time is over.
async fn reopen(
    office: &Office,
    of: &WorkloadId,
    from: &LeasePlace,
    to: &LeasePlace,
) -> Result<Answer, Trouble> {
    let (terms, plans) = planned(office, of).await?;
    let Some(closed) = item(office, of, from).await? else {
        return Err(Trouble::unavailable(format!("the closed lease of {of} in {from} is gone")));
    };
    let Some((_, owner)) = LeasePlace::moved_to(&closed.effect) else {
        return Err(Trouble::unavailable(format!("the lease of {of} in {from} names no move")));
    };
    let over =
        after(after(closed.answered_at, DATE_RESOLUTION), time_of(&closed, terms, of, from)?);
    until(office, over).await?;
    let last = nothing_open(office, of).await?;
    // A generation that came and went meanwhile may have moved the workload.
    let lives = plans.first().map(|p| p.regions.of(lives_on(last.as_ref().map(|b| &*b.state))));
    let owner: Text = match lives {
        Some(lives) if owner != NOBODY => lives.as_str().into(),
        _ => owner.into(),
    };
    let epoch = closed.epoch.saturating_add(1);
    let new = NewLease { owner, epoch, terms: closed.terms };
    let now = office.desk.table.get(&Key::switch()).await?.at;
    let made = office
        .provisions
        .lease(&to.region, &to.table, &lease_key(of), &new, Frozen(now))
        .await
        .map_err(|error| {
            Trouble::unavailable(format!(
                "making the lease of {of} in {to}: {error}. The old one is closed and nobody writes; say it again: it goes on where it stopped"
            ))
        })?;
    let Some(view) = item(office, of, to).await? else {
        return Err(Trouble::unavailable(format!(
            "the lease of {of} in {to} is not seen; say it again"
        )));
    };
    let said = match made {
        Made::Now => "the writer lease was moved",
        Made::Before => "the writer lease is there already",
    };
    done(of, to, &view, said)
}

fn done(of: &WorkloadId, to: &LeasePlace, view: &LeaseView, said: &str) -> Result<Answer, Trouble> {
    let lines = vec![
        format!("{said}: {}", in_words(&(to.clone(), view.clone()))),
        format!(
            "  next      put every plan of {of} with table {} in {}, at once: `leeward plan put FILE…`; then roll the writers out with it: until then nobody writes",
            to.table, to.region
        ),
    ];
    let json =
        json!({"schema": 1, "workload": of, "region": to.region, "table": to.table, "item": view});
    Answer::of(&json, lines, Exit::Well)
}

/// Lets time pass until the state table's own clock is beyond an instant.
async fn until(office: &Office, instant: Timestamp) -> Result<(), Trouble> {
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
