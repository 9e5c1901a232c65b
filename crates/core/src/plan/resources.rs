//! Which AWS resources a plan names, for events that tell of resources by id or ARN.

use crate::ids::{Direction, Side, Text};
use crate::plan::{AuroraGlobal, Capacity, Database, Plan, Voter};

/// One resource: the name of its service in an ARN, and its id there.
type Resource = (&'static str, Text);

impl Plan {
    /// Whether `value`, an id or an ARN as AWS Health gives it, is a resource that the plan names on the side
    /// that a recovery that way leaves.
    pub fn names_resource(&self, direction: Direction, value: &str) -> bool {
        let own = self.resources(direction);
        let Some(arn) = Arn::of(value) else {
            let by_arn =
                |id: &str| Arn::of(id).is_some_and(|own| ends_with_part(own.resource, value));
            return !value.is_empty() && own.iter().any(|(_, id)| id == value || by_arn(id));
        };
        if !arn.region.is_empty() && arn.region != self.source_region(direction).as_str() {
            return false;
        }
        own.iter().any(|(service, id)| {
            id == value || (*service == arn.service && ends_with_part(arn.resource, id))
        })
    }

    /// The Aurora database of which that cluster, by its identifier in its Region, is a member, and the side
    /// that it is on.
    pub fn aurora_member(&self, region: &str, cluster: &str) -> Option<(&AuroraGlobal, Side)> {
        let is_it = |arn: &str| {
            Arn::of(arn)
                .is_some_and(|own| own.region == region && ends_with_part(own.resource, cluster))
        };
        self.databases.iter().find_map(|database| match database {
            Database::AuroraGlobal(d) => [Side::Primary, Side::Standby]
                .into_iter()
                .find(|side| is_it(d.cluster.of(*side)))
                .map(|side| (d, side)),
            Database::RdsReplica(_) | Database::DynamodbGlobal(_) => None,
        })
    }

    /// The accounts of the resources that the plan names by ARN; none when it names none so.
    pub fn accounts(&self) -> Vec<&str> {
        let groups = self.capacity.iter().filter_map(|c| match c {
            Capacity::AutoScalingGroup(c) => c.target_group.as_ref(),
            Capacity::Instances(_)
            | Capacity::EcsService(_)
            | Capacity::LambdaConcurrency(_)
            | Capacity::EventSource(_) => None,
        });
        let of_capacity = groups.flat_map(|sides| [&sides.primary, &sides.standby]);
        let of_voters = self.detection.voters.iter().filter_map(|v| match v {
            Voter::Targets(v) => Some(&v.target_group),
            Voter::Alarm(_)
            | Voter::HealthCheck(_)
            | Voter::HealthEvent(_)
            | Voter::RdsEvent(_)
            | Voter::Document(_)
            | Voter::Group(_)
            | Voter::Instances(_)
            | Voter::EcsService(_)
            | Voter::Metric(_)
            | Voter::Endpoint(_)
            | Voter::Replication(_) => None,
        });
        let of_databases = self.databases.iter().filter_map(|d| match d {
            Database::AuroraGlobal(d) => Some(&d.cluster),
            Database::RdsReplica(_) | Database::DynamodbGlobal(_) => None,
        });
        let of_databases = of_databases.flat_map(|sides| [&sides.primary, &sides.standby]);
        let arns = of_capacity.chain(of_databases).chain(of_voters);
        let arns = arns.filter_map(|arn| Arn::of(arn));
        let is_account = |id: &&str| id.len() == 12 && id.bytes().all(|b| b.is_ascii_digit());
        arns.map(|arn| arn.account).filter(is_account).collect()
    }

    fn resources(&self, direction: Direction) -> Vec<Resource> {
        let side = direction.source();
        let mut all = Vec::new();
        for database in &self.databases {
            match database {
                Database::RdsReplica(d) => all.push(("rds", d.instance.of(side).clone())),
                Database::AuroraGlobal(d) => {
                    all.push(("rds", d.cluster.of(side).clone()));
                    all.push(("rds", d.global_cluster.clone()));
                }
                Database::DynamodbGlobal(d) => all.push(("dynamodb", d.table.clone())),
            }
        }
        for capacity in &self.capacity {
            match capacity {
                Capacity::AutoScalingGroup(c) => {
                    all.push(("autoscaling", c.group.of(side).clone()));
                    let targets = c.target_group.as_ref().map(|t| t.of(side).clone());
                    all.extend(targets.map(|arn| ("elasticloadbalancing", arn)));
                }
                Capacity::Instances(c) => {
                    all.extend(c.instances.of(side).iter().map(|id| ("ec2", id.clone())));
                }
                Capacity::EcsService(c) => {
                    let service = c.service.of(side);
                    all.push(("ecs", format!("{}/{}", service.cluster, service.name).into()));
                }
                Capacity::LambdaConcurrency(c) => {
                    all.push(("lambda", c.function.of(side).clone()));
                }
                Capacity::EventSource(c) => all.push(("lambda", c.mapping.of(side).clone())),
            }
        }
        let region = self.source_region(direction);
        for voter in self.detection.voters.iter().filter(|v| v.region() == region) {
            match voter {
                Voter::RdsEvent(v) => all.push(("rds", v.source.clone())),
                Voter::Group(v) => all.push(("autoscaling", v.group.clone())),
                Voter::Instances(v) => all.extend(v.instances.iter().map(|i| ("ec2", i.clone()))),
                Voter::Targets(v) => all.push(("elasticloadbalancing", v.target_group.clone())),
                Voter::EcsService(v) => {
                    all.push(("ecs", format!("{}/{}", v.cluster, v.service).into()));
                }
                Voter::Alarm(_)
                | Voter::HealthCheck(_)
                | Voter::HealthEvent(_)
                | Voter::Document(_)
                | Voter::Metric(_)
                | Voter::Endpoint(_)
                | Voter::Replication(_) => {}
            }
        }
        all
    }
}

/// The parts of `arn:partition:service:region:account:resource`.
struct Arn<'a> {
    service: &'a str,
    region: &'a str,
    account: &'a str,
    resource: &'a str,
}

impl<'a> Arn<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let mut parts = text.strip_prefix("arn:")?.splitn(5, ':').skip(1);
        Some(Self {
            service: parts.next()?,
            region: parts.next()?,
            account: parts.next()?,
            resource: parts.next()?,
        })
    }
}

/// Whether a resource such as `db:orders-db`, `instance/i-1` or `service/cluster/name` ends with that id, and
/// not only with its last letters.
fn ends_with_part(resource: &str, id: &str) -> bool {
    resource.strip_suffix(id).is_some_and(|before| before.ends_with([':', '/']))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::example::orders;

    #[test]
    fn a_resource_is_the_plans_by_its_id_and_by_its_arn_in_the_suspect_region_alone() {
        let plan: Plan = serde_json::from_value(orders()).unwrap();
        let names = |value: &str| plan.names_resource(Direction::ToStandby, value);
        for own in [
            "orders",
            "arn:aws:rds:us-east-1:123456789012:db:orders",
            "web-e",
            "arn:aws:autoscaling:us-east-1:123456789012:autoScalingGroup:uuid:autoScalingGroupName/web-e",
            "arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/a/b",
        ] {
            assert!(names(own), "{own}");
        }
        for foreign in [
            "",
            "db",
            "us-east-1",
            "123456789012",
            "AWS_ACCOUNT",
            "i-0bbbbbbbbbbbbbbb1",
            "arn:aws:ec2:us-east-1:123456789012:instance/i-0bbbbbbbbbbbbbbb1",
            "orders-west",
            "arn:aws:rds:us-west-2:123456789012:db:orders",
            "arn:aws:rds:us-east-1:123456789012:db:more-orders",
            "arn:aws:lambda:us-east-1:123456789012:function:orders",
            "arn:aws:rds",
        ] {
            assert!(!names(foreign), "{foreign}");
        }
    }
}
