//! What only a person can do, and how often people are told of it.

use crate::brake::Holds;
use crate::error::StepError;
use crate::evidence::Assessment;
use crate::ids::{Generation, PlanId, WorkloadId};
use crate::journal::{State, chain};
use crate::plan::Plan;
use crate::residence::way_home;
use crate::time::Timestamp;

/// Why a person is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needed {
    /// The same word for the same reason: people are told once, not each minute.
    pub cause: String,
    /// Why nothing is done by itself.
    pub why: String,
    /// The same with what was seen, with the numbers.
    pub reason: String,
    /// What to do.
    pub actions: Vec<String>,
    /// How often people are told of it while it lasts.
    pub every: Every,
}

/// How often people are told of the same need.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Every {
    /// Once an hour.
    #[default]
    Hour,
    /// Once a day: it is known, and must not be forgotten.
    Day,
    /// Once, as of that instant.
    Once(Timestamp),
}

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

impl Needed {
    /// The brake holds this one back.
    pub fn by_the_brake(holds: &Holds, assessment: &Assessment) -> Self {
        Self {
            cause: "brake".to_owned(),
            why: holds.to_string(),
            reason: format!("A person is needed: {holds}. Seen: {}", assessment.sentence()),
            actions: vec![
                "leeward brake".to_owned(),
                "leeward brake release --reason …".to_owned(),
            ],
            every: Every::Hour,
        }
    }

    /// The sweep fails for this workload, again and again: nobody watches it.
    pub fn unswept(workload: &WorkloadId, since: Timestamp, error: &StepError) -> Self {
        let why =
            format!("{workload} is not watched: each sweep since {since} fails for it: {error}");
        Self::to_watch("unswept".to_owned(), why, vec![format!("leeward audit {workload}")])
    }

    /// A plan is in force and cannot be read.
    pub fn unread_plan(plan: &PlanId, why: &str) -> Self {
        let reason =
            format!("plan {plan} is stored and cannot be read, so nothing is watched by it: {why}");
        let actions = vec!["leeward plan put FILE".to_owned()];
        Self::to_watch(format!("unread-plan:{plan}"), reason, actions)
    }

    /// A recovery by this plan would ask a person about its writer lease, which proves nothing.
    pub fn lease_unproven(plan: &Plan, asks: &[String]) -> Self {
        let why = format!(
            "a recovery by plan {} would wait for a person, since its writer lease proves nothing: {}",
            plan.plan,
            asks.join("; ")
        );
        let actions = vec![
            format!("leeward lease show {}", plan.workload),
            "do what is said there: put a plan, or let every holder write its terms".to_owned(),
        ];
        let cause = format!("lease:{}:{}", plan.plan, chain::digest(why.as_bytes()));
        // Nothing is wrong yet, and it may take a person a while.
        Self::to_watch(cause, why, actions).daily()
    }

    /// A workload has journals or a lease, and no plan: nobody watches it.
    pub fn no_plan(workload: &WorkloadId) -> Self {
        let why = format!(
            "{workload} had a plan, and none is in force now: nobody watches it, and no recovery of it is opened"
        );
        let actions = vec![
            "leeward plan put FILE".to_owned(),
            format!("leeward plan retire --workload {workload} --reason …"),
        ];
        Self::to_watch("no-plan".to_owned(), why, actions).daily()
    }

    /// Two plans in force do not agree.
    pub fn clash(plan: &PlanId, clashes: &[String]) -> Self {
        let why = format!("plan {plan} does not agree with other plans: {}", clashes.join("; "));
        let actions = vec!["leeward plan show".to_owned()];
        Self::to_watch(format!("clash:{plan}"), why, actions).daily()
    }

    /// A recovery is open, and its executor cannot be started.
    pub fn not_started(workload: &WorkloadId, generation: Generation, error: &str) -> Self {
        let why = format!(
            "generation {generation} of {workload} is open and its executor cannot be started; each sweep tries again: {error}"
        );
        let actions = vec![format!("leeward run {workload}")];
        Self::to_watch(format!("not-started:{generation}"), why, actions)
    }

    /// A recovery is open that another version began, and this one leaves it alone.
    pub fn foreign(workload: &WorkloadId, generation: Generation, why: &str) -> Self {
        let why = format!("{why}: until then nobody works on {workload}");
        let actions = vec!["leeward deploy-check".to_owned()];
        Self::to_watch(format!("foreign:{generation}"), why, actions)
    }

    fn daily(self) -> Self {
        Self { every: Every::Day, ..self }
    }

    /// What the plan names is not as it says: a recovery would fail by it, behind the commit at worst.
    pub fn not_ready(plan: &PlanId, errors: &[String]) -> Self {
        let why = format!("a recovery by plan {plan} would fail: {}", errors.join("; "));
        let cause = format!("not-ready:{plan}:{}", chain::digest(why.as_bytes()));
        let actions = vec!["mend what is named, or `leeward plan put FILE`".to_owned()];
        Self::to_watch(cause, why, actions).daily()
    }

    fn to_watch(cause: String, why: String, actions: Vec<String>) -> Self {
        let reason = format!("A person is needed: {why}");
        Self { cause, why, reason, actions, every: Every::Hour }
    }

    /// It lives on the other side for so long: a day's reminder that nothing is opened by itself.
    pub fn away(last: &State) -> Self {
        let decision = &last.decision;
        let (workload, generation) = (&decision.workload, last.moved_by());
        let why = format!(
            "{workload} lives away from home since generation {generation}: nothing is opened by itself until it is home again"
        );
        Self::to_watch(format!("away:{generation}"), why, vec![way_home(last)]).daily()
    }

    /// A plan in force has sides that are not those of the journals: it opens nothing, whatever is seen. `down`: since
    /// when a quorum says down, and what is seen.
    pub fn strayed(plan: &Plan, why: &str, down: Option<(Timestamp, &str)>) -> Self {
        let actions =
            vec![format!("leeward status {}", plan.workload), "leeward plan put FILE".to_owned()];
        let cause = format!("strayed:{}", plan.plan);
        match down {
            None => Self::to_watch(cause, why.to_owned(), actions).daily(),
            Some((began, seen)) => {
                let why = format!("{why}, though a quorum says down since {began}: {seen}");
                Self::to_watch(format!("{cause}:down"), why, actions)
            }
        }
    }

    /// While it lives on the other side a quorum says that its home is down.
    pub fn down_while_away(last: &State, began: Timestamp, seen: &str) -> Self {
        let decision = &last.decision;
        let (workload, generation) = (&decision.workload, last.moved_by());
        let why = format!(
            "{workload} lives away from home since generation {generation}, so nothing is opened though a quorum says down since {began}: {seen}"
        );
        let (every, cause) = (Every::Once(began), format!("down-while-away:{generation}"));
        let actions = vec![format!("leeward assess {workload}"), way_home(last)];
        Self { every, ..Self::to_watch(cause, why, actions) }
    }

    /// Another recovery would take the place of an open one, and what asks for it began behind the open one's own
    /// fence.
    pub fn behind_its_own_fence(
        open: &State,
        fenced: Timestamp,
        wanted: &Plan,
        assessment: &Assessment,
    ) -> Self {
        let d = &open.decision;
        let (workload, generation, plan) = (&d.workload, d.generation, &wanted.plan);
        let why = format!(
            "{} is seen down since generation {generation} of {workload} fenced it itself at {fenced}: that may be its own fence, or a real outage. The generation goes on by plan {} to {}; plan {plan} does not take its place by itself",
            wanted.source_region(d.direction),
            d.plan,
            d.target
        );
        let stop = format!("leeward stop {workload} --reason …");
        let actions = vec![
            format!("to let it go on: nothing (`leeward status {workload}`)"),
            format!("to give its fence back: {stop}; leeward decline {workload} --reason …"),
            format!(
                "to recover by plan {plan} instead: {stop}; leeward abandon {workload} --reason …; leeward ack {workload} --reason …; leeward start {workload} --plan {plan} --direction {} --reason …",
                d.direction
            ),
        ];
        let cause = format!("behind-its-own-fence:{generation}");
        let needed = Self::to_watch(cause, why, actions);
        let reason = format!("{}. Seen: {}", needed.reason, assessment.sentence());
        Self { every: Every::Once(fenced), reason, ..needed }
    }

    /// One instant for the same cause within its time: the sweep meets it again each minute, and people
    /// are told once.
    pub fn told_as_of(&self, now: Timestamp) -> Timestamp {
        let begun = |every: i64| now.as_millisecond().div_euclid(every) * every;
        let (from, within) = match self.every {
            Every::Hour => (begun(HOUR_MS), HOUR_MS),
            Every::Day => (begun(DAY_MS), DAY_MS),
            Every::Once(at) => (at.as_millisecond(), HOUR_MS),
        };
        let digest = chain::digest(self.cause.as_bytes());
        let place = digest.as_str().bytes().take(8).fold(0i64, |sum, b| sum * 31 + i64::from(b));
        Timestamp::from_millisecond(from + place.rem_euclid(within)).unwrap_or(now)
    }
}
