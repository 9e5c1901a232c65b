//! A word of a person: written down in the name of whoever is proven to say it.

use leeward_core::contract::SCHEMA;
use leeward_core::error::StepError;
use leeward_core::ids::Actor;
use leeward_core::printable::printable;
use leeward_core::said::{Heard, Sts, WordOutput, WordRequest};
use leeward_core::table::Key;
use leeward_ports::{Unproven, Witness};
use leeward_reconcile::{Desk, table_error};
use serde_json::Value;

/// Writes one word down. `function_arn` is this function's as it was called: a word is said to it and to no other.
pub(crate) async fn word(
    desk: &Desk,
    witness: &dyn Witness,
    function_arn: &str,
    event: &Value,
) -> Result<WordOutput, StepError> {
    let request = WordRequest::read(event)?;
    let heard = match whose(desk, witness, function_arn, &request).await? {
        Ok(by) => desk.in_the_name_of(by).say(&request.said).await?,
        Err(why) => {
            let said = &request.said;
            tracing::error!(
                workload = %said.workload, generation = %said.generation, %why,
                "a word whose speaker is not proven; nothing was written"
            );
            Heard::NotProven { why }
        }
    };
    Ok(WordOutput { schema: SCHEMA, heard })
}

/// Who says it, or why that is not known.
async fn whose(
    desk: &Desk,
    witness: &dyn Witness,
    function_arn: &str,
    request: &WordRequest,
) -> Result<Result<Actor, String>, StepError> {
    let sts = Sts::of(function_arn).map_err(StepError::InvalidInput)?;
    let now = desk.table.get(&Key::switch()).await.map_err(table_error)?.at;
    if let Err(why) = request.proof.is_fresh(now) {
        return Ok(Err(why));
    }
    let digest = request.said.digest(function_arn)?;
    let arn = match witness.whose(&sts, &request.proof, &digest).await {
        Ok(arn) => arn,
        Err(Unproven::Wrong(why)) => {
            return Ok(Err(format!("STS in {} knows no such signature: {why}", sts.region)));
        }
        Err(Unproven::Unknown(why)) => {
            return Err(StepError::Unavailable(format!(
                "asking STS in {} who says it: {why}",
                sts.region
            )));
        }
    };
    let account = arn.as_str().split(':').nth(4).unwrap_or_default();
    // Whoever calls has a right to call; whose signature comes with the call is another matter.
    if account != sts.account {
        let arn = printable(arn.as_str());
        return Ok(Err(format!("{arn} is not of account {}, which this is", sts.account)));
    }
    Ok(Ok(arn))
}
