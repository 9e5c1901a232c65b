"""What a request is: service, action, Region, and who sent it, read from the request itself."""

import functools
import re
import time
import uuid
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from botocore.loaders import Loader
from moto.core.request import Request
from moto.core.routing import get_service_router

SIGNING_NAMES = {
    "monitoring": "cloudwatch",
    "states": "stepfunctions",
    "elasticloadbalancing": "elbv2",
    "eventbridge": "events",
    "tagging": "resourcegroupstaggingapi",
}
"""Signing name → the service's name in the SDKs, where the two differ."""

HOME_REGIONS = {
    "route53": "us-east-1",
    "iam": "us-east-1",
    "organizations": "us-east-1",
    "cloudfront": "us-east-1",
    "health": "us-east-1",
    "globalaccelerator": "us-west-2",
    "route53-recovery-control-config": "us-west-2",
}
"""Where the service of these calls lives, whatever Region the caller signed for.

With an endpoint override an SDK signs for its own Region, so a fault that is keyed by the
signature would miss them.
"""

REST = {"lambda", "route53", "scheduler", "s3", "s3control", "arc-zonal-shift", "xray", "efs"}
"""Services whose action is in method and path; all others name it in a header or the body."""

_CREDENTIAL = re.compile(r"Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request")
_CBOR_PATH = re.compile(r"^/service/([^/]+)/operation/([^/?]+)")
_TRACE_ROOT = re.compile(r"Root=([^;]+)")


@dataclass
class Call:
    """One AWS call, by HTTP or from inside."""

    service: str
    action: str
    region: str
    home: str
    protocol: str
    method: str = "POST"
    target: str = "/"
    headers: dict = field(default_factory=dict)
    body: bytes = b""
    access_key: str = ""
    signed_at: str = ""
    trace: str = ""
    peer: str = ""
    function: str = ""
    invocation: str = ""
    internal: bool = False
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    received: float = field(default_factory=time.time)


def home_region(service, region):
    """The Region that must be alive for a call of `service` signed for `region`."""
    return HOME_REGIONS.get(service, region)


def trace_root(header):
    """The trace's own id, the part that does not change along the way."""
    found = _TRACE_ROOT.search(header or "")
    return found.group(1) if found else (header or "")


def parse(method, target, headers, body, peer):
    """Reads a call from an HTTP request; `headers` has lower-case names."""
    credential = _CREDENTIAL.search(headers.get("authorization", ""))
    parts = urlsplit(target)
    query = parse_qs(parts.query, keep_blank_values=True)
    if credential is None and "X-Amz-Credential" in query:
        credential = _CREDENTIAL.search("Credential=" + query["X-Amz-Credential"][0])
    if credential:
        access_key, _, region, signing = credential.groups()
    else:
        access_key, region, signing = "", *_unsigned(headers, parts.path)
    service = SIGNING_NAMES.get(signing.lower(), signing.lower())
    protocol, action = _action(service, method, target, headers, body, query)
    date = headers.get("x-amz-date") or (query.get("X-Amz-Date") or [""])[0]
    return Call(
        service=service,
        action=action,
        region=region,
        home=home_region(service, region),
        protocol=protocol,
        method=method,
        target=target,
        headers=headers,
        body=body,
        access_key=access_key,
        signed_at=date if credential else "",
        trace=trace_root(headers.get("x-amzn-trace-id", "")),
        peer=peer,
    )


def _unsigned(headers, path):
    """Region and service of a request without a signature: Lambda by its path, else S3."""
    host = headers.get("host", "").split(":")[0]
    named = re.match(r"^([a-z0-9-]+)\.([a-z0-9-]+)\.amazonaws\.com$", host)
    if named:
        return named.group(2), named.group(1)
    if path.startswith("/2015-03-31/"):
        return "", "lambda"
    return "us-east-1", "s3"


def _action(service, method, target, headers, body, query):
    kind = headers.get("content-type", "")
    rpc = _CBOR_PATH.match(target)
    if rpc and headers.get("smithy-protocol") == "rpc-v2-cbor":
        return "cbor", rpc.group(2)
    amz_target = headers.get("x-amz-target")
    if amz_target:
        return "json", amz_target.rsplit(".", 1)[-1]
    if service in REST:
        return _rest(service, method, target, headers, body)
    if kind.startswith("application/x-www-form-urlencoded") or "Action" in query:
        form = query if "Action" in query else parse_qs(body.decode("utf-8", "replace"))
        action = (form.get("Action") or [""])[0]
        return ("ec2" if service == "ec2" else "query"), action
    return _rest(service, method, target, headers, body)


def _rest(service, method, target, headers, body):
    protocol = rest_protocol(service)
    try:
        plain = {
            name: value for name, value in headers.items() if not name.startswith("x-amz-meta-")
        }
        request = Request.from_primitives(method, "http://local" + target, plain, body)
        operation, _ = get_service_router(service).match(request)
        return protocol, operation.name
    except Exception:  # an address that no operation has: moto will say so in its own words
        return protocol, ""


@functools.cache
def rest_protocol(service):
    """`rest-json` or `rest-xml`, from the service's own model."""
    try:
        model = Loader().load_service_model(service, "service-2")
    except Exception:  # not a service that the SDK knows: JSON is the common case
        return "rest-json"
    return model["metadata"]["protocol"]
