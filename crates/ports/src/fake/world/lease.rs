//! Writer lease items: moved by a condition on owner and epoch, renewed by their holder.
//!
//! The contract: a move is conditional on owner and epoch and adds one to the epoch; a renewal is
//! conditional on both and changes neither.

use leeward_core::ids::Text;
use leeward_core::lease_terms::LeaseTerms;
use leeward_core::planted::{self, Bug};
use leeward_core::time::Timestamp;
use leeward_core::world::{Change, LeaseView, View};

use super::change::{Answer, conflict, refused};
use super::happenings::Happened;
use super::state::{LeaseKey, State};
use crate::fake::clock::date_of;

/// One lease item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LeaseItem {
    pub(super) owner: Text,
    pub(super) epoch: u64,
    pub(super) effect: Text,
    pub(super) renewed_at: Option<Timestamp>,
    /// The largest terms that its holders wrote.
    pub(super) terms: Option<LeaseTerms>,
    /// The terms that it is being lowered to: who has larger ones cannot renew.
    pub(super) lowering: Option<LeaseTerms>,
}

impl LeaseItem {
    /// An item that nobody has renewed yet.
    pub(super) fn fresh(owner: Text, epoch: u64) -> Self {
        let (effect, renewed_at, terms, lowering) = (Text::default(), None, None, None);
        Self { owner, epoch, effect, renewed_at, terms, lowering }
    }

    /// A holder renews: its terms only ever raise those that stand there.
    pub(super) fn renewed(&mut self, at: Timestamp, own: Option<LeaseTerms>) {
        self.renewed_at = Some(at);
        self.terms = match (self.terms, own) {
            (Some(known), Some(own)) => Some(known.larger(own)),
            (known, own) => known.or(own),
        };
    }

    /// Whether a holder of these terms may renew while they are being lowered.
    pub(super) fn admits(&self, own: LeaseTerms) -> bool {
        self.lowering.is_none_or(|to| own.beyond(to).is_empty())
    }
}

impl State {
    pub(super) fn move_lease(&mut self, change: &Change) -> Answer {
        let Change::MoveLease { region, table, key, from_owner, from_epoch, to_owner, effect } =
            change
        else {
            return refused("ValidationException", "not a lease");
        };
        let name: LeaseKey = (region.clone(), table.clone(), key.clone());
        // A renewal that was sent before this instant has been carried out before it.
        self.settle_renewals(&name);
        let Some(item) = self.leases.get_mut(&name) else {
            return conflict("ConditionalCheckFailedException", "there is no such item");
        };
        let loose = planted::is(Bug::EpochUnchecked);
        if item.owner != *from_owner || (item.epoch != *from_epoch && !loose) {
            let stands = format!("{} holds it, epoch {}", item.owner, item.epoch);
            return conflict("ConditionalCheckFailedException", &stands);
        }
        item.owner.clone_from(to_owner);
        item.epoch = from_epoch + 1;
        item.effect.clone_from(effect);
        let epoch = item.epoch;
        self.record(Happened::LeaseMoved { owner: to_owner.clone(), epoch });
        self.poke_writers();
        Ok(true)
    }

    pub(super) fn see_lease(&mut self, name: &LeaseKey) -> View {
        self.settle_renewals(name);
        let answered_at = date_of(self.now);
        View::Lease(self.leases.get(name).map(|item| LeaseView {
            owner: item.owner.clone(),
            epoch: item.epoch,
            effect: item.effect.clone(),
            renewed_at: item.renewed_at,
            terms: item.terms,
            answered_at,
        }))
    }
}
