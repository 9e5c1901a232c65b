"""Step Functions: versions, aliases, and the substitutions in a definition that moto leaves.

An execution started by an alias or a version runs the machine's present definition: here there
is no traffic to split, and a deploy does not happen in the middle of a recovery.
"""

import hashlib
import json
import re

from moto.stepfunctions.models import StateMachine
from moto.stepfunctions.parser.models import (
    StepFunctionsParserBackend,
    stepfunctions_parser_backends,
)

from localaws import ACCOUNT
from localaws.cfn.model import Made, model

_PLACE = re.compile(r"\$\{([A-Za-z0-9_]+)\}")


def install(patches):
    """State machines take their definition as CloudFormation gives it."""
    create = StateMachine.create_from_cloudformation_json.__func__
    update = StateMachine.update_from_cloudformation_json.__func__
    attribute = StateMachine.get_cfn_attribute

    def created(cls, resource_name, cloudformation_json, account_id, region_name, **kwargs):
        _fill_in(cloudformation_json["Properties"])
        return create(cls, resource_name, cloudformation_json, account_id, region_name, **kwargs)

    def updated(cls, original_resource, new_resource_name, cloudformation_json, account_id,
                region_name):  # fmt: skip
        _fill_in(cloudformation_json["Properties"])
        return update(
            cls, original_resource, new_resource_name, cloudformation_json, account_id, region_name
        )

    def get_cfn_attribute(machine, name):
        if name == "StateMachineRevisionId":
            return hashlib.sha256(machine.definition.encode()).hexdigest()[:32]
        return machine.arn if name == "Arn" else attribute(machine, name)

    patches.set(StateMachine, "create_from_cloudformation_json", classmethod(created))
    patches.set(StateMachine, "update_from_cloudformation_json", classmethod(updated))
    patches.set(StateMachine, "get_cfn_attribute", get_cfn_attribute)
    start = StepFunctionsParserBackend.start_execution

    def start_execution(backend, state_machine_arn, *arguments, **options):
        machine = ":".join(state_machine_arn.split(":")[:7])
        return start(backend, machine, *arguments, **options)

    patches.set(StepFunctionsParserBackend, "start_execution", start_execution)


def _fill_in(properties):
    text = properties.get("DefinitionString")
    if text is None:
        text = json.dumps(properties.get("Definition") or {})
    values = properties.get("DefinitionSubstitutions") or {}
    properties["DefinitionString"] = _PLACE.sub(
        lambda found: str(values.get(found.group(1), found.group(0))), text
    )


def _version(name, properties, region):
    backend = stepfunctions_parser_backends[ACCOUNT][region]
    machine = backend.describe_state_machine(properties["StateMachineArn"])
    machine.publish(properties.get("Description"))
    arn = machine.latest_version.arn
    return Made(arn, {"Arn": arn})


def _alias(name, properties, region):
    backend = stepfunctions_parser_backends[ACCOUNT][region]
    preference = properties.get("DeploymentPreference") or {}
    routing = [
        {"stateMachineVersionArn": item["StateMachineVersionArn"], "weight": int(item["Weight"])}
        for item in properties.get("RoutingConfiguration") or []
    ] or [{"stateMachineVersionArn": preference.get("StateMachineVersionArn"), "weight": 100}]
    name = properties.get("Name") or name
    alias = backend.create_state_machine_alias(name, routing, properties.get("Description"))
    return Made(alias.arn, {"Arn": alias.arn}, lambda: backend.delete_state_machine_alias(alias.arn))


model("AWS::StepFunctions::StateMachineVersion", _version)
model("AWS::StepFunctions::StateMachineAlias", _alias)
