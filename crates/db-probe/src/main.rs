//! Wiring.

use leeward_db_probe::{Prober, handle};
use leeward_lambda::settings::ProbeSettings;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), leeward_lambda::Error> {
    leeward_lambda::start_logging();
    match ProbeSettings::from_process() {
        Ok(settings) => {
            let prober = Prober::new(settings);
            leeward_lambda::run(|event, _| handle(event, &prober)).await
        }
        Err(problems) => leeward_lambda::refuse(problems).await,
    }
}
