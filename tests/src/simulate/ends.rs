//! What follows when a task ends, is killed, or an incident begins or ends.

use leeward_asl::{End, Failure};
use leeward_core::ids::{Direction, Step};
use leeward_core::journal::PROTOCOL;
use leeward_core::time::{Span, Timestamp, after};
use serde_json::{Value, json};

use super::host::{answer, failure};
use super::incidents::{Incident, Place, Version, alarms};
use super::people::Verb;
use super::run::{Due, Run};
use super::sites::Caller;
use super::task::{Done, Invocation, Kind, Task, Wake};

/// How long after the cause is mended somebody resumes what waits for it.
const MENDED: Span = Span::seconds(20);

impl Run<'_> {
    pub(super) fn finish(&mut self, task: Task, done: Done) {
        let sweep = matches!(&task.kind, Kind::Function(i) if i.caller == Caller::Sweep);
        if !sweep {
            self.worked = self.now();
        }
        match (task.kind, done) {
            (Kind::Function(invocation), Done::Answered(result)) => {
                // An alarm that is told again looks at less, and tells nobody.
                let whole = invocation.payload["source"] == "aws.events";
                if whole && result.is_ok() {
                    self.swept = self.swept.max(Some(invocation.began));
                }
                match &result {
                    Ok(_) => {}
                    Err(_) => self.retry(&invocation),
                }
                self.reply(&invocation, result.map_err(|e| failure(&e)));
            }
            (Kind::Execution { name, input }, Done::Ended(end)) => {
                self.execution_ended(name, input, &end);
            }
            (Kind::Person(true), Done::Said(said)) => self.said = Some(said),
            _ => {}
        }
    }

    /// An asynchronous delivery that failed is made again, after a minute and after two.
    fn retry(&mut self, invocation: &Invocation) {
        if invocation.retries == 0 || self.shared.lock().calm {
            return;
        }
        let wait = Span::minutes(if invocation.retries == 2 { 1 } else { 2 });
        let again = Invocation { retries: invocation.retries - 1, ..invocation.clone() };
        let at = after(self.now(), wait);
        self.at(at, Due::Invoke(again));
    }

    /// Answers whoever waits.
    fn reply(&mut self, invocation: &Invocation, result: Result<Value, Failure>) {
        let Some((execution, reply)) = &invocation.reply else { return };
        answer(reply, result);
        if let Some(task) = self.tasks.iter_mut().find(|t| t.id == *execution) {
            task.wake = Wake::Now;
        }
    }

    /// A function's process is gone.
    pub(super) fn drop_function(&mut self, index: usize, error: &str) {
        let task = self.tasks.swap_remove(index);
        if let Kind::Function(invocation) = &task.kind {
            self.retry(invocation);
            self.reply(invocation, Err(Failure::new(error, "the process is gone")));
        }
    }

    fn execution_ended(&mut self, name: String, input: String, end: &End) {
        self.stack.executions.end(&name);
        let status = match end {
            End::Succeeded(_) => "SUCCEEDED",
            End::Failed { .. } => "FAILED",
        };
        if status == "FAILED" {
            self.tell_of_the_end(&name, status);
        }
        self.ended.push((name, input));
    }

    /// EventBridge tells the detector.
    fn tell_of_the_end(&mut self, name: &str, status: &str) {
        let event = json!({
            "source": "aws.states", "detail-type": "Step Functions Execution Status Change",
            "detail": {"name": name, "status": status},
        });
        self.invoke("${DetectorFunction}".to_owned(), event, None, 2);
    }

    /// Drops the executions for which it holds.
    fn abort(&mut self, mut which: impl FnMut(usize) -> bool) {
        let mut count = 0;
        let mut kept = Vec::new();
        for task in std::mem::take(&mut self.tasks) {
            let Kind::Execution { name, input } = &task.kind else {
                kept.push(task);
                continue;
            };
            if which(count) {
                self.stack.executions.end(name);
                self.tell_of_the_end(name, "ABORTED");
                self.ended.push((name.clone(), input.clone()));
            } else {
                kept.push(task);
            }
            count += 1;
        }
        // Those that were invoked meanwhile come after those that were there.
        kept.append(&mut self.tasks);
        self.tasks = kept;
    }

    /// What Step Functions runs stands still, or goes on.
    fn halt_executions(&mut self, span: Option<Span>) {
        let thaw = span.map(|span| after(self.now(), span));
        for task in &mut self.tasks {
            if matches!(task.kind, Kind::Execution { .. }) {
                task.frozen = thaw;
                if thaw.is_none() {
                    task.wake = Wake::Now;
                }
            }
        }
    }

    pub(super) fn begin(&mut self, incident: &Incident) {
        self.stack.strike(incident, true);
        self.meet(incident);
        match incident {
            Incident::Deployed(version) => self.stack.deploy(match version {
                Version::Same => self.stack.detector.desk.protocol,
                Version::Other => PROTOCOL + 1,
            }),
            Incident::Operator(verb) => self.person(*verb, false),
            Incident::Terminal => self.open_terminal(),
            Incident::TerminalCloses => {
                self.tasks.retain(|task| !matches!(task.kind, Kind::Terminal));
            }
            Incident::ServiceDies => self.abort(|_| true),
            Incident::Abort => self.abort(|count| count == 0),
            // Longer than it lasts: its end lets them go on.
            Incident::ServiceAway | Incident::Region(Place::Control, _) => {
                self.halt_executions(Some(Span::minutes(24 * 60)));
            }
            Incident::Redrive => self.redrive(),
            Incident::TwoTriggers => self.two_triggers(),
            Incident::Put(put) => self.put_plan(*put),
            Incident::Told(telling) => self.tell_of(*telling),
            Incident::Region(..)
            | Incident::TableAway
            | Incident::LeaseAway
            | Incident::PublisherDown
            | Incident::Voter(..)
            | Incident::FalseAlarm
            | Incident::LinkBroken
            | Incident::ClockSet(_)
            | Incident::BackingUp(_)
            | Incident::Refuses(_)
            | Incident::TableIll(_)
            | Incident::Lagging(_)
            | Incident::Crash
            | Incident::ForeignRule(_)
            | Incident::HiddenWriters
            | Incident::Muted
            | Incident::Short(_)
            | Incident::Hand(_) => {}
        }
    }

    pub(super) fn end(&mut self, incident: &Incident) {
        self.stack.strike(incident, false);
        self.part(incident);
        if matches!(incident, Incident::Deployed(Version::Other)) {
            self.stack.deploy(PROTOCOL);
        }
        if matches!(incident, Incident::ServiceAway | Incident::Region(Place::Control, _)) {
            self.halt_executions(None);
        }
        if matches!(incident, Incident::Refuses(_)) {
            // Who has mended the cause says so.
            self.at(after(self.now(), MENDED), Due::Answer(Verb::Resume(None)));
        }
    }

    /// Everything that was wrong is right from now on.
    pub(super) fn heal(&mut self) {
        self.due.retain(|_, due| !matches!(due, Due::Begins(_) | Due::Ends(_)));
        self.shared.lock().calm = true;
        self.set_pace();
        self.healed();
        self.stack.heal();
        // What a hand turned away from where the open recovery sends users is turned back.
        if let Some(open) = self.latest().filter(|s| s.end.is_none() && s.committed()) {
            let away = open.decision.direction == Direction::ToStandby;
            if open.done.contains_key(&Step::Traffic) {
                self.stack.turn_traffic(away);
            }
        }
        // Who deployed what cannot finish an open generation deploys what can.
        let open = self.latest().filter(|s| s.end.is_none());
        let protocol = open.map_or(PROTOCOL, |s| s.decision.protocol);
        if protocol != self.stack.detector.desk.protocol {
            self.stack.deploy(protocol);
        }
        self.halt_executions(None);
        self.tasks.retain(|task| !matches!(task.kind, Kind::Terminal));
        self.sweep_soon();
    }

    /// What goes on again may have been expected much later, and the schedule with it: it fires as if it had just
    /// fired now.
    fn sweep_soon(&mut self) {
        let next = self.next_sweep();
        let later = |at: &Timestamp, due: &Due| matches!(due, Due::Sweep) && *at > next;
        let count = self.due.len();
        self.due.retain(|(at, _), due| !later(at, due));
        if self.due.len() < count {
            self.at(next, Due::Sweep);
        }
    }

    fn open_terminal(&mut self) {
        let Some(state) = self.latest() else { return };
        if state.end.is_some() || state.halt.is_some() {
            return;
        }
        let input = json!({
            "leeward": "step", "schema": 1, "workload": state.decision.workload,
            "generation": state.decision.generation, "step": "detect", "executor": "leeward-cli",
        });
        self.terminal(&input);
        let closes = self.shared.choose(|c| c.below(40));
        if closes > 0 {
            let at = after(self.now(), Span::seconds(u64::from(closes) * 15));
            let incident = Incident::TerminalCloses;
            self.at(at, Due::Begins(super::incidents::Planned { at, incident, lasts: None }));
        }
    }

    fn redrive(&mut self) {
        let count = u32::try_from(self.ended.len()).unwrap_or(0);
        if count == 0 {
            return;
        }
        let place = self.shared.choose(|c| c.below(count)) as usize;
        let (name, input) = self.ended.swap_remove(place);
        self.stack.executions.redrive(&name);
        self.execute(name, input);
    }

    fn two_triggers(&mut self) {
        let plan = &self.stack.prepared.plan;
        let events: Vec<Value> = alarms(plan)
            .take(2)
            .map(|(region, alarm)| {
                json!({
                    "source": "aws.cloudwatch", "detail-type": "CloudWatch Alarm State Change",
                    "region": region, "detail": {"alarmName": alarm},
                })
            })
            .collect();
        for event in events {
            self.invoke("${DetectorFunction}".to_owned(), event, None, 2);
        }
    }
}

#[cfg(test)]
#[path = "ends_tests.rs"]
mod tests;
