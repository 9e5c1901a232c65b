//! The chain: each entry names the digest of the one before, over its stored bytes.

use sha2::{Digest as _, Sha256};

use crate::ids::{Digest, Seq};
use crate::journal::{Broken, Record};

/// SHA-256 in lower-case hexadecimal.
pub fn digest(bytes: &[u8]) -> Digest {
    let hash = Sha256::digest(bytes);
    let mut text = [0; 64];
    for (pair, byte) in text.chunks_exact_mut(2).zip(hash) {
        pair.copy_from_slice(&[letter(byte >> 4), letter(byte & 15)]);
    }
    Digest::new(str::from_utf8(&text).unwrap_or_default())
}

fn letter(half: u8) -> u8 {
    if half < 10 { b'0' + half } else { b'a' + half - 10 }
}

/// The digest that the first entry names.
pub fn origin() -> Digest {
    Digest::new("")
}

/// Reads stored bodies in their order and checks that none is missing or changed.
/// Gives the records with the digest of the last.
pub fn read<'a>(bodies: impl Iterator<Item = &'a str>) -> Result<(Vec<Record>, Digest), Broken> {
    let mut records = Vec::new();
    let mut head = origin();
    for (index, body) in bodies.enumerate() {
        let (record, digest) = next(body, Seq(index as u64 + 1), &head)?;
        head = digest;
        records.push(record);
    }
    Ok((records, head))
}

/// Reads the stored body that has to stand at `seq`, after an entry of digest `head`. Gives the
/// record with its own digest.
pub fn next(body: &str, seq: Seq, head: &Digest) -> Result<(Record, Digest), Broken> {
    let record: Record =
        serde_json::from_str(body).map_err(|e| Broken::new(seq, format!("cannot be read: {e}")))?;
    if record.seq != seq {
        return Err(Broken::new(seq, format!("stands in the place of entry {}", record.seq)));
    }
    if record.prev != *head {
        return Err(Broken::new(
            seq,
            format!("follows an entry of digest {}, but the one before has {head}", record.prev),
        ));
    }
    Ok((record, digest(body.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_written_as_everybody_else_writes_it() {
        let known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(digest(b"abc"), Digest::new(known));
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(digest(b""), Digest::new(empty));
    }
}
