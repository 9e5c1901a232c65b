//! What `plan put` makes before the day of the failure.

use async_trait::async_trait;
use leeward_core::ids::{Region, Text};
use leeward_core::lease_terms::LeaseTerms;
use leeward_core::world::{ChangeError, ChangeErrorKind};

use super::change::{error, no_answer};
use super::lease::LeaseItem;
use super::outside::FakeWorld;
use super::regions::ROUTE53_HOME;
use super::zones::{FENCE_TTL, quoted};
use crate::{Frozen, Made, NewLease, Provisions};

impl FakeWorld {
    /// Changes a lease's item where the condition holds, which `change` tells.
    fn with_lease(
        &self,
        region: &Region,
        table: &str,
        key: &str,
        change: impl FnOnce(&mut LeaseItem) -> bool,
    ) -> Result<(), ChangeError> {
        let mut inner = self.settled();
        if !inner.state.region(region).answers() {
            return Err(no_answer());
        }
        let name = (region.clone(), Text::from(table), Text::from(key));
        inner.state.settle_renewals(&name);
        let held = inner.state.leases.get_mut(&name).is_some_and(change);
        inner.state.poke_writers();
        if held {
            return Ok(());
        }
        let kind = ChangeErrorKind::Conflict;
        Err(error(kind, "ConditionalCheckFailedException", "it is not as the condition asks"))
    }
}

#[async_trait]
impl Provisions for FakeWorld {
    async fn lease(
        &self,
        region: &Region,
        table: &str,
        key: &str,
        new: &NewLease,
        _: Frozen,
    ) -> Result<Made, ChangeError> {
        let mut inner = self.settled();
        if !inner.state.region(region).answers() {
            return Err(no_answer());
        }
        let name = (region.clone(), Text::from(table), Text::from(key));
        if inner.state.leases.contains_key(&name) {
            return Ok(Made::Before);
        }
        let item = LeaseItem { terms: new.terms, ..LeaseItem::fresh(new.owner.clone(), new.epoch) };
        inner.state.leases.insert(name, item);
        inner.state.poke_writers();
        Ok(Made::Now)
    }

    async fn begin_lowering(
        &self,
        region: &Region,
        table: &str,
        key: &str,
        to: LeaseTerms,
        _: Frozen,
    ) -> Result<(), ChangeError> {
        self.with_lease(region, table, key, |item| match item.lowering {
            Some(other) if other != to => false,
            _ => {
                item.lowering = Some(to);
                true
            }
        })
    }

    async fn end_lowering(
        &self,
        region: &Region,
        table: &str,
        key: &str,
        to: LeaseTerms,
        _: Frozen,
    ) -> Result<(), ChangeError> {
        self.with_lease(region, table, key, |item| {
            let lowered = item.lowering == Some(to);
            if lowered {
                (item.lowering, item.terms) = (None, Some(to));
            }
            lowered
        })
    }

    async fn fence_number(&self, zone: &str, name: &str, _: Frozen) -> Result<Made, ChangeError> {
        let mut inner = self.settled();
        if !inner.state.region(&Region::from(ROUTE53_HOME)).answers() {
            return Err(no_answer());
        }
        let Some(zone) = inner.state.zones.get_mut(zone) else {
            return Err(error(ChangeErrorKind::Refused, "NoSuchHostedZone", "no such zone"));
        };
        if zone.records.contains_key(&(name.into(), "TXT".into())) {
            return Ok(Made::Before);
        }
        zone.lay(name, "TXT", quoted(0), FENCE_TTL);
        Ok(Made::Now)
    }
}
