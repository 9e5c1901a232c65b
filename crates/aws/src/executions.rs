//! Executions of the recovery's state machine, by Step Functions.

use async_trait::async_trait;
use aws_sdk_sfn::Client;
use aws_sdk_sfn::types::ExecutionStatus;
use leeward_core::ids::Region;
use leeward_ports::{ExecutionState, Executions, StartError};

use crate::Clients;
use crate::clients::limited;
use crate::fault::Fault;
use crate::limits::Limits;

/// Starts and looks at executions of one state machine.
#[derive(Debug, Clone)]
pub struct SfnExecutions {
    clients: Clients,
    machine: String,
}

/// What an ARN of a state machine tells.
struct Machine<'a> {
    region: Region,
    /// ARN of its executions up to their names.
    executions: String,
    arn: &'a str,
}

impl SfnExecutions {
    /// For the state machine of that ARN; an alias or version at its end is kept for starts.
    pub fn new(clients: &Clients, machine_arn: &str) -> Self {
        Self { clients: clients.clone(), machine: machine_arn.to_owned() }
    }

    fn machine(&self, tried: &str) -> Result<Machine<'_>, StartError> {
        let parts: Vec<&str> = self.machine.split(':').collect();
        match parts.as_slice() {
            ["arn", partition, "states", region, account, "stateMachine", name, ..]
                if !region.is_empty() && !name.is_empty() =>
            {
                Ok(Machine {
                    region: Region::from(*region),
                    executions: format!(
                        "arn:{partition}:states:{region}:{account}:execution:{name}:"
                    ),
                    arn: &self.machine,
                })
            }
            _ => Err(self.error(tried, "this is no ARN of a state machine".to_owned())),
        }
    }

    fn error(&self, tried: &str, message: String) -> StartError {
        StartError { tried: tried.to_owned(), machine: self.machine.clone(), message }
    }

    fn failed(&self, tried: &str, fault: &Fault) -> StartError {
        self.error(tried, format!("{}: {}", fault.code, fault.message))
    }
}

/// A status that Step Functions may have one day is not guessed at.
fn known(status: &ExecutionStatus) -> Option<ExecutionState> {
    let running = [ExecutionStatus::Running, ExecutionStatus::PendingRedrive];
    let ended = [
        ExecutionStatus::Aborted,
        ExecutionStatus::Failed,
        ExecutionStatus::Succeeded,
        ExecutionStatus::TimedOut,
    ];
    if running.contains(status) {
        return Some(ExecutionState::Running);
    }
    ended.contains(status).then_some(ExecutionState::Ended)
}

#[async_trait]
impl Executions for SfnExecutions {
    async fn start(&self, name: &str, input: &str) -> Result<(), StartError> {
        let tried = format!("StartExecution {name}");
        let machine = self.machine(&tried)?;
        let client = self.clients.client(&machine.region, Client::new);
        let start = client
            .start_execution()
            .state_machine_arn(machine.arn)
            .name(name)
            .input(input)
            .customize()
            .config_override(limited!(aws_sdk_sfn, Limits::TELL))
            .send()
            .await;
        let fault = match start.map_err(|e| Fault::of(&e)) {
            Ok(_) => return Ok(()),
            Err(fault) => fault,
        };
        if fault.code != "ExecutionAlreadyExists" {
            return Err(self.failed(&tried, &fault));
        }
        // A first attempt whose answer was lost may have run and ended already: the same input
        // means that this execution is the one that was asked for.
        let arn = format!("{}{name}", machine.executions);
        let found = client.describe_execution().execution_arn(&arn).send().await;
        let found = found.map_err(|e| self.failed(&tried, &Fault::of(&e)))?;
        if found.input() == Some(input) {
            return Ok(());
        }
        Err(self.error(&tried, "an execution of that name exists with another input".to_owned()))
    }

    async fn state(&self, name: &str) -> Result<ExecutionState, StartError> {
        let tried = format!("DescribeExecution {name}");
        let machine = self.machine(&tried)?;
        let arn = if name.starts_with("arn:") {
            name.to_owned()
        } else {
            format!("{}{name}", machine.executions)
        };
        let client = self.clients.client(&machine.region, Client::new);
        let found = client.describe_execution().execution_arn(arn).send().await;
        match found.map_err(|e| Fault::of(&e)) {
            Ok(answer) => {
                let status = answer.status();
                known(status).ok_or_else(|| {
                    self.error(&tried, format!("status {} is not known here", status.as_str()))
                })
            }
            Err(fault) if fault.code == "ExecutionDoesNotExist" => Ok(ExecutionState::Unknown),
            Err(fault) => Err(self.failed(&tried, &fault)),
        }
    }
}
