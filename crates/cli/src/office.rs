//! Everything that the verbs need: the desk, the executions, who calls, and how to wait.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use leeward_core::ids::{Generation, PlanId, WorkloadId};
use leeward_core::plan::Plan;
use leeward_ports::{Aside, Executions, Identity, Provisioner, Provisions, Words};
use leeward_reconcile::{Book, Desk, StoredPlan};

use crate::exit::Trouble;

/// How time is let pass: a terminal waits really, a test in virtual time.
#[async_trait]
pub trait Rest: Send + Sync {
    /// Lets that much time pass.
    async fn rest(&self, duration: Duration);
}

/// Made once for each run of the command.
#[derive(Clone)]
pub struct Office {
    /// Table, world, marks and numbers.
    pub desk: Desk,
    /// The state machine's executions; `None`: no state machine was named.
    pub executions: Option<Arc<dyn Executions>>,
    /// Who calls.
    pub identity: Arc<dyn Identity>,
    /// What a plan needs in the world, made with the caller's own rights.
    pub provisions: Arc<dyn Provisions>,
    /// The function that makes writer leases; `None`: the caller's own rights do.
    pub provisioner: Option<Arc<dyn Provisioner>>,
    /// The function that writes down what people say; `None`: none was named, and only `--by-hand` writes.
    pub words: Option<Arc<dyn Words>>,
    /// Puts damaged items aside.
    pub aside: Arc<dyn Aside>,
    /// How time passes.
    pub rest: Arc<dyn Rest>,
}

impl Office {
    /// The same office, writing in the caller's own name.
    pub async fn in_the_callers_name(&self) -> Result<Self, Trouble> {
        let caller = self.identity.caller().await.map_err(|why| {
            Trouble::unavailable(format!(
                "{why}. Your name goes on record, so nothing was done; look at your credentials (`aws sts get-caller-identity`)"
            ))
        })?;
        Ok(Self { desk: self.desk.in_the_name_of(caller), ..self.clone() })
    }

    /// The generation that is asked for: the latest unless one is named.
    pub async fn book(
        &self,
        workload: &WorkloadId,
        generation: Option<u64>,
    ) -> Result<Book, Trouble> {
        if let Some(n) = generation {
            return Ok(self.desk.open_book(workload, Generation(n)).await?);
        }
        let (book, _) = self.desk.latest(workload).await?;
        book.ok_or_else(|| {
            Trouble::invalid(format!(
                "{workload} has no generation: no recovery was ever opened for it. `leeward assess {workload}` tells how it stands, `leeward plan show` which workloads there are"
            ))
        })
    }

    /// The plan that a generation was decided by.
    pub async fn plan_of(&self, book: &Book) -> Result<Arc<Plan>, Trouble> {
        let decision = &book.state.decision;
        Ok(self.desk.plan_version(&decision.plan, &decision.plan_digest).await?)
    }

    /// The plans in force for a workload, or the one that is named.
    pub async fn plans_of(
        &self,
        workload: &WorkloadId,
        plan: Option<&str>,
    ) -> Result<Vec<StoredPlan>, Trouble> {
        let (all, _) = self.desk.plans().await?;
        let known: Vec<String> =
            all.iter().map(|p| format!("{} ({})", p.plan.plan, p.plan.workload)).collect();
        let found: Vec<StoredPlan> = all
            .into_iter()
            .filter(|p| p.plan.workload == *workload)
            .filter(|p| plan.is_none_or(|name| p.plan.plan == PlanId::new(name)))
            .collect();
        if found.is_empty() {
            let wanted = plan.map_or(String::new(), |p| format!(" of the name {p}"));
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            return Err(Trouble::invalid(format!(
                "there is no plan{wanted} for workload {workload} in force; in force are: {known}. `leeward plan put FILE` stores one"
            )));
        }
        Ok(found)
    }
}

/// A workload's name, or what is wrong with it.
pub fn workload(text: &str) -> Result<WorkloadId, Trouble> {
    WorkloadId::checked(text).map_err(Trouble::invalid)
}
