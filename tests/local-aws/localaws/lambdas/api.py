"""Lambda's own API for invocations; everything else of Lambda is moto's."""

import base64
import json
import re
from urllib.parse import parse_qs, unquote, urlsplit

from localaws.errors import Answer, Refusal

_PATH = re.compile(r"^/2015-03-31/functions/([^/]+)/invocations/?$")


class InvokeApi:
    """Answers `Invoke`, synchronous, asynchronous and dry."""

    def __init__(self, service, asynchronous):
        self._service = service
        self._asynchronous = asynchronous

    def handle(self, call):
        """`POST /2015-03-31/functions/{name|arn}[:qualifier]/invocations`."""
        parts = urlsplit(call.target)
        found = _PATH.match(parts.path)
        if not found:
            raise Refusal("ResourceNotFoundException", f"no such path: {parts.path}", 404)
        qualifier = (parse_qs(parts.query).get("Qualifier") or [None])[0]
        function = self._service.functions.find(unquote(found.group(1)), call.region, qualifier)
        kind = call.headers.get("x-amz-invocation-type", "RequestResponse")
        payload = call.body or b"{}"
        _check_json(payload)
        if kind == "DryRun":
            return Answer(204)
        if kind == "Event":
            self._asynchronous.put(function, payload, source="invoke")
            return Answer(202)
        if kind != "RequestResponse":
            raise Refusal("InvalidParameterValueException", f"invocation type {kind!r}", 400)
        return self._synchronous(call, function, payload)

    def _synchronous(self, call, function, payload):
        context = call.headers.get("x-amz-client-context", "")
        outcome, tail = self._service.invoke(
            function, payload, context, call.headers.get("x-amzn-trace-id", "")
        )
        headers = {"Content-Type": "application/json", "X-Amz-Executed-Version": function.version}
        if outcome.error:
            headers["X-Amz-Function-Error"] = outcome.error
        if call.headers.get("x-amz-log-type") == "Tail":
            headers["X-Amz-Log-Result"] = base64.b64encode(tail).decode()
        return Answer(200, outcome.payload, headers)


def _check_json(payload):
    try:
        json.loads(payload)
    except ValueError as error:
        words = f"Could not parse request body into json: {error}"
        raise Refusal("InvalidRequestContentException", words, 400) from error
