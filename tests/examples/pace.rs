//! What a schedule costs, on one thread: `pace [schedules] [first seed]`. For a profiler.

use leeward_tests::simulate::{Order, Setup, campaign};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn number(place: usize, otherwise: u64) -> u64 {
    std::env::args().nth(place).and_then(|a| a.parse().ok()).unwrap_or(otherwise)
}

fn main() {
    let order = Order {
        first_seed: number(2, 1),
        schedules: number(1, 1_000),
        threads: 1,
        failures_max: 5,
        shrinks: false,
    };
    let report = campaign(&Setup::examples(), &order);
    println!("{:.0} schedules a second; {}", report.rate(), report.each());
    println!("{}", report.tally.by_kind());
    report.failures.iter().for_each(|failure| println!("{}", failure.told()));
}
