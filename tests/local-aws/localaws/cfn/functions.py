"""Lambda: versions, aliases, invoke configurations, and what moto drops of a function's properties."""

from moto.awslambda.models import LambdaBackend, LambdaFunction, lambda_backends

from localaws import ACCOUNT
from localaws.cfn.model import Made, model
from localaws.lambdas.functions import split


def install(patches):
    """Functions remember their executable and their dead-letter queue."""
    original = LambdaFunction.create_from_cloudformation_json.__func__
    create_function, update = LambdaBackend.create_function, LambdaFunction.update_configuration

    def create(cls, resource_name, cloudformation_json, account_id, region_name, **kwargs):
        function = original(cls, resource_name, cloudformation_json, account_id, region_name, **kwargs)
        properties = cloudformation_json["Properties"]
        metadata = cloudformation_json.get("Metadata") or {}
        binary = (metadata.get("BuildProperties") or {}).get("Binary")
        _remember(function, properties)
        if binary:
            function.localaws["binary"] = binary
        if properties.get("TracingConfig"):
            function.tracing_config = properties["TracingConfig"]
        if properties.get("Architectures"):
            function.architectures = properties["Architectures"]
        return function

    def update_stack(cls, original_resource, new_resource_name, cloudformation_json, account_id,
                     region_name):  # fmt: skip
        properties = cloudformation_json["Properties"]
        original_resource.update_configuration(properties)
        reserved = properties.get("ReservedConcurrentExecutions")
        original_resource.reserved_concurrency = reserved
        binary = (cloudformation_json.get("Metadata") or {}).get("BuildProperties", {}).get("Binary")
        if binary:
            original_resource.localaws["binary"] = binary
        return original_resource

    def create_by_api(backend, spec):
        function = create_function(backend, spec)
        _remember(backend.get_function(spec["FunctionName"]), spec)
        return function

    def update_configuration(function, config):
        _remember(function, config)
        return update(function, config)

    patches.set(LambdaFunction, "create_from_cloudformation_json", classmethod(create))
    patches.set(LambdaFunction, "update_from_cloudformation_json", classmethod(update_stack))
    patches.set(LambdaBackend, "create_function", create_by_api)
    patches.set(LambdaFunction, "update_configuration", update_configuration)


def _remember(function, properties):
    if not hasattr(function, "localaws"):
        function.localaws = {}
    target = (properties.get("DeadLetterConfig") or {}).get("TargetArn")
    if target:
        function.localaws["dead_letter"] = target


def _version(name, properties, region):
    _, function_name, _ = split(properties["FunctionName"])
    version = lambda_backends[ACCOUNT][region].publish_version(function_name)
    arn = f"arn:aws:lambda:{region}:{ACCOUNT}:function:{function_name}:{version.version}"
    return Made(arn, {"Version": str(version.version), "FunctionArn": arn})


def _alias(name, properties, region):
    backend = lambda_backends[ACCOUNT][region]
    _, function, _ = split(properties["FunctionName"])
    alias_name, version = properties["Name"], str(properties["FunctionVersion"])
    alias = backend.create_alias(alias_name, function, version, properties.get("Description", ""),
                                 properties.get("RoutingConfig"))  # fmt: skip
    return Made(alias.arn, {"AliasArn": alias.arn},
                lambda: backend.delete_alias(alias_name, function))  # fmt: skip


def _invoke_config(name, properties, region):
    backend = lambda_backends[ACCOUNT][region]
    _, function_name, _ = split(properties["FunctionName"])
    function = backend.get_function(function_name)
    configs = function.localaws.setdefault("invoke_configs", {})
    qualifier = properties.get("Qualifier", "$LATEST")
    configs[qualifier] = {
        key: properties[key]
        for key in ("MaximumRetryAttempts", "MaximumEventAgeInSeconds", "DestinationConfig")
        if key in properties
    }
    return Made(f"{function_name}|{qualifier}", remove=lambda: configs.pop(qualifier, None))


model("AWS::Lambda::Version", _version)
model("AWS::Lambda::Alias", _alias)
model("AWS::Lambda::EventInvokeConfig", _invoke_config)
