//! Call sites: which function calls which operation, and how often each fault befell it there.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use leeward_core::ids::Step;
use leeward_core::table::{DELIVERED, JOURNAL, PLANS, REFUSALS, SIGNALS, SNAPSHOTS};
use leeward_core::world::Question;
use leeward_ports::fake::Call;
use serde_json::Value;

use super::counts::{Counted, Counts};
use super::faults::{FAULTS, Fault, Port};

/// Who calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Caller {
    /// The detector, by schedule or event.
    Sweep,
    /// A function of the state machine, in that step.
    Step(Step),
    /// A person at a terminal.
    Operator,
    /// `leeward run`, all functions in one process.
    Terminal,
}

impl Caller {
    /// Who it is that a payload makes a function be.
    pub(super) fn of(payload: &Value) -> Self {
        match payload.get("leeward").and_then(Value::as_str) {
            Some("step") => payload
                .get("step")
                .and_then(|step| serde_json::from_value::<Step>(step.clone()).ok())
                .map_or(Self::Sweep, Self::Step),
            Some("detect") => Self::Step(Step::Detect),
            Some(_) | None => Self::Sweep,
        }
    }
}

/// Every caller, in the order of the tables.
const CALLERS: [Caller; 3 + Step::ALL.len()] = {
    let mut callers = [Caller::Sweep; 3 + Step::ALL.len()];
    let mut place = 0;
    while place < Step::ALL.len() {
        callers[1 + place] = Caller::Step(Step::ALL[place]);
        place += 1;
    }
    callers[1 + place] = Caller::Operator;
    callers[2 + place] = Caller::Terminal;
    callers
};

impl Caller {
    /// Its place in `CALLERS`.
    fn place(self) -> usize {
        match self {
            Self::Sweep => 0,
            Self::Step(step) => 1 + step as usize,
            Self::Operator => 1 + Step::ALL.len(),
            Self::Terminal => 2 + Step::ALL.len(),
        }
    }
}

impl std::fmt::Display for Caller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sweep => f.write_str("sweep"),
            Self::Step(step) => write!(f, "{step}"),
            Self::Operator => f.write_str("operator"),
            Self::Terminal => f.write_str("leeward run"),
        }
    }
}

/// One operation from one caller.
pub type Site = (Caller, &'static str);

impl Counted for (&'static str, Port) {
    fn is(&self, other: &Self) -> bool {
        // The same name may stand at two addresses.
        std::ptr::eq(self.0, other.0)
    }
}

impl Counted for Caller {
    fn is(&self, other: &Self) -> bool {
        self == other
    }
}

/// One fault at one call site.
pub type Cell = (Site, Fault);

/// The operation that a call is, by port and thing.
pub fn operation(call: &Call<'_>) -> &'static str {
    match call {
        Call::Get(key) => item(&key.sk, ["get entry", "get plan", "get switch", "get hint"]),
        Call::List(_, sk) if sk.starts_with(JOURNAL) => "list journal",
        Call::List(_, sk) if sk.starts_with(DELIVERED) => "list delivered",
        Call::List(_, sk) if sk.starts_with(REFUSALS) => "list refusals",
        Call::List(pk, _) if *pk == PLANS => "list plans",
        Call::List(..) => "list facts",
        Call::Put(item, _) => written(&item.key.sk),
        Call::Look(question) => look(question),
        Call::Change(change) => change.operation(),
        Call::Start(_) => "states:StartExecution",
        Call::State(_) => "states:DescribeExecution",
        Call::Publish(receiver) if receiver.starts_with("arn:") => "sns:Publish",
        Call::Publish(_) => "webhook",
    }
}

fn item(sk: &str, names: [&'static str; 4]) -> &'static str {
    let [entry, plan, switch, other] = names;
    match sk {
        _ if sk.starts_with(JOURNAL) => entry,
        _ if sk.starts_with("V#") => plan,
        "SWITCH" => switch,
        _ => other,
    }
}

fn written(sk: &str) -> &'static str {
    if sk.starts_with(JOURNAL) {
        "put entry"
    } else if sk.starts_with(DELIVERED) {
        "put delivered"
    } else if sk.starts_with(REFUSALS) {
        "put refusal"
    } else if sk.starts_with(SIGNALS) {
        "put signal"
    } else if sk.starts_with(SNAPSHOTS) {
        "put fact"
    } else if sk.starts_with("EV#") {
        "put evidence"
    } else {
        "put hint"
    }
}

fn look(question: &Question) -> &'static str {
    match question {
        Question::Lease { .. } => "look: lease",
        Question::Rds { .. } => "look: RDS",
        Question::Global { .. } => "look: global cluster",
        Question::TableReplica { .. } => "look: table replica",
        Question::LatestMetric { .. } => "look: metric",
        Question::Sql { .. } => "look: engine",
        Question::Group { .. } => "look: group",
        Question::Instances { .. } => "look: instances",
        Question::EcsService { .. } => "look: service",
        Question::Concurrency { .. } => "look: concurrency",
        Question::EventSource { .. } => "look: mapping",
        Question::Targets { .. } => "look: targets",
        Question::Ingress { .. } => "look: ingress",
        Question::DatabaseNetwork { .. } => "look: database network",
        Question::WriterGroup { .. } => "look: writer group",
        Question::Record { .. } => "look: record",
        Question::Name(_) => "look: name",
        Question::Http(_) => "look: HTTP",
        Question::Alarm { .. } => "look: alarm",
        Question::GroupMembers { .. } => "look: members of a group",
        Question::InstanceStatus { .. } => "look: status of instances",
        Question::TargetHealth { .. } => "look: targets, each",
        Question::ServiceHealth { .. } => "look: AWS Health",
        Question::Series { .. } => "look: series of a metric",
        Question::Zone { .. } => "look: zone",
        Question::RecordSets { .. } => "look: records of a name",
        Question::ZoneChange { .. } => "look: change of a zone",
        Question::Authority { .. } => "look: authoritative answer",
    }
}

/// Calls by caller, and there by operation and its port: each caller has a few that come often.
#[derive(Debug, Clone, Default)]
pub struct Calls([Counts<(&'static str, Port)>; CALLERS.len()]);

impl Calls {
    /// How often anything was called.
    pub fn all(&self) -> u64 {
        self.0.iter().map(Counts::all).sum()
    }

    /// Where anything was called.
    pub fn sites(&self) -> impl Iterator<Item = Site> {
        let of = |(caller, calls): (Caller, &'_ Counts<(&'static str, Port)>)| {
            calls.what().map(move |(operation, _)| (caller, operation)).collect::<Vec<Site>>()
        };
        CALLERS.into_iter().zip(&self.0).flat_map(of)
    }

    /// Each site with its port and how often it called, in their order.
    pub fn sorted(&self) -> Vec<(Site, Port, u64)> {
        let mut sorted = Vec::new();
        for (caller, calls) in CALLERS.into_iter().zip(&self.0) {
            let own = calls.sorted().into_iter();
            sorted.extend(own.map(|((name, port), count)| ((caller, name), port, count)));
        }
        sorted
    }
}

/// What was called from where, and what befell it.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// Calls by site.
    pub calls: Calls,
    /// Faults by site and kind.
    pub faults: BTreeMap<Cell, u64>,
    /// Everything else that went wrong or was done, by name.
    pub events: BTreeMap<&'static str, u64>,
}

impl Tally {
    /// Counts a call.
    pub(super) fn call(&mut self, (caller, operation): Site, port: Port) {
        self.calls.0[caller.place()].add((operation, port), 1);
    }

    /// Counts a fault that befell a call.
    pub(super) fn fault(&mut self, site: Site, fault: Fault) {
        *self.faults.entry((site, fault)).or_default() += 1;
    }

    /// Counts something else.
    pub fn event(&mut self, name: &'static str) {
        *self.events.entry(name).or_default() += 1;
    }

    /// Takes in another tally.
    pub fn add(&mut self, other: &Self) {
        for (own, other) in self.calls.0.iter_mut().zip(&other.calls.0) {
            own.merge(other);
        }
        for (cell, count) in &other.faults {
            *self.faults.entry(*cell).or_default() += count;
        }
        for (name, count) in &other.events {
            *self.events.entry(name).or_default() += count;
        }
    }

    /// Cells of (call site × fault) that can be hit.
    pub fn cells(&self) -> impl Iterator<Item = Cell> {
        self.calls.sorted().into_iter().flat_map(|(site, port, _)| {
            FAULTS.into_iter().filter(move |f| f.befalls(port)).map(move |fault| (site, fault))
        })
    }

    /// Those of them that were not hit.
    pub fn missed(&self) -> Vec<Cell> {
        self.cells().filter(|cell| !self.faults.contains_key(cell)).collect()
    }

    /// Faults by kind, then everything else, as a table.
    pub fn by_kind(&self) -> String {
        let mut text = String::from("faults of calls, by kind\n");
        for fault in FAULTS {
            let count: u64 =
                self.faults.iter().filter(|((_, f), _)| *f == fault).map(|(_, n)| n).sum();
            let _ = writeln!(text, "  {:<18} {count:>12}", fault.name());
        }
        text.push_str("everything else, by kind\n");
        for (name, count) in &self.events {
            let _ = writeln!(text, "  {name:<34} {count:>12}");
        }
        text
    }

    /// The table of (call site × fault); a dot where a fault cannot befall the call.
    pub fn by_site(&self) -> String {
        let mut text = String::from("call site × fault\n");
        let _ = write!(text, "  {:<12} {:<34} {:>10}", "from", "operation", "calls");
        for fault in FAULTS {
            let _ = write!(text, " {:>15}", fault.name());
        }
        text.push('\n');
        for (site, port, calls) in self.calls.sorted() {
            let _ = write!(text, "  {:<12} {:<34} {calls:>10}", site.0.to_string(), site.1);
            for fault in FAULTS {
                if fault.befalls(port) {
                    let count = self.faults.get(&(site, fault)).copied().unwrap_or(0);
                    let _ = write!(text, " {count:>15}");
                } else {
                    let _ = write!(text, " {:>15}", ".");
                }
            }
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_caller_has_the_place_at_which_it_stands() {
        let places: Vec<usize> = CALLERS.into_iter().map(Caller::place).collect();
        assert_eq!(places, (0..CALLERS.len()).collect::<Vec<_>>());
        assert!(CALLERS.is_sorted());
    }

    #[test]
    fn calls_are_counted_where_they_come_from() {
        let (mut one, mut other) = (Tally::default(), Tally::default());
        let (sweep, fence) = ((Caller::Sweep, "get plan"), (Caller::Step(Step::Fence), "get plan"));
        (0..3).for_each(|_| one.call(sweep, Port::Read));
        (0..2).for_each(|_| other.call(fence, Port::Read));
        other.call(sweep, Port::Read);
        one.add(&other);
        assert_eq!(one.calls.sorted(), [(sweep, Port::Read, 4), (fence, Port::Read, 2)]);
        assert_eq!((one.calls.all(), one.calls.sites().count()), (6, 2));
    }
}
