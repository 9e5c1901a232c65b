//! What an item holds: JSON.

use serde::Serialize;

/// Room for a body, in bytes: nearly every vote, fact and entry fits, and none is moved while it is written.
const ROOM: usize = 1024;

/// The body of an item that says that.
pub(crate) fn body_of(what: &impl Serialize) -> Result<String, serde_json::Error> {
    let mut body = Vec::with_capacity(ROOM);
    serde_json::to_writer(&mut body, what)?;
    String::from_utf8(body).map_err(serde::ser::Error::custom)
}
