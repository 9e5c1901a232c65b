//! Instances, reserved concurrency, event source mappings.
//!
//! | behaviour | source |
//! |---|---|
//! | stopped → pending → running, running → stopping → stopped; a repeat changes nothing | Instance lifecycle |
//! | a start while it is stopping: `IncorrectInstanceState` | StartInstances |
//! | one unknown id and nothing is done: `InvalidInstanceID.NotFound` | StartInstances |
//! | a filter `instance-id` leaves unknown ids out | DescribeInstances |
//! | Disabled → Enabling → Enabled → Disabling → Disabled; while it changes: `ResourceInUseException` | UpdateEventSourceMapping |

use leeward_core::ids::{Region, Text};
use leeward_core::world::{Change, ChangeErrorKind, InstanceView, View};

use super::change::{Answer, error, refused};
use super::happenings::Happened;
use super::state::{Due, Named, State};

impl State {
    pub(super) fn see_instances(&self, region: &Region, ids: &[Text]) -> View {
        let mut seen = Vec::with_capacity(ids.len());
        for id in ids {
            let name = (region.clone(), id.clone());
            let view = self
                .instances
                .get(&name)
                .map(|state| InstanceView { state: state.clone(), reason: self.reason_of(&name) });
            seen.push((id.clone(), view));
        }
        View::Instances(seen)
    }

    pub(super) fn turn_instances(&mut self, region: &Region, ids: &[Text], on: bool) -> Answer {
        let (from, barred, to) = if on {
            ("stopped", "stopping", "pending")
        } else {
            ("running", "pending", "stopping")
        };
        for id in ids {
            match self.instances.get(&(region.clone(), id.clone())) {
                None => {
                    return refused("InvalidInstanceID.NotFound", &format!("{id} does not exist"));
                }
                Some(state) if state == barred || state == "terminated" => {
                    return refused("IncorrectInstanceState", &format!("{id} is {state}"));
                }
                Some(_) => {}
            }
        }
        if let Some(id) = self.without_room(region, ids).filter(|_| on) {
            // The adapter takes it for "later", as AWS does: capacity comes and goes.
            let message = format!("there is no room to start {id} in its zone now");
            return Err(error(
                ChangeErrorKind::Throttled,
                "InsufficientInstanceCapacity",
                &message,
            ));
        }
        let mut changed = false;
        for id in ids {
            let name: Named = (region.clone(), id.clone());
            if let Some(state) = self.instances.get_mut(&name).filter(|s| *s == from) {
                *state = to.into();
                changed = true;
                self.later(self.habits.start, Due::Instance(name));
            }
        }
        Ok(changed)
    }

    pub(super) fn instance_goes_on(&mut self, name: &Named) {
        let started = self.instances.get(name).is_some_and(|state| state == "pending");
        let started = if started { self.started(name) } else { "" };
        if started == "stopped" {
            // EC2 itself has stopped it again.
            let (region, ids) = (name.0.clone(), vec![name.1.clone()]);
            let change = Change::StopInstances { region, ids };
            self.record(Happened::Landed { change, frozen: None, changed: true });
        }
        if let Some(state) = self.instances.get_mut(name) {
            match state.as_str() {
                "pending" => *state = started.into(),
                "stopping" => *state = "stopped".into(),
                _ => {}
            }
        }
    }

    pub(super) fn reserve(&mut self, name: &Named, reserved: Option<u32>) -> Answer {
        let Some(stands) = self.concurrency.get_mut(name) else {
            return refused("ResourceNotFoundException", "there is no such function");
        };
        let changed = *stands != reserved;
        *stands = reserved;
        Ok(changed)
    }

    pub(super) fn turn_mapping(&mut self, name: &Named, on: bool) -> Answer {
        let Some(state) = self.mappings.get_mut(name) else {
            return refused("ResourceNotFoundException", "there is no such mapping");
        };
        let (from, to) = if on { ("Disabled", "Enabling") } else { ("Enabled", "Disabling") };
        if state == from {
            *state = to.into();
            self.later(self.habits.start, Due::Mapping(name.clone()));
            return Ok(true);
        }
        if state == "Enabling" || state == "Disabling" {
            return refused("ResourceInUseException", &format!("the mapping is {state}"));
        }
        Ok(false)
    }

    pub(super) fn mapping_goes_on(&mut self, name: &Named) {
        if let Some(state) = self.mappings.get_mut(name) {
            match state.as_str() {
                "Enabling" => *state = "Enabled".into(),
                "Disabling" => *state = "Disabled".into(),
                _ => {}
            }
        }
    }
}
