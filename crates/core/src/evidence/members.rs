//! Voters that count: instances of a group, status checks, targets, tasks.

use crate::evidence::looking::odd;
use crate::evidence::{Reading, Signs, Vote};
use crate::ids::{Region, Text};
use crate::plan::{About, EcsVoter, GroupVoter, InstancesVoter, TargetsVoter};
use crate::printable::NAMED_MAX;
use crate::world::{Member, MemberHealth, MembersView, Question, RolloutState, Seen, Tally, View};

pub(super) fn group(region: &Region, group: &str) -> Question {
    Question::GroupMembers { region: region.clone(), group: group.into() }
}

pub(super) fn instances(voter: &InstancesVoter) -> Question {
    Question::InstanceStatus { region: voter.region.clone(), ids: voter.instances.clone() }
}

pub(super) fn targets(voter: &TargetsVoter) -> Vec<Question> {
    let zones = voter.group.as_deref().map(|name| group(&voter.region, name));
    std::iter::once(target_health(voter)).chain(zones).collect()
}

fn target_health(voter: &TargetsVoter) -> Question {
    Question::TargetHealth {
        region: voter.region.clone(),
        target_group: voter.target_group.clone(),
    }
}

pub(super) fn service(voter: &EcsVoter) -> Question {
    Question::ServiceHealth {
        region: voter.region.clone(),
        cluster: voter.cluster.clone(),
        service: voter.service.clone(),
    }
}

pub(super) fn read_group(voter: &GroupVoter, seen: &Seen) -> Reading {
    let question = group(&voter.region, &voter.group);
    match members(&question, seen) {
        Err(why) => Reading::blind(why),
        Ok(view) => judge(&question, &view, &voter.about, voter.more_than),
    }
}

pub(super) fn read_instances(voter: &InstancesVoter, seen: &Seen) -> Reading {
    let question = instances(voter);
    match members(&question, seen) {
        Err(why) => Reading::blind(why),
        Ok(view) => judge(&question, &view, &voter.about, voter.more_than),
    }
}

pub(super) fn read_targets(voter: &TargetsVoter, seen: &Seen) -> Reading {
    let question = target_health(voter);
    let view = match members(&question, seen) {
        Err(why) => return Reading::blind(why),
        Ok(view) => view,
    };
    let zones = voter.group.as_deref().and_then(|name| {
        // Without its group the targets are judged all the same, only not by zone.
        members(&group(&voter.region, name), seen).ok()
    });
    let view = match &zones {
        Some(zones) => view.with_zones_of(zones),
        None => view,
    };
    judge(&question, &view, &voter.about, voter.more_than)
}

fn members(question: &Question, seen: &Seen) -> Result<MembersView, String> {
    match seen.get(question) {
        Err(blind) => Err(blind.to_string()),
        Ok(View::Members(Some(view))) => Ok(view.clone()),
        Ok(View::Members(None)) => Err(format!("{question}: there is none")),
        Ok(other) => Err(odd(question, other)),
    }
}

/// Whether more than a share, in percent, of what is judged is down.
fn exceeds(tally: Tally, more_than: u8) -> bool {
    u64::from(tally.unhealthy) * 100 > u64::from(tally.judged()) * u64::from(more_than)
}

fn judge(question: &Question, view: &MembersView, about: &About, more_than: u8) -> Reading {
    let here = |m: &&Member| about.zone.is_none() || m.zone == about.zone;
    let view = MembersView { members: view.members.iter().filter(here).cloned().collect() };
    let tally = view.tally();
    let place = about.zone.as_deref().map_or(String::new(), |zone| format!(" in {zone}"));
    if tally.judged() == 0 {
        return Reading::blind(format!(
            "{question}{place}: none of {} is judged ({} come up, {} are away)",
            view.members.len(),
            tally.starting,
            tally.away
        ));
    }
    let down = |m: &&Member| m.health == MemberHealth::Unhealthy;
    let words = view.members.iter().find(down).map_or(String::new(), |m| format!(": {}", m.state));
    let evidence = format!(
        "{question}{place}: {} of {} are unhealthy{words}",
        tally.unhealthy,
        tally.judged()
    );
    let mut signs = Signs {
        resources: view.members.iter().filter(down).take(NAMED_MAX).map(|m| m.id.clone()).collect(),
        metrics: [
            ("unhealthy".into(), f64::from(tally.unhealthy)),
            ("judged".into(), f64::from(tally.judged())),
        ]
        .into(),
        ..Signs::default()
    };
    for (zone, tally) in view.by_zone() {
        let Some(zone) = zone.filter(|_| tally.judged() > 0) else { continue };
        if exceeds(tally, 50) {
            signs.zones_down.insert(zone.into());
        } else if tally.healthy > tally.unhealthy {
            signs.zones_well.insert(zone.into());
        }
    }
    let vote = if exceeds(tally, more_than) { Vote::Unhealthy } else { Vote::Healthy };
    Reading::new(vote, evidence).with(signs)
}

pub(super) fn read_service(voter: &EcsVoter, seen: &Seen) -> Reading {
    let question = service(voter);
    let view = match seen.get(&question) {
        Err(blind) => return Reading::blind(blind.to_string()),
        Ok(View::Service(Some(view))) => view,
        Ok(View::Service(None)) => return Reading::blind(format!("{question}: there is none")),
        Ok(other) => return Reading::blind(odd(&question, other)),
    };
    if view.desired == 0 {
        return Reading::blind(format!("{question}: no task is wanted"));
    }
    let missing = view.desired.saturating_sub(view.running);
    let failed = view.rollouts.iter().find(|r| r.state == Some(RolloutState::Failed));
    let failed =
        failed.map_or(String::new(), |r| format!("; deployment {} failed: {}", r.id, r.reason));
    let evidence = format!(
        "{question}: {} of {} wanted tasks run, {} come up{failed}",
        view.running, view.desired, view.pending
    );
    let beyond = u64::from(missing) * 100 > u64::from(view.desired) * u64::from(voter.more_than);
    let vote = if beyond { Vote::Unhealthy } else { Vote::Healthy };
    let metrics = [
        (Text::from("running"), f64::from(view.running)),
        ("desired".into(), f64::from(view.desired)),
    ];
    let resources = if missing > 0 { [voter.service.clone()].into() } else { [].into() };
    Reading::new(vote, evidence).with(Signs {
        metrics: metrics.into(),
        resources,
        ..Signs::default()
    })
}
