//! `leeward deploy-check`: whether this version may be deployed now.

use leeward_core::deploying::{Working, hinders};
use leeward_core::plan::Plan;
use leeward_core::table::PLANS;
use leeward_ports::ExecutionState;
use leeward_reconcile::{Book, retired};
use serde_json::json;

use crate::exit::{Answer, Exit, Trouble};
use crate::office::Office;

/// Looks at every workload that has a plan in force; refused while any of them hinders.
pub async fn check(office: &Office) -> Result<Answer, Trouble> {
    let listed = office.desk.table.list(PLANS, "").await?;
    let mut hindrances = Vec::new();
    let mut workloads = Vec::new();
    for item in listed.value.iter().filter(|item| retired(&item.body).is_none()) {
        // A plan that this version cannot read would no longer be watched by it.
        match serde_json::from_str::<Plan>(&item.body) {
            Ok(plan) if workloads.contains(&plan.workload) => {}
            Ok(plan) => workloads.push(plan.workload),
            Err(error) => hindrances
                .push(format!("this version cannot read the stored plan {}: {error}", item.key.sk)),
        }
    }
    for workload in &workloads {
        let (book, _) = office.desk.latest(workload).await?;
        let Some(book) = book else { continue };
        let last = book.state.executors.last().map(|(executor, _)| executor);
        let last = match last {
            Some(executor) => Some((executor, working(office, &book).await)),
            None => None,
        };
        hindrances.extend(hinders(&book.state, last));
    }
    let may = hindrances.is_empty();
    let lines = if may {
        vec![format!("this version may be deployed: {} workloads looked at", workloads.len())]
    } else {
        hindrances.iter().map(|why| format!("NOT NOW: {why}")).collect()
    };
    let json = json!({
        "schema": 1, "deployable": may, "workloads": workloads, "hindrances": hindrances,
    });
    Answer::of(&json, lines, if may { Exit::Well } else { Exit::Refused })
}

async fn working(office: &Office, book: &Book) -> Working {
    let (Some((last, _)), Some(executions)) =
        (book.state.executors.last(), office.executions.as_ref())
    else {
        return Working::Unknown;
    };
    match executions.state(last.as_str()).await {
        Ok(ExecutionState::Running) => Working::Yes,
        Ok(ExecutionState::Ended) => Working::No,
        // A terminal's `leeward run` is no execution: it is not known to have ended.
        Ok(ExecutionState::Unknown) | Err(_) => Working::Unknown,
    }
}
