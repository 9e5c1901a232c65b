"""The little of CBOR (RFC 8949) that the Smithy RPC v2 protocol needs."""

import datetime
import io
import json
import math
import struct

from botocore.model import ListShape, MapShape, StructureShape
from botocore.parsers import RpcV2CBORParser


class Timestamp(float):
    """Seconds since the Unix epoch, written with CBOR's tag 1."""


def _head(major, number):
    if number < 24:
        return bytes([major << 5 | number])
    for extra, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if number < 1 << (8 * size):
            return bytes([major << 5 | extra]) + number.to_bytes(size, "big")
    raise ValueError(f"{number} does not fit into 64 bits")


def dumps(value):
    """Encodes dicts, lists, text, bytes, numbers, booleans, None and timestamps."""
    if value is None:
        return b"\xf6"
    if isinstance(value, bool):
        return b"\xf5" if value else b"\xf4"
    if isinstance(value, Timestamp):
        return b"\xc1" + b"\xfb" + struct.pack(">d", value)
    if isinstance(value, int):
        return _head(0, value) if value >= 0 else _head(1, -1 - value)
    if isinstance(value, float):
        return b"\xfb" + struct.pack(">d", value)
    if isinstance(value, bytes):
        return _head(2, len(value)) + value
    if isinstance(value, str):
        text = value.encode()
        return _head(3, len(text)) + text
    if isinstance(value, (list, tuple)):
        return _head(4, len(value)) + b"".join(dumps(item) for item in value)
    if isinstance(value, dict):
        pairs = (dumps(str(key)) + dumps(item) for key, item in value.items())
        return _head(5, len(value)) + b"".join(pairs)
    raise TypeError(f"CBOR has no form for {type(value).__name__}")


def loads(body):
    """Decodes one item; an empty body is an empty structure."""
    if not body:
        return {}
    return RpcV2CBORParser().parse_data_item(io.BufferedReader(io.BytesIO(body)))


def to_json(body):
    """A CBOR request body as the JSON that moto understands; times become epoch seconds."""

    def plain(value):
        if isinstance(value, datetime.datetime):
            return value.timestamp()
        raise TypeError(f"JSON has no form for {type(value).__name__}")

    def tidy(value):
        if isinstance(value, dict):
            return {key: tidy(item) for key, item in value.items() if item is not None}
        if isinstance(value, list):
            return [tidy(item) for item in value]
        return value

    return json.dumps(tidy(loads(body)), default=plain).encode()


def from_json(value, shape):
    """JSON output of an operation in the types that `shape` asks for."""
    if value is None or shape is None:
        return value
    if isinstance(shape, StructureShape):
        members = shape.members
        return {
            key: from_json(item, members[key])
            for key, item in value.items()
            if key in members and item is not None
        }
    if isinstance(shape, ListShape):
        return [from_json(item, shape.member) for item in value]
    if isinstance(shape, MapShape):
        return {key: from_json(item, shape.value) for key, item in value.items()}
    return _scalar(value, shape.type_name)


def _scalar(value, kind):
    if kind == "timestamp":
        return Timestamp(_seconds(value))
    if kind in ("double", "float"):
        value = float(value)
        return value if math.isfinite(value) else 0.0
    if kind in ("integer", "long"):
        return int(value)
    if kind == "boolean" and isinstance(value, str):
        return value.lower() == "true"
    if kind == "blob" and isinstance(value, str):
        return value.encode()
    return value


def _seconds(value):
    if isinstance(value, (int, float)):
        return value
    text = str(value)
    try:
        return float(text)
    except ValueError:
        at = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    if at.tzinfo is None:
        at = at.replace(tzinfo=datetime.timezone.utc)
    return at.timestamp()
