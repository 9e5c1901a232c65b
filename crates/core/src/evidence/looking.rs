//! What has to be looked at for a voter, and what its look says. A Region that does not answer is
//! Unknown with the reason, never an error and never Unhealthy.

use crate::evidence::{Baseline, Reading, Signs, Vote, members, metric};
use crate::ids::{Side, Text};
use crate::plan::{
    About, AlarmVoter, Database, EndpointVoter, HealthCheckVoter, MetricVoter, Plan,
    ReplicationVoter, Threshold, Voter,
};
use crate::printable::{TEXT_MAX, kept};
use crate::time::Timestamp;
use crate::world::{AlarmState, AlarmView, HttpRequest, Question, Seen, View};

/// What has to be looked at to hear this voter; nothing for one that lives on events.
pub fn voter_questions(voter: &Voter, plan: &Plan) -> Vec<Question> {
    match voter {
        Voter::Alarm(v) => {
            let alarms = std::iter::once(&v.alarm).chain(&v.control_alarm);
            alarms.map(|alarm| alarm_question(v, alarm)).collect()
        }
        Voter::HealthCheck(v) => vec![metric::latest(&status_of(v))],
        Voter::HealthEvent(_) | Voter::RdsEvent(_) | Voter::Document(_) => Vec::new(),
        Voter::Group(v) => vec![members::group(&v.region, &v.group)],
        Voter::Instances(v) => vec![members::instances(v)],
        Voter::Targets(v) => members::targets(v),
        Voter::EcsService(v) => vec![members::service(v)],
        Voter::Metric(v) => vec![metric::latest(v)],
        Voter::Endpoint(v) => {
            let urls = std::iter::once(&v.url).chain(&v.control_url);
            urls.map(|url| endpoint_question(v, url)).collect()
        }
        Voter::Replication(v) => replica_question(v, plan).into_iter().collect(),
    }
}

/// What has to be looked at for the past of a voter; it changes with the hour only.
pub fn baseline_questions(voter: &Voter) -> Vec<Question> {
    match voter {
        Voter::Metric(MetricVoter { deviation: Some(deviation), .. }) => {
            metric::past(voter, deviation)
        }
        Voter::Alarm(_)
        | Voter::HealthCheck(_)
        | Voter::HealthEvent(_)
        | Voter::RdsEvent(_)
        | Voter::Document(_)
        | Voter::Group(_)
        | Voter::Instances(_)
        | Voter::Targets(_)
        | Voter::EcsService(_)
        | Voter::Metric(_)
        | Voter::Endpoint(_)
        | Voter::Replication(_) => Vec::new(),
    }
}

/// What a voter says by what was seen; `None`: it lives on events, no look makes it speak.
pub fn read(
    voter: &Voter,
    plan: &Plan,
    seen: &Seen,
    baseline: Option<&Baseline>,
    now: Timestamp,
) -> Option<Reading> {
    Some(match voter {
        Voter::Alarm(v) => alarm(v, seen),
        Voter::HealthCheck(v) => {
            let reading = metric::read(&status_of(v), seen, None, now);
            let evidence = format!("health check {}: {}", v.health_check, reading.evidence);
            Reading { evidence: kept(evidence, TEXT_MAX), ..reading }
        }
        Voter::HealthEvent(_) | Voter::RdsEvent(_) | Voter::Document(_) => return None,
        Voter::Group(v) => members::read_group(v, seen),
        Voter::Instances(v) => members::read_instances(v, seen),
        Voter::Targets(v) => members::read_targets(v, seen),
        Voter::EcsService(v) => members::read_service(v, seen),
        Voter::Metric(v) => metric::read(v, seen, baseline, now),
        Voter::Endpoint(v) => endpoint(v, seen),
        Voter::Replication(v) => replication(v, plan, seen),
    })
}

/// An answer that is none to what was asked.
pub(super) fn odd(question: &Question, view: &View) -> String {
    format!("{question} answered something else: {view:?}")
}

fn alarm_question(voter: &AlarmVoter, alarm: &str) -> Question {
    Question::Alarm { region: voter.region.clone(), alarm: alarm.into() }
}

/// A voter that cannot prove its sight is Unknown, whatever its alarm says.
fn alarm(voter: &AlarmVoter, seen: &Seen) -> Reading {
    let says = one_alarm(voter, &voter.alarm, seen);
    // Whoever mutes an alarm expects it to fire, in a deployment or a test of a failover: it is no news. That it is
    // muted is kept also where its sight is not proven: it may be proven before the alarm has cleared.
    if let Ok(AlarmView { muted: Some(why), state, .. }) = says {
        return Reading::muted(format!("muted: {why}; it would say {}", state.as_str()));
    }
    if let Some(control) = &voter.control_alarm {
        match one_alarm(voter, control, seen) {
            Ok(view) if view.state == AlarmState::Ok => {}
            Ok(view) => {
                let why = format!("its control probe fails: {}", view.reason);
                return Reading::blind(why).since(view.since);
            }
            Err(why) => return Reading::blind(format!("its control probe: {why}")),
        }
    }
    match says {
        Err(why) => Reading::blind(why),
        Ok(view) => {
            let vote = match view.state {
                AlarmState::Ok => Vote::Healthy,
                AlarmState::Alarm => Vote::Unhealthy,
                AlarmState::InsufficientData => Vote::Unknown,
            };
            Reading::new(vote, view.reason.clone()).since(view.since)
        }
    }
}

fn one_alarm<'a>(voter: &AlarmVoter, alarm: &str, seen: &'a Seen) -> Result<&'a AlarmView, String> {
    let question = alarm_question(voter, alarm);
    match seen.get(&question) {
        Err(blind) => Err(blind.to_string()),
        Ok(View::Alarm(Some(view))) => Ok(view),
        Ok(View::Alarm(None)) => Err(format!("{question} does not exist")),
        Ok(other) => Err(odd(&question, other)),
    }
}

/// A health check's own verdict as Route 53 puts it into CloudWatch each minute: 1 is healthy, for checks of
/// endpoints, of other checks (calculated) and of alarms alike
/// (docs.aws.amazon.com/Route53/latest/DeveloperGuide/monitoring-health-checks.html). `GetHealthCheckStatus` is
/// "intended for use during development", and cannot be asked of a calculated one
/// (docs.aws.amazon.com/Route53/latest/APIReference/API_GetHealthCheckStatus.html).
fn status_of(voter: &HealthCheckVoter) -> MetricVoter {
    MetricVoter {
        id: voter.id.clone(),
        region: voter.region.clone(),
        namespace: "AWS/Route53".into(),
        metric: "HealthCheckStatus".into(),
        dimensions: [("HealthCheckId".into(), voter.health_check.clone())].into(),
        // Unhealthy for a part of the minute is unhealthy.
        statistic: "Minimum".into(),
        threshold: Some(Threshold { above: None, below: Some(1.0) }),
        deviation: None,
        about: About::default(),
    }
}

fn endpoint_question(voter: &EndpointVoter, url: &str) -> Question {
    Question::Http(HttpRequest {
        method: "GET".into(),
        url: url.into(),
        body: None,
        marker_header: "X-Leeward-Side".into(),
        resolvers: voter.resolvers.clone(),
    })
}

/// No answer is Unhealthy only while the control URL proves that the detector itself sees.
fn endpoint(voter: &EndpointVoter, seen: &Seen) -> Reading {
    let question = endpoint_question(voter, &voter.url);
    let view = match seen.get(&question) {
        Err(blind) => return no_answer(voter, &blind.to_string(), seen),
        Ok(View::Http(view)) => view,
        Ok(other) => return Reading::blind(odd(&question, other)),
    };
    let took = view.took.as_millis();
    let evidence = format!("{} answers {} in {took} ms", voter.url, view.status);
    let metrics = [("response_time".into(), took as f64)].into();
    let signs = Signs { metrics, ..Signs::default() };
    let late = voter.within.filter(|within| view.took > *within);
    let reading = if view.status != voter.status {
        Reading::new(Vote::Unhealthy, format!("{evidence}, not {}", voter.status))
    } else if let Some(within) = late {
        Reading::new(Vote::Unhealthy, format!("{evidence}, later than {within}"))
    } else {
        Reading::new(Vote::Healthy, evidence)
    };
    reading.with(signs)
}

fn no_answer(voter: &EndpointVoter, why: &str, seen: &Seen) -> Reading {
    let Some(control) = &voter.control_url else {
        return Reading::blind(format!(
            "{why}. Without a control-url this may be the detector's own"
        ));
    };
    match seen.get(&endpoint_question(voter, control)) {
        Ok(View::Http(_)) => {
            Reading::new(Vote::Unhealthy, format!("{why}, while {control} answers"))
        }
        Ok(other) => Reading::blind(odd(&endpoint_question(voter, control), other)),
        Err(_) => Reading::blind(format!("{why}; {control} gives no answer either")),
    }
}

/// The replica of the side that lives in the voter's Region.
fn replica_question(voter: &ReplicationVoter, plan: &Plan) -> Option<Question> {
    let Some(Database::RdsReplica(database)) = plan.database(&voter.database) else { return None };
    let here = |side: &Side| *plan.regions.of(*side) == voter.region;
    let side = [Side::Standby, Side::Primary].into_iter().find(here)?;
    let instance = database.instance.of(side).clone();
    Some(Question::Rds { region: voter.region.clone(), instance })
}

fn replication(voter: &ReplicationVoter, plan: &Plan, seen: &Seen) -> Reading {
    let Some(question) = replica_question(voter, plan) else {
        let why = format!("{} has no RDS replica in {}", voter.database, voter.region);
        return Reading::blind(why);
    };
    let view = match seen.get(&question) {
        Err(blind) => return Reading::blind(blind.to_string()),
        Ok(View::Rds(Some(view))) => view,
        Ok(View::Rds(None)) => return Reading::blind(format!("{question} does not exist")),
        Ok(other) => return Reading::blind(odd(&question, other)),
    };
    let Some(link) = &view.replication else {
        return Reading::blind(format!(
            "{question} is no replica, or RDS does not say how it goes"
        ));
    };
    let evidence = format!("{question} says of its source: {} {}", link.status, link.message);
    let vote = if link.normal { Vote::Healthy } else { Vote::Unhealthy };
    let resources = [Text::from(voter.database.as_str())].into();
    Reading::new(vote, evidence.trim_end()).with(Signs { resources, ..Signs::default() })
}
