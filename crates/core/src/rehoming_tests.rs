//! Which plans may be put with which sides, and which that are in force are told of.

use super::*;
use crate::audit::example::{Journal, at, plan, recovered};
use crate::journal::{Entry, Lives};
use crate::succession::inheriting;

fn sides(primary: &str, standby: &str) -> Sides<Region> {
    Sides { primary: primary.into(), standby: standby.into() }
}

/// Recovered, by a decision that tells where it lived and its Regions unless it is of an older version.
fn away(old_version: bool) -> Journal {
    let mut j = recovered(1);
    let Entry::Opened(own) = &mut j.records[0].entry else { panic!() };
    if !old_version {
        **own = inheriting((**own).clone(), None, &plan());
    }
    j
}

fn with_regions(primary: &str, standby: &str) -> Plan {
    let mut plan = plan();
    (plan.regions.primary, plan.regions.standby) = (primary.into(), standby.into());
    plan
}

#[test]
fn a_plan_may_name_other_sides_only_where_the_workload_lives_in_its_primary() {
    let old = sides("us-east-1", "us-west-2");
    let turned = sides("us-west-2", "us-east-1");
    let away = away(false).state();
    let put = |last: Option<&State>, new: &Sides<Region>| may_put(last, &old, new);
    assert_eq!(put(Some(&away), &old), Ok(Sided::AsBefore));
    assert_eq!(put(Some(&away), &turned), Ok(Sided::Rehomed), "it shall stay there");
    let why = put(Some(&away), &sides("us-east-1", "eu-west-3")).unwrap_err();
    assert!(why.contains("lives in us-west-2") && why.contains("--direction to-primary"), "{why}");

    let mut home = away.clone();
    home.seen_at_home = Some(at(900));
    let why = put(Some(&home), &turned).unwrap_err();
    assert!(why.contains("lives in us-east-1") && why.contains("--direction to-standby"), "{why}");
    let why = put(Some(&home), &sides("eu-west-3", "us-west-2")).unwrap_err();
    assert!(why.contains("put a plan with standby eu-west-3 first"), "{why}");
    assert_eq!(put(Some(&home), &sides("us-east-1", "eu-west-3")), Ok(Sided::AsBefore));
    assert_eq!(put(None, &turned), Ok(Sided::Rehomed), "no journal tells: it has to be seen");
}

#[test]
fn a_plan_in_force_by_other_sides_is_told_of_whatever_version_decided() {
    for old_version in [false, true] {
        let away = away(old_version).state();
        assert_eq!(strayed(&away, &plan()), None);
        let why = strayed(&away, &with_regions("us-west-2", "us-east-1")).unwrap();
        assert!(why.contains("it lives in us-west-2 since generation 1"), "{why}");
        assert!(strayed(&away, &with_regions("us-east-1", "eu-west-3")).is_some());
        let mut home = away.clone();
        home.seen_at_home = Some(at(900));
        assert_eq!(
            strayed(&home, &with_regions("us-east-1", "eu-west-3")),
            None,
            "another shelter"
        );
        assert!(strayed(&home, &with_regions("us-west-2", "us-east-1")).is_some());
    }
    assert!(strayed(&away(false).state(), &with_regions("eu-west-3", "us-west-2")).is_some());
}

#[test]
fn a_home_that_was_changed_is_the_one_that_plans_are_held_against() {
    let mut j = away(false);
    let regions = Some(sides("us-west-2", "us-east-1"));
    j.add(900, Entry::SeenAtHome { evidence: "it is".to_owned(), regions });
    let state = j.state();
    assert_eq!(strayed(&state, &with_regions("us-west-2", "us-east-1")), None);
    let why = strayed(&state, &plan()).unwrap();
    assert!(why.contains("it lives in us-west-2."), "{why}");
    assert_eq!(state.lives(), Lives::AT_HOME);
}

#[test]
fn things_that_each_side_has_one_of_are_exchanged_when_both_names_are() {
    let mut new = plan();
    assert_eq!(exchanged(&plan(), &new), Vec::<String>::new());
    let Database::RdsReplica(d) = &mut new.databases[0] else { panic!() };
    std::mem::swap(&mut d.instance.primary, &mut d.instance.standby);
    assert_eq!(exchanged(&plan(), &new), ["instance of orders-db"]);
    let mut renamed = plan();
    let Database::RdsReplica(d) = &mut renamed.databases[0] else { panic!() };
    d.instance.primary = "orders-db-2".into();
    assert_eq!(exchanged(&plan(), &renamed), Vec::<String>::new(), "rebuilt under another name");
    std::mem::swap(&mut new.regions.primary, &mut new.regions.standby);
    assert_eq!(exchanged(&plan(), &new), Vec::<String>::new(), "with their Regions");
}

#[test]
fn the_metric_that_stopped_the_old_home_is_not_gone_on_with() {
    let (old, mut new) = (plan(), with_regions("us-west-2", "us-east-1"));
    let why = stopped(&old, &new).unwrap();
    assert!(why.contains("stopped us-east-1") && why.contains("a metric of another name"), "{why}");
    for control in &mut new.traffic.controls {
        let Control::StopMetric(c) = control else { continue };
        c.metric = "StopWest".into();
    }
    assert_eq!(stopped(&old, &new), None);
}
