//! What a recovery by this plan can and cannot do, found while all is well.
//!
//! An error refuses the plan. A warning is something that will hurt in the failure. A note says what
//! the plan chose, so that nobody learns it then.

mod capacity;
mod databases;
pub(crate) mod engines;
mod evidence;
mod people;
mod shape;
mod spelling;
#[cfg(test)]
mod tests;
mod traffic;
mod validation;
mod values;
mod voters;

use crate::ids::Text;
use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::plan::Plan;
use crate::web::{self, Host, Url};

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// The plan is refused.
    Error,
    /// It will hurt in the failure.
    Warning,
    /// What the plan chose.
    Note,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        })
    }
}

/// One thing found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// How much it weighs.
    pub level: Level,
    /// Where in the plan.
    pub path: String,
    /// What it means for a recovery, with the numbers.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.level, self.path, self.message)
    }
}

/// Everything that is to be said about a plan, the weightiest first.
pub fn check(plan: &Plan) -> Vec<Finding> {
    let mut findings = Findings::default();
    shape::check(plan, &mut findings);
    evidence::check(plan, &mut findings);
    people::check(plan, &mut findings);
    databases::check(plan, &mut findings);
    capacity::check(plan, &mut findings);
    traffic::check(plan, &mut findings);
    validation::check(plan, &mut findings);
    let mut findings = findings.0;
    findings.sort_by_key(|f| f.level);
    findings
}

/// Findings as they come.
#[derive(Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn error(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.0.push(Finding { level: Level::Error, path: path.into(), message: message.into() });
    }

    fn warn(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.0.push(Finding { level: Level::Warning, path: path.into(), message: message.into() });
    }

    fn note(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.0.push(Finding { level: Level::Note, path: path.into(), message: message.into() });
    }

    /// Names of one list: well formed, and each once.
    fn names<'a>(&mut self, list: &str, key: &str, names: impl Iterator<Item = &'a str>) {
        let mut known = BTreeSet::new();
        for (index, name) in names.enumerate() {
            let path = format!("{list}[{index}].{key}");
            if !well_named(name) {
                self.error(
                    &path,
                    format!("`{name}` is no name: [a-z0-9-], 1 to {NAME_MAX} characters"),
                );
            }
            if !known.insert(name) {
                self.error(&path, format!("`{name}` names two entries of {list}"));
            }
        }
    }

    /// A text that has to be there.
    fn filled(&mut self, path: impl Into<String>, text: &str) {
        if text.trim().is_empty() {
            self.error(path, "is empty");
        }
    }

    /// An identifier of RDS, which answers in lower case whatever it is asked with ("This value is stored as a
    /// lowercase string", `PromoteReadReplica`, `DBInstanceIdentifier`); rights and events name it so, too.
    fn of_rds(&mut self, path: impl Into<String>, text: &str) {
        let path = path.into();
        self.filled(path.clone(), text);
        let kept = text.to_ascii_lowercase();
        if kept != text {
            self.error(
                path,
                format!("is `{text}`: RDS keeps identifiers in lower case; write `{kept}`"),
            );
        }
    }

    /// A URL that is fetched: read as the fetcher reads it, and not of an address that is never asked.
    fn url(&mut self, path: impl Into<String>, text: &str) -> Option<Url> {
        match Url::parse(text) {
            Ok(url) => {
                if let Some(why) = never_fetched(&url) {
                    self.error(path, format!("`{text}` {why}"));
                }
                Some(url)
            }
            Err(wrong) => {
                self.error(path, format!("{text:?} {wrong}"));
                None
            }
        }
    }

    /// DNS servers as `address:port`.
    fn resolvers(&mut self, path: &str, resolvers: &[Text]) {
        for (index, resolver) in resolvers.iter().enumerate() {
            if resolver.parse::<std::net::SocketAddr>().is_err() {
                self.error(
                    format!("{path}.resolvers[{index}]"),
                    format!(
                        "`{resolver}` is no DNS server: write address:port, such as 192.0.2.53:53"
                    ),
                );
            }
        }
    }
}

/// Why nothing is fetched from the host of a URL, as far as the URL alone tells. The fetcher judges every
/// address again that a name resolves to.
fn never_fetched(url: &Url) -> Option<String> {
    match &url.host {
        Host::Address(address) => {
            web::never_asked(*address).map(|why| format!("is never asked: {address} is {why}"))
        }
        Host::Name(name) => web::is_localhost(name)
            .then(|| format!("is never asked: {name} is the function's own machine")),
    }
}

/// Longest name of an entry: ids of effects and keys of items carry it.
const NAME_MAX: usize = 60;

fn well_named(name: &str) -> bool {
    (1..=NAME_MAX).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// The Region in an ARN, if it is an ARN with one.
fn region_of_arn(arn: &str) -> Option<&str> {
    let mut parts = arn.split(':');
    (parts.next() == Some("arn")).then_some(())?;
    parts.nth(2).filter(|r| !r.is_empty())
}
