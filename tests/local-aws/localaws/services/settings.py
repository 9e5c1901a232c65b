"""What a run of the local AWS can set: how long transitions take, and whom they tell.

Every duration is in real seconds. The defaults are small so that a rehearsal waits seconds where
AWS waits minutes; the order of states and the errors are AWS's own and are not configurable.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass
class Timings:
    """Durations (seconds) and limits of the local services."""

    # PromoteReadReplica: the instance first still says `available`, then `modifying`, then
    # `rebooting` (0 leaves that state out), then, if backups are on, `backing-up` (0: left out).
    rds_promote_linger: float = 0.2
    rds_promote_modifying: float = 0.5
    rds_promote_rebooting: float = 0.3
    rds_promote_backing_up: float = 0.0
    # A second PromoteReadReplica while the first still runs: AWS documents neither answer.
    rds_refuse_repeat_in_progress: bool = True
    # CreateDBInstanceReadReplica stays `creating` for so long (0: available at once).
    rds_create_replica: float = 0.0
    rds_start: float = 0.3
    rds_stop: float = 0.3
    # Failover and switchover of a global cluster: `pending`, then at work.
    global_pending: float = 0.2
    global_running: float = 0.8
    # Route 53: PENDING until INSYNC.
    route53_insync: float = 0.5
    # Refuse a change with PriorRequestNotComplete while another of the zone is PENDING.
    route53_one_change_at_a_time: bool = False
    # Requests a second and account above which Route 53 throttles (AWS: 5). 0 switches it off.
    route53_requests_per_second: float = 0.0
    # How often each health check is looked at (0: only when asked), and the limit of one probe.
    health_check_interval: float = 0.5
    health_check_timeout: float = 0.5
    # How often alarms are evaluated (0: only when asked).
    alarm_tick: float = 0.5
    # How many seconds of an alarm's period pass in one real second: 30 makes a 60 s period 2 s.
    time_scale: float = 1.0
    # Auto Scaling: Pending -> InService, and Terminating -> gone.
    asg_launch: float = 0.5
    asg_terminate: float = 0.2
    # How long an unhealthy instance stays in its group before it is replaced; AWS takes minutes.
    asg_keeps_unhealthy: float = 0.0
    ec2_start: float = 0.5
    ec2_stop: float = 0.3
    # A target stays `initial` for so long before its health is asked for.
    elb_initial: float = 0.5
    ecs_task: float = 0.3
    esm_transition: float = 0.3


def _nothing(*_: Any) -> Any:
    """The default of every hook that only tells, or that may answer None."""


def _yes(*_: Any) -> bool:
    """The default of hooks that ask whether something can be reached."""
    return True


def _no(*_: Any) -> bool:
    """The default of hooks that ask whether something is wrong."""
    return False


@dataclass
class Hooks:
    """What the world outside moto is told and asked. All have defaults that change nothing.

    Those that are asked are called while the lock of the world is held: they must answer at once,
    from what they already know. `on_promote`, `on_global_failover` and the other tellings of
    background work are called without it and may take their time.
    """

    # (region) -> can this Region be reached by the others? A Region that cannot is silent: its
    # alarms are not evaluated, its metrics are not seen by health checks.
    region_reachable: Callable[[str], bool] = _yes
    # (region, instance id): the engine becomes a writer now. The instance is `available` again
    # only after this has returned; if it raises, the promotion has failed and the replica stays.
    on_promote: Callable[[str, str], None] = _nothing
    # (region, instance id) -> (address, port) shown as the instance's endpoint, or None.
    rds_endpoint: Callable[[str, str], tuple[str, int] | None] = _nothing
    # (region, instance id) -> {"Normal", "Status", "Message"} of replication, or None.
    replication_status: Callable[[str, str], dict[str, Any] | None] = _nothing
    # (global cluster id, from ARN, to ARN, data loss allowed): roles flip now.
    on_global_failover: Callable[[str, str, str, bool], None] = _nothing
    # (region, alarm, old state, new state)
    on_alarm_transition: Callable[[str, Any, str, str], None] = _nothing
    # (health check id, healthy)
    on_health_check_change: Callable[[str, bool], None] = _nothing
    # (routing control ARN) -> True when On, False when Off, None when there is no such control.
    routing_control_on: Callable[[str], bool | None] = _nothing
    # (region, {"Id", "Port", "TargetGroupArn"}) -> a target health state, or None for "healthy".
    target_health: Callable[[str, dict[str, Any]], str | None] = _nothing
    # (region, instance id or Auto Scaling group name) -> has EC2 no capacity for it?
    insufficient_capacity: Callable[[str, str], bool] = _no
    # (region, instance id, state): an instance reached running, stopped or terminated.
    on_instance_state: Callable[[str, str, str], None] = _nothing
    # (region, cluster name, service name) -> do the tasks of its newest deployment fail to start?
    rollout_fails: Callable[[str, str, str], bool] = _no
    # (region, cluster name, service name, running tasks)
    on_ecs_running: Callable[[str, str, str, int], None] = _nothing
