//! What a plan needs to find in the world on the day of the failure, made once when it is put.

use async_trait::async_trait;
use leeward_core::contract::{ProvideOutput, ProvideRequest};
use leeward_core::error::StepError;
use leeward_core::ids::{Region, Text};
use leeward_core::lease_terms::LeaseTerms;
use leeward_core::world::ChangeError;

use crate::Frozen;

/// How a provision came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Made {
    /// It was not there, and is now.
    Now,
    /// It was there already and is left as it is.
    Before,
}

/// A writer lease's item that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLease {
    /// Whose it is.
    pub owner: Text,
    /// Above every epoch that the workload's lease ever had.
    pub epoch: u64,
    /// The terms that its holders wrote elsewhere; `None`: none yet.
    pub terms: Option<LeaseTerms>,
}

/// The function that makes a plan's writer leases: nobody else writes their items but those who hold them.
#[async_trait]
pub trait Provisioner: Send + Sync {
    /// Has it made, once.
    async fn provide(&self, request: &ProvideRequest) -> Result<ProvideOutput, StepError>;
}

/// Makes what is missing; never touches what is there.
#[async_trait]
pub trait Provisions: Send + Sync {
    /// The writer lease's item, where none is.
    async fn lease(
        &self,
        region: &Region,
        table: &str,
        key: &str,
        new: &NewLease,
        frozen: Frozen,
    ) -> Result<Made, ChangeError>;

    /// From now on no holder of longer terms renews the lease. Conflict: it is being lowered to others.
    async fn begin_lowering(
        &self,
        region: &Region,
        table: &str,
        key: &str,
        to: LeaseTerms,
        frozen: Frozen,
    ) -> Result<(), ChangeError>;

    /// The item bears those terms, which it is being lowered to: when every holder of longer ones has stopped.
    async fn end_lowering(
        &self,
        region: &Region,
        table: &str,
        key: &str,
        to: LeaseTerms,
        frozen: Frozen,
    ) -> Result<(), ChangeError>;

    /// A record control's fence number 0.
    async fn fence_number(
        &self,
        zone: &str,
        name: &str,
        frozen: Frozen,
    ) -> Result<Made, ChangeError>;
}
