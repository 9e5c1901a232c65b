"""Step Functions: moto's interpreter, with our Lambda behind it and AWS's manners around it."""

import copy
import datetime
import functools
import json
import logging
from urllib.parse import quote

from botocore.exceptions import ClientError
from moto.core.config import default_user_config
from moto.stepfunctions import models as stepfunctions_models
from moto.stepfunctions.parser.api import ExecutionStatus
from moto.stepfunctions.parser.asl.component.common.error_name.error_equals_decl import (
    ErrorEqualsDecl,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.backend.execution import BaseExecutionWorkerCommunication, Execution
from moto.stepfunctions.parser.models import stepfunctions_parser_backends

from localaws import ACCOUNT
from localaws.call import Call
from localaws.errors import Answer, Refusal, Vanish
from localaws.locks import WORLD

LOG = logging.getLogger("localaws.states")

BEYOND_ALL = {"States.Runtime", "States.DataLimitExceeded"}
"""Errors that `States.ALL` does not stand for, neither in Retry nor in Catch."""

CHANGE = "Step Functions Execution Status Change"


class States:
    """Mends moto's Step Functions and tells EventBridge of each execution's states."""

    def __init__(self, front, buses, metrics):
        self._front = front
        self._metrics = metrics
        self._buses = buses

    def install(self, patches):
        """Puts everything in place; `patches.undo()` takes it back."""
        settings = dict(default_user_config.get("stepfunctions", {}), execute_state_machine=True)
        saved = default_user_config.get("stepfunctions")
        default_user_config["stepfunctions"] = settings
        self._saved = saved
        # The interpreter logs each error of a machine several times over; its history tells it once.
        logging.getLogger("moto.stepfunctions.parser.asl").setLevel(logging.CRITICAL)
        patches.set(stepfunctions_models, "stepfunctions_backends", stepfunctions_parser_backends)
        patches.set(lambda_eval_utils, "_invoke_lambda_function", self._invoke)
        patches.set(lambda_eval_utils, "exec_lambda_function", self._invoke_directly)
        self._patch_endings(patches)
        parse = _parse_once(AmazonStateLanguageParser.parse)
        patches.set(AmazonStateLanguageParser, "parse", staticmethod(parse))
        patches.set(ErrorEqualsDecl, "_eval_body", _all_but_runtime(ErrorEqualsDecl._eval_body))
        self._front.own("stepfunctions", "DescribeExecution", self._describe_execution)
        self._front.own("stepfunctions", "StopExecution", self._stop_execution)

    def uninstall(self):
        """moto's own setting again."""
        default_user_config["stepfunctions"] = self._saved

    def _patch_endings(self, patches):
        begin, reflect = Execution.start, BaseExecutionWorkerCommunication._reflect_execution_status

        def start(execution):
            # Told first: a quick execution may have ended before `begin` comes back.
            self._tell(execution, "RUNNING")
            begin(execution)

        def ended(communication):
            execution = communication.execution
            with WORLD:  # an execution has one end, though a stop may come at this moment
                if execution.exec_status == ExecutionStatus.ABORTED:
                    return  # stopped by an API call: that was its end, whatever still ran
                reflect(communication)
            self._tell(execution, execution.exec_status.value)

        def stop(execution, stop_date, error, cause):
            _stop(execution, error, cause)
            self._tell(execution, "ABORTED")

        patches.set(Execution, "start", start)
        patches.set(BaseExecutionWorkerCommunication, "_reflect_execution_status", ended)
        patches.set(Execution, "stop", stop)

    def _describe_execution(self, call):
        """As moto's, with an output that is always JSON and a stop date after every end."""
        execution = _find(json.loads(call.body).get("executionArn", ""), call.region)
        status = execution.exec_status
        shown = {
            "executionArn": execution.exec_arn,
            "stateMachineArn": execution.state_machine_arn,
            "name": execution.name,
            "status": status.value,
            "startDate": execution.start_date.timestamp(),
            "input": execution.execution_input,
            "inputDetails": {"included": True},
            "redriveCount": 0,
            "redriveStatus": "NOT_REDRIVABLE",
        }
        if status != ExecutionStatus.RUNNING and execution.stop_date:
            shown["stopDate"] = execution.stop_date.timestamp()
        if status == ExecutionStatus.SUCCEEDED:
            shown.update(output=json.dumps(execution.output), outputDetails={"included": True})
        if execution.error is not None:
            shown["error"] = execution.error
        if execution.cause is not None:
            shown["cause"] = execution.cause
        return _json(shown)

    def _stop_execution(self, call):
        asked = json.loads(call.body)
        execution = _find(asked.get("executionArn", ""), call.region)
        with WORLD:
            if execution.exec_status == ExecutionStatus.RUNNING:
                execution.stop(None, asked.get("error"), asked.get("cause"))
        return _json({"stopDate": execution.stop_date.timestamp()})

    def _tell(self, execution, status):
        failed = status in ("FAILED", "ABORTED", "TIMED_OUT")
        output = json.dumps(execution.output) if status == "SUCCEEDED" else None
        detail = {
            "executionArn": execution.exec_arn,
            "stateMachineArn": execution.state_machine_arn,
            "name": execution.name,
            "status": status,
            "startDate": _milliseconds(execution.start_date),
            "stopDate": _milliseconds(execution.stop_date),
            "input": execution.execution_input,
            "output": output,
            "inputDetails": {"included": True},
            "outputDetails": {"included": True} if output is not None else None,
            "error": execution.error if failed else None,
            "cause": execution.cause if failed else None,
        }
        region = execution.region_name
        self._metrics.execution(region, execution.state_machine_arn, status)
        self._buses.emit(region, "aws.states", CHANGE, detail, [execution.exec_arn])

    def _invoke(self, parameters, region, state_credentials=None):
        """A Task's call of a function: on the same way as any other call, with the same faults."""
        name = parameters["FunctionName"]
        target = f"/2015-03-31/functions/{quote(name, safe='')}/invocations"
        if parameters.get("Qualifier"):
            target += f"?Qualifier={quote(parameters['Qualifier'])}"
        headers = {"x-amz-invocation-type": parameters.get("InvocationType", "RequestResponse")}
        call = Call(
            "lambda", "Invoke", region, region, "rest-json", target=target, headers=headers,
            body=parameters.get("Payload") or b"{}", access_key="states", internal=True,
        )  # fmt: skip
        try:
            answer = self._front.perform(call)
        except Vanish as end:
            words = "Unable to execute HTTP request: the connection ended without an answer"
            raise _client_error("SdkClientException", words, 0, call.id) from end
        if answer.status >= 300:
            raise _refused(answer, call.id)
        response = {
            "StatusCode": answer.status,
            "ExecutedVersion": answer.headers.get("X-Amz-Executed-Version", "$LATEST"),
            "Payload": _payload(answer.body),
            "SdkHttpMetadata": {"HttpStatusCode": answer.status},
            "SdkResponseMetadata": {"RequestId": call.id},
        }
        if "X-Amz-Function-Error" in answer.headers:
            response["FunctionError"] = answer.headers["X-Amz-Function-Error"]
        return response

    def _invoke_directly(self, env, parameters, region, account, credentials):
        """A Task whose resource is the function's own ARN."""
        response = self._invoke(parameters, region)
        if response.get("FunctionError"):
            payload = json.dumps(response["Payload"], separators=(",", ":"))
            raise lambda_eval_utils.LambdaFunctionErrorException(response["FunctionError"], payload)
        env.stack.append(response)


def _json(body):
    return Answer(200, json.dumps(body).encode(), {"Content-Type": "application/x-amz-json-1.0"})


def _parse_once(parse):
    """Reading a definition takes moto half a second; executions get copies of the first reading."""
    read = functools.lru_cache(maxsize=64)(parse)

    def parsed(definition):
        program, tree = read(definition)
        return copy.deepcopy(program), tree

    return parsed


def _all_but_runtime(evaluate):
    """`States.ALL` without the errors that nothing catches."""

    def evaluated(declaration, env):
        name = getattr(env.stack[-1], "error_name", None)
        evaluate(declaration, env)
        everything = ErrorEqualsDecl._STATE_ALL_ERROR in declaration.error_names
        if everything and name in BEYOND_ALL:
            env.stack[-1] = False

    return evaluated


def _stop(execution, error, cause):
    """At once ABORTED, as the real service answers, though a task may still run."""
    now = datetime.datetime.now(tz=datetime.timezone.utc)
    execution.exec_status = ExecutionStatus.ABORTED
    execution.stop_date = now
    execution.error = error or None
    execution.cause = cause or None
    worker = execution.exec_worker
    if worker is not None and worker.env is not None:
        worker.stop(stop_date=now, error=error, cause=cause)


def _find(arn, region):
    with WORLD:
        backend = stepfunctions_parser_backends[ACCOUNT][region]
        for machine in backend.state_machines:
            for execution in machine.executions:
                if execution.execution_arn == arn:
                    return execution
    raise Refusal("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'", 400)


def _payload(body):
    text = body.decode("utf-8", "replace")
    try:
        return json.loads(text)
    except ValueError:
        return text


def _refused(answer, request_id):
    kind = answer.headers.get("x-amzn-ErrorType") or answer.headers.get("x-amzn-errortype", "Unknown")
    payload = _payload(answer.body)
    words = payload.get("message") or payload.get("Message") if isinstance(payload, dict) else payload
    return _client_error(kind.split(":")[0], words or "", answer.status, request_id)


def _client_error(code, message, status, request_id):
    metadata = {"HTTPStatusCode": status, "RequestId": request_id}
    return ClientError({"Error": {"Code": code, "Message": message}, "ResponseMetadata": metadata},
                       "Invoke")  # fmt: skip


def _milliseconds(at):
    return int(at.timestamp() * 1000) if at else None
