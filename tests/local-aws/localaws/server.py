"""The local AWS as a whole: made, started, stopped."""

import logging
import os
import tempfile
import threading
from pathlib import Path

import boto3
from botocore.config import Config
from moto.moto_api._internal.models import moto_api_backend

from localaws import admin, cfn, sts
from localaws.calllog import CallLog
from localaws.clock import Clock
from localaws.events.alarms import Alarms
from localaws.events.buses import EventBuses
from localaws.events.delivery import Delivery
from localaws.events.notices import Notices
from localaws.events.schedules import Schedules
from localaws.events.topics import Topics
from localaws.faults import Faults
from localaws.front import Front
from localaws.httpd import Server
from localaws.lambdas import runtime_api
from localaws.lambdas.api import InvokeApi
from localaws.lambdas.asynchronous import Asynchronous
from localaws.lambdas.functions import Functions
from localaws.lambdas.hooks import Hooks
from localaws.lambdas.service import LambdaService
from localaws.locks import WORLD
from localaws.moto_app import MotoApp
from localaws.patches import Patches
from localaws.service_metrics import ServiceMetrics
from localaws.states import States

LOG = logging.getLogger("localaws")

REQUEST_LIFE_S = 900
"""AWS refuses a signature that is more than 15 minutes old."""

MINUTE_S = 2.0
"""What a schedule calls a minute: long enough for a detector's run, short enough to watch."""

RETRY_DELAYS_S = (0.5, 1.0)
"""Before the second and the third asynchronous attempt; AWS waits one and two minutes."""

INIT_S = 30.0
"""How long a new process may take to ask for work. AWS gives 10 s; a busy machine needs more."""

DELIVERY_RETRY_S = 0.5
"""Between the attempts of a delivery to a target."""


class LocalAws:
    """One local AWS. moto's state is the process's own, so there is one at a time in a process."""

    def __init__(
        self, port=0, host="127.0.0.1", request_life_s=REQUEST_LIFE_S, schedule_seconds=MINUTE_S,
        binaries="target/debug", work_dir=None, service_hooks=None, timings=None,
        retry_delays_s=RETRY_DELAYS_S, init_s=INIT_S, function_environment=None,
    ):  # fmt: skip
        """`function_environment` is given to every function beside what its template says:
        settings that only a test build reads, log filters."""
        self._host, self._port = host, port
        self._service_hooks, self._timings = service_hooks, timings
        self._schedule_seconds = schedule_seconds
        self._retry_delays_s, self._init_s = retry_delays_s, init_s
        self._function_environment = dict(function_environment or {})
        self._binaries = Path(binaries).absolute()
        self._request_life_s = request_life_s
        self._patches = Patches()
        self.work_dir = Path(work_dir or tempfile.mkdtemp(prefix="localaws-"))
        self.clock = Clock()
        self.faults = Faults()
        self.log = CallLog()
        self.hooks = Hooks()
        self.services = None

    def start(self):
        """Listens and serves; answers itself."""
        with WORLD:
            moto_api_backend.reset()
        self._server = Server((self._host, self._port), self._answer, self.clock.now)
        host, port = self._server.server_address[:2]
        self.url = f"http://{host}:{port}"
        os.environ["MOTO_PORT"] = str(port)
        self._assemble(f"{host}:{port}")
        threading.Thread(target=self._server.serve_forever, name="localaws", daemon=True).start()
        LOG.info("the local AWS listens on %s; function logs in %s", self.url, self.work_dir)
        return self

    def _assemble(self, host):
        front = Front(MotoApp(host), self.faults, self.log, self.clock, self._request_life_s)
        functions = Functions(self._binaries, self.work_dir)
        logs = self.work_dir / "functions"
        self.lambdas = LambdaService(
            functions, self.hooks, self.url, logs, self._init_s, self._function_environment
        )
        self.asynchronous = Asynchronous(
            self.lambdas, self._send, self._retry_delays_s, 60.0 / self._schedule_seconds
        )
        self.delivery = Delivery(front, functions, self.asynchronous, DELIVERY_RETRY_S)
        self.buses = EventBuses(self.delivery, front, self.clock)
        self.notices = Notices(self.buses, self.clock)
        self.topics = Topics(self.delivery)
        self.alarms = Alarms(self.delivery, self.buses)
        self.metrics = ServiceMetrics(front)
        self.lambdas.observe(self.metrics.invoked)
        self.states = States(front, self.buses, self.metrics)
        for part in (self.buses, self.topics, self.states):
            part.install(self._patches)
        cfn.install(self._patches)
        front.attribute_by(self.lambdas.attribute)
        front.watch(self.lambdas.sent_call, self.lambdas.before_call, self.lambdas.after_call)
        front.own("lambda", "Invoke", InvokeApi(self.lambdas, self.asynchronous).handle)
        front.own("sts", "GetCallerIdentity", sts.caller_identity)
        self._install_services()
        self.schedules = Schedules(
            self.buses, self.delivery, front, self.clock, self._schedule_seconds,
            self.metrics.queues,
        )  # fmt: skip
        self._runtime = runtime_api.RuntimeApi(self.lambdas)
        self._admin = admin.Admin(self)
        self.front = front

    def _install_services(self):
        """The single services made true; what they tell and ask goes through us first."""
        from localaws import services

        hooks = self._service_hooks or services.Hooks()
        theirs, reachable = hooks.on_alarm_transition, hooks.region_reachable

        def on_alarm_transition(region, alarm, old, new):
            self.alarms.state_change(region, alarm, old, new)
            theirs(region, alarm, old, new)

        hooks.on_alarm_transition = on_alarm_transition
        hooks.region_reachable = lambda region: not self.faults.is_down(region) and reachable(region)
        self.services = services.install(hooks, self._timings or services.Timings())

    def _send(self, arn, body, attributes):
        return self.delivery.send(arn, body, attributes)

    def _answer(self, request):
        if request.path.startswith(runtime_api.PREFIX):
            return self._runtime.http(request)
        if request.path.startswith(admin.PREFIX):
            return self._admin.http(request)
        return self.front.http(request)

    def set_zone(self, zone, dead):
        """Lets an Availability Zone such as `us-east-1b` fail or come back: its instances are impaired,
        their targets unhealthy."""
        with WORLD:
            zones = self.services.places.dead_zones
            (zones.add if dead else zones.discard)(zone)

    def set_impaired(self, instance, impaired):
        """Lets the status checks of one instance fail or pass."""
        with WORLD:
            ids = self.services.places.impaired
            (ids.add if impaired else ids.discard)(instance)

    def stop(self):
        """Ends every process and connection; moto behaves as itself again."""
        self.schedules.close()
        self.asynchronous.close()
        self.delivery.close()
        self.faults.close()
        self.lambdas.close()
        if self.services is not None:
            self.services.close()
        self._server.shutdown()
        self._server.close_all()
        self._server.server_close()
        self.states.uninstall()
        self._patches.undo()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def client(self, service, region, access_key="operator", **config):
        """A boto3 client of this local AWS; one attempt unless `retries` says otherwise."""
        config.setdefault("retries", {"max_attempts": 0})
        return boto3.session.Session().client(
            service,
            region_name=region,
            endpoint_url=self.url,
            aws_access_key_id=access_key,
            aws_secret_access_key="local",
            config=Config(**config),
        )
