//! The swarm: each run draws which faults it meets at all, how often, and how slow its world is.

use leeward_core::lease_terms::LeaseTerms;
use leeward_core::time::Span;
use leeward_ports::fake::{Habits, Promotion};

use super::choices::Choices;
use super::faults::{FAULTS, Fault, Port};

/// How often a fault befalls a call that it can befall, in a thousand: rare, at times, often.
const RATES: [u32; 3] = [5, 30, 150];
/// Most kinds of faults in one run: with all at once nothing ever gets far.
const KINDS_MAX: u32 = 5;
/// How often an invocation meets a mishap, in a thousand.
const MISHAPS: [u32; 3] = [10, 40, 150];

/// What one run meets.
#[derive(Debug, Clone, Default)]
pub struct Mix {
    faults: Vec<(Fault, u32)>,
    ports: Vec<Port>,
    /// How often an invocation is killed, frozen, made twice, made again much later, in a thousand each.
    pub mishaps: [u32; 4],
    /// Weights of `faults` by port, so that a call draws once.
    weights: [Vec<u32>; 7],
}

impl Mix {
    /// Draws a mix.
    pub fn draw(choices: &mut Choices) -> Self {
        let mut mix = Self::default();
        for _ in 0..choices.below(KINDS_MAX + 1) {
            let fault = choices.pick(&FAULTS).copied().unwrap_or(Fault::Throttle);
            let rate = choices.pick(&RATES).copied().unwrap_or(RATES[0]);
            mix.faults.push((fault, rate));
        }
        // Everywhere, or at one port alone: there a high rate does not drown everything else.
        let only = choices.below(2 * 6) as usize;
        mix.ports = match Port::ALL.get(only.wrapping_sub(6)) {
            Some(Port::Executions) => vec![Port::Executions, Port::Describe],
            Some(port) => vec![*port],
            None => Port::ALL.to_vec(),
        };
        for (mishap, odds) in mix.mishaps.iter_mut().zip([3, 4, 4, 6]) {
            if choices.below(odds) == 1 {
                *mishap = choices.pick(&MISHAPS).copied().unwrap_or(0);
            }
        }
        mix.weigh();
        mix
    }

    /// That fault alone, at that rate and those ports.
    pub fn of(fault: Fault, rate: u32, ports: &[Port]) -> Self {
        let mut mix =
            Self { faults: vec![(fault, rate)], ports: ports.to_vec(), ..Self::default() };
        mix.weigh();
        mix
    }

    /// One fault of every kind everywhere, at that rate: to hit every cell of the table.
    pub fn every(rate: u32) -> Self {
        let faults = FAULTS.map(|fault| (fault, rate)).to_vec();
        let mut mix = Self { faults, ports: Port::ALL.to_vec(), ..Self::default() };
        mix.weigh();
        mix
    }

    fn weigh(&mut self) {
        self.weights = Port::ALL.map(|port| {
            let weight = |&(fault, rate): &(Fault, u32)| {
                if self.ports.contains(&port) && fault.befalls(port) { rate } else { 0 }
            };
            let weights: Vec<u32> = self.faults.iter().map(weight).collect();
            if weights.iter().all(|w| *w == 0) { Vec::new() } else { weights }
        });
    }

    /// What befalls a call, if anything, and for how long.
    pub fn befall(&self, port: Port, choices: &mut Choices) -> Option<(Fault, Span)> {
        let place = Port::ALL.iter().position(|p| *p == port)?;
        let drawn = choices.one_of(self.weights.get(place)?);
        let (fault, _) = self.faults.get(drawn.checked_sub(1)?)?;
        if !fault.befalls(port) {
            return None;
        }
        let span = choices.pick(fault.spans()).copied().unwrap_or_default();
        Some((*fault, span))
    }
}

/// By how much a writer's own lease, or its longest statement, is longer than the plan has it.
const LONGER: Span = Span::seconds(45);

/// Draws how long things take, and how the writers behave within their contract. Without a lease
/// nothing compares the clock that dates the heartbeat with ours: such a writer's clock is taken to be
/// right or behind, as one that is ahead makes the loss look smaller than it is.
pub fn habits(choices: &mut Choices, terms: Option<LeaseTerms>) -> Habits {
    let mut habits = Habits::default();
    if choices.below(3) == 0 {
        return habits;
    }
    let mut seconds =
        |known: Span, list: &[u64]| choices.pick(list).map_or(known, |s| Span::seconds(*s));
    habits.promote_start = seconds(habits.promote_start, &[1, 0, 8]);
    habits.promote_writable = seconds(habits.promote_writable, &[20, 9, 90]);
    habits.promote_done = seconds(habits.promote_done, &[30, 95, 300]);
    habits.global_writer = seconds(habits.global_writer, &[20, 2, 120]);
    habits.global_done = seconds(habits.global_done, &[40, 125, 400]);
    habits.lag = seconds(habits.lag, &[1, 0, 15, 50, 300]);
    habits.launch = seconds(habits.launch, &[40, 5, 300]);
    habits.start = seconds(habits.start, &[20, 1, 200]);
    habits.target = seconds(habits.target, &[10, 60]);
    habits.evaluation = seconds(habits.evaluation, &[60, 10, 170]);
    habits.resolution = seconds(habits.resolution, &[10, 60]);
    habits.insync = seconds(habits.insync, &[30, 1, 120]);
    habits.alarm = seconds(habits.alarm, &[60, 5, 180]);
    habits.promotion = choices
        .pick(&[
            Promotion::Works,
            Promotion::Works,
            Promotion::Works,
            Promotion::Fails,
            Promotion::Stalls,
        ])
        .copied()
        .unwrap_or(Promotion::Works);
    habits.launch_limit = choices.pick(&[None, None, None, Some(1)]).copied().flatten();
    habits.latency = Span::millis(choices.pick(&[0, 0, 120, 900]).copied().unwrap_or(0));
    for writer in [&mut habits.writers.primary, &mut habits.writers.standby] {
        // What came later stands last: recorded choices keep their meaning.
        let phase = choices.below(8);
        match (phase, terms) {
            (0..5, _) | (_, None) => writer.phase = Span::millis(u64::from(phase % 5) * 1000),
            (5, Some(plan)) => writer.terms = Some(LeaseTerms { ttl: LONGER, ..plan }),
            (6, Some(plan)) => {
                let longest_statement = plan.longest_statement.plus(LONGER);
                writer.terms = Some(LeaseTerms { longest_statement, ..plan });
            }
            (_, Some(_)) => writer.tells_terms = false,
        }
        // Within the drift and the longest statement of the plans that have a lease.
        writer.slow = Span::millis(u64::from(choices.below(3)) * 500);
        writer.statement = Span::seconds(u64::from(choices.below(3)) * 5 / 2);
        if phase == 6 && terms.is_some() {
            writer.statement = writer.statement.plus(LONGER);
        }
        let ahead = choices.pick(&[0, 700, -700, 600_000, -600_000]).copied().unwrap_or(0);
        writer.ahead_ms = if terms.is_some() { ahead } else { ahead.min(0) };
    }
    habits
}
