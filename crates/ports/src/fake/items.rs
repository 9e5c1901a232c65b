//! Stored items by partition key, then by sort key: a query reads one partition.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use leeward_core::ids::Text;
use leeward_core::table::Key;

use crate::Item;

type Partition = BTreeMap<Text, Arc<Item>>;

/// What stands in a table.
#[derive(Default)]
pub(super) struct Items(BTreeMap<Text, Partition>);

impl Items {
    /// All of them, in the order of their keys.
    pub(super) fn all(&self) -> Vec<Arc<Item>> {
        self.0.values().flat_map(Partition::values).cloned().collect()
    }

    pub(super) fn get(&self, key: &Key) -> Option<&Arc<Item>> {
        self.0.get(&key.pk)?.get(&key.sk)
    }

    /// Those of a partition whose sort key begins so.
    pub(super) fn select(&self, pk: &str, sk_prefix: &str) -> Vec<Arc<Item>> {
        let Some(partition) = self.0.get(pk) else { return Vec::new() };
        partition
            .range::<str, _>((Bound::Included(sk_prefix), Bound::Unbounded))
            .take_while(|(sk, _)| sk.starts_with(sk_prefix))
            .map(|(_, item)| item.clone())
            .collect()
    }

    pub(super) fn insert(&mut self, item: Arc<Item>) {
        // Most writes replace what stands there: its key is not copied.
        let stands = self.0.get_mut(&item.key.pk).and_then(|items| items.get_mut(&item.key.sk));
        if let Some(stands) = stands {
            *stands = item;
        } else {
            let key = item.key.clone();
            self.0.entry(key.pk).or_default().insert(key.sk, item);
        }
    }

    pub(super) fn remove(&mut self, key: &Key) {
        if let Some(partition) = self.0.get_mut(&key.pk) {
            partition.remove(&key.sk);
        }
    }
}
