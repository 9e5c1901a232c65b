"""ECS services and Lambda's switches."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest
from botocore.exceptions import ClientError
from services_support import WEST, World, error_code, eventually


@pytest.fixture
def ecs(world: World) -> Any:
    """A cluster with the service `web` and two tasks wanted."""
    client = world.client("ecs", WEST)
    client.create_cluster(clusterName="orders")
    client.register_task_definition(
        family="web", containerDefinitions=[{"name": "web", "image": "web", "memory": 64}]
    )
    client.create_service(
        cluster="orders", serviceName="web", taskDefinition="web", desiredCount=2
    )
    return client


def service(client: Any) -> dict:
    return client.describe_services(cluster="orders", services=["web"])["services"][0]


def counts(client: Any) -> tuple[int, int, int]:
    now = service(client)
    return now["desiredCount"], now["runningCount"], now["pendingCount"]


def test_running_tasks_follow_the_desired_count(world: World, ecs: Any) -> None:
    told: list[tuple] = []
    world.hooks.on_ecs_running = lambda *what: told.append(what)
    eventually(lambda: counts(ecs) == (2, 2, 0), "two tasks")
    world.slow()
    answer = ecs.update_service(cluster="orders", service="web", desiredCount=5)["service"]
    assert (answer["desiredCount"], answer["runningCount"], answer["pendingCount"]) == (5, 2, 3)
    assert answer["deployments"][0]["rolloutState"] == "IN_PROGRESS"
    world.step()
    assert counts(ecs) == (5, 5, 0)
    assert service(ecs)["deployments"][0]["rolloutState"] == "COMPLETED"
    assert ecs.describe_clusters(clusters=["orders"])["clusters"][0]["runningTasksCount"] == 5
    ecs.update_service(cluster="orders", service="web", desiredCount=0)
    world.step()
    assert counts(ecs) == (0, 0, 0)
    assert ecs.describe_clusters(clusters=["orders"])["clusters"][0]["runningTasksCount"] == 0
    assert told[-1] == (WEST, "orders", "web", 0)


def test_an_update_of_something_else_leaves_the_tasks(world: World, ecs: Any) -> None:
    eventually(lambda: counts(ecs) == (2, 2, 0), "two tasks")
    ecs.update_service(cluster="orders", service="web", forceNewDeployment=True)
    assert counts(ecs) == (2, 2, 0)
    assert ecs.describe_clusters(clusters=["orders"])["clusters"][0]["runningTasksCount"] == 2


def test_tasks_wait_for_capacity(world: World, ecs: Any) -> None:
    eventually(lambda: counts(ecs) == (2, 2, 0), "two tasks")
    lacking = True
    asked: list[str] = []

    def insufficient(region: str, name: str) -> bool:
        asked.append(name)
        return lacking

    world.hooks.insufficient_capacity = insufficient
    ecs.update_service(cluster="orders", service="web", desiredCount=3)
    eventually(lambda: asked, "an attempt")
    assert counts(ecs) == (3, 2, 1)
    lacking = False
    eventually(lambda: counts(ecs) == (3, 3, 0), "three tasks")


def test_an_unknown_service_is_refused(world: World, ecs: Any) -> None:
    with pytest.raises(ClientError) as unknown:
        ecs.update_service(cluster="orders", service="none", desiredCount=1)
    assert error_code(unknown) == "ServiceNotFoundException"


@pytest.fixture
def function(world: World) -> Any:
    """A Lambda client with the function `consumer`."""
    iam = world.client("iam")
    role = iam.create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps({}))["Role"]["Arn"]
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("bootstrap", "")
    client = world.client("lambda", WEST)
    client.create_function(
        FunctionName="consumer",
        Runtime="provided.al2023",
        Role=role,
        Handler="bootstrap",
        Code={"ZipFile": archive.getvalue()},
    )
    return client


def test_reserved_concurrency_down_to_nothing(world: World, function: Any) -> None:
    assert "ReservedConcurrentExecutions" not in function.get_function_concurrency(
        FunctionName="consumer"
    )
    function.put_function_concurrency(FunctionName="consumer", ReservedConcurrentExecutions=0)
    found = function.get_function_concurrency(FunctionName="consumer")
    assert found["ReservedConcurrentExecutions"] == 0
    whole = function.get_function(FunctionName="consumer")
    assert whole["Concurrency"] == {"ReservedConcurrentExecutions": 0}
    function.delete_function_concurrency(FunctionName="consumer")
    assert "ReservedConcurrentExecutions" not in function.get_function_concurrency(
        FunctionName="consumer"
    )
    with pytest.raises(ClientError) as unknown:
        function.put_function_concurrency(FunctionName="none", ReservedConcurrentExecutions=0)
    assert error_code(unknown) == "ResourceNotFoundException"


def test_an_event_source_mapping_takes_time_to_turn(world: World, function: Any) -> None:
    sqs = world.client("sqs", WEST)
    url = sqs.create_queue(QueueName="orders")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    world.slow()
    mapping = function.create_event_source_mapping(
        EventSourceArn=arn["QueueArn"], FunctionName="consumer", Enabled=False
    )
    uuid = mapping["UUID"]
    assert mapping["State"] == "Creating"

    def state() -> str:
        return function.get_event_source_mapping(UUID=uuid)["State"]

    assert state() == "Creating"
    world.step()
    assert state() == "Disabled"
    assert function.update_event_source_mapping(UUID=uuid, Enabled=True)["State"] == "Enabling"
    with pytest.raises(ClientError) as busy:
        function.update_event_source_mapping(UUID=uuid, Enabled=False)
    assert error_code(busy) == "ResourceInUseException"
    world.step()
    assert state() == "Enabled"
    assert function.update_event_source_mapping(UUID=uuid, Enabled=False)["State"] == "Disabling"
    world.step()
    assert state() == "Disabled"
    for call in (function.update_event_source_mapping, function.get_event_source_mapping):
        with pytest.raises(ClientError) as unknown:
            call(UUID="00000000-0000-0000-0000-000000000000")
        assert error_code(unknown) == "ResourceNotFoundException"
