#!/usr/bin/env python3
"""A function that answers as its workload's script says, and keeps what it was called with.

`<folder of the binary>/<workload>.json` holds the answers of each step, the last one for ever: a status, or
`!Name` for an error of that name. Calls are appended to `<workload>.calls`, one JSON object a line.
"""

import http.client
import json
import os
import sys
from pathlib import Path
from urllib.parse import urlsplit

API = urlsplit(os.environ["AWS_LAMBDA_RUNTIME_API"])
FOLDER = Path(sys.argv[0]).parent
# What a step answers when its script is silent: the straight way.
STRAIGHT = {"detect": "go", "commit": "commit"}


def call(method, path, value=None):
    """One request to the Runtime API."""
    connection = http.client.HTTPConnection(API.hostname, API.port)
    body = None if value is None else json.dumps(value)
    connection.request(method, f"{API.path.rstrip('/')}/2018-06-01/runtime/invocation/{path}", body)
    answer = connection.getresponse()
    return answer.headers, answer.read()


def answer(event):
    """The scripted answer; a string that begins with `!` is an error's name."""
    detect = event["leeward"] == "detect"
    workload = event["trigger"]["workload"] if detect else event["workload"]
    function = os.environ["AWS_LAMBDA_FUNCTION_NAME"].removeprefix("leeward-")
    step = "detect" if detect else event["step"]
    step = f"undo by {function}" if step == "undo" else step
    calls = FOLDER / f"{workload}.calls"
    with calls.open("a", encoding="utf-8") as log:
        log.write(json.dumps({"step": step, "function": function, "event": event}) + "\n")
    lines = calls.read_text(encoding="utf-8").splitlines()
    turn = sum(json.loads(line)["step"] == step for line in lines)
    script = json.loads((FOLDER / f"{workload}.json").read_text(encoding="utf-8"))
    answers = script.get(step, [STRAIGHT.get(step, "done")])
    status = answers[min(turn, len(answers)) - 1]
    if status.startswith("!"):
        return status
    if detect:
        generation = 1 if status == "go" else None
        return {"schema": 1, "status": status, "workload": workload, "generation": generation,
                "reason": "as scripted"}
    return {"schema": 1, "status": status, "after_seconds": 1, "reason": "as scripted"}


def main():
    """Serves invocations until killed."""
    while True:
        headers, body = call("GET", "next")
        event = json.loads(body)
        request = headers["Lambda-Runtime-Aws-Request-Id"]
        if "leeward" not in event:  # the schedule and status changes reach the detector, too
            call("POST", f"{request}/response", {})
            continue
        found = answer(event)
        if isinstance(found, str):
            call("POST", f"{request}/error", {"errorType": found[1:], "errorMessage": "as scripted"})
        else:
            call("POST", f"{request}/response", found)


if __name__ == "__main__":
    main()
