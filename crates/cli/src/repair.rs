//! `leeward repair`: a workload whose items were damaged, or restored from a copy. Shows first, then mends what may be
//! mended; nothing is deleted, and everything is on record.

use leeward_core::ids::{Generation, Step, Text, WorkloadId};
use leeward_core::journal::Entry;
use leeward_core::repair::{ASIDE, Inspection, generation_of, inspect};
use leeward_core::steps::ways::with_the_way_back;
use leeward_core::table::{JOURNAL, Key, generation_partition};
use leeward_ports::{Condition, Frozen, Item, Put, TableErrorKind};
use leeward_reconcile::{Appended, Numbered};
use serde_json::json;

use crate::exit::{Answer, Exit, Trouble};
use crate::journal::reason;
use crate::office::{Office, workload};
use crate::provide::item;

/// What is wrong.
struct Found {
    numbered: Numbered,
    generations: Vec<(Generation, Inspection)>,
    /// How a marker has to stand, and how it stands; `None`: it cannot be read.
    markers: Vec<Marker>,
    /// What only a person with a backup can mend.
    lost: Vec<String>,
}

struct Marker {
    key: Key,
    what: &'static str,
    stands: Option<u64>,
    wanted: u64,
}

impl Found {
    fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for (generation, found) in &self.generations {
            let partition = format!("generation {generation}");
            lines.extend(found.junk.iter().map(|j| {
                format!("junk      {partition}: {} {}; goes aside to {ASIDE}{}", j.sk, j.why, j.sk)
            }));
        }
        lines.extend(self.markers.iter().map(|m| {
            let stands = m.stands.map_or("cannot be read".to_owned(), |n| format!("says {n}"));
            format!("marker    {}: {stands}, the journals say {}", m.what, m.wanted)
        }));
        lines.extend(self.lost.iter().map(|why| format!("LOST      {why}")));
        lines
    }
}

/// Shows what is wrong, or mends it.
pub async fn repair(
    office: &Office,
    of: &str,
    apply: bool,
    why: Option<&str>,
) -> Result<Answer, Trouble> {
    let of = workload(of)?;
    let found = look(office, &of).await?;
    let mut lines = found.lines();
    let (whole, lost) = (lines.is_empty(), !found.lost.is_empty());
    let json = |lines: &[String], done: bool| {
        json!({"schema": 1, "workload": of, "found": lines, "lost": lost, "applied": done,
            "latest": found.numbered.latest})
    };
    if whole {
        lines.push(format!(
            "the items of {of} are whole; its latest generation is {}",
            found.numbered.latest
        ));
        return Answer::of(&json(&[], false), lines, Exit::Well);
    }
    if lost {
        let words = json(&lines, false);
        lines.push(format!(
            "entries are missing or changed, and what they told is not known: restore them from a backup of the table (point-in-time recovery to another table, then the missing items with exactly their bytes: each entry names the digest of the one before), then `leeward audit {of}`. Until then nothing of {of} is opened or carried out; `leeward switch off` holds all"
        ));
        return Answer::of(&words, lines, Exit::NeedsPerson);
    }
    if !apply {
        let words = json(&lines, false);
        lines.push(format!("next      leeward repair {of} --apply --reason …"));
        return Answer::of(&words, lines, Exit::NotAsAsked);
    }
    let why = why.unwrap_or_default();
    reason(why)?;
    carry_out(office, &of, &found, why, &lines).await?;
    let left = look(office, &of).await?.lines();
    let exit = if left.is_empty() { Exit::Well } else { Exit::NotAsAsked };
    let words = json(&lines, true);
    lines.extend(left.iter().map(|l| format!("still     {l}")));
    lines.push(format!(
        "repaired; `leeward audit {of}` and `leeward status {of}` show how it stands"
    ));
    Answer::of(&words, lines, exit)
}

async fn look(office: &Office, of: &WorkloadId) -> Result<Found, Trouble> {
    let numbered = office.desk.numbered(of).await?;
    let mut generations = Vec::new();
    let mut lost = Vec::new();
    // Whether an item behind the latest generation is junk is seen there, too.
    for number in 1..=numbered.latest.0.saturating_add(1) {
        let generation = Generation(number);
        let partition = generation_partition(of, generation);
        let listed = office.desk.table.list(&partition, JOURNAL).await?;
        let items = listed.value.iter().map(|i| (i.key.sk.as_str(), i.body.as_str()));
        let found = inspect(of, generation, items);
        lost.extend(found.lost.iter().map(|why| format!("generation {generation}: {why}")));
        if !found.sound() {
            generations.push((generation, found));
        }
    }
    if let Some(beyond) = numbered.beyond {
        lost.push(format!(
            "generation {beyond} is there, and {} is not: generations are missing",
            numbered.latest.next()
        ));
    }
    lost.extend(ahead(office, of, numbered.latest).await?);
    let latest = match generations.iter().find(|(g, _)| *g == numbered.latest) {
        // Nothing stands there but junk: the one before is the latest.
        Some((generation, found)) if found.state.is_none() => generation.0.saturating_sub(1),
        _ => numbered.latest.0,
    };
    let mut markers = Vec::new();
    if numbered.hint != Some(latest) && !(numbered.hint == Some(0) && latest == 0) {
        let (stands, wanted) = (numbered.hint, latest);
        markers.push(Marker {
            key: Key::generation_hint(of),
            what: "where the latest generation is",
            stands,
            wanted,
        });
    }
    let key = Key::told(of);
    let told = office.desk.marker(&key).await?.0;
    if told.is_none_or(|told| told >= latest.max(1)) {
        let what = "up to where people were told";
        markers.push(Marker { key, what, stands: told, wanted: 0 });
    }
    Ok(Found { numbered, generations, markers, lost })
}

/// What the lease says of generations that the journals do not have: the table is older than the world.
async fn ahead(
    office: &Office,
    of: &WorkloadId,
    latest: Generation,
) -> Result<Vec<String>, Trouble> {
    let mut ahead = Vec::new();
    for place in office.desk.places_of_plans(of).await? {
        let Ok(Some(view)) = item(office, of, &place).await else { continue };
        if let Some(generation) = generation_of(&view.effect, of).filter(|g| *g > latest) {
            ahead.push(format!(
                "the writer lease in {place} was moved by generation {generation} (owner {}, epoch {}), and the journals end with {latest}: the table is older than the world",
                view.owner, view.epoch
            ));
        }
    }
    Ok(ahead)
}

async fn carry_out(
    office: &Office,
    of: &WorkloadId,
    found: &Found,
    why: &str,
    lines: &[String],
) -> Result<(), Trouble> {
    let desk = &office.desk;
    let now = desk.table.get(&Key::switch()).await?.at;
    desk.record_deed(of, &format!("repairs: {}", lines.join("; ")), why, now).await?;
    for (generation, inspection) in &found.generations {
        let partition = generation_partition(of, *generation);
        for junk in &inspection.junk {
            let key = Key { pk: partition.clone(), sk: junk.sk.clone() };
            aside(office, &key, Frozen(now)).await?;
        }
        if inspection.state.is_some() {
            mark(office, of, *generation, inspection, why).await?;
        }
    }
    for marker in &found.markers {
        let condition = match marker.stands {
            Some(0) => Condition::Absent,
            Some(n) => Condition::NumberIs(n),
            None => {
                aside(office, &marker.key, Frozen(now)).await?;
                Condition::Absent
            }
        };
        let (key, n) = (marker.key.clone(), marker.wanted);
        let item = Item { key, body: "{}".to_owned(), n, nonce: String::new() };
        let put = desk.table.put(item.into(), condition, Frozen(now)).await?;
        if put.value == Put::Conflict {
            return Err(changed(of));
        }
    }
    Ok(())
}

fn changed(of: &WorkloadId) -> Trouble {
    Trouble::refused(format!(
        "the items of {of} changed while they were repaired; look again: `leeward repair {of} --diff`"
    ))
}

async fn aside(office: &Office, key: &Key, frozen: Frozen) -> Result<(), Trouble> {
    let sk: Text = format!("{ASIDE}{}", key.sk).into();
    let to = Key { pk: key.pk.clone(), sk };
    match office.aside.set_aside(key, &to, frozen).await {
        Ok(dated) if dated.value == Put::Done => Ok(()),
        Ok(_) => Err(Trouble::refused(format!(
            "{} {} changed while it was put aside, or {} has another; look again",
            key.pk, key.sk, to.sk
        ))),
        Err(error) if error.kind == TableErrorKind::Refused => Err(Trouble::unavailable(format!(
            "{error}. Putting items aside needs the policy LeewardBreakGlass"
        ))),
        Err(error) => Err(error.into()),
    }
}

/// On record in the journal itself. An open generation is held: what the damaged entry told, if it told anything, may
/// still be on its way.
async fn mark(
    office: &Office,
    of: &WorkloadId,
    generation: Generation,
    found: &Inspection,
    why: &str,
) -> Result<(), Trouble> {
    let desk = &office.desk;
    let mut book = desk.open_book(of, generation).await?;
    let items: Vec<&str> = found.junk.iter().map(|j| j.sk.as_str()).collect();
    let text = format!("put aside as no entries: {} ({why})", items.join(", "));
    let entry = if book.state.end.is_none() {
        let life = desk.limits.request_life.in_words();
        let reason = format!(
            "{text}. Should one have been an intent, its request may land for {life}: look at both sides after that, then `leeward resume {of} --reason …`"
        );
        Entry::Held { step: Step::Detect, reason: with_the_way_back(&book.state, reason) }
    } else {
        Entry::Noted { text }
    };
    match desk.append(&mut book, entry, None).await? {
        // Where it takes no entry (closed, or halted already) what was done is among the deeds.
        Appended::Yes | Appended::NotAdmitted(_) => Ok(()),
        Appended::Conflict => Err(changed(of)),
    }
}
