//! A standby that is not as the plan says, or does not stay as it was raised: what comes of a recovery to it.
#![expect(clippy::wildcard_enum_match_arm, reason = "a test looks for one kind of entry among all")]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail their test")]

use leeward_core::ids::{Direction, Region, Side};
use leeward_core::journal::{End as Ended, Entry};
use leeward_core::plan::{Capacity, Check};
use leeward_core::time::{Span, after};
use leeward_ports::fake::RegionState;
use leeward_reconcile::Facts;
use leeward_tests::rig::Rig;

const PRIMARY: &str = "us-east-1";
const STANDBY: &str = "us-west-2";
const GROUP: &str = "orders-web-west";
const WORKERS: [&str; 2] = ["i-0f9e8d7c6b5a40001", "i-0f9e8d7c6b5a40002"];

fn west() -> Region {
    STANDBY.into()
}

fn down(rig: &Rig) {
    rig.world.set_region(&PRIMARY.into(), RegionState::Dead);
}

/// Entries of the first generation that were sent, as they read.
fn sent(rig: &Rig) -> Vec<String> {
    rig.story(1).into_iter().filter(|line| line.starts_with("intent: ")).collect()
}

fn notices(rig: &Rig) -> String {
    rig.publisher.delivered().iter().map(|d| format!("{d:?}\n")).collect()
}

fn assert_recovered(rig: &Rig) {
    assert_eq!(rig.ended(1), Some(Ended::Recovered), "{}", rig.told());
    assert_eq!(rig.world.served_by(), Some(Side::Standby), "{}", rig.told());
}

/// The primary was not fenced, and whoever has to mend it was told why.
fn assert_known_before_any_fence(rig: &Rig, words: &[&str]) {
    let lease = sent(rig).iter().any(|line| line.contains("move lease"));
    assert!(!lease, "{}", rig.told());
    let told = notices(rig);
    for word in words {
        assert!(told.contains(word), "{word} is not in {told}\n{}", rig.told());
    }
}

fn facts(rig: &Rig) -> Facts {
    let desk = rig.detector.desk.clone();
    let workload = rig.plan.workload.clone();
    let read = async move { desk.facts(&workload).await };
    let (facts, _) = leeward_ports::fake::block_on(&rig.clock, read).unwrap().unwrap();
    (*facts).clone()
}

/// What the last sweep found about the standby's capacity.
fn found(rig: &Rig) -> String {
    let facts = facts(rig);
    let standby = facts.standby_by(Direction::ToStandby, &rig.plan).unwrap();
    standby.capacity.iter().map(|finding| format!("{finding:?}\n")).collect()
}

#[test]
fn users_are_served_while_the_promoted_database_takes_its_first_backup() {
    let rig = Rig::well("orders");
    rig.world.set_habits(|habits| habits.promote_backup = Span::minutes(50));
    let began = rig.clock.now();
    down(&rig);
    rig.live(Span::minutes(30));
    assert_recovered(&rig);
    let end = rig.book(1).unwrap().state.end.as_ref().unwrap().at;
    assert!(end < after(began, Span::minutes(15)), "recovered at {end}\n{}", rig.told());
}

#[test]
fn capacity_is_counted_by_the_weights_of_instances() {
    let rig = {
        let mut plan = leeward_tests::rig::example("orders");
        plan.policy.approval.wanted_for = leeward_core::plan::ApprovalFor::None;
        for capacity in &mut plan.capacity {
            if let Capacity::AutoScalingGroup(c) = capacity {
                c.amount.at_least = 4;
            }
        }
        Rig::new(plan)
    };
    rig.world.set_weight(&west(), GROUP, 2);
    assert!(rig.live(Span::minutes(5)).is_empty());
    assert!(rig.plan.validation.checks.iter().any(|c| matches!(c, Check::TargetHealth { .. })));
    down(&rig);
    rig.live(Span::minutes(30));
    assert_recovered(&rig);
}

#[test]
fn a_peak_of_a_weighted_group_is_kept_in_the_units_of_its_sizes() {
    let rig = Rig::well("orders");
    let peak = |rig: &Rig| {
        let facts = facts(rig);
        facts.peaks.iter().find(|p| p.side == Side::Primary).unwrap().count
    };
    let before = peak(&rig);
    rig.world.set_weight(&PRIMARY.into(), "orders-web", 3);
    rig.live(Span::minutes(200));
    assert_eq!(peak(&rig), 3 * before);
}

/// A person moves the catalog, whose standby a scaling policy takes in again.
fn moved_although_scaled_in(times: u32, after_a_while: Span) -> Rig {
    let rig = Rig::well("catalog");
    let standby = rig.plan.regions.standby.clone();
    rig.world.set_scale_in(&standby, "catalog", "api", times, after_a_while);
    rig.order("recover", "to-standby").unwrap();
    rig.live(Span::minutes(40));
    rig
}

fn raised(rig: &Rig) -> usize {
    let raises = |line: &&String| line.contains("set the desired count") && line.ends_with("to 4");
    sent(rig).iter().filter(raises).count()
}

#[test]
fn a_standby_that_is_scaled_in_again_is_raised_again_and_people_are_told() {
    // Before its tasks run; when they run and the step is done; when users are on their way.
    for seconds in [5, 40, 120] {
        let rig = moved_although_scaled_in(1, Span::seconds(seconds));
        assert_recovered(&rig);
        assert_eq!(raised(&rig), 2, "{seconds}\n{}", rig.told());
        assert!(notices(&rig).contains("taken away again"), "{seconds}: {}", notices(&rig));
    }
}

#[test]
fn a_scale_in_without_end_is_no_retry_storm_and_nothing_is_given_up() {
    let rig = moved_although_scaled_in(1000, Span::seconds(5));
    assert!((2..=8).contains(&raised(&rig)), "{}", rig.told());
    let told = notices(&rig);
    assert!(told.contains("takes it away again"), "{told}\n{}", rig.told());
}

#[test]
fn one_instance_without_room_keeps_no_other_down_and_the_reason_is_told() {
    let rig = Rig::well("orders");
    rig.world.set_room(&west(), WORKERS[0], false);
    down(&rig);
    rig.live(Span::minutes(30));
    let told = notices(&rig);
    assert!(told.contains("InsufficientInstanceCapacity"), "{told}\n{}", rig.told());
    assert!(told.contains("1 of 2 of workers run"), "{told}");
    let state = |id: &str| {
        let ids = vec![id.into()];
        let question = leeward_core::world::Question::Instances { region: west(), ids };
        format!("{:?}", rig.world.peek(&question))
    };
    assert!(state(WORKERS[1]).contains("running"), "{}", rig.told());
    // There is room again, and a person says so.
    rig.world.set_room(&west(), WORKERS[0], true);
    let halted = rig.book(1).unwrap().state.halt.is_some();
    assert!(halted, "{}", rig.told());
}

#[test]
fn an_instance_that_falls_back_is_started_again_and_its_reason_is_told() {
    let rig = Rig::well("orders");
    let reason = "Client.InternalError: Client error on launch";
    rig.world.set_falls_back(&west(), WORKERS[1], Some(reason));
    down(&rig);
    rig.live(Span::minutes(40));
    let again = sent(&rig).iter().filter(|l| l.contains(WORKERS[1])).count();
    assert!(again > 1, "{}", rig.told());
    assert!(notices(&rig).contains(reason), "{}\n{}", notices(&rig), rig.told());
}

/// One piece of capacity after another is not as the plan says. The primary is partitioned: it is up,
/// and a fence would stop it for nothing.
#[test]
fn what_the_standby_lacks_is_known_before_the_primary_is_fenced() {
    type Lack = (&'static str, fn(&Rig));
    let cases: [Lack; 6] = [
        ("terminated", |rig| rig.world.terminate(&west(), WORKERS[0])),
        ("EC2 knows no instance", |rig| rig.world.remove(&west(), WORKERS[1])),
        ("does not exist", |rig| rig.world.remove(&west(), GROUP)),
        ("maximum is 2", |rig| rig.world.set_maximum(&west(), GROUP, 2)),
        ("Launch is suspended", |rig| rig.world.set_launching(&west(), GROUP, false)),
        ("vcpu", |rig| rig.world.set_measured_in(&west(), GROUP, Some("vcpu"))),
    ];
    for (words, lacks) in cases {
        let rig = Rig::well("orders");
        lacks(&rig);
        rig.live(Span::minutes(2));
        assert!(found(&rig).contains(words), "while all is well: {words}: {}", found(&rig));
        let began = rig.clock.now();
        rig.world.set_region(&PRIMARY.into(), RegionState::Partitioned);
        rig.live(Span::minutes(12));
        assert_known_before_any_fence(&rig, &[words]);
        let known = rig.book(1).unwrap().records.iter().find_map(|r| match &r.entry {
            Entry::Held { .. } | Entry::TurnedBack { .. } => Some(r.at),
            _ => None,
        });
        assert!(known.unwrap() < after(began, Span::minutes(6)), "{words}: {known:?}");
    }
}

#[test]
fn a_capacity_without_a_known_peak_is_said_and_stops_nothing() {
    let rig = Rig::well("orders");
    for (region, group) in [(PRIMARY, "orders-web"), (STANDBY, GROUP)] {
        rig.world.set_group_metrics(&region.into(), group, false);
    }
    rig.live(Span::minutes(2));
    assert!(found(&rig).contains("GroupInServiceInstances"), "{}", found(&rig));
    down(&rig);
    rig.live(Span::minutes(30));
    assert_recovered(&rig);
}

#[test]
fn what_the_standby_lacks_is_told_while_all_is_well() {
    let rig = Rig::well("orders");
    rig.world.terminate(&west(), WORKERS[0]);
    rig.live(Span::minutes(70));
    let told = notices(&rig);
    assert!(told.contains("would fail") && told.contains("is terminated"), "{told}");
    assert!(rig.book(1).is_none(), "nothing is opened for it");
}
