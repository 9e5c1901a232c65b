//! What happens around the executors: time, the primary, the engine, late arrivals, the operator.

use leeward_core::journal::{Answer, Beside, End, Entry, rules};
use leeward_core::time::{Span, after};

use super::Bounds;
use super::actor::arrive;
use super::acts::{Happened, LEEWARD, Label, Next, OPERATOR, sweep};
use super::look::{Setup, too_old};
use super::node::{Engine, Flight, Mind, Node};

/// Within a lease and past it; within a request's life and past it.
const LEAPS: [Span; 4] =
    [Span::seconds(5), Span::seconds(30), Span::minutes(14), Span::minutes(17)];

/// Time, the primary, the engine, what is on its way.
pub(super) fn environment(node: &Node, bounds: &Bounds, next: &mut Vec<Next>) {
    if node.spent.flips < bounds.flips {
        let mut to = node.clone();
        to.world.primary_seen = !node.world.primary_seen;
        to.spent.flips += 1;
        next.push((Label::Flips, to, Happened::default()));
    }
    if node.world.standby == Engine::Moving {
        let mut to = node.clone();
        to.world.standby = Engine::Writer;
        next.push((Label::Promoted, to, Happened::default()));
    }
    if node.spent.leaps < bounds.leaps {
        for leap in LEAPS {
            let mut to = node.clone();
            to.now = after(node.now, leap);
            to.spent.leaps += 1;
            to.flight.retain(|flight| match flight {
                Flight::Change(.., signed) | Flight::Entry(.., signed) => !too_old(*signed, to.now),
            });
            next.push((Label::Passes(leap.as_millis() / 1000), to, Happened::default()));
        }
    }
}

/// What is on its way arrives.
pub(super) fn arrivals(node: &Node, next: &mut Vec<Next>) {
    for place in 0..node.flight.len() {
        let mut to = node.clone();
        let happened = match to.flight.remove(place) {
            Flight::Change(generation, effect, change, signed) => {
                arrive(&mut to, generation, &effect, &change, signed).1
            }
            Flight::Entry(generation, behind, entry, signed) => {
                let book = &to.books[generation - 1];
                let free = book.records.len() == behind;
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
    let beside = Beside { plan: &setup.plan, limits: &setup.limits };
    if let Some(book) = node.books.last() {
        for (word, entry) in words {
            if rules::admits(&book.state, &entry, node.now, Some(beside)).is_err() {
                continue;
            }
            let mut to = node.clone();
            let place = to.books.len();
            to.books[place - 1] = book.with(entry, node.now, OPERATOR);
            to.spent.words += 1;
            next.push((Label::Says(word), to, Happened { wrote: Some(place), landed: None }));
        }
    }
    for e in 0..node.minds.len().min(1) {
        if matches!(node.minds[e], Mind::Idle) {
            for (_, mut to, happened) in sweep(node, setup, bounds, e, true) {
                to.spent.words += 1;
                next.push((Label::Says("start"), to, happened));
            }
        }
    }
}
