//! Mistakes planted on purpose, one line each, to prove that the tests would find them.
//!
//! Nothing of it is compiled without the feature `planted`, which no crate but the tests turns on:
//! `is` is then the constant `false`. With it, a mistake is made only where a test has sown it, and
//! only on that test's own thread. The table of what each breaks, and who finds it, is
//! `tests/src/planted/`.

/// One honest mistake at one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bug {
    /// A later trigger overwrites the decision, as the next holder of a lease would.
    DecisionOverwritten,
    /// The next generation opens without a cool-down.
    NoCoolDown,
    /// The next generation opens while a request of the last may still land.
    NoSafetyWait,
    /// A generation may be abandoned while a request may still land.
    AbandonedAtOnce,
    /// The generation before gets no last entry.
    PredecessorNotClosed,
    /// A trigger opens a generation although one is open.
    OpensBesideAnother,
    /// A journal may be closed although its generation has not ended.
    ClosedWhileOpen,
    /// A step goes by the plan in force and not by the one that the decision names.
    PlanInForce,
    /// An entry is put without its condition.
    EntryOverwritten,
    /// An entry with the same content is taken for one's own.
    ContentForNonce,
    /// One's own entry, whose answer was lost, is taken for another's.
    OwnWriteForConflict,
    /// The journal is read weakly: the last entry may be missing.
    WeakRead,
    /// A blind voter counts as one that says down.
    UnknownIsDown,
    /// The suspect Region's own voters are enough.
    NoOutsideWitness,
    /// A vote counts from its first second on.
    NotSustained,
    /// A vote counts however old it is.
    StaleVotes,
    /// A vote that an event tells lasts since the date that the event names.
    SustainedByDate,
    /// An issue of AWS Health about any resource of an account is news of this workload.
    AnyonesTrouble,
    /// Voters outside that see it well weigh nothing.
    HealthyIgnored,
    /// Each look dates the trouble anew, so that what only looks can tell is never sustained.
    BeginningForgotten,
    /// An assessment counts however old it is.
    OldEvidence,
    /// The journal admits a commit and a fence on old evidence.
    RuleOldEvidence,
    /// An assessment is named, and not stored.
    EvidenceNotStored,
    /// A lease that was not renewed lately counts as taken.
    LeaseRead,
    /// A fence counts from the instant at which the lease was taken.
    NoFenceWait,
    /// The lease's terms are the plan's, whatever its holders say.
    PlanTermsAlone,
    /// The lease's time is waited for, its drift and the longest statement are not.
    ProofWithoutDrift,
    /// A `Date` is taken for the instant itself.
    DateIsExact,
    /// A revoked rule counts as a fence, whatever sessions live on.
    RevokeIsAFence,
    /// An isolated database is closed when the plan's own rules are gone, whoever else is let in.
    PlanRulesAlone,
    /// What waits in a warm pool does not count as an instance of the writers' group.
    PoolForgotten,
    /// A side is opened to its application again whatever its database is.
    ReopensUnseen,
    /// The journal admits that a side is opened again although nobody saw what its database is.
    RuleReopensUnseen,
    /// The commit does not ask for the fences.
    CommitsUnfenced,
    /// The journal admits a commit without fences.
    RuleUnfenced,
    /// A fence that needs the old side's help is not looked at again before the promotion.
    FenceNotSeenAgain,
    /// No loss is too great.
    LossIgnored,
    /// A heartbeat counts as the old side's, whoever wrote it.
    AnothersHeartbeat,
    /// The loss is counted up to the fence, and not up to the last write that it lets through.
    LossToTheFence,
    /// A yes covers a loss that nobody was shown.
    YesCoversAll,
    /// The answer to one question is taken for the answer to the next.
    AnswerOfAnother,
    /// A step after the commit does not ask for it.
    GateOpen,
    /// The promotion does not ask for the commit.
    PromotesUncommitted,
    /// The journal admits a promotion without the commit.
    RuleUncommitted,
    /// A lease is moved by an epoch that is no longer its own.
    OldEpoch,
    /// The lease's table compares the owner alone.
    EpochUnchecked,
    /// The lease is given to a side whose database is not seen as the writer.
    GrantsUnverified,
    /// A change is sent, then its intent is written.
    EffectBeforeIntent,
    /// A change is sent although its intent could not be written.
    EffectWithoutJournal,
    /// A change without an answer counts as made.
    TimeoutIsSuccess,
    /// A change without an answer is sent again at once, without a look.
    SentAgainUnseen,
    /// The outcome is written before the change is sent.
    OutcomeFirst,
    /// A late request is signed anew where it is sent, so nobody refuses it.
    LateAccepted,
    /// A change is sent again for as long as it takes.
    SentForEver,
    /// What was refused once is not asked for again, whatever a person has mended since.
    RefusedForEver,
    /// A step that cannot be done before the commit turns back at once, whether or not the old side is well.
    TurnsBackUnseen,
    /// What an abandoned generation before lost is forgotten by the next.
    LossOfOneGeneration,
    /// A zone's records change without a comparison of the fence number.
    NoCompareAndSwap,
    /// What is not seen has not happened.
    UnseenIsUndone,
    /// An undo goes towards a side that nobody has seen well.
    UndoTowardsTheDead,
    /// A step undoes after the commit.
    UndoesCommitted,
    /// The journal admits an undo after the commit.
    RuleUndoesCommitted,
    /// Users are moved although a database has no verified writer.
    TrafficUnverified,
    /// A validation without checks passes.
    EmptyPasses,
    /// Whoever answers is the right side.
    NoSideMarker,
    /// One validation pass is enough.
    OnePassIsEnough,
    /// A failed pass does not break the row.
    PassesNotInARow,
    /// Recovered does not wait for what may still land.
    EndsInTheAir,
    /// The journal admits an end with an intent unresolved.
    RuleEndsInTheAir,
    /// A notice is marked as delivered, then sent.
    MarkedBeforeSent,
    /// The answer of somebody who is no approver counts.
    AnybodyDecides,
    /// Where a workload lives is what its last generation did, whatever is seen since.
    AwayForEver,
    /// A Held is not told.
    HeldNotTold,
    /// The sweeper starts an executor of a generation that waits for a person.
    SweepsHeld,
    /// A step goes on although a person stopped it.
    GoesOnStopped,
    /// The journal admits an intent after a stop.
    RuleGoesOnStopped,
}

/// Whether this mistake is made here and now: never, without the feature.
#[cfg(not(feature = "planted"))]
#[inline]
pub const fn is(_: Bug) -> bool {
    false
}

#[cfg(feature = "planted")]
pub use sown::{Field, is, lift, sow};

#[cfg(feature = "planted")]
mod sown {
    //! Which mistakes this thread makes.

    use std::cell::Cell;
    use std::marker::PhantomData;

    use super::Bug;

    thread_local! {
        static SOWN: Cell<u128> = const { Cell::new(0) };
    }

    /// Mistakes are made on this thread for as long as it lives.
    #[derive(Debug)]
    #[must_use = "what is sown is lifted when this is dropped"]
    pub struct Field {
        before: u128,
        own_thread: PhantomData<*const ()>,
    }

    /// Sows these mistakes beside those that stand.
    pub fn sow(bugs: &[Bug]) -> Field {
        let before = SOWN.get();
        SOWN.set(bugs.iter().fold(before, |sown, bug| sown | bit(*bug)));
        Field { before, own_thread: PhantomData }
    }

    /// Lifts what stands, for whoever judges.
    pub fn lift() -> Field {
        Field { before: SOWN.replace(0), own_thread: PhantomData }
    }

    impl Drop for Field {
        fn drop(&mut self) {
            SOWN.set(self.before);
        }
    }

    /// Whether this mistake is made here and now.
    pub fn is(bug: Bug) -> bool {
        SOWN.get() & bit(bug) != 0
    }

    fn bit(bug: Bug) -> u128 {
        1 << (bug as u128)
    }
}
