//! What an executor does of what it has decided: entries, then requests, then their replies.

use std::collections::VecDeque;
use std::sync::Arc;

use leeward_core::effect::EffectId;
use leeward_core::ids::Seq;
use leeward_core::journal::{Beside, Entry, Reply, rules};
use leeward_core::time::Timestamp;
use leeward_core::world::{Change, ChangeError, ChangeErrorKind, Receipt};

use super::Bounds;
use super::acts::{Happened, LEEWARD, Label, Next};
use super::book::Book;
use super::look::{Setup, land, too_old};
use super::node::{Flight, Item, Mind, Node, Todo};

/// One executor in the middle of what it has decided.
struct Actor<'a> {
    node: &'a Node,
    setup: &'a Setup,
    /// Whether something may still go wrong.
    faults: bool,
    e: usize,
    generation: usize,
    book: &'a Arc<Book>,
    read_at: Timestamp,
}

/// One thing of what an executor has decided.
pub(super) fn acting(node: &Node, setup: &Setup, bounds: &Bounds, e: usize) -> Vec<Next> {
    let Mind::Acting(generation, book, read_at, todo) = &node.minds[e] else { return Vec::new() };
    let faults = node.spent.faults < bounds.faults;
    let (generation, read_at) = (*generation, *read_at);
    let actor = Actor { node, setup, faults, e, generation, book, read_at };
    let mut rest = todo.clone();
    let first = rest.pop_front();
    let mut next = match first.as_ref().map(|item| item.todo.as_ref()) {
        None => Vec::new(),
        Some(Todo::Put(entry)) => actor.append(entry.clone(), None, rest),
        Some(Todo::Intent(effect, change, entry)) => {
            actor.append(entry.clone(), Some((effect.clone(), change.clone())), rest)
        }
        Some(Todo::Send(effect, change, seq, signed)) => {
            actor.send(effect.clone(), change.clone(), *seq, *signed, rest)
        }
        Some(Todo::Replied(effect, intent, reply)) => {
            let (effect, reply) = (effect.clone(), reply.clone());
            vec![actor.replied(Entry::Replied { effect, intent: *intent, reply }, rest)]
        }
    };
    if faults {
        next.push((Label::Dies(e), actor.to(Mind::Idle, true), Happened::default()));
    }
    next
}

impl Actor<'_> {
    fn to(&self, mind: Mind, fault: bool) -> Node {
        let mut to = self.node.clone();
        to.minds[self.e] = mind;
        to.spent.faults += u8::from(fault);
        to
    }

    fn mind(&self, book: &Arc<Book>, read_at: Timestamp, rest: VecDeque<Item>) -> Mind {
        if rest.is_empty() {
            Mind::Idle
        } else {
            Mind::Acting(self.generation, Arc::clone(book), read_at, rest)
        }
    }

    /// An entry into the place behind what was read; for an intent, what is sent once it stands.
    fn append(
        &self,
        entry: Entry,
        sends: Option<(EffectId, Change)>,
        mut rest: VecDeque<Item>,
    ) -> Vec<Next> {
        let (generation, book) = (self.generation, self.book);
        let beside = Beside { plan: &self.setup.plan, limits: &self.setup.limits, by: None };
        let admitted = rules::admits(&book.state, &entry, self.read_at, Some(beside)).is_ok();
        let place = book.len;
        if !admitted || self.node.books[generation - 1].len != place {
            // What stands on record is sent all the same; the rest is asked again.
            rest.retain(|todo| sends.is_some() && matches!(*todo.todo, Todo::Send(..)));
            let to = self.to(self.mind(book, self.read_at, rest), false);
            return vec![(Label::Acts(self.e), to, Happened::default())];
        }
        let mut next = Vec::new();
        if self.faults {
            let mut late = self.to(Mind::Idle, true);
            let flight = Flight::Entry(generation, place, Box::new(entry.clone()), self.read_at);
            late.flight.push(flight);
            next.push((Label::EntryLate(self.e), late, Happened::default()));
        }
        let longer = book.with(entry, self.read_at, LEEWARD);
        if let Some((effect, change)) = sends {
            rest.push_back(Item::new(Todo::Send(effect, change, longer.state.last, self.read_at)));
        }
        let mut to = self.to(self.mind(&longer, self.node.now, rest), false);
        to.books[generation - 1] = longer;
        let happened = Happened { wrote: Some(generation), landed: None };
        next.push((Label::Acts(self.e), to, happened));
        next
    }

    /// A request, once: it arrives and is answered, or not, or later.
    fn send(
        &self,
        effect: EffectId,
        change: Change,
        seq: Seq,
        signed: Timestamp,
        mut rest: VecDeque<Item>,
    ) -> Vec<Next> {
        let (e, book, at) = (self.e, self.book, self.read_at);
        let left = self.mind(book, at, rest.clone());
        let mut here = self.to(Mind::Idle, false);
        let (reply, happened) =
            arrive(&mut here, self.setup, self.generation, &effect, &change, signed);
        let mut next = Vec::new();
        if self.faults {
            let mut lost = here.clone();
            lost.minds[e] = left.clone();
            lost.spent.faults += 1;
            next.push((Label::AnswerLost(e), lost, happened.clone()));
            let never = self.to(left.clone(), true);
            next.push((Label::RequestLost(e), never, Happened::default()));
            let mut late = self.to(left, true);
            late.flight.push(Flight::Change(
                self.generation,
                effect.clone(),
                Box::new(change),
                signed,
            ));
            next.push((Label::RequestLate(e), late, Happened::default()));
        }
        rest.push_back(Item::new(Todo::Replied(effect, seq, reply)));
        here.minds[e] = self.mind(book, at, rest);
        next.push((Label::Acts(e), here, happened));
        next
    }

    /// A reply is a fact: it is written behind whatever was written meanwhile.
    fn replied(&self, entry: Entry, rest: VecDeque<Item>) -> Next {
        let (now, book) = (self.node.now, &self.node.books[self.generation - 1]);
        let mut to = self.to(self.mind(book, now, rest), false);
        let mut happened = Happened::default();
        if rules::admits(&book.state, &entry, now, None).is_ok() {
            to.books[self.generation - 1] = book.with(entry, now, LEEWARD);
            happened.wrote = Some(self.generation);
        }
        (Label::Acts(self.e), to, happened)
    }
}

/// A request where it lands, and its answer.
pub(super) fn arrive(
    node: &mut Node,
    setup: &Setup,
    generation: usize,
    effect: &EffectId,
    change: &Change,
    signed: Timestamp,
) -> (Reply, Happened) {
    if too_old(signed, node.now) {
        let error = ChangeError {
            kind: ChangeErrorKind::Refused,
            code: "RequestExpired".into(),
            message: String::new().into(),
        };
        return (Reply::Refused(error), Happened::default());
    }
    match land(node, setup, change) {
        Ok(changed) => {
            if changed {
                *node.world.changed.entry(effect.clone()).or_default() += 1;
            }
            let landed = Some((generation, effect.clone(), change.clone(), changed));
            (Reply::Accepted(Receipt { id: "r".into() }), Happened { landed, wrote: None })
        }
        Err(error) => (Reply::Refused(error), Happened::default()),
    }
}
