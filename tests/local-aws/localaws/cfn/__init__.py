"""CloudFormation: the resource types that moto lacks, and the properties that it overlooks."""

from moto.cloudformation import parsing

from localaws.cfn import alarms, functions, machines, messaging, schedules, small, tables  # noqa: F401


def install(patches):
    """Makes moto's CloudFormation know our models, and mends its own."""
    functions.install(patches)
    machines.install(patches)
    tables.install(patches)
    messaging.install(patches)
    for cached in (parsing.get_model_list, parsing.get_model_map, parsing.get_name_type_map):
        cached.cache_clear()


def unsupported(template):
    """Resource types of a template that would be skipped, with the logical names that bear them."""
    known = set(parsing.get_model_map()) | set(parsing.NULL_MODELS)
    missing = {}
    for name, resource in template.get("Resources", {}).items():
        kind = resource["Type"]
        if kind not in known and not kind.startswith("Custom::"):
            missing.setdefault(kind, []).append(name)
    return missing
