"""Aurora global databases: failover and switchover."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from services_support import EAST, WEST, World, error_code


@pytest.fixture
def pair(world: World) -> tuple[World, str, str]:
    """A global cluster `catalog` with its primary in us-east-1; the ARNs of both members."""
    world.slow()
    east, west = world.client("rds", EAST), world.client("rds", WEST)
    common = {
        "Engine": "aurora-postgresql",
        "MasterUsername": "leeward",
        "MasterUserPassword": "not-a-secret",
    }
    first = east.create_db_cluster(DBClusterIdentifier="catalog-east", **common)["DBCluster"]
    east.create_global_cluster(
        GlobalClusterIdentifier="catalog", SourceDBClusterIdentifier=first["DBClusterArn"]
    )
    second = west.create_db_cluster(
        DBClusterIdentifier="catalog-west",
        GlobalClusterIdentifier="catalog",
        Engine="aurora-postgresql",
    )["DBCluster"]
    return world, first["DBClusterArn"], second["DBClusterArn"]


def shown(world: World) -> dict:
    rds = world.client("rds", WEST)
    return rds.describe_global_clusters(GlobalClusterIdentifier="catalog")["GlobalClusters"][0]


def writer(world: World) -> str:
    members = shown(world)["GlobalClusterMembers"]
    (found,) = [m["DBClusterArn"] for m in members if m["IsWriter"]]
    return found


def run(world: World, end: str) -> list[str]:
    """Follows a failover to its end; the statuses that were seen."""
    seen: list[str] = []
    while state := (shown(world).get("FailoverState") or {}).get("Status"):
        seen.append(state)
        assert writer(world) != end, "the roles flip only at the end"
        assert world.step() == 1
    assert writer(world) == end
    return seen


def test_the_founder_is_the_writer(pair: tuple[World, str, str]) -> None:
    world, east, _ = pair
    assert writer(world) == east
    assert not shown(world).get("FailoverState")


def test_failover_with_loss_works_while_the_primary_is_silent(
    pair: tuple[World, str, str],
) -> None:
    world, east, west = pair
    told: list[tuple[str, str, str, bool]] = []
    world.hooks.on_global_failover = lambda *what: told.append(what)
    world.dead.add(EAST)
    answer = world.client("rds", WEST).failover_global_cluster(
        GlobalClusterIdentifier="catalog", TargetDbClusterIdentifier=west, AllowDataLoss=True
    )["GlobalCluster"]
    assert answer["FailoverState"] == {
        "Status": "pending",
        "FromDbClusterArn": east,
        "ToDbClusterArn": west,
        "IsDataLossAllowed": True,
    }
    assert answer["Status"] == "failing-over"
    assert run(world, west) == ["pending", "failing-over"]
    assert writer(world) == west
    assert told == [("catalog", east, west, True)]
    members = shown(world)["GlobalClusterMembers"]
    sync = {m["DBClusterArn"]: m["SynchronizationStatus"] for m in members}
    assert sync == {east: "pending-resync", west: "connected"}


def test_switchover_and_back(pair: tuple[World, str, str]) -> None:
    world, east, west = pair
    rds = world.client("rds", WEST)
    rds.switchover_global_cluster(
        GlobalClusterIdentifier="catalog", TargetDbClusterIdentifier=west
    )
    assert run(world, west) == ["pending", "switching-over"]
    rds.failover_global_cluster(
        GlobalClusterIdentifier="catalog", TargetDbClusterIdentifier=east, Switchover=True
    )
    assert run(world, east) == ["pending", "switching-over"]
    assert shown(world)["Status"] == "available"


def test_switchover_needs_the_primary(pair: tuple[World, str, str]) -> None:
    world, _, west = pair
    world.dead.add(EAST)
    with pytest.raises(ClientError) as refused:
        world.client("rds", WEST).switchover_global_cluster(
            GlobalClusterIdentifier="catalog", TargetDbClusterIdentifier=west
        )
    assert error_code(refused) == "InvalidGlobalClusterStateFault"


def test_a_switchover_whose_primary_dies_is_cancelled(pair: tuple[World, str, str]) -> None:
    world, east, west = pair
    world.client("rds", WEST).switchover_global_cluster(
        GlobalClusterIdentifier="catalog", TargetDbClusterIdentifier=west
    )
    world.dead.add(EAST)
    world.step()
    assert shown(world)["FailoverState"]["Status"] == "cancelling"
    world.step()
    assert not shown(world).get("FailoverState")
    assert writer(world) == east


def test_refusals(pair: tuple[World, str, str]) -> None:
    world, east, west = pair
    rds = world.client("rds", WEST)

    def failover(**changed: object) -> str:
        asked = {
            "GlobalClusterIdentifier": "catalog",
            "TargetDbClusterIdentifier": west,
            "AllowDataLoss": True,
            **changed,
        }
        with pytest.raises(ClientError) as refused:
            rds.failover_global_cluster(**asked)
        return error_code(refused)

    assert failover(GlobalClusterIdentifier="none") == "GlobalClusterNotFoundFault"
    assert failover(TargetDbClusterIdentifier=west + "x") == "DBClusterNotFoundFault"
    assert failover(TargetDbClusterIdentifier=east) == "InvalidDBClusterStateFault"
    assert failover(Switchover=True) == "InvalidParameterCombination"
    rds.failover_global_cluster(
        GlobalClusterIdentifier="catalog", TargetDbClusterIdentifier=west, AllowDataLoss=True
    )
    assert failover() == "InvalidGlobalClusterStateFault"
    run(world, west)


def test_describing_an_unknown_global_cluster(world: World) -> None:
    with pytest.raises(ClientError) as unknown:
        world.client("rds").describe_global_clusters(GlobalClusterIdentifier="none")
    assert error_code(unknown) == "GlobalClusterNotFoundFault"
