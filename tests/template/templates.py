"""The templates as AWS gets them: the source, and plain CloudFormation after SAM's transform."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "local-aws"))

from localaws import template  # noqa: E402 (the path must be there first)

# Every optional part is on, so that every resource is looked at.
WHOLE = {
    "template.yaml": ("eu-west-1", {"DbProbe": "yes", "OperatorEmail": "on-call@example.com"}),
    "edge.yaml": ("us-east-1", {"DbProbe": "yes", "Watch": "yes", "Forward": "yes"}),
}


class Template:
    """One template, before and after the transform."""

    def __init__(self, name):
        region, parameters = WHOLE[name]
        self.name = name
        self.path = ROOT / name
        self.source = template.load(self.path)
        self.made = template.to_cloudformation(self.path, region, parameters)

    def of(self, *kinds):
        """Resources of these types, as they are deployed."""
        return {n: r for n, r in self.made["Resources"].items() if r["Type"] in kinds}

    def functions(self):
        """Logical name to SAM properties, `Globals` included."""
        shared = self.source["Globals"]["Function"]
        return {
            name: {**shared, **resource["Properties"]}
            for name, resource in self.source["Resources"].items()
            if resource["Type"] == "AWS::Serverless::Function"
        }

    def statements(self):
        """Every statement of an identity's policy: (where, statement)."""
        for name, resource in self.of("AWS::IAM::Role").items():
            for policy in resource["Properties"].get("Policies", []):
                for statement in policy["PolicyDocument"]["Statement"]:
                    yield name, statement
        for name, resource in self.of("AWS::IAM::ManagedPolicy").items():
            for statement in resource["Properties"]["PolicyDocument"]["Statement"]:
                yield name, statement


def listed(value):
    """A policy's Action or Resource as a list."""
    return value if isinstance(value, list) else [value]
