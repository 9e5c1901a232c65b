//! The state table: strong reads that tell the time, conditional writes of one item.

use std::sync::Arc;

use async_trait::async_trait;
use leeward_core::table::Key;
use leeward_core::time::Timestamp;

/// A value and the `Date` of the answer that brought it: the only clock there is.
#[derive(Debug, Clone, PartialEq)]
pub struct Dated<T> {
    /// `Date` header of the answer.
    pub at: Timestamp,
    /// What it brought.
    pub value: T,
}

/// The instant that a request is signed with: the `Date` of the strong read that it rests on.
/// AWS refuses a request whose signature is older than 15 minutes, so a late one cannot land.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Frozen(pub Timestamp);

/// One item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its key.
    pub key: Key,
    /// JSON text, attribute `body`; digests are over exactly these bytes.
    pub body: String,
    /// The number that conditions speak of, attribute `n`.
    pub n: u64,
    /// The writer's mark, attribute `nonce`.
    pub nonce: String,
}

/// What must hold for a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// There is no such item: `attribute_not_exists(pk)`.
    Absent,
    /// The stored `n` is exactly this.
    NumberIs(u64),
    /// There is no such item, or its `n` is less than the new one's.
    Newer,
    /// Nothing.
    Always,
}

/// How a conditional write came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Put {
    /// Written.
    Done,
    /// The condition did not hold. (After a lost answer the item may be one's own: the nonce tells.)
    Conflict,
}

/// Why the table gave no usable answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{tried} on table {table}: {message}")]
pub struct TableError {
    /// What kind.
    pub kind: TableErrorKind,
    /// The operation and key.
    pub tried: String,
    /// Name and Region of the table.
    pub table: String,
    /// What came back.
    pub message: String,
}

/// What kind of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableErrorKind {
    /// Later may work; nothing was written.
    Throttled,
    /// No answer: a write may have happened.
    Lost,
    /// Credentials, permission, signature time, or no such table: nothing was written.
    Refused,
    /// The answer carries no usable `Date`, so nothing may rest on it.
    NoDate,
    /// The stored item is not what it should be.
    Malformed,
}

/// The state table. Every read is strongly consistent.
#[async_trait]
pub trait Table: Send + Sync {
    /// One item.
    async fn get(&self, key: &Key) -> Result<Dated<Option<Arc<Item>>>, TableError>;

    /// All items of a partition whose sort key begins so, in order of the sort key, all pages.
    async fn list(&self, pk: &str, sk_prefix: &str) -> Result<Dated<Vec<Arc<Item>>>, TableError>;

    /// Writes one item once, signed with `frozen`, never re-sent by the client.
    async fn put(
        &self,
        item: Arc<Item>,
        condition: Condition,
        frozen: Frozen,
    ) -> Result<Dated<Put>, TableError>;
}

/// The one way in which anything leaves its key in the state table: by a person's hand. No function can do it.
#[async_trait]
pub trait Aside: Send + Sync {
    /// Moves an item to another key with everything that it holds, also one that is no item of ours: a person puts
    /// aside what was damaged. The copy is written before the original is taken away, and only as it was copied: said
    /// again it goes on. Conflict: the original changed meanwhile, or another item has that key.
    async fn set_aside(
        &self,
        key: &Key,
        to: &Key,
        frozen: Frozen,
    ) -> Result<Dated<Put>, TableError>;
}
