//! Random marks from the operating system: no two environments, forked or not, draw the same.

use leeward_core::ids::Nonce;
use leeward_ports::Nonces;

/// Bytes of a mark: 2^96 of them, so that two are never alike, and short enough for a name.
const NONCE_BYTES: usize = 12;

/// Draws from the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsNonces;

impl Nonces for OsNonces {
    /// # Panics
    /// When the operating system has no randomness: two writers could then take each other's items
    /// for their own, so nothing may go on.
    #[expect(clippy::panic, reason = "there is no safe mark without randomness")]
    fn draw(&self) -> Nonce {
        let mut bytes = [0_u8; NONCE_BYTES];
        if let Err(error) = getrandom::fill(&mut bytes) {
            panic!("the operating system gives no random bytes: {error}");
        }
        Nonce::new(bytes.iter().map(|b| format!("{b:02x}")).collect::<String>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_fit_into_a_name_and_differ() {
        let marks: std::collections::BTreeSet<_> = (0..1000).map(|_| OsNonces.draw()).collect();
        assert_eq!(marks.len(), 1000);
        let plain = |m: &Nonce| m.as_str().bytes().all(|b| b.is_ascii_hexdigit());
        assert!(marks.iter().all(|m| plain(m) && m.as_str().len() == 2 * NONCE_BYTES));
    }
}
