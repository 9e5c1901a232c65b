//! Runs the simulator and prints its tables:
//! `simulate [schedules] [partitions] [first seed] [threads]`, or drawn schedules alone, each failure in a line:
//! `simulate draw [schedules] [first seed]`.
//!
//! First the corpus, then a kill at every await point, then partitions of a minute, then drawn
//! schedules. Schedules that break an invariant are made simple, told, and kept in the corpus.

use leeward_core::time::Span;
use leeward_tests::simulate::{
    KillTable, Mended, Order, Report, Scene, Setup, Tally, campaign, corpus, everywhere, keep,
    kill_everywhere, partitions, put_while_open, refuse_everywhere, refuse_table_once, table_ill,
};

/// A third of a schedule's time is memory given and taken, which this one does faster than the system's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// So many schedules meet everything that is listed.
const ENOUGH: u64 = 10_000;
/// Recoveries by each plan over a table that is ill, in each way.
const ILL_SEEDS: u64 = 5;
/// Failures after which no further schedules are run.
const FAILURES_MAX: usize = 5;

fn number(place: usize, otherwise: u64) -> u64 {
    std::env::args().nth(place).and_then(|a| a.parse().ok()).unwrap_or(otherwise)
}

fn main() {
    let threads = usize::try_from(number(4, 2)).unwrap_or(2);
    let first_seed = number(3, 1);
    let order = |schedules, shrinks| Order {
        first_seed,
        schedules,
        threads,
        failures_max: FAILURES_MAX,
        shrinks,
    };
    let setup = Setup::examples();
    if std::env::args().nth(1).as_deref() == Some("draw") {
        std::process::exit(i32::from(drawn(&setup, number(2, 500), number(3, 1)) > 0));
    }
    #[cfg(feature = "planted")]
    match std::env::args().nth(1).as_deref() {
        Some("sown") => std::process::exit(i32::from(sown(&setup, number(2, 1)) > 0)),
        Some("budgets") => return budgets(&setup, number(2, 20_000), number(3, 1)),
        // As the documentation has it.
        Some("table") => {
            leeward_tests::planted::rows().iter().for_each(|row| println!("{}", row.told()));
            return;
        }
        Some(_) | None => {}
    }
    let mut failures = replayed(&setup);
    failures += killed(&setup);
    failures += mended(&setup);
    let mut tally = Tally::default();
    let (broken, met) = told("partitions of a minute", &Setup::shipped(), |setup| {
        partitions(setup, &order(number(2, 2_000), false), Span::seconds(60))
    });
    failures += broken;
    tally.add(&met);
    let (broken, met) = told("schedules with every fault everywhere", &setup, |setup| {
        let report = everywhere(setup, &order(number(1, 2_000) / 10, false));
        println!("{}", report.tally.by_site());
        report
    });
    failures += broken + cells(&met);
    tally.add(&met);
    let (broken, met) = told("schedules", &setup, |setup| {
        let report = campaign(setup, &order(number(1, 2_000), true));
        println!("{}", report.tally.by_kind());
        for failure in &report.failures {
            match keep(failure) {
                Ok(file) => println!("kept in {}", file.display()),
                Err(error) => println!("not kept: {error}"),
            }
        }
        report
    });
    failures += broken;
    tally.add(&met);
    println!("{}", tally.by_occasion());
    // Few schedules need not meet everything.
    if number(1, 2_000) >= ENOUGH {
        failures += missing("befell no run", &tally.absent());
    }
    println!("{failures} failures");
    std::process::exit(i32::from(failures > 0));
}

/// Drawn schedules alone.
fn drawn(setup: &Setup, schedules: u64, first_seed: u64) -> usize {
    let order =
        Order { first_seed, schedules, threads: 1, failures_max: usize::MAX, shrinks: false };
    let report = campaign(setup, &order);
    for failure in &report.failures {
        for violation in &failure.violations {
            let seed = failure.seed.unwrap_or_default();
            println!("{seed}: {}: {} {}", failure.plan, violation.invariant, violation.detail);
        }
    }
    if let [one] = &report.failures[..] {
        println!("{}", one.told());
    }
    println!("{} of {schedules} schedules break an invariant", report.failures.len());
    report.failures.len()
}

/// Cells of (call site × fault) that were not hit.
fn cells(tally: &Tally) -> usize {
    let missed = tally.missed();
    println!("{} of {} cells hit", tally.cells().count() - missed.len(), tally.cells().count());
    let missed: Vec<String> = missed
        .iter()
        .map(|((caller, operation), fault)| format!("{operation} from {caller}: {}", fault.name()))
        .collect();
    missing("is not hit", &missed)
}

fn missing(what: &str, names: &[impl AsRef<str>]) -> usize {
    names.iter().for_each(|name| println!("FAILED: {} {what}", name.as_ref()));
    names.len()
}

fn replayed(setup: &Setup) -> usize {
    let kept = corpus();
    let broken: Vec<_> =
        kept.iter().map(|k| k.again(setup)).filter(|o| !o.violations.is_empty()).collect();
    println!("corpus: {} schedules, {} break an invariant", kept.len(), broken.len());
    broken.iter().for_each(|outcome| println!("{}", outcome.told()));
    broken.len()
}

/// Every plan is recovered from a Region that stays dead, and from one that comes back shortly after the
/// generation was opened: after the plan's time to sustain, which is longer for catalog.
fn killed(setup: &Setup) -> usize {
    let mut table = KillTable::default();
    for (plan, name) in (0u32..).zip(&setup.plans) {
        if name.name.contains("asks nobody") && !name.name.contains("three voters") {
            let back = if name.name.contains("catalog") { 300 } else { 190 };
            table.add(kill_everywhere(setup, plan, None, 1));
            table.add(kill_everywhere(setup, plan, Some(Span::seconds(back)), 1));
        }
    }
    println!("{} kills, one at each await point:\n{}", table.total(), table.told());
    table.failures.len()
}

/// Every action refused until mended, every call of the table refused once, a table that is ill, plans put.
fn mended(setup: &Setup) -> usize {
    let mut mended = Mended::default();
    for scene in Scene::all() {
        mended.add(refuse_everywhere(setup, scene));
    }
    println!("actions refused until mended, and when:");
    mended.met.iter().for_each(|met| println!("  {met}"));
    for plan in [0, 4, 6] {
        mended.add(refuse_table_once(setup, plan, 1));
        mended.add(table_ill(setup, plan, ILL_SEEDS));
    }
    mended.add(put_while_open(setup, 0));
    mended.add(put_while_open(setup, 1));
    println!("refused, ill and put: {}", mended.told());
    mended.failures.len()
}

/// Draws schedules against each planted mistake, its other guards off: how many are not found in the budget
/// that their row states.
#[cfg(feature = "planted")]
fn sown(setup: &Setup, first_seed: u64) -> usize {
    use leeward_tests::planted::{Drawn, rows};
    use leeward_tests::simulate::until_caught;
    let (mut missed, mut found) = (Vec::new(), 0);
    for row in rows() {
        let name = format!("{:?}", row.bugs);
        let scene = row.finds.unwrap_or("-");
        let words = match row.drawn {
            Drawn::Never(why) => format!("only by its own schedule: {why}"),
            Drawn::Within { budget, .. } => match until_caught(setup, row.bugs, first_seed, budget)
            {
                Some(caught) => {
                    found += 1;
                    let by = caught.outcome.violations.first().map_or("", |v| v.invariant);
                    format!("{by} after {} of {budget} schedules", caught.schedules)
                }
                None => {
                    missed.push(name.clone());
                    format!("NOT within {budget} schedules")
                }
            },
        };
        println!("{name:<70} {scene:>8} by its scene; {words}");
    }
    println!("{found} of {} found by drawn schedules", rows().len());
    missing("is not found in its budget", &missed)
}

/// What the rows' budgets come from: how many schedules each mistake takes from six seeds far apart, at most `most`
/// each, from that row of the table on. A mistake that the first search does not find is not looked for again.
#[cfg(feature = "planted")]
fn budgets(setup: &Setup, most: u64, first_row: u64) {
    use leeward_tests::planted::rows;
    use leeward_tests::simulate::until_caught;
    for (_, row) in (1..).zip(rows()).filter(|(place, _)| *place >= first_row) {
        let search = |seed| until_caught(setup, row.bugs, seed, most).map(|c| c.schedules);
        let took: Vec<Option<u64>> =
            std::iter::successors(Some(1), |seed| (*seed < 5_000_001).then_some(seed + 1_000_000))
                .map(search)
                .take_while(Option::is_some)
                .collect();
        let found: Vec<u64> = took.into_iter().flatten().collect();
        let mean = found.iter().sum::<u64>() / found.len().max(1) as u64;
        println!("{:?}: {found:?}, budget {}", row.bugs, (8 * mean).max(25));
    }
}

fn told(what: &str, setup: &Setup, run: impl Fn(&Setup) -> Report) -> (usize, Tally) {
    let report = run(setup);
    println!(
        "{} {what} in {:.1?} ({:.0} a second), {} generations, {:.0} h of virtual time, {} calls, {} polls",
        report.schedules,
        report.took,
        report.rate(),
        report.generations,
        report.lasted_ms as f64 / 3_600_000.0,
        report.tally.calls.all(),
        report.polls
    );
    println!("{}", report.each());
    report.failures.iter().for_each(|failure| println!("{}", failure.told()));
    (report.failures.len(), report.tally)
}
