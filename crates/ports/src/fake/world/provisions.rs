//! What `plan put` makes before the day of the failure.

use async_trait::async_trait;
use leeward_core::ids::{Region, Text};
use leeward_core::world::{ChangeError, ChangeErrorKind};

use super::change::{error, no_answer};
use super::lease::LeaseItem;
use super::outside::FakeWorld;
use super::regions::ROUTE53_HOME;
use super::zones::{FENCE_TTL, quoted};
use crate::{Frozen, Made, Provisions};

#[async_trait]
impl Provisions for FakeWorld {
    async fn lease(
        &self,
        region: &Region,
        table: &str,
        key: &str,
        owner: &str,
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
        let item = LeaseItem::fresh(owner.into(), 1);
        inner.state.leases.insert(name, item);
        inner.state.poke_writers();
        Ok(Made::Now)
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
