//! Reads the `Date` header of an answer: the only clock that decisions rest on.

use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::BeforeDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::date_time::Format;
use leeward_core::time::Timestamp;

/// Keeps the `Date` of the last answer to one call, be it a success or an error.
#[derive(Debug, Clone, Default)]
pub(crate) struct DateReader(Arc<Mutex<Option<String>>>);

impl DateReader {
    /// The instant, or why there is none.
    pub(crate) fn read(&self) -> Result<Timestamp, String> {
        let header = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(header) = header else {
            return Err("the answer carries no Date header".to_owned());
        };
        parse(&header).ok_or_else(|| format!("the answer's Date header `{header}` is no HTTP date"))
    }
}

#[dyn_dispatch_hint]
impl Intercept for DateReader {
    fn name(&self) -> &'static str {
        "DateReader"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.response().headers().get("date").map(str::to_owned);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = date;
        Ok(())
    }
}

/// An HTTP date (RFC 7231, section 7.1.1.1).
fn parse(header: &str) -> Option<Timestamp> {
    let date = aws_smithy_types::DateTime::from_str(header, Format::HttpDate).ok()?;
    Timestamp::from_second(date.secs()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_http_date_is_an_instant_and_nothing_else_is() {
        let at = parse("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        assert_eq!(at.to_string(), "1994-11-06T08:49:37Z");
        for bad in ["", "yesterday", "1994-11-06T08:49:37Z", "Sun, 06 Nov 1994 08:49:37 CET"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn no_answer_means_no_date() {
        assert!(DateReader::default().read().unwrap_err().contains("no Date"));
    }
}
