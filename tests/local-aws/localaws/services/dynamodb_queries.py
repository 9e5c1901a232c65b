"""DynamoDB: a query reads its own partition.

moto reads and sorts the whole table for every query, so that a query costs what all others have
written. DynamoDB reads one partition; with the thousands of items of a storm that is the difference
between a rehearsal of Leeward and one of moto.
"""

from __future__ import annotations

import inspect
import threading
from typing import Any

from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import Table

from .runtime import Runtime


class _Read(threading.local):
    """The partition that this thread's query reads; None: it reads all."""

    partition: DynamoType | None = None


def install(runtime: Runtime) -> None:
    """Puts this part on moto."""
    read = _Read()

    def all_items(table: Table) -> list[Item]:
        if read.partition is None:
            return whole(table)
        return list(table.items.get(read.partition, {}).values())

    def query(*args: Any, **options: Any) -> Any:
        given = parameters.bind(*args, **options).arguments
        table, key, index = given["self"], given["hash_key"], given.get("index_name")
        # An index is read by other keys, and without a range key a partition is one item.
        if key is None or index or not table.range_key_attr:
            return original(*args, **options)
        read.partition = key
        try:
            return original(*args, **options)
        finally:
            read.partition = None

    whole = runtime.patches.set(Table, "all_items", all_items)
    parameters = inspect.signature(Table.query)
    original = runtime.patches.set(Table, "query", query)
