//! One run: many tasks over one virtual time, on one thread, in an order that the choices decide.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use leeward_asl::Execution;
use leeward_core::time::{Span, Timestamp, after};
use leeward_ports::fake::Habits;
use serde_json::Value;

use super::choices::Choices;
use super::forced::Forced;
use super::heal::Known;
use super::host::{Service, Terminal};
use super::incidents::{Incident, Place, Planned, again, short_partition, timetable};
use super::mix::Mix;
use super::occasions::Met;
use super::people::{Said, Verb, say};
use super::setup::Setup;
use super::sites::Caller;
use super::stack::{Shared, Stack};
use super::story::Struck;
use super::task::{Done, Invocation, Kind, Mishap, Task, Wake};

/// How often the schedule fires.
pub(super) const SWEEP: Span = Span::minutes(1);
/// Asynchronous delivery: Lambda tries twice more, after a minute and after two.
pub(super) const RETRIES: u32 = 2;
/// The detector, by the name that the definition has for it.
const DETECTOR: &str = "${DetectorFunction}";
/// More polls than any run takes that gets anywhere.
const POLLS_MAX: u64 = 400_000;

/// Something that is due at its time.
pub(super) enum Due {
    Sweep,
    Begins(Planned),
    Ends(Incident),
    Invoke(Invocation),
    Answer(Verb),
}

/// One run on its way.
pub(super) struct Run<'s> {
    pub(super) setup: &'s Setup,
    pub(super) stack: Stack,
    pub(super) shared: Shared,
    pub(super) tasks: Vec<Task>,
    pub(super) due: BTreeMap<(Timestamp, u64), Due>,
    pub(super) forced: Forced,
    /// Executions that have ended, for a redrive.
    pub(super) ended: Vec<(String, String)>,
    /// Turns of each invocation, by number.
    pub(super) turns: Vec<(Caller, u32)>,
    /// Whether a task that is alone keeps its turns: coarser, and many times faster.
    pub(super) coarse: bool,
    /// What became of the word that had to be taken.
    pub(super) said: Option<Said>,
    /// How long this world's alarms take to follow what they watch.
    pub(super) alarms: Span,
    /// The world's habits as they were drawn.
    pub(super) habits: Habits,
    /// When the last sweep that went well began.
    pub(super) swept: Option<Timestamp>,
    /// When something of the timetable began or ended last.
    pub(super) struck: Timestamp,
    /// What the timetable began and ended, for the story.
    pub(super) log: Vec<Struck>,
    /// When something else than a sweep ended.
    pub(super) worked: Timestamp,
    /// When a journal was last seen to have grown, and how many entries had been written by then.
    pub(super) stirred: (Timestamp, usize),
    /// Step invocations, for one that comes again days later.
    pub(super) history: Vec<Invocation>,
    pub(super) polls: u64,
    /// Who was polled last.
    pub(super) caller: Caller,
    /// The latest generation's journal.
    pub(super) known: RefCell<Known>,
    /// What it has met so far.
    pub(super) met: Met,
    sequence: u64,
}

impl<'s> Run<'s> {
    /// A run at its first instant.
    pub(super) fn new(setup: &'s Setup, choices: Choices, forced: Forced) -> Self {
        let shared = Shared::new(choices);
        let plans = u32::try_from(setup.plans.len()).unwrap_or(1);
        let plan = shared.choose(|c| c.below(plans)) as usize;
        let stack = Stack::new(&setup.plans[plan], shared.clone());
        let worked = stack.clock.now();
        let habits = stack.world.habits();
        let alarms = habits.alarm;
        let mut run = Self {
            setup,
            stack,
            shared,
            tasks: Vec::new(),
            due: BTreeMap::new(),
            forced,
            ended: Vec::new(),
            turns: Vec::new(),
            coarse: false,
            said: None,
            alarms,
            habits,
            swept: None,
            struck: worked,
            log: Vec::new(),
            worked,
            stirred: (worked, 0),
            history: Vec::new(),
            polls: 0,
            caller: Caller::Sweep,
            known: RefCell::default(),
            met: Met::default(),
            sequence: 0,
        };
        run.plan();
        run
    }

    /// Draws mix and timetable.
    fn plan(&mut self) {
        let start = self.now();
        self.at(start, Due::Sweep);
        if let Some((state, lasts)) = self.forced.only {
            let at = after(start, Span::seconds(90));
            let incident = Incident::Region(Place::Primary, state);
            self.at(at, Due::Begins(Planned { at, incident, lasts }));
        }
        self.shared.lock().aims.clone_from(&self.forced.aims);
        if self.forced.only.is_some() {
            self.shared.lock().mix = self.forced.mix.clone().unwrap_or_default();
            return;
        }
        self.coarse = self.shared.choose(|c| c.below(4)) > 0;
        let mix = self.shared.choose(Mix::draw);
        self.shared.lock().mix = self.forced.mix.clone().unwrap_or(mix);
        let plan = self.stack.prepared.plan.clone();
        if let Some(lasts) = self.forced.partition {
            for planned in self.shared.choose(|c| short_partition(c, &plan, start, lasts)) {
                self.at(planned.at, Due::Begins(planned));
            }
            return;
        }
        let planned = self.shared.choose(|c| timetable(c, &plan, start));
        self.expect(start, planned);
        if self.forced.terminals {
            self.open_terminals(start);
        }
    }

    /// A second act: its own mix and timetable.
    pub(super) fn plan_again(&mut self) {
        let mix = self.shared.choose(Mix::draw);
        {
            let mut common = self.shared.lock();
            common.mix = self.forced.mix.clone().unwrap_or(mix);
            common.calm = false;
        }
        let (plan, now) = (self.stack.prepared.plan.clone(), self.now());
        // Nothing but what is forced: the way home has no incidents of its own then either.
        if self.forced.only.is_some() {
            return;
        }
        let planned = self.shared.choose(|c| again(c, &plan, now));
        self.expect(now, planned);
    }

    pub(super) fn now(&self) -> Timestamp {
        self.stack.clock.now()
    }

    pub(super) fn at(&mut self, at: Timestamp, due: Due) {
        self.sequence += 1;
        self.due.insert((at, self.sequence), due);
    }

    /// Goes on until `until`, or until `settled` says so where nothing can go on at this instant.
    /// `false`: it goes round and round.
    pub(super) fn go(
        &mut self,
        until: Timestamp,
        mut settled: impl FnMut(&mut Self) -> bool,
    ) -> bool {
        loop {
            self.collect();
            self.refuse();
            self.put_forced();
            self.happen();
            let now = self.now();
            let ready = self.tasks.iter().enumerate().filter(|(_, task)| task.ready(now));
            let count = u32::try_from(ready.clone().count()).unwrap_or(1);
            if count == 0 {
                if settled(self) {
                    return true;
                }
                let tasks = self.tasks.iter().filter_map(Task::next);
                let next = tasks.chain(self.due.keys().next().map(|(at, _)| *at)).min();
                match next {
                    Some(next) if next <= until => self.stack.clock.advance_to(next),
                    Some(_) | None => {
                        self.stack.clock.advance_to(until);
                        return true;
                    }
                }
                continue;
            }
            self.polls += 1;
            if self.polls > POLLS_MAX {
                return false;
            }
            // One alone is no choice.
            let chosen =
                if count > 1 { self.shared.choose(|c| c.below(count)) as usize } else { 0 };
            let Some(place) = ready.map(|(place, _)| place).nth(chosen) else { continue };
            // Where nothing else can go on, a turn would come back to the same task.
            self.poll(place, count == 1);
        }
    }

    /// Takes in what tasks asked for.
    fn collect(&mut self) {
        for (execution, call, reply) in self.shared.take_posted() {
            let reply = Some((execution, reply));
            self.invoke(call.function, call.payload, reply, 0);
        }
        for (name, input) in self.stack.executions.take_started() {
            self.execute(name, input);
        }
        if self.forced.pace.fast {
            self.stir();
        }
    }

    fn happen(&mut self) {
        while let Some(entry) = self.due.first_entry() {
            if entry.key().0 > self.stack.clock.now() {
                break;
            }
            match entry.remove() {
                Due::Sweep => {
                    self.set_pace();
                    let next = self.next_sweep();
                    self.at(next, Due::Sweep);
                    if self.sweeps_anyway() {
                        continue;
                    }
                    let tick = &self.setup.tick;
                    if self.fires_twice() {
                        self.invoke(DETECTOR.to_owned(), tick.clone(), None, RETRIES);
                    }
                    self.invoke(DETECTOR.to_owned(), tick.clone(), None, RETRIES);
                }
                Due::Begins(planned) => {
                    if let Some(lasts) = planned.lasts {
                        let over = after(self.now(), lasts);
                        self.at(over, Due::Ends(planned.incident.clone()));
                    }
                    self.shared.count(planned.incident.name());
                    // A word changes nothing that a voter sees.
                    if !matches!(planned.incident, Incident::Operator(_)) {
                        self.struck = self.now();
                    }
                    self.log.push((self.now(), planned.incident.clone(), true));
                    self.begin(&planned.incident);
                }
                Due::Ends(incident) => {
                    self.struck = self.now();
                    self.log.push((self.now(), incident.clone(), false));
                    self.end(&incident);
                }
                Due::Invoke(invocation) => self.spawn_function(invocation),
                Due::Answer(verb) => self.person(verb, false),
            }
        }
    }

    /// Starts an execution of Step Functions.
    pub(super) fn execute(&mut self, name: String, input: String) {
        let id = self.sequence + 1;
        let (clock, shared) = (self.stack.clock.clone(), self.shared.clone());
        let host = Service { id, clock, shared };
        let work = self.walk(&name, &input, host);
        self.spawn(Kind::Execution { name, input }, work, None, None);
    }

    /// A terminal works on the open generation.
    pub(super) fn terminal(&mut self, input: &Value) {
        let host = Terminal {
            clock: self.stack.clock.clone(),
            shared: self.shared.clone(),
            detector: self.stack.detector.clone(),
        };
        let name = format!("terminal-{}", self.sequence);
        let work = self.walk(&name, &input.to_string(), host);
        self.spawn(Kind::Terminal, work, None, None);
    }

    fn walk(
        &self,
        name: &str,
        input: &str,
        host: impl leeward_asl::Host + Send + 'static,
    ) -> super::task::Work {
        let machine = Arc::clone(&self.setup.machine);
        let input = serde_json::from_str(input).unwrap_or(Value::Null);
        let execution = Execution {
            id: name.to_owned(),
            name: name.to_owned(),
            start_time: self.now().to_string(),
            state_machine: "leeward-recovery".to_owned(),
        };
        Box::pin(async move { Done::Ended(machine.execute(&execution, input, &host).await) })
    }

    /// An operator says something.
    pub(super) fn person(&mut self, verb: Verb, must: bool) {
        let (detector, prepared) = (self.stack.detector.clone(), self.stack.current().clone());
        let work = async move { Done::Said(say(detector, prepared, verb).await) };
        self.spawn(Kind::Person(must), Box::pin(work), None, None);
    }

    pub(super) fn spawn(
        &mut self,
        kind: Kind,
        work: super::task::Work,
        limit: Option<Timestamp>,
        mishap: Option<Mishap>,
    ) {
        self.sequence += 1;
        self.tasks.push(Task {
            id: self.sequence,
            kind,
            work,
            wake: Wake::Now,
            turns: 0,
            limit,
            mishap,
            frozen: None,
        });
    }
}
