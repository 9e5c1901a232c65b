//! Telling people: SNS topics and webhooks.

use async_trait::async_trait;
use aws_sdk_sns::Client;
use aws_sdk_sns::types::MessageAttributeValue;
use leeward_core::ids::Region;
use leeward_ports::{Message, PublishError, Publisher, SigningKey};

use crate::Clients;
use crate::clients::limited;
use crate::fault::Fault;
use crate::limits::Limits;
use crate::webhook;

/// Longest subject that SNS takes.
const SUBJECT_MAX: usize = 100;
/// Name under which receivers find the mark by which they drop a repeat.
const DEDUPLICATION: &str = "deduplication";

/// Sends to topics and webhooks.
#[derive(Debug, Clone)]
pub struct SnsPublisher {
    clients: Clients,
    key: Option<SigningKey>,
}

impl SnsPublisher {
    /// Over these clients; a topic is called in the Region that its ARN names. Webhooks are signed where there
    /// is a key.
    pub fn new(clients: &Clients, key: Option<SigningKey>) -> Self {
        Self { clients: clients.clone(), key }
    }
}

/// A subject as SNS takes it: printable ASCII, no line break, at most 100 characters.
fn subject(text: &str) -> String {
    let printable = |c: char| if c.is_ascii() && !c.is_ascii_control() { c } else { '?' };
    let line: String = text.trim().chars().map(printable).take(SUBJECT_MAX).collect();
    if line.is_empty() { "Leeward".to_owned() } else { line }
}

/// One message in three shapes: text for mail, the subject for text messages, JSON for machines.
fn shapes(message: &Message) -> String {
    serde_json::json!({
        "default": message.json,
        "email": message.text,
        "sms": subject(&message.subject),
    })
    .to_string()
}

fn region_of(arn: &str) -> Option<Region> {
    match arn.split(':').collect::<Vec<_>>().as_slice() {
        ["arn", _, "sns", region, _, topic] if !region.is_empty() && !topic.is_empty() => {
            Some(Region::from(*region))
        }
        _ => None,
    }
}

#[async_trait]
impl Publisher for SnsPublisher {
    async fn topic(&self, arn: &str, message: &Message) -> Result<(), PublishError> {
        let failed = |why: String| PublishError::new(arn, &why);
        let region =
            region_of(arn).ok_or_else(|| failed("this is no ARN of a topic".to_owned()))?;
        let mark = MessageAttributeValue::builder()
            .data_type("String")
            .string_value(&message.deduplication)
            .build()
            .map_err(|e| failed(e.to_string()))?;
        let mut publish = self
            .clients
            .client(&region, Client::new)
            .publish()
            .topic_arn(arn)
            .subject(subject(&message.subject))
            .message(shapes(message))
            .message_structure("json")
            .message_attributes(DEDUPLICATION, mark);
        if arn.ends_with(".fifo") {
            publish = publish
                .message_group_id("leeward")
                .message_deduplication_id(&message.deduplication);
        }
        let sent =
            publish.customize().config_override(limited!(aws_sdk_sns, Limits::TELL)).send().await;
        match sent.map_err(|e| Fault::of(&e)) {
            Ok(_) => Ok(()),
            Err(fault) => Err(failed(format!("{}: {}", fault.code, fault.message))),
        }
    }

    async fn webhook(&self, url: &str, message: &Message) -> Result<(), PublishError> {
        webhook::post(&self.clients, self.key.as_ref(), url, message).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_one_printable_line() {
        assert_eq!(subject("orders → us-west-2\nheld"), "orders ? us-west-2?held");
        assert_eq!(subject(&"x".repeat(300)).len(), SUBJECT_MAX);
        assert_eq!(subject("  \n"), "Leeward");
    }

    #[test]
    fn the_region_is_the_topics_own() {
        assert_eq!(region_of("arn:aws:sns:eu-west-1:123456789012:tell"), Some("eu-west-1".into()));
        for bad in ["", "tell", "arn:aws:sqs:eu-west-1:123456789012:tell", "arn:aws:sns::1:tell"] {
            assert_eq!(region_of(bad), None, "{bad}");
        }
    }
}
