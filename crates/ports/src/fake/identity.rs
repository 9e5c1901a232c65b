//! A person at the terminal.

use async_trait::async_trait;
use leeward_core::ids::Actor;

use crate::Identity;

/// A caller of that name, or (`None`) one whose credentials have run out.
#[derive(Debug, Clone)]
pub struct FakeIdentity(pub Option<Actor>);

#[async_trait]
impl Identity for FakeIdentity {
    async fn caller(&self) -> Result<Actor, String> {
        self.0.clone().ok_or_else(|| "ExpiredToken: the security token has expired".to_owned())
    }
}
