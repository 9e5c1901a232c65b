//! Stored items by partition key, then by sort key: a query reads one partition.

use std::sync::Arc;

use leeward_core::ids::Text;
use leeward_core::table::Key;

use crate::Item;

/// Items of one partition, in the order of their sort keys. A table holds few of them and is read far more
/// often than it grows, mostly at the end: sorted lists find a key in fewer compares than trees.
#[derive(Default)]
struct Partition(Vec<(Text, Arc<Item>)>);

/// What stands in a table: partitions in the order of their keys.
#[derive(Default)]
pub(super) struct Items(Vec<(Text, Partition)>);

impl Partition {
    /// Where an item of that sort key stands, or would.
    fn place(&self, sk: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(known, _)| known.as_str().cmp(sk))
    }

    /// Those whose sort key begins so: they stand side by side.
    fn beginning(&self, prefix: &str) -> &[(Text, Arc<Item>)] {
        let from = self.0.partition_point(|(sk, _)| sk.as_str() < prefix);
        let rest = self.0.get(from..).unwrap_or_default();
        let count = rest.partition_point(|(sk, _)| sk.starts_with(prefix));
        rest.get(..count).unwrap_or_default()
    }
}

impl Items {
    /// All of them, in the order of their keys.
    pub(super) fn all(&self) -> Vec<Arc<Item>> {
        self.0.iter().flat_map(|(_, items)| &items.0).map(|(_, item)| item.clone()).collect()
    }

    pub(super) fn get(&self, key: &Key) -> Option<&Arc<Item>> {
        let items = self.partition(&key.pk)?;
        items.place(&key.sk).ok().and_then(|at| items.0.get(at)).map(|(_, item)| item)
    }

    /// Those of a partition whose sort key begins so.
    pub(super) fn select(&self, pk: &str, sk_prefix: &str) -> Vec<Arc<Item>> {
        let found = self.partition(pk).map(|items| items.beginning(sk_prefix)).unwrap_or_default();
        found.iter().map(|(_, item)| item.clone()).collect()
    }

    /// Puts an item where `holds` says yes to what stands there; whether it did.
    pub(super) fn put(
        &mut self,
        item: &Arc<Item>,
        holds: impl FnOnce(Option<&Item>) -> bool,
    ) -> bool {
        let Key { pk, sk } = &item.key;
        let at = self.place(pk).unwrap_or_else(|at| {
            self.0.insert(at, (pk.clone(), Partition::default()));
            at
        });
        let (_, items) = &mut self.0[at];
        let there = items.place(sk);
        let stored = there.ok().and_then(|at| items.0.get_mut(at));
        if !holds(stored.as_ref().map(|(_, stored)| &**stored)) {
            return false;
        }
        match (stored, there) {
            (Some((_, stored)), _) => *stored = item.clone(),
            (None, Ok(at) | Err(at)) => items.0.insert(at, (sk.clone(), item.clone())),
        }
        true
    }

    pub(super) fn remove(&mut self, key: &Key) {
        let partition = self.place(&key.pk).ok().and_then(|at| self.0.get_mut(at));
        if let Some((_, items)) = partition
            && let Ok(at) = items.place(&key.sk)
        {
            items.0.remove(at);
        }
    }

    /// Where a partition stands, or would. They are few and of different lengths: most are told apart by that.
    fn place(&self, pk: &str) -> Result<usize, usize> {
        let there = self.0.iter().position(|(known, _)| known == pk);
        there.ok_or_else(|| self.0.partition_point(|(known, _)| known.as_str() < pk))
    }

    fn partition(&self, pk: &str) -> Option<&Partition> {
        self.0.iter().find(|(known, _)| known == pk).map(|(_, items)| items)
    }
}
