"""RDS: promotion, replicas, stop and start."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from services_support import AN_HOUR, EAST, WEST, World, error_code, eventually, message


def make_pair(world: World) -> tuple[object, object]:
    """A primary in us-east-1 with a replica in us-west-2."""
    east, west = world.client("rds", EAST), world.client("rds", WEST)
    primary = east.create_db_instance(
        DBInstanceIdentifier="orders",
        DBInstanceClass="db.t3.micro",
        Engine="postgres",
        AllocatedStorage=20,
        MasterUsername="leeward",
        MasterUserPassword="not-a-secret",
        BackupRetentionPeriod=1,
    )["DBInstance"]
    west.create_db_instance_read_replica(
        DBInstanceIdentifier="orders-west", SourceDBInstanceIdentifier=primary["DBInstanceArn"]
    )
    return east, west


def shown(client: object, name: str) -> dict:
    return client.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]


def test_a_cross_region_replica_is_described_as_one(world: World) -> None:
    east, west = make_pair(world)
    primary, replica = shown(east, "orders"), shown(west, "orders-west")
    assert primary["ReadReplicaDBInstanceIdentifiers"] == [replica["DBInstanceArn"]]
    assert replica["ReadReplicaSourceDBInstanceIdentifier"] == primary["DBInstanceArn"]
    assert replica["DBInstanceArn"].split(":")[3] == WEST
    assert WEST in replica["Endpoint"]["Address"]
    assert replica["BackupRetentionPeriod"] == 0
    assert replica["Engine"] == "postgres"
    assert replica["DbiResourceId"] != primary["DbiResourceId"]
    assert replica["StatusInfos"] == [
        {"StatusType": "read replication", "Normal": True, "Status": "replicating"}
    ]
    assert "StatusInfos" not in primary or primary["StatusInfos"] == []


def test_replication_is_in_error_while_the_source_region_is_silent(world: World) -> None:
    _, west = make_pair(world)
    world.dead.add(EAST)
    info = shown(west, "orders-west")["StatusInfos"][0]
    assert info["Normal"] is False
    assert info["Status"] == "error"
    assert EAST in info["Message"]


def test_the_endpoint_is_the_real_engine_s(world: World) -> None:
    _, west = make_pair(world)
    world.hooks.rds_endpoint = lambda region, name: ("127.2.0.1", 5433) if region == WEST else None
    endpoint = shown(west, "orders-west")["Endpoint"]
    assert (endpoint["Address"], endpoint["Port"]) == ("127.2.0.1", 5433)


def test_a_promotion_passes_through_its_states_and_clears_the_source(world: World) -> None:
    promoted: list[tuple[str, str]] = []
    east, west = make_pair(world)
    world.hooks.on_promote = lambda region, name: promoted.append((region, name))
    world.slow()
    answer = west.promote_read_replica(DBInstanceIdentifier="orders-west", BackupRetentionPeriod=7)
    assert answer["DBInstance"]["DBInstanceStatus"] == "available"
    seen = []
    while "ReadReplicaSourceDBInstanceIdentifier" in shown(west, "orders-west"):
        seen.append(shown(west, "orders-west")["DBInstanceStatus"])
        assert (promoted == []) == (seen[-1] == "available")
        assert world.step() == 1
    assert seen == ["available", "modifying", "rebooting"]
    assert promoted == [(WEST, "orders-west")]
    end = shown(west, "orders-west")
    assert (end["DBInstanceStatus"], end["BackupRetentionPeriod"]) == ("available", 7)
    assert shown(east, "orders")["ReadReplicaDBInstanceIdentifiers"] == []


def test_a_promotion_is_refused_with_the_documented_errors(world: World) -> None:
    east, west = make_pair(world)
    with pytest.raises(ClientError) as unknown:
        west.promote_read_replica(DBInstanceIdentifier="nobody")
    assert error_code(unknown) == "DBInstanceNotFound"
    with pytest.raises(ClientError) as primary:
        east.promote_read_replica(DBInstanceIdentifier="orders")
    assert error_code(primary) == "InvalidDBInstanceState"
    assert message(primary) == "DB Instance is not a read replica"
    with pytest.raises(ClientError) as days:
        west.promote_read_replica(DBInstanceIdentifier="orders-west", BackupRetentionPeriod=99)
    assert error_code(days) == "InvalidParameterValue"


def test_a_repeat_is_refused_while_in_progress_and_after(world: World) -> None:
    _, west = make_pair(world)
    world.slow()
    west.promote_read_replica(DBInstanceIdentifier="orders-west")
    for _ in range(3):
        with pytest.raises(ClientError) as during:
            west.promote_read_replica(DBInstanceIdentifier="orders-west")
        assert error_code(during) == "InvalidDBInstanceState"
        world.step()
    with pytest.raises(ClientError) as after:
        west.promote_read_replica(DBInstanceIdentifier="orders-west")
    assert message(after) == "DB Instance is not a read replica"


def test_a_repeat_in_progress_can_be_let_through_and_promotes_once(world: World) -> None:
    promoted: list[str] = []
    _, west = make_pair(world)
    world.hooks.on_promote = lambda region, name: promoted.append(name)
    world.timings.rds_refuse_repeat_in_progress = False
    world.slow()
    for _ in range(3):
        west.promote_read_replica(DBInstanceIdentifier="orders-west")
        world.step()
    assert "ReadReplicaSourceDBInstanceIdentifier" not in shown(west, "orders-west")
    assert promoted == ["orders-west"]


def test_an_instance_that_is_not_available_is_not_promoted(world: World) -> None:
    world.timings.rds_create_replica = 60.0
    _, west = make_pair(world)
    assert shown(west, "orders-west")["DBInstanceStatus"] == "creating"
    with pytest.raises(ClientError) as creating:
        west.promote_read_replica(DBInstanceIdentifier="orders-west")
    assert error_code(creating) == "InvalidDBInstanceState"


def test_a_silent_source_keeps_listing_the_replica_until_it_is_back(world: World) -> None:
    east, west = make_pair(world)
    world.dead.add(EAST)
    west.promote_read_replica(DBInstanceIdentifier="orders-west")
    eventually(
        lambda: "ReadReplicaSourceDBInstanceIdentifier" not in shown(west, "orders-west"),
        "the promotion",
    )
    assert len(shown(east, "orders")["ReadReplicaDBInstanceIdentifiers"]) == 1
    world.dead.clear()
    eventually(
        lambda: shown(east, "orders")["ReadReplicaDBInstanceIdentifiers"] == [],
        "the source to lose its replica",
    )


def test_a_promotion_that_the_engine_refuses_leaves_a_replica(world: World) -> None:
    _, west = make_pair(world)
    calls: list[str] = []

    def refuse(region: str, name: str) -> None:
        calls.append(name)
        raise RuntimeError("the engine did not promote")

    world.hooks.on_promote = refuse
    west.promote_read_replica(DBInstanceIdentifier="orders-west")
    eventually(lambda: calls, "the engine to be asked")
    eventually(
        lambda: shown(west, "orders-west")["DBInstanceStatus"] == "available", "the end of it"
    )
    assert "ReadReplicaSourceDBInstanceIdentifier" in shown(west, "orders-west")


def test_a_backup_can_follow_the_promotion(world: World) -> None:
    world.slow()
    world.timings.rds_promote_backing_up = AN_HOUR
    _, west = make_pair(world)
    west.promote_read_replica(DBInstanceIdentifier="orders-west")
    for _ in range(3):
        world.step()
    assert shown(west, "orders-west")["DBInstanceStatus"] == "backing-up"
    world.step()
    assert shown(west, "orders-west")["DBInstanceStatus"] == "available"


def test_the_way_back_a_replica_of_the_promoted_instance(world: World) -> None:
    east, west = make_pair(world)
    west.promote_read_replica(DBInstanceIdentifier="orders-west")
    eventually(
        lambda: "ReadReplicaSourceDBInstanceIdentifier" not in shown(west, "orders-west"),
        "the promotion",
    )
    east.create_db_instance_read_replica(
        DBInstanceIdentifier="orders-back",
        SourceDBInstanceIdentifier=shown(west, "orders-west")["DBInstanceArn"],
    )
    back = shown(east, "orders-back")
    assert back["ReadReplicaSourceDBInstanceIdentifier"].split(":")[3] == WEST
    with pytest.raises(ClientError) as again:
        east.create_db_instance_read_replica(
            DBInstanceIdentifier="orders-back",
            SourceDBInstanceIdentifier=shown(west, "orders-west")["DBInstanceArn"],
        )
    assert error_code(again) == "DBInstanceAlreadyExists"


def test_stop_and_start_pass_through_their_states(world: World) -> None:
    rds = world.client("rds", WEST)
    rds.create_db_instance(
        DBInstanceIdentifier="lonely",
        DBInstanceClass="db.t3.micro",
        Engine="postgres",
        AllocatedStorage=20,
        MasterUsername="leeward",
        MasterUserPassword="not-a-secret",
    )
    world.slow()
    answer = rds.stop_db_instance(DBInstanceIdentifier="lonely")
    assert answer["DBInstance"]["DBInstanceStatus"] == "stopping"
    with pytest.raises(ClientError) as twice:
        rds.stop_db_instance(DBInstanceIdentifier="lonely")
    assert error_code(twice) == "InvalidDBInstanceState"
    world.step()
    assert shown(rds, "lonely")["DBInstanceStatus"] == "stopped"
    answer = rds.start_db_instance(DBInstanceIdentifier="lonely")
    assert answer["DBInstance"]["DBInstanceStatus"] == "starting"
    world.step()
    assert shown(rds, "lonely")["DBInstanceStatus"] == "available"
    with pytest.raises(ClientError) as running:
        rds.start_db_instance(DBInstanceIdentifier="lonely")
    assert error_code(running) == "InvalidDBInstanceState"


def test_a_source_with_replicas_cannot_be_stopped(world: World) -> None:
    east, west = make_pair(world)
    for client, name in ((east, "orders"), (west, "orders-west")):
        with pytest.raises(ClientError) as refused:
            client.stop_db_instance(DBInstanceIdentifier=name)
        assert error_code(refused) == "InvalidDBInstanceState"
