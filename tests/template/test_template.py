"""What the templates promise: no wide permission, nothing unencrypted, every function kept and watched alike."""

import json
import re

import pytest
from cfnlint import api
from templates import ROOT, listed

from localaws.template import TemplateError, check

# Actions for which IAM knows no resource (Service Authorization Reference). A wildcard anywhere else is refused.
NO_RESOURCE_LEVEL = {
    "autoscaling:DescribeAutoScalingGroups",
    "autoscaling:DescribeWarmPool",
    # Narrower than "*" it does not answer composite alarms.
    "cloudwatch:DescribeAlarms",
    "cloudwatch:GetMetricData",
    # A list: of the rules for an alarm that plans name, in any Region.
    "cloudwatch:ListAlarmMuteRules",
    # Narrowed by its namespace.
    "cloudwatch:PutMetricData",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeInstanceStatus",
    "ec2:DescribeInstances",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "elasticloadbalancing:DescribeTargetHealth",
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
    "sts:GetCallerIdentity",
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}
# Lambda takes at most so long here, that no call outlives the signature it rests on.
LONGEST_FUNCTION_S = 60
# IAM's own limit of a managed policy, white space apart.
MANAGED_POLICY_MAX = 6144
# Lambda's default limit of an account, and what it never lets be reserved.
ACCOUNT_CONCURRENCY, UNRESERVED_AT_LEAST = 1000, 100
TAG = "aws:ResourceTag/leeward:workload"


def test_lint_finds_nothing(each):
    assert [str(m) for m in api.lint_file(each.path)] == []


def test_a_wildcard_stands_only_where_the_api_knows_no_resource(each):
    for where, statement in each.statements():
        actions = listed(statement["Action"])
        wide = [a for a in actions if "*" in a]
        assert not wide, f"{where}: {wide}"
        if "*" in listed(statement["Resource"]):
            assert statement["Sid"].startswith("NoResourceLevel"), f"{where}: {statement['Sid']}"
            assert set(actions) <= NO_RESOURCE_LEVEL, f"{where}: {set(actions) - NO_RESOURCE_LEVEL}"
        if "cloudwatch:PutMetricData" in actions:
            assert statement["Condition"]["StringEquals"]["cloudwatch:namespace"], where


def test_the_list_of_wildcards_holds_nothing_that_is_not_used(main):
    used = {a for _, s in main.statements() for a in listed(s["Action"])}
    assert NO_RESOURCE_LEVEL <= used


def test_what_changes_a_workload_is_narrowed_to_its_tag_or_to_given_names(main):
    look = re.compile(r":(Get|Describe|List|Query|Invoke)")
    own = re.compile(r"^(logs|xray|sts|sns|sqs|kms|states|cloudwatch):|dynamodb:PutItem|rds-db:connect")
    for where, statement in main.statements():
        changing = [a for a in listed(statement["Action"]) if not look.search(a) and not own.search(a)]
        given = isinstance(statement["Resource"], dict) and "Ref" in statement["Resource"]
        if not changing or given or statement["Resource"] == "*":  # the wildcard is looked at above
            continue
        condition = statement.get("Condition", {})
        by_tag = TAG in condition.get("StringLike", {})
        by_key = "dynamodb:LeadingKeys" in condition.get("ForAllValues:StringLike", {})
        assert by_tag or by_key, f"{where}: {statement['Sid']} allows {changing} on anything"


def test_every_function_is_kept_alike(each):
    functions = each.functions()
    assert functions
    groups = each.source["Resources"]
    for name, function in functions.items():
        stem = name.removesuffix("Function")
        assert function["Runtime"] == "provided.al2023" and function["Handler"] == "bootstrap", name
        assert function["AutoPublishAlias"] == "live", name
        assert function["Tracing"] == "Active", name
        assert function["Timeout"] <= LONGEST_FUNCTION_S, name
        assert function["Role"] == {"Fn::GetAtt": [f"{stem}Role", "Arn"]}, name
        assert function["LoggingConfig"]["LogGroup"] == {"Ref": f"{stem}Logs"}, name
        assert groups[f"{stem}Logs"]["Properties"]["RetentionInDays"], name
        metadata = each.source["Resources"][name]["Metadata"]
        assert metadata["BuildMethod"] == "rust-cargolambda", name
        binary = metadata["BuildProperties"]["Binary"]
        assert (ROOT / "crates" / binary / "src" / "main.rs").exists(), binary
    assert each.source["Parameters"]["Architecture"]["Default"] == "arm64"


def test_functions_of_the_recovery_reserve_their_concurrency_by_parameter(main):
    for name, function in main.functions().items():
        reserved = function["ReservedConcurrentExecutions"]["Fn::If"]
        assert reserved[1]["Ref"] in ("ListenerConcurrency", "DetectorConcurrency", "StepConcurrency"), name


def test_no_two_functions_share_a_role(main):
    roles = [json.dumps(function["Role"]) for function in main.functions().values()]
    assert len(set(roles)) == len(roles)


def test_the_account_keeps_what_lambda_wants_unreserved(main):
    parameters = main.source["Parameters"]
    reserved = [parameters[function["ReservedConcurrentExecutions"]["Fn::If"][1]["Ref"]]["Default"]
                for function in main.functions().values()]
    assert sum(reserved) == 50, "the template's comment and the README say how much is reserved in all"
    assert sum(reserved) <= ACCOUNT_CONCURRENCY - UNRESERVED_AT_LEAST


@pytest.mark.parametrize("name", ["DetectorFunction", "ListenerFunction", "NotifierFunction"])
def test_what_is_accepted_is_tried_again_and_never_lost(main, name):
    function = main.functions()[name]
    assert function["DeadLetterQueue"]["TargetArn"] == {"Fn::GetAtt": ["DeadLetters", "Arn"]}
    assert function["EventInvokeConfig"]["MaximumRetryAttempts"] == 2
    queue = main.source["Resources"]["DeadLetters"]["Properties"]
    assert queue["SqsManagedSseEnabled"] is True
    sends = [s for where, s in main.statements()
             if where == name.removesuffix("Function") + "Role" and s["Action"] == "sqs:SendMessage"]
    assert len(sends) == 1


def test_a_task_waits_longer_than_its_function_may_run(main):
    definition = json.loads((ROOT / "statemachine" / "recovery.asl.json").read_text(encoding="utf-8"))
    recovery = main.source["Resources"]["Recovery"]["Properties"]
    given = recovery["DefinitionSubstitutions"]
    functions = main.functions()
    used = set()
    for state in _states(definition):
        if state["Type"] != "Task":
            continue
        name = state["Parameters"]["FunctionName"][2:-1]
        used.add(name)
        assert given[name] == {"Ref": f"{name}.Alias"}
        assert state["TimeoutSeconds"] > functions[name]["Timeout"], name
    assert used == set(given)


def test_every_state_says_why_it_is_there():
    definition = json.loads((ROOT / "statemachine" / "recovery.asl.json").read_text(encoding="utf-8"))
    assert all(len(state["Comment"].split()) >= 4 for state in _states(definition))


def _states(scope):
    for state in scope["States"].values():
        yield state
        for branch in state.get("Branches", []):
            yield from _states(branch)


def test_tables_are_kept_protected_and_strongly_consistent(main):
    tables = main.of("AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable")
    assert len(tables) == 4
    for name, table in tables.items():
        properties = table["Properties"]
        assert table["DeletionPolicy"] == table["UpdateReplacePolicy"] == "Retain", name
        assert properties["BillingMode"] == "PAY_PER_REQUEST", name
        assert properties["SSESpecification"]["SSEEnabled"] is True, name
        if table["Type"] == "AWS::DynamoDB::Table":
            replicas = [properties]
        else:
            assert properties["MultiRegionConsistency"] == "STRONG", name
            replicas = sum(properties["Replicas"]["Fn::If"][1:], [])
        for replica in replicas:
            assert replica["DeletionProtectionEnabled"] is True, name
            assert replica["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"], name


def test_topics_are_encrypted_and_every_alarm_has_one(each):
    topics = each.of("AWS::SNS::Topic")
    alarms = each.of("AWS::CloudWatch::Alarm")
    assert topics and alarms
    for name, topic in topics.items():
        assert topic["Properties"]["KmsMasterKeyId"], name
    for name, alarm in alarms.items():
        assert alarm["Properties"]["AlarmActions"][0]["Ref"] in topics, name
        assert alarm["Properties"]["TreatMissingData"] in ("breaching", "notBreaching"), name


def test_the_heartbeat_alarms_on_silence(each):
    silent = [a["Properties"] for a in each.of("AWS::CloudWatch::Alarm").values()
              if a["Properties"]["MetricName"] == "Heartbeat"]
    assert [a["TreatMissingData"] for a in silent] == ["breaching"]


def test_break_glass_can_do_whatever_a_step_can(main):
    glass = _actions(main, "LeewardBreakGlass")
    for role in ("DbFailoverRole", "RestoreRole", "DnsFailoverRole", "ValidatorRole", "NotifierRole"):
        steps = {a for a in _actions(main, role) if not re.match("logs:|xray:|sqs:", a)}
        assert steps <= glass, f"{role}: {steps - glass}"


def test_an_operator_changes_no_workload(main):
    allowed = _actions(main, "LeewardOperator")
    # The functions that it may call make a lease where none is and write words down, in the name of whoever is proven to
    # say them; beside that they do a step that the journal asks for.
    allowed.remove("lambda:InvokeFunction")
    changes = {a for a in allowed if not a.split(":")[1].startswith(("Describe", "Get"))}
    assert not {a for a in changes if a.split(":")[0] in ("rds", "ec2", "autoscaling", "ecs", "lambda")}


def test_an_operator_writes_no_journal(main):
    puts = [s for where, s in main.statements()
            if "LeewardOperator" in where and "dynamodb:PutItem" in listed(s["Action"])]
    assert len(puts) == 1, puts
    partitions = puts[0]["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
    assert not [p for p in partitions if "G#orders#1".startswith(p.rstrip("*")) or p == "*"], partitions
    words = main.made["Outputs"]["WordsArn"]["Value"]
    said = [s for where, s in main.statements() if "LeewardOperator" in where and s["Sid"] == "Say"]
    assert [s["Resource"] for s in said] == [words]


def test_nobody_but_services_and_named_publishers_speaks_to_the_topic_of_signals(main):
    policy = main.of("AWS::SNS::TopicPolicy")["SignalTopicPolicy"]["Properties"]["PolicyDocument"]
    by_sid = {s["Sid"]: s for s in policy["Statement"]}
    services = {listed(s["Principal"]["Service"])[0] for s in policy["Statement"] if s["Effect"] == "Allow"}
    assert services == {"cloudwatch.amazonaws.com", "events.rds.amazonaws.com"}
    denied = by_sid["NobodyElse"]
    assert (denied["Effect"], denied["Principal"], denied["Action"]) == ("Deny", "*", "sns:Publish")
    assert denied["Condition"]["BoolIfExists"] == {"aws:PrincipalIsAWSService": "false"}
    assert set(denied["Condition"]) == {"BoolIfExists", "ArnNotLikeIfExists"}, "both, or a service is denied"
    others = main.of("AWS::SNS::TopicPolicy")["TopicPolicy"]["Properties"]
    assert len(others["Topics"]) == 1, "a topic has one policy"


def _actions(template, where):
    return {a for name, s in template.statements() if name == where for a in listed(s["Action"])}


def test_managed_policies_fit_into_iam(main):
    for name, policy in main.of("AWS::IAM::ManagedPolicy").items():
        # Substitutions only make it shorter or as long: names of parameters are longer than values.
        text = json.dumps(policy["Properties"]["PolicyDocument"], separators=(",", ":"))
        assert len(text) < MANAGED_POLICY_MAX, f"{name}: {len(text)}"


@pytest.mark.parametrize(("region", "parameters", "words"), [
    ("us-east-1", {}, "must outlive the primary Region"),
    ("eu-west-1", {"StandbyRegion": "us-east-1"}, "must differ"),
    ("eu-west-1", {"WatcherRegion": "eu-west-1"}, "fall silent together"),
    ("eu-west-1", {"TableSecondRegion": "eu-west-2"}, "takes three Regions"),
    ("eu-west-1", {"TableSecondRegion": "eu-west-2", "TableThirdRegion": "eu-west-3",
                   "TableWitnessRegion": "eu-central-1"}, "not both"),
])
def test_a_place_that_makes_no_sense_is_refused(main, region, parameters, words):
    with pytest.raises(TemplateError, match=words):
        check(main.made, region, parameters, "123456789012")


def test_a_place_that_makes_sense_is_taken(main):
    check(main.made, "eu-west-1", {"WatcherRegion": "us-west-2"}, "123456789012")
    check(main.made, "us-west-2", {"TableSecondRegion": "us-east-2", "TableWitnessRegion": "us-east-1"},
          "123456789012")
