"""The Lambda Runtime API: what a function's process asks of us."""

import json

from localaws.errors import Answer, Vanish
from localaws.lambdas.environment import Outcome

PREFIX = "/_runtime/"


class RuntimeApi:
    """Serves all environments; each has its own path under the prefix."""

    def __init__(self, service):
        self._service = service

    def http(self, request):
        """One of the four calls of the Runtime API."""
        environment_id, _, rest = request.path[len(PREFIX) :].partition("/")
        environment = self._service.environment(environment_id)
        if environment is None:
            return _answer(403, {"errorMessage": "no such environment", "errorType": "Forbidden"})
        parts = rest.strip("/").split("/")
        if parts[:2] != ["2018-06-01", "runtime"]:
            return _answer(404, {"errorMessage": f"no such path: /{rest}", "errorType": "NotFound"})
        if parts[2:] == ["invocation", "next"]:
            return self._next(environment)
        if parts[2:] == ["init", "error"]:
            return self._init_error(environment, request.body)
        if len(parts) == 5 and parts[2] == "invocation":
            return self._ended(environment, parts[3], parts[4], request.body)
        return _answer(404, {"errorMessage": f"no such path: /{rest}", "errorType": "NotFound"})

    @staticmethod
    def _next(environment):
        invocation = environment.next()
        if invocation is None:
            raise Vanish()
        function = invocation.function
        deadline = int((invocation.handed_at + function.timeout_s) * 1000)
        headers = {
            "Content-Type": "application/json",
            "Lambda-Runtime-Aws-Request-Id": invocation.id,
            "Lambda-Runtime-Deadline-Ms": str(deadline),
            "Lambda-Runtime-Invoked-Function-Arn": function.arn,
            "Lambda-Runtime-Trace-Id": f"{invocation.trace};Sampled=1",
        }
        if invocation.client_context:
            headers["Lambda-Runtime-Client-Context"] = invocation.client_context
        return Answer(200, invocation.payload, headers)

    def _ended(self, environment, invocation_id, how, body):
        invocation = environment.current
        if invocation is None or invocation.id != invocation_id:
            words = f"invocation {invocation_id} is not the one that this environment works on"
            return _answer(400, {"errorMessage": words, "errorType": "InvalidRequestID"})
        if how not in ("response", "error"):
            return _answer(404, {"errorMessage": f"no such path: {how}", "errorType": "NotFound"})
        self._service.ending(environment, invocation)
        error = None if how == "response" else "Unhandled"
        invocation.end(Outcome(body or b"null", error))
        return _answer(202, {"status": "OK"})

    @staticmethod
    def _init_error(environment, body):
        invocation = environment.current
        if invocation is not None:
            invocation.end(Outcome(body or b"{}", "Unhandled"))
        return _answer(202, {"status": "OK"})


def _answer(status, body):
    return Answer(status, json.dumps(body).encode(), {"Content-Type": "application/json"})
