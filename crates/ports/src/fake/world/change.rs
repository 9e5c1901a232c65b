//! A request where it lands.

use leeward_core::ids::Region;
use leeward_core::world::{Change, ChangeError, ChangeErrorKind};

use super::compute::Sizes;
use super::happenings::Happened;
use super::regions::ROUTE53_HOME;
use super::state::State;
use crate::Frozen;
use crate::fake::store::out_of_life;

/// Whether the world is otherwise than before, or why the service said no.
pub(super) type Answer = Result<bool, ChangeError>;

pub(super) fn refused(code: &str, message: &str) -> Answer {
    Err(error(kind_of(code), code, message))
}

/// What an error code means, as the adapters read it.
pub(super) fn kind_of(code: &str) -> ChangeErrorKind {
    match code {
        "IncorrectInstanceState"
        | "InvalidDBClusterStateFault"
        | "InvalidDBInstanceState"
        | "InvalidGlobalClusterStateFault" => ChangeErrorKind::NotInState,
        "RequestExpired" | "ResourceInUseException" => ChangeErrorKind::Throttled,
        _ => ChangeErrorKind::Refused,
    }
}

pub(super) fn conflict(code: &str, message: &str) -> Answer {
    Err(error(ChangeErrorKind::Conflict, code, message))
}

pub(super) fn error(kind: ChangeErrorKind, code: &str, message: &str) -> ChangeError {
    ChangeError { kind, code: code.into(), message: message.into() }
}

/// The error of a call that got no answer.
pub(super) fn no_answer() -> ChangeError {
    error(ChangeErrorKind::Lost, "TimeoutError", "no answer in time")
}

impl State {
    /// Judges a request that has arrived, carries it out, puts it on record.
    pub(super) fn arrive(
        &mut self,
        change: &Change,
        frozen: Option<Frozen>,
    ) -> Result<(), ChangeError> {
        if !self.region(&self.home(change)).answers() {
            return Err(no_answer());
        }
        let before = self.before_change(change);
        let life = self.habits.request_life;
        let answer = if frozen.is_some_and(|f| out_of_life(f, self.now, life)) {
            refused("RequestExpired", "the signature is not within the life of a request")
        } else {
            self.carry_out(change)
        };
        let what = match &answer {
            Ok(changed) => {
                Some(Happened::Landed { change: change.clone(), frozen, changed: *changed })
            }
            // What a hand was refused is nobody's request.
            Err(e) => {
                frozen.map(|_| Happened::Rejected { change: change.clone(), code: e.code.clone() })
            }
        };
        if answer == Ok(true) {
            self.not_seen_yet(before);
        }
        what.into_iter().for_each(|what| self.record(what));
        self.refresh();
        answer.map(|_| ())
    }

    /// The Region whose service takes the request.
    pub(super) fn home(&self, change: &Change) -> Region {
        match change {
            Change::MoveLease { region, .. }
            | Change::PromoteReplica { region, .. }
            | Change::FailoverGlobal { region, .. }
            | Change::SwitchoverGlobal { region, .. }
            | Change::BoundGroup { region, .. }
            | Change::SetMinimum { region, .. }
            | Change::StartInstances { region, .. }
            | Change::StopInstances { region, .. }
            | Change::SetDesiredCount { region, .. }
            | Change::ReserveConcurrency { region, .. }
            | Change::EnableEventSource { region, .. }
            | Change::RevokeIngress { region, .. }
            | Change::AuthorizeIngress { region, .. }
            | Change::PutMetric { region, .. } => region.clone(),
            Change::ChangeRecords { .. } => Region::from(ROUTE53_HOME),
        }
    }

    fn carry_out(&mut self, change: &Change) -> Answer {
        match change {
            Change::MoveLease { .. } if self.application.lease_away => Err(no_answer()),
            Change::MoveLease { .. } => self.move_lease(change),
            Change::PromoteReplica { region, instance } => self.promote(region, instance),
            Change::FailoverGlobal { global_cluster, target, .. } => {
                self.move_global(global_cluster, target, false)
            }
            Change::SwitchoverGlobal { global_cluster, target, .. } => {
                self.move_global(global_cluster, target, true)
            }
            Change::BoundGroup { region, group, minimum, maximum, desired, suspend } => {
                let sizes = Sizes {
                    minimum: *minimum,
                    maximum: Some(*maximum),
                    desired: Some(*desired),
                    suspend: Some(*suspend),
                };
                self.size_group(&(region.clone(), group.clone()), &sizes)
            }
            Change::SetMinimum { region, group, minimum } => {
                let sizes =
                    Sizes { minimum: *minimum, maximum: None, desired: None, suspend: None };
                self.size_group(&(region.clone(), group.clone()), &sizes)
            }
            Change::StartInstances { region, ids } => self.turn_instances(region, ids, true),
            Change::StopInstances { region, ids } => self.turn_instances(region, ids, false),
            Change::SetDesiredCount { region, cluster, service, count } => {
                self.set_count(&(region.clone(), cluster.clone(), service.clone()), *count)
            }
            Change::ReserveConcurrency { region, function, reserved } => {
                self.reserve(&(region.clone(), function.clone()), *reserved)
            }
            Change::EnableEventSource { region, uuid, enabled } => {
                self.turn_mapping(&(region.clone(), uuid.clone()), *enabled)
            }
            Change::RevokeIngress { region, rules } => self.revoke(region, rules),
            Change::AuthorizeIngress { region, rules, descriptions } => {
                self.authorize(region, rules, descriptions)
            }
            Change::PutMetric { .. } => self.put_metric(change),
            Change::ChangeRecords { .. } => self.change_records(change),
        }
    }
}
