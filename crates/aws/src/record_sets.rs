//! Hosted zones and everything that stands at a name: looked at while all is well, so that a recovery does
//! not find an alias or a routing policy where it wants to put a simple record.

use aws_sdk_route53::operation::get_hosted_zone::GetHostedZoneOutput;
use aws_sdk_route53::types::ResourceRecordSet;
use leeward_core::ids::Text;
use leeward_core::world::{Blind, Question, RecordSetView, View, ZoneView};

use crate::fault::Fault;
use crate::records::{comparable, values};

/// Route 53's word for "there is none of that id".
const ABSENT: &str = "NoSuchHostedZone";

/// A zone, by the answer to `GetHostedZone`.
pub(crate) fn zone(
    question: &Question,
    answer: Result<GetHostedZoneOutput, Fault>,
) -> Result<View, Blind> {
    let answer = match answer {
        Ok(answer) => answer,
        Err(fault) if fault.code == ABSENT => return Ok(View::Zone(None)),
        Err(fault) => return Err(fault.blind(question)),
    };
    let zone = answer
        .hosted_zone()
        .ok_or_else(|| Blind::new(format!("{question}: the answer holds no zone")))?;
    let private = zone.config().is_some_and(|config| config.private_zone());
    Ok(View::Zone(Some(ZoneView { name: comparable(zone.name()).into(), private })))
}

/// The sets of one name, of those that are listed from it on.
pub(crate) fn at_name(name: &str, listed: &[ResourceRecordSet]) -> View {
    let wanted = comparable(name);
    let own = listed.iter().filter(|set| comparable(set.name()) == wanted);
    View::RecordSets(own.map(view).collect())
}

fn view(set: &ResourceRecordSet) -> RecordSetView {
    RecordSetView {
        record_type: set.r#type().as_str().into(),
        alias: set.alias_target().map(|target| comparable(target.dns_name()).into()),
        policy: policy(set),
        ttl: set.ttl().and_then(|ttl| u32::try_from(ttl).ok()),
        values: values(set),
    }
}

/// The routing policy, by the one member that only it has (API Reference, `ResourceRecordSet`).
fn policy(set: &ResourceRecordSet) -> Option<Text> {
    let word = if set.weight().is_some() {
        "weighted"
    } else if set.region().is_some() {
        "latency"
    } else if set.failover().is_some() {
        "failover"
    } else if set.geo_location().is_some() {
        "geolocation"
    } else if set.geo_proximity_location().is_some() {
        "geoproximity"
    } else if set.cidr_routing_config().is_some() {
        "IP-based"
    } else if set.multi_value_answer().is_some() {
        "multivalue"
    } else if set.set_identifier().is_some() {
        "unknown"
    } else {
        return None;
    };
    Some(word.into())
}
