"""Errors in the shape that each AWS protocol gives them."""

import json
from dataclasses import dataclass, field
from xml.sax.saxutils import escape


@dataclass
class Answer:
    """One HTTP answer."""

    status: int
    body: bytes = b""
    headers: dict = field(default_factory=dict)


class Refusal(Exception):
    """A named error of a service, raised anywhere while a call is worked on."""

    def __init__(self, code, message, status=400, extra=None):
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.extra = extra or {}


class Vanish(Exception):
    """No answer at all: the connection is closed, or reset, under the caller."""

    def __init__(self, reset=False):
        super().__init__("the connection ends without an answer")
        self.reset = reset


def render(call, code, message, status, extra=None):
    """The error as `call`'s protocol writes it, so that a real SDK reads the code from it."""
    extra = extra or {}
    if call.protocol in ("json", "cbor"):
        return _json(call, code, message, status, extra)
    if call.protocol == "rest-json":
        body = {"Type": "User" if status < 500 else "Server", "message": message, **extra}
        headers = {"Content-Type": "application/json", "x-amzn-ErrorType": code}
        return Answer(status, json.dumps(body).encode(), headers)
    return _xml(call, code, message, status)


def _json(call, code, message, status, extra):
    body = {"__type": code, "message": message, **extra}
    if call.protocol == "cbor":
        from localaws import cbor

        body["__type"] = f"com.amazonaws.{call.service}#{code}"
        headers = {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}
        headers["x-amzn-query-error"] = f"{code};{'Sender' if status < 500 else 'Receiver'}"
        return Answer(status, cbor.dumps(body), headers)
    headers = {"Content-Type": "application/x-amz-json-1.0"}
    if call.service in ("sqs",):
        headers["x-amzn-query-error"] = f"{code};{'Sender' if status < 500 else 'Receiver'}"
    return Answer(status, json.dumps(body).encode(), headers)


def _xml(call, code, message, status):
    kind = "Sender" if status < 500 else "Receiver"
    code, message = escape(code), escape(message)
    if call.protocol == "ec2":
        text = (
            f"<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error>"
            f"</Errors><RequestID>{call.id}</RequestID></Response>"
        )
    elif call.service == "s3":
        text = (
            f"<Error><Code>{code}</Code><Message>{message}</Message>"
            f"<RequestId>{call.id}</RequestId></Error>"
        )
    else:
        text = (
            f"<ErrorResponse><Error><Type>{kind}</Type><Code>{code}</Code>"
            f"<Message>{message}</Message></Error><RequestId>{call.id}</RequestId></ErrorResponse>"
        )
    body = ('<?xml version="1.0" encoding="UTF-8"?>\n' + text).encode()
    return Answer(status, body, {"Content-Type": "text/xml"})


THROTTLES = {
    "dynamodb": ("ThrottlingException", 400),
    "ec2": ("RequestLimitExceeded", 503),
    "lambda": ("TooManyRequestsException", 429),
    "rds": ("Throttling", 400),
    "route53": ("Throttling", 400),
    "s3": ("SlowDown", 503),
    "scheduler": ("ThrottlingException", 429),
    "sqs": ("RequestThrottled", 400),
}
"""How each service says "slow down", where it does not use its protocol's usual name."""


def throttle(call):
    """Name and HTTP status of `call`'s service for a throttled request."""
    if call.service in THROTTLES:
        return THROTTLES[call.service]
    if call.protocol in ("json", "rest-json"):
        return "ThrottlingException", 400
    return "Throttling", 400


def server_error(call, status):
    """Name of the failure that `call`'s service answers with `status` 5xx."""
    if status == 503:
        return {"json": "ServiceUnavailableException", "s3": "ServiceUnavailable"}.get(
            call.protocol, "ServiceUnavailable"
        )
    named = {
        "dynamodb": "InternalServerError",
        "lambda": "ServiceException",
        "sns": "InternalError",
        "cloudwatch": "InternalServiceFault",
    }
    return named.get(call.service, "InternalFailure")
