//! The world around: looks and changes in the core's words.

use async_trait::async_trait;
use leeward_core::world::{Blind, Change, ChangeError, Question, Receipt, View};

use crate::Frozen;

/// Everything that a step may look at or change. A function wires only what its steps use; a
/// question or change that is not wired is answered as blind or refused, never silently passed.
#[async_trait]
pub trait Outside: Send + Sync {
    /// Looks at one thing, bounded in time. May be asked again freely.
    async fn look(&self, question: &Question) -> Result<View, Blind>;

    /// Changes one thing: sent once, signed with `frozen`.
    async fn change(&self, change: &Change, frozen: Frozen) -> Result<Receipt, ChangeError>;
}
