//! The application over HTTP, by its public name: it answers from the side that the name resolves
//! to, and takes an order only where the database takes writes.

use leeward_core::ids::{Side, Sides, Text};
use leeward_core::time::Span;
use leeward_core::world::{Blind, HttpRequest, HttpView, View};

use super::happenings::Happened;
use super::state::State;

/// How the application answers one of its URLs.
#[derive(Debug, Clone)]
pub(super) struct Manners {
    pub(super) url: Text,
    pub(super) status: u16,
    pub(super) marker: Sides<Text>,
}

/// What a local answer takes.
const TOOK: Span = Span::millis(20);

impl State {
    pub(super) fn see_http(&mut self, request: &HttpRequest) -> Result<View, Blind> {
        let host = host_of(&request.url);
        let name = self.known_name(host)?;
        let (_, side) =
            self.resolution(&name).ok_or_else(|| Blind::new(format!("NXDOMAIN: {host}")))?;
        let side = side.ok_or_else(|| Blind::new(format!("{host} resolves to neither side")))?;
        let region = self.sides.of(side).clone();
        if !self.region(&region).answers() {
            return Err(Blind::new(format!("no answer from {host} ({region}) in 2s")));
        }
        Ok(View::Http(self.answer(request, side)))
    }

    /// The name by which the resolution goes: the host, or the public name for one that has no rule.
    fn known_name(&self, host: &str) -> Result<Text, Blind> {
        if self.names.contains_key(host) {
            return Ok(host.into());
        }
        self.application.public.clone().ok_or_else(|| Blind::new(format!("NXDOMAIN: {host}")))
    }

    fn answer(&mut self, request: &HttpRequest, side: Side) -> HttpView {
        let manners =
            self.application.manners.iter().find(|m| request.url == m.url).or_else(|| {
                self.application.manners.iter().find(|m| request.url.starts_with(m.url.as_str()))
            });
        let marker = manners.map(|m| m.marker.of(side).clone());
        let right = manners.filter(|m| m.url == request.url).map_or(200, |m| m.status);
        let view = |status: u16, body: Text| HttpView { status, marker, body, took: TOOK };
        if !self.serves(side) {
            return view(503, "no instance is in service".into());
        }
        if request.method == "POST" {
            let id = request.body.as_deref().and_then(order_id);
            let Some(id) = id else { return view(400, "no id".into()) };
            return if self.take_order(side, &id) {
                view(201, format!("{{\"id\":\"{id}\"}}").into())
            } else {
                view(503, "the database takes no writes here".into())
            };
        }
        let written = self.application.manners.iter().find_map(|m| {
            request.url.strip_prefix(m.url.as_str()).and_then(|rest| rest.strip_prefix('/'))
        });
        match written.filter(|id| !id.is_empty()) {
            Some(id) if self.reads_order(side, id) => {
                view(200, format!("{{\"id\":\"{id}\"}}").into())
            }
            Some(_) => view(404, "no such order".into()),
            None => view(right, Text::default()),
        }
    }

    /// Takes an order into every database of one writer; `false`: not here.
    fn take_order(&mut self, side: Side, id: &str) -> bool {
        let single: Vec<usize> = self.single_writers().collect();
        if single.iter().any(|database| !self.accepts(*database, side)) {
            return false;
        }
        let now = self.now;
        for database in &single {
            if let Some(db) = self.databases.get_mut(*database) {
                db.engine(side).orders.push((id.into(), now));
            }
        }
        if single.is_empty() {
            self.application.orders.push(id.into());
        }
        self.record(Happened::Order { side, id: id.into() });
        true
    }

    fn reads_order(&self, side: Side, id: &str) -> bool {
        match self.single_writers().next() {
            Some(database) => self.holds_order(database, side, id),
            None => self.application.orders.iter().any(|known| known == id),
        }
    }

    fn single_writers(&self) -> impl Iterator<Item = usize> {
        self.databases.iter().enumerate().filter(|(_, db)| db.single_writer).map(|(i, _)| i)
    }

    /// Whether that side's application runs at all.
    pub(super) fn application_runs(&self, side: Side) -> bool {
        self.region(self.sides.of(side)).works()
            && !self.application.crashed.contains(&side)
            && self.databases.iter().all(|db| self.writer_instances(db, side) > 0)
    }

    /// Whether that side answers users' requests.
    pub(super) fn serves(&self, side: Side) -> bool {
        let region = self.sides.of(side);
        let application = &self.application;
        self.application_runs(side)
            && application.groups.iter().filter(|(place, _)| place == region).all(|name| {
                self.groups.get(name).is_some_and(|g| self.living_members(name, g.in_service) > 0)
            })
            && application.services.iter().filter(|(place, ..)| place == region).all(|name| {
                self.services.get(name).is_some_and(|s| self.living_tasks(region, s.running) > 0)
            })
            && application
                .instances
                .iter()
                .filter(|(place, _)| place == region)
                .all(|name| self.instance_works(name))
    }

    /// Works out who truly serves users, writes included, as seen from outside both sides.
    pub(super) fn refresh_served(&mut self) {
        let resolved = self
            .application
            .public
            .as_deref()
            .and_then(|name| self.resolution(name))
            .and_then(|(_, side)| side);
        let by = resolved.filter(|side| {
            self.region(self.sides.of(*side)).answers()
                && self.serves(*side)
                && self.single_writers().all(|database| self.accepts(database, *side))
        });
        if self.served != Some(by) {
            self.served = Some(by);
            self.record(Happened::Served { by });
        }
    }
}

/// The host of a URL.
pub(super) fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', ':', '?']).next().unwrap_or(rest)
}

fn order_id(body: &str) -> Option<Text> {
    let value: serde_json::Value = serde_json::from_str(body).ok()?;
    value.get("id")?.as_str().map(Into::into)
}
