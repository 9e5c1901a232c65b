//! Telling people.

use async_trait::async_trait;
use leeward_core::web::redacted;

/// One message to people and their machines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// One line.
    pub subject: String,
    /// Text for people.
    pub text: String,
    /// The same as JSON, for machines.
    pub json: String,
    /// The same for every attempt, so that receivers can drop a repeat.
    pub deduplication: String,
}

/// Why a message did not leave.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("telling {receiver}: {message}")]
pub struct PublishError {
    receiver: String,
    message: String,
}

impl PublishError {
    /// To that topic or webhook, with what came back. Path and query of a webhook's URL are its secret: they are
    /// kept neither here nor in the words, which a receiver may have echoed.
    pub fn new(receiver: &str, message: &str) -> Self {
        if receiver.starts_with("arn:") {
            return Self { receiver: receiver.to_owned(), message: message.to_owned() };
        }
        let mut message = message.replace(receiver, "…");
        for part in
            receiver.split(['/', '?', '&', '=', '#']).skip(3).filter(|p| p.len() >= SECRET_MIN)
        {
            message = message.replace(part, "…");
        }
        Self { receiver: redacted(receiver), message }
    }
}

/// Shorter parts of a URL are words, not secrets.
const SECRET_MIN: usize = 6;

/// Sends a message to a topic or a webhook. At least once: a repeat is better than silence.
#[async_trait]
pub trait Publisher: Send + Sync {
    /// To an SNS topic, by its ARN.
    async fn topic(&self, arn: &str, message: &Message) -> Result<(), PublishError>;

    /// To an HTTPS endpoint, as a JSON POST.
    async fn webhook(&self, url: &str, message: &Message) -> Result<(), PublishError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_of_a_webhook_is_in_no_error() {
        let url = "https://hooks.example.com/services/T0SECRET/B0SECRET?token=SECRET";
        let echoed = format!("HTTP 404: {url} is unknown, so is /services/T0SECRET/B0SECRET");
        let error = PublishError::new(url, &echoed);
        for words in [error.to_string(), format!("{error:?}")] {
            assert!(words.contains("https://hooks.example.com/…"), "{words}");
            assert!(!words.contains("SECRET"), "{words}");
        }
        let topic = PublishError::new("arn:aws:sns:eu-west-1:1:ops", "NotFound");
        assert_eq!(topic.to_string(), "telling arn:aws:sns:eu-west-1:1:ops: NotFound");
    }
}
