"""Deploying: what is honoured, what is refused, and how loudly."""

import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from support import FIXTURES, REGION, until

from localaws.deploy import deploy
from localaws.template import TemplateError

ROOT = Path(__file__).parents[3]


def write(tmp_path, text):
    path = tmp_path / "template.yaml"
    path.write_text(text)
    return path


def test_a_rule_refuses_the_primary(aws):
    with pytest.raises(TemplateError, match="deploy outside the primary Region"):
        deploy(FIXTURES / "template.yaml", "wrong", "us-east-1", {}, aws.url)


def test_all_wrong_parameters_are_told(aws):
    given = {"Concurrency": 0, "PrimaryRegion": "moon", "Other": 1}
    with pytest.raises(TemplateError) as error:
        deploy(FIXTURES / "template.yaml", "wrong", REGION, given, aws.url)
    for part in ("Concurrency: 0 is beyond its MinValue", "PrimaryRegion: 'moon'", "Other: no such"):
        assert part in str(error.value)


def test_no_resource_is_left_out_in_silence(aws, tmp_path):
    text = "Resources: { A: { Type: AWS::Nothing::Here }, B: { Type: AWS::SQS::Queue } }"
    path = write(tmp_path, text)
    with pytest.raises(TemplateError, match=r"no model for: AWS::Nothing::Here \(A\)"):
        deploy(path, "missing", REGION, {}, aws.url)


def test_what_moto_refuses_is_told(aws, tmp_path):
    path = write(
        tmp_path,
        "Resources: { M: { Type: AWS::StepFunctions::StateMachine, Properties: {"
        ' RoleArn: "arn:aws:iam::123456789012:role/r", DefinitionString: "{}" } } }',
    )
    with pytest.raises(TemplateError, match="not deployed to eu-west-1"):
        deploy(path, "refused", REGION, {}, aws.url)


def test_the_tables_safety_is_deployed(aws, stack):
    dynamodb = aws.client("dynamodb", REGION)
    name = stack.outputs["Table"]
    assert dynamodb.describe_table(TableName=name)["Table"]["DeletionProtectionEnabled"] is True
    backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"


def test_a_strongly_consistent_table_is_one_table(aws, tmp_path):
    path = write(
        tmp_path,
        """
Resources:
  T:
    Type: AWS::DynamoDB::GlobalTable
    Properties:
      TableName: everywhere
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{ AttributeName: pk, AttributeType: S }]
      KeySchema: [{ AttributeName: pk, KeyType: HASH }]
      MultiRegionConsistency: STRONG
      Replicas: [{ Region: eu-west-1 }, { Region: us-west-2 }]
      GlobalTableWitnesses: [{ Region: us-east-1 }]
""",
    )
    deploy(path, "global", REGION, {}, aws.url)
    aws.client("dynamodb", REGION).put_item(TableName="everywhere", Item={"pk": {"S": "a"}})
    far = aws.client("dynamodb", "us-west-2")
    assert "Item" in far.get_item(TableName="everywhere", Key={"pk": {"S": "a"}})
    shown = far.describe_table(TableName="everywhere")["Table"]
    assert shown["MultiRegionConsistency"] == "STRONG"
    assert [replica["RegionName"] for replica in shown["Replicas"]] == ["us-west-2"]


def test_a_second_deploy_updates(aws, stack):
    given = {"Concurrency": 5}
    again = deploy(FIXTURES / "template.yaml", "test", REGION, given, aws.url)
    name = again.outputs["Worker"]
    shown = aws.client("lambda", REGION).get_function_concurrency(FunctionName=name)
    assert int(shown["ReservedConcurrentExecutions"]) == 5
    answer = aws.client("lambda", REGION).invoke(
        FunctionName=again.outputs["WorkerAlias"], Payload=b'{"answer": 1}'
    )
    assert answer["Payload"].read() == b"1"


STRONG = {"TableSecondRegion": "us-west-2", "TableWitnessRegion": "us-east-1"}


@pytest.mark.parametrize(
    ("name", "region", "parameters"),
    [
        ("template.yaml", REGION, {}),
        ("template.yaml", "eu-central-1", {"NamePrefix": "strong", **STRONG}),
        ("edge.yaml", "us-east-1", {}),
        ("edge.yaml", "us-west-2", {"Watch": "yes", "OperatorEmail": "o@example.com"}),
    ],
)
def test_the_projects_own_templates_are_honoured_whole(aws, name, region, parameters):
    stack = deploy(ROOT / name, f"own-{region}", region, parameters, aws.url)
    assert stack.resources and all(stack.resources)


def test_the_command_serves_until_it_is_told_to_stop(tmp_path):
    root = Path(__file__).parents[1]
    command = [sys.executable, "-m", "localaws", "--port", "0", "--region", REGION,
               "--template", str(FIXTURES / "template.yaml"), "--stack", "test",
               "--binaries", str(FIXTURES / "bin"), "--work-dir", str(tmp_path)]  # fmt: skip
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        import json

        url = json.loads(process.stdout.readline())["url"]
        outputs = json.loads(process.stdout.readline())["outputs"]
        assert outputs["WorkerAlias"].endswith(":live")
        with urllib.request.urlopen(f"{url}/_local/health", timeout=5) as answer:
            assert json.load(answer)["ok"] is True
        process.terminate()
        until(lambda: process.poll() is not None, "it stops")
        assert process.returncode == 0
