//! Telling people.

use async_trait::async_trait;

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
    /// Topic ARN or webhook URL.
    pub receiver: String,
    /// What came back.
    pub message: String,
}

/// Sends a message to a topic or a webhook. At least once: a repeat is better than silence.
#[async_trait]
pub trait Publisher: Send + Sync {
    /// To an SNS topic, by its ARN.
    async fn topic(&self, arn: &str, message: &Message) -> Result<(), PublishError>;

    /// To an HTTPS endpoint, as a JSON POST.
    async fn webhook(&self, url: &str, message: &Message) -> Result<(), PublishError>;
}
