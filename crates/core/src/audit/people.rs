//! Whose words a generation rests on.

use super::{Verdict, Walked, at};
use crate::journal::{Answer, Entry, Record};
use crate::plan::Plan;

/// S14: a commit that people were asked about rests on an approver's yes, or on a silence that the plan lets pass,
/// and a fence that was waived was waived by an approver.
pub(super) fn by_approvers(case: &Walked<'_>) -> Verdict {
    let plan = case.plan;
    match &case.decision()?.approvers {
        None => return Ok("decided by a version that named no approvers".to_owned()),
        Some(named) if *named == plan.policy.approval.approvers => {}
        Some(named) => {
            return Err(format!(
                "the decision names approvers that are not the plan's: {}",
                named.join(", ")
            ));
        }
    }
    let decides = |record: &&&Record| {
        matches!(&record.entry, Entry::Waived { .. })
            || matches!(&record.entry, Entry::Answered { answer: Answer::Approved, .. })
    };
    let Some(committed) = case.records.iter().find(|r| matches!(r.entry, Entry::Committed { .. }))
    else {
        return Ok("not committed".to_owned());
    };
    let before: Vec<&Record> = case.records.iter().filter(|r| r.seq < committed.seq).collect();
    let words: Vec<&&Record> = before.iter().filter(decides).collect();
    let (counted, others): (Vec<&&Record>, Vec<&&Record>) =
        words.into_iter().partition(|record| is_approver(plan, record.by.as_str()));
    let counting = others.iter().find(|other| rests_on(case, committed, &before, &counted, other));
    if let Some(other) = counting {
        return Err(at(
            committed.seq,
            format!(
                "commits on the word of {} (entry {}), who is no approver",
                other.by, other.seq
            ),
        ));
    }
    Ok(match others.len() {
        0 => format!("{} words of approvers", counted.len()),
        idle => format!(
            "{} words of approvers; {idle} of others, which counted for nothing",
            counted.len()
        ),
    })
}

/// Whether the commit rests on that word of somebody who is no approver.
fn rests_on(
    case: &Walked<'_>,
    committed: &Record,
    before: &[&Record],
    counted: &[&&Record],
    other: &Record,
) -> bool {
    let Entry::Waived { database, .. } = &other.entry else { return !asked_anew(before, other) };
    let met =
        case.walk().ok().and_then(|walked| walked.iter().find(|(_, r)| r.seq == committed.seq));
    let proven = met.is_some_and(|(state, _)| state.fenced.contains_key(database));
    let waives =
        |r: &&&Record| matches!(&r.entry, Entry::Waived { database: d, .. } if d == database);
    !proven && !counted.iter().any(waives)
}

/// Whether the question that was answered was answered again by an approver, or its time ran out, or another was
/// asked in its place.
fn asked_anew(before: &[&Record], answered: &Record) -> bool {
    before.iter().filter(|r| r.seq > answered.seq).any(|r| {
        matches!(r.entry, Entry::Answered { .. } | Entry::Asked { .. }) && r.by != answered.by
    })
}

/// Said once more, apart from the plan's own judgement.
fn is_approver(plan: &Plan, arn: &str) -> bool {
    let approvers = &plan.policy.approval.approvers;
    approvers.is_empty()
        || approvers.iter().any(|allowed| {
            let prefix = allowed.trim_end_matches('*');
            if prefix.len() < allowed.len() {
                arn.starts_with(prefix)
            } else {
                arn == allowed.as_str()
            }
        })
}

#[cfg(test)]
mod tests {
    use super::super::example::{Journal, plan};
    use super::super::{Case, Walked};
    use super::*;
    use crate::ids::Actor;
    use crate::limits::Limits;

    const APPROVER: &str = "arn:aws:sts::123456789012:assumed-role/ops/eve";

    /// What is judged of a commit that was asked about and answered by these, in order.
    fn judged(answered: &[(&str, Answer)]) -> Verdict {
        let plan = plan();
        let mut j = Journal::opened(1, 0);
        if let Entry::Opened(decision) = &mut j.records[0].entry {
            decision.approvers = Some(plan.policy.approval.approvers.clone());
        }
        for (by, answer) in answered {
            let (answer, reason) = (*answer, String::new());
            j.add(20, Entry::Answered { number: 1, answer, reason });
            j.records.last_mut().unwrap().by = Actor::new(*by);
        }
        j.add(
            30,
            Entry::Committed { evidence: crate::ids::Digest::new("ev"), because: Vec::new() },
        );
        let (limits, digest) = (Limits::REAL, crate::audit::example::plan_digest());
        let case = Case {
            records: &j.records,
            plan: &plan,
            limits: &limits,
            previous: None,
            now: crate::audit::example::at(40),
            plan_digest: &digest,
            stored: None,
        };
        by_approvers(&Walked { case, steps: case.walk() })
    }

    #[test]
    fn a_commit_rests_on_an_approvers_yes() {
        assert!(judged(&[(APPROVER, Answer::Approved)]).is_ok());
        let forged = judged(&[("arn:aws:iam::1:role/dev", Answer::Approved)]).unwrap_err();
        assert!(forged.contains("role/dev (entry 2), who is no approver"), "{forged}");
        let both = [("arn:aws:iam::1:role/dev", Answer::Approved), (APPROVER, Answer::Approved)];
        let told = judged(&both).unwrap();
        assert!(told.contains("1 of others, which counted for nothing"), "{told}");
    }
}
