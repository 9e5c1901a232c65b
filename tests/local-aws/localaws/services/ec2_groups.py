"""EC2 security groups: rule changes are all or nothing, with the documented refusals.

Authorizing a rule that exists is refused. Revoking one that does not is refused outside the
default VPC; inside it the request succeeds and names the rules that it did not find.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.ec2.exceptions import (
    InvalidPermissionNotFoundError,
    InvalidSecurityGroupNotFoundError,
    InvalidSecurityGroupRuleIdNotFoundError,
)
from moto.ec2.models.security_groups import SecurityGroup
from moto.ec2.responses.security_groups import SecurityGroups

from .runtime import Runtime


class MissingParameter(ServiceException):
    """A rule needs a protocol and a source."""

    def __init__(self, what: str):
        super().__init__("MissingParameter", what)


def _group(response: SecurityGroups) -> SecurityGroup:
    name = response._get_param("GroupId") or response._get_param("GroupName")
    if not name:
        raise MissingParameter("The request must contain the parameter groupName or groupId")
    group = response.ec2_backend.get_security_group_by_name_or_id(name)
    if group is None:
        raise InvalidSecurityGroupNotFoundError(name)
    return group


def _authorize(runtime: Runtime, direction: str) -> Callable[[SecurityGroups], ActionResult]:
    method, field = f"authorize_security_group_{direction}", f"{direction}_rules"

    def authorize(self: SecurityGroups) -> ActionResult:
        self.error_on_dryrun()
        with runtime.lock:
            group = _group(self)
            before = list(getattr(group, field))
            added: list[Any] = []
            try:
                for arguments in self._process_rules_from_querystring():
                    sources = ("ip_ranges", "source_groups", "prefix_list_ids")
                    if not any(arguments[name] for name in sources):
                        raise MissingParameter("Source group ID missing.")
                    rules, _ = getattr(self.ec2_backend, method)(**arguments)
                    added.extend(rules)
            except Exception:
                setattr(group, field, before)
                raise
        return ActionResult({"Return": True, "SecurityGroupRules": added})

    return authorize


def _in_default_vpc(response: SecurityGroups, group: SecurityGroup) -> bool:
    vpc = response.ec2_backend.vpcs.get(group.vpc_id)
    return bool(vpc is not None and vpc.is_default)


def _unknown(arguments: dict[str, Any]) -> dict[str, Any]:
    """A rule that was not found, as the answer names it."""
    cidrs = arguments["ip_ranges"]
    return {
        "IpProtocol": arguments["ip_protocol"],
        "FromPort": arguments["from_port"],
        "ToPort": arguments["to_port"],
        "IpRanges": [c for c in cidrs if "CidrIp" in c],
        "Ipv6Ranges": [c for c in cidrs if "CidrIpv6" in c],
        "UserIdGroupPairs": arguments["source_groups"],
        "PrefixListIds": arguments["prefix_list_ids"],
    }


def _revoke(runtime: Runtime, direction: str) -> Callable[[SecurityGroups], ActionResult]:
    method, field = f"revoke_security_group_{direction}", f"{direction}_rules"

    def revoke(self: SecurityGroups) -> ActionResult:
        self.error_on_dryrun()
        with runtime.lock:
            group = _group(self)
            before = list(getattr(group, field))
            known = {rule.id for rule in before}
            for identifier in self._get_param("SecurityGroupRuleIds", []):
                if identifier not in known:
                    raise InvalidSecurityGroupRuleIdNotFoundError(identifier)
            unknown = []
            try:
                for arguments in self._process_rules_from_querystring():
                    del arguments["sgrule_tags"]
                    try:
                        getattr(self.ec2_backend, method)(**arguments)
                    except InvalidPermissionNotFoundError:
                        if not _in_default_vpc(self, group):
                            raise
                        unknown.append(_unknown(arguments))
            except Exception:
                setattr(group, field, before)
                raise
        result: dict[str, Any] = {"Return": True}
        if unknown:
            result["UnknownIpPermissions"] = unknown
        return ActionResult(result)

    return revoke


def install(runtime: Runtime) -> None:
    """Puts this part on moto."""
    for direction in ("ingress", "egress"):
        patches = runtime.patches
        name = f"security_group_{direction}"
        patches.set(SecurityGroups, f"authorize_{name}", _authorize(runtime, direction))
        patches.set(SecurityGroups, f"revoke_{name}", _revoke(runtime, direction))
