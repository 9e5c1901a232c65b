"""DynamoDB global tables: one table that all replica Regions see at the same instant.

That is what multi-Region strong consistency promises. A table with eventual consistency is
shown as such, so that whoever must refuse it can.
"""

from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.table import Table

from localaws import ACCOUNT
from localaws.cfn.model import Made, model


def install(patches):
    """A table of several Regions says so when it is described."""
    describe = Table.describe

    def described(table, *arguments, **options):
        shown = describe(table, *arguments, **options)
        facts = getattr(table, "localaws_global", None)
        if facts:
            (shown.get("TableDescription") or shown.get("Table") or shown).update(facts)
        return shown

    patches.set(Table, "describe", described)


def _global_table(name, properties, region):
    replicas = properties.get("Replicas") or [{"Region": region}]
    regions = [replica["Region"] for replica in replicas]
    if region not in regions:
        raise ValueError(f"{name}: Replicas must name the Region of the stack, {region}")
    own = next(replica for replica in replicas if replica["Region"] == region)
    table = dynamodb_backends[ACCOUNT][region].create_table(
        name=name,
        schema=properties["KeySchema"],
        throughput=None,
        attr=properties["AttributeDefinitions"],
        global_indexes=properties.get("GlobalSecondaryIndexes") or [],
        indexes=properties.get("LocalSecondaryIndexes") or [],
        streams=properties.get("StreamSpecification"),
        billing_mode=properties.get("BillingMode", "PAY_PER_REQUEST"),
        sse_specification=properties.get("SSESpecification"),
        tags=own.get("Tags") or [],
        deletion_protection_enabled=bool(own.get("DeletionProtectionEnabled", False)),
        warm_throughput=None,
    )
    recovery = own.get("PointInTimeRecoverySpecification") or {}
    if recovery.get("PointInTimeRecoveryEnabled"):
        dynamodb_backends[ACCOUNT][region].update_continuous_backups(name, recovery)
    others = [other for other in regions if other != region]
    for other in others:
        dynamodb_backends[ACCOUNT][other].tables[name] = table
    if others:
        table.localaws_global = _facts(properties, others)

    def remove():
        for place in regions:
            dynamodb_backends[ACCOUNT][place].tables.pop(name, None)

    return Made(name, {"Arn": table.table_arn, "TableId": table.table_id
                       if hasattr(table, "table_id") else name}, remove)  # fmt: skip


def _facts(properties, others):
    facts = {
        "GlobalTableVersion": "2019.11.21",
        "MultiRegionConsistency": properties.get("MultiRegionConsistency", "EVENTUAL"),
        "Replicas": [{"RegionName": other, "ReplicaStatus": "ACTIVE"} for other in others],
    }
    witnesses = properties.get("GlobalTableWitnesses") or []
    if witnesses:
        facts["GlobalTableWitnesses"] = [
            {"RegionName": witness["Region"], "WitnessStatus": "ACTIVE"} for witness in witnesses
        ]
    return facts


model("AWS::DynamoDB::GlobalTable", _global_table, "TableName")
