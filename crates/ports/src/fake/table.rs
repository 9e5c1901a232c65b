//! DynamoDB as the table needs it: conditions, strong reads, a `Date`, late requests.
//!
//! | behaviour | source |
//! |---|---|
//! | a condition is judged where the write lands, atomically with it | DynamoDB, condition expressions |
//! | a request signed more than 15 minutes away from its landing is refused | SigV4, `RequestExpired` |
//! | a write whose answer is lost may have happened, or happen later | any network |
//! | a write that meets one of the same item in another Region is refused, to be tried again | DynamoDB, global tables with multi-Region strong consistency, `ReplicatedWriteConflictException` |
//! | `Date` has whole seconds | RFC 9110 |

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use leeward_core::planted::{self, Bug};
use leeward_core::table::{JOURNAL, Key};
use leeward_core::time::{Span, Timestamp, after, since};

use super::clock::{FakeClock, date_of, locked};
use super::fate::{Call, Chooser, Fate, Fates};
use super::items::Items;
use crate::{Condition, Dated, Frozen, Item, Put, Table, TableError, TableErrorKind};

/// How long a signed request lives, as AWS has it.
pub const REQUEST_LIFE: Span = Span::minutes(15);

/// One write as it met the table.
#[derive(Debug, Clone, PartialEq)]
pub struct Write {
    /// When it landed.
    pub at: Timestamp,
    /// What it would write.
    pub item: Arc<Item>,
    /// Under which condition.
    pub condition: Condition,
    /// How it came out; `None`: refused for its age.
    pub put: Option<Put>,
}

/// A table in memory. Clones are the same table.
#[derive(Clone)]
pub struct FakeTable {
    clock: FakeClock,
    inner: Arc<Mutex<Inner>>,
    /// How many entries stand in journals: asked far more often than one is written.
    entries: Arc<AtomicUsize>,
}

#[derive(Default)]
struct Inner {
    items: Items,
    late: BTreeMap<(Timestamp, u64), Request>,
    kept: Vec<Request>,
    writes: Vec<Write>,
    /// Places in `writes` of the entries that stand in journals.
    journaled: Vec<usize>,
    entries: Arc<AtomicUsize>,
    reads: u64,
    sequence: u64,
    away: bool,
    life: Option<Span>,
    chooser: Chooser,
}

#[derive(Clone)]
struct Request {
    item: Arc<Item>,
    condition: Condition,
    frozen: Frozen,
}

impl FakeTable {
    /// An empty table.
    pub fn new(clock: FakeClock) -> Self {
        let inner = Inner::default();
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

    /// Before a read: what goes wrong, if anything.
    async fn before_read(
        &self,
        call: Call<'_>,
        tried: &(dyn Fn() -> String + Sync),
    ) -> Result<(), TableError> {
        self.clock.turn().await;
        let (away, fate) = {
            let mut inner = locked(&self.inner);
            (inner.away, inner.chooser.fate(&call))
        };
        if away {
            self.clock.sleep(CALL_TIMEOUT).await;
            return Err(Self::error(TableErrorKind::Lost, tried(), "no answer: the table is away"));
        }
        match fate {
            Fate::Well | Fate::Stale | Fate::Conflicted => Ok(()),
            Fate::Slow(span) => {
                self.clock.sleep(span).await;
                Ok(())
            }
            Fate::Throttled => Err(Self::error(
                TableErrorKind::Throttled,
                tried(),
                "ProvisionedThroughputExceededException",
            )),
            Fate::Refused(code) => Err(Self::error(TableErrorKind::Refused, tried(), &code)),
            Fate::NoDate => {
                Err(Self::error(TableErrorKind::NoDate, tried(), "the answer carries no Date"))
            }
            Fate::LostBefore | Fate::LostAfter | Fate::Late(_) | Fate::Kept => {
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
        let now = self.clock.now();
        let mut inner = locked(&self.inner);
        inner.settle(now);
        match inner.land(now, request) {
            Some(value) => Ok(Dated { at: date_of(now), value }),
            None => Err(Self::error(
                TableErrorKind::Refused,
                tried(),
                "the signature is not within the life of a request: RequestExpired",
            )),
        }
    }
}

/// What a call that gets no answer costs its sender: the SDK's operation time-out as Leeward sets it.
pub(super) const CALL_TIMEOUT: Span = Span::seconds(2);

impl Inner {
    fn settle(&mut self, now: Timestamp) {
        while let Some(entry) = self.late.first_entry() {
            let at = entry.key().0;
            if at > now {
                return;
            }
            let request = entry.remove();
            self.land(at, &request);
        }
    }

    /// Judges and carries out a write where it lands; `None`: its signature is out of its life.
    fn land(&mut self, at: Timestamp, request: &Request) -> Option<Put> {
        let Request { item, condition, frozen } = request;
        let life = self.life.unwrap_or(REQUEST_LIFE);
        let put = if out_of_life(*frozen, at, life) {
            None
        } else {
            let holds = |stored: Option<&Item>| match condition {
                Condition::Absent => stored.is_none(),
                Condition::NumberIs(n) => stored.is_some_and(|s| s.n == *n),
                Condition::Newer => stored.is_none_or(|s| s.n < item.n),
                Condition::Always => true,
            };
            Some(if self.items.put(item, holds) { Put::Done } else { Put::Conflict })
        };
        if put == Some(Put::Done) && item.key.sk.starts_with(JOURNAL) {
            self.journaled.push(self.writes.len());
            self.entries.store(self.journaled.len(), Relaxed);
        }
        self.writes.push(Write { at, item: item.clone(), condition: *condition, put: put.clone() });
        put
    }
}

/// Whether a request signed then is refused where it lands.
pub(super) fn out_of_life(frozen: Frozen, landing: Timestamp, life: Span) -> bool {
    if planted::is(Bug::LateAccepted) {
        return false;
    }
    since(frozen.0, landing) > life || since(landing, frozen.0) > life
}

#[async_trait]
impl Table for FakeTable {
    async fn get(&self, key: &Key) -> Result<Dated<Option<Arc<Item>>>, TableError> {
        let tried = || format!("GetItem {}/{}", key.pk, key.sk);
        self.before_read(Call::Get(key), &tried).await?;
        let answer = {
            let now = self.clock.now();
            let mut inner = locked(&self.inner);
            inner.settle(now);
            inner.reads += 1;
            Dated { at: date_of(now), value: inner.items.get(key).cloned() }
        };
        self.clock.turn().await;
        Ok(answer)
    }

    async fn list(&self, pk: &str, sk_prefix: &str) -> Result<Dated<Vec<Arc<Item>>>, TableError> {
        let tried = || format!("Query {pk}/{sk_prefix}*");
        self.before_read(Call::List(pk, sk_prefix), &tried).await?;
        let answer = {
            let now = self.clock.now();
            let mut inner = locked(&self.inner);
            inner.settle(now);
            inner.reads += 1;
            let mut value = inner.items.select(pk, sk_prefix);
            // What an eventually consistent read may show: the youngest entry is not there yet.
            let young = inner.writes.last().filter(|w| since(w.at, now) < Span::seconds(1));
            if planted::is(Bug::WeakRead) && sk_prefix == JOURNAL && value.len() > 2 {
                value.retain(|item| young.is_none_or(|w| w.item.key != item.key));
            }
            Dated { at: date_of(now), value }
        };
        self.clock.turn().await;
        Ok(answer)
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
        let (away, fate) = {
            let mut inner = locked(&self.inner);
            (inner.away, inner.chooser.fate(&Call::Put(&item, condition)))
        };
        let lost = || Self::error(TableErrorKind::Lost, tried(), "no answer in time");
        if away {
            self.clock.sleep(CALL_TIMEOUT).await;
            return Err(lost());
        }
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
