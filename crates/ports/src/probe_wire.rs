//! The wire between a step that asks an engine and the `db-probe` function inside the VPC (schema 1).

use leeward_core::time::Timestamp;
use leeward_core::world::SqlView;
use serde::{Deserialize, Serialize};

/// The version of this wire.
pub const SCHEMA: u32 = 1;

/// What `db-probe` is called with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProbeRequest {
    /// Always `probe`.
    pub leeward: ProbeMark,
    /// Always 1.
    pub schema: u32,
    /// Host of the database; the certificate must name it.
    pub host: String,
    /// Port of the database.
    pub port: u16,
    /// Database name.
    pub database: String,
    /// Database user; signs in with an IAM token.
    pub user: String,
    /// User whose sessions are counted, besides the probe's own.
    pub sessions_of: Option<String>,
}

/// The word `probe`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "one word")]
pub enum ProbeMark {
    Probe,
}

/// What `db-probe` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeAnswer {
    /// Always 1.
    pub schema: u32,
    /// `pg_is_in_recovery()`: a replica.
    pub in_recovery: bool,
    /// A write was tried in a transaction that is rolled back, and accepted.
    pub writable: bool,
    /// Milliseconds since the Unix epoch in the heartbeat row; null: no row.
    pub heartbeat_at_ms: Option<i64>,
    /// Sessions of the user that was asked for; null: not asked.
    pub sessions: Option<u32>,
}

impl ProbeAnswer {
    /// The same in the core's words, else what is wrong with it.
    pub fn view(&self) -> Result<SqlView, String> {
        if self.schema != SCHEMA {
            return Err(format!(
                "db-probe answers in schema {}, this function reads schema {SCHEMA}: deploy both alike",
                self.schema
            ));
        }
        let heartbeat_at = match self.heartbeat_at_ms {
            Some(ms) => Some(
                Timestamp::from_millisecond(ms)
                    .map_err(|e| format!("heartbeat row holds {ms}, which is no instant: {e}"))?,
            ),
            None => None,
        };
        Ok(SqlView {
            in_recovery: self.in_recovery,
            writable: self.writable,
            heartbeat_at,
            sessions: self.sessions,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer() -> ProbeAnswer {
        ProbeAnswer {
            schema: SCHEMA,
            in_recovery: true,
            writable: false,
            heartbeat_at_ms: Some(1_700_000_000_123),
            sessions: None,
        }
    }

    #[test]
    fn an_answer_becomes_a_view() {
        let view = answer().view().unwrap();
        assert!(view.in_recovery && !view.writable);
        assert_eq!(view.heartbeat_at.unwrap().as_millisecond(), 1_700_000_000_123);
        assert_eq!(view.sessions, None);
    }

    #[test]
    fn another_schema_or_an_impossible_instant_is_told() {
        let other = ProbeAnswer { schema: 2, ..answer() };
        assert!(other.view().unwrap_err().contains("schema 2"));
        let never = ProbeAnswer { heartbeat_at_ms: Some(i64::MAX), ..answer() };
        assert!(never.view().unwrap_err().contains("no instant"));
    }
}
