//! What a plan needs to find in the world on the day of the failure, made once when it is put.

use async_trait::async_trait;
use leeward_core::ids::Region;
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

/// Makes what is missing; never touches what is there.
#[async_trait]
pub trait Provisions: Send + Sync {
    /// The writer lease's item, with that owner at epoch 1.
    async fn lease(
        &self,
        region: &Region,
        table: &str,
        key: &str,
        owner: &str,
        frozen: Frozen,
    ) -> Result<Made, ChangeError>;

    /// A record control's fence number 0.
    async fn fence_number(
        &self,
        zone: &str,
        name: &str,
        frozen: Frozen,
    ) -> Result<Made, ChangeError>;
}
