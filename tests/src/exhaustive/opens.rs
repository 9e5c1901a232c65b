//! How generations begin, and what the sweep does of one that is open: as `leeward-detector` does it.

use leeward_core::contract::Mode;
use leeward_core::evidence::{Assessment, assess};
use leeward_core::ids::{Direction, Generation};
use leeward_core::journal::{Bearing, Decision, Entry, PROTOCOL, State, Trigger, chain, rules};
use leeward_core::opening::{Adoption, Asks, Opening, adopts, may_open};
use leeward_core::succession;
use leeward_core::time::after;

use super::Bounds;
use super::acts::{Happened, LEEWARD, Label, Next, OPERATOR};
use super::look::{Setup, fitness, signals};
use super::node::{Mind, Node};

/// Why a generation shall be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// The evidence.
    Evidence,
    /// What that generation left to the next.
    HandedOver(Generation),
    /// A person's order.
    Order(Mode, Direction),
}

impl Why {
    fn direction(self) -> Direction {
        match self {
            Self::Evidence | Self::HandedOver(_) => Direction::ToStandby,
            Self::Order(_, direction) => direction,
        }
    }
}

/// What the schedule does: it opens, it lets one generation take the place of another, it holds the one
/// whose executors are gone for good.
pub(super) fn sweep(node: &Node, setup: &Setup, bounds: &Bounds, e: usize) -> Vec<Next> {
    let weighed = assessment(node, setup, Direction::ToStandby);
    let Some(book) = node.books.last() else {
        return open(node, setup, bounds, e, Why::Evidence, &weighed);
    };
    let state = &book.state;
    if state.end.is_none() {
        let given_way = succession::superseded(state, &setup.plan, &setup.plan, &weighed);
        let held = match adopts(state, PROTOCOL, &setup.limits, node.now) {
            Adoption::Hold(reason) => {
                Some(Entry::Held { step: leeward_core::ids::Step::Detect, reason })
            }
            Adoption::Leave | Adoption::Foreign(_) | Adoption::Starting | Adoption::Start => None,
        };
        return given_way.or(held).map_or(Vec::new(), |entry| write(node, e, entry));
    }
    let awaited = succession::heir(state, &[&setup.plan]).is_some();
    if away_from_home(node) && !awaited {
        return Vec::new();
    }
    let from = state.decision.generation;
    let why = if awaited { Why::HandedOver(from) } else { Why::Evidence };
    open(node, setup, bounds, e, why, &weighed)
}

/// A person's start.
pub(super) fn start(node: &Node, setup: &Setup, bounds: &Bounds, e: usize, why: Why) -> Vec<Next> {
    open(node, setup, bounds, e, why, &assessment(node, setup, why.direction()))
}

fn write(node: &Node, e: usize, entry: Entry) -> Vec<Next> {
    let Some(book) = node.books.last() else { return Vec::new() };
    if rules::admits(&book.state, &entry, node.now, None).is_err() {
        return Vec::new();
    }
    let mut to = node.clone();
    let place = to.books.len();
    to.books[place - 1] = book.with(entry, node.now, LEEWARD);
    vec![(Label::Sweeps(e), to, Happened { wrote: Some(place), landed: None })]
}

/// Whether the workload lives on its standby side: where the last commit of all generations brought it.
fn away_from_home(node: &Node) -> bool {
    let committed = node.books.iter().rev().map(|book| &book.state).find(|state| state.committed());
    committed.is_some_and(|state| state.decision.direction == Direction::ToStandby)
}

/// Opening: the last generation is closed, then the next one's decision is put.
fn open(
    node: &Node,
    setup: &Setup,
    bounds: &Bounds,
    e: usize,
    why: Why,
    weighed: &Assessment,
) -> Vec<Next> {
    let last = node.books.last();
    let state = last.map(|b| &b.state);
    let wanted = why != Why::Evidence || weighed.bearing == Bearing::Go;
    if node.books.len() >= bounds.generations || !wanted {
        return Vec::new();
    }
    let direction = why.direction();
    let asks =
        if matches!(why, Why::Order(..)) { Asks::Person { again: false } } else { Asks::Evidence };
    let opening = may_open(state, &setup.plan, direction, &setup.limits, node.now, asks, false);
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
    let decision = decide(setup, weighed, generation, why, state);
    to.minds[e] = Mind::Opening(Box::new(decision), node.now);
    vec![(Label::Sweeps(e), to, happened)]
}

fn assessment(node: &Node, setup: &Setup, direction: Direction) -> Assessment {
    let seen_well = node.world.primary_seen;
    let key = (seen_well, direction == Direction::ToStandby, node.now);
    let mut weighed = setup.weighed.borrow_mut();
    let fresh = || {
        let votes = signals(setup, seen_well, node.now);
        let fit = fitness(seen_well, direction, node.now);
        assess(&setup.plan, direction, &votes, Some(&fit), node.now)
    };
    weighed.entry(key).or_insert_with(fresh).clone()
}

fn decide(
    setup: &Setup,
    weighed: &Assessment,
    generation: Generation,
    why: Why,
    before: Option<&State>,
) -> Entry {
    let body = serde_json::to_string(weighed).unwrap_or_default();
    let (trigger, mode) = match why {
        Why::Evidence => (Trigger::Evidence { source: "schedule".to_owned() }, Mode::Recover),
        Why::HandedOver(from) => (Trigger::HandedOver { from }, Mode::Recover),
        Why::Order(mode, _) => {
            (Trigger::Operator { operator: OPERATOR.to_owned(), reason: String::new() }, mode)
        }
    };
    let direction = why.direction();
    let decision = Decision {
        protocol: PROTOCOL,
        workload: setup.plan.workload.clone(),
        generation,
        plan: setup.plan.plan.clone(),
        plan_digest: setup.digest.clone(),
        direction,
        target: setup.plan.target_region(direction).clone(),
        mode,
        evidence: chain::digest(body.as_bytes()),
        trigger,
        first_signal: weighed.at,
        opened: weighed.at,
        deadline: after(weighed.at, setup.plan.time_limit),
        effects: leeward_core::steps::effects(&setup.plan, generation),
        unproven: Vec::new(),
        handed_over: Vec::new(),
        lived: None,
        regions: None,
        left_closed: Vec::new(),
        lost: Vec::new(),
        ask: Vec::new(),
        approvers: None,
    };
    Entry::Opened(Box::new(succession::inheriting(decision, before, &setup.plan)))
}
