//! The state of a generation: the fold of its journal.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::effect::EffectId;
use crate::ids::{Digest, EntryId, ExecutorId, Generation, Region, Seq, Side, Sides, Step};
use crate::journal::rules;
use crate::journal::{
    Answer, Asked, Assessed, Broken, Decision, EffectState, Ended, Entry, Fate, Fenced, Halt,
    HaltKind, HandedOver, IntentState, Record, Successor,
};
use crate::planted::{self, Bug};
use crate::time::{Span, Timestamp, after, since};

/// A generation as its journal tells it.
#[derive(Debug, Clone)]
pub struct State {
    /// What shall be done.
    pub decision: Arc<Decision>,
    /// The last entry.
    pub last: Seq,
    /// When the last entry was written.
    pub last_at: Timestamp,
    /// Digest of the last entry.
    pub head: Digest,
    /// Executors in the order in which they joined, with the place of their entry.
    pub executors: Vec<(ExecutorId, Seq)>,
    /// The latest weighing of evidence.
    pub assessed: Option<Assessed>,
    /// What the last weighing before this generation's first fence said of the side that is left: behind the fence
    /// voters find it dead whether it is or not. `None`: nothing is fenced yet, or it is not on record.
    pub well_before_fence: Option<bool>,
    /// Questions to people, by number from 1.
    pub questions: Vec<Asked>,
    /// Effects that were ever intended.
    pub effects: Arc<BTreeMap<EffectId, Arc<EffectState>>>,
    /// Proofs, by database.
    pub fenced: BTreeMap<EntryId, Fenced>,
    /// Answers and waivers of people who are no approvers: they count for nothing.
    pub disregarded: Vec<Seq>,
    /// Databases whose proof an operator waived, with the loss that was shown.
    pub waived: BTreeMap<EntryId, Option<Span>>,
    /// Loss bounds, by database.
    pub losses: BTreeMap<EntryId, (Option<Span>, String)>,
    /// Databases that answer as the writer on the new side.
    pub writers: BTreeSet<EntryId>,
    /// Steps that are done, with their time.
    pub done: BTreeMap<Step, Timestamp>,
    /// Where it stands towards the way back.
    pub fate: Fate,
    /// What takes its place, when it turned back for another.
    pub successor: Option<Successor>,
    /// Old sides that were seen fenced later than by this generation's own fences.
    pub(super) old_sides_fenced: BTreeSet<(EntryId, Side)>,
    /// When it was last seen that opening a database's side again makes no second writer.
    pub one_writer: BTreeMap<(EntryId, Side), Timestamp>,
    /// Why it does not go on by itself.
    pub halt: Option<Halt>,
    /// How long it was halted before the present halt.
    pub halted: Span,
    /// Deadline without halts; moved by turning back and by a resumption's new limit.
    pub(super) deadline: Timestamp,
    /// Whether someone resumed it since the last question was answered or timed out.
    pub resumed_after_question: bool,
    /// Place and time of the last resumption: what was sent and answered before it is tried anew.
    pub resumed: Option<(Seq, Timestamp)>,
    /// What it was resumed from.
    pub resumed_from: Option<HaltKind>,
    /// Why it turned back, in a sentence.
    pub turned_back_for: String,
    /// Validation passes in a row.
    pub passes: u32,
    /// When the latest pass was made, and whether it held.
    pub last_pass: Option<(Timestamp, bool)>,
    /// The end.
    pub end: Option<Ended>,
    /// When the workload was seen at home again without a generation that brought it there.
    pub seen_at_home: Option<Timestamp>,
    /// The Regions that its sides are since then, where a plan with other ones was put.
    pub home: Option<Sides<Region>>,
    /// When a person acknowledged it.
    pub acknowledged: Option<Timestamp>,
    /// The generation that follows.
    pub closed: Option<Generation>,
}

/// Effects that stand in the world since the generation before.
fn handed_over(decision: &Decision, at: Timestamp) -> BTreeMap<EffectId, Arc<EffectState>> {
    let one = |given: &HandedOver| {
        let state = EffectState {
            intents: Vec::new(),
            change: (*given.change).clone(),
            before: given.before.as_deref().cloned(),
            undoes: None,
            outcome: Some((true, Seq(1), at)),
        };
        (given.effect.clone(), Arc::new(state))
    };
    decision.handed_over.iter().map(one).collect()
}

impl State {
    /// Folds a whole journal. `limits` decide nothing that was written, only what may follow.
    pub fn fold(records: &[Record], head: Digest) -> Result<Self, Broken> {
        let Some(first) = records.first() else {
            return Err(Broken::new(Seq(1), "is missing: the journal is empty"));
        };
        let Entry::Opened(decision) = &first.entry else {
            return Err(Broken::new(first.seq, "is no decision, but stands first"));
        };
        let mut state = Self::opened(Arc::new((**decision).clone()), first.at);
        for record in &records[1..] {
            state.follow(record)?;
        }
        state.head = head;
        Ok(state)
    }

    /// Takes one more record, if it may follow.
    pub fn follow(&mut self, record: &Record) -> Result<(), Broken> {
        rules::admits(self, &record.entry, record.at, None)
            .map_err(|no| Broken::new(record.seq, format!("was not allowed: {no}")))?;
        self.apply(record);
        Ok(())
    }

    fn opened(decision: Arc<Decision>, at: Timestamp) -> Self {
        let deadline = decision.deadline;
        let effects = handed_over(&decision, at);
        Self {
            decision,
            last: Seq(1),
            last_at: at,
            head: Digest::new(""),
            executors: Vec::new(),
            assessed: None,
            well_before_fence: None,
            questions: Vec::new(),
            effects: Arc::new(effects),
            fenced: BTreeMap::new(),
            disregarded: Vec::new(),
            waived: BTreeMap::new(),
            losses: BTreeMap::new(),
            writers: BTreeSet::new(),
            done: BTreeMap::new(),
            fate: Fate::Open,
            successor: None,
            old_sides_fenced: BTreeSet::new(),
            one_writer: BTreeMap::new(),
            halt: None,
            halted: Span::default(),
            deadline,
            resumed_after_question: false,
            resumed: None,
            resumed_from: None,
            turned_back_for: String::new(),
            passes: 0,
            last_pass: None,
            end: None,
            seen_at_home: None,
            home: None,
            acknowledged: None,
            closed: None,
        }
    }

    /// Takes one more record that the rules admit.
    pub fn apply(&mut self, record: &Record) {
        self.last = record.seq;
        self.last_at = record.at;
        self.apply_people(record);
        self.apply_effects(record);
        self.apply_findings(record);
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the three appliers share the entries")]
    fn apply_people(&mut self, record: &Record) {
        let at = record.at;
        match &record.entry {
            Entry::Asked { number, loss, deadline, question, .. } => self.questions.push(Asked {
                number: *number,
                loss: *loss,
                deadline: *deadline,
                question: question.clone(),
                overtaken: false,
                answer: None,
            }),
            // Who may decide is judged here, where everybody reads: the command that wrote it may be anybody's.
            Entry::Answered { answer: Answer::Approved | Answer::Declined, .. }
            | Entry::Waived { .. }
                if !self.decision.counts(&record.by) =>
            {
                self.disregarded.push(record.seq);
            }
            Entry::Answered { number, answer, .. } => {
                self.resumed_after_question = false;
                let any = planted::is(Bug::AnswerOfAnother);
                let halted = self.shifted(Timestamp::UNIX_EPOCH, at);
                let mut asked = self.questions.iter_mut().rev();
                if let Some(asked) = asked.find(|q| q.number == *number || any) {
                    let halted = since(Timestamp::UNIX_EPOCH, halted);
                    asked.overtaken =
                        *answer == Answer::TimedOut && at <= after(asked.deadline, halted);
                    asked.answer = Some((*answer, record.by.clone()));
                }
            }
            Entry::Waived { database, loss, .. } => {
                self.waived.insert(database.clone(), *loss);
            }
            Entry::Held { step, reason } => self.stop(HaltKind::Held(*step), at, reason),
            Entry::Paused { reason } => self.stop(HaltKind::Paused, at, reason),
            Entry::Stopped { reason, .. } => self.stop(HaltKind::Stopped, at, reason),
            Entry::Resumed { time_limit, .. } => {
                self.resumed_after_question = true;
                self.resumed = Some((record.seq, at));
                self.resumed_from = self.halt.as_ref().map(|halt| halt.kind);
                self.forget_unknown_losses();
                // Nobody looked meanwhile: passes on both sides of a halt are not in a row.
                self.passes = 0;
                // Who is not served may miss capacity that somebody took in again: it is looked at anew.
                if matches!(self.last_pass, Some((_, false))) {
                    self.done.remove(&Step::Restore);
                }
                let over = self.shifted(self.deadline, at) < at;
                if let Some(halt) = self.halt.take() {
                    self.halted = self.halted.plus(since(halt.since, at));
                }
                // Where nothing is left, what is left would be held again at once.
                let anew = over.then(|| self.term());
                if let Some(limit) = time_limit.or(anew) {
                    self.allow(at, limit);
                }
            }
            Entry::Ended { end, reason } => {
                self.end = Some(Ended { end: *end, at, reason: reason.clone() });
                self.halt = None;
            }
            Entry::Acknowledged { .. } => self.acknowledged = Some(at),
            Entry::Closed { next } => self.closed = Some(*next),
            _ => {}
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the three appliers share the entries")]
    fn apply_effects(&mut self, record: &Record) {
        match &record.entry {
            Entry::Intent { effect, change, undoes, before } => {
                if undoes.is_none() && change.fences() {
                    self.begin_fencing();
                }
                let intent = IntentState {
                    seq: record.seq,
                    at: record.at,
                    nonce: record.nonce.clone(),
                    reply: None,
                    again: self
                        .effects
                        .get(effect)
                        .is_some_and(|known| known.applied() && !known.intents.is_empty()),
                };
                let state =
                    Arc::make_mut(&mut self.effects).entry(effect.clone()).or_insert_with(|| {
                        Arc::new(EffectState {
                            intents: Vec::new(),
                            change: (**change).clone(),
                            before: before.as_deref().cloned(),
                            undoes: undoes.clone(),
                            outcome: None,
                        })
                    });
                let state = Arc::make_mut(state);
                if state.intents.is_empty() && state.outcome.is_some() {
                    // Handed over and changed by others since: it is this generation's own from here.
                    state.outcome = None;
                    state.before = before.as_deref().cloned();
                }
                state.change = (**change).clone();
                state.intents.push(intent);
            }
            Entry::Replied { effect, intent, reply } => {
                if let Some(state) = Arc::make_mut(&mut self.effects).get_mut(effect)
                    && let Some(i) =
                        Arc::make_mut(state).intents.iter_mut().find(|i| i.seq == *intent)
                {
                    i.reply = Some(reply.clone());
                }
            }
            Entry::Outcome { effect, applied, .. } => {
                if let Some(state) = Arc::make_mut(&mut self.effects).get_mut(effect) {
                    Arc::make_mut(state).outcome = Some((*applied, record.seq, record.at));
                }
            }
            _ => {}
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the three appliers share the entries")]
    fn apply_findings(&mut self, record: &Record) {
        let at = record.at;
        match &record.entry {
            Entry::Joined { executor } => self.executors.push((executor.clone(), record.seq)),
            Entry::Assessed { evidence, verdict, reason, old_side_well } => {
                self.assessed = Some(Assessed {
                    at,
                    bearing: *verdict,
                    evidence: evidence.clone(),
                    reason: reason.clone(),
                    old_side_well: *old_side_well,
                });
            }
            Entry::Fenced { databases, fence, holds_from, latest_write, .. } => {
                self.begin_fencing();
                for database in databases {
                    let fenced = Fenced {
                        proof: fence.clone(),
                        holds_from: *holds_from,
                        latest_write: *latest_write,
                    };
                    self.prove(database, fenced);
                }
            }
            Entry::LossBound { database, bound, source } => {
                self.losses.insert(database.clone(), (*bound, source.clone()));
            }
            Entry::WriterVerified { database, .. } => {
                self.writers.insert(database.clone());
            }
            Entry::StepDone { step, .. } => {
                self.done.entry(*step).or_insert(at);
            }
            Entry::Committed { .. } => self.fate = Fate::Committed(at),
            Entry::TurnedBack { reason, detail, successor } => {
                self.fate = Fate::TurnedBack(*reason, at);
                self.turned_back_for.clone_from(detail);
                self.allow(at, self.term());
                self.successor.clone_from(successor);
            }
            Entry::OldSideFenced { database, side, .. } => {
                self.old_sides_fenced.insert((database.clone(), *side));
            }
            Entry::SeenAtHome { regions, .. } => {
                self.seen_at_home = Some(at);
                self.home.clone_from(regions);
            }
            Entry::OneWriter { database, side, .. } => {
                self.one_writer.insert((database.clone(), *side), at);
            }
            Entry::Pass { held, .. } => {
                let row = if planted::is(Bug::PassesNotInARow) { self.passes } else { 0 };
                self.passes = if *held { self.passes + 1 } else { row };
                self.last_pass = Some((at, *held));
            }
            _ => {}
        }
    }

    fn stop(&mut self, kind: HaltKind, at: Timestamp, reason: &str) {
        // A later halt replaces the reason, but the clock stands since the first.
        let since = self.halt.as_ref().map_or(at, |h| h.since);
        self.halt = Some(Halt { kind, since, reason: reason.to_owned() });
    }

    /// Whether the commit stands.
    pub fn committed(&self) -> bool {
        matches!(self.fate, Fate::Committed(_))
    }
}

#[cfg(test)]
#[path = "fold_tests.rs"]
mod fold_tests;
