//! Capacity of the side that is moved to: what is looked at, how much is needed, and what stands in its
//! way. Sweeps look at it while all is well; the step looks at it again before it raises anything.

use serde::{Deserialize, Serialize};

use crate::ids::{Direction, EntryId, Region, Side, Text};
use crate::plan::{Amount, AutoScalingGroup, Capacity, Finding, Level, Plan, When};
use crate::time::{Timestamp, since};
use crate::world::{GroupView, InstanceView, Question, Seen, View};

/// A stored fact: how much of a capacity was in service at most.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Peak {
    /// The capacity.
    pub capacity: EntryId,
    /// The side it was seen on.
    pub side: Side,
    /// Most in service in the 24 hours before, in the units of its sizes.
    pub count: u32,
    /// When it was stored.
    pub at: Timestamp,
}

/// What a finding about capacity means for a recovery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hindrance {
    /// It cannot come up as it stands: a person has to mend something.
    Impossible,
    /// It was not seen, so nobody knows.
    Unseen,
    /// It can come up, and something is not as it should be.
    Remark,
}

/// Something found about one piece of capacity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct CapacityFinding {
    /// The piece, by its name in the plan.
    pub capacity: EntryId,
    /// When it comes up in a recovery.
    pub when: When,
    /// What it means.
    pub hindrance: Hindrance,
    /// What was wanted, what was seen, and what mends it.
    pub text: String,
}

impl CapacityFinding {
    /// Whether no fence may be taken while it stands. What comes up late and is merely unseen is looked
    /// at again in its own step.
    pub fn bars_fence(&self) -> bool {
        match self.hindrance {
            Hindrance::Impossible => true,
            Hindrance::Unseen => self.when == When::Early,
            Hindrance::Remark => false,
        }
    }
}

/// What has to be looked at for one piece of capacity on one side.
pub fn questions(plan: &Plan, capacity: &Capacity, side: Side) -> Vec<Question> {
    let region = plan.regions.of(side).clone();
    match capacity {
        Capacity::AutoScalingGroup(c) => {
            let group = group_question(&region, c, side);
            std::iter::once(group).chain(targets_question(region, c, side)).collect()
        }
        Capacity::Instances(c) => {
            vec![Question::Instances { region, ids: c.instances.of(side).clone() }]
        }
        Capacity::EcsService(c) => {
            let service = c.service.of(side);
            vec![Question::EcsService {
                region,
                cluster: service.cluster.clone(),
                service: service.name.clone(),
            }]
        }
        Capacity::LambdaConcurrency(c) => {
            vec![Question::Concurrency { region, function: c.function.of(side).clone() }]
        }
        Capacity::EventSource(c) => {
            vec![Question::EventSource { region, uuid: c.mapping.of(side).clone() }]
        }
    }
}

/// The question for a group.
pub(crate) fn group_question(region: &Region, c: &AutoScalingGroup, side: Side) -> Question {
    Question::Group { region: region.clone(), group: c.group.of(side).clone() }
}

/// The question for the targets of a group, if the plan names a target group.
pub(crate) fn targets_question(
    region: Region,
    c: &AutoScalingGroup,
    side: Side,
) -> Option<Question> {
    let target_group = c.target_group.as_ref()?.of(side).clone();
    Some(Question::Targets { region, target_group })
}

/// How many healthy targets show that `need` units serve. A target is an instance, and an instance is one
/// unit at least: as many healthy targets as units are enough, and so are all instances that serve.
pub(crate) fn targets_needed(need: u32, group: &GroupView) -> u32 {
    need.min(group.serving)
}

/// How many of a piece are needed on the side that is moved to, and from what the number comes.
pub fn needed(
    plan: &Plan,
    (id, amount): (&EntryId, Amount),
    source: Side,
    peaks: &[Peak],
    now: Timestamp,
) -> (u32, String) {
    let known = peaks.iter().filter(|p| p.capacity == *id && p.side == source);
    let max_age = plan.policy.facts_max_age;
    match known.max_by_key(|p| p.at) {
        Some(p) if since(p.at, now) <= max_age => {
            let need = amount.needed(Some(p.count));
            let share = amount.percent_of_peak;
            (need, format!("{share}% of a peak of {} stored at {}", p.count, p.at))
        }
        Some(p) => {
            let age = since(p.at, now).in_words();
            let floor = amount.needed(None);
            (floor, format!("the floor; the stored peak is {age} old, more than {max_age}"))
        }
        None => (amount.needed(None), "the floor; no peak is stored".to_owned()),
    }
}

/// How many of a piece are needed, and from what the number comes.
pub type Need<'a> = dyn Fn(&EntryId, Amount) -> (u32, String) + 'a;

/// What was found about all capacity of a plan on the side that is moved to.
pub fn findings(
    plan: &Plan,
    direction: Direction,
    seen: &Seen,
    need: &Need<'_>,
) -> Vec<CapacityFinding> {
    let side = direction.target();
    let mut all = Vec::new();
    for capacity in &plan.capacity {
        let mut found = Found { capacity, findings: Vec::new() };
        for question in questions(plan, capacity, side) {
            match seen.get(&question) {
                Ok(view) => found.weigh(&question, view, need),
                Err(blind) => {
                    found.add(Hindrance::Unseen, format!("unseen: {}", blind.about(&question)));
                }
            }
        }
        all.append(&mut found.findings);
    }
    all
}

/// The same as findings of the plan, each at its place there: what is impossible is an error.
pub fn in_plan(plan: &Plan, found: &[CapacityFinding]) -> Vec<Finding> {
    let one = |finding: &CapacityFinding| {
        let place = plan.capacity.iter().position(|c| *c.id() == finding.capacity)?;
        let level = match finding.hindrance {
            Hindrance::Impossible => Level::Error,
            Hindrance::Unseen | Hindrance::Remark => Level::Warning,
        };
        let message = finding.text.clone();
        Some(Finding { level, path: format!("capacity[{place}]"), message })
    };
    found.iter().filter_map(one).collect()
}

/// Warns where a peak is wanted and none is known: the floor alone would be asked for.
pub fn unknown_peaks(
    plan: &Plan,
    direction: Direction,
    peaks: &[Peak],
    now: Timestamp,
) -> Vec<CapacityFinding> {
    let source = direction.source();
    let mut all = Vec::new();
    for capacity in &plan.capacity {
        let (amount, mend) = match capacity {
            Capacity::AutoScalingGroup(c) => (c.amount, enable_metrics(plan, c, source)),
            Capacity::EcsService(c) => {
                let cluster = &c.service.of(source).cluster;
                let mend = format!(
                    "`aws ecs update-cluster-settings --cluster {cluster} --settings name=containerInsights,value=enabled --region {}`",
                    plan.regions.of(source)
                );
                (c.amount, mend)
            }
            Capacity::Instances(_) | Capacity::LambdaConcurrency(_) | Capacity::EventSource(_) => {
                continue;
            }
        };
        let id = capacity.id();
        let known = peaks.iter().any(|p| {
            p.capacity == *id && p.side == source && since(p.at, now) <= plan.policy.facts_max_age
        });
        if known || amount.percent_of_peak == 0 {
            continue;
        }
        let (floor, why) = needed(plan, (id, amount), source, peaks, now);
        let text = format!(
            "no peak of {id} on the {source} side is known, so a recovery asks for {floor} ({why}); is its metric on? {mend}"
        );
        let mut found = Found { capacity, findings: Vec::new() };
        found.add(Hindrance::Remark, text);
        all.append(&mut found.findings);
    }
    all
}

fn enable_metrics(plan: &Plan, c: &AutoScalingGroup, side: Side) -> String {
    format!(
        "`aws autoscaling enable-metrics-collection --auto-scaling-group-name {} --granularity 1Minute --region {}`",
        c.group.of(side),
        plan.regions.of(side)
    )
}

/// Findings about one piece.
struct Found<'a> {
    capacity: &'a Capacity,
    findings: Vec<CapacityFinding>,
}

impl Found<'_> {
    fn add(&mut self, hindrance: Hindrance, text: String) {
        let (capacity, when) = (self.capacity.id().clone(), self.capacity.when());
        self.findings.push(CapacityFinding { capacity, when, hindrance, text });
    }

    fn missing(&mut self, question: &Question) {
        self.add(Hindrance::Impossible, format!("{question} does not exist"));
    }

    fn weigh(&mut self, question: &Question, view: &View, need: &Need<'_>) {
        match (self.capacity, view) {
            (_, View::Group(None) | View::Targets(None) | View::Running(None))
            | (_, View::Concurrency(None) | View::Mapping(None)) => self.missing(question),
            (Capacity::AutoScalingGroup(c), View::Group(Some(view))) => {
                self.group(question, c, view, need(&c.id, c.amount));
            }
            (Capacity::Instances(_), View::Instances(all)) => self.instances(all),
            // AWS deletes it: it cannot be enabled any more (GetEventSourceMapping, `State`).
            (Capacity::EventSource(_), View::Mapping(Some(state))) if state == "Deleting" => {
                self.add(Hindrance::Impossible, format!("{question} is Deleting"));
            }
            (Capacity::AutoScalingGroup(_), View::Targets(Some(_)))
            | (Capacity::EcsService(_), View::Running(Some(_)))
            | (Capacity::LambdaConcurrency(_), View::Concurrency(Some(_)))
            | (Capacity::EventSource(_), View::Mapping(Some(_))) => {}
            (_, other) => self.add(Hindrance::Unseen, format!("{question} answered {other:?}")),
        }
    }

    fn group(
        &mut self,
        question: &Question,
        c: &AutoScalingGroup,
        view: &GroupView,
        (need, source): (u32, String),
    ) {
        if let Some(unit) = &view.measured_in {
            // Nothing says how many units one of its instances is (DescribeAutoScalingGroups,
            // `DesiredCapacityType`), so nothing that is seen can show that it is enough.
            self.add(
                Hindrance::Impossible,
                format!("{question} is measured in {unit}: only groups measured in instances or their weights can be waited for"),
            );
        }
        if need > view.maximum {
            self.add(
                Hindrance::Impossible,
                format!(
                    "{question} needs {need} ({source}), its maximum is {}; raise the maximum",
                    view.maximum
                ),
            );
        }
        if view.in_service < need {
            // Without them nothing is launched, or what is launched gets no requests (EC2 Auto Scaling
            // User Guide, "Suspend and resume processes").
            let attached = c.target_group.is_some();
            let needed = |p: &&Text| {
                p.as_str() == "Launch" || (attached && p.as_str() == "AddToLoadBalancer")
            };
            let barred: Vec<&str> =
                view.suspended.iter().filter(needed).map(Text::as_str).collect();
            if !barred.is_empty() {
                self.add(
                    Hindrance::Impossible,
                    format!(
                        "{question} has {} of {need} in service and its process {} is suspended; `aws autoscaling resume-processes` lets it go on",
                        view.in_service,
                        barred.join(" and ")
                    ),
                );
            }
        }
        if !view.tells_peak && c.amount.percent_of_peak > 0 {
            self.add(
                Hindrance::Remark,
                format!(
                    "{question} collects no metric GroupInServiceCapacity or GroupInServiceInstances: the way back would not know its peak"
                ),
            );
        }
    }

    /// All that are gone in one sentence, and all that EC2 does not know in another.
    fn instances(&mut self, all: &[(Text, Option<InstanceView>)]) {
        let absent = all.iter().filter(|(_, view)| view.is_none()).map(|(id, _)| id.to_string());
        let gone = all.iter().filter_map(|(id, view)| {
            let view = view.as_ref().filter(|view| view.gone())?;
            Some(format!("{id} is {view}"))
        });
        let (absent, gone): (Vec<String>, Vec<String>) = (absent.collect(), gone.collect());
        let id = self.capacity.id().clone();
        if !absent.is_empty() {
            let text = format!("{id}: EC2 knows no instance {}; mend the plan", few(&absent));
            self.add(Hindrance::Impossible, text);
        }
        if !gone.is_empty() {
            let text = format!(
                "{id}: {}, which is for good: replace what is gone, and mend the plan",
                few(&gone)
            );
            self.add(Hindrance::Impossible, text);
        }
    }
}

/// Most that one sentence names: a plan can list hundreds of instances.
const NAMED: usize = 8;

fn few(all: &[String]) -> String {
    let named: Vec<&str> = all.iter().take(NAMED).map(String::as_str).collect();
    let more = all.len() - named.len();
    let rest = if more == 0 { String::new() } else { format!(" and {more} more") };
    named.join(", ") + &rest
}

#[cfg(test)]
#[path = "capacity_tests.rs"]
mod tests;
