//! The only reader of the environment. All problems are told together.

use std::collections::BTreeMap;
use std::fmt;

use leeward_core::ids::Region;
use leeward_core::limits::Limits;
use leeward_core::time::Span;
use leeward_ports::SigningKey;

/// Name of the state table.
pub const TABLE: &str = "LEEWARD_TABLE";
/// Region of the state table.
pub const TABLE_REGION: &str = "LEEWARD_TABLE_REGION";
/// ARN of the recovery's state machine.
pub const STATE_MACHINE_ARN: &str = "LEEWARD_STATE_MACHINE_ARN";
/// ARN of the topic that is told when a plan names none.
pub const TOPIC_ARN: &str = "LEEWARD_TOPIC_ARN";
/// Region into which the detector's heartbeat is put, where the watcher of the watcher stands.
pub const WATCHER_REGION: &str = "LEEWARD_WATCHER_REGION";
/// Whether the function takes orders (`yes`, as when it is not set) or evidence alone (`no`: the listener).
pub const ORDERS: &str = "LEEWARD_ORDERS";
/// Path of the certificates that the database's must be signed by (`db-probe` alone).
pub const DATABASE_CA: &str = "LEEWARD_DATABASE_CA";
/// Secret by which webhooks are signed, `whsec_…`; not set: they are not signed.
pub const WEBHOOK_SECRET: &str = "LEEWARD_WEBHOOK_SECRET";
/// Whether URLs may lead to the loopback (`yes`): the whole world of a rehearsal is there. Only a build with
/// debug assertions reads it; a deployed function asks its own machine nothing.
#[cfg(debug_assertions)]
pub const TEST_LOOPBACK: &str = "LEEWARD_TEST_LOOPBACK";
/// Life of a signed request in seconds, lowered so that a rehearsal waits seconds instead of 16
/// minutes. Only a build with debug assertions reads it: AWS itself does not lower it.
#[cfg(debug_assertions)]
pub const TEST_REQUEST_LIFE: &str = "LEEWARD_TEST_REQUEST_LIFE";

/// Where the `db-probe` finds its certificates when nothing else is said: a Lambda layer's root.
const DATABASE_CA_DEFAULT: &str = "/opt/rds-ca.pem";
/// Longest table name that DynamoDB takes.
const TABLE_NAME_MAX: usize = 255;

/// Something that answers what a variable holds.
pub trait Environment {
    /// Its value; `None` when it is not set.
    fn get(&self, name: &str) -> Option<String>;
}

/// The process's own environment.
#[derive(Debug, Clone, Copy, Default)]
pub struct Process;

impl Environment for Process {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads it")]
    fn get(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }
}

impl Environment for BTreeMap<&str, &str> {
    fn get(&self, name: &str) -> Option<String> {
        BTreeMap::get(self, name).map(|value| (*value).to_owned())
    }
}

/// What a function is told when it is deployed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Name of the state table.
    pub table: String,
    /// Its Region.
    pub table_region: Region,
    /// ARN of the recovery's state machine; empty where a function neither needs nor is given it.
    pub state_machine_arn: String,
    /// ARN of the topic; empty where a function neither needs nor is given it.
    pub topic_arn: String,
    /// Region of the watcher of the watcher, if there is one.
    pub watcher_region: Option<Region>,
    /// Whether orders are taken, or evidence alone.
    pub orders: bool,
    /// Key by which webhooks are signed, if they are.
    pub webhook_key: Option<SigningKey>,
    /// Whether URLs may lead to this machine itself; always `false` in a release build.
    pub loopback: bool,
    /// Lowered life of a signed request; always `None` in a release build.
    pub request_life: Option<Span>,
}

/// Everything that is wrong with the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsError(pub Vec<String>);

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the function's settings are wrong: {}; set them where it is deployed",
            self.0.join("; ")
        )
    }
}

impl std::error::Error for SettingsError {}

impl Settings {
    /// Reads the process's environment. Table and Region are always needed; `needed` names what
    /// this function needs besides.
    pub fn from_process(needed: &[&str]) -> Result<Self, SettingsError> {
        Self::read(&Process, needed)
    }

    /// The protocol's numbers; only a development build may have lowered them.
    pub fn limits(&self) -> Limits {
        let real = Limits::REAL;
        match self.request_life {
            None => real,
            Some(life) => Limits {
                request_life: life,
                // A rehearsal that waits seconds for late requests waits seconds for everything.
                poll_first: Span::seconds(1),
                poll_max: Span::seconds(2),
                fence_patience: life,
                session_patience: life,
                datum_patience: life,
                settle_patience: life,
                zone_settle: life,
                ..real
            },
        }
    }

    /// Reads any environment.
    pub fn read(environment: &dyn Environment, needed: &[&str]) -> Result<Self, SettingsError> {
        let mut reader = Reader { environment, needed, problems: Vec::new() };
        let settings = Self {
            table: reader.take(TABLE, true, table_name),
            table_region: Region::new(reader.take(TABLE_REGION, true, region)),
            state_machine_arn: reader.take(STATE_MACHINE_ARN, false, |v| arn(v, "states")),
            topic_arn: reader.take(TOPIC_ARN, false, |v| arn(v, "sns")),
            watcher_region: reader.optional(WATCHER_REGION, region).map(Region::new),
            orders: reader.optional(ORDERS, yes_or_no).is_none_or(|orders| orders == "yes"),
            webhook_key: reader.secret(WEBHOOK_SECRET),
            loopback: loopback(&mut reader),
            request_life: request_life(&mut reader),
        };
        if reader.problems.is_empty() { Ok(settings) } else { Err(SettingsError(reader.problems)) }
    }
}

/// What `db-probe` is told: it calls no AWS API, and signs its tokens with the function's own keys.
#[derive(Clone, PartialEq, Eq)]
pub struct ProbeSettings {
    /// Region that tokens are signed for: the function's own.
    pub region: Region,
    /// Path of the certificates that the database's must be signed by.
    pub ca_path: String,
    /// Access key id of the function's role.
    pub access_key_id: String,
    /// Secret access key of the function's role.
    pub secret_access_key: String,
    /// Session token of the function's role; empty for a user's keys.
    pub session_token: String,
}

impl fmt::Debug for ProbeSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProbeSettings")
            .field("region", &self.region)
            .field("ca_path", &self.ca_path)
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}

impl ProbeSettings {
    /// Reads the process's environment.
    pub fn from_process() -> Result<Self, SettingsError> {
        Self::read(&Process)
    }

    /// Reads any environment.
    pub fn read(environment: &dyn Environment) -> Result<Self, SettingsError> {
        let mut reader = Reader { environment, needed: &[], problems: Vec::new() };
        let settings = Self {
            region: Region::new(reader.take("AWS_REGION", true, region)),
            ca_path: reader
                .optional(DATABASE_CA, |_| Ok(()))
                .unwrap_or_else(|| DATABASE_CA_DEFAULT.to_owned()),
            access_key_id: reader.take("AWS_ACCESS_KEY_ID", true, |_| Ok(())),
            secret_access_key: reader.take("AWS_SECRET_ACCESS_KEY", true, |_| Ok(())),
            session_token: reader.optional("AWS_SESSION_TOKEN", |_| Ok(())).unwrap_or_default(),
        };
        if reader.problems.is_empty() { Ok(settings) } else { Err(SettingsError(reader.problems)) }
    }
}

struct Reader<'a> {
    environment: &'a dyn Environment,
    needed: &'a [&'a str],
    problems: Vec<String>,
}

impl Reader<'_> {
    /// The value, or an empty one with the problem noted.
    fn take(
        &mut self,
        name: &str,
        always: bool,
        check: impl Fn(&str) -> Result<(), String>,
    ) -> String {
        let value = self.optional(name, check);
        if value.is_none() && (always || self.needed.contains(&name)) {
            self.problems.push(format!("{name} is not set"));
        }
        value.unwrap_or_default()
    }

    /// A signing key if one is set. What is wrong with it is told without it.
    fn secret(&mut self, name: &str) -> Option<SigningKey> {
        let value = self.environment.get(name).filter(|value| !value.is_empty())?;
        let key = SigningKey::parse(&value);
        key.map_err(|wrong| self.problems.push(format!("{name}: {wrong}"))).ok()
    }

    /// The value if it is set; an empty one counts as not set.
    fn optional(
        &mut self,
        name: &str,
        check: impl Fn(&str) -> Result<(), String>,
    ) -> Option<String> {
        let value = self.environment.get(name).filter(|value| !value.is_empty())?;
        if let Err(wrong) = check(&value) {
            self.problems.push(format!("{name} is `{value}`: {wrong}"));
        }
        Some(value)
    }
}

fn yes_or_no(value: &str) -> Result<(), String> {
    if ["yes", "no"].contains(&value) { Ok(()) } else { Err("write yes or no".to_owned()) }
}

fn table_name(value: &str) -> Result<(), String> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"_.-".contains(&b);
    if (3..=TABLE_NAME_MAX).contains(&value.len()) && value.bytes().all(plain) {
        return Ok(());
    }
    Err("a table's name has 3 to 255 letters, digits, `_`, `.` and `-`".to_owned())
}

fn region(value: &str) -> Result<(), String> {
    let parts: Vec<&str> = value.split('-').collect();
    let ends_in_number = parts.last().is_some_and(|p| p.bytes().all(|b| b.is_ascii_digit()));
    let plain =
        |p: &&str| !p.is_empty() && p.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    if parts.len() >= 3 && ends_in_number && parts.iter().all(plain) {
        return Ok(());
    }
    Err("a Region is written like us-west-2".to_owned())
}

fn arn(value: &str, service: &str) -> Result<(), String> {
    let parts: Vec<&str> = value.split(':').collect();
    match parts.as_slice() {
        ["arn", _, named, region, _, ..]
            if *named == service && !region.is_empty() && parts.len() > 5 =>
        {
            Ok(())
        }
        _ => Err(format!("an ARN of {service} with its Region is needed")),
    }
}

#[cfg(debug_assertions)]
fn request_life(reader: &mut Reader<'_>) -> Option<Span> {
    let check = |value: &str| match value.parse::<u64>() {
        Ok(1..) => Ok(()),
        Ok(0) | Err(_) => Err("a whole number of seconds, 1 or more".to_owned()),
    };
    let seconds = reader.optional(TEST_REQUEST_LIFE, check)?;
    seconds.parse().ok().map(Span::seconds)
}

#[cfg(debug_assertions)]
fn loopback(reader: &mut Reader<'_>) -> bool {
    let check = |value: &str| match value {
        "yes" => Ok(()),
        _ => Err("`yes`, or not set".to_owned()),
    };
    reader.optional(TEST_LOOPBACK, check).is_some()
}

#[cfg(not(debug_assertions))]
fn loopback(_: &mut Reader<'_>) -> bool {
    false
}

#[cfg(not(debug_assertions))]
fn request_life(_: &mut Reader<'_>) -> Option<Span> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const MACHINE: &str = "arn:aws:states:eu-west-1:123456789012:stateMachine:leeward";

    fn good() -> BTreeMap<&'static str, &'static str> {
        BTreeMap::from([(TABLE, "leeward"), (TABLE_REGION, "eu-west-1")])
    }

    #[test]
    fn table_and_region_are_enough_where_nothing_else_is_needed() {
        let settings = Settings::read(&good(), &[]).unwrap();
        assert_eq!(settings.table, "leeward");
        assert_eq!(settings.table_region, Region::from("eu-west-1"));
        assert_eq!((settings.state_machine_arn.as_str(), settings.request_life), ("", None));
    }

    #[test]
    fn all_problems_are_told_together() {
        let empty = BTreeMap::from([(TABLE_REGION, "the moon"), (TOPIC_ARN, "tell"), (TABLE, "")]);
        let SettingsError(problems) =
            Settings::read(&empty, &[STATE_MACHINE_ARN, TOPIC_ARN]).unwrap_err();
        assert_eq!(problems.len(), 4, "{problems:?}");
        for (problem, name) in
            problems.iter().zip([TABLE, TABLE_REGION, STATE_MACHINE_ARN, TOPIC_ARN])
        {
            assert!(problem.starts_with(name), "{problem}");
        }
    }

    #[test]
    fn an_arn_must_be_of_its_service() {
        let mut environment = good();
        environment.insert(STATE_MACHINE_ARN, MACHINE);
        assert_eq!(Settings::read(&environment, &[]).unwrap().state_machine_arn, MACHINE);
        environment.insert(TOPIC_ARN, MACHINE);
        assert!(Settings::read(&environment, &[]).unwrap_err().to_string().contains("sns"));
    }

    #[test]
    fn the_life_of_a_request_can_be_lowered_in_a_test_build() {
        let mut environment = good();
        environment.insert(TEST_REQUEST_LIFE, "5");
        let settings = Settings::read(&environment, &[]).unwrap();
        assert_eq!(settings.request_life, Some(Span::seconds(5)));
        for bad in ["0", "-1", "5s"] {
            environment.insert(TEST_REQUEST_LIFE, bad);
            assert!(Settings::read(&environment, &[]).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_webhooks_secret_is_told_neither_when_it_is_wrong_nor_when_it_is_right() {
        let mut environment = good();
        environment.insert(WEBHOOK_SECRET, "whsec_bm90LWxvbmc=");
        let words = Settings::read(&environment, &[]).unwrap_err().to_string();
        assert!(words.contains(WEBHOOK_SECRET) && !words.contains("bm90"), "{words}");
        environment.insert(WEBHOOK_SECRET, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let settings = Settings::read(&environment, &[]).unwrap();
        assert!(settings.webhook_key.is_some() && !format!("{settings:?}").contains("MfKQ"));
    }

    #[test]
    fn the_loopback_is_open_to_a_rehearsal_alone() {
        let mut environment = good();
        assert!(!Settings::read(&environment, &[]).unwrap().loopback);
        environment.insert(TEST_LOOPBACK, "yes");
        assert!(Settings::read(&environment, &[]).unwrap().loopback);
        environment.insert(TEST_LOOPBACK, "1");
        assert!(Settings::read(&environment, &[]).is_err());
    }

    #[test]
    fn a_probes_keys_are_needed_and_never_shown() {
        let environment = BTreeMap::from([
            ("AWS_REGION", "us-west-2"),
            ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY", "do-not-show"),
        ]);
        let settings = ProbeSettings::read(&environment).unwrap();
        assert_eq!(settings.ca_path, DATABASE_CA_DEFAULT);
        assert!(!format!("{settings:?}").contains("do-not-show"));
        let nothing: BTreeMap<&str, &str> = BTreeMap::new();
        assert_eq!(ProbeSettings::read(&nothing).unwrap_err().0.len(), 3);
    }
}
