//! DynamoDB as the table needs it: conditions, strong reads, a `Date`, late requests.
//!
//! | behaviour | source |
//! |---|---|
//! | a condition is judged where the write lands, atomically with it | DynamoDB, condition expressions |
//! | a request signed more than 15 minutes away from its landing is refused | SigV4, `RequestExpired` |
//! | a write whose answer is lost may have happened, or happen later | any network |
//! | a write that meets one of the same item in another Region is refused, to be tried again | DynamoDB, global tables with multi-Region strong consistency, `ReplicatedWriteConflictException` |
//! | `Date` has whole seconds | RFC 9110 |

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use leeward_core::planted::{self, Bug};
use leeward_core::table::{JOURNAL, Key};
use leeward_core::time::{Span, Timestamp, after, since};

use super::clock::{FakeClock, locked};
use super::fate::{Call, Chooser, Fate, Fates};
use super::store::{Request, Store, Write};
use crate::{Aside, Condition, Dated, Frozen, Item, Put, Table, TableError, TableErrorKind};

/// A table in memory. Clones are the same table.
#[derive(Clone)]
pub struct FakeTable {
    clock: FakeClock,
    inner: Arc<Mutex<Store>>,
    /// How many entries stand in journals: asked far more often than one is written.
    entries: Arc<AtomicUsize>,
}

impl FakeTable {
    /// An empty table.
    pub fn new(clock: FakeClock) -> Self {
        let inner = Store::default();
        let entries = inner.entries.clone();
        Self { clock, inner: Arc::new(Mutex::new(inner)), entries }
    }

    /// The next call that matches meets that fate.
    pub fn fail_next(&self, matches: impl Fn(&Call<'_>) -> bool + Send + 'static, fate: Fate) {
        locked(&self.inner).chooser.next(matches, fate);
    }

    /// From now on these choose what becomes of each call.
    pub fn set_fates(&self, fates: Box<dyn Fates>) {
        locked(&self.inner).chooser = Chooser::Other(fates);
    }

    /// Takes the table away (no answers at all), or brings it back.
    pub fn set_away(&self, away: bool) {
        locked(&self.inner).away = away;
    }

    /// Sets how old a signature may be where its request lands.
    pub fn set_request_life(&self, life: Span) {
        locked(&self.inner).life = Some(life);
    }

    /// Lets every kept request arrive, in the order sent.
    pub fn land_kept(&self) {
        let now = self.clock.now();
        let mut inner = locked(&self.inner);
        for request in std::mem::take(&mut inner.kept) {
            inner.land(now, &request);
        }
    }

    /// Lets everything arrive that is due by now. Calls do so by themselves.
    pub fn settle(&self) {
        let now = self.clock.now();
        locked(&self.inner).settle(now);
    }

    /// The first instant at which a late request arrives.
    pub fn next_due(&self) -> Option<Timestamp> {
        locked(&self.inner).late.keys().next().map(|(at, _)| *at)
    }

    /// All items, as they stand.
    pub fn items(&self) -> Vec<Arc<Item>> {
        locked(&self.inner).items.all()
    }

    /// One item, as it stands, past every fault.
    pub fn item(&self, key: &Key) -> Option<Item> {
        locked(&self.inner).items.get(key).map(|item| (**item).clone())
    }

    /// Whether there is such an item, past every fault.
    pub fn holds(&self, key: &Key) -> bool {
        locked(&self.inner).items.get(key).is_some()
    }

    /// The items of a partition whose sort key begins so, past every fault.
    pub fn stored(&self, pk: &str, sk_prefix: &str) -> Vec<Arc<Item>> {
        locked(&self.inner).items.select(pk, sk_prefix)
    }

    /// Puts an item past every condition and fault: the hand of a test, or of a person in the console.
    pub fn put_by_hand(&self, item: impl Into<Arc<Item>>) {
        locked(&self.inner).items.put(&item.into(), |_| true);
    }

    /// Takes an item away past every condition: the same hand.
    pub fn take_by_hand(&self, key: &Key) {
        locked(&self.inner).items.remove(key);
    }

    /// Every write that landed, in order.
    pub fn writes(&self) -> Vec<Write> {
        locked(&self.inner).writes.clone()
    }

    /// Bodies of the journal entries that were written, in order, without the first so many.
    pub fn journaled(&self, without: usize) -> Vec<String> {
        let inner = locked(&self.inner);
        let places = inner.journaled.iter().skip(without);
        places.map(|place| inner.writes[*place].item.body.clone()).collect()
    }

    /// How many entries were written to journals.
    pub fn entries(&self) -> usize {
        self.entries.load(Relaxed)
    }

    /// How many reads were answered.
    pub fn reads(&self) -> u64 {
        locked(&self.inner).reads
    }

    fn error(kind: TableErrorKind, tried: String, message: &str) -> TableError {
        TableError {
            kind,
            tried,
            table: "fake (eu-west-1)".to_owned(),
            message: message.to_owned(),
        }
    }

    /// A read by its fate, in one go where nothing befalls it.
    async fn read<T: Send>(
        &self,
        call: Call<'_>,
        tried: &(dyn Fn() -> String + Sync),
        answer: &(dyn Fn(&mut Store, Timestamp) -> T + Sync),
    ) -> Result<Dated<T>, TableError> {
        self.clock.turn().await;
        let met = {
            let mut inner = locked(&self.inner);
            match inner.meet(&call) {
                Some(Fate::Well | Fate::Stale | Fate::Conflicted) => {
                    Ok(inner.answered(self.clock.now(), answer))
                }
                fate => Err(fate),
            }
        };
        let answer = match met {
            Ok(answer) => answer,
            Err(fate) => {
                self.befallen(fate, tried).await?;
                locked(&self.inner).answered(self.clock.now(), answer)
            }
        };
        self.clock.turn().await;
        Ok(answer)
    }

    /// What becomes of a read that does not simply go well; `None`: the table is away.
    async fn befallen(
        &self,
        fate: Option<Fate>,
        tried: &(dyn Fn() -> String + Sync),
    ) -> Result<(), TableError> {
        match fate {
            None => {
                self.clock.sleep(CALL_TIMEOUT).await;
                Err(Self::error(TableErrorKind::Lost, tried(), "no answer: the table is away"))
            }
            Some(Fate::Well | Fate::Stale | Fate::Conflicted) => Ok(()),
            Some(Fate::Slow(span)) => {
                self.clock.sleep(span).await;
                Ok(())
            }
            Some(Fate::Throttled) => Err(Self::error(
                TableErrorKind::Throttled,
                tried(),
                "ProvisionedThroughputExceededException",
            )),
            Some(Fate::Refused(code)) => Err(Self::error(TableErrorKind::Refused, tried(), &code)),
            Some(Fate::NoDate) => {
                Err(Self::error(TableErrorKind::NoDate, tried(), "the answer carries no Date"))
            }
            Some(Fate::LostBefore | Fate::LostAfter | Fate::Late(_) | Fate::Kept) => {
                self.clock.sleep(CALL_TIMEOUT).await;
                Err(Self::error(TableErrorKind::Lost, tried(), "no answer in time"))
            }
        }
    }

    /// Carries a write out and answers it.
    fn land(
        &self,
        request: &Request,
        tried: &(dyn Fn() -> String + Sync),
    ) -> Result<Dated<Put>, TableError> {
        let put = locked(&self.inner).receive(self.clock.now(), request);
        let words = "the signature is not within the life of a request: RequestExpired";
        let refused = || Self::error(TableErrorKind::Refused, tried(), words);
        put.value.map(|value| Dated { at: put.at, value }).ok_or_else(refused)
    }
}

/// What a call that gets no answer costs its sender: the SDK's operation time-out as Leeward sets it.
pub(super) const CALL_TIMEOUT: Span = Span::seconds(2);

#[async_trait]
impl Table for FakeTable {
    async fn get(&self, key: &Key) -> Result<Dated<Option<Arc<Item>>>, TableError> {
        let tried = || format!("GetItem {}/{}", key.pk, key.sk);
        self.read(Call::Get(key), &tried, &|inner, _| inner.items.get(key).cloned()).await
    }

    async fn list(&self, pk: &str, sk_prefix: &str) -> Result<Dated<Vec<Arc<Item>>>, TableError> {
        let tried = || format!("Query {pk}/{sk_prefix}*");
        let answer = |inner: &mut Store, now| {
            let mut value = inner.items.select(pk, sk_prefix);
            // What an eventually consistent read may show: the youngest entry is not there yet.
            let young = inner.writes.last().filter(|w| since(w.at, now) < Span::seconds(1));
            if planted::is(Bug::WeakRead) && sk_prefix == JOURNAL && value.len() > 2 {
                value.retain(|item| young.is_none_or(|w| w.item.key != item.key));
            }
            value
        };
        self.read(Call::List(pk, sk_prefix), &tried, &answer).await
    }

    async fn put(
        &self,
        item: Arc<Item>,
        condition: Condition,
        frozen: Frozen,
    ) -> Result<Dated<Put>, TableError> {
        self.clock.turn().await;
        let request = Request { item: item.clone(), condition, frozen };
        let tried = || format!("PutItem {}/{}", item.key.pk, item.key.sk);
        let fate = locked(&self.inner).meet(&Call::Put(&item, condition));
        let lost = || Self::error(TableErrorKind::Lost, tried(), "no answer in time");
        let Some(fate) = fate else {
            self.clock.sleep(CALL_TIMEOUT).await;
            return Err(lost());
        };
        let answer = match fate {
            Fate::Well | Fate::Stale => self.land(&request, &tried),
            Fate::Slow(span) => {
                self.clock.sleep(span).await;
                self.land(&request, &tried)
            }
            Fate::Throttled => Err(Self::error(
                TableErrorKind::Throttled,
                tried(),
                "ProvisionedThroughputExceededException",
            )),
            Fate::Conflicted => Err(Self::error(
                TableErrorKind::Throttled,
                tried(),
                "ReplicatedWriteConflictException",
            )),
            Fate::Refused(code) => Err(Self::error(TableErrorKind::Refused, tried(), &code)),
            Fate::NoDate => self.land(&request, &tried).and_then(|_| {
                Err(Self::error(TableErrorKind::NoDate, tried(), "the answer carries no Date"))
            }),
            Fate::LostAfter => self.land(&request, &tried).and_then(|_| Err(lost())),
            Fate::LostBefore | Fate::Late(_) | Fate::Kept => {
                self.keep(fate, request);
                self.clock.sleep(CALL_TIMEOUT).await;
                Err(lost())
            }
        };
        self.clock.turn().await;
        answer
    }
}

#[async_trait]
impl Aside for FakeTable {
    async fn set_aside(&self, key: &Key, to: &Key, _: Frozen) -> Result<Dated<Put>, TableError> {
        let tried = || format!("DeleteItem {}/{}", key.pk, key.sk);
        self.read(Call::Get(key), &tried, &|inner, _| {
            let copy = inner.items.get(to).map(|copy| copy.body.clone());
            match (inner.items.get(key).cloned(), copy) {
                (None, copy) => copy.map_or(Put::Conflict, |_| Put::Done),
                (Some(item), Some(copy)) if copy != item.body => Put::Conflict,
                (Some(item), _) => {
                    let copy = Item { key: to.clone(), ..(*item).clone() };
                    inner.items.put(&copy.into(), |_| true);
                    inner.items.remove(key);
                    Put::Done
                }
            }
        })
        .await
    }
}

impl FakeTable {
    /// Puts a request away that arrives later, or never.
    fn keep(&self, fate: Fate, request: Request) {
        let mut inner = locked(&self.inner);
        if let Fate::Late(by) = fate {
            inner.sequence += 1;
            let due = (after(self.clock.now(), by), inner.sequence);
            inner.late.insert(due, request);
        } else if fate == Fate::Kept {
            inner.kept.push(request);
        }
    }
}
