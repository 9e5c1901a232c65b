"""CloudWatch: suppressed composite alarms and mute rules."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from botocore.exceptions import ClientError
from services_support import World, eventually
from test_cloudwatch import alarm


def composite(client: Any, name: str) -> dict[str, Any]:
    found = client.describe_alarms(AlarmNames=[name], AlarmTypes=["CompositeAlarm"])
    return found["CompositeAlarms"][0]


def test_a_composite_alarm_says_by_what_its_actions_are_suppressed(world: World) -> None:
    client = world.client("cloudwatch")
    alarm(client, TreatMissingData="breaching")
    alarm(client, name="deploying", TreatMissingData="breaching")
    client.put_composite_alarm(
        AlarmName="both",
        AlarmRule='ALARM("api-5xx")',
        ActionsSuppressor="deploying",
        ActionsSuppressorWaitPeriod=120,
        ActionsSuppressorExtensionPeriod=180,
    )
    client.put_composite_alarm(AlarmName="free", AlarmRule='ALARM("api-5xx")')
    eventually(lambda: composite(client, "both")["StateValue"] == "ALARM", "the composite alarm")
    eventually(lambda: composite(client, "both").get("ActionsSuppressedBy") == "Alarm", "suppressed")
    shown = composite(client, "both")
    assert shown["ActionsEnabled"] is True and "deploying" in shown["ActionsSuppressedReason"]
    assert "ActionsSuppressedBy" not in composite(client, "free")


def test_a_mute_rule_is_active_for_its_alarms_in_its_window(world: World) -> None:
    client = world.client("cloudwatch")
    alarm(client)
    begins = datetime.now(timezone.utc) - timedelta(minutes=2)

    def put(name: str, at: datetime, **more: Any) -> None:
        schedule = {"Expression": f"at({at:%Y-%m-%dT%H:%M})", "Duration": "PT1H"}
        client.put_alarm_mute_rule(Name=name, Rule={"Schedule": schedule}, **more)

    put("now", begins, MuteTargets={"AlarmNames": ["api-5xx"]})
    put("later", begins + timedelta(hours=2), MuteTargets={"AlarmNames": ["api-5xx"]})
    put("other", begins, MuteTargets={"AlarmNames": ["another"]})

    def active(name: str) -> list[str]:
        found = client.list_alarm_mute_rules(AlarmName=name, Statuses=["ACTIVE"])
        return [rule["AlarmMuteRuleArn"] for rule in found["AlarmMuteRuleSummaries"]]

    assert [arn.rsplit(":", 1)[-1] for arn in active("api-5xx")] == ["now"]
    assert [arn.rsplit(":", 1)[-1] for arn in active("another")] == ["other"]
    client.delete_alarm_mute_rule(AlarmMuteRuleName="now")
    assert active("api-5xx") == []
    with pytest.raises(ClientError):
        client.delete_alarm_mute_rule(AlarmMuteRuleName="now")
