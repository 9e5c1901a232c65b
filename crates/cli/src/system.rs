//! `leeward brake` and `leeward switch`: what holds for all workloads at once.

use leeward_core::brake::{Brake, Release};
use leeward_core::table::Key;
use leeward_ports::{Condition, Frozen, Item, Put};
use leeward_reconcile::{StoredBrake, Switch};
use serde_json::json;

use crate::args::{BrakeCommand, Turn};
use crate::exit::{Answer, Exit, Trouble};
use crate::office::Office;

/// How often a change of the brake is tried again when detectors count on it at the same moment.
const TRIES: usize = 5;

/// Shows the brake.
pub async fn brake(office: &Office) -> Result<Answer, Trouble> {
    let stored = office.desk.brake().await?;
    let holds = stored.brake.counted(stored.at).count() >= stored.brake.limit as usize;
    told(&stored, Vec::new(), if holds { Exit::NeedsPerson } else { Exit::Well })
}

/// Lets go of the brake, or sets it.
pub async fn change_brake(office: &Office, what: &BrakeCommand) -> Result<Answer, Trouble> {
    for _ in 0..TRIES {
        let stored = office.desk.brake().await?;
        let changed = match what {
            BrakeCommand::Release { reason } => {
                let by = office.desk.actor.clone();
                let released = Some(Release { at: stored.at, by, reason: reason.clone() });
                Brake { released, ..stored.brake.clone() }
            }
            BrakeCommand::Set { limit, window } => {
                Brake { limit: *limit, window: *window, ..stored.brake.clone() }
            }
        };
        if office.desk.store_brake(&stored, &changed).await? {
            let said = match what {
                BrakeCommand::Release { .. } => {
                    "the brake is let go: what was opened until now no longer counts"
                }
                BrakeCommand::Set { .. } => "the brake is set",
            };
            let now = office.desk.brake().await?;
            // It was done as asked, whatever it holds now.
            return told(&now, vec![said.to_owned()], Exit::Well);
        }
    }
    Err(Trouble::unavailable(
        "the brake was changed by others each time: nothing was done; look at `leeward brake` and say it again",
    ))
}

fn told(stored: &StoredBrake, mut lines: Vec<String>, exit: Exit) -> Result<Answer, Trouble> {
    let brake = &stored.brake;
    let counted: Vec<_> = brake.counted(stored.at).collect();
    let holds = counted.len() >= brake.limit as usize;
    lines.push(format!(
        "{}: {} of {} recoveries opened by the evidence within {}",
        if holds { "the brake HOLDS" } else { "the brake is loose" },
        counted.len(),
        brake.limit,
        brake.window
    ));
    lines.extend(
        counted.iter().map(|o| format!("  {}  {} generation {}", o.at, o.workload, o.generation)),
    );
    if let Some(released) = &brake.released {
        lines.push(format!("  released  {} by {}: {}", released.at, released.by, released.reason));
    }
    if holds {
        lines.push(
            "  next      leeward brake release --reason …, or leeward start WORKLOAD --reason …"
                .to_owned(),
        );
    }
    let json = json!({
        "schema": 1, "holds": holds, "limit": brake.limit, "window": brake.window,
        "openings": counted, "released": brake.released, "now": stored.at,
    });
    Answer::of(&json, lines, exit)
}

/// Shows the switch.
pub async fn switch(office: &Office) -> Result<Answer, Trouble> {
    let switch = office.desk.switch().await?;
    answer(&switch, if switch.on { Exit::Well } else { Exit::Refused })
}

/// Turns the switch.
pub async fn turn(office: &Office, to: Turn, reason: &str) -> Result<Answer, Trouble> {
    let on = to == Turn::On;
    let key = Key::switch();
    let current = office.desk.table.get(&key).await?;
    let switch = Switch { on, reason: format!("{reason} (by {})", office.desk.actor) };
    let body = serde_json::to_string(&switch)
        .map_err(|e| Trouble::invalid(format!("the switch cannot be written: {e}")))?;
    let (condition, n) = match &current.value {
        None => (Condition::Absent, 1),
        Some(item) => (Condition::NumberIs(item.n), item.n.saturating_add(1)),
    };
    let item = Item { key, body, n, nonce: office.desk.nonces.draw().as_str().to_owned() };
    match office.desk.table.put(item.into(), condition, Frozen(current.at)).await?.value {
        // It was turned as asked, whichever way: a runbook under `set -e` goes on.
        Put::Done => answer(&switch, Exit::Well),
        Put::Conflict => Err(Trouble::refused(
            "another turned the switch at the same moment; look at `leeward switch` and say it again",
        )),
    }
}

fn answer(switch: &Switch, exit: Exit) -> Result<Answer, Trouble> {
    let why = if switch.reason.is_empty() { String::new() } else { format!(": {}", switch.reason) };
    let line = if switch.on {
        format!("the switch is on: recoveries are opened and started{why}")
    } else {
        format!(
            "the switch is OFF: none is opened or started, those that run go on{why}. `leeward switch on --reason …`"
        )
    };
    let json = json!({ "schema": 1, "on": switch.on, "reason": switch.reason });
    Answer::of(&json, vec![line], exit)
}
