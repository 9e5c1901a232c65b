//! Random marks.

use leeward_core::ids::Nonce;

/// Draws marks that no one else draws. Simulations draw them from their seed.
pub trait Nonces: Send + Sync {
    /// A fresh mark.
    fn draw(&self) -> Nonce;
}
