//! Searches the protocol in small and prints what was seen:
//! `exhaustive [two|fault|leap|words|drill|three]…`, or `exhaustive <executors> <generations> <faults>
//! <preemptions> <leaps> <flips> <words> <waits> <failures> <asks> <states>`.

use std::collections::BTreeMap;
use std::time::Instant;

use leeward_tests::exhaustive::{Bounds, ENDINGS, search};

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
    let mut ends: BTreeMap<&str, usize> = BTreeMap::new();
    for bounds in all {
        let begun = Instant::now();
        let found = search(&bounds);
        println!("exhaustive search, {bounds:?}, in {:.1?}:\n{found}", begun.elapsed());
        found.ends.iter().for_each(|(how, states)| *ends.entry(how).or_default() += states);
        broken |= found.violation.is_some() || !found.complete;
    }
    if args.is_empty() {
        for ending in ENDINGS.iter().filter(|ending| !ends.contains_key(*ending)) {
            println!("no state is reached: {ending}");
            broken = true;
        }
    }
    std::process::exit(i32::from(broken));
}
