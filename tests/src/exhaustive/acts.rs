//! Everything that can happen next in a state.

use std::collections::VecDeque;
use std::sync::Arc;

use leeward_core::contract::Mode;
use leeward_core::effect::EffectId;
use leeward_core::evidence::{Assessment, assess};
use leeward_core::ids::{Direction, Generation, Step};
use leeward_core::journal::{Bearing, Decision, Entry, PROTOCOL, Trigger, chain, rules};
use leeward_core::opening::{Opening, may_open};
use leeward_core::steps::{self, Gate, Move, Situation};
use leeward_core::time::after;
use leeward_core::world::Change;

use super::Bounds;
use super::actor::acting;
use super::around::{arrivals, environment, operator};
use super::book::Book;
use super::look::{Setup, look, signals, standby};
use super::node::{Mind, Node, Todo};

/// What happened between two states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Label {
    /// The first state.
    Begin,
    /// An executor read the journal for a step.
    Reads(usize, Step),
    /// It looked, and decided.
    Decides(usize),
    /// It wrote an entry, sent a change, or found its place taken.
    Acts(usize),
    /// Its request never arrived.
    RequestLost(usize),
    /// Its request arrived; the answer did not.
    AnswerLost(usize),
    /// Its request is on its way.
    RequestLate(usize),
    /// Its entry is on its way.
    EntryLate(usize),
    /// It died.
    Dies(usize),
    /// It found a reason to open a generation.
    Sweeps(usize),
    /// Something arrived late.
    Arrives,
    /// So many seconds passed.
    Passes(u64),
    /// The primary is seen no more, or again.
    Flips,
    /// The standby's database became the writer.
    Promoted,
    /// A word of the operator.
    Says(&'static str),
}

/// What a step from one state to another did, for the judge.
#[derive(Debug, Clone, Default)]
pub(super) struct Happened {
    /// A request that was carried out: generation, effect, change, whether it changed the world.
    pub(super) landed: Option<(usize, EffectId, Change, bool)>,
    /// The generation whose journal is longer.
    pub(super) wrote: Option<usize>,
}

pub(super) type Next = (Label, Node, Happened);

const STEPS: [Step; 8] = [
    Step::Fence,
    Step::Capacity,
    Step::Commit,
    Step::Database,
    Step::Traffic,
    Step::Restore,
    Step::Validate,
    Step::Undo,
];

/// What the state machine has seen done before it comes to a step.
fn before(step: Step) -> &'static [Step] {
    match step {
        Step::Commit => &[Step::Fence, Step::Capacity],
        Step::Traffic => &[Step::Database],
        Step::Restore => &[Step::Traffic],
        Step::Validate => &[Step::Restore],
        Step::Detect
        | Step::Fence
        | Step::Capacity
        | Step::Database
        | Step::Undo
        | Step::Notify => &[],
    }
}

pub(super) const LEEWARD: &str = "leeward";
pub(super) const OPERATOR: &str = "arn:aws:sts::1:assumed-role/ops/eve";

/// Every next state.
pub(super) fn all(node: &Node, setup: &Setup, bounds: &Bounds) -> Vec<Next> {
    let mut next = Vec::new();
    for e in 0..node.minds.len() {
        let leaves = node.running.is_some_and(|r| r != e);
        if leaves && node.spent.preemptions >= bounds.preemptions {
            continue;
        }
        for (label, mut after, happened) in executor(node, setup, bounds, e) {
            after.running = (!matches!(after.minds[e], Mind::Idle)).then_some(e);
            if leaves {
                after.spent.preemptions += 1;
            }
            next.push((label, after, happened));
        }
    }
    arrivals(node, &mut next);
    let first = next.len();
    environment(node, bounds, &mut next);
    if node.spent.words < bounds.words {
        operator(node, setup, bounds, &mut next);
    }
    // Whatever comes between two acts of an executor leaves it in the middle.
    if node.running.is_some() {
        if node.spent.preemptions >= bounds.preemptions {
            next.truncate(first);
        }
        for (_, after, _) in next.iter_mut().skip(first) {
            after.running = None;
            after.spent.preemptions += 1;
        }
    }
    next
}

fn executor(node: &Node, setup: &Setup, bounds: &Bounds, e: usize) -> Vec<Next> {
    match &node.minds[e] {
        Mind::Idle => {
            let mut next = sweep(node, setup, bounds, e, false);
            let Some(book) = node.books.last() else { return next };
            for step in STEPS {
                let turn = before(step).iter().all(|s| book.state.done.contains_key(s));
                if turn && steps::gate(step, &book.state) == Gate::Through {
                    let mut to = node.clone();
                    to.minds[e] = Mind::Read(step, Arc::clone(book), node.now);
                    next.push((Label::Reads(e, step), to, Happened::default()));
                }
            }
            next
        }
        Mind::Read(step, book, read_at) => {
            let seen_well = node.world.primary_seen;
            let (votes, fit) = (signals(setup, seen_well, *read_at), standby(*read_at));
            let situation = Situation {
                plan: &setup.plan,
                state: &book.state,
                signals: &votes,
                standby: Some(&fit),
                peaks: &[],
                now: *read_at,
                limits: &setup.limits,
                mark: "",
                undoes: &[Step::Fence],
            };
            let seen = look(node, setup, steps::questions(*step, &situation));
            let decided = steps::decide(*step, &situation, &seen);
            let mut to = node.clone();
            let generation = generation(book);
            to.minds[e] = if decided.acts() {
                Mind::Acting(generation, Arc::clone(book), *read_at, todo(decided))
            } else {
                Mind::Idle
            };
            vec![(Label::Decides(e), to, Happened::default())]
        }
        Mind::Acting(..) => acting(node, setup, bounds, e),
        Mind::Opening(entry, read_at) => {
            let mut to = node.clone();
            to.minds[e] = Mind::Idle;
            let mut happened = Happened::default();
            let Entry::Opened(decision) = entry.as_ref() else { return Vec::new() };
            let place = usize::try_from(decision.generation.0).unwrap_or(0);
            if place == node.books.len() + 1
                && let Some(book) = Book::opened((**entry).clone(), *read_at, LEEWARD)
            {
                to.books.push(book);
                happened.wrote = Some(place);
            }
            vec![(Label::Acts(e), to, happened)]
        }
    }
}

fn generation(book: &Book) -> usize {
    usize::try_from(book.state.decision.generation.0).unwrap_or(0)
}

fn todo(decided: Move) -> VecDeque<Todo> {
    let records = decided.records.into_iter().map(|entry| Todo::Put(Box::new(entry)));
    let sends = decided.sends.into_iter().filter_map(|entry| {
        let Entry::Intent { effect, change, .. } = &entry else { return None };
        Some(Todo::Intent(effect.clone(), change.clone(), Box::new(entry)))
    });
    records.chain(sends).collect()
}

/// Opening: the last generation is closed, then the next one's decision is put.
pub(super) fn sweep(
    node: &Node,
    setup: &Setup,
    bounds: &Bounds,
    e: usize,
    manual: bool,
) -> Vec<Next> {
    let weighed = assessment(node, setup);
    if node.books.len() >= bounds.generations || (weighed.bearing != Bearing::Go && !manual) {
        return Vec::new();
    }
    let last = node.books.last();
    let state = last.map(|b| &b.state);
    if state.is_some_and(|s| s.committed()) {
        return Vec::new();
    }
    let opening =
        may_open(state, &setup.plan, Direction::ToStandby, &setup.limits, node.now, manual);
    let Opening::Open(generation) = opening else { return Vec::new() };
    let mut to = node.clone();
    let mut happened = Happened::default();
    if let Some(book) = last
        && book.state.closed.is_none()
    {
        let entry = Entry::Closed { next: generation };
        if rules::admits(&book.state, &entry, node.now, None).is_err() {
            return Vec::new();
        }
        let place = to.books.len();
        to.books[place - 1] = book.with(entry, node.now, LEEWARD);
        happened.wrote = Some(place);
    }
    let decision = decide(setup, &weighed, generation, manual);
    to.minds[e] = Mind::Opening(Box::new(decision), node.now);
    vec![(Label::Sweeps(e), to, happened)]
}

fn assessment(node: &Node, setup: &Setup) -> Assessment {
    let votes = signals(setup, node.world.primary_seen, node.now);
    assess(&setup.plan, Direction::ToStandby, &votes, Some(&standby(node.now)), node.now)
}

fn decide(setup: &Setup, weighed: &Assessment, generation: Generation, manual: bool) -> Entry {
    let body = serde_json::to_string(weighed).unwrap_or_default();
    let trigger = if manual {
        Trigger::Operator { operator: OPERATOR.to_owned(), reason: String::new() }
    } else {
        Trigger::Evidence { source: "schedule".to_owned() }
    };
    Entry::Opened(Box::new(Decision {
        protocol: PROTOCOL,
        workload: setup.plan.workload.clone(),
        generation,
        plan: setup.plan.plan.clone(),
        plan_digest: setup.digest.clone(),
        direction: Direction::ToStandby,
        target: setup.plan.target_region(Direction::ToStandby).clone(),
        mode: Mode::Recover,
        evidence: chain::digest(body.as_bytes()),
        trigger,
        first_signal: weighed.at,
        opened: weighed.at,
        deadline: after(weighed.at, setup.plan.time_limit),
        effects: steps::effects(&setup.plan, generation),
        unproven: Vec::new(),
        handed_over: Vec::new(),
        ask: Vec::new(),
    }))
}
