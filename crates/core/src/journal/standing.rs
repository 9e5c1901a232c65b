//! What a generation's effects left in the world, as far as its journal tells.

use crate::effect::EffectId;
use crate::ids::{EntryId, Seq, Step};
use crate::journal::decision::also_closed;
use crate::journal::{
    EffectState, End, Fate, FenceProof, Fenced, IntentState, LeftClosed, State, Unproven,
};
use crate::limits::Limits;
use crate::time::{Timestamp, after};

impl State {
    /// Old sides that nobody has proven, or seen, fenced: of this generation and of those before it. A
    /// side that was moved back to is no old side.
    pub fn unproven(&self) -> Vec<Unproven> {
        let (generation, direction) = (self.decision.generation, self.decision.direction);
        let mut all = self.decision.unproven.clone();
        if self.committed() {
            all.retain(|u| u.side != direction.target());
            let waived = self.waived.keys().filter(|id| !self.fenced.contains_key(*id));
            all.extend(waived.map(|id| Unproven {
                database: id.clone(),
                side: direction.source(),
                generation,
            }));
        }
        all.retain(|u| !self.old_sides_fenced.contains(&(u.database.clone(), u.side)));
        all
    }

    /// What generations up to this one closed of a side and nobody has opened since, as far as journals tell. A
    /// side that was moved to has been opened before the commit.
    pub fn left_closed(&self) -> Vec<LeftClosed> {
        let decision = &self.decision;
        let mut all = decision.left_closed.clone();
        let undone = |id: &EffectId| self.effects.get(&id.undo()).is_some_and(|e| e.applied());
        if self.committed() {
            all.retain(|left| left.side != decision.direction.target());
        } else {
            let opened: Vec<LeftClosed> = decision
                .reopens()
                .filter(|(id, _)| self.effects.get(id).is_some_and(|e| e.applied()) && !undone(id))
                .map(|(_, left)| left.clone())
                .collect();
            all.retain(|left| !opened.contains(left));
        }
        let given_up = self.end.as_ref().is_some_and(|e| e.end == End::Abandoned);
        if self.committed() || given_up {
            let own = self.each_effect().filter(|(id, e)| {
                // What was never seen was not seen open either, and behind the commit nobody undoes it.
                let unseen = self.committed() && e.may_have_landed();
                let shut = e.applied() || e.unresolved() || unseen;
                e.undoes.is_none() && e.change.closes() && shut && !undone(id)
            });
            own.filter_map(|(id, e)| self.shut_by(id, e)).for_each(|l| also_closed(&mut all, l));
        }
        self.as_at_home(all)
    }

    fn shut_by(&self, id: &EffectId, effect: &EffectState) -> Option<LeftClosed> {
        let decision = &self.decision;
        if id.step() != Some(Step::Fence) || decision.reopens().any(|(other, _)| other == *id) {
            return None;
        }
        let database = id.target()?.split(':').next()?;
        Some(LeftClosed {
            database: database.into(),
            side: decision.direction.source(),
            generation: decision.generation,
            closed: effect.change.clone(),
            reopen: effect.before.clone()?,
        })
    }

    /// Whether the next generation goes on with that effect.
    pub fn keeps(&self, effect: &EffectId) -> bool {
        self.successor.as_ref().is_some_and(|next| next.keeps.contains(effect))
    }

    /// Every effect that was ever intended.
    pub fn each_effect(&self) -> impl Iterator<Item = (&EffectId, &EffectState)> {
        self.effects.iter().map(|(id, effect)| (id, &**effect))
    }

    /// Effects that may be in flight or done without our having seen which.
    pub fn unresolved(&self) -> impl Iterator<Item = (&EffectId, &EffectState)> {
        self.each_effect().filter(|(_, e)| e.unresolved())
    }

    /// Effects that stand in the world: done and not undone.
    pub fn standing(&self) -> impl Iterator<Item = (&EffectId, &EffectState)> {
        let undone = |id: &EffectId| self.effects.get(&id.undo()).is_some_and(|e| e.applied());
        let own = self.each_effect().filter(|(_, e)| e.undoes.is_none());
        own.filter(move |(id, e)| e.applied() && !undone(id))
    }

    /// When the old side was first fenced of what stands, or may stand, of fences: from then on its users may find
    /// nobody there because of Leeward itself.
    pub fn fenced_since(&self) -> Option<Timestamp> {
        let undone = |id: &EffectId| self.effects.get(&id.undo()).is_some_and(|e| e.applied());
        let fences = self.each_effect().filter(|(id, e)| {
            let fences = id.step() == Some(Step::Fence) && e.undoes.is_none() && e.change.fences();
            fences && (e.applied() || e.may_have_landed()) && !undone(id)
        });
        fences.map(|(id, e)| self.first_sent(id, e)).min()
    }

    /// When an effect was first sent. One that was handed over without its time stands since before anything.
    pub fn first_sent(&self, id: &EffectId, effect: &EffectState) -> Timestamp {
        let given = self.decision.handed_over.iter().find(|given| given.effect == *id);
        match (given, effect.intents.first()) {
            (Some(given), _) => given.sent.unwrap_or(Timestamp::UNIX_EPOCH),
            (None, Some(intent)) => intent.at,
            (None, None) => Timestamp::UNIX_EPOCH,
        }
    }

    /// When the last request that nobody saw the end of can no longer land.
    pub fn safe_from(&self, limits: &Limits) -> Option<Timestamp> {
        let unknown = self.unresolved().flat_map(|(_, e)| e.intents.iter().map(|i| i.at));
        let strays = self.effects.values().filter_map(|e| e.stray());
        unknown.chain(strays).map(|at| after(at, limits.request_life)).max()
    }

    /// The place of the last resumption; 0: there was none.
    pub fn resumed_at(&self) -> Seq {
        self.resumed.map_or(Seq(0), |(seq, _)| seq)
    }

    /// The intents of an effect that were written since the last resumption: only they count against the
    /// number of sends, and only their replies are answers to what a person has mended.
    pub fn tried<'a>(&self, effect: &'a EffectState) -> &'a [IntentState] {
        let before = effect.intents.partition_point(|i| i.seq < self.resumed_at());
        &effect.intents[before..]
    }

    /// The first fence of this generation goes on record: what was seen of the old side before it stays.
    pub(super) fn begin_fencing(&mut self) {
        if self.well_before_fence.is_none() {
            self.well_before_fence = self.assessed.as_ref().and_then(|a| a.old_side_well);
        }
    }

    /// A proof goes on record. A lease that was taken anew, after somebody gave it away, was written under
    /// meanwhile: what could be lost is bound anew.
    pub(super) fn prove(&mut self, database: &EntryId, fenced: Fenced) {
        let epoch = |f: &Fenced| match f.proof {
            FenceProof::WriterLease { epoch } => Some(epoch),
            FenceProof::StopWriter
            | FenceProof::Isolate
            | FenceProof::Switchover
            | FenceProof::NotNeeded => None,
        };
        let before = self.fenced.get(database).and_then(epoch);
        if before.is_some() && epoch(&fenced).is_some_and(|now| Some(now) != before) {
            self.losses.remove(database);
        }
        self.fenced.insert(database.clone(), fenced);
    }

    /// After a resumption a loss that nobody knew is asked for anew, as the cause may be mended.
    pub(super) fn forget_unknown_losses(&mut self) {
        if self.fate == Fate::Open && !self.done.contains_key(&Step::Fence) {
            let waived = &self.waived;
            self.losses.retain(|id, (bound, _)| bound.is_some() || waived.contains_key(id));
        }
    }

    /// The time of the last change that was sent.
    pub fn last_effect(&self) -> Option<Timestamp> {
        self.effects.values().flat_map(|e| e.intents.iter()).map(|i| i.at).max()
    }
}

#[cfg(test)]
#[path = "standing_tests.rs"]
mod tests;
