//! Who calls: the operator is their STS caller ARN.

use aws_sdk_sts::Client;
use leeward_core::ids::{Actor, Region};

use crate::Clients;
use crate::fault::Fault;

/// The caller's ARN, asked of that Region's STS; else what came back.
pub async fn caller(clients: &Clients, region: &Region) -> Result<Actor, String> {
    let asked = clients.client(region, Client::new).get_caller_identity().send().await;
    let answer = asked.map_err(|e| {
        let fault = Fault::of(&e);
        format!("asking STS in {region} who you are: {}: {}", fault.code, fault.message)
    })?;
    match answer.arn() {
        Some(arn) if !arn.is_empty() => Ok(Actor::new(arn)),
        Some(_) | None => Err(format!("STS in {region} answers no ARN")),
    }
}
