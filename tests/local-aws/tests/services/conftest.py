"""moto's server in this process, with the services on it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).resolve().parents[2])]

from services_support import World, forget_everything  # noqa: E402  (the path comes first)

from localaws import services  # noqa: E402
from localaws.services import Hooks, Timings  # noqa: E402


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    """The address of one moto server for all tests."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def world(endpoint: str) -> Iterator[World]:
    """An empty AWS with short waits; `world.dead` are the Regions that cannot be reached."""
    forget_everything()
    hooks = Hooks()
    timings = Timings(
        rds_promote_linger=0.1,
        rds_promote_modifying=0.2,
        rds_promote_rebooting=0.1,
        global_pending=0.1,
        global_running=0.2,
        route53_insync=0.2,
        health_check_interval=0.1,
        alarm_tick=0.1,
        time_scale=120,
        asg_launch=0.2,
        asg_terminate=0.1,
        ec2_start=0.2,
        ec2_stop=0.1,
        elb_initial=0.3,
        ecs_task=0.2,
        esm_transition=0.2,
    )
    made = World(endpoint, services.install(hooks, timings), hooks, timings)
    hooks.region_reachable = lambda region: region not in made.dead
    yield made
    made.runtime.close()
