//! The fence `isolate`: the way to the old side's database is closed for everybody but the harmless. It is proven
//! by what is left open, never by what was taken away.

use std::collections::BTreeMap;

use crate::effect::Verb;
use crate::ids::{EntryId, Region, Side, Step, Text};
use crate::plan::{Database, Isolate, SecurityGroupRules};
use crate::planted::{self, Bug};
use crate::pursuit::{Goal, Probe};
use crate::steps::Situation;
use crate::world::{Change, InboundRule, Question, Seen, View};

/// The way to a database on one side, and the fence that shuts it.
#[derive(Clone, Copy)]
pub(crate) struct Way<'a> {
    /// Region of that side.
    pub region: &'a Region,
    /// The side.
    pub side: Side,
    /// The database.
    pub database: &'a Database,
    /// Its fence.
    pub fence: &'a Isolate,
}

impl<'a> Way<'a> {
    /// To the side that is left.
    fn to_the_source(
        situation: &Situation<'a>,
        database: &'a Database,
        fence: &'a Isolate,
    ) -> Self {
        let (region, side) =
            (situation.plan.source_region(situation.direction()), situation.source());
        Self { region, side, database, fence }
    }

    fn groups(self) -> impl Iterator<Item = &'a SecurityGroupRules> {
        self.fence.groups(self.side)
    }

    fn ingress(self, rules: &SecurityGroupRules) -> Question {
        Question::Ingress {
            region: self.region.clone(),
            group: rules.group.clone(),
            port: rules.port,
        }
    }

    /// Which groups the database really has.
    fn network(self) -> Option<Question> {
        let region = self.region.clone();
        let (database, cluster) = match self.database {
            Database::RdsReplica(d) => (d.instance.of(self.side).clone(), false),
            Database::AuroraGlobal(d) => (d.cluster.of(self.side).clone(), true),
            Database::DynamodbGlobal(_) => return None,
        };
        Some(Question::DatabaseNetwork { region, database, cluster })
    }

    /// What shows whether it is shut.
    pub(crate) fn questions(self) -> Vec<Question> {
        self.groups().map(|rules| self.ingress(rules)).chain(self.network()).collect()
    }

    /// Who gets in when the plan's rules are gone, in words; with `listed`, who gets in now. Empty: nobody but
    /// the harmless.
    pub(crate) fn open_to(self, listed: bool, seen: &Seen) -> Vec<String> {
        let Some(question) = self.network() else {
            return vec![format!("{} has no network of its own", self.database.id())];
        };
        let network = match seen.get(&question) {
            Ok(View::DatabaseNetwork(Some(network))) => network,
            Ok(View::DatabaseNetwork(None)) => {
                return vec![format!("{question}: it does not exist")];
            }
            Ok(other) => return vec![format!("{question} answered {other:?}")],
            Err(blind) => return vec![blind.to_string()],
        };
        let mut why = Vec::new();
        if network.groups.is_empty() {
            why.push(format!("{question}: none is told"));
        }
        let unnamed: Vec<&str> = network
            .groups
            .iter()
            .filter(|group| !self.groups().any(|rules| rules.group == **group))
            .map(Text::as_str)
            .collect();
        if !unnamed.is_empty() {
            let unnamed = unnamed.join(", ");
            why.push(format!("{question}: it also has {unnamed}, which the plan does not name"));
        }
        if network.data_api {
            why.push(format!("{question}: its Data API takes SQL past every security group"));
        }
        for rules in self.groups() {
            if let Some(port) = network.port.filter(|port| *port != rules.port) {
                let planned = rules.port;
                why.push(format!(
                    "{question}: it listens on port {port}, the plan closes {planned}"
                ));
            }
            let asked = self.ingress(rules);
            match seen.get(&asked) {
                Ok(View::Ingress(open)) => why.extend(still_open(&asked, rules, open, listed)),
                Ok(other) => why.push(format!("{asked} answered {other:?}")),
                Err(blind) => why.push(blind.to_string()),
            }
        }
        why
    }

    fn harmless(self) -> String {
        let stay: Vec<&str> = self.groups().flat_map(|r| &r.may_stay).map(Text::as_str).collect();
        if stay.is_empty() { "nobody".to_owned() } else { stay.join(", ") }
    }
}

pub(super) fn questions(
    situation: &Situation<'_>,
    database: &Database,
    fence: &Isolate,
) -> Vec<Question> {
    Way::to_the_source(situation, database, fence).questions()
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
    let region = situation.source_region().clone();
    let (group, port) = (listed.group.clone(), listed.port);
    let question = Question::Ingress { region: region.clone(), group, port };
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
    let way = Way::to_the_source(situation, database, fence);
    let open = way.open_to(true, seen);
    if open.is_empty() {
        Ok(format!("nobody but {} is let in to {}", way.harmless(), database.id()))
    } else {
        Err(open.join("; "))
    }
}

/// Who is still let in through that group and is not harmless, in words. Without `listed`, what the plan takes away
/// in one request does not count.
fn still_open(
    asked: &Question,
    rules: &SecurityGroupRules,
    open: &[InboundRule],
    listed: bool,
) -> Option<String> {
    let harmful = open.iter().filter(|rule| !rules.may_stay.contains(rule.source.name()));
    let word = |rule: &InboundRule| {
        let known = rules.sources().any(|source| source == rule.source.name());
        match (known, &rule.wider) {
            (true, None) => listed.then(|| rule.to_string()),
            (true, Some(_)) => {
                Some(format!("{rule}, by a rule that covers more than the port and is left alone"))
            }
            (false, _) => Some(format!("{rule}, which the plan does not close")),
        }
    };
    let words: Vec<String> = harmful.filter_map(word).collect();
    (!words.is_empty()).then(|| format!("{asked}: open to {}", words.join("; ")))
}
