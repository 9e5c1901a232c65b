//! Just enough CBOR (RFC 8949) to answer as CloudWatch does.

use serde_json::Value;

/// Encodes a JSON value; an object `{"epoch": seconds}` becomes a time (tag 1).
pub(super) fn encode(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    write(value, &mut out);
    out
}

fn head(major: u8, length: usize, out: &mut Vec<u8>) {
    let length = u16::try_from(length).expect("a short test value");
    out.push((major << 5) | 25);
    out.extend(length.to_be_bytes());
}

fn write(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.push(0xf6),
        Value::Bool(truth) => out.push(if *truth { 0xf5 } else { 0xf4 }),
        Value::Number(number) => {
            out.push(0xfb);
            out.extend(number.as_f64().expect("a number").to_be_bytes());
        }
        Value::String(text) => {
            head(3, text.len(), out);
            out.extend(text.bytes());
        }
        Value::Array(items) => {
            head(4, items.len(), out);
            items.iter().for_each(|item| write(item, out));
        }
        Value::Object(fields) => {
            if let Some(epoch) = fields.get("epoch") {
                out.push(0xc1);
                return write(epoch, out);
            }
            head(5, fields.len(), out);
            for (name, field) in fields {
                write(&Value::String(name.clone()), out);
                write(field, out);
            }
        }
    }
}

/// The time under that name in an encoded request, in seconds: tag 1 and a double, as the SDK writes it.
pub(super) fn time_of(body: &[u8], name: &str) -> f64 {
    let found = body.windows(name.len()).position(|window| window == name.as_bytes());
    let after = &body[found.expect("the name") + name.len()..];
    assert_eq!(after[..2], [0xc1, 0xfb], "a time");
    f64::from_be_bytes(after[2..10].try_into().expect("a double"))
}
