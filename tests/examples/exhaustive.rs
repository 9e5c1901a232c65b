//! Searches the protocol in small and prints what was seen: `exhaustive [two|fault|words]…`, or
//! `exhaustive <executors> <generations> <faults> <preemptions> <leaps> <flips> <words> <asks> <states>`.

use std::time::Instant;

use leeward_tests::exhaustive::{Bounds, search};

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let numbers: Vec<u64> = args.iter().filter_map(|a| a.parse().ok()).collect();
    let wanted = |name: &str| args.is_empty() || args.iter().any(|a| a == name);
    let named = Bounds::NAMED.into_iter().filter(|(name, _)| wanted(name));
    let mut all: Vec<Bounds> = named.map(|(_, bounds)| bounds).collect();
    if !numbers.is_empty() {
        all.push(Bounds::TWO.or(&numbers));
    }
    let mut broken = false;
    for bounds in all {
        let begun = Instant::now();
        let found = search(&bounds);
        println!("exhaustive search, {bounds:?}, in {:.1?}:\n{found}", begun.elapsed());
        broken |= found.violation.is_some() || !found.complete;
    }
    std::process::exit(i32::from(broken));
}
