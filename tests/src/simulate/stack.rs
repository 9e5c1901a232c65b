//! The whole stack of one run, and what its parts share: choices, weather, the tally, the mailbox.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use leeward_asl::Call as TaskCall;
use leeward_core::plan::{Database, WriterLease};
use leeward_core::time::{Span, Timestamp};
use leeward_detector::Detector;
use leeward_ports::fake::{
    Call, FakeClock, FakeExecutions, FakePublisher, FakeTable, FakeWorld, Fate, Fates,
};

use super::choices::Choices;
use super::faults::{Fault, Port};
use super::host::Reply;
use super::mended::REFUSED;
use super::mix::{Mix, habits};
use super::refusals::Refused;
use super::setup::Prepared;
use super::sites::{Caller, Cell, Tally, operation};
use crate::check::Deceived;
use crate::functions;

/// What the parts of a run share.
#[derive(Clone)]
pub(super) struct Shared(Arc<Both>);

struct Both {
    common: Mutex<Common>,
    /// Whether an execution may have asked for an invocation: looked at far more often than it happens.
    posted: AtomicBool,
}

/// What is shared.
pub(super) struct Common {
    pub(super) choices: Choices,
    pub(super) mix: Mix,
    /// Nothing goes wrong any more.
    pub(super) calm: bool,
    /// No execution waits shorter between two looks where nothing stirs.
    pub(super) wait: Span,
    /// When a journal was last seen to have grown.
    pub(super) stirred: Timestamp,
    /// Who is being polled.
    pub(super) caller: Caller,
    /// What was counted so far.
    pub(super) tally: Tally,
    /// Faults that come the first time that their call sites do.
    pub(super) aims: Vec<Cell>,
    /// What services refuse until somebody mends the cause.
    pub(super) refused: Vec<Refused>,
    /// What becomes of half of the state table's calls.
    pub(super) ill: Option<Fault>,
    /// Invocations that an execution asked for: execution, call, where the answer goes.
    asked: Vec<(u64, TaskCall, Reply)>,
}

impl Shared {
    pub(super) fn new(choices: Choices) -> Self {
        let common = Mutex::new(Common {
            choices,
            mix: Mix::default(),
            calm: false,
            wait: Span::default(),
            stirred: Timestamp::UNIX_EPOCH,
            caller: Caller::Sweep,
            tally: Tally::default(),
            aims: Vec::new(),
            refused: Vec::new(),
            ill: None,
            asked: Vec::new(),
        });
        Self(Arc::new(Both { common, posted: AtomicBool::new(false) }))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Common> {
        self.0.common.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for an invocation: by which execution, what, where the answer goes.
    pub(super) fn post(&self, asked: (u64, TaskCall, Reply)) {
        self.lock().asked.push(asked);
        self.0.posted.store(true, Relaxed);
    }

    /// Takes what was asked for since the last time.
    pub(super) fn take_posted(&self) -> Vec<(u64, TaskCall, Reply)> {
        if self.0.posted.load(Relaxed) {
            self.0.posted.store(false, Relaxed);
            std::mem::take(&mut self.lock().asked)
        } else {
            Vec::new()
        }
    }

    /// A service refuses an action from now on, or takes it again.
    pub(super) fn refuse(&self, refused: Refused, begins: bool) {
        let mut common = self.lock();
        common.refused.retain(|known| *known != refused);
        if begins {
            common.refused.push(refused);
        }
    }

    /// A decision.
    pub(super) fn choose<T>(&self, decide: impl FnOnce(&mut Choices) -> T) -> T {
        decide(&mut self.lock().choices)
    }

    /// Counts something that happened.
    pub(super) fn count(&self, name: &'static str) {
        self.lock().tally.event(name);
    }
}

/// What becomes of each call, by the run's mix.
struct Weather(Shared);

impl Fates for Weather {
    fn fate(&mut self, call: &Call<'_>) -> Fate {
        let mut common = self.0.lock();
        let common = &mut *common;
        let port = Port::of(call);
        let drawn = if common.calm { None } else { common.mix.befall(port, &mut common.choices) };
        let here = (common.caller, operation(call));
        let aimed = common.aims.iter().position(|(site, _)| *site == here);
        let fault = aimed
            .map(|place| common.aims.remove(place).1)
            .map(|fault| (fault, fault.spans().first().copied().unwrap_or_default()))
            .or(drawn)
            .or_else(|| common.illness(port));
        common.tally.call(here, port);
        if let Some((fault, _)) = fault {
            common.tally.fault(here, fault);
        }
        if let Some(fate) = common.refused.iter().find_map(|r| r.fate(here.1)) {
            common.tally.event(REFUSED);
            return fate;
        }
        fault.map_or(Fate::Well, |(fault, span)| fault.fate(span))
    }
}

impl Common {
    /// What befalls every second call of a table that is ill.
    fn illness(&mut self, port: Port) -> Option<(Fault, Span)> {
        let fault = self
            .ill
            .filter(|fault| matches!(port, Port::Read | Port::Write) && fault.befalls(port))?;
        self.choices.chance(500).then_some((fault, Span::default()))
    }
}

/// Everything that runs in one run.
pub(super) struct Stack {
    pub(super) clock: FakeClock,
    pub(super) table: FakeTable,
    pub(super) world: FakeWorld,
    pub(super) executions: FakeExecutions,
    pub(super) publisher: FakePublisher,
    pub(super) detector: Arc<Detector>,
    pub(super) prepared: Prepared,
    pub(super) shared: Shared,
    /// Every version of the plan that was put, the first first.
    pub(super) versions: Vec<Prepared>,
    /// Voters that were made to say what is not so.
    pub(super) deceived: RefCell<Vec<Deceived>>,
}

impl Stack {
    /// The version of the plan that is in force.
    pub(super) fn current(&self) -> &Prepared {
        self.versions.last().unwrap_or(&self.prepared)
    }

    /// A good day, with habits of its own.
    pub(super) fn new(prepared: &Prepared, shared: Shared) -> Self {
        let clock = FakeClock::default();
        clock.drive(true);
        let table = FakeTable::new(clock.clone());
        for item in prepared.items.iter() {
            table.put_by_hand(item.clone());
        }
        let terms =
            prepared.plan.databases.iter().find_map(Database::lease).map(WriterLease::terms);
        let habits = shared.choose(|c| habits(c, terms));
        let world = FakeWorld::with_habits(&prepared.plan, clock.clone(), habits);
        world.keep_looks(false);
        let executions = FakeExecutions::new(clock.clone());
        let publisher = FakePublisher::new(clock.clone());
        table.set_fates(Box::new(Weather(shared.clone())));
        world.set_fates(Box::new(Weather(shared.clone())));
        executions.set_fates(Box::new(Weather(shared.clone())));
        publisher.set_fates(Box::new(Weather(shared.clone())));
        let mut detector = functions::detector(&table, &world, &executions, &publisher);
        detector.desk.shelf = prepared.shelf.with_plans_alone();
        let detector = Arc::new(detector);
        let prepared = prepared.clone();
        let (versions, deceived) = (vec![prepared.clone()], RefCell::default());
        Self {
            clock,
            table,
            world,
            executions,
            publisher,
            detector,
            prepared,
            shared,
            versions,
            deceived,
        }
    }

    /// Other code from now on: what it remembers begins anew, with the plans read once.
    pub(super) fn deploy(&mut self, protocol: u32) {
        let mut detector = (*self.detector).clone();
        detector.desk.protocol = protocol;
        detector.desk.shelf = self.prepared.shelf.with_plans_alone();
        self.detector = Arc::new(detector);
    }
}
