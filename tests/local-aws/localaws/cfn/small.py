"""Small resources: kept where moto has a place for them."""

import json

from moto.iam.models import iam_backends
from moto.logs.models import logs_backends

from localaws import ACCOUNT
from localaws.cfn.model import Made, model


def _role_policy(name, properties, region):
    document = properties["PolicyDocument"]
    text = document if isinstance(document, str) else json.dumps(document)
    role, policy = properties["RoleName"], properties["PolicyName"]
    backend = iam_backends[ACCOUNT]["aws"]
    backend.put_role_policy(role, policy, text)
    return Made(policy, remove=lambda: backend.delete_role_policy(role, policy))


def _metric_filter(name, properties, region):
    backend = logs_backends[ACCOUNT][region]
    group = properties["LogGroupName"]
    transformations = [
        {
            "metricName": item["MetricName"],
            "metricNamespace": item["MetricNamespace"],
            "metricValue": str(item["MetricValue"]),
        }
        for item in properties["MetricTransformations"]
    ]
    backend.put_metric_filter(name, properties.get("FilterPattern", ""), group, transformations)
    return Made(name, remove=lambda: backend.delete_metric_filter(name, group))


model("AWS::IAM::RolePolicy", _role_policy)
model("AWS::Logs::MetricFilter", _metric_filter, "FilterName")
