//! What a plan needs to find, made where it is missing.

use async_trait::async_trait;
use leeward_core::ids::Region;
use leeward_core::lease_terms::LeaseTerms;
use leeward_core::world::{ChangeError, ChangeErrorKind, Receipt};
use leeward_ports::{Frozen, Made, NewLease, Provisions};

use crate::{Clients, Lowering, create_lease, lower_lease};

/// Makes items with the rights of whoever runs this.
#[derive(Debug, Clone)]
pub struct AwsProvisions(Clients);

impl AwsProvisions {
    /// Calls nobody.
    pub fn new(clients: &Clients) -> Self {
        Self(clients.clone())
    }
}

fn made(answer: Result<Receipt, ChangeError>) -> Result<Made, ChangeError> {
    match answer {
        Ok(_) => Ok(Made::Now),
        Err(error) if error.kind == ChangeErrorKind::Conflict => Ok(Made::Before),
        Err(error) => Err(error),
    }
}

#[async_trait]
impl Provisions for AwsProvisions {
    async fn lease(
        &self,
        region: &Region,
        table: &str,
        key: &str,
        new: &NewLease,
        frozen: Frozen,
    ) -> Result<Made, ChangeError> {
        made(create_lease(&self.0, region, table, key, new, frozen).await)
    }

    async fn begin_lowering(
        &self,
        region: &Region,
        table: &str,
        key: &str,
        to: LeaseTerms,
        frozen: Frozen,
    ) -> Result<(), ChangeError> {
        let at = (region, table, key);
        lower_lease(&self.0, at, to, Lowering::Begin, frozen).await.map(drop)
    }

    async fn end_lowering(
        &self,
        region: &Region,
        table: &str,
        key: &str,
        to: LeaseTerms,
        frozen: Frozen,
    ) -> Result<(), ChangeError> {
        let at = (region, table, key);
        lower_lease(&self.0, at, to, Lowering::End, frozen).await.map(drop)
    }

    #[cfg(feature = "route53")]
    async fn fence_number(
        &self,
        zone: &str,
        name: &str,
        frozen: Frozen,
    ) -> Result<Made, ChangeError> {
        made(crate::create_fence_number(&self.0, zone, name, frozen).await)
    }

    #[cfg(not(feature = "route53"))]
    async fn fence_number(&self, _: &str, name: &str, _: Frozen) -> Result<Made, ChangeError> {
        Err(ChangeError {
            kind: ChangeErrorKind::Refused,
            code: "NotWired".into(),
            message: format!("{name}: this function makes no fence numbers").into(),
        })
    }
}
