"""What is deployed: a function's settings, read from moto at each invocation."""

import io
import os
import stat
import threading
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

from moto.awslambda.models import lambda_backends
from moto.core.exceptions import JsonRESTError

from localaws import ACCOUNT
from localaws.errors import Refusal


@dataclass
class Function:
    """One version of a function, as an invocation needs it."""

    name: str
    region: str
    arn: str
    version: str
    timeout_s: float
    memory_mb: int
    environment: dict = field(default_factory=dict)
    reserved: int | None = None
    binary: str = ""
    dead_letter: str = ""
    retries: int = 2
    max_age_s: float = 21600.0
    on_failure: str = ""
    on_success: str = ""

    @property
    def key(self):
        """Environments are shared by invocations of the same function, version and settings."""
        settings = tuple(sorted(self.environment.items()))
        return self.region, self.name, self.version, self.binary, hash(settings)


def split(reference, qualifier=None):
    """Region (or empty), name and qualifier out of a name, `name:alias`, partial or whole ARN."""
    parts = reference.split(":")
    region = ""
    if parts[0] == "arn":
        region, parts = parts[3], parts[6:]
    elif len(parts) >= 3 and parts[1] == "function":
        parts = parts[2:]
    name = parts[0]
    return region, name, (parts[1] if len(parts) > 1 else qualifier)


class Functions:
    """Finds functions and their executables."""

    def __init__(self, binaries, work_dir):
        self._binaries = Path(binaries)
        self._work = Path(work_dir)
        self._lock = threading.Lock()

    def find(self, reference, region, qualifier=None):
        """The function meant by `reference`; without a Region the first that has it."""
        named, name, qualifier = split(reference, qualifier)
        regions = [named or region] if (named or region) else self._regions()
        for candidate in regions:
            backend = lambda_backends[ACCOUNT][candidate]
            try:
                model = backend.get_function(name, qualifier)
                latest = backend.get_function(name)
            except JsonRESTError:
                continue
            return self._settings(model, latest, candidate, qualifier)
        where = regions[0] if regions else "any Region"
        arn = f"arn:aws:lambda:{where}:{ACCOUNT}:function:{name}"
        arn += f":{qualifier}" if qualifier else ""
        raise Refusal("ResourceNotFoundException", f"Function not found: {arn}", 404)

    @staticmethod
    def _regions():
        return [
            region for region, backend in lambda_backends[ACCOUNT].items() if backend.list_functions()
        ]

    def _settings(self, model, latest, region, qualifier):
        arn = f"arn:aws:lambda:{region}:{ACCOUNT}:function:{model.function_name}"
        settings = getattr(latest, "localaws", {})
        reserved = latest.reserved_concurrency
        function = Function(
            name=model.function_name,
            region=region,
            arn=f"{arn}:{qualifier}" if qualifier else arn,
            version="$LATEST" if str(model.version) == "0" else str(model.version),
            timeout_s=float(model.timeout or 3),
            memory_mb=int(model.memory_size or 128),
            environment={k: str(v) for k, v in (model.environment_vars or {}).items()},
            reserved=None if reserved is None else int(reserved),
            binary=str(self._binary(model)),
            dead_letter=settings.get("dead_letter", ""),
        )
        self._asynchronous(function, latest, settings, qualifier)
        return function

    @staticmethod
    def _asynchronous(function, latest, settings, qualifier):
        configs = settings.get("invoke_configs", {})
        config = configs.get(qualifier or "$LATEST") or configs.get("$LATEST") or {}
        if not config and latest.event_invoke_config:
            config = latest.event_invoke_config[-1]
        destinations = config.get("DestinationConfig") or {}
        if config.get("MaximumEventAgeInSeconds") is not None:
            function.max_age_s = float(config["MaximumEventAgeInSeconds"])
        if config.get("MaximumRetryAttempts") is not None:
            function.retries = int(config["MaximumRetryAttempts"])
        function.on_failure = (destinations.get("OnFailure") or {}).get("Destination", "")
        function.on_success = (destinations.get("OnSuccess") or {}).get("Destination", "")

    def _binary(self, model):
        """The executable: named by the template's build metadata, else `bootstrap` in the zip."""
        named = getattr(model, "localaws", {}).get("binary")
        if named:
            path = Path(named) if os.path.isabs(named) else self._binaries / named
            if path.exists():
                return path
            raise Refusal(
                "InvalidRuntimeException",
                f"{model.function_name}: its executable {path} is not there; build it first",
                502,
            )
        return self._unpacked(model)

    def _unpacked(self, model):
        digest = str(model.code_sha_256).replace("/", "_")
        target = self._work / "code" / f"{model.function_name}-{digest}"
        bootstrap = target / "bootstrap"
        with self._lock:
            if bootstrap.exists():
                return bootstrap
            try:
                archive = zipfile.ZipFile(io.BytesIO(model.code_bytes))
                archive.extractall(target)
            except (zipfile.BadZipFile, AttributeError, TypeError):
                archive = None
            if archive is None or not bootstrap.exists():
                raise Refusal(
                    "InvalidRuntimeException",
                    f"{model.function_name}: neither a build metadata `Binary` in its template"
                    " nor a `bootstrap` in its zip says what to run",
                    502,
                )
            bootstrap.chmod(bootstrap.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
        return bootstrap
