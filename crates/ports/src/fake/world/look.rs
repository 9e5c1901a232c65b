//! What a question is answered with.

use leeward_core::ids::{Region, Side, Text};
use leeward_core::world::{Blind, ConcurrencyView, Question, RunningView, View};

use super::database::Kind;
use super::regions::ROUTE53_HOME;
use super::state::State;

/// What the processor of a database does that nothing is wrong with, in percent.
const QUIET_PERCENT: f64 = 20.0;

impl State {
    /// Answers a question at this instant.
    pub(super) fn see(&mut self, question: &Question) -> Result<View, Blind> {
        if let Some(region) = asked_in(question)
            && !self.region(&region).answers()
        {
            return Err(Blind::new(format!("{question}: no answer from {region} in time")));
        }
        match question {
            Question::Lease { region, table, key } => {
                if self.application.lease_away {
                    return Err(Blind::new(format!("{question}: no answer in time")));
                }
                Ok(self.see_lease(&(region.clone(), table.clone(), key.clone())))
            }
            Question::Rds { region, instance } => Ok(self.see_rds(region, instance)),
            Question::Global { global_cluster, .. } => Ok(self.see_global(global_cluster)),
            Question::TableReplica { table, .. } => Ok(self.see_table(table)),
            Question::LatestMetric { region, namespace, metric, dimensions, .. } => {
                let laid = self.laid_metric(question);
                let seen = || self.see_metric(region, namespace, metric, dimensions);
                Ok(View::Number(laid.unwrap_or_else(seen)))
            }
            Question::GroupMembers { .. }
            | Question::InstanceStatus { .. }
            | Question::TargetHealth { .. }
            | Question::ServiceHealth { .. }
            | Question::Series { .. } => self.see_health(question),
            Question::Sql { region, host, port, sessions_of, .. } => {
                self.see_sql(region, host, *port, sessions_of.is_some())
            }
            Question::Group { region, group } => {
                Ok(self.see_group(&(region.clone(), group.clone())))
            }
            Question::Instances { region, ids } => Ok(self.see_instances(region, ids)),
            Question::EcsService { region, cluster, service } => {
                Ok(self.see_service(&(region.clone(), cluster.clone(), service.clone())))
            }
            Question::Concurrency { region, function } => {
                let known = self.concurrency.get(&(region.clone(), function.clone()));
                let view = known.map(|reserved| ConcurrencyView { reserved: *reserved });
                Ok(View::Concurrency(view))
            }
            Question::EventSource { region, uuid } => {
                let known = self.mappings.get(&(region.clone(), uuid.clone()));
                Ok(View::Mapping(known.cloned()))
            }
            Question::Targets { region, target_group } => {
                Ok(self.see_targets(&(region.clone(), target_group.clone())))
            }
            Question::Ingress { region, group, port } => self
                .see_ingress(&(region.clone(), group.clone()), *port)
                .ok_or_else(|| Blind::new(format!("{question}: InvalidGroup.NotFound"))),
            Question::DatabaseNetwork { region, database, .. } => {
                Ok(self.see_network(region, database))
            }
            Question::WriterGroup { region, group } => {
                Ok(self.see_writer_group(&(region.clone(), group.clone())))
            }
            Question::Record { zone, name, record_type } => {
                self.see_record(zone, name, record_type)
            }
            Question::Zone { zone } => Ok(self.see_zone(zone)),
            Question::RecordSets { zone, name } => self.see_record_sets(zone, name),
            Question::ZoneChange { id } => self.see_zone_change(id),
            // Inside one world every name server of a zone has the same.
            Question::Authority { name, record_type, .. } => self.see_name(name, record_type),
            Question::Name(query) => self.see_name(&query.name, &query.record_type),
            Question::Http(request) => self.see_http(request),
            Question::Alarm { region, alarm } => {
                Ok(self.see_alarm(&(region.clone(), alarm.clone())))
            }
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the others are answered by `see`")]
    fn see_health(&self, question: &Question) -> Result<View, Blind> {
        match question {
            Question::Series { region, namespace, metric, dimensions, .. } => {
                let other = self.see_metric(region, namespace, metric, dimensions);
                Ok(self.see_series(question, other.map(|(level, _)| level)))
            }
            Question::GroupMembers { region, group } => {
                Ok(self.see_members(&(region.clone(), group.clone())))
            }
            Question::InstanceStatus { region, ids } => self.see_status(region, ids),
            Question::TargetHealth { region, target_group } => self
                .see_target_health(&(region.clone(), target_group.clone()))
                .ok_or_else(|| Blind::new(format!("{question}: TargetGroupNotFound"))),
            Question::ServiceHealth { region, cluster, service } => {
                let name = (region.clone(), cluster.clone(), service.clone());
                Ok(self.see_service_health(&name))
            }
            other => Err(Blind::new(format!("{other}: is no question of health"))),
        }
    }

    fn see_table(&self, table: &str) -> View {
        let known = self
            .databases
            .iter()
            .any(|db| matches!(&db.kind, Kind::Table { name } if name == table));
        View::Running(known.then_some(RunningView { desired: 1, running: 1 }))
    }

    /// The latest datum of a metric that AWS itself puts, or that a control follows.
    fn see_metric(
        &self,
        region: &Region,
        namespace: &str,
        metric: &str,
        dimensions: &[(Text, Text)],
    ) -> Option<(f64, leeward_core::time::Timestamp)> {
        let value_of = |name: &str| {
            dimensions.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
        };
        if let Some(id) = value_of("HealthCheckId") {
            return self.health_check(&id).map(|level| (level, self.now));
        }
        if let Some(control) = self.controls.iter().find(|c| c.is(region, namespace, metric)) {
            return control.latest();
        }
        if let Some(name) = value_of("AutoScalingGroupName") {
            let group = self.groups.get(&(region.clone(), name))?;
            let peak = match metric {
                "GroupInServiceCapacity" => group.peak * group.weight,
                _ => group.peak,
            };
            return group.metrics.then_some((f64::from(peak), self.now));
        }
        if let (Some(cluster), Some(name)) = (value_of("ClusterName"), value_of("ServiceName")) {
            let service = self.services.get(&(region.clone(), cluster, name))?;
            return Some((f64::from(service.peak), self.now));
        }
        let side = [Side::Primary, Side::Standby]
            .into_iter()
            .find(|side| self.sides.of(*side) == region)?;
        let names: Vec<&str> = dimensions.iter().map(|(_, value)| value.as_str()).collect();
        let database = self.databases.iter().position(|db| match &db.kind {
            Kind::Table { name } => names.contains(&name.as_str()),
            Kind::Rds(instances) => names.contains(&instances.of(side).name.as_str()),
            Kind::Aurora(global) => {
                names.contains(&global.name.as_str())
                    || names.iter().any(|n| global.clusters.of(side).ends_with(n))
            }
        })?;
        let value = match metric {
            // RDS measures its replica's lag in seconds, Aurora and DynamoDB theirs in milliseconds.
            "ReplicaLag" => self.lag_ms(database, side) / 1000.0,
            "AuroraGlobalDBReplicationLag" | "ReplicationLatency" => self.lag_ms(database, side),
            "CPUUtilization" => QUIET_PERCENT,
            _ => return None,
        };
        Some((value, self.now))
    }
}

/// The Region that is asked; `None`: no single one.
pub(super) fn asked_in(question: &Question) -> Option<Region> {
    match question {
        Question::Lease { region, .. }
        | Question::Rds { region, .. }
        | Question::Global { region, .. }
        | Question::TableReplica { region, .. }
        | Question::LatestMetric { region, .. }
        | Question::Sql { region, .. }
        | Question::Group { region, .. }
        | Question::Instances { region, .. }
        | Question::EcsService { region, .. }
        | Question::Concurrency { region, .. }
        | Question::EventSource { region, .. }
        | Question::Targets { region, .. }
        | Question::Ingress { region, .. }
        | Question::DatabaseNetwork { region, .. }
        | Question::WriterGroup { region, .. }
        | Question::Alarm { region, .. }
        | Question::GroupMembers { region, .. }
        | Question::InstanceStatus { region, .. }
        | Question::TargetHealth { region, .. }
        | Question::ServiceHealth { region, .. }
        | Question::Series { region, .. } => Some(region.clone()),
        Question::Record { .. }
        | Question::RecordSets { .. }
        | Question::Zone { .. }
        | Question::ZoneChange { .. }
        | Question::Authority { .. } => Some(Region::from(ROUTE53_HOME)),
        Question::Name(_) | Question::Http(_) => None,
    }
}

/// Whether AWS may answer it with what was true a moment ago.
pub(super) fn eventually_consistent(question: &Question) -> bool {
    match question {
        Question::Rds { .. }
        | Question::Global { .. }
        | Question::TableReplica { .. }
        | Question::LatestMetric { .. }
        | Question::Group { .. }
        | Question::Instances { .. }
        | Question::EcsService { .. }
        | Question::Concurrency { .. }
        | Question::EventSource { .. }
        | Question::Targets { .. }
        | Question::Ingress { .. }
        | Question::DatabaseNetwork { .. }
        | Question::WriterGroup { .. }
        | Question::Record { .. }
        | Question::RecordSets { .. }
        | Question::Zone { .. }
        | Question::Alarm { .. }
        | Question::GroupMembers { .. }
        | Question::InstanceStatus { .. }
        | Question::TargetHealth { .. }
        | Question::ServiceHealth { .. }
        | Question::Series { .. }
        | Question::ZoneChange { .. } => true,
        Question::Lease { .. }
        | Question::Sql { .. }
        | Question::Name(_)
        | Question::Authority { .. }
        | Question::Http(_) => false,
    }
}
