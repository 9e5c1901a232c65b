//! `leeward lease move`: a workload's writer lease goes to another table, with its owner and above its epoch.

use leeward_core::ids::{Direction, Side, Text, WorkloadId};
use leeward_core::lease_home::LeasePlace;
use leeward_core::table::{Key, MOVED, NOBODY, lease_key};
use leeward_core::time::{DATE_RESOLUTION, Timestamp, after};
use leeward_core::world::{Change, ChangeError, LeaseView};
use leeward_ports::{Frozen, Made, NewLease};
use leeward_reconcile::Book;
use serde_json::json;

use crate::exit::{Answer, Exit, Trouble};
use crate::lease::{Items, in_words, items, nothing_open, planned, time_of, until};
use crate::office::Office;
use crate::provide::item;

/// The move of a lease: the old item is closed for good before the new one is made, so no two ever name an owner.
pub async fn relocate(
    office: &Office,
    of: &WorkloadId,
    to: &LeasePlace,
    why: &str,
) -> Result<Answer, Trouble> {
    let last = nothing_open(office, of).await?;
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
            as_the_journals(office, of, (place, view), last.as_ref()).await?;
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

/// An item is moved with its owner. Where the journals tell of another home, one of them is wrong, and whoever writes
/// would be cut off, or made a second writer by the next recovery.
async fn as_the_journals(
    office: &Office,
    of: &WorkloadId,
    (place, view): (&LeasePlace, &LeaseView),
    last: Option<&Book>,
) -> Result<(), Trouble> {
    let (Some(last), true) = (last, view.owner != NOBODY) else { return Ok(()) };
    let (_, plans) = planned(office, of).await?;
    let state = &last.state;
    let lives = match plans.first() {
        Some(plan) => Some(state.lives_in(&plan.regions)),
        None => state.region_of(state.lives().side),
    };
    let Some(lives) = lives.filter(|lives| *view.owner != *lives.as_str()) else { return Ok(()) };
    let (plan, since) = (&state.decision.plan, state.moved_by());
    let (way, also) = match state.lives().side {
        Side::Standby => (
            Direction::ToPrimary,
            " Where people brought it home, the next sweep that sees it there whole puts that on record, too.",
        ),
        Side::Primary => (Direction::ToStandby, ""),
    };
    Err(Trouble::refused(format!(
        "the lease's item in {place} names {} (epoch {}), and by its journals {of} lives in {lives} (as of generation {since}): one of them is wrong, and nothing was done. Look at who writes: `leeward lease show {of}`, `leeward status {of}`. Where it lives in {} now, `leeward start {of} --plan {plan} --direction {way} --reason …` finds it there and puts that on record.{also} Then say this again",
        view.owner, view.epoch, view.owner
    )))
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
    let what = format!("{}(owner {}, epoch {}) to {to}", moves_from(place), view.owner, view.epoch);
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
    let closed_at = closed_at(office, of, from).await?;
    // A generation that was opened since the item was closed may have moved the workload.
    let since = last.as_ref().map(|b| &b.state);
    let since = since.filter(|s| closed_at.is_some_and(|closed| s.decision.opened > closed));
    let owner: Text = match (since, plans.first()) {
        (Some(since), Some(plan)) if owner != NOBODY => {
            since.lives_in(&plan.regions).as_str().into()
        }
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

/// When the move of an item began, by the workload's deeds.
async fn closed_at(
    office: &Office,
    of: &WorkloadId,
    from: &LeasePlace,
) -> Result<Option<Timestamp>, Trouble> {
    let words = moves_from(from);
    let deeds = office.desk.deeds(of).await?;
    Ok(deeds.iter().filter(|deed| deed.what.starts_with(&words)).map(|deed| deed.at).max())
}

fn moves_from(place: &LeasePlace) -> String {
    format!("moves the writer lease from {place} ")
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
