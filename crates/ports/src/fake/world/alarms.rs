//! The voters' alarms: they follow what users see, or what a test sets.

use leeward_core::ids::Text;
use leeward_core::time::Timestamp;
use leeward_core::world::{AlarmState, AlarmView, View};

use super::state::{Due, Named, State};

/// One alarm.
#[derive(Debug, Clone)]
pub(super) struct AlarmCell {
    state: AlarmState,
    since: Timestamp,
    /// Where it is going; reached when it has been seen for the alarm's time.
    heading: AlarmState,
    heading_since: Timestamp,
    pub(super) sight: Sight,
    /// Why its actions are not carried out; `None`: they are.
    pub(super) muted: Option<Text>,
    /// It is the voter's control probe: OK while the voter sees.
    pub(super) control_of: Option<Named>,
}

/// How a voter sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// It sees what users see.
    Clear,
    /// It sees an outage, whatever there is: a partition between it and the workload.
    Outage,
    /// It sees nothing and says so.
    Blind,
    /// It stays at what a test has set.
    Set(AlarmState),
}

impl AlarmCell {
    pub(super) fn new(now: Timestamp, control_of: Option<Named>) -> Self {
        Self {
            state: AlarmState::Ok,
            since: now,
            heading: AlarmState::Ok,
            heading_since: now,
            sight: Sight::Clear,
            muted: None,
            control_of,
        }
    }
}

impl State {
    pub(super) fn see_alarm(&self, name: &Named) -> View {
        View::Alarm(self.alarms.get(name).map(|cell| AlarmView {
            state: cell.state,
            since: cell.since,
            muted: cell.muted.clone(),
            reason: match cell.state {
                AlarmState::Ok => Text::new_static("Threshold not crossed"),
                AlarmState::Alarm => {
                    Text::new_static("Threshold Crossed: 3 out of the last 3 datapoints")
                }
                AlarmState::InsufficientData => Text::new_static("Insufficient Data"),
            },
        }))
    }

    /// What that alarm should say, had it seen long enough.
    fn should_say(&self, cell: &AlarmCell) -> AlarmState {
        if let Some(voter) = &cell.control_of {
            let sight = self.alarms.get(voter).map(|v| v.sight);
            return if sight == Some(Sight::Blind) { AlarmState::Alarm } else { AlarmState::Ok };
        }
        match cell.sight {
            Sight::Clear if matches!(self.served, Some(Some(_))) => AlarmState::Ok,
            Sight::Clear | Sight::Outage => AlarmState::Alarm,
            Sight::Blind => AlarmState::InsufficientData,
            Sight::Set(state) => state,
        }
    }

    /// Every alarm sets out for what it should say.
    pub(super) fn refresh_alarms(&mut self) {
        let turned: Vec<(Named, AlarmState, bool)> = self
            .alarms
            .iter()
            .map(|(name, cell)| (name, cell, self.should_say(cell)))
            .filter(|(_, cell, says)| cell.heading != *says)
            .map(|(name, cell, says)| (name.clone(), says, matches!(cell.sight, Sight::Set(_))))
            .collect();
        for (name, says, at_once) in turned {
            let now = self.now;
            let works = self.region(&name.0).works();
            if let Some(cell) = self.alarms.get_mut(&name) {
                cell.heading = says;
                cell.heading_since = now;
                if at_once && works {
                    cell.state = says;
                    cell.since = now;
                }
            }
            if !at_once {
                self.later(self.habits.alarm, Due::Alarm(name));
            }
        }
    }

    /// It has seen long enough.
    pub(super) fn alarm_follows(&mut self, name: &Named) {
        let (now, delay) = (self.now, self.habits.alarm);
        if let Some(cell) = self.alarms.get_mut(name)
            && cell.state != cell.heading
            && now >= leeward_core::time::after(cell.heading_since, delay)
        {
            cell.state = cell.heading;
            cell.since = now;
        }
    }
}
