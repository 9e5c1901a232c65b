//! One round of SQL: is it a replica, does it take writes, how old is its heartbeat, who is signed in.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use leeward_ports::probe_wire::{HeartbeatRow, ProbeAnswer, ProbeRequest, SCHEMA, UNSUPPORTED};
use rustls::ClientConfig;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_postgres::config::SslMode;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config};

use crate::secured::Securing;

/// The whole round, less than the caller waits, so that the caller hears a reason.
const WHOLE: Duration = Duration::from_secs(4);
/// Connecting, inside one Region.
const CONNECT: Duration = Duration::from_secs(3);
/// A MySQL server speaks first and at once.
const GREETING: Duration = Duration::from_millis(500);
/// No statement of ours may wait longer, whatever locks the row; the lock least of all, since the
/// writer's own heartbeat takes it every second.
const SESSION: &str = "-c statement_timeout=3000 -c lock_timeout=1000";

/// Why an engine gave no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProbeError {
    /// No connection, or no answer in time: it may be well or dead.
    Unreachable(String),
    /// Certificates do not fit together.
    Untrusted(String),
    /// The user may not sign in, or may not look.
    Forbidden(String),
    /// This engine is not spoken to.
    Unsupported(String),
    /// The engine answers an error.
    Failed(String),
}

impl fmt::Display for ProbeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(why) => write!(f, "not reachable: {why}"),
            Self::Untrusted(why) => write!(f, "not trusted: {why}"),
            Self::Forbidden(why) => write!(f, "not allowed: {why}"),
            Self::Unsupported(why) => write!(f, "{UNSUPPORTED}{why}"),
            Self::Failed(why) => write!(f, "failed: {why}"),
        }
    }
}

impl Error for ProbeError {}

/// Asks one engine, signing in with `token`.
pub(crate) async fn probe(
    request: &ProbeRequest,
    trust: Arc<ClientConfig>,
    token: &str,
) -> Result<ProbeAnswer, ProbeError> {
    match timeout(WHOLE, probe_unlimited(request, trust, token)).await {
        Ok(answered) => answered,
        Err(_) => Err(ProbeError::Unreachable(format!("no whole answer in {} s", WHOLE.as_secs()))),
    }
}

async fn probe_unlimited(
    request: &ProbeRequest,
    trust: Arc<ClientConfig>,
    token: &str,
) -> Result<ProbeAnswer, ProbeError> {
    let securing = Securing::new(trust, &request.host).map_err(ProbeError::Untrusted)?;
    let stream = tcp(request).await?;
    let mut config = Config::new();
    config
        .user(&request.user)
        .password(token)
        .dbname(&request.database)
        .application_name("leeward-db-probe")
        .options(SESSION)
        .ssl_mode(SslMode::Require);
    let (client, connection) = match config.connect_raw(stream, securing).await {
        Ok(connected) => connected,
        // With a code it is PostgreSQL that answers.
        Err(error) if error.code().is_none() && greets_as_mysql(request).await => {
            return Err(ProbeError::Unsupported(format!(
                "this is a MySQL server; db-probe speaks PostgreSQL only ({})",
                chain(&error)
            )));
        }
        Err(error) => return Err(classify(&error)),
    };
    // The connection moves the bytes; it ends with the client, or with this task.
    let mover = tokio::spawn(connection);
    let answer = ask(&client, request).await;
    drop(client);
    mover.abort();
    answer.map_err(|e| classify(&e))
}

async fn tcp(request: &ProbeRequest) -> Result<TcpStream, ProbeError> {
    let connecting = TcpStream::connect((request.host.as_str(), request.port));
    match timeout(CONNECT, connecting).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(ProbeError::Unreachable(error.to_string())),
        Err(_) => Err(ProbeError::Unreachable(format!("no connection in {} s", CONNECT.as_secs()))),
    }
}

/// Whether the server begins as MySQL's do: a packet with sequence number 0 and protocol version 10.
async fn greets_as_mysql(request: &ProbeRequest) -> bool {
    const PROTOCOL_10: u8 = 0x0a;
    let Ok(mut stream) = tcp(request).await else { return false };
    let mut greeting = [0_u8; 5];
    match timeout(GREETING, stream.read_exact(&mut greeting)).await {
        Ok(Ok(_)) => matches!(greeting, [_, _, _, 0, PROTOCOL_10]),
        Ok(Err(_)) | Err(_) => false,
    }
}

async fn ask(
    client: &Client,
    request: &ProbeRequest,
) -> Result<ProbeAnswer, tokio_postgres::Error> {
    let in_recovery: bool =
        client.query_one("SELECT pg_is_in_recovery()", &[]).await?.try_get(0)?;
    let heartbeat = heartbeat(client).await?;
    let sessions = match &request.sessions_of {
        Some(user) => Some(sessions(client, user).await?),
        None => None,
    };
    // An engine in recovery is asked for no write: with write forwarding an Aurora secondary sends it to the
    // writer, and waits for that Region (Aurora User Guide, write forwarding in a global database).
    let writable = !in_recovery && takes_a_write(client).await?;
    Ok(ProbeAnswer { schema: SCHEMA, in_recovery, writable, heartbeat, sessions })
}

/// The heartbeat row; none when the table was never made.
async fn heartbeat(client: &Client) -> Result<Option<HeartbeatRow>, tokio_postgres::Error> {
    const ROW: &str = "SELECT at_ms, region::text FROM leeward_heartbeat WHERE id = 1";
    match client.query_opt(ROW, &[]).await {
        Ok(Some(row)) => {
            Ok(Some(HeartbeatRow::Written { at_ms: row.try_get(0)?, region: row.try_get(1)? }))
        }
        Ok(None) => Ok(None),
        Err(error) if error.code() == Some(&SqlState::UNDEFINED_TABLE) => Ok(None),
        Err(error) if error.code() == Some(&SqlState::UNDEFINED_COLUMN) => {
            let words =
                error.as_db_error().map_or_else(|| chain(&error), |e| e.message().to_owned());
            Ok(Some(HeartbeatRow::LacksColumn(words)))
        }
        Err(error) => Err(error),
    }
}

async fn sessions(client: &Client, user: &str) -> Result<u32, tokio_postgres::Error> {
    let counted = client
        .query_one(
            "SELECT count(*) FROM pg_stat_activity WHERE usename = $1 AND pid <> pg_backend_pid()",
            &[&user],
        )
        .await?;
    let sessions: i64 = counted.try_get(0)?;
    Ok(u32::try_from(sessions).unwrap_or(u32::MAX))
}

/// Tries a write and rolls it back. A transaction id is drawn besides, for a database without the
/// heartbeat row: a replica refuses that, too.
async fn takes_a_write(client: &Client) -> Result<bool, tokio_postgres::Error> {
    const HEARTBEAT: &str = "UPDATE leeward_heartbeat SET at_ms = at_ms WHERE id = 1";
    const DRAW: &str = "SELECT pg_current_xact_id()";
    let tried = match attempt(client, HEARTBEAT).await {
        // The table is not there or not ours to write: the transaction id alone has to tell.
        Err(error) if tells_nothing(&error) => attempt(client, "SELECT 1").await,
        told => told,
    };
    let drawn = match tried {
        Ok(()) => attempt(client, DRAW).await,
        Err(error) => Err(error),
    };
    match drawn {
        Ok(()) => Ok(!read_only(client).await?),
        Err(error) if refuses_writes(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

/// One statement in a transaction of its own, which is rolled back whatever came of it.
async fn attempt(client: &Client, statement: &str) -> Result<(), tokio_postgres::Error> {
    client.batch_execute("BEGIN").await?;
    let tried = client.batch_execute(statement).await;
    client.batch_execute("ROLLBACK").await?;
    tried
}

async fn read_only(client: &Client) -> Result<bool, tokio_postgres::Error> {
    let row = client.query_one("SELECT current_setting('transaction_read_only')", &[]).await?;
    let setting: &str = row.try_get(0)?;
    Ok(setting == "on")
}

fn tells_nothing(error: &tokio_postgres::Error) -> bool {
    error.code() == Some(&SqlState::UNDEFINED_TABLE)
        || error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE)
}

fn refuses_writes(error: &tokio_postgres::Error) -> bool {
    error.code() == Some(&SqlState::READ_ONLY_SQL_TRANSACTION)
        || error.code() == Some(&SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE)
}

fn classify(error: &tokio_postgres::Error) -> ProbeError {
    let words = chain(error);
    if is_about_trust(error) {
        return ProbeError::Untrusted(words);
    }
    let Some(code) = error.code() else { return ProbeError::Unreachable(words) };
    // Class 28: invalid authorization; 42501: insufficient privilege.
    if code.code().starts_with("28") || code == &SqlState::INSUFFICIENT_PRIVILEGE {
        return ProbeError::Forbidden(words);
    }
    // Class 57: operator intervention, such as a server that is starting or shutting down.
    if code.code().starts_with("57") || code.code().starts_with("08") {
        return ProbeError::Unreachable(words);
    }
    ProbeError::Failed(words)
}

fn is_about_trust(error: &(dyn Error + 'static)) -> bool {
    /// The driver's words; it has no type for a server that refuses TLS.
    const NO_TLS: &str = "server does not support TLS";
    let mut next = Some(error);
    while let Some(error) = next {
        if error.to_string() == NO_TLS {
            return true;
        }
        let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        if inner.is_some_and(|e| e.is::<rustls::Error>()) || error.is::<rustls::Error>() {
            return true;
        }
        next = error.source();
    }
    false
}

fn chain(error: &dyn Error) -> String {
    let mut words = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        words.push_str(": ");
        words.push_str(&cause.to_string());
        next = cause.source();
    }
    words
}
