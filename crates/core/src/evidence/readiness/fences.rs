//! Fences that shut a side's compute or network: what would keep them from being proven.

use super::Found;
use crate::ids::Side;
use crate::plan::{Database, Fence, Plan};
use crate::steps::isolation::Way;
use crate::steps::writer_group;
use crate::world::{Question, Seen, View};

const BOTH: [Side; 2] = [Side::Primary, Side::Standby];

pub(super) fn questions(plan: &Plan) -> Vec<Question> {
    let mut questions = Vec::new();
    for database in &plan.databases {
        for (fence, side) in on_both_sides(database) {
            let region = plan.regions.of(side);
            match fence {
                Fence::StopWriter(f) => {
                    questions.push(writer_group::question_of(region, side, f));
                }
                Fence::Isolate(fence) => {
                    questions.extend(Way { region, side, database, fence }.questions());
                }
                Fence::WriterLease(_) | Fence::Waiver => {}
            }
        }
    }
    questions
}

fn on_both_sides(database: &Database) -> impl Iterator<Item = (&Fence, Side)> {
    database.fences().iter().flat_map(|fence| BOTH.map(|side| (fence, side)))
}

/// A fence that cannot be proven is an error where nothing else proves: every recovery would be held behind it.
pub(super) fn check(
    plan: &Plan,
    path: &str,
    database: &Database,
    seen: &Seen,
    findings: &mut Found,
) {
    let proving = database.fences().iter().filter(|f| !matches!(f, Fence::Waiver)).count();
    for (index, fence) in database.fences().iter().enumerate() {
        for side in BOTH {
            let region = plan.regions.of(side);
            let (path, name, against) = match fence {
                Fence::Isolate(fence) => {
                    let against = Way { region, side, database, fence }.open_to(false, seen);
                    (format!("{path}.fences[{index}].security-group.{side}"), "isolate", against)
                }
                Fence::StopWriter(f) => {
                    let question = writer_group::question_of(region, side, f);
                    let against = match seen.get(&question) {
                        Ok(View::WriterGroup(Some(view))) => writer_group::would_stay(view)
                            .into_iter()
                            .map(|why| format!("{question}: {why}"))
                            .collect(),
                        Ok(View::WriterGroup(None)) => vec![format!("{question} does not exist")],
                        Ok(other) => vec![format!("{question} answered {other:?}")],
                        Err(blind) => {
                            findings.unseen(
                                &format!("{path}.fences[{index}].group"),
                                &question,
                                &blind,
                            );
                            continue;
                        }
                    };
                    (format!("{path}.fences[{index}].group.{side}"), "stop-writer", against)
                }
                Fence::WriterLease(_) | Fence::Waiver => continue,
            };
            if against.is_empty() {
                continue;
            }
            let words = format!("{name} could not be proven: {}", against.join("; "));
            // The standby's writers are shut on the way home only, which a person plans.
            if proving == 1 && side == Side::Primary && all_seen(plan, database, fence, side, seen)
            {
                findings.error(&path, words);
            } else {
                findings.warn(&path, words);
            }
        }
    }
}

/// Whether every look at that fence was answered: what is unseen may be well.
fn all_seen(plan: &Plan, database: &Database, fence: &Fence, side: Side, seen: &Seen) -> bool {
    let region = plan.regions.of(side);
    let asked = match fence {
        Fence::Isolate(fence) => Way { region, side, database, fence }.questions(),
        Fence::StopWriter(f) => vec![writer_group::question_of(region, side, f)],
        Fence::WriterLease(_) | Fence::Waiver => Vec::new(),
    };
    asked.iter().all(|question| seen.get(question).is_ok())
}
