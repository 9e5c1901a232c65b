//! What each voter sees, drawn for a whole run, and what may follow from it.

use std::collections::BTreeMap;

use leeward_core::ids::{Region, VoterId};
use leeward_core::plan::{Plan, Voter};
use leeward_core::time::{Span, Timestamp, after, since};
use serde_json::{Value, json};

use super::{CLEAR, SWEEP, outside};
use crate::simulate::Choices;

/// How a voter sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sight {
    /// It sees a side that is well.
    Well,
    /// It sees trouble, whether there is any or not.
    Ill,
    /// It gets no answer.
    Blind,
}

/// Every voter's sight over time.
#[derive(Debug, Clone)]
pub(super) struct Sights {
    of: BTreeMap<VoterId, Vec<(Timestamp, Sight)>>,
    /// Whether no event tells of any change.
    pub(super) silent: bool,
    /// When the Region dies, if it does.
    pub(super) died: Timestamp,
}

impl Sights {
    fn clear(plan: &Plan, start: Timestamp) -> Self {
        let voters = plan.detection.voters.iter();
        let of = voters.map(|v| (v.id().clone(), vec![(start, CLEAR)])).collect();
        Self { of, silent: false, died: Timestamp::MAX }
    }

    fn set(&mut self, voter: &VoterId, from: Timestamp, to: Timestamp, sight: Sight) {
        let Some(course) = self.of.get_mut(voter) else { return };
        let then = course.iter().rev().find(|(at, _)| *at <= to).map_or(CLEAR, |(_, sight)| *sight);
        course.retain(|(at, _)| *at < from || *at > to);
        course.extend([(from, sight), (to, then)]);
        course.sort_by_key(|(at, _)| *at);
    }

    /// Noise, blindness and flapping of single voters, and whole Regions that are wrong together.
    pub(super) fn deceived(
        plan: &Plan,
        choices: &mut Choices,
        start: Timestamp,
        lasts: Span,
    ) -> Self {
        let mut sights = Self::clear(plan, start);
        let seconds = u32::try_from(lasts.as_millis() / 1000).unwrap_or(u32::MAX);
        let instant = |choices: &mut Choices| after(start, secs(choices.below(seconds)));
        let voters: Vec<VoterId> = plan.detection.voters.iter().map(|v| v.id().clone()).collect();
        for _ in 0..choices.below(14) {
            let Some(voter) = choices.pick(&voters).cloned() else { continue };
            let sight = if choices.below(3) == 0 { Sight::Blind } else { Sight::Ill };
            let from = instant(choices);
            if choices.below(4) == 0 {
                let step = secs(15 + choices.below(60));
                let mut at = from;
                for _ in 0..4 + choices.below(8) {
                    sights.set(&voter, at, after(at, step), sight);
                    at = after(after(at, step), step);
                }
            } else {
                sights.set(&voter, from, after(from, secs(10 + choices.below(600))), sight);
            }
        }
        if choices.below(2) == 0 {
            let regions = [&plan.regions.primary, &plan.regions.standby, &plan.regions.control];
            let wrong = choices.pick(&regions).map(|r| (*r).clone());
            let from = instant(choices);
            let to = after(from, secs(30 + choices.below(900)));
            let one = |v: &&Voter| wrong.as_ref() == Some(v.region());
            for voter in plan.detection.voters.iter().filter(one) {
                sights.set(voter.id(), from, to, Sight::Ill);
            }
        }
        sights
    }

    /// All voters of one Region, and only they, wrong for long.
    pub(super) fn one_region_wrong(
        plan: &Plan,
        choices: &mut Choices,
        start: Timestamp,
        region: &Region,
    ) -> Self {
        let mut sights = Self::clear(plan, start);
        let from = after(start, secs(60 + choices.below(120)));
        for voter in plan.detection.voters.iter().filter(|v| v.region() == region) {
            let own = after(from, secs(choices.below(60)));
            sights.set(voter.id(), own, Timestamp::MAX, Sight::Ill);
        }
        sights
    }

    /// The Region dies: its own voters are silent, those outside see it after a time of their own.
    pub(super) fn dying(plan: &Plan, choices: &mut Choices, start: Timestamp) -> Self {
        let mut sights = Self::clear(plan, start);
        sights.silent = true;
        sights.died = after(start, secs(180 + choices.below(120)));
        for voter in &plan.detection.voters {
            let (sight, late) = if outside(voter, plan) {
                (Sight::Ill, secs(choices.below(90)))
            } else {
                (Sight::Blind, Span::default())
            };
            sights.set(voter.id(), after(sights.died, late), Timestamp::MAX, sight);
        }
        sights
    }

    /// How a voter sees at that instant, and since when.
    pub(super) fn at(&self, voter: &VoterId, now: Timestamp) -> (Sight, Timestamp) {
        let course = self.of.get(voter).map_or(&[][..], Vec::as_slice);
        let mut found = (CLEAR, Timestamp::MIN);
        for (at, sight) in course.iter().filter(|(at, _)| *at <= now) {
            if *sight != found.0 {
                found = (*sight, *at);
            }
        }
        found
    }

    /// Its changes within a time.
    pub(super) fn changes(
        &self,
        voter: &VoterId,
        from: Timestamp,
        until: Timestamp,
    ) -> Vec<(Timestamp, Sight)> {
        let course = self.of.get(voter).map_or(&[][..], Vec::as_slice);
        course.iter().filter(|(at, _)| *at > from && *at <= until).copied().collect()
    }

    /// From when on a voter had truly seen trouble, as far as its word may count at that instant: long
    /// enough, and not too long ago. What is told once counts at once.
    fn counts(&self, voter: &Voter, plan: &Plan, now: Timestamp) -> Option<Timestamp> {
        let course = self.of.get(voter.id())?;
        let fresh = voter.freshness(plan.detection.freshness);
        let at_once = matches!(voter, Voter::RdsEvent(_));
        let needs = if at_once { Span::default() } else { plan.detection.sustain };
        let ends = course.iter().skip(1).map(|(at, _)| *at).chain([Timestamp::MAX]);
        let mut ill: Option<(Timestamp, Timestamp)> = None;
        let mut found = None;
        for ((from, sight), to) in course.iter().zip(ends) {
            if *from > now {
                break;
            }
            // A blind moment ends no trouble: it was not seen to be over.
            match (sight, ill) {
                (Sight::Ill, None) => ill = Some((*from, to)),
                (Sight::Ill, Some((began, _))) => ill = Some((began, to)),
                (Sight::Well, _) => ill = None,
                (Sight::Blind, _) => {}
            }
            if let Some((began, to)) = ill {
                let to = to.min(now);
                // A document is posted and stands until it is too old; dates have whole seconds.
                let stood = if voter.is_told() { fresh } else { Span::default() };
                let long = since(began, to).plus(stood).plus(secs(2)) >= needs;
                if long && since(to, now) <= fresh.plus(secs(2)) {
                    found = Some(began);
                }
            }
        }
        found
    }

    /// When the signal came that made the quorum.
    pub(super) fn quorum(&self, plan: &Plan, now: Timestamp) -> Option<Timestamp> {
        let voters = plan.detection.voters.iter();
        let mut since: Vec<Timestamp> = voters.filter_map(|v| self.counts(v, plan, now)).collect();
        since.sort();
        since.get((plan.detection.quorum as usize).checked_sub(1)?).copied()
    }

    /// Whether what the voters truly saw lets a recovery be opened at that instant.
    pub(super) fn justifies(&self, plan: &Plan, now: Timestamp) -> Result<(), String> {
        let counted: Vec<&Voter> =
            plan.detection.voters.iter().filter(|v| self.counts(v, plan, now).is_some()).collect();
        let names: Vec<&str> = counted.iter().map(|v| v.id().as_str()).collect();
        if counted.len() < plan.detection.quorum as usize {
            return Err(format!("no quorum saw trouble long enough: {names:?}"));
        }
        let witnesses = counted.iter().filter(|v| outside(v, plan)).count();
        if witnesses == 0 {
            return Err(format!("nobody outside saw it: {names:?}"));
        }
        let well: Vec<&str> = plan
            .detection
            .voters
            .iter()
            .filter(|v| outside(v, plan) && self.surely_well(v, now))
            .map(|v| v.id().as_str())
            .collect();
        if witnesses <= well.len() {
            return Err(format!("as many outside saw it well, {well:?}, as ill: {names:?}"));
        }
        Ok(())
    }

    /// Whether a voter saw it well for so long that the last look must have shown it. What is told may be on
    /// its way still.
    fn surely_well(&self, voter: &Voter, now: Timestamp) -> bool {
        let (sight, since_when) = self.at(voter.id(), now);
        let looked = since(since_when, now) >= SWEEP.plus(secs(5));
        !voter.is_told() && sight == Sight::Well && looked
    }
}

/// The event that tells of a voter's change; `None`: nothing tells of that.
pub(super) fn event(voter: &Voter, plan: &Plan, sight: Sight, at: Timestamp) -> Option<Value> {
    let ill = match sight {
        Sight::Ill => true,
        Sight::Well => false,
        Sight::Blind => return None,
    };
    let time = at.to_string();
    let primary = &plan.regions.primary;
    let region = voter.region();
    match voter {
        Voter::Alarm(v) => Some(json!({
            "source": "aws.cloudwatch", "detail-type": "CloudWatch Alarm State Change",
            "region": region, "detail": {"alarmName": v.alarm, "state": {"timestamp": time}}})),
        Voter::Document(v) => Some(json!({
            "leeward": "document", "schema": 1, "workload": plan.workload, "voter": v.id,
            "time": time, "region": primary, "error_rate": if ill { 90.0 } else { 1.0 }})),
        Voter::HealthEvent(_) => Some(json!({
            "version": "0", "id": "1", "source": "aws.health", "detail-type": "AWS Health Event",
            "account": "1", "time": time, "region": region, "resources": [], "detail": {
                "eventArn": "arn:aws:health:us-east-1::event/EC2/ISSUE/1", "service": "EC2",
                "eventTypeCode": "AWS_EC2_OPERATIONAL_ISSUE", "eventTypeCategory": "issue",
                "eventScopeCode": "PUBLIC", "startTime": time,
                "statusCode": if ill { "open" } else { "closed" }, "eventRegion": primary,
                "eventDescription": [{"language": "en_US", "latestDescription": "errors"}]}})),
        Voter::RdsEvent(v) => Some(json!({
            "version": "0", "id": "1", "source": "aws.rds", "detail-type": "RDS DB Instance Event",
            "account": "1", "time": time, "region": region, "resources": [], "detail": {
                "EventCategories": ["availability"], "SourceType": "DB_INSTANCE",
                "SourceArn": format!("arn:aws:rds:{region}:123456789012:db:{}", v.source),
                "Date": time, "Message": "it", "SourceIdentifier": v.source,
                "EventID": if ill { "RDS-EVENT-0004" } else { "RDS-EVENT-0006" }}})),
        Voter::HealthCheck(_)
        | Voter::Group(_)
        | Voter::Instances(_)
        | Voter::Targets(_)
        | Voter::EcsService(_)
        | Voter::Metric(_)
        | Voter::Endpoint(_)
        | Voter::Replication(_) => None,
    }
}

fn secs(seconds: u32) -> Span {
    Span::seconds(u64::from(seconds))
}

#[cfg(test)]
mod tests {
    use super::super::plan;
    use super::*;

    fn start() -> Timestamp {
        Timestamp::from_second(1_800_000_000).unwrap()
    }

    fn seen(ill: &[&str], minutes: u64) -> Result<(), String> {
        let plan = plan();
        let mut sights = Sights::clear(&plan, start());
        for voter in ill {
            sights.set(&(*voter).into(), after(start(), secs(60)), Timestamp::MAX, Sight::Ill);
        }
        sights.justifies(&plan, after(start(), Span::minutes(minutes)))
    }

    #[test]
    fn only_a_sustained_quorum_with_a_witness_justifies() {
        assert_eq!(seen(&["canary-west", "canary-eu", "page"], 10), Ok(()));
        let split = ["canary-west", "web", "targets"];
        assert!(seen(&split, 10).unwrap_err().contains("as many outside saw it well"));
        assert_eq!(seen(&["canary-west", "canary-eu", "page", "web"], 10), Ok(()));
        assert!(seen(&["canary-west", "canary-eu"], 10).unwrap_err().contains("no quorum"));
        assert!(seen(&["canary-west", "canary-eu", "page"], 2).unwrap_err().contains("no quorum"));
        let inside = ["web", "targets", "workers", "tasks", "cpu", "checkers"];
        assert!(seen(&inside, 10).unwrap_err().contains("nobody outside"));
    }
}
