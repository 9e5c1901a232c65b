//! What can reach the detector, and what it asks for. Rubbish is `InvalidInput`, never a signal.

mod health_event;
mod instant;
mod rds_event;
#[cfg(test)]
mod tests;
mod told;
mod wrapped;

pub use health_event::{HealthDetail, HealthEntity, HealthEvent, HealthWords};
pub use rds_event::{RdsDetail, RdsEvent, RdsNotice};
pub use told::{Deployment, DeploymentMark, Document, DocumentMark, Told};

use serde::Deserialize;
use serde_json::Value;

use crate::contract::{StartRequest, StepInput};
use crate::error::StepError;
use crate::ids::{ExecutorId, Generation, Step, WorkloadId};
use crate::printable::{RESOURCE_MAX, TEXT_MAX, cut, kept};
use crate::time::Timestamp;

/// A trigger, understood.
#[derive(Debug, Clone, PartialEq)]
pub enum Trigger {
    /// Look at everything: the schedule.
    Sweep {
        /// What sent it.
        source: String,
    },
    /// An alarm moved: look at the workloads that it votes for. Its content is never a vote.
    Alarm {
        /// Alarm name.
        alarm: String,
        /// Its Region.
        region: String,
        /// The Route 53 health check that it watches, if it watches one.
        health_check: Option<String>,
        /// When it moved; `None`: the event does not tell.
        at: Option<Timestamp>,
        /// What sent it.
        source: String,
    },
    /// Several of them, each its own record: SQS delivers up to ten at once. What cannot be read among them is
    /// left out, with the reason.
    Several(Vec<Result<Trigger, StepError>>),
    /// Somebody tells something that is read here once and kept as a vote.
    Told(Box<Told>),
    /// A person starts a recovery.
    Start(StartRequest),
    /// The state machine's first state: work on this generation.
    Join {
        /// The workload.
        workload: WorkloadId,
        /// The generation.
        generation: Generation,
        /// The execution.
        executor: ExecutorId,
    },
    /// The state machine's first state, started by hand with some other trigger.
    Within {
        /// The execution.
        executor: ExecutorId,
        /// The trigger.
        trigger: Box<Trigger>,
    },
    /// The commit step.
    Step(StepInput),
    /// An execution ended without having told: look after its generation.
    ExecutionEnded {
        /// Its name.
        name: String,
        /// How it ended.
        status: String,
    },
}

const EXPECTED: &str = "a schedule tick, a CloudWatch alarm action, an EventBridge event (alarm, Health, RDS, Step Functions), an SNS-wrapped alarm, {\"leeward\":\"start\",…}, {\"leeward\":\"document\",…}, {\"leeward\":\"deployment\",…}, {\"leeward\":\"detect\",…} or {\"leeward\":\"step\",…}";

/// Longest refusal of what came in, in bytes: it is logged and answered, and the event may be 1 MB.
const REFUSAL_MAX: usize = 1200;
/// Most of it that stands before what was expected.
const WHAT_MAX: usize = 500;

/// Reads whatever came in.
pub fn read(value: &Value) -> Result<Trigger, StepError> {
    understand(value).map_err(short)
}

/// With at most so much of what came in.
fn short(error: StepError) -> StepError {
    if let StepError::InvalidInput(why) = error {
        return StepError::InvalidInput(kept(why, REFUSAL_MAX).into());
    }
    error
}

/// Whether it is an order of the state machine or of a person, or a person's word, who have to hear that it is
/// wrong. Everything else is told by services that would only send the same again.
pub fn is_order(value: &Value) -> bool {
    let word = value.get("leeward").and_then(Value::as_str);
    matches!(word, Some("start" | "detect" | "step" | "word"))
}

fn understand(value: &Value) -> Result<Trigger, StepError> {
    match value.get("leeward").and_then(Value::as_str) {
        Some("start") => return start(value),
        Some("detect") => return detect(value),
        Some("step") => return step(value),
        Some("document") => return tell(told::document(value)),
        Some("deployment") => return tell(told::deployment(value)),
        Some("word") => {
            let why = "a word to a recovery is not taken here: the function of the output WordsArn takes it, from `leeward approve`, `stop` and the like";
            return Err(StepError::InvalidInput(why.to_owned()));
        }
        Some(other) => return invalid(format!("`leeward: {other}` is not known")),
        None => {}
    }
    if value.get("Records").is_some() {
        return wrapped::wrapped(value);
    }
    if let Some(alarm) = value.get("alarmData").and_then(|data| text(data, "/alarmName")) {
        let region = text(value, "/region").or_else(|| region_of_arn(text(value, "/alarmArn")?));
        let moved = Moved {
            at: text(value, "/alarmData/state/timestamp"),
            health_check: watched(value.pointer("/alarmData/configuration")),
        };
        return alarm_in(alarm, region, moved, "alarm action");
    }
    match (word(value, "source"), word(value, "detail-type")) {
        (Some(source), Some(detail_type)) => event(value, source, detail_type),
        _ => invalid("it has none of the shapes".to_owned()),
    }
}

fn invalid<T>(what: String) -> Result<T, StepError> {
    let what = cut(&what, WHAT_MAX);
    Err(StepError::InvalidInput(format!("{what}; expected {EXPECTED}")))
}

fn word<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name).and_then(Value::as_str).filter(|t| !t.is_empty())
}

fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer).and_then(Value::as_str).filter(|t| !t.is_empty())
}

fn region_of_arn(arn: &str) -> Option<&str> {
    arn.split(':').nth(3).filter(|r| !r.is_empty())
}

/// What an event tells of an alarm beside its name.
struct Moved<'a> {
    at: Option<&'a str>,
    health_check: Option<&'a str>,
}

/// The Route 53 health check in an alarm's configuration, as EventBridge and the alarm action have it.
fn watched(configuration: Option<&Value>) -> Option<&str> {
    let metrics = configuration?.get("metrics")?.as_array()?;
    metrics.iter().find_map(|m| text(m, "/metricStat/metric/dimensions/HealthCheckId"))
}

fn alarm_in(
    alarm: &str,
    region: Option<&str>,
    moved: Moved<'_>,
    source: &str,
) -> Result<Trigger, StepError> {
    match region {
        Some(region) => Ok(Trigger::Alarm {
            alarm: alarm.to_owned(),
            region: region.to_owned(),
            health_check: moved.health_check.map(str::to_owned),
            at: moved.at.and_then(|at| at.parse().ok()),
            source: source.to_owned(),
        }),
        None => invalid(format!("alarm {alarm} names no Region")),
    }
}

fn tell(told: Result<Told, StepError>) -> Result<Trigger, StepError> {
    told.map(|told| Trigger::Told(Box::new(told)))
}

fn start(value: &Value) -> Result<Trigger, StepError> {
    let mut request = StartRequest::deserialize(value).map_err(|e| {
        StepError::InvalidInput(format!(
            "{e}; expected {{\"leeward\":\"start\",\"workload\",\"plan\",\"mode\":\"recover|drill\",\"direction\":\"to-standby|to-primary\",\"reason\"}}"
        ))
    })?;
    WorkloadId::checked(request.workload.as_str()).map_err(StepError::InvalidInput)?;
    if request.reason.trim().is_empty() {
        return Err(StepError::InvalidInput("a start needs a reason".to_owned()));
    }
    request.reason = kept(request.reason, TEXT_MAX).into();
    request.operator = request.operator.map(|who| kept(who, RESOURCE_MAX).into());
    Ok(Trigger::Start(request))
}

fn detect(value: &Value) -> Result<Trigger, StepError> {
    let Some(executor) = text(value, "/executor") else {
        return invalid("`detect` names no executor".to_owned());
    };
    let executor = ExecutorId::new(executor);
    let Some(inner) = value.get("trigger") else {
        return invalid("`detect` carries no trigger".to_owned());
    };
    match understand(inner)? {
        Trigger::Step(input) if input.step == Step::Detect => match input.generation {
            Some(generation) => {
                Ok(Trigger::Join { workload: input.workload, generation, executor })
            }
            None => invalid("step detect names no generation".to_owned()),
        },
        Trigger::Within { .. } | Trigger::Join { .. } | Trigger::Step(_) => {
            invalid("a `detect` inside a `detect`".to_owned())
        }
        Trigger::Several(_) => invalid("several records inside a `detect`".to_owned()),
        trigger @ (Trigger::Sweep { .. }
        | Trigger::Alarm { .. }
        | Trigger::Told(_)
        | Trigger::Start(_)
        | Trigger::ExecutionEnded { .. }) => {
            Ok(Trigger::Within { executor, trigger: Box::new(trigger) })
        }
    }
}

fn step(value: &Value) -> Result<Trigger, StepError> {
    let input = StepInput::read(value, &[Step::Detect, Step::Commit])?;
    Ok(Trigger::Step(input))
}

fn event(value: &Value, source: &str, detail_type: &str) -> Result<Trigger, StepError> {
    match (source, detail_type) {
        ("aws.events" | "aws.scheduler", "Scheduled Event") => {
            Ok(Trigger::Sweep { source: "schedule".to_owned() })
        }
        ("aws.cloudwatch", "CloudWatch Alarm State Change") => {
            match text(value, "/detail/alarmName") {
                Some(alarm) => {
                    let moved = Moved {
                        at: text(value, "/detail/state/timestamp"),
                        health_check: watched(value.pointer("/detail/configuration")),
                    };
                    alarm_in(alarm, text(value, "/region"), moved, "EventBridge")
                }
                None => invalid("an alarm event without an alarm".to_owned()),
            }
        }
        ("aws.health", _) => tell(health_event::health(value)),
        ("aws.rds", _) => tell(rds_event::rds(value)),
        // Whatever another system puts on the bus: its own name as the source.
        (_, "Leeward Document") => tell(told::document(&value["detail"])),
        (_, "Leeward Deployment") => tell(told::deployment(&value["detail"])),
        ("aws.states", "Step Functions Execution Status Change") => {
            match (text(value, "/detail/name"), text(value, "/detail/status")) {
                (Some(name), Some(status)) => {
                    Ok(Trigger::ExecutionEnded { name: name.to_owned(), status: status.to_owned() })
                }
                _ => invalid("an execution event without name or status".to_owned()),
            }
        }
        _ => invalid(format!("an event `{detail_type}` of {source}")),
    }
}
