//! The end of a run: everything heals, and within a bounded time each generation ends or waits for a
//! person, people are told, and one word leads out of the wait.

use std::sync::Arc;

use leeward_core::ids::{Direction, Generation, Seq, Side};
use leeward_core::journal::{End, State, chain};
use leeward_core::succession::waits;
use leeward_core::table::{JOURNAL, Key, SIGNALS, generation_partition, workload_partition};
use leeward_core::time::{Span, Timestamp, after, since};
use leeward_ports::Item;

use super::incidents::{Incident, Planned};
use super::leave::Words;
use super::people::Verb;
use super::run::{Due, Run, SWEEP};
use crate::check::{Read, Violation};

/// Longest time that a healed generation may take: twice the longest time limit of the plans (to do
/// and to undo), a question's time, and the life of a lost request.
const BOUND: Span = Span::minutes(150);
/// What a sweep takes to read an alarm that has just been raised.
const READ: Span = Span::seconds(30);
/// What a stored vote has in it that says down.
const DOWN: &str = "\"vote\":\"unhealthy\"";
/// Much later, for an invocation that comes again.
const DAYS: Span = Span::minutes(2 * 24 * 60);

/// The latest generation's journal as it was read last: only what was appended since is read and folded.
#[derive(Default)]
pub(super) struct Known {
    /// How many entries had been written to journals by then.
    entries: usize,
    /// Its number; 0: there is none.
    generation: u64,
    /// What it says; `None`: nothing, or nothing that can be read.
    read: Option<Read>,
    /// The journals before it, as they were read last.
    before: Vec<Read>,
}

impl Known {
    fn follow(&mut self, entries: usize, generation: u64, items: Vec<Arc<Item>>) {
        let last = self.read.take();
        let goes_on = |read: &Read| {
            read.items.len() <= items.len()
                && read.items.iter().zip(&items).all(|(known, item)| Arc::ptr_eq(known, item))
        };
        let known = match last {
            Some(read) if self.generation == generation => Some(read).filter(goes_on),
            last => {
                self.before.extend(last);
                None
            }
        };
        (self.entries, self.generation) = (entries, generation);
        self.read = match known {
            Some(read) => following(read, items),
            None => folded(items),
        };
    }

    /// Every journal that was read.
    pub(super) fn reads(&self) -> Vec<Read> {
        self.before.iter().chain(&self.read).cloned().collect()
    }
}

fn following(mut read: Read, items: Vec<Arc<Item>>) -> Option<Read> {
    let (records, state) = (Arc::make_mut(&mut read.records), Arc::make_mut(&mut read.state));
    for item in items.iter().skip(read.items.len()) {
        let (record, head) = chain::next(&item.body, state.last.next(), &state.head).ok()?;
        state.follow(&record).ok()?;
        state.head = head;
        records.push(record);
    }
    read.items = items;
    Some(read)
}

fn folded(items: Vec<Arc<Item>>) -> Option<Read> {
    let (records, head) = chain::read(items.iter().map(|i| i.body.as_str())).ok()?;
    let state = State::fold(&records, head).ok().map(Arc::new)?;
    Some(Read { items, records: Arc::new(records), state })
}

pub(super) fn violation(invariant: &'static str, detail: String) -> Violation {
    Violation { invariant, detail }
}

/// Whether users are served from the standby now.
fn moved(last: &State) -> bool {
    let recovered = last.end.as_ref().is_some_and(|e| e.end == End::Recovered);
    recovered && last.decision.direction == Direction::ToStandby && last.seen_at_home.is_none()
}

impl Run<'_> {
    /// How many generations were opened.
    pub(super) fn generations(&self) -> u64 {
        let workload = &self.stack.prepared.plan.workload;
        let opened =
            |g: &u64| self.stack.table.holds(&Key::journal(workload, Generation(*g), Seq(1)));
        let known = self.known.borrow().generation;
        (known + 1..).take_while(opened).last().unwrap_or(known)
    }

    /// The state of the latest generation, past every fault.
    pub(super) fn latest(&self) -> Option<Arc<State>> {
        let entries = self.stack.table.entries();
        if self.known.borrow().entries != entries {
            let generation = self.generations();
            let workload = &self.stack.prepared.plan.workload;
            let partition = generation_partition(workload, Generation(generation));
            let items = self.stack.table.stored(&partition, JOURNAL);
            self.known.borrow_mut().follow(entries, generation, items);
        }
        self.known.borrow().read.as_ref().map(|read| read.state.clone())
    }

    /// Whether nothing is under way but what stands still, and a whole sweep has looked since.
    pub(super) fn at_rest(&self) -> bool {
        self.stands_still()
            && self.swept.is_some_and(|began| began > self.worked)
            && self.latest().is_none_or(|s| s.halt.is_some() || s.end.is_some() && !self.left(&s))
    }

    /// Whether nothing is under way but what stands still.
    fn stands_still(&self) -> bool {
        self.tasks.iter().all(|task| task.frozen.is_some())
    }

    /// Whether an ended generation left its work in the middle for one that is not open yet.
    fn left(&self, last: &State) -> bool {
        waits(last)
    }

    /// Whether the first part of the run has nothing more to show.
    pub(super) fn quiet(&self) -> bool {
        if self.due.values().any(|due| self.awaited(due)) {
            return false;
        }
        match self.latest() {
            Some(_) => self.at_rest(),
            // No sweep may have gone well for a while: what is left of that shows when everything has healed.
            None => self.stands_still() && self.nothing_comes(),
        }
    }

    /// Whether something that is due may change anything: not so a sweep, nor a word about a generation where
    /// there is none.
    pub(super) fn awaited(&self, due: &Due) -> bool {
        match due {
            Due::Sweep => false,
            Due::Begins(Planned { incident: Incident::Operator(verb), .. }) => {
                matches!(verb, Verb::Start(..)) || self.generations() > 0
            }
            Due::Begins(_) | Due::Ends(_) | Due::Invoke(_) | Due::Answer(_) => true,
        }
    }

    /// Whether no generation is open or left in the middle, and nothing that was seen calls for one.
    pub(super) fn nothing_moves(&self) -> bool {
        let over = match self.latest() {
            // Who was moved is not moved again, whatever the side that was left looks like.
            Some(last) if moved(&last) => true,
            Some(last) => last.end.is_some() && self.nobody_says_down(),
            None => self.nothing_comes(),
        };
        over && self.at_rest()
    }

    /// Whether no generation comes of what has happened so far: nobody says down, or those who do are too few,
    /// as alarms, sustained votes and two sweeps have had their time.
    fn nothing_comes(&self) -> bool {
        let sustain = self.stack.prepared.plan.detection.sustain;
        let opens = self.alarms.plus(sustain).plus(self.sweep()).plus(self.sweep()).plus(READ);
        self.idle_since() >= opens || self.nobody_says_down()
    }

    /// How long from one sweep to the next.
    fn sweep(&self) -> Span {
        SWEEP.max(self.forced.pace.sweep)
    }

    /// Whether the news have had time to be seen (the run's alarms and the sweep that reads them), and no vote
    /// says down: no generation comes of them.
    fn nobody_says_down(&self) -> bool {
        self.idle_since() >= self.alarms.plus(self.sweep()).plus(READ) && !self.says_down()
    }

    /// Whether a vote on record says down.
    pub(super) fn says_down(&self) -> bool {
        let partition = workload_partition(&self.stack.prepared.plan.workload);
        self.stack.table.stored(&partition, SIGNALS).iter().any(|s| s.body.contains(DOWN))
    }

    /// How long ago the last thing of the timetable happened.
    fn idle_since(&self) -> Span {
        since(self.struck, self.now())
    }

    /// Brings everything to rest after it has healed. What is not as promised comes back.
    pub(super) fn settle(&mut self) -> Vec<Violation> {
        // Where capacity is short, too, something else than what was forced is wrong.
        let short = self.stack.world.habits().launch_limit.is_some();
        let mut words = Words::with_aimed(self.forced.aims.len());
        let alone = self.forced.only.is_some() && !short;
        self.worked = self.now();
        let caught_up = after(self.now(), self.stack.world.habits().lag);
        loop {
            let until = after(self.now(), BOUND);
            if !self.go(until, |run| run.at_rest()) {
                return vec![violation("L4", "it goes round and round".to_owned())];
            }
            if let Some(thaw) = self.tasks.iter().filter_map(|t| t.frozen).max() {
                self.jump(thaw);
                continue;
            }
            let Some(state) = self.latest() else { return Vec::new() };
            if state.end.is_some() && self.left(&state) {
                let words = format!(
                    "generation {} left its work in the middle, and nobody took it up {BOUND} after everything healed",
                    state.decision.generation
                );
                return vec![violation("L3", words)];
            }
            if state.end.is_some() {
                return Vec::new();
            }
            // People were told that another version began it: they deploy the one that can finish it.
            let protocol = state.decision.protocol;
            if protocol != self.stack.detector.desk.protocol {
                self.stack.deploy(protocol);
                self.worked = self.now();
                continue;
            }
            let generation = state.decision.generation;
            let Some(halt) = &state.halt else {
                let words = format!(
                    "generation {generation} neither ended nor waits for a person {BOUND} after everything healed; last entry {} of {}",
                    state.last, state.last_at
                );
                return vec![violation("L1", words)];
            };
            // What was wrong before everything healed is to be seen of a replica for as long as it is behind.
            if self.now() < caught_up {
                self.jump(caught_up);
                continue;
            }
            // Who goes home has made a replica of the old side before.
            if state.decision.direction == Direction::ToPrimary && !state.committed() {
                self.stack.follow_standby();
            }
            // As the notice asks: a side that follows nobody is made a replica before anybody moves there.
            let asks = halt.reason.contains("was made its replica again");
            if asks && state.decision.direction == Direction::ToStandby && !state.committed() {
                for database in &self.stack.prepared.plan.databases {
                    self.stack.world.rebuild_replica(database.id(), Side::Standby);
                }
            }
            let verb = self.word(&state, halt.kind);
            if let Some(broken) =
                words.say(&state, verb, alone).or_else(|| self.take_word(verb, &halt.reason))
            {
                return vec![broken];
            }
        }
    }

    /// Nothing happens until then but what stands still going on.
    fn jump(&mut self, until: Timestamp) {
        self.due.retain(|_, due| !matches!(due, Due::Sweep));
        self.go(until, |_| false);
        self.worked = self.now();
        self.sweep_now();
    }

    /// The schedule fires now, and goes on from here.
    pub(super) fn sweep_now(&mut self) {
        self.due.retain(|_, due| !matches!(due, Due::Sweep));
        let now = self.now();
        self.at(now, Due::Sweep);
    }

    /// Invocations of this run come once more, days later.
    pub(super) fn days_later(&mut self) -> Vec<Violation> {
        let count = u32::try_from(self.history.len()).unwrap_or(0);
        if count == 0 || self.shared.choose(|c| c.below(24)) != 1 {
            return Vec::new();
        }
        let again = after(self.now(), DAYS);
        self.jump(again);
        for _ in 0..2 {
            let place = self.shared.choose(|c| c.below(count)) as usize;
            let invocation = self.history[place].clone();
            self.shared.count("invocation made again days later");
            self.at(again, Due::Invoke(invocation));
        }
        self.settle()
    }
}
