//! The wire between a step that asks an engine and the `db-probe` function inside the VPC (schema 1).

use leeward_core::ids::Region;
use leeward_core::time::Timestamp;
use leeward_core::world::{Heartbeat, SqlView};
use serde::{Deserialize, Serialize};

/// The version of this wire.
pub const SCHEMA: u32 = 1;

/// In the error of a `db-probe` that can never ask this engine; whoever called stops asking.
pub const UNSUPPORTED: &str = "not supported: ";

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
    /// The heartbeat row; null: no row, or no such table.
    pub heartbeat: Option<HeartbeatRow>,
    /// Sessions of the user that was asked for; null: not asked.
    pub sessions: Option<u32>,
}

/// The heartbeat row as it stands in table `leeward_heartbeat`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeartbeatRow {
    /// The whole row.
    Written {
        /// Milliseconds since the Unix epoch, by the clock of the writer.
        at_ms: i64,
        /// The Region whose application wrote it; null: the row does not say.
        region: Option<String>,
    },
    /// The table lacks a column of the contract, in the engine's words.
    LacksColumn(String),
}

/// What makes the table as the contract has it. The row goes, as nobody knows whose it is: the holder
/// writes the next one within a second.
const MENDED_BY: &str = "on the database that takes writes run `BEGIN; DELETE FROM leeward_heartbeat; ALTER TABLE leeward_heartbeat ADD COLUMN region text NOT NULL; COMMIT;` and let the holder of the writer lease write its own Region into it with each heartbeat";

impl HeartbeatRow {
    fn heartbeat(&self) -> Result<Heartbeat, String> {
        let (at_ms, region) = match self {
            Self::Written { at_ms, region } => (*at_ms, region),
            Self::LacksColumn(words) => {
                return Ok(Heartbeat::nameless(format!(
                    "table leeward_heartbeat lacks a column ({words}); {MENDED_BY}"
                )));
            }
        };
        let at = Timestamp::from_millisecond(at_ms)
            .map_err(|e| format!("heartbeat row holds {at_ms}, which is no instant: {e}"))?;
        Ok(match region.as_deref() {
            Some(region) if !region.is_empty() => Heartbeat::written(Region::from(region), at),
            Some(_) | None => Heartbeat::nameless(
                "column region of table leeward_heartbeat is empty or NULL; its writer has to put its own Region there with each heartbeat, as the lease names it, and `ALTER TABLE leeward_heartbeat ALTER COLUMN region SET NOT NULL` keeps it so",
            ),
        })
    }
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
        let heartbeat = self.heartbeat.as_ref().map(HeartbeatRow::heartbeat).transpose()?;
        Ok(SqlView {
            in_recovery: self.in_recovery,
            writable: self.writable,
            heartbeat,
            sessions: self.sessions,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT_MS: i64 = 1_700_000_000_123;

    fn answer(heartbeat: HeartbeatRow) -> ProbeAnswer {
        let heartbeat = Some(heartbeat);
        ProbeAnswer {
            schema: SCHEMA,
            in_recovery: true,
            writable: false,
            heartbeat,
            sessions: None,
        }
    }

    fn written(at_ms: i64, region: Option<&str>) -> HeartbeatRow {
        HeartbeatRow::Written { at_ms, region: region.map(str::to_owned) }
    }

    #[test]
    fn an_answer_becomes_a_view() {
        let view = answer(written(AT_MS, Some("us-east-1"))).view().unwrap();
        assert!(view.in_recovery && !view.writable);
        let heartbeat = view.heartbeat.unwrap();
        let at = heartbeat.by(&"us-east-1".into()).unwrap();
        assert_eq!(at.as_millisecond(), AT_MS);
        assert!(heartbeat.by(&"us-west-2".into()).unwrap_err().contains("by us-east-1"));
        assert_eq!(view.sessions, None);
    }

    #[test]
    fn a_row_that_names_no_writer_is_never_known_and_says_what_mends_it() {
        let lacks = HeartbeatRow::LacksColumn("column \"region\" does not exist".to_owned());
        for (row, says) in [
            (lacks, ["column \"region\" does not exist", "ADD COLUMN region text NOT NULL"]),
            (written(AT_MS, None), ["column region", "NULL"]),
            (written(AT_MS, Some("")), ["column region", "SET NOT NULL"]),
        ] {
            let heartbeat = answer(row).view().unwrap().heartbeat.unwrap();
            let words = heartbeat.by(&"us-east-1".into()).unwrap_err();
            assert!(says.iter().all(|s| words.contains(s)), "{words}");
        }
    }

    #[test]
    fn another_schema_or_an_impossible_instant_is_told() {
        let well = answer(written(AT_MS, Some("us-east-1")));
        let other = ProbeAnswer { schema: 2, ..well };
        assert!(other.view().unwrap_err().contains("schema 2"));
        let never = answer(written(i64::MAX, Some("us-east-1")));
        assert!(never.view().unwrap_err().contains("no instant"));
    }
}
