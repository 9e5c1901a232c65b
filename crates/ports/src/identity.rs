//! Who calls.

use async_trait::async_trait;
use leeward_core::ids::Actor;

/// Knows the person at the terminal by their STS caller ARN.
#[async_trait]
pub trait Identity: Send + Sync {
    /// The caller's ARN, or what came back instead.
    async fn caller(&self) -> Result<Actor, String>;
}
