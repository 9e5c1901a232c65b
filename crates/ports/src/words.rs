//! What people say, on its way to the function that writes it down, and how that function knows who says it.

use async_trait::async_trait;
use leeward_core::error::StepError;
use leeward_core::ids::{Actor, Digest};
use leeward_core::said::{Proof, Said, Sts, WordOutput};
use leeward_core::time::Timestamp;

/// The function that writes words down, as the command of a person reaches it.
#[async_trait]
pub trait Words: Send + Sync {
    /// Says it once, with a proof of who says it that is dated `at`.
    async fn say(&self, said: &Said, at: Timestamp) -> Result<WordOutput, StepError>;
}

/// Why it is not known who says a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unproven {
    /// The signature is not the one that it has to be, or nobody's.
    Wrong(String),
    /// STS gave no answer that can be used.
    Unknown(String),
}

/// STS, asked with the signature that came with a word.
#[async_trait]
pub trait Witness: Send + Sync {
    /// Whose signature of that digest it is.
    async fn whose(&self, sts: &Sts, proof: &Proof, digest: &Digest) -> Result<Actor, Unproven>;
}
