"""DynamoDB: queries of one partition among many."""

from __future__ import annotations

from typing import Any

import pytest
from moto.dynamodb.models.table import Table
from services_support import EAST, World

PARTITIONS, ITEMS = 30, 7


@pytest.fixture
def table(world: World) -> Any:
    client = world.client("dynamodb", EAST)
    client.create_table(
        TableName="state",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "kind")
        ],
        KeySchema=[
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by-kind",
                "KeySchema": [{"AttributeName": "kind", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )
    for partition in range(PARTITIONS):
        for item in range(ITEMS):
            prefix = "J" if item < 5 else "OUT"
            client.put_item(
                TableName="state",
                Item={
                    "pk": {"S": f"G#{partition}"},
                    "sk": {"S": f"{prefix}#{item}"},
                    "kind": {"S": prefix},
                },
            )
    return client


def query(client: Any, partition: str, **more: Any) -> list[str]:
    """The sort keys that a query of a partition answers, over all of its pages."""
    more = {
        "KeyConditionExpression": "pk = :p",
        "ExpressionAttributeValues": {":p": {"S": partition}},
        **more,
    }
    pages = client.get_paginator("query").paginate(TableName="state", **more)
    return [item["sk"]["S"] for page in pages for item in page["Items"]]


def test_a_query_answers_its_partition_in_order_and_in_pages(table: Any) -> None:
    whole = ["J#0", "J#1", "J#2", "J#3", "J#4", "OUT#5", "OUT#6"]
    assert query(table, "G#3") == whole
    assert query(table, "G#3", Limit=2) == whole
    assert query(table, "G#3", ScanIndexForward=False, Limit=3) == whole[::-1]
    assert query(table, "G#none") == []
    journal = {
        "KeyConditionExpression": "pk = :p AND begins_with(sk, :s)",
        "ExpressionAttributeValues": {":p": {"S": "G#3"}, ":s": {"S": "J#"}},
    }
    assert query(table, "G#3", **journal) == whole[:5]


def test_an_index_and_a_scan_read_everything_after_a_query_too(table: Any) -> None:
    query(table, "G#3")
    index = {
        "IndexName": "by-kind",
        "KeyConditionExpression": "kind = :k",
        "ExpressionAttributeValues": {":k": {"S": "OUT"}},
    }
    assert len(query(table, "", **index)) == PARTITIONS * 2
    pages = table.get_paginator("scan").paginate(TableName="state")
    assert sum(len(page["Items"]) for page in pages) == PARTITIONS * ITEMS


def test_a_query_looks_at_no_item_of_another_partition(
    table: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    narrowed = Table.all_items

    def all_items(self: Table) -> list:
        found = narrowed(self)
        read.append(len(found))
        return found

    monkeypatch.setattr(Table, "all_items", all_items)
    query(table, "G#3")
    assert set(read) == {ITEMS}
