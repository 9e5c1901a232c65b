//! Kinds and severities of impairments.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What failed. Other spellings of the sources are aliases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "author", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum ImpairmentKind {
    #[serde(alias = "region_failure", alias = "region_outage", alias = "regional_outage")]
    RegionOutage,
    #[serde(alias = "az_outage", alias = "availability_zone_failure", alias = "zone_outage")]
    ZoneOutage,
    #[serde(alias = "service_outage", alias = "service_failure")]
    ServiceOutage,
    #[serde(alias = "data_corruption")]
    DataCorruption,
    #[serde(alias = "security_incident")]
    SecurityIncident,
    #[serde(alias = "natural_disaster")]
    NaturalDisaster,
    #[serde(alias = "instance_failure")]
    InstanceFailure,
    #[serde(alias = "service_degradation")]
    ServiceDegradation,
    #[serde(alias = "network_issue")]
    NetworkIssue,
    #[serde(alias = "resource_exhaustion")]
    ResourceExhaustion,
    #[serde(alias = "application_error")]
    ApplicationError,
    #[serde(alias = "database_issue")]
    DatabaseIssue,
}

/// How bad, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "author", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Severity {
    Low,
    Medium,
    High,
    Critical,
}

impl ImpairmentKind {
    /// The name in a plan.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RegionOutage => "region-outage",
            Self::ZoneOutage => "zone-outage",
            Self::ServiceOutage => "service-outage",
            Self::DataCorruption => "data-corruption",
            Self::SecurityIncident => "security-incident",
            Self::NaturalDisaster => "natural-disaster",
            Self::InstanceFailure => "instance-failure",
            Self::ServiceDegradation => "service-degradation",
            Self::NetworkIssue => "network-issue",
            Self::ResourceExhaustion => "resource-exhaustion",
            Self::ApplicationError => "application-error",
            Self::DatabaseIssue => "database-issue",
        }
    }
}

impl fmt::Display for ImpairmentKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn severity_is_ordered_by_weight_and_not_by_letter() {
        assert!(Severity::Low < Severity::Medium);
        assert!(Severity::Medium < Severity::High);
        assert!(Severity::High < Severity::Critical);
    }

    #[test]
    fn the_sources_spellings_are_understood() {
        for (text, kind) in [
            ("az_outage", ImpairmentKind::ZoneOutage),
            ("region_failure", ImpairmentKind::RegionOutage),
            ("availability_zone_failure", ImpairmentKind::ZoneOutage),
            ("region-outage", ImpairmentKind::RegionOutage),
        ] {
            let read: ImpairmentKind = serde_json::from_value(text.into()).unwrap();
            assert_eq!(read, kind, "{text}");
        }
    }
}
