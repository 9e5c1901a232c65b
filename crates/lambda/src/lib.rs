//! The shell around a function: settings, logs, metrics, and errors by name.
//!
//! A function's `main` reads the settings, wires the world and hands its handler to `run`:
//!
//! ```no_run
//! use leeward_core::error::StepError;
//! use leeward_lambda::{Call, Settings};
//!
//! async fn handle(event: serde_json::Value, call: Call) -> Result<String, StepError> {
//!     Ok(format!("{} at {}", event["step"], call.request_id))
//! }
//!
//! #[tokio::main(flavor = "current_thread")]
//! async fn main() -> Result<(), leeward_lambda::Error> {
//!     leeward_lambda::start_logging();
//!     match Settings::from_process(&[]) {
//!         Ok(settings) => leeward_lambda::run(|event, call| handle(event, call)).await,
//!         Err(problems) => leeward_lambda::refuse(problems).await,
//!     }
//! }
//! ```

mod logging;
pub mod metrics;
mod run;
pub mod settings;
mod thrown;

pub use lambda_runtime::Error;
pub use logging::start_logging;
pub use run::{Call, refuse, run};
pub use settings::{Settings, SettingsError};
pub use thrown::Thrown;
