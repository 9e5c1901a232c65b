//! `leeward plan`: check, put, show, schema.

use std::path::Path;
use std::sync::Arc;

use leeward_core::ids::{Digest, PlanId};
use leeward_core::index;
use leeward_core::journal::chain;
use leeward_core::plan::{Control, Finding, Level, Plan, Problem, check, parse, schema};
use leeward_core::steps::records::fence_name;
use leeward_core::table::{Key, lease_key};
use leeward_core::world::ChangeErrorKind;
use leeward_ports::{Condition, Dated, Frozen, Item, Made, Put};
use serde::Serialize;
use serde_json::json;

use crate::exit::{Answer, Exit, Trouble};
use crate::history;
use crate::office::Office;

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

/// Checks a file, makes what the plan needs in the world, stores it and puts it in force.
pub async fn put_file(office: &Office, file: &Path) -> Result<Answer, Trouble> {
    let (checked, plan) = look(file)?;
    let Some(plan) = plan.filter(|_| checked.valid) else { return answer(&checked) };
    let body = serde_json::to_string(&plan)
        .map_err(|e| Trouble::invalid(format!("the plan cannot be written as JSON: {e}")))?;
    let digest = chain::digest(body.as_bytes());
    let key = Key::plan_current(&plan.plan);
    let current = office.desk.table.get(&key).await?;
    let frozen = Frozen(current.at);
    let mut did = Vec::new();

    let version = item(Key::plan_version(&plan.plan, &digest), body.clone(), 0);
    // The key is the digest: whoever stored it first stored the same bytes.
    match office.desk.table.put(version.into(), Condition::Absent, frozen).await?.value {
        Put::Done => did.push(format!("stored version {digest}")),
        Put::Conflict => did.push(format!("version {digest} was stored already")),
    }
    provide(office, &plan, frozen, &mut did).await?;
    let led = put_in_force(office, &plan, body, &digest, &current).await?;
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
    Answer::of(&json, lines, Exit::Well)
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
        Some(item) => (Condition::NumberIs(item.n), item.n + 1),
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

/// The lease's item and the fence numbers: what a recovery needs to find.
async fn provide(
    office: &Office,
    plan: &Plan,
    frozen: Frozen,
    did: &mut Vec<String>,
) -> Result<(), Trouble> {
    let owner = plan.regions.primary.as_str();
    let key = lease_key(&plan.workload);
    if let Some(lease) = plan.databases.iter().find_map(|d| d.lease()) {
        let made = office
            .provisions
            .lease(&lease.region, &lease.table, &key, owner, frozen)
            .await
            .map_err(|e| {
                missing(
                    &format!("the writer lease {key} in table {} ({})", lease.table, lease.region),
                    &e,
                )
            })?;
        did.push(match made {
            Made::Now => format!(
                "made the writer lease {key} in {} ({}), owner {owner}, epoch 1",
                lease.table, lease.region
            ),
            Made::Before => {
                format!("the writer lease {key} in {} ({}) was there", lease.table, lease.region)
            }
        });
    }
    for control in &plan.traffic.controls {
        let Control::Record(control) = control else { continue };
        let mut zones: Vec<(&str, &str)> = Vec::new();
        for pair in &control.records {
            let zone = (pair.zone.as_str(), pair.zone_name.trim_end_matches('.'));
            if zones.contains(&zone) {
                continue;
            }
            zones.push(zone);
            let name = fence_name(plan.workload.as_str(), control.id.as_str(), zone.1);
            let made =
                office.provisions.fence_number(zone.0, &name, frozen).await.map_err(|e| {
                    missing(&format!("the fence number {name} in zone {}", zone.0), &e)
                })?;
            did.push(match made {
                Made::Now => format!("made the fence number {name}, 0"),
                Made::Before => format!("the fence number {name} was there"),
            });
        }
    }
    Ok(())
}

fn missing(what: &str, error: &leeward_core::world::ChangeError) -> Trouble {
    let exit = match error.kind {
        ChangeErrorKind::Refused | ChangeErrorKind::Conflict => Exit::NotAsAsked,
        ChangeErrorKind::Throttled | ChangeErrorKind::Lost => Exit::Unavailable,
    };
    Trouble::new(
        exit,
        format!(
            "making {what}: {error}. The plan is stored but not in force; put it again when that is mended"
        ),
    )
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
