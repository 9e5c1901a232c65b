//! What names resolve to, and which side that is.

use leeward_core::ids::{Region, Side, Sides, Text};
use leeward_core::names::value_kind;
use leeward_core::world::{AnswerView, Blind, View};

use super::orders::Manners;
use super::state::{Named, State};
use super::writers::LeaseOf;

/// How a name is answered.
#[derive(Debug, Clone)]
pub(super) enum NameRule {
    /// By the health check of a stop metric.
    Stop { control: usize, answers: Sides<Vec<Text>> },
    /// By a record of a zone.
    Record { zone: Text, record_type: Text, answers: Sides<Vec<Text>> },
    /// As another name, with answers of its own.
    With { other: Text, answers: Option<Sides<Vec<Text>>> },
}

/// The application, as its users know it.
#[derive(Debug, Clone, Default)]
pub(super) struct Application {
    /// The lease that its writers hold, if they hold one.
    pub(super) lease: Option<LeaseOf>,
    /// The lease's table answers nobody.
    pub(super) lease_away: bool,
    /// Sides on which it has crashed: its instances run, and hold no session until it is started again.
    pub(super) crashed: Vec<Side>,
    /// The name by which its users know it.
    pub(super) public: Option<Text>,
    /// Groups that must have an instance in service, per Region.
    pub(super) groups: Vec<Named>,
    /// Services that must have a running task.
    pub(super) services: Vec<(Region, Text, Text)>,
    /// Instances that must run.
    pub(super) instances: Vec<Named>,
    /// How it answers.
    pub(super) manners: Vec<Manners>,
    /// Orders of an application without a database of one writer.
    pub(super) orders: Vec<Text>,
}

impl State {
    /// What a name resolves to, and which side that is, if it is one.
    pub(super) fn resolution(&self, name: &str) -> Option<(Vec<Text>, Option<Side>)> {
        match self.names.get(name)? {
            NameRule::Stop { control, answers } => {
                let side = self.controls.get(*control)?.side();
                Some((answers.of(side).clone(), Some(side)))
            }
            NameRule::Record { zone, record_type, answers } => {
                let key = (name.into(), record_type.clone());
                let (values, _) = self.zones.get(zone)?.answered.get(&key)?;
                let side = [Side::Primary, Side::Standby]
                    .into_iter()
                    .find(|side| same(answers.of(*side), values));
                Some((values.clone(), side))
            }
            NameRule::With { other, answers } => {
                if other == name {
                    return None;
                }
                let (values, side) = self.resolution(other)?;
                let own = answers.as_ref().zip(side).map(|(a, side)| a.of(side).clone());
                Some((own.unwrap_or(values), side))
            }
        }
    }

    /// Only values of the type that is asked for; a name without any has an empty answer (NODATA).
    pub(super) fn see_name(&self, name: &str, record_type: &str) -> Result<View, Blind> {
        let (mut values, _) =
            self.resolution(name).ok_or_else(|| Blind::new(format!("NXDOMAIN: {name}")))?;
        values.retain(|v| value_kind(v).is_ok_and(|kind| kind.record_type() == record_type));
        values.sort();
        Ok(View::Answer(AnswerView { values }))
    }
}

fn same(one: &[Text], other: &[Text]) -> bool {
    let (mut one, mut other) = (one.to_vec(), other.to_vec());
    one.sort();
    other.sort();
    one == other
}
