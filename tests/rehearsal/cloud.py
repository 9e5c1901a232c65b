"""The local AWS of a rehearsal: started, Leeward's own templates deployed, its state read."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import boto3
from botocore.config import Config
from localaws import template
from localaws.deploy import Stack, deploy
from localaws.server import LocalAws
from localaws.services import Hooks, Timings

from . import names, pace

# An alarm is looked at this often, a health check too: many times within one scaled period.
_TICK_S = 0.25
# How long a group keeps an ill instance: longer than it takes to see what is ill, as on AWS.
_KEPT_ILL_S = 120.0
# The local AWS answers in milliseconds; on a machine that compiles beside, in a second.
_ANSWER_LIMIT_S = 20


class Cloud:
    """A local AWS on a free port whose minutes are seconds."""

    def __init__(self, run: Path, hooks: Hooks, alarm_tick: float = _TICK_S,
                 request_life_s: int = names.REQUEST_LIFE_S):
        # Credentials of this machine have no place in a rehearsal.
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
            os.environ.pop(name, None)
        os.environ |= {"AWS_ACCESS_KEY_ID": "rehearsal", "AWS_SECRET_ACCESS_KEY": "rehearsal",
                       "AWS_EC2_METADATA_DISABLED": "true",
                       # Amazon's catalogue of images takes seconds to load, and nothing boots.
                       "MOTO_EC2_LOAD_DEFAULT_AMIS": "false"}
        timings = Timings(time_scale=names.TIME_SCALE, alarm_tick=alarm_tick,
                          health_check_interval=_TICK_S, asg_keeps_unhealthy=_KEPT_ILL_S)
        self.run, self.request_life_s = run, request_life_s
        self.aws = LocalAws(
            port=0, host=names.ADDRESS[names.CONTROL], work_dir=run / "aws",
            request_life_s=request_life_s, schedule_seconds=names.MINUTE_S,
            binaries=names.BINARIES, service_hooks=hooks, timings=timings).start()
        self.url, self.faults, self.hooks = self.aws.url, self.aws.faults, self.aws.hooks
        # One session for all clients: each loads its service's model once.
        self._session = boto3.session.Session()
        self._clients, self._lock = {}, threading.Lock()

    def stop(self) -> None:
        """Ends it, with every function's process."""
        self.aws.stop()

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        host, _, port = self.url.removeprefix("http://").partition(":")
        return host, int(port)

    def client(self, service: str, region: str):
        """A client that asks once."""
        with self._lock:
            if (service, region) not in self._clients:
                self._clients[service, region] = self._session.client(
                    service, region_name=region, endpoint_url=self.url, config=Config(
                        retries={"total_max_attempts": 1}, read_timeout=_ANSWER_LIMIT_S))
            return self._clients[service, region]

    def deploy(self, name: str, stack: str, region: str, parameters: dict) -> Stack:
        """Deploys a template of the repository as it is shipped, save that its functions are told
        how short a request's life is here, and that all the world is on the loopback (only a development
        build listens to that)."""
        source = names.REPOSITORY / name
        shipped = template.load(source)
        for resource in shipped["Resources"].values():
            properties = resource.setdefault("Properties", {})
            if resource["Type"] == "AWS::Serverless::Function":
                variables = properties.setdefault("Environment", {}).setdefault("Variables", {})
                variables["LEEWARD_TEST_REQUEST_LIFE"] = str(self.request_life_s)
                variables["LEEWARD_TEST_LOOPBACK"] = "yes"
            elif resource["Type"] == "AWS::Serverless::StateMachine":
                properties["DefinitionUri"] = str(source.parent / properties["DefinitionUri"])
        lowered = self.run / f"{stack}-{region}.template.json"
        lowered.write_text(json.dumps(shipped, indent=1))
        known = {k: v for k, v in parameters.items() if k in shipped.get("Parameters", {})}
        return deploy(lowered, stack, region, known, self.url)

    def items(self, table: str, partition: str, prefix: str = "") -> list[dict]:
        """Items of a partition of Leeward's table whose sort key begins so, in order; each with
        its `body` read."""
        values = {":pk": {"S": partition}}
        condition = "pk = :pk"
        if prefix:
            values[":sk"], condition = {"S": prefix}, "pk = :pk AND begins_with(sk, :sk)"
        request = {"TableName": table, "ConsistentRead": True,
                   "KeyConditionExpression": condition, "ExpressionAttributeValues": values}
        found: list[dict] = []
        while True:
            page = self.client("dynamodb", names.CONTROL).query(**request)
            found += [{"sk": item["sk"]["S"], "body": json.loads(item["body"]["S"])}
                      for item in page["Items"]]
            if "LastEvaluatedKey" not in page:
                return found
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def pace(self, execution: str) -> pace.Pace:
        """Where the seconds of an execution of the recovery went."""
        silences = pace.silences(execution, self.aws.log.find(), self.aws.lambdas.history())
        return pace.split(self._history(execution), silences)

    def _history(self, execution: str) -> list[dict]:
        """Every event of an execution, in order."""
        pages = self.client("stepfunctions", names.CONTROL).get_paginator("get_execution_history")
        return [event for page in pages.paginate(executionArn=execution)
                for event in page["events"]]
