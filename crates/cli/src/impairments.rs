//! `leeward impairments`: what was impaired, how bad, how long; and the means over time.

use leeward_core::ids::WorkloadId;
use leeward_core::impairment::{Impairment, Mean, means};
use leeward_core::time::Span;
use serde_json::json;

use crate::exit::{Answer, Exit, Trouble};
use crate::office::{Office, workload};

/// Lists the impairments on record, of one workload or of all that have a plan.
pub async fn list(office: &Office, of: Option<&str>, stats: bool) -> Result<Answer, Trouble> {
    let workloads = match of {
        Some(of) => vec![workload(of)?],
        None => {
            let (plans, _) = office.desk.plans().await?;
            let mut all: Vec<WorkloadId> =
                plans.into_iter().map(|p| p.plan.workload.clone()).collect();
            all.sort();
            all.dedup();
            all
        }
    };
    let mut found = Vec::new();
    for workload in &workloads {
        found.extend(office.desk.impairments(workload).await?.0);
    }
    found.sort_by_key(|i| i.opened);
    if stats { answer_means(&found) } else { answer_list(&found) }
}

fn answer_list(found: &[Impairment]) -> Result<Answer, Trouble> {
    let mut lines: Vec<String> = found.iter().flat_map(lines_of).collect();
    if lines.is_empty() {
        lines.push("no impairment is on record".to_owned());
    }
    let listed: Vec<_> = found
        .iter()
        .map(|i| {
            json!({
                "impairment": i, "time-to-detect": i.time_to_detect(),
                "time-to-recover": i.time_to_recover(),
            })
        })
        .collect();
    Answer::of(&json!({ "schema": 1, "impairments": listed }), lines, Exit::Well)
}

fn lines_of(i: &Impairment) -> Vec<String> {
    let state = match (i.resolved, i.recovered) {
        (Some(at), _) => format!("resolved {at}"),
        (None, Some(at)) => format!("recovered {at}, not yet seen well"),
        (None, None) => "OPEN".to_owned(),
    };
    let mut lines = vec![format!(
        "{}  {}  {}, {}, by plan {}: {state}",
        i.opened, i.workload, i.kind, i.severity, i.plan
    )];
    let confirmed = i
        .confirmed
        .map_or("never confirmed by a quorum".to_owned(), |at| format!("confirmed {at}"));
    lines.push(format!(
        "  times     first signal {}, {confirmed}, detected in {}{}",
        i.first_signal,
        i.time_to_detect().in_words(),
        i.time_to_recover().map_or(String::new(), |t| format!(", over in {}", t.in_words()))
    ));
    lines.push(format!("  because   {}", i.because));
    lines.push(format!("  impact    {}", i.impact));
    lines.extend(
        i.generation.map(|g| format!("  recovery  generation {g}: leeward status {}", i.workload)),
    );
    if i.resolved.is_none() && i.recovered.is_none() {
        lines.extend(i.actions.iter().map(|action| format!("  do        {action}")));
    }
    lines
}

fn answer_means(found: &[Impairment]) -> Result<Answer, Trouble> {
    let (all, months) = means(found);
    let mut lines = vec![line_of("all", &all)];
    lines.extend(months.iter().map(|(month, mean)| line_of(month, mean)));
    let json = json!({ "schema": 1, "all": all, "months": months });
    Answer::of(&json, lines, Exit::Well)
}

fn line_of(name: &str, mean: &Mean) -> String {
    let words = |span: Option<Span>| span.map_or("-".to_owned(), Span::in_words);
    format!(
        "{name:<8} {} impairments, mean time to detect {}; {} over, mean time to recover {}",
        mean.count,
        words(mean.time_to_detect),
        mean.over,
        words(mean.time_to_recover)
    )
}
