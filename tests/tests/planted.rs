//! The tests of the tests: every planted mistake is found, and nothing is found where none is.

use leeward_core::planted::{self, Bug};
use leeward_tests::exhaustive::{Bounds, search};
use leeward_tests::eyes::{Shown, deceived, one_region_wrong, silent};
use leeward_tests::planted::{Drawn, Row, play, rows};
use leeward_tests::simulate::{Setup, until_caught, until_found};

/// Fewest mistakes that the table may hold.
const FEWEST: usize = 25;
/// So many schedules are quickly drawn.
const FEW: u64 = 25;

fn found(row: &Row, bugs: &[Bug]) -> (Vec<&'static str>, Vec<String>) {
    let (violations, mut story) = play(row, bugs);
    story.extend(violations.iter().map(|v| format!("{}: {}", v.invariant, v.detail)));
    let mut found: Vec<&'static str> = violations.iter().map(|v| v.invariant).collect();
    found.sort_unstable();
    found.dedup();
    (found, story)
}

/// One row: sound without the mistake, found with it, and each guard alone still holds.
fn judge(row: &Row) -> Result<String, String> {
    let name = format!("{:?}", row.bugs);
    let (sound, story) = found(row, &[]);
    if !sound.is_empty() {
        return Err(format!("{name}: {sound:?} without any mistake: {story:#?}"));
    }
    let (broken, story) = found(row, row.bugs);
    let Some(finds) = row.finds else {
        let quiet = broken.is_empty();
        let words = format!("{name}: borne");
        return if quiet { Ok(words) } else { Err(format!("{name}: {broken:?}: {story:#?}")) };
    };
    if !broken.contains(&finds) {
        return Err(format!("{name}: {finds} finds nothing, only {broken:?} do: {story:#?}"));
    }
    for guard in row.bugs.iter().filter(|_| row.bugs.len() > 1) {
        let others: Vec<Bug> = row.bugs.iter().copied().filter(|b| b != guard).collect();
        let (broken, story) = found(row, &others);
        if broken.contains(&finds) {
            return Err(format!("{name}: {guard:?} guards nothing: {broken:?}: {story:#?}"));
        }
    }
    Ok(format!("{name}: {broken:?}"))
}

/// Rows whose place in the table leaves this rest: several tests, side by side.
fn share(rest: usize) {
    let mine = rows().into_iter().enumerate().filter(|(i, _)| i % 8 == rest);
    let wrong: Vec<String> = mine
        .filter_map(|(_, row)| match judge(&row) {
            Ok(words) => {
                println!("{words}");
                None
            }
            Err(why) => Some(why),
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

macro_rules! shares {
    ($($name:ident $rest:literal)*) => {
        $(#[test] fn $name() { share($rest); })*
    };
}

shares! {
    planted_mistakes_are_found_0 0
    planted_mistakes_are_found_1 1
    planted_mistakes_are_found_2 2
    planted_mistakes_are_found_3 3
    planted_mistakes_are_found_4 4
    planted_mistakes_are_found_5 5
    planted_mistakes_are_found_6 6
    planted_mistakes_are_found_7 7
}

/// Mistakes that the search of the small protocol finds by itself, within what bounds.
#[test]
fn the_exhaustive_search_finds_mistakes_too() {
    // To wait is to wait past the lease; only who stands still for less can come too early.
    let plain = Bounds::LEAP;
    let late = Bounds { leaps: 0, flips: 2, ..Bounds::FAULT };
    let cases: [(&[Bug], Bounds, &str); 2] =
        [(&[Bug::NoFenceWait], plain, "S8"), (&[Bug::UnseenIsUndone], late, "S16")];
    for (bugs, bounds, finds) in cases {
        let _field = planted::sow(bugs);
        let found = search(&bounds);
        println!("{bugs:?}: {found}");
        let invariant = found.violation.as_ref().map(|(v, _)| v.invariant);
        assert_eq!(invariant, Some(finds), "{bugs:?}: {found}");
    }
}

/// A mistake, the run in which it comes to light, and what is said of it.
type Case = (&'static [Bug], fn(u64) -> Shown, &'static str);

/// Mistakes in weighing the evidence that voters who see badly bring to light, the run in which they do, and
/// what is said of it. A run is judged by what the voters truly saw, so none of the checkers is needed.
#[test]
fn voters_that_see_badly_find_mistakes_too() {
    /// Seeds that are tried: as many as the runs without a mistake.
    const SEEDS: u64 = 40;
    let primary_wrong = |seed| one_region_wrong(seed, &"us-east-1".into());
    let cases: [Case; 5] = [
        (&[Bug::HealthyIgnored], deceived, "as many outside saw it well"),
        // Witnesses that see it well hide these two in most runs.
        (&[Bug::UnknownIsDown, Bug::HealthyIgnored], deceived, "no quorum saw trouble"),
        (&[Bug::NoOutsideWitness, Bug::HealthyIgnored], primary_wrong, "alone opened it"),
        (&[Bug::NotSustained], deceived, "no quorum saw trouble"),
        (&[Bug::BeginningForgotten], silent, "was not found"),
    ];
    for (bugs, run, says) in cases {
        let found = (1..=SEEDS).find_map(|seed| {
            let shown = {
                let _field = planted::sow(bugs);
                run(seed)
            };
            shown.breaches.into_iter().find(|breach| breach.contains(says))
        });
        let breach = found.unwrap_or_else(|| panic!("{bugs:?}: nothing says {says:?}"));
        println!("{bugs:?}: {breach}");
        let sound: Vec<String> = (1..=SEEDS).flat_map(|seed| run(seed).breaches).collect();
        assert!(sound.is_empty(), "without a mistake: {sound:#?}");
    }
}

/// Mistakes that only drawn schedules show, with the guards off that hide them, and what is found.
#[test]
fn drawn_schedules_find_what_no_scene_shows() {
    let setup = Setup::examples();
    let cases: [(&[Bug], &str, u64); 3] = [
        (&[Bug::RefusedForEver], "L5", 400),
        (&[Bug::AwayForEver], "L6", 800),
        (&[Bug::AnyonesTrouble, Bug::HealthyIgnored], "S17", 6000),
    ];
    for (bugs, finds, budget) in cases {
        let caught = until_found(&setup, bugs, 1, budget, finds);
        let caught =
            caught.unwrap_or_else(|| panic!("{bugs:?}: no {finds} within {budget} schedules"));
        println!("{bugs:?}: {finds} after {} schedules", caught.schedules);
    }
}

#[test]
fn there_are_enough_of_them() {
    let found = rows().iter().filter(|row| row.finds.is_some()).count();
    assert!(found >= FEWEST, "{found} are planted, {FEWEST} are wanted");
}

/// Mistakes that a few drawn schedules find: `make sown` draws for all that have a budget.
#[test]
fn a_few_drawn_schedules_find_the_plainest_of_them() {
    let setup = Setup::examples();
    let mut found = 0;
    for row in rows() {
        let Drawn::Within { budget, .. } = row.drawn else { continue };
        if budget <= FEW {
            let caught = until_caught(&setup, row.bugs, 1, budget);
            assert!(caught.is_some(), "{:?}: not within {budget} schedules", row.bugs);
            found += 1;
        }
    }
    assert!(found >= 5, "{found} are found by a few");
}

#[test]
fn drawn_schedules_are_to_find_enough_of_them() {
    let drawn = rows().iter().filter(|r| matches!(r.drawn, Drawn::Within { .. })).count();
    assert!(drawn >= FEWEST, "{drawn} have a budget, {FEWEST} are wanted");
}

#[test]
fn the_documentation_has_the_table() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/safety.md");
    let page = std::fs::read_to_string(path).unwrap_or_default();
    // These are found by voters that see badly, or by drawn schedules, alone, and are no rows.
    let alone = ["BeginningForgotten", "AnyonesTrouble", "AwayForEver"];
    let row =
        |line: &&str| line.starts_with("| `") && !alone.iter().any(|name| line.contains(name));
    let stated: Vec<&str> = page.lines().filter(row).collect();
    let table: Vec<String> = rows().iter().map(Row::told).collect();
    assert!(stated == table, "docs/safety.md has another table than this:\n{}", table.join("\n"));
}
