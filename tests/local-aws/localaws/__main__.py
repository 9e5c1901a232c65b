"""`python -m localaws`: a local AWS that runs until it is told to stop."""

import argparse
import json
import logging
import signal
import sys
import threading

from localaws.deploy import deploy
from localaws.server import MINUTE_S, REQUEST_LIFE_S, LocalAws
from localaws.template import TemplateError


def _arguments():
    parser = argparse.ArgumentParser(prog="localaws", description=__doc__)
    parser.add_argument("--port", type=int, default=4566, help="0 picks a free one")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--binaries", default="target/debug", help="where function binaries are")
    parser.add_argument("--work-dir", help="function logs and unpacked code; default: a new one")
    parser.add_argument("--template", action="append", default=[], help="deploy it; may be repeated")
    parser.add_argument("--stack", action="append", default=[], help="its stack's name, in order")
    parser.add_argument("--region", action="append", default=[], help="its Region, in order")
    parser.add_argument("--parameter", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--request-life", type=float, default=REQUEST_LIFE_S, metavar="SECONDS")
    parser.add_argument("--schedule-seconds", type=float, default=MINUTE_S, metavar="SECONDS")
    parser.add_argument("--time-scale", type=float, default=1.0, help="divides alarm periods")
    parser.add_argument("--function-env", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--verbose", action="store_true")
    return parser.parse_args()


def _deploy_all(aws, arguments):
    parameters = dict(item.split("=", 1) for item in arguments.parameter)
    for index, path in enumerate(arguments.template):
        stack = (arguments.stack[index:] or [f"stack-{index + 1}"])[0]
        region = (arguments.region[index:] or arguments.region[-1:] or ["eu-west-1"])[0]
        made = deploy(path, stack, region, parameters, aws.url)
        print(json.dumps({"stack": stack, "region": region, "outputs": made.outputs}), flush=True)


def main():
    """Starts, deploys what is asked for, waits for Ctrl-C."""
    arguments = _arguments()
    level = logging.DEBUG if arguments.verbose else logging.INFO
    logging.basicConfig(level=level, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    for noisy in ("botocore", "urllib3", "boto3", "samtranslator"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    from localaws.services import Timings

    aws = LocalAws(
        port=arguments.port,
        host=arguments.host,
        request_life_s=arguments.request_life,
        schedule_seconds=arguments.schedule_seconds,
        binaries=arguments.binaries,
        work_dir=arguments.work_dir,
        function_environment=dict(item.split("=", 1) for item in arguments.function_env),
        timings=Timings(time_scale=arguments.time_scale),
    )
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with aws:
        print(json.dumps({"url": aws.url, "work_dir": str(aws.work_dir)}), flush=True)
        try:
            _deploy_all(aws, arguments)
        except TemplateError as error:
            print(f"localaws: {error}", file=sys.stderr)
            return 1
        stop.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
