//! A messenger that keeps what it was given, and can be down.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use leeward_core::time::Timestamp;

use super::clock::{FakeClock, locked};
use super::fate::{Call, Chooser, Fate, Fates};
use super::table::CALL_TIMEOUT;
use crate::{Message, PublishError, Publisher};

/// One message as it reached its receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// When.
    pub at: Timestamp,
    /// Topic ARN or webhook URL.
    pub receiver: String,
    /// What it says.
    pub message: Message,
}

/// A messenger. Clones are the same one.
#[derive(Clone)]
pub struct FakePublisher {
    clock: FakeClock,
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    delivered: Vec<Delivered>,
    down: BTreeSet<String>,
    all_down: bool,
    chooser: Chooser,
}

impl FakePublisher {
    /// One that delivers at once.
    pub fn new(clock: FakeClock) -> Self {
        Self { clock, inner: Arc::new(Mutex::new(Inner::default())) }
    }

    /// What was delivered, in order; repeats are there as often as they were sent.
    pub fn delivered(&self) -> Vec<Delivered> {
        locked(&self.inner).delivered.clone()
    }

    /// Takes every receiver down, or brings all back.
    pub fn set_down(&self, down: bool) {
        let mut inner = locked(&self.inner);
        inner.all_down = down;
        if !down {
            inner.down.clear();
        }
    }

    /// Takes one receiver down.
    pub fn set_receiver_down(&self, receiver: &str) {
        locked(&self.inner).down.insert(receiver.to_owned());
    }

    /// The next call that matches meets that fate.
    pub fn fail_next(&self, matches: impl Fn(&Call<'_>) -> bool + Send + 'static, fate: Fate) {
        locked(&self.inner).chooser.next(matches, fate);
    }

    /// From now on these choose what becomes of each call.
    pub fn set_fates(&self, fates: Box<dyn Fates>) {
        locked(&self.inner).chooser = Chooser::Other(fates);
    }

    fn deliver(&self, receiver: &str, message: &Message) {
        let at = self.clock.now();
        locked(&self.inner).delivered.push(Delivered {
            at,
            receiver: receiver.to_owned(),
            message: message.clone(),
        });
    }

    async fn send(&self, receiver: &str, message: &Message) -> Result<(), PublishError> {
        self.clock.turn().await;
        let (down, fate) = {
            let mut inner = locked(&self.inner);
            let down = inner.all_down || inner.down.contains(receiver);
            (down, inner.chooser.fate(&Call::Publish(receiver)))
        };
        let failed = |message: &str| Err(PublishError::new(receiver, message));
        let answer = match fate {
            _ if down => failed("no answer: the receiver is down"),
            Fate::Well | Fate::Stale | Fate::Conflicted => {
                self.deliver(receiver, message);
                Ok(())
            }
            Fate::Slow(span) => {
                self.clock.sleep(span).await;
                self.deliver(receiver, message);
                Ok(())
            }
            Fate::Throttled => failed("Throttled"),
            Fate::Refused(code) => failed(&code),
            Fate::LostAfter | Fate::NoDate => {
                self.deliver(receiver, message);
                failed("no answer in time")
            }
            Fate::LostBefore | Fate::Late(_) | Fate::Kept => {
                self.clock.sleep(CALL_TIMEOUT).await;
                failed("no answer in time")
            }
        };
        self.clock.turn().await;
        answer
    }
}

#[async_trait]
impl Publisher for FakePublisher {
    async fn topic(&self, arn: &str, message: &Message) -> Result<(), PublishError> {
        self.send(arn, message).await
    }

    async fn webhook(&self, url: &str, message: &Message) -> Result<(), PublishError> {
        self.send(url, message).await
    }
}
