//! What happens to the world and to Leeward's own ground during a run, by a drawn timetable.

use leeward_core::ids::{Region, Side};
use leeward_core::plan::{Plan, Voter};
use leeward_core::time::{Span, Timestamp, after};
use leeward_ports::fake::{RegionState, Sight};

use super::choices::Choices;
use super::faults::Fault;
use super::people::{VERBS, Verb};
use super::puts::Put;
use super::refusals::Refused;
use super::shortages::Shortage;
use super::tellings::Telling;

/// Something that begins at its time, and may end by itself.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Incident {
    /// A Region is so.
    Region(Place, RegionState),
    /// The state table answers nobody.
    TableAway,
    /// The lease's table answers nobody.
    LeaseAway,
    /// Step Functions answers nobody, and what it runs stands still.
    ServiceAway,
    /// Step Functions loses every execution.
    ServiceDies,
    /// Nobody can be told.
    PublisherDown,
    /// The voter of that place in the plan's list sees so.
    Voter(usize, Sight),
    /// Every voter sees an outage that there is not.
    FalseAlarm,
    /// Replication of the first database is broken.
    LinkBroken,
    /// The clock of the primary's writer is set, by so many seconds.
    ClockSet(i64),
    /// The engine of that side takes a backup.
    BackingUp(Side),
    /// A person changes something in the console.
    Hand(Hand),
    /// Two alarms at once.
    TwoTriggers,
    /// A word of an operator.
    Operator(Verb),
    /// A terminal runs the open generation.
    Terminal,
    /// The terminal is closed.
    TerminalCloses,
    /// An execution that has ended is redriven.
    Redrive,
    /// An execution that runs is aborted.
    Abort,
    /// Other code takes the place of the functions; what is under way goes on with the old.
    Deployed(Version),
    /// A service refuses an action until somebody mends the cause.
    Refuses(Refused),
    /// Half of the state table's answers are throttled, lost or undated.
    TableIll(Fault),
    /// A plan is put.
    Put(Put),
    /// Somebody tells of trouble.
    Told(Telling),
    /// What is changed is not seen for so many seconds.
    Lagging(u64),
    /// Every alarm that votes but the first is muted, and says down: nobody is to be moved for that.
    Muted,
    /// Capacity on the standby is not as the plan has it.
    Short(Shortage),
    /// The application of the primary is down, in a Region that is well.
    Crash,
    /// A rule that the plan does not name lets the application reach its database on the primary.
    ForeignRule(Source),
    /// Writers that no size of their group counts: protected from scale-in, or in its warm pool.
    HiddenWriters,
}

/// Who is let in by a rule that the plan does not name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// The members of a security group.
    Group,
    /// A wider range of addresses.
    Range,
    /// A prefix list, by a rule for all ports.
    List,
}

/// What is deployed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    /// The same protocol; what the processes remember is gone.
    Same,
    /// Another protocol, though `deploy-check` would have refused.
    Other,
}

/// Which Region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Primary,
    Standby,
    Control,
}

/// A change in the console.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hand {
    /// A scaling policy's, of the standby's first group.
    Scales,
    /// The minimum of the standby's first group is set back.
    LowersMinimum,
    /// Users are sent the other way.
    TurnsTraffic(bool),
}

/// An incident with its time and, if it ends by itself, how long it lasts.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Planned {
    pub(super) at: Timestamp,
    pub(super) incident: Incident,
    pub(super) lasts: Option<Span>,
}

const STATES: [RegionState; 4] =
    [RegionState::Dead, RegionState::Hanging, RegionState::Partitioned, RegionState::Unseen];
/// How long an incident lasts, in seconds; 0: until everything heals.
const LASTS: [u64; 7] = [0, 20, 60, 150, 400, 900, 1800];

/// What becomes of half of the state table's calls while it is ill.
const ILL: [Fault; 3] = [Fault::Throttle, Fault::ServerErrorAfter, Fault::NoDate];

pub(super) const SOURCES: [Source; 3] = [Source::Group, Source::Range, Source::List];

/// For how long a change is not seen, in seconds: longer than one look after another, and than the longest wait.
const LAGS: [u64; 2] = [20, 100];

/// Most incidents of a run besides the first.
const INCIDENTS_MAX: u32 = 5;
/// Most words of operators.
const WORDS_MAX: u32 = 6;

impl Incident {
    /// Its name in the tables.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Region(_, RegionState::Well) => "Region well",
            Self::Region(_, RegionState::Dead) => "Region dead",
            Self::Region(_, RegionState::Hanging) => "Region hanging",
            Self::Region(_, RegionState::Partitioned) => "Region partitioned",
            Self::Region(_, RegionState::Unseen) => "Region unseen by us alone",
            Self::TableAway => "table away",
            Self::LeaseAway => "lease's table away",
            Self::ServiceAway => "Step Functions away",
            Self::ServiceDies => "Step Functions dies mid-run",
            Self::PublisherDown => "SNS and webhooks down",
            Self::Voter(..) => "one voter blind or deceived",
            Self::FalseAlarm => "all voters deceived",
            Self::LinkBroken => "replication broken",
            Self::ClockSet(_) => "a writer's clock set",
            Self::BackingUp(_) => "engine backing up",
            Self::Hand(_) => "change by hand",
            Self::TwoTriggers => "two triggers at once",
            Self::Operator(verb) => verb.name(),
            Self::Terminal => "leeward run",
            Self::TerminalCloses => "leeward run closed",
            Self::Redrive => "execution redriven",
            Self::Abort => "execution aborted",
            Self::Deployed(Version::Same) => "new version",
            Self::Deployed(Version::Other) => "new version with another protocol",
            Self::Refuses(refused) => refused.refusal.occasion(),
            Self::TableIll(_) => "half of the table's answers ill",
            Self::Put(_) => "plan put",
            Self::Told(telling) => telling.occasion(),
            Self::Lagging(_) => "changes not seen for a while",
            Self::Crash => "application down in a Region that is well",
            Self::ForeignRule(_) => "rule that the plan does not name",
            Self::HiddenWriters => "writers that no size counts",
            Self::Muted => "muted alarms say down",
            Self::Short(shortage) => shortage.occasion(),
        }
    }
}

fn lasting(choices: &mut Choices) -> Option<Span> {
    let seconds = choices.pick(&LASTS).copied().unwrap_or(0);
    (seconds > 0).then(|| Span::seconds(seconds))
}

/// Draws a run's timetable from `start` on.
pub(super) fn timetable(choices: &mut Choices, plan: &Plan, start: Timestamp) -> Vec<Planned> {
    let mut planned = Vec::new();
    // What everything is about: the primary's Region fails, most of the time for long.
    if choices.below(8) != 7 {
        // What came later stands last: recorded choices keep their meaning.
        let state = STATES.get(choices.below(5) as usize).copied();
        let at = after(start, Span::seconds(60 + u64::from(choices.below(60))));
        let lasts = lasting(choices);
        let incident = state.map_or(Incident::Crash, |s| Incident::Region(Place::Primary, s));
        planned.push(Planned { at, incident, lasts });
        if let Some(state) = state.filter(|_| lasts.is_some() && choices.below(4) == 3) {
            flap(choices, &mut planned, state);
        }
    }
    others(choices, plan, start, &mut planned);
    planned.sort_by_key(|p| p.at);
    planned
}

/// Draws the timetable of a second act: the other side's Region is as likely to fail as any.
pub(super) fn again(choices: &mut Choices, plan: &Plan, start: Timestamp) -> Vec<Planned> {
    let mut planned = Vec::new();
    others(choices, plan, start, &mut planned);
    planned.sort_by_key(|p| p.at);
    planned
}

/// One short partition, seen by all or by one voter alone, with triggers at random moments.
pub(super) fn short_partition(
    choices: &mut Choices,
    plan: &Plan,
    start: Timestamp,
    lasts: Span,
) -> Vec<Planned> {
    let at = after(start, Span::millis(90_000 + 250 * u64::from(choices.below(480))));
    let voters = u32::try_from(plan.detection.voters.len()).unwrap_or(1);
    let incident = match choices.below(6) {
        0 => Incident::Region(Place::Primary, RegionState::Partitioned),
        1 => Incident::Region(Place::Primary, RegionState::Unseen),
        2 => Incident::Region(Place::Primary, RegionState::Hanging),
        3 => Incident::Region(Place::Primary, RegionState::Dead),
        4 => Incident::FalseAlarm,
        _ => Incident::Voter(choices.below(voters) as usize, Sight::Outage),
    };
    let mut planned = vec![Planned { at, incident, lasts: Some(lasts) }];
    for _ in 0..choices.below(4) {
        let at = after(at, Span::millis(500 * u64::from(choices.below(400))));
        planned.push(Planned { at, incident: Incident::TwoTriggers, lasts: None });
    }
    planned
}

fn others(choices: &mut Choices, plan: &Plan, start: Timestamp, planned: &mut Vec<Planned>) {
    for _ in 0..choices.below(INCIDENTS_MAX) {
        let at = after(start, Span::seconds(30 * u64::from(choices.below(60))));
        let incident = incident(choices, plan);
        let lasts = lasting(choices);
        if matches!(incident, Incident::Told(_)) {
            // Alone it is too little for anything; one voter that is wrong beside it may be enough.
            let incident = Incident::Voter(0, Sight::Outage);
            planned.push(Planned { at, incident, lasts });
        }
        planned.push(Planned { at, incident, lasts });
    }
    for _ in 0..choices.below(WORDS_MAX) {
        let at = after(start, Span::seconds(20 * u64::from(choices.below(120))));
        let verb = choices.pick(&VERBS).copied().unwrap_or(Verb::Approve);
        planned.push(Planned { at, incident: Incident::Operator(verb), lasts: None });
    }
}

/// The first incident comes again and again.
fn flap(choices: &mut Choices, planned: &mut Vec<Planned>, state: RegionState) {
    let Some(first) = planned.last().cloned() else { return };
    let mut at = first.at;
    for _ in 0..=choices.below(3) {
        at = after(at, first.lasts.unwrap_or_default());
        at = after(at, Span::seconds(20 + 30 * u64::from(choices.below(6))));
        let incident = Incident::Region(Place::Primary, state);
        planned.push(Planned { at, incident, lasts: first.lasts });
    }
}

fn incident(choices: &mut Choices, plan: &Plan) -> Incident {
    let state = |choices: &mut Choices| choices.pick(&STATES).copied().unwrap_or(RegionState::Dead);
    // What came later stands last: recorded choices keep their meaning.
    match choices.below(36) {
        0 => Incident::TwoTriggers,
        1 => Incident::Region(Place::Primary, state(choices)),
        2 => Incident::Region(Place::Standby, state(choices)),
        3 => Incident::Region(Place::Control, state(choices)),
        4 => Incident::TableAway,
        5 => Incident::LeaseAway,
        6 => Incident::ServiceAway,
        7 => Incident::ServiceDies,
        8 => Incident::PublisherDown,
        9 | 10 => {
            let voters = u32::try_from(plan.detection.voters.len()).unwrap_or(1);
            let sight = choices.pick(&[Sight::Blind, Sight::Outage]).copied();
            Incident::Voter(choices.below(voters) as usize, sight.unwrap_or(Sight::Blind))
        }
        11 => Incident::FalseAlarm,
        12 => Incident::LinkBroken,
        13 => Incident::BackingUp(Side::Standby),
        14 => Incident::Hand(Hand::Scales),
        15 => Incident::Hand(Hand::LowersMinimum),
        16 => Incident::Hand(Hand::TurnsTraffic(choices.below(2) == 1)),
        17 => Incident::Terminal,
        18 => Incident::Redrive,
        19 => Incident::Abort,
        20 => Incident::ClockSet(clock(choices, plan)),
        21 => Incident::Deployed(Version::Same),
        22 => Incident::Deployed(Version::Other),
        23 | 24 => Incident::Refuses(Refused::draw(choices)),
        25 => Incident::TableIll(choices.pick(&ILL).copied().unwrap_or(Fault::Throttle)),
        26 => Incident::Put(choices.pick(&Put::ALL).copied().unwrap_or(Put::Voter)),
        27 | 28 => Incident::Told(choices.pick(&Telling::ALL).copied().unwrap_or(Telling::Foreign)),
        29 => Incident::Lagging(choices.pick(&LAGS).copied().unwrap_or(0)),
        30 => Incident::Muted,
        31 => Incident::Crash,
        32 => Incident::ForeignRule(choices.pick(&SOURCES).copied().unwrap_or(Source::Group)),
        33 => Incident::HiddenWriters,
        _ => Incident::Short(choices.pick(&Shortage::ALL).copied().unwrap_or(Shortage::NoRoom)),
    }
}

/// By how much a writer's clock is set. Without a lease nothing compares it with ours: such a clock is taken to
/// be right or behind, as one that is ahead makes the loss look smaller than it is.
fn clock(choices: &mut Choices, plan: &Plan) -> i64 {
    let leased = plan.databases.iter().any(|d| d.lease().is_some());
    let seconds = choices.pick(&[600, -600, 40, -40]).copied().unwrap_or(0);
    if leased { seconds } else { -i64::abs(seconds) }
}

/// The alarms that vote.
pub(super) fn alarms(plan: &Plan) -> impl Iterator<Item = (&Region, &str)> {
    plan.detection.voters.iter().filter_map(|voter| {
        if let Voter::Alarm(v) = voter { Some((&v.region, v.alarm.as_str())) } else { None }
    })
}
