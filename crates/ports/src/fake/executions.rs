//! Step Functions as a starter sees it.
//!
//! | behaviour | source |
//! |---|---|
//! | same name and input while it runs: the same execution | StartExecution, standard workflows are idempotent |
//! | same name after its end, or with another input: `ExecutionAlreadyExists` | StartExecution, errors |

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use leeward_core::time::{Span, Timestamp, after};

use super::clock::{FakeClock, locked};
use super::fate::{Call, Chooser, Fate, Fates};
use super::table::CALL_TIMEOUT;
use crate::{ExecutionState, Executions, StartError};

/// ARN of the machine, as `StartError` names it.
const MACHINE: &str = "arn:aws:states:eu-west-1:123456789012:stateMachine:recovery";

/// The executions of one state machine. Clones are the same machine.
#[derive(Clone)]
pub struct FakeExecutions {
    clock: FakeClock,
    inner: Arc<Mutex<Inner>>,
    /// Whether a start may have arrived since somebody took them: asked far more often than it happens.
    stirred: Arc<AtomicBool>,
}

#[derive(Default)]
struct Inner {
    executions: BTreeMap<String, (String, ExecutionState)>,
    started: Vec<(String, String)>,
    /// Starts that are under way: when they arrive, name, input.
    late: Vec<(Timestamp, String, String)>,
    away: bool,
    chooser: Chooser,
}

impl FakeExecutions {
    /// A machine without executions.
    pub fn new(clock: FakeClock) -> Self {
        Self { clock, inner: Arc::default(), stirred: Arc::default() }
    }

    /// Names and inputs of what was started, in order.
    pub fn started(&self) -> Vec<(String, String)> {
        locked(&self.inner).started.clone()
    }

    /// Takes what was started since the last time.
    pub fn take_started(&self) -> Vec<(String, String)> {
        if !self.stirred.load(Relaxed) {
            return Vec::new();
        }
        let mut inner = locked(&self.inner);
        inner.arrive(self.clock.now());
        self.stirred.store(!inner.late.is_empty(), Relaxed);
        std::mem::take(&mut inner.started)
    }

    /// Ends an execution, however.
    pub fn end(&self, name: &str) {
        if let Some(execution) = locked(&self.inner).executions.get_mut(name) {
            execution.1 = ExecutionState::Ended;
        }
    }

    /// Runs an ended execution on: the same name, the same input.
    pub fn redrive(&self, name: &str) {
        if let Some(execution) = locked(&self.inner).executions.get_mut(name) {
            execution.1 = ExecutionState::Running;
        }
    }

    /// Takes the service away, or brings it back.
    pub fn set_away(&self, away: bool) {
        locked(&self.inner).away = away;
    }

    /// The next call that matches meets that fate.
    pub fn fail_next(&self, matches: impl Fn(&Call<'_>) -> bool + Send + 'static, fate: Fate) {
        locked(&self.inner).chooser.next(matches, fate);
    }

    /// From now on these choose what becomes of each call.
    pub fn set_fates(&self, fates: Box<dyn Fates>) {
        locked(&self.inner).chooser = Chooser::Other(fates);
    }

    fn error(tried: String, message: &str) -> StartError {
        StartError { tried, machine: MACHINE.to_owned(), message: message.to_owned() }
    }

    /// What goes wrong before anything happens.
    async fn meet(&self, call: Call<'_>, tried: &str) -> Result<Met, StartError> {
        self.clock.turn().await;
        let (away, fate) = {
            let mut inner = locked(&self.inner);
            (inner.away, inner.chooser.fate(&call))
        };
        let fail = |message: &str| Err(Self::error(tried.to_owned(), message));
        if away {
            self.clock.sleep(CALL_TIMEOUT).await;
            return fail("no answer: Step Functions is away");
        }
        match fate {
            Fate::Well | Fate::Stale | Fate::Conflicted => Ok(Met::Well),
            Fate::Slow(span) => {
                self.clock.sleep(span).await;
                Ok(Met::Well)
            }
            Fate::LostAfter | Fate::NoDate => Ok(Met::Unanswered),
            Fate::Late(by) => Ok(Met::Late(by)),
            Fate::Throttled => fail("ThrottlingException"),
            Fate::Refused(code) => fail(&code),
            Fate::LostBefore | Fate::Kept => {
                self.clock.sleep(CALL_TIMEOUT).await;
                fail("no answer in time")
            }
        }
    }
}

/// What becomes of a call that is not refused.
enum Met {
    Well,
    /// It is carried out; the answer is lost.
    Unanswered,
    /// No answer now; it is carried out that much later.
    Late(Span),
}

impl Inner {
    /// Starts, or finds the same one running; `false`: the name is taken.
    fn start(&mut self, name: &str, input: &str) -> bool {
        if let Some((known, state)) = self.executions.get(name) {
            return known == input && *state == ExecutionState::Running;
        }
        self.executions.insert(name.to_owned(), (input.to_owned(), ExecutionState::Running));
        self.started.push((name.to_owned(), input.to_owned()));
        true
    }

    /// Carries out what has arrived by now.
    fn arrive(&mut self, now: Timestamp) {
        if self.late.is_empty() {
            return;
        }
        let (arrived, under_way) =
            std::mem::take(&mut self.late).into_iter().partition(|l| l.0 <= now);
        self.late = under_way;
        for (_, name, input) in arrived {
            self.start(&name, &input);
        }
    }
}

#[async_trait]
impl Executions for FakeExecutions {
    async fn start(&self, name: &str, input: &str) -> Result<(), StartError> {
        let tried = format!("StartExecution {name}");
        let met = self.meet(Call::Start(name), &tried).await?;
        if let Met::Late(by) = met {
            let late = (after(self.clock.now(), by), name.to_owned(), input.to_owned());
            locked(&self.inner).late.push(late);
            self.stirred.store(true, Relaxed);
            self.clock.sleep(CALL_TIMEOUT).await;
            return Err(Self::error(tried, "no answer in time"));
        }
        let started = locked(&self.inner).start(name, input);
        self.stirred.store(true, Relaxed);
        self.clock.turn().await;
        if matches!(met, Met::Unanswered) {
            Err(Self::error(tried, "no answer in time"))
        } else if started {
            Ok(())
        } else {
            Err(Self::error(tried, "ExecutionAlreadyExists: the name has been used"))
        }
    }

    async fn state(&self, name: &str) -> Result<ExecutionState, StartError> {
        let tried = format!("DescribeExecution {name}");
        if !matches!(self.meet(Call::State(name), &tried).await?, Met::Well) {
            return Err(Self::error(tried, "no answer in time"));
        }
        let short = name.rsplit(':').next().unwrap_or(name);
        let state = locked(&self.inner).executions.get(short).map(|(_, state)| *state);
        self.clock.turn().await;
        Ok(state.unwrap_or(ExecutionState::Unknown))
    }
}
