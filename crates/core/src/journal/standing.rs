//! What a generation's effects left in the world, as far as its journal tells.

use crate::effect::EffectId;
use crate::journal::{EffectState, State, Unproven};
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

    /// When the last request that nobody saw the end of can no longer land.
    pub fn safe_from(&self, limits: &Limits) -> Option<Timestamp> {
        let unknown = self.unresolved().flat_map(|(_, e)| e.intents.iter().map(|i| i.at));
        let strays = self.effects.values().filter_map(|e| e.stray());
        unknown.chain(strays).map(|at| after(at, limits.request_life)).max()
    }

    /// The time of the last change that was sent.
    pub fn last_effect(&self) -> Option<Timestamp> {
        self.effects.values().flat_map(|e| e.intents.iter()).map(|i| i.at).max()
    }
}

#[cfg(test)]
#[path = "standing_tests.rs"]
mod tests;
