"""Deploying a template to the local AWS, as `sam deploy` does it to the real one."""

import json
import logging
from dataclasses import dataclass, field

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from localaws import ACCOUNT, cfn, template
from localaws.template import TemplateError

LOG = logging.getLogger("localaws.deploy")


@dataclass
class Stack:
    """A deployed stack: its outputs, and the physical name of each logical one."""

    name: str
    region: str
    outputs: dict = field(default_factory=dict)
    resources: dict = field(default_factory=dict)

    def __getitem__(self, logical_name):
        return self.resources[logical_name]


def deploy(template_path, stack_name, region, parameters=None, base_url=None, tags=None):
    """Creates the stack, or updates it when it exists. Answers a Stack.

    Raises TemplateError, naming everything that AWS would refuse and every resource type that
    the local AWS would have to leave out: nothing is skipped in silence.
    """
    parameters = {name: str(value) for name, value in (parameters or {}).items()}
    made = template.to_cloudformation(template_path, region, parameters)
    template.check(made, region, parameters, ACCOUNT)
    made.pop("Rules", None)
    # moto takes the default of a list as one text; given as a value it becomes a list.
    declared = made.get("Parameters") or {}
    parameters = {**{name: spec["Default"] for name, spec in declared.items()
                     if spec["Type"] == "CommaDelimitedList" and "Default" in spec}, **parameters}
    missing = cfn.unsupported(made)
    if missing:
        listed = "; ".join(f"{kind} ({', '.join(names)})" for kind, names in missing.items())
        raise TemplateError(f"{template_path}: the local AWS has no model for: {listed}")
    client = _client("cloudformation", region, base_url)
    request = {
        "StackName": stack_name,
        "TemplateBody": json.dumps(made),
        "Parameters": [{"ParameterKey": n, "ParameterValue": v} for n, v in parameters.items()],
        "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
        "Tags": [{"Key": name, "Value": value} for name, value in (tags or {}).items()],
    }
    try:
        if _exists(client, stack_name):
            client.update_stack(**request)
        else:
            client.create_stack(**request)
    except ClientError as error:
        raise TemplateError(f"{template_path}: not deployed to {region}: {error}") from error
    return _describe(client, stack_name, region)


def _exists(client, name):
    try:
        return bool(client.describe_stacks(StackName=name)["Stacks"])
    except ClientError:
        return False


def _describe(client, name, region):
    stack = client.describe_stacks(StackName=name)["Stacks"][0]
    status = stack["StackStatus"]
    if status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        raise TemplateError(f"stack {name} in {region} ended as {status}")
    outputs = {o["OutputKey"]: o.get("OutputValue") for o in stack.get("Outputs", [])}
    pages = client.get_paginator("list_stack_resources").paginate(StackName=name)
    resources = {
        summary["LogicalResourceId"]: summary.get("PhysicalResourceId")
        for page in pages
        for summary in page["StackResourceSummaries"]
        if summary["LogicalResourceId"]  # moto lists what a condition leaves out, nameless
    }
    return Stack(name, region, outputs, resources)


def _client(service, region, base_url):
    return boto3.session.Session().client(
        service,
        region_name=region,
        endpoint_url=base_url,
        aws_access_key_id="deployer",
        aws_secret_access_key="local",
        config=Config(retries={"max_attempts": 0}, read_timeout=300),
    )
