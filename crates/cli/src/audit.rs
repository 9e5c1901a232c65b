//! `leeward audit`: every invariant that the journals of a workload can show.

use std::collections::BTreeSet;
use std::sync::Arc;

use leeward_core::audit::{Case, Judged, audit, bodies};
use leeward_core::ids::{Digest, Generation, WorkloadId};
use leeward_core::journal::{State, chain};
use leeward_core::table::{JOURNAL, generation_partition};
use serde::Serialize;

use crate::exit::{Answer, Exit, Trouble};
use crate::office::{Office, workload};

/// What was judged.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
struct Audited {
    schema: u32,
    workload: WorkloadId,
    held: bool,
    generations: Vec<OneGeneration>,
}

/// One journal, judged.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
struct OneGeneration {
    generation: Generation,
    held: bool,
    invariants: Vec<Judged>,
}

/// Judges one journal, or all.
pub async fn now(office: &Office, of: &str, generation: Option<u64>) -> Result<Answer, Trouble> {
    let workload = workload(of)?;
    let mut generations = Vec::new();
    match generation {
        Some(n) => match one(office, &workload, Generation(n)).await? {
            Some(judged) => generations.push(judged),
            None => {
                return Err(Trouble::invalid(format!("there is no generation {n} of {workload}")));
            }
        },
        None => {
            let mut next = Generation(1);
            while let Some(judged) = one(office, &workload, next).await? {
                generations.push(judged);
                next = next.next();
            }
        }
    }
    let held = generations.iter().all(|g| g.held);
    let audited = Audited { schema: 1, workload, held, generations };
    let exit = if held { Exit::Well } else { Exit::NotAsAsked };
    Answer::of(&audited, lines(&audited), exit)
}

/// The stored bodies of a journal and when they were read.
async fn one(
    office: &Office,
    workload: &WorkloadId,
    generation: Generation,
) -> Result<Option<OneGeneration>, Trouble> {
    let partition = generation_partition(workload, generation);
    let listed = office.desk.table.list(&partition, JOURNAL).await?;
    if listed.value.is_empty() {
        return Ok(None);
    }
    let stored = stored_evidence(office, &partition).await?;
    let previous = match generation {
        Generation(1) => None,
        Generation(n) => state(office, workload, Generation(n - 1)).await?,
    };
    let texts = || listed.value.iter().map(|item| item.body.as_str());
    // The plan is read by what the first entry names: without it only the chain can be judged.
    let decision = chain::read(texts()).ok().and_then(|(records, head)| {
        State::fold(&records[..1], head).ok().map(|state| state.decision)
    });
    let invariants = match decision {
        None => bodies(texts(), |_| Vec::new()),
        Some(decision) => {
            let plan = office.desk.plan_version(&decision.plan, &decision.plan_digest).await?;
            bodies(texts(), |records| {
                audit(&Case {
                    records,
                    plan: &plan,
                    plan_digest: &decision.plan_digest,
                    limits: &office.desk.limits,
                    previous: previous.as_deref(),
                    stored: Some(&stored),
                    now: listed.at,
                })
            })
        }
    };
    let held = invariants.iter().all(|j| j.held);
    Ok(Some(OneGeneration { generation, held, invariants }))
}

/// Digests of the evidence that is stored and unchanged.
async fn stored_evidence(office: &Office, partition: &str) -> Result<BTreeSet<Digest>, Trouble> {
    let listed = office.desk.table.list(partition, EVIDENCE).await?;
    Ok(listed
        .value
        .iter()
        .filter_map(|item| {
            let named = item.key.sk.strip_prefix(EVIDENCE)?;
            let found = chain::digest(item.body.as_bytes());
            (found.as_str() == named).then_some(found)
        })
        .collect())
}

/// Sort key prefix of stored evidence.
const EVIDENCE: &str = "EV#";

async fn state(
    office: &Office,
    workload: &WorkloadId,
    generation: Generation,
) -> Result<Option<Arc<State>>, Trouble> {
    Ok(office.desk.book(workload, generation).await?.map(|book| book.state))
}

fn lines(audited: &Audited) -> Vec<String> {
    let mut lines = Vec::new();
    if audited.generations.is_empty() {
        lines.push(format!("{} has no generation: there is nothing to judge", audited.workload));
    }
    for g in &audited.generations {
        let word = if g.held { "every invariant holds" } else { "BROKEN" };
        lines.push(format!("{} generation {}: {word}", audited.workload, g.generation));
        for j in &g.invariants {
            let mark = if j.held { "ok    " } else { "BROKEN" };
            lines.push(format!("  {mark}  {:<5}  {}: {}", j.invariant, j.title, j.detail));
        }
    }
    lines
}
