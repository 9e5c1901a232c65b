"""EventBridge Scheduler."""

from moto.scheduler.models import scheduler_backends

from localaws import ACCOUNT
from localaws.cfn.model import Made, model


def _schedule(name, properties, region):
    backend = scheduler_backends[ACCOUNT][region]
    group = properties.get("GroupName") or "default"
    made = backend.create_schedule(
        description=properties.get("Description"),
        end_date=properties.get("EndDate"),
        flexible_time_window=properties["FlexibleTimeWindow"],
        group_name=group,
        kms_key_arn=properties.get("KmsKeyArn"),
        name=name,
        schedule_expression=properties["ScheduleExpression"],
        schedule_expression_timezone=properties.get("ScheduleExpressionTimezone"),
        start_date=properties.get("StartDate"),
        state=properties.get("State"),
        target=properties["Target"],
        action_after_completion=properties.get("ActionAfterCompletion"),
    )
    return Made(name, {"Arn": made.arn}, lambda: backend.delete_schedule(group, name))


def _group(name, properties, region):
    backend = scheduler_backends[ACCOUNT][region]
    made = backend.create_schedule_group(name=name, tags=properties.get("Tags") or [])
    return Made(name, {"Arn": made.arn}, lambda: backend.delete_schedule_group(name))


model("AWS::Scheduler::Schedule", _schedule, "Name")
model("AWS::Scheduler::ScheduleGroup", _group, "Name")
