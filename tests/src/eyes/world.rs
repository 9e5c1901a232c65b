//! The world as the voters see it: what a voter's look brings follows its drawn sight.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use leeward_core::evidence::voter_questions;
use leeward_core::plan::{Plan, Voter};
use leeward_core::time::{Span, Timestamp};
use leeward_core::world::{
    AlarmState, AlarmView, Blind, Change, ChangeError, HttpView, Member, MemberHealth, MembersView,
    Question, RdsView, Receipt, ReplicationView, SeriesView, ServiceView, View,
};
use leeward_ports::fake::{FakeClock, FakeWorld};
use leeward_ports::{Frozen, Outside};

use super::sight::{Sight, Sights};

/// The voters' eyes in front of a world; every other question goes through to it.
pub(super) struct Eyes {
    pub(super) behind: FakeWorld,
    pub(super) clock: FakeClock,
    pub(super) plan: Plan,
    pub(super) sights: Arc<Mutex<Sights>>,
}

impl Eyes {
    /// The voter that looks at it. A control URL is nobody's: it answers while the detector sees.
    fn voter(&self, question: &Question) -> Option<&Voter> {
        let looks = |v: &&Voter| voter_questions(v, &self.plan).first() == Some(question);
        self.plan.detection.voters.iter().find(looks)
    }
}

#[async_trait]
impl Outside for Eyes {
    async fn look(&self, question: &Question) -> Result<View, Blind> {
        let Some(voter) = self.voter(question) else {
            if matches!(question, Question::Http(_)) {
                return Ok(http(200));
            }
            return self.behind.look(question).await;
        };
        let now = self.clock.now();
        let (sight, since) = {
            let sights = self.sights.lock().unwrap_or_else(PoisonError::into_inner);
            sights.at(voter.id(), now)
        };
        match (sight, voter) {
            (Sight::Blind, _) => Err(Blind::new(format!("{question}: no answer in time"))),
            (Sight::Ill, Voter::Endpoint(_)) => Err(Blind::new("no answer")),
            (Sight::Well | Sight::Ill, _) => Ok(view(voter, sight == Sight::Ill, since, now)),
        }
    }

    async fn change(&self, change: &Change, frozen: Frozen) -> Result<Receipt, ChangeError> {
        self.behind.change(change, frozen).await
    }
}

fn http(status: u16) -> View {
    let (marker, body, took) = (None, String::new(), Span::millis(80));
    View::Http(HttpView { status, marker, body: body.into(), took })
}

/// What a look brings to a voter of that kind.
fn view(voter: &Voter, ill: bool, since: Timestamp, now: Timestamp) -> View {
    match voter {
        Voter::Alarm(_) => View::Alarm(Some(AlarmView {
            state: if ill { AlarmState::Alarm } else { AlarmState::Ok },
            since: since.max(Timestamp::UNIX_EPOCH),
            reason: "drawn".into(),
            muted: None,
        })),
        Voter::HealthCheck(_) => {
            View::Series(SeriesView { samples: vec![(now, if ill { 0.0 } else { 1.0 })] })
        }
        Voter::Group(_) | Voter::Instances(_) | Voter::Targets(_) => {
            let member = |id: &str| Member {
                id: id.into(),
                zone: None,
                health: if ill { MemberHealth::Unhealthy } else { MemberHealth::Healthy },
                state: "drawn".into(),
            };
            View::Members(Some(MembersView { members: vec![member("i-1"), member("i-2")] }))
        }
        Voter::EcsService(_) => View::Service(Some(ServiceView {
            desired: 4,
            running: if ill { 0 } else { 4 },
            pending: 0,
            rollouts: Vec::new(),
        })),
        Voter::Metric(_) => {
            View::Series(SeriesView { samples: vec![(now, if ill { 99.0 } else { 20.0 })] })
        }
        Voter::Endpoint(_) => http(200),
        Voter::Replication(_) => View::Rds(Some(RdsView {
            status: "available".into(),
            arn: None,
            replica_source: Some("arn:aws:rds:us-east-1:123456789012:db:orders-db".into()),
            engine: "postgres".into(),
            engine_version: "17.4".into(),
            host: None,
            zone: None,
            multi_az: false,
            replication: Some(ReplicationView {
                normal: !ill,
                status: if ill { "error" } else { "replicating" }.into(),
                message: String::new().into(),
            }),
        })),
        // These are told, not looked at.
        Voter::HealthEvent(_) | Voter::RdsEvent(_) | Voter::Document(_) => View::Number(None),
    }
}
