//! What befalls a run beside the faults of single calls, and when it counts: a Region that fails while
//! another one is ill, an outage during a drill, an old side that comes back after its recovery.
//!
//! Each is counted where it happens, by what the journals say at that moment, not where it was drawn.

use std::fmt::Write as _;

use leeward_ports::fake::Promotion;

use super::incidents::{Incident, Place, Version};
use super::run::Run;
use super::sites::Tally;

/// Everything that has to befall some run, by the names that runs count it by.
pub const OCCASIONS: [&str; 72] = [
    "Region dead",
    "Region hanging",
    "Region partitioned",
    "Region unseen by us alone",
    "Region flapping",
    "partition of a minute",
    "partition of a minute, one voter's",
    "second incident during the first",
    "real outage during a drill",
    "old side back after Recovered",
    "one voter blind or deceived",
    "all voters deceived",
    "replication broken",
    "replication broken, then the Region",
    "engine backing up",
    "promotion that fails",
    "promotion that stalls",
    "table away",
    "lease's table away",
    "Step Functions away",
    "Step Functions dies mid-run",
    "SNS and webhooks down",
    "function killed",
    "function frozen",
    "function timed out",
    "invocation delivered twice",
    "invocation delivered again later",
    "invocation made again days later",
    "execution redriven",
    "execution aborted",
    "leeward run",
    "leeward run closed",
    "leeward run opened again",
    "two triggers at once",
    "change by hand",
    "writer's clock ten minutes ahead",
    "writer's clock ten minutes behind",
    "a writer's clock set",
    "new version during a recovery",
    "another protocol during a recovery",
    "way back after a recovery",
    "operator: start",
    "operator: start to primary",
    "operator: start a drill",
    "operator: pause",
    "operator: stop",
    "operator: approve",
    "operator: decline",
    "operator: waive",
    "operator: resume",
    "operator: abandon",
    "action denied until mended",
    "action throttled until mended",
    "action refused for a state until mended",
    "half of the table's answers ill",
    "writer's lease longer than the plan's",
    "writer that does not tell its terms",
    "changes not seen for a while",
    "muted alarms say down",
    "application down in a Region that is well",
    "rule that the plan does not name",
    "writers that no size counts",
    "no room for an instance",
    "standby instance terminated",
    "raised service scaled in",
    "group with weights",
    "group suspended or too small",
    "plan put during a recovery",
    "told of another's trouble",
    "told late",
    "told of trouble of the past",
    "home again by hand, then an outage",
];

/// A clock that is as wrong as the plans are tried with, in milliseconds.
const WRONG_MS: i64 = 600_000;

/// What a run knows of itself, so that it can say what an incident met.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Met {
    /// Entries of journals that were read for this.
    read: usize,
    /// A generation is open; it is a drill.
    open: bool,
    drill: bool,
    /// The last one that ended did so Recovered.
    recovered: bool,
    /// Regions that are ill now, the primary's among them.
    ill: u32,
    primary_ill: bool,
    /// The primary's Region was ill before.
    was_ill: bool,
    link_broken: bool,
    terminal_closed: bool,
}

impl Run<'_> {
    /// Reads on in the journals.
    fn read_on(&mut self) {
        let written = self.stack.table.journaled(self.met.read);
        self.met.read += written.len();
        for body in written {
            if body.contains("\"entry\":\"opened\"") {
                self.met.open = true;
                self.met.drill = body.contains("\"mode\":\"drill\"");
            } else if body.contains("\"entry\":\"ended\"") {
                self.met.open = false;
                self.met.recovered = body.contains("\"end\":\"recovered\"");
            }
        }
    }

    /// An incident begins: counts what it meets.
    pub(super) fn meet(&mut self, incident: &Incident) {
        self.read_on();
        let met = self.met;
        let counts = |name: &'static str, holds: bool| {
            if holds {
                self.shared.count(name);
            }
        };
        match incident {
            Incident::Region(place, _) => {
                counts("second incident during the first", met.ill > 0 && met.open);
                let primary = *place == Place::Primary;
                counts("Region flapping", primary && met.was_ill && !met.primary_ill);
                counts("real outage during a drill", primary && met.open && met.drill);
                counts("replication broken, then the Region", primary && met.link_broken);
                self.met.ill += 1;
                self.met.primary_ill |= primary;
                self.met.was_ill |= primary;
            }
            Incident::Voter(..) => {
                counts("partition of a minute, one voter's", self.forced.partition.is_some());
            }
            Incident::LinkBroken => self.met.link_broken = true,
            Incident::Terminal => {
                counts("leeward run opened again", met.open && met.terminal_closed)
            }
            Incident::TerminalCloses => self.met.terminal_closed = true,
            Incident::Deployed(Version::Same) => counts("new version during a recovery", met.open),
            Incident::Deployed(Version::Other) => {
                counts("another protocol during a recovery", met.open);
            }
            Incident::Put(_) => counts("plan put during a recovery", met.open),
            Incident::TableAway
            | Incident::LeaseAway
            | Incident::ServiceAway
            | Incident::ServiceDies
            | Incident::PublisherDown
            | Incident::FalseAlarm
            | Incident::BackingUp(_)
            | Incident::Hand(_)
            | Incident::Refuses(_)
            | Incident::TableIll(_)
            | Incident::Lagging(_)
            | Incident::Crash
            | Incident::ForeignRule(_)
            | Incident::HiddenWriters
            | Incident::Muted
            | Incident::Short(_)
            | Incident::Told(_)
            | Incident::TwoTriggers
            | Incident::Operator(_)
            | Incident::Redrive
            | Incident::Abort
            | Incident::ClockSet(_) => {}
        }
    }

    /// An incident is over.
    pub(super) fn part(&mut self, incident: &Incident) {
        if let Incident::Region(place, _) = incident {
            self.met.ill = self.met.ill.saturating_sub(1);
            if *place == Place::Primary {
                self.primary_back();
            }
        }
        self.met.link_broken &= *incident != Incident::LinkBroken;
    }

    fn primary_back(&mut self) {
        self.read_on();
        if self.met.primary_ill && self.met.recovered && !self.met.open {
            self.shared.count("old side back after Recovered");
        }
        self.met.primary_ill = false;
    }

    /// Everything is well again.
    pub(super) fn healed(&mut self) {
        self.primary_back();
        self.met.ill = 0;
        self.met.link_broken = false;
    }

    /// At the end: habits of the world that this run has met.
    pub(super) fn met_habits(&self) {
        // As they were drawn: people mend what does not come true by itself.
        let habits = &self.habits;
        let writers = [&habits.writers.primary, &habits.writers.standby];
        let mut common = self.shared.lock();
        let promoted = common.tally.calls.sites().any(|(_, operation)| {
            matches!(operation, "rds:PromoteReadReplica" | "rds:FailoverGlobalCluster")
        });
        let wrong = |ahead: i64| writers.iter().any(|w| w.ahead_ms == ahead);
        for (name, holds) in [
            ("promotion that fails", promoted && habits.promotion == Promotion::Fails),
            ("promotion that stalls", promoted && habits.promotion == Promotion::Stalls),
            ("writer's clock ten minutes ahead", wrong(WRONG_MS)),
            ("writer's clock ten minutes behind", wrong(-WRONG_MS)),
            ("writer's lease longer than the plan's", writers.iter().any(|w| w.terms.is_some())),
            ("writer that does not tell its terms", writers.iter().any(|w| !w.tells_terms)),
        ] {
            if holds {
                common.tally.event(name);
            }
        }
    }
}

impl Tally {
    /// What has befallen no run.
    pub fn absent(&self) -> Vec<&'static str> {
        OCCASIONS.into_iter().filter(|name| !self.events.contains_key(name)).collect()
    }

    /// How often each of them befell a run, as a table.
    pub fn by_occasion(&self) -> String {
        let mut text = String::from("what befell a run, and how often\n");
        for name in OCCASIONS {
            let count = self.events.get(name).copied().unwrap_or(0);
            let _ = writeln!(text, "  {name:<38} {count:>12}");
        }
        text
    }
}
