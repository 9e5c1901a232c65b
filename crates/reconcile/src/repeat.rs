//! A table whose calls are repeated, a bounded number of times, where a repeat cannot do harm.
//!
//! A sweep makes a dozen calls for each workload and decides nothing when one of them fails. With half of the
//! table's answers lost a sweep of single attempts would hardly ever come to its end.

use std::future::Future;
use std::sync::Arc;

use async_trait::async_trait;
use leeward_core::table::Key;
use leeward_ports::{Condition, Dated, Frozen, Item, Put, Table, TableError, TableErrorKind};

/// How often a call is sent, the first time included. More would turn a table that is away into a storm of
/// calls, and would not fit into one invocation.
const ATTEMPTS: u32 = 3;

/// The same table, asked again where it did not answer.
pub(crate) struct Repeated(pub Arc<dyn Table>);

/// Whether the next attempt may come out better. A refusal and a damaged item stay what they are.
fn passes(error: &TableError) -> bool {
    match error.kind {
        TableErrorKind::Throttled | TableErrorKind::Lost | TableErrorKind::NoDate => true,
        TableErrorKind::Refused | TableErrorKind::Malformed => false,
    }
}

/// Whether the same write may be sent twice. It is signed with the same instant, and its bytes are the same:
/// under `Newer` a repeat replaces nothing that is newer; under `Absent` what stands is either the first attempt
/// or another's, and whoever writes so tells the two apart (a journal by the nonce, evidence by its digest).
/// A throttled write was not carried out, whatever its condition.
fn repeatable(condition: Condition, error: &TableError) -> bool {
    match condition {
        Condition::Newer | Condition::Absent => passes(error),
        Condition::NumberIs(_) | Condition::Always => error.kind == TableErrorKind::Throttled,
    }
}

/// Sends until there is an answer, or an error for which another attempt is of no use.
async fn repeated<T, F: Future<Output = Result<T, TableError>>>(
    send: impl Fn() -> F,
    again: impl Fn(&TableError) -> bool,
) -> Result<T, TableError> {
    for _ in 1..ATTEMPTS {
        match send().await {
            Err(error) if again(&error) => {
                tracing::warn!(%error, "the table is asked again");
            }
            answer => return answer,
        }
    }
    send().await
}

#[async_trait]
impl Table for Repeated {
    async fn get(&self, key: &Key) -> Result<Dated<Option<Arc<Item>>>, TableError> {
        repeated(|| self.0.get(key), passes).await
    }

    async fn list(&self, pk: &str, sk_prefix: &str) -> Result<Dated<Vec<Arc<Item>>>, TableError> {
        repeated(|| self.0.list(pk, sk_prefix), passes).await
    }

    async fn put(
        &self,
        item: Arc<Item>,
        condition: Condition,
        frozen: Frozen,
    ) -> Result<Dated<Put>, TableError> {
        let again = |error: &TableError| repeatable(condition, error);
        repeated(|| self.0.put(item.clone(), condition, frozen), again).await
    }
}

#[cfg(test)]
#[path = "repeat_tests.rs"]
mod tests;
