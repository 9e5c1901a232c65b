//! What happens around the executors: time, the primary, the engine, late arrivals, the operator.

use leeward_core::contract::Mode;
use leeward_core::ids::{Direction, Side};
use leeward_core::journal::{Answer, Beside, End, Entry, rules};
use leeward_core::time::{Span, after};

use super::Bounds;
use super::actor::arrive;
use super::acts::{Happened, LEEWARD, Label, Next, OPERATOR, at_rest};
use super::look::{Setup, too_old};
use super::node::{Engine, Flight, Mind, Node, at};
use super::opens::{Why, start};

/// Within a lease and past it; within a request's life and past it.
const LEAPS: [Span; 4] =
    [Span::seconds(5), Span::seconds(30), Span::minutes(14), Span::minutes(17)];
/// Waits: past a lease; past a request's life and a question's time, and twice that past the cool-down.
const WAITS: [Span; 2] = [Span::seconds(30), Span::minutes(17)];

/// Time, the primary, the engines, what is on its way.
pub(super) fn environment(node: &Node, setup: &Setup, bounds: &Bounds, next: &mut Vec<Next>) {
    if node.spent.flips < bounds.flips {
        let mut to = node.clone();
        to.world.primary_seen = !node.world.primary_seen;
        to.spent.flips += 1;
        next.push((Label::Flips, to, Happened::default()));
    }
    let moving = [Side::Primary, Side::Standby]
        .into_iter()
        .find(|side| *node.world.engines.of(*side) == Engine::Moving);
    if let Some(side) = moving {
        let mut to = node.clone();
        *at(&mut to.world.engines, side) = Engine::Writer;
        next.push((Label::Promoted, to, Happened::default()));
    }
    if node.spent.leaps < bounds.leaps {
        next.extend(LEAPS.map(|leap| {
            let mut to = later(node, leap);
            to.spent.leaps += 1;
            (Label::Passes(leap.as_millis() / 1000), to, Happened::default())
        }));
    }
    let over = node.books.len() >= bounds.generations
        && node.books.last().is_some_and(|b| b.state.end.is_some());
    let waits = node.spent.waits < bounds.waits && !node.books.is_empty() && !over;
    if waits && moving.is_none() && at_rest(node, setup, bounds) {
        next.extend(WAITS.map(|wait| {
            let mut to = later(node, wait);
            to.spent.waits += 1;
            (Label::Waits(wait.as_millis() / 1000), to, Happened::default())
        }));
    }
}

/// The same, so much later: what was on its way for too long is refused.
fn later(node: &Node, by: Span) -> Node {
    let mut to = node.clone();
    to.now = after(node.now, by);
    to.flight.retain(|flight| match flight {
        Flight::Change(.., signed) | Flight::Entry(.., signed) => !too_old(*signed, to.now),
    });
    to
}

/// What is on its way arrives.
pub(super) fn arrivals(node: &Node, setup: &Setup, next: &mut Vec<Next>) {
    for place in 0..node.flight.len() {
        let mut to = node.clone();
        let happened = match to.flight.remove(place) {
            Flight::Change(generation, effect, change, signed) => {
                arrive(&mut to, setup, generation, &effect, &change, signed).1
            }
            Flight::Entry(generation, behind, entry, signed) => {
                let book = &to.books[generation - 1];
                let free = book.len == behind;
                if free {
                    to.books[generation - 1] = book.with(*entry, signed, LEEWARD);
                }
                Happened { wrote: free.then_some(generation), landed: None }
            }
        };
        next.push((Label::Arrives, to, happened));
    }
}

/// A word of the operator: one entry, if the rules admit it.
pub(super) fn operator(node: &Node, setup: &Setup, bounds: &Bounds, next: &mut Vec<Next>) {
    let reason = String::new;
    let question = node.books.last().map_or(0, |b| b.state.questions.len());
    let number = u32::try_from(question).unwrap_or(0);
    let words = [
        ("stop", Entry::Stopped { reason: reason(), in_flight: Vec::new() }),
        ("resume", Entry::Resumed { reason: reason(), time_limit: Some(Span::minutes(60)) }),
        ("abandon", Entry::Ended { end: End::Abandoned, reason: reason() }),
        ("acknowledge", Entry::Acknowledged { reason: reason() }),
        ("approve", Entry::Answered { number, answer: Answer::Approved, reason: reason() }),
        ("decline", Entry::Answered { number, answer: Answer::Declined, reason: reason() }),
    ];
    let beside = Beside { plan: &setup.plan, limits: &setup.limits, by: None };
    if let Some(book) = node.books.last() {
        for (word, entry) in words {
            let said = bounds.only.is_none_or(|only| only == word);
            if !said || rules::admits(&book.state, &entry, node.now, Some(beside)).is_err() {
                continue;
            }
            let mut to = node.clone();
            let place = to.books.len();
            to.books[place - 1] = book.with(entry, node.now, OPERATOR);
            to.spent.words += 1;
            next.push((Label::Says(word), to, Happened { wrote: Some(place), landed: None }));
        }
    }
    if matches!(node.minds.first(), Some(Mind::Idle)) {
        orders(node, setup, bounds, next);
    }
}

/// A person's starts: a recovery, a drill, the way home after the old side was made a replica again.
fn orders(node: &Node, setup: &Setup, bounds: &Bounds, next: &mut Vec<Next>) {
    let mut home = node.clone();
    let (there, back) = (Direction::ToStandby, Direction::ToPrimary);
    let starts = if node.accepts(Side::Standby, setup.expiry) {
        *at(&mut home.world.engines, Side::Primary) = Engine::Replica;
        vec![("home", &home, Why::Order(Mode::Recover, back))]
    } else {
        vec![
            ("start", node, Why::Order(Mode::Recover, there)),
            ("drill", node, Why::Order(Mode::Drill, there)),
        ]
    };
    for (word, from, why) in starts {
        if bounds.only.is_some_and(|only| only != word) {
            continue;
        }
        for (_, mut to, happened) in start(from, setup, bounds, 0, why) {
            to.spent.words += 1;
            next.push((Label::Says(word), to, happened));
        }
    }
}
