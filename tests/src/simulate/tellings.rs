//! What others tell of trouble: AWS Health and RDS, of things that are not this workload's, late, or over.

use leeward_core::plan::Voter;
use leeward_core::time::{Span, Timestamp};
use serde_json::{Value, json};

use super::run::{RETRIES, Run};

/// What is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Telling {
    /// AWS Health tells of a resource that the plan does not name.
    Foreign,
    /// AWS Health tells of another account's resource.
    Account,
    /// AWS Health tells of an issue that began long ago: it is told late, and nobody has said it before.
    Late,
    /// RDS tells of a failover of hours ago.
    Past,
}

/// How long before it is told a thing began.
const BEFORE: Span = Span::minutes(150);

impl Telling {
    /// Every one.
    pub(super) const ALL: [Self; 4] = [Self::Foreign, Self::Account, Self::Late, Self::Past];

    /// Its name in the tables.
    pub(super) fn occasion(self) -> &'static str {
        match self {
            Self::Foreign | Self::Account => "told of another's trouble",
            Self::Late => "told late",
            Self::Past => "told of trouble of the past",
        }
    }
}

/// A time as AWS Health writes it.
fn written(at: Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

fn before(now: Timestamp) -> Timestamp {
    let back = i64::try_from(BEFORE.as_millis()).unwrap_or_default();
    Timestamp::from_millisecond(now.as_millisecond() - back).unwrap_or(now)
}

impl Run<'_> {
    /// Tells the detector, as EventBridge delivers it.
    pub(super) fn tell_of(&mut self, telling: Telling) {
        let Some(event) = self.event(telling) else { return };
        if telling == Telling::Late {
            // It is of the whole Region: that is one voter's word, true or not.
            self.stack.deceive(1, true);
        }
        self.invoke("${DetectorFunction}".to_owned(), event, None, RETRIES);
    }

    fn event(&self, telling: Telling) -> Option<Value> {
        let plan = &self.stack.prepared.plan;
        let (now, began) = (self.now(), before(self.now()));
        let voters = &plan.detection.voters;
        if telling == Telling::Past {
            let voter = voters
                .iter()
                .find_map(|v| if let Voter::RdsEvent(voter) = v { Some(voter) } else { None })?;
            return Some(json!({
                "version": "0", "id": "0", "source": "aws.rds", "account": "123456789012",
                "detail-type": "RDS DB Instance Event", "time": now.to_string(),
                "region": voter.region, "resources": [],
                "detail": {
                    "EventCategories": ["availability"], "SourceType": "DB_INSTANCE",
                    "SourceArn": format!("arn:aws:rds:{}:123456789012:db:{}", voter.region, voter.source),
                    "Date": began.to_string(), "Message": "DB instance shutdown.",
                    "SourceIdentifier": voter.source, "EventID": "RDS-EVENT-0004",
                },
            }));
        }
        let voter = voters
            .iter()
            .find_map(|v| if let Voter::HealthEvent(voter) = v { Some(voter) } else { None })?;
        let (account, entities, scope) = match telling {
            Telling::Foreign => (
                "123456789012",
                json!([{"entityValue": "i-0feedfacefeedface", "status": "IMPAIRED"}]),
                "ACCOUNT_SPECIFIC",
            ),
            Telling::Account => (
                "999999999999",
                json!([{"entityValue": "i-0feedfacefeedface", "status": "IMPAIRED"}]),
                "ACCOUNT_SPECIFIC",
            ),
            Telling::Late | Telling::Past => ("123456789012", json!([]), "PUBLIC"),
        };
        Some(json!({
            "version": "0", "id": "0", "source": "aws.health", "account": "123456789012",
            "detail-type": "AWS Health Event", "time": now.to_string(), "region": voter.region,
            "resources": [],
            "detail": {
                "eventArn": "arn:aws:health:us-east-1::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/DRAWN",
                "service": "EC2", "eventTypeCode": "AWS_EC2_OPERATIONAL_ISSUE",
                "eventTypeCategory": "issue", "eventScopeCode": scope,
                "startTime": written(began), "lastUpdatedTime": written(now), "statusCode": "open",
                "eventRegion": plan.regions.primary,
                "eventDescription": [{"language": "en_US", "latestDescription": "drawn"}],
                "affectedAccount": account, "affectedEntities": entities,
            },
        }))
    }
}
