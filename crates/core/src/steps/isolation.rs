//! The fence `isolate`: the way to the old side's database is closed for everybody but the harmless. It is proven
//! by what is left open, never by what was taken away.

use std::collections::BTreeMap;

use crate::effect::Verb;
use crate::ids::{EntryId, Step, Text};
use crate::plan::{Database, Isolate, SecurityGroupRules};
use crate::planted::{self, Bug};
use crate::pursuit::{Goal, Probe};
use crate::steps::Situation;
use crate::world::{Change, InboundRule, Question, Seen, View};

pub(super) fn questions(
    situation: &Situation<'_>,
    database: &Database,
    fence: &Isolate,
) -> Vec<Question> {
    let groups = fence.groups(situation.source()).map(|rules| ingress(situation, rules));
    groups.chain(network(situation, database)).collect()
}

fn ingress(situation: &Situation<'_>, rules: &SecurityGroupRules) -> Question {
    Question::Ingress {
        region: situation.source_region().clone(),
        group: rules.group.clone(),
        port: rules.port,
    }
}

/// Which groups the old side's database really has.
fn network(situation: &Situation<'_>, database: &Database) -> Option<Question> {
    let (region, side) = (situation.source_region().clone(), situation.source());
    let (database, cluster) = match database {
        Database::RdsReplica(d) => (d.instance.of(side).clone(), false),
        Database::AuroraGlobal(d) => (d.cluster.of(side).clone(), true),
        Database::DynamodbGlobal(_) => return None,
    };
    Some(Question::DatabaseNetwork { region, database, cluster })
}

/// The name of the effect on one group: the first is the database's, each further one bears its group.
pub(super) fn target(id: &EntryId, index: usize, rules: &SecurityGroupRules) -> String {
    if index == 0 { id.to_string() } else { format!("{id}:{}", rules.group) }
}

/// Each group's listed rules, gone.
pub(super) fn goals(
    situation: &Situation<'_>,
    id: &EntryId,
    fence: &Isolate,
    seen: &Seen,
) -> Vec<Goal> {
    let groups = fence.groups(situation.source()).enumerate();
    groups.map(|(i, rules)| goal(situation, &target(id, i, rules), rules, seen)).collect()
}

fn goal(situation: &Situation<'_>, target: &str, listed: &SecurityGroupRules, seen: &Seen) -> Goal {
    let question = ingress(situation, listed);
    let region = situation.source_region().clone();
    let open = match seen.get(&question) {
        Ok(View::Ingress(open)) => Ok(open),
        Ok(other) => Err(format!("{question} answered {other:?}")),
        Err(blind) => Err(blind.to_string()),
    };
    let standing =
        |source: &Text| open.as_ref().is_ok_and(|open| removable(open, source).is_some());
    let rules = listed.only(standing);
    let probe = match &open {
        Err(why) => Probe::Blind(why.clone()),
        Ok(_) if rules.is_empty() => Probe::Yes(format!("{question}: the plan's rules are gone")),
        Ok(_) => {
            let words: Vec<&str> = rules.sources().map(Text::as_str).collect();
            Probe::No(format!("{question}: open to {}", words.join(", ")))
        }
    };
    let described = |source: &Text| {
        let rule = removable(open.as_ref().ok()?, source)?;
        Some((source.clone(), rule.description.clone()?))
    };
    let descriptions: BTreeMap<Text, Text> = rules.sources().filter_map(described).collect();
    Goal {
        effect: situation.effect(Step::Fence, target, Verb::Isolate),
        change: Change::RevokeIngress { region: region.clone(), rules: rules.clone() },
        before: Some(Change::AuthorizeIngress { region, rules, descriptions }),
        undoes: None,
        probe,
    }
}

/// The rule that lets that source reach the port and no other: one request takes it away and gives it back.
pub(super) fn removable<'a>(open: &'a [InboundRule], source: &str) -> Option<&'a InboundRule> {
    open.iter().find(|rule| rule.wider.is_none() && rule.source.name() == source)
}

/// Whether nobody but the harmless can reach the old side's database, on any of its groups; otherwise who can.
pub(super) fn closed(
    situation: &Situation<'_>,
    database: &Database,
    fence: &Isolate,
    seen: &Seen,
) -> Result<String, String> {
    if planted::is(Bug::PlanRulesAlone) {
        return Ok("the plan's rules are gone".to_owned());
    }
    let side = situation.source();
    let Some(question) = network(situation, database) else {
        return Err(format!("{} has no network of its own", database.id()));
    };
    let network = match seen.get(&question) {
        Ok(View::DatabaseNetwork(Some(network))) => network,
        Ok(View::DatabaseNetwork(None)) => return Err(format!("{question}: it does not exist")),
        Ok(other) => return Err(format!("{question} answered {other:?}")),
        Err(blind) => return Err(blind.to_string()),
    };
    let mut why = Vec::new();
    if network.groups.is_empty() {
        why.push(format!("{question}: none is told"));
    }
    let unnamed: Vec<&str> = network
        .groups
        .iter()
        .filter(|group| !fence.groups(side).any(|rules| rules.group == **group))
        .map(Text::as_str)
        .collect();
    if !unnamed.is_empty() {
        why.push(format!(
            "{question}: it also has {}, which the plan does not name",
            unnamed.join(", ")
        ));
    }
    if network.data_api {
        why.push(format!("{question}: its Data API takes SQL past every security group"));
    }
    for rules in fence.groups(side) {
        if let Some(port) = network.port.filter(|port| *port != rules.port) {
            why.push(format!(
                "{question}: it listens on port {port}, the plan closes {}",
                rules.port
            ));
        }
        let asked = ingress(situation, rules);
        match seen.get(&asked) {
            Ok(View::Ingress(open)) => why.extend(still_open(&asked, rules, open)),
            Ok(other) => why.push(format!("{asked} answered {other:?}")),
            Err(blind) => why.push(blind.to_string()),
        }
    }
    if why.is_empty() {
        Ok(format!("{question}: nobody but {} is let in", harmless(fence, side)))
    } else {
        Err(why.join("; "))
    }
}

fn harmless(fence: &Isolate, side: crate::ids::Side) -> String {
    let stay: Vec<&str> = fence.groups(side).flat_map(|r| &r.may_stay).map(Text::as_str).collect();
    if stay.is_empty() { "nobody".to_owned() } else { stay.join(", ") }
}

/// Who is still let in through that group and is not harmless, in words.
fn still_open(
    asked: &Question,
    rules: &SecurityGroupRules,
    open: &[InboundRule],
) -> Option<String> {
    let harmful = open.iter().filter(|rule| !rules.may_stay.contains(rule.source.name()));
    let word = |rule: &InboundRule| {
        let listed = rules.sources().any(|source| source == rule.source.name());
        match (listed, &rule.wider) {
            (true, None) => rule.to_string(),
            (true, Some(_)) => {
                format!("{rule}, by a rule that covers more than the port and is left alone")
            }
            (false, _) => format!("{rule}, which the plan does not close"),
        }
    };
    let words: Vec<String> = harmful.map(word).collect();
    (!words.is_empty()).then(|| format!("{asked}: open to {}", words.join("; ")))
}
