"""Calls moto's web application without a network between."""

import io
import json
import logging
import threading
import traceback
from urllib.parse import unquote_to_bytes

from moto.moto_server.werkzeug_app import (
    PRESERVED_HEADER_NAMES_ENVIRON_KEY,
    DomainDispatcherApplication,
    create_backend_app,
)

from localaws import cbor
from localaws.errors import Answer, Refusal
from localaws.locks import WORLD

LOG = logging.getLogger("localaws.moto")

WAITING = {("sqs", "ReceiveMessage"), ("stepfunctions", "GetActivityTask")}
"""Calls that wait inside moto for something to arrive. Under the lock it never could."""

DROPPED = {"content-length", "connection", "transfer-encoding", "date", "x-amzn-requestid", "server"}
"""Answer headers that the HTTP server writes itself."""


class MotoApp:
    """moto as one function from call to answer."""

    def __init__(self, base_host):
        self._app = DomainDispatcherApplication(create_backend_app)
        self._host = base_host
        self._lock = threading.Lock()

    def perform(self, call):
        """Carries out `call`. Writers are serialised, so a condition and its write are one."""
        if call.protocol == "cbor":
            return self._cbor(call)
        return self._plain(call)

    def _plain(self, call):
        environ = self._environ(call)
        if (call.service, call.action) in WAITING:
            return self._run(environ, call)
        with WORLD:
            return self._run(environ, call)

    def _run(self, environ, call):
        seen = {}

        def start_response(status, headers, exc_info=None):
            seen["status"] = int(status.split(" ", 1)[0])
            seen["headers"] = headers
            return lambda data: None

        try:
            chunks = self._app(environ, start_response)
            body = b"".join(chunks)
            if hasattr(chunks, "close"):
                chunks.close()
        except NotImplementedError as error:
            raise Refusal(
                "NotImplemented", f"moto does not know {call.service}:{call.action}: {error}", 501
            ) from error
        except Exception as error:
            LOG.error("moto failed on %s:%s\n%s", call.service, call.action, traceback.format_exc())
            raise Refusal(
                "InternalFailure",
                f"moto failed on {call.service}:{call.action}: {error!r}; its log has the trace",
                500,
            ) from error
        headers = {
            name: value for name, value in seen["headers"] if name.lower() not in DROPPED
        }
        if seen["status"] >= 400 and call.protocol == "query" and body.startswith(b"{"):
            # An error of one service inside a call of another (CloudFormation), in its own form.
            words = json.loads(body).get("message") or body.decode("utf-8", "replace")
            raise Refusal("ValidationError", words, 400)
        return Answer(seen["status"], body, headers)

    def _environ(self, call):
        path, _, query = call.target.partition("?")
        environ = {
            "REQUEST_METHOD": call.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "REQUEST_URI": call.target,
            "RAW_URI": call.target,
            "REMOTE_ADDR": call.peer or "127.0.0.1",
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(call.body),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            "CONTENT_LENGTH": str(len(call.body)),
            PRESERVED_HEADER_NAMES_ENVIRON_KEY: {},
        }
        for name, value in call.headers.items():
            if name == "content-type":
                environ["CONTENT_TYPE"] = value
            elif name not in ("content-length", "transfer-encoding", "expect"):
                environ["HTTP_" + name.upper().replace("-", "_")] = value
        environ.setdefault("HTTP_HOST", self._host)
        return environ

    def _cbor(self, call):
        """The Smithy RPC v2 protocol: moto knows the same operations by their JSON form."""
        from moto.core.utils import get_service_model

        from localaws.call import Call

        model = get_service_model(call.service)
        headers = dict(call.headers)
        headers["content-type"] = "application/x-amz-json-1.0"
        prefix = call.target.split("/")[2]
        headers["x-amz-target"] = f"{prefix}.{call.action}"
        for name in ("smithy-protocol", "accept", "x-amzn-query-mode"):
            headers.pop(name, None)
        plain = Call(**{**call.__dict__, "headers": headers, "target": "/", "protocol": "json"})
        plain.body = cbor.to_json(call.body)
        return self._to_cbor(self._plain(plain), model.operation_model(call.action))

    @staticmethod
    def _to_cbor(answer, operation):
        value = json.loads(answer.body) if answer.body.strip() else {}
        headers = {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}
        if answer.status >= 400:
            kept = {name: value[name] for name in value if isinstance(value[name], str)}
            code = str(kept.get("__type", "UnknownError")).split("#")[-1]
            query = answer.headers.get("x-amzn-query-error", f"{code};Sender")
            headers["x-amzn-query-error"] = query
            return Answer(answer.status, cbor.dumps(kept), headers)
        body = cbor.dumps(cbor.from_json(value, operation.output_shape) or {})
        return Answer(answer.status, body, headers)
