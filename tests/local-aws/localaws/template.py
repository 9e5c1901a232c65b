"""Reading a template: YAML with CloudFormation's short forms, SAM, parameters and rules."""

import json
import logging
import re
from pathlib import Path

import boto3
import yaml
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

LOG = logging.getLogger("localaws.template")


class TemplateError(Exception):
    """A template that AWS would refuse, or that the local AWS cannot honour; it lists all reasons."""


class _Loader(yaml.SafeLoader):
    """YAML with `!Ref`, `!Sub` and their like."""


def _short_form(loader, suffix, node):
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        if name == "Fn::GetAtt":
            value = value.split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    return {name: value}


_Loader.add_multi_constructor("!", _short_form)
_Loader.add_constructor(  # dates stay text, as CloudFormation reads `2012-10-17`
    "tag:yaml.org,2002:timestamp", lambda loader, node: loader.construct_scalar(node)
)


def load(path):
    """A template, or any other file in JSON or YAML."""
    text = Path(path).read_text(encoding="utf-8")
    return yaml.load(text, Loader=_Loader)  # noqa: S506 (a SafeLoader with CloudFormation's tags)


MANAGED_POLICIES = {
    "AWSLambdaBasicExecutionRole": "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
    "AWSLambdaVPCAccessExecutionRole": "arn:aws:iam::aws:policy/service-role/"
    "AWSLambdaVPCAccessExecutionRole",
    "AWSXRayDaemonWriteAccess": "arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess",
    "AWSXrayWriteOnlyAccess": "arn:aws:iam::aws:policy/AWSXrayWriteOnlyAccess",
    "AWSLambdaDynamoDBExecutionRole": "arn:aws:iam::aws:policy/service-role/"
    "AWSLambdaDynamoDBExecutionRole",
    "AWSLambdaSQSQueueExecutionRole": "arn:aws:iam::aws:policy/service-role/"
    "AWSLambdaSQSQueueExecutionRole",
}
"""The managed policies that a template may name without an ARN."""


def to_cloudformation(path, region, parameters):
    """The template at `path` as plain CloudFormation, with the functions' executables in Metadata."""
    template = load(path)
    binaries = _functions(template)
    _inline_machines(template, Path(path).parent)
    if template.get("Transform"):
        session = boto3.session.Session(region_name=region)
        values = {**_defaults(template), **parameters, "AWS::Region": region}
        translator = Translator(MANAGED_POLICIES, Parser(), boto_session=session)
        template = translator.translate(template, values)
    for name, binary in binaries.items():
        metadata = template["Resources"][name].setdefault("Metadata", {})
        metadata.setdefault("BuildProperties", {})["Binary"] = binary
    return template


def _defaults(template):
    declared = template.get("Parameters") or {}
    return {name: spec["Default"] for name, spec in declared.items() if "Default" in spec}


def _functions(template):
    """Takes the code out of each function (it is not uploaded) and says which binary it is."""
    found = {}
    shared = ((template.get("Globals") or {}).get("Function") or {}).pop("CodeUri", None)
    for name, resource in template.get("Resources", {}).items():
        properties = resource.get("Properties") or {}
        if resource["Type"] == "AWS::Serverless::Function":
            place = properties.pop("CodeUri", shared)
            properties["InlineCode"] = "local"
        elif resource["Type"] == "AWS::Lambda::Function":
            place = properties.get("Code")
            if not isinstance(place, str):
                continue
            properties["Code"] = {"ZipFile": "local"}
        else:
            continue
        named = ((resource.get("Metadata") or {}).get("BuildProperties") or {}).get("Binary")
        if named or isinstance(place, str):
            found[name] = named or Path(place).name
    return found


def _inline_machines(template, folder):
    """`DefinitionUri` names a file, as for `sam package`; its content goes in."""
    for resource in template.get("Resources", {}).values():
        properties = resource.get("Properties") or {}
        place = properties.get("DefinitionUri")
        if resource["Type"] == "AWS::Serverless::StateMachine" and isinstance(place, str):
            del properties["DefinitionUri"]
            properties["Definition"] = load(folder / place)


def check(template, region, parameters, account):
    """Parameters and `Rules`, which moto does not look at. Raises TemplateError with all reasons."""
    declared = template.get("Parameters") or {}
    problems = [f"{name}: no such parameter" for name in parameters if name not in declared]
    values = {**_defaults(template), **parameters}
    for name, spec in declared.items():
        if name not in values:
            problems.append(f"{name}: a value is needed")
            continue
        problems.extend(_value_problems(name, spec, str(values[name])))
    values.update({"AWS::Region": region, "AWS::AccountId": account, "AWS::Partition": "aws"})
    for name, rule in (template.get("Rules") or {}).items():
        if "RuleCondition" in rule and not _true(rule["RuleCondition"], values):
            continue
        for assertion in rule["Assertions"]:
            if not _true(assertion["Assert"], values):
                words = assertion.get("AssertDescription", json.dumps(assertion["Assert"]))
                problems.append(f"rule {name}: {words}")
    if problems:
        raise TemplateError("; ".join(problems))


def _value_problems(name, spec, value):
    allowed = [str(item) for item in spec.get("AllowedValues") or []]
    several = spec["Type"] == "CommaDelimitedList" or spec["Type"].startswith("List<")
    for item in value.split(",") if several else [value]:
        if allowed and item not in allowed:
            yield f"{name}: {item!r} is none of {', '.join(allowed)}"
        if "AllowedPattern" in spec and not re.fullmatch(spec["AllowedPattern"], item):
            words = spec.get("ConstraintDescription", f"must match {spec['AllowedPattern']}")
            yield f"{name}: {item!r}: {words}"
    for bound, wrong in (("MinValue", lambda a, b: a < b), ("MaxValue", lambda a, b: a > b)):
        if bound in spec and wrong(float(value), float(spec[bound])):
            yield f"{name}: {value} is beyond its {bound} {spec[bound]}"


def _value(node, values):
    if isinstance(node, dict) and "Ref" in node:
        return values.get(node["Ref"])
    if isinstance(node, list):
        return [_value(item, values) for item in node]
    if isinstance(node, dict):
        return _true(node, values)
    return node


def _true(node, values):
    """A rule's condition."""
    if isinstance(node, bool):
        return node
    (name, argument), *_ = node.items()
    if name == "Fn::And":
        return all(_true(item, values) for item in argument)
    if name == "Fn::Or":
        return any(_true(item, values) for item in argument)
    if name == "Fn::Not":
        return not _true(argument[0], values)
    left, right = (_value(item, values) for item in argument)
    if name == "Fn::Equals":
        return str(left) == str(right)
    if name == "Fn::Contains":
        return str(right) in [str(item) for item in left]
    if name == "Fn::EachMemberIn":
        return all(item in right for item in left)
    if name == "Fn::EachMemberEquals":
        return all(str(item) == str(right) for item in left)
    raise TemplateError(f"rules with {name} are not known here")
