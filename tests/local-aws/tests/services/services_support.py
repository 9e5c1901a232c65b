"""What the tests of the single services share: a world with clients, and waiting for conditions."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config
from localaws import services
from localaws.services import Hooks, Timings
from moto.core.base_backend import BackendDict


EAST, WEST, IRELAND = "us-east-1", "us-west-2", "eu-west-1"
# How long a condition may take before the test fails; far more than any transition here.
PATIENCE = 20.0
AN_HOUR = 3600.0
# The waits of `Timings` that separate one state from the next.
TRANSITIONS = (
    "rds_promote_linger",
    "rds_promote_modifying",
    "rds_promote_rebooting",
    "rds_start",
    "rds_stop",
    "global_pending",
    "global_running",
    "route53_insync",
    "asg_launch",
    "asg_terminate",
    "ec2_start",
    "ec2_stop",
    "elb_initial",
    "ecs_task",
    "esm_transition",
)


def forget_everything() -> None:
    """Empties moto. Its own reset first makes every backend anew, which takes half a second."""
    for backends in list(BackendDict._instances):
        backends.clear()
    BackendDict._instances.clear()


@dataclass
class World:
    """One test's AWS; `dead` are the Regions that cannot be reached."""

    endpoint: str
    runtime: Any
    hooks: Hooks
    timings: Timings
    dead: set[str] = field(default_factory=set)

    def client(self, service: str, region: str = EAST) -> Any:
        """A client that sends each request once."""
        return _client(self.endpoint, service, region)


    def by_hand(self) -> None:
        """From now on alarms and health checks are looked at only when a test says so."""
        self.timings.alarm_tick = self.timings.health_check_interval = 0.0
        self.timings.time_scale = 1.0
        self.runtime = services.install(self.hooks, self.timings)

    def slow(self) -> None:
        """From now on nothing changes by itself: every transition waits for `step`."""
        for name in TRANSITIONS:
            setattr(self.timings, name, AN_HOUR)

    def step(self) -> int:
        """Ends the present wait of every transition; how many there were."""
        return self.runtime.scheduler.hurry()


@functools.cache
def _client(endpoint: str, service: str, region: str) -> Any:
    """Making a client costs more than most tests, so all tests share them."""
    return boto3.client(
        service,
        region_name=region,
        endpoint_url=endpoint,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}),
    )


def eventually(look: Callable[[], Any], what: str) -> Any:
    """Waits, with a limit, until `look` answers something true."""
    deadline = time.monotonic() + PATIENCE
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < deadline, f"{what}: not within {PATIENCE} s, last {found!r}"
        time.sleep(0.02)


def error_code(caught: Any) -> str:
    """The wire code of a caught ClientError."""
    return caught.value.response["Error"]["Code"]


def message(caught: Any) -> str:
    """The message of a caught ClientError."""
    return caught.value.response["Error"]["Message"]
