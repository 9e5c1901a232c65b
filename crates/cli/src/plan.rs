//! `leeward plan`: check, put, show, schema.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use leeward_core::ids::{Digest, PlanId};
use leeward_core::index;
use leeward_core::journal::chain;
use leeward_core::plan::compare::{self, Between};
use leeward_core::plan::{Finding, Level, Plan, Problem, check, parse, schema};
use leeward_core::table::Key;
use leeward_core::time::Timestamp;
use leeward_ports::{Condition, Dated, Frozen, Item, Put};
use serde::Serialize;
use serde_json::json;

use crate::exit::{Answer, Exit, Trouble};
use crate::history;
use crate::live;
use crate::office::Office;
use crate::provide;
use crate::rehome::{self, Rehomed};

/// What `plan check` found.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
struct Checked {
    schema: u32,
    file: String,
    plan: Option<PlanId>,
    valid: bool,
    problems: Vec<Problem>,
    findings: Vec<Finding>,
}

impl Checked {
    /// More findings; one of them may be an error.
    fn add(&mut self, more: Vec<Finding>) {
        self.valid &= more.iter().all(|f| f.level != Level::Error);
        self.findings.extend(more);
        self.findings.sort_by_key(|f| f.level);
    }
}

/// Reads a file and says everything that is to be said about it.
pub fn check_file(file: &Path) -> Result<Answer, Trouble> {
    let (checked, _) = look(file)?;
    answer(&checked)
}

fn look(file: &Path) -> Result<(Checked, Option<Plan>), Trouble> {
    let name = file.display().to_string();
    let text = std::fs::read_to_string(file)
        .map_err(|e| Trouble::invalid(format!("reading the plan {name}: {e}")))?;
    let checked = |plan: Option<&Plan>, problems: Vec<Problem>, findings: Vec<Finding>| Checked {
        schema: 1,
        file: name.clone(),
        plan: plan.map(|p| p.plan.clone()),
        valid: problems.is_empty() && findings.iter().all(|f| f.level != Level::Error),
        problems,
        findings,
    };
    match parse(&text) {
        Err(problems) => Ok((checked(None, problems, Vec::new()), None)),
        Ok(plan) => {
            let mut findings = check(&plan);
            findings.extend(history::findings(&plan)?);
            findings.sort_by_key(|f| f.level);
            Ok((checked(Some(&plan), Vec::new(), findings), Some(plan)))
        }
    }
}

fn answer(checked: &Checked) -> Result<Answer, Trouble> {
    let mut lines: Vec<String> = checked.problems.iter().map(|p| format!("error: {p}")).collect();
    lines.extend(checked.findings.iter().map(Finding::to_string));
    let count = |level: Level| checked.findings.iter().filter(|f| f.level == level).count();
    let errors = checked.problems.len() + count(Level::Error);
    lines.push(if checked.valid {
        format!(
            "{} is valid: {} warnings, {} notes",
            checked.file,
            count(Level::Warning),
            count(Level::Note)
        )
    } else {
        format!("{} is not valid: {errors} errors; nothing is stored", checked.file)
    });
    Answer::of(checked, lines, if checked.valid { Exit::Well } else { Exit::Invalid })
}

/// Checks files and compares what they say with each other and with the plans in force; makes what each plan needs in
/// the world, stores it and puts it in force.
pub async fn put_files(office: &Office, files: &[PathBuf]) -> Result<Answer, Trouble> {
    let mut ready: Vec<(Checked, Plan)> = Vec::new();
    for file in files {
        let (checked, plan) = look(file)?;
        let Some(plan) = plan.filter(|_| checked.valid) else { return answer(&checked) };
        if let Some((other, _)) = ready.iter().find(|(_, known)| known.plan == plan.plan) {
            return Err(Trouble::invalid(format!(
                "{} and {} are both plan {}: nothing is stored",
                other.file, checked.file, plan.plan
            )));
        }
        ready.push((checked, plan));
    }
    let (beside, now) = beside(office, &ready).await?;
    let mut rehomed =
        rehome::check(office, &ready.iter().map(|(_, plan)| plan).collect::<Vec<_>>()).await?;
    for (checked, plan) in &mut ready {
        checked.add(live::findings(office, plan, now).await);
        if !checked.valid {
            return answer(checked);
        }
    }
    let mut put = Vec::new();
    let mut lines: Vec<String> = beside.iter().map(Between::to_string).collect();
    for (checked, plan) in &ready {
        let place = rehomed.iter().position(|r| r.workload == plan.workload);
        let rehomed = place.map(|place| rehomed.swap_remove(place));
        let (json, said) = put_one(office, checked, plan, rehomed).await?;
        put.push(json);
        lines.extend(said);
    }
    let json = match <[serde_json::Value; 1]>::try_from(put) {
        Ok([one]) => one,
        Err(several) => json!({ "schema": 1, "put": several }),
    };
    Answer::of(&json, lines, Exit::Well)
}

/// What the plans say against each other and against those that will be in force beside them. An error refuses all.
/// With the time of the table's answer.
async fn beside(
    office: &Office,
    ready: &[(Checked, Plan)],
) -> Result<(Vec<Between>, Timestamp), Trouble> {
    let (stored, now) = office.desk.plans().await?;
    let replaced = |other: &Plan| {
        ready.iter().any(|(_, p)| p.plan == other.plan && p.workload == other.workload)
    };
    let mut found = compare::among(&ready.iter().map(|(_, plan)| plan).collect::<Vec<_>>());
    let others: Vec<&Plan> =
        stored.iter().map(|s| &*s.plan).filter(|other| !replaced(other)).collect();
    found.extend(ready.iter().flat_map(|(_, plan)| compare::against(plan, &others)));
    let (errors, rest): (Vec<Between>, Vec<Between>) =
        found.into_iter().partition(|b| b.level == Level::Error);
    if errors.is_empty() {
        return Ok((rest, now));
    }
    let mut trouble = Trouble::refused("the plans do not agree; nothing is stored");
    trouble.lines = errors.iter().map(Between::to_string).collect();
    Err(trouble)
}

async fn put_one(
    office: &Office,
    checked: &Checked,
    plan: &Plan,
    rehomed: Option<Rehomed>,
) -> Result<(serde_json::Value, Vec<String>), Trouble> {
    let body = serde_json::to_string(plan)
        .map_err(|e| Trouble::invalid(format!("the plan cannot be written as JSON: {e}")))?;
    let digest = chain::digest(body.as_bytes());
    let key = Key::plan_current(&plan.plan);
    let current = office.desk.table.get(&key).await?;
    let frozen = Frozen(current.at);
    let mut did = Vec::new();
    let leases = provide::leases(office, plan).await?;
    let known = office.desk.workloads().await?;
    let known = known.iter().find(|k| k.workload == plan.workload);
    office.desk.register_workload(&plan.workload, known, false, frozen).await?;

    let version = item(Key::plan_version(&plan.plan, &digest), body.clone(), 0);
    // The key is the digest: whoever stored it first stored the same bytes.
    match office.desk.table.put(version.into(), Condition::Absent, frozen).await?.value {
        Put::Done => did.push(format!("stored version {digest}")),
        Put::Conflict => did.push(format!("version {digest} was stored already")),
    }
    provide::provide(office, (plan, &digest), &leases, frozen, &mut did).await?;
    // Between the two nothing is opened: whoever meets the one without the other is told to put the plan again.
    if let Some(rehomed) = rehomed {
        did.push(rehome::record(office, rehomed).await?);
    }
    let led = put_in_force(office, plan, body, &digest, &current).await?;
    did.push(format!("plan {} of workload {} is in force", plan.plan, plan.workload));
    did.push(led);

    let mut lines: Vec<String> = checked
        .findings
        .iter()
        .filter(|f| f.level == Level::Warning)
        .map(Finding::to_string)
        .collect();
    lines.extend(did.iter().cloned());
    let json = json!({
        "schema": 1, "plan": plan.plan, "workload": plan.workload, "digest": digest,
        "did": did, "findings": checked.findings,
    });
    Ok((json, lines))
}

fn item(key: Key, body: String, n: u64) -> Item {
    Item { key, body, n, nonce: String::new() }
}

/// The pointer decides between two who put at once; the list is what the sweep reads. What the plan is found
/// by is written before the list: nothing is in force that an event would not find. Gives what leads to it.
async fn put_in_force(
    office: &Office,
    plan: &Plan,
    body: String,
    digest: &Digest,
    current: &Dated<Option<Arc<Item>>>,
) -> Result<String, Trouble> {
    let table = &office.desk.table;
    let frozen = Frozen(current.at);
    let (condition, n) = match &current.value {
        None => (Condition::Absent, 1),
        Some(item) => (Condition::NumberIs(item.n), item.n.saturating_add(1)),
    };
    let pointer = json!({ "digest": digest, "at": current.at });
    let pointer = item(Key::plan_current(&plan.plan), pointer.to_string(), n);
    if table.put(pointer.into(), condition, frozen).await?.value == Put::Conflict {
        return Err(Trouble::refused(format!(
            "another version of plan {} was put at the same moment; `leeward plan show {}` shows it, put yours again if it shall replace that",
            plan.plan, plan.plan
        )));
    }
    let before = match &current.value {
        Some(item) => version_before(office, plan, item).await,
        None => None,
    };
    office.desk.index(plan, before.as_deref(), n, frozen).await?;
    let listed = item(Key::plan_listed(&plan.plan), body, n);
    match table.put(listed.into(), Condition::Newer, frozen).await?.value {
        Put::Done => Ok(index::in_words(plan, before.as_deref())),
        Put::Conflict => Err(Trouble::refused(format!(
            "a later version of plan {} is in force already; `leeward plan show {}` shows it",
            plan.plan, plan.plan
        ))),
    }
}

/// The version that the pointer names. One that cannot be read leaves its marks: they cost a look each.
async fn version_before(office: &Office, plan: &Plan, pointer: &Item) -> Option<Arc<Plan>> {
    let pointer: serde_json::Value = serde_json::from_str(&pointer.body).ok()?;
    let digest = Digest::new(pointer.get("digest")?.as_str()?);
    office.desk.plan_version(&plan.plan, &digest).await.ok()
}

/// One stored plan, or the list.
pub async fn show(
    office: &Office,
    plan: Option<&str>,
    digest: Option<&str>,
) -> Result<Answer, Trouble> {
    let Some(name) = plan else { return list(office).await };
    let id = PlanId::new(name);
    let digest = match digest {
        Some(digest) => Digest::new(digest),
        None => in_force(office, &id).await?,
    };
    let plan = office.desk.plan_version(&id, &digest).await?;
    let json = json!({ "schema": 1, "plan": plan.plan, "digest": digest, "document": *plan });
    let text = serde_json::to_string_pretty(&*plan)
        .map_err(|e| Trouble::invalid(format!("plan {name} cannot be written: {e}")))?;
    let mut lines = vec![format!("# {name}, version {digest}")];
    lines.extend(text.lines().map(str::to_owned));
    Answer::of(&json, lines, Exit::Well)
}

async fn in_force(office: &Office, plan: &PlanId) -> Result<Digest, Trouble> {
    let (plans, _) = office.desk.plans().await?;
    let found = plans.into_iter().find(|p| p.plan.plan == *plan).map(|p| p.digest);
    found.ok_or_else(|| {
        Trouble::invalid(format!(
            "no plan {plan} is in force; `leeward plan show` lists those that are"
        ))
    })
}

async fn list(office: &Office) -> Result<Answer, Trouble> {
    let (plans, _) = office.desk.plans().await?;
    let lines = plans
        .iter()
        .map(|p| {
            let enabled = if p.plan.enabled { "enabled" } else { "not enabled" };
            format!(
                "{}  workload {}  {} → {}  {enabled}  {}",
                p.plan.plan,
                p.plan.workload,
                p.plan.regions.primary,
                p.plan.regions.standby,
                p.digest
            )
        })
        .collect::<Vec<_>>();
    let listed: Vec<_> = plans
        .iter()
        .map(|p| {
            json!({
                "plan": p.plan.plan, "workload": p.plan.workload, "digest": p.digest,
                "enabled": p.plan.enabled, "strategy": p.plan.strategy,
                "primary": p.plan.regions.primary, "standby": p.plan.regions.standby,
            })
        })
        .collect();
    let lines = if lines.is_empty() { vec!["no plan is in force".to_owned()] } else { lines };
    Answer::of(&json!({ "schema": 1, "plans": listed }), lines, Exit::Well)
}

/// The schema, as it is committed.
pub fn print_schema() -> Result<Answer, Trouble> {
    let schema = schema();
    let text = serde_json::to_string_pretty(&schema)
        .map_err(|e| Trouble::invalid(format!("the schema cannot be written: {e}")))?;
    Ok(Answer { json: schema, lines: text.lines().map(str::to_owned).collect(), exit: Exit::Well })
}
