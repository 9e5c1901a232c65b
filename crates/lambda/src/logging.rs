//! Logs: one JSON object a line, each with the request's and the trace's id from the runtime's span.

use leeward_core::printable::Printable;
use tracing_subscriber::filter::LevelFilter;

use crate::settings::{Environment, Process};

/// Lambda's own setting for the level of a function's logs.
const LEVEL: &str = "AWS_LAMBDA_LOG_LEVEL";

/// Sets the subscriber up, once, at the start of a function.
pub fn start_logging() {
    let level = level(Process.get(LEVEL).as_deref());
    let set = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(true)
        .with_target(false)
        .with_max_level(level)
        .with_writer(|| Printable(std::io::stdout()))
        .try_init();
    if let Err(error) = set {
        tracing::debug!(%error, "logging is set up already");
    }
}

fn level(setting: Option<&str>) -> LevelFilter {
    match setting.map(str::to_ascii_uppercase).as_deref() {
        Some("TRACE") => LevelFilter::TRACE,
        Some("DEBUG") => LevelFilter::DEBUG,
        Some("WARN") => LevelFilter::WARN,
        Some("ERROR" | "FATAL") => LevelFilter::ERROR,
        Some(_) | None => LevelFilter::INFO,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_level_is_lambdas_own_and_info_by_default() {
        for (setting, filter) in [
            (None, LevelFilter::INFO),
            (Some("debug"), LevelFilter::DEBUG),
            (Some("FATAL"), LevelFilter::ERROR),
            (Some("loud"), LevelFilter::INFO),
        ] {
            assert_eq!(level(setting), filter, "{setting:?}");
        }
    }
}
