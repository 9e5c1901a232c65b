//! Everything that can happen next in a state.

use std::collections::VecDeque;
use std::sync::Arc;

use leeward_core::effect::EffectId;
use leeward_core::ids::Step;
use leeward_core::journal::{Entry, Fate};
use leeward_core::steps::{self, Gate, Move, Situation};
use leeward_core::time::Timestamp;
use leeward_core::world::Change;

use super::Bounds;
use super::actor::acting;
use super::around::{arrivals, environment, operator};
use super::book::Book;
use super::look::{Setup, fitness, look, signals};
use super::node::{Item, Mind, Node, Todo};
use super::opens::sweep;

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
    /// So many seconds passed, in the middle of whatever was going on.
    Passes(u64),
    /// So many seconds passed, in which nothing was left to do but wait.
    Waits(u64),
    /// The primary is seen no more, or again.
    Flips,
    /// A side's database became the writer.
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

/// Decisions that are remembered at once: the search goes on from where it was, so older ones are of no
/// more use, and each takes about a kilobyte.
const KNOWN_MAX: usize = 200_000;

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
    arrivals(node, setup, &mut next);
    let first = next.len();
    environment(node, setup, bounds, &mut next);
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

/// Steps that an executor may turn to, by the journal.
fn turns(node: &Node) -> impl Iterator<Item = (Step, &Arc<Book>)> {
    node.books.last().into_iter().flat_map(|book| {
        let turn = |step: &Step| {
            before(*step).iter().all(|s| book.state.done.contains_key(s))
                && steps::gate(*step, &book.state) == Gate::Through
        };
        STEPS.into_iter().filter(turn).map(move |step| (step, book))
    })
}

/// Whether that step would give up what can still go on: some step before the commit failed.
fn gives_up(step: Step, book: &Book) -> bool {
    step == Step::Undo && book.state.fate == Fate::Open
}

/// Whether nothing is left to do but wait: nobody has anything in mind, and no step would act.
pub(super) fn at_rest(node: &Node, setup: &Setup, bounds: &Bounds) -> bool {
    node.minds.iter().all(|mind| matches!(mind, Mind::Idle))
        && sweep(node, setup, bounds, 0).is_empty()
        && !turns(node).any(|(step, book)| {
            !gives_up(step, book) && !decided(node, setup, step, book, node.now).is_empty()
        })
}

/// What a step decides from what is seen now and a journal that was read then. Many states differ in
/// nothing that it looks at.
fn decided(
    node: &Node,
    setup: &Setup,
    step: Step,
    book: &Book,
    read_at: Timestamp,
) -> VecDeque<Item> {
    let key = (book.hash, node.world.key(), step as u8, read_at, node.now);
    if let Some(known) = setup.decided.borrow().get(&key) {
        return known.clone();
    }
    let seen_well = node.world.primary_seen;
    let votes = signals(setup, seen_well, read_at);
    let fit = fitness(seen_well, book.state.decision.direction, read_at);
    let situation = Situation {
        plan: &setup.plan,
        state: &book.state,
        signals: &votes,
        standby: Some(&fit),
        peaks: &[],
        now: read_at,
        limits: &setup.limits,
        mark: "",
        undoes: &[Step::Fence],
    };
    let seen = look(node, setup, steps::questions(step, &situation));
    let todo = todo(steps::decide(step, &situation, &seen));
    let mut known = setup.decided.borrow_mut();
    if known.len() >= KNOWN_MAX {
        known.clear();
    }
    known.insert(key, todo.clone());
    todo
}

fn executor(node: &Node, setup: &Setup, bounds: &Bounds, e: usize) -> Vec<Next> {
    match &node.minds[e] {
        Mind::Idle => {
            let mut next = sweep(node, setup, bounds, e);
            for (step, book) in turns(node) {
                let fails = gives_up(step, book);
                if fails && node.spent.failures >= bounds.failures {
                    continue;
                }
                let mut to = node.clone();
                to.spent.failures += u8::from(fails);
                to.minds[e] = Mind::Read(step, Arc::clone(book), node.now);
                next.push((Label::Reads(e, step), to, Happened::default()));
            }
            next
        }
        Mind::Read(step, book, read_at) => {
            let todo = decided(node, setup, *step, book, *read_at);
            let mut to = node.clone();
            to.minds[e] = if todo.is_empty() {
                Mind::Idle
            } else {
                Mind::Acting(generation(book), Arc::clone(book), *read_at, todo)
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

fn todo(decided: Move) -> VecDeque<Item> {
    let records = decided.records.into_iter().map(Todo::Put);
    let sends = decided.sends.into_iter().filter_map(|entry| {
        let Entry::Intent { effect, change, .. } = &entry else { return None };
        Some(Todo::Intent(effect.clone(), (**change).clone(), entry))
    });
    records.chain(sends).map(Item::new).collect()
}
