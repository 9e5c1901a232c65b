"""Requests made by hand, and waiting, for the tests of the local AWS."""

import datetime
import http.client
import json
import time
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit

HERE = Path(__file__).parent
FIXTURES = HERE / "fixtures"
REGION = "eu-west-1"
LIMIT_S = 15
"""How long any condition is waited for."""


def until(condition, what, limit_s=LIMIT_S):
    """Waits until `condition()` is true and answers its value."""
    deadline = time.monotonic() + limit_s
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {limit_s} s: {what}"
        time.sleep(0.02)
    return value


def raw(aws, service, body=b"", target="", action="", region=REGION, at=None, method="POST", path="/",
        headers=None, timeout=10):  # fmt: skip
    """A signed request, made by hand: `at` is the time of its signature."""
    at = time.time() if at is None else at
    stamp = datetime.datetime.fromtimestamp(at, datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    scope = f"AKIDEXAMPLE/{stamp[:8]}/{region}/{service}/aws4_request"
    sent = {
        "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=00",
        "X-Amz-Date": stamp,
        **(headers or {}),
    }
    if target:
        sent.update({"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.0"})
        body = json.dumps(body).encode()
    elif action:
        sent["Content-Type"] = "application/x-www-form-urlencoded"
        body = f"Action={action}&Version=2014-10-31".encode()
    place = urlsplit(aws.url)
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=timeout)
    try:
        connection.request(method, path, body, sent)
        answer = connection.getresponse()
        return SimpleNamespace(status=answer.status, headers=answer.headers, body=answer.read())
    finally:
        connection.close()
