"""Events that AWS's services tell of themselves, in their documented shapes."""

import time
import uuid

from localaws import ACCOUNT
from localaws import clock as clocks

HEALTH_BACKUP = "us-west-2"
"""AWS Health delivers every event to a second Region too, lest it be lost with the first."""

RDS_EVENTS = {
    "RDS-EVENT-0013": ("failover", "Multi-AZ instance failover started."),
    "RDS-EVENT-0049": ("failover", "Multi-AZ instance failover completed"),
    "RDS-EVENT-0006": ("availability", "DB instance restarted"),
    "RDS-EVENT-0004": ("availability", "DB instance shutdown"),
    "RDS-EVENT-0031": ("failure", "The DB instance has failed due to an incompatible configuration "
                       "or an underlying storage issue. Begin a point-in-time-restore for the DB "
                       "instance."),
    "RDS-EVENT-0045": ("read replica", "Replication has stopped."),
    "RDS-EVENT-0046": ("read replica", "Replication for the Read Replica resumed"),
    "RDS-EVENT-0089": ("low storage", "The free storage capacity for DB instance is low."),
}  # fmt: skip
"""Some of RDS's events: category and message ("Amazon RDS event categories and event messages")."""


class Notices:
    """Tells on the buses what AWS Health and RDS would tell."""

    def __init__(self, buses, clock):
        self._buses = buses
        self._clock = clock

    def health(self, region, service="EC2", status="open", description="", event_arn="",
               category="issue", code=""):  # fmt: skip
        """A public AWS Health event about a Region: told there, and in the backup Region. Answers its
        ARN, by which a later one updates or closes it."""
        code = code or f"AWS_{service}_OPERATIONAL_ISSUE"
        arn = event_arn or f"arn:aws:health:{region}::event/{service}/{code}/{code}_{uuid.uuid4().hex}"
        now = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(self._clock.now(region)))
        words = description or (
            f"We are investigating increased error rates in the {region.upper()} Region."
        )
        detail = {
            "eventArn": arn,
            "service": service,
            "eventTypeCode": code,
            "eventTypeCategory": category,
            "eventScopeCode": "PUBLIC",
            "communicationId": uuid.uuid4().hex,
            "startTime": now,
            "lastUpdatedTime": now,
            "statusCode": status,
            "eventRegion": region,
            "eventDescription": [{"language": "en_US", "latestDescription": words}],
            "page": "1",
            "totalPages": "1",
            "affectedAccount": ACCOUNT,
        }
        for bus in sorted({region, HEALTH_BACKUP}):
            self._buses.emit(bus, "aws.health", "AWS Health Event", detail)
        return arn

    def rds(self, region, instance, event, message=""):
        """An event of a DB instance, by its id such as `RDS-EVENT-0045`; answers it, or None when the
        Region is not heard."""
        if event not in RDS_EVENTS:
            raise ValueError(f"{event} is not known here; there are {', '.join(RDS_EVENTS)}")
        category, words = RDS_EVENTS[event]
        arn = f"arn:aws:rds:{region}:{ACCOUNT}:db:{instance}"
        detail = {
            "EventCategories": [category],
            "SourceType": "DB_INSTANCE",
            "SourceArn": arn,
            "Date": clocks.iso(self._clock.now(region), milliseconds=True),
            "Message": message or words,
            "SourceIdentifier": instance,
            "EventID": event,
        }
        return self._buses.emit(region, "aws.rds", "RDS DB Instance Event", detail, [arn])
