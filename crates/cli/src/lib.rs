//! `leeward`, the operator's command: what a person asks of Leeward, over the same ports and the same
//! journal as the functions. `main` wires it to AWS.

mod answers;
pub mod args;
mod assess;
mod audit;
mod deploy;
mod executor;
pub mod exit;
mod history;
mod impairments;
mod journal;
mod lease;
mod lease_move;
mod live;
pub mod office;
mod plan;
mod provide;
mod rehome;
mod repair;
mod retire;
pub mod run;
pub mod screen;
mod status;
mod system;
#[cfg(test)]
mod tests;
mod verbs;

use leeward_core::said::Word;

use crate::args::{Command, LeaseCommand, PlanCommand};
use crate::exit::{Answer, Trouble};
use crate::office::Office;
use crate::run::Handlers;
use crate::screen::Screen;

/// Carries a command out that needs no AWS; `None`: it does.
pub fn at_home(command: &Command) -> Option<Result<Answer, Trouble>> {
    let Command::Plan(plan) = command else { return None };
    match plan {
        PlanCommand::Check { file } => Some(plan::check_file(file)),
        PlanCommand::Schema => Some(plan::print_schema()),
        PlanCommand::Put { .. } | PlanCommand::Show { .. } | PlanCommand::Retire { .. } => None,
    }
}

/// Carries a command out.
pub async fn carry_out(
    office: &Office,
    handlers: &Handlers,
    command: &Command,
    screen: &mut Screen<'_>,
) -> Result<Answer, Trouble> {
    if let Some(answer) = at_home(command) {
        return answer;
    }
    match command {
        Command::Plan(PlanCommand::Put { files }) => plan::put_files(office, files).await,
        Command::Lease(command @ LeaseCommand::Show { .. }) => {
            lease::command(office, command).await
        }
        Command::Plan(PlanCommand::Show { plan, digest }) => {
            plan::show(office, plan.as_deref(), digest.as_deref()).await
        }
        Command::Plan(PlanCommand::Check { .. } | PlanCommand::Schema) => {
            Err(Trouble::invalid("this needs no AWS"))
        }
        Command::Assess { workload, plan, direction } => {
            assess::now(office, workload, plan.as_deref(), (*direction).into()).await
        }
        Command::Repair { workload, apply: false, .. } => {
            repair::repair(office, workload, false, None).await
        }
        Command::DeployCheck => deploy::check(office).await,
        Command::Audit { workload, generation } => audit::now(office, workload, *generation).await,
        Command::Impairments { workload, stats } => {
            impairments::list(office, workload.as_deref(), *stats).await
        }
        Command::Brake { what: None } => system::brake(office).await,
        Command::Switch { to: None, .. } => system::switch(office).await,
        Command::Status { of, generation, watch: false } => {
            status::once(office, of, *generation).await
        }
        Command::Status { of, generation, watch: true } => {
            status::watch(office, of, *generation, screen).await
        }
        Command::Run { workload } => run::workload_of(office, handlers, workload, screen).await,
        Command::Plan(PlanCommand::Retire { .. })
        | Command::Lease(_)
        | Command::Repair { .. }
        | Command::Start(_)
        | Command::Brake { what: Some(_) }
        | Command::Switch { to: Some(_), .. }
        | Command::Approve(_)
        | Command::Decline(_)
        | Command::Waive { .. }
        | Command::Pause(_)
        | Command::Stop(_)
        | Command::Resume { .. }
        | Command::Abandon(_)
        | Command::Ack(_) => {
            let own = office.in_the_callers_name().await?;
            said(&own, handlers, command, screen).await
        }
    }
}

/// What a person says goes on record in their own name.
async fn said(
    office: &Office,
    handlers: &Handlers,
    command: &Command,
    screen: &mut Screen<'_>,
) -> Result<Answer, Trouble> {
    match command {
        Command::Start(args) if args.here => {
            let request = executor::request(office, args).await?;
            let input = serde_json::to_value(&request)
                .map_err(|e| Trouble::invalid(format!("the start cannot be written: {e}")))?;
            run::execute(office, handlers, &request.workload, input, screen).await
        }
        Command::Start(args) => executor::start(office, args).await,
        Command::Approve(args) => {
            answers::answer(office, args, Word::Approve { question: args.question }).await
        }
        Command::Decline(args) => {
            answers::answer(office, args, Word::Decline { question: args.question }).await
        }
        Command::Waive { on, database } => verbs::waive(office, on, database).await,
        Command::Pause(on) => verbs::pause(office, on).await,
        Command::Stop(on) => verbs::stop(office, on).await,
        Command::Resume { on, time_limit, no_start } => {
            verbs::resume(office, on, *time_limit, *no_start).await
        }
        Command::Abandon(on) => verbs::abandon(office, on).await,
        Command::Ack(on) => verbs::ack(office, on).await,
        Command::Plan(PlanCommand::Retire { plan, workload, reason }) => {
            retire::retire(office, plan.as_deref(), workload.as_deref(), reason).await
        }
        Command::Lease(command) => lease::command(office, command).await,
        Command::Repair { workload, apply, reason, .. } => {
            repair::repair(office, workload, *apply, reason.as_deref()).await
        }
        Command::Brake { what: Some(what) } => system::change_brake(office, what).await,
        Command::Switch { to: Some(to), reason } => {
            system::turn(office, *to, reason.as_deref().unwrap_or_default()).await
        }
        Command::Plan(_)
        | Command::Assess { .. }
        | Command::Status { .. }
        | Command::Run { .. }
        | Command::DeployCheck
        | Command::Impairments { .. }
        | Command::Brake { what: None }
        | Command::Switch { to: None, .. }
        | Command::Audit { .. } => Err(Trouble::invalid("this is nothing that is said")),
    }
}
