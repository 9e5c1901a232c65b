"""`python -m rehearsal run [SCENARIO]`: a whole recovery on this machine; `list` names all scenarios.

Exit codes: 0 everything held that must hold; 1 something did not (the last lines say what, and where
the logs are); 2 no such scenario; 130 stopped by Ctrl-C.
"""

from __future__ import annotations

import argparse
import faulthandler
import signal
import sys

from . import rehearsal, scenarios


def main() -> int:
    """Reads the command line and rehearses."""
    every = scenarios.every()
    parser = argparse.ArgumentParser(prog="rehearsal", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    run = verbs.add_parser("run", help="rehearse one scenario")
    run.add_argument("scenario", nargs="?", default="region-outage")
    verbs.add_parser("list", help="name all scenarios")
    arguments = parser.parse_args()
    if arguments.verb == "list":
        width = max(map(len, every))
        for name, scenario in every.items():
            print(f"{name:<{width}}  {scenario.line}")
        return 0
    if arguments.scenario not in every:
        print(f"no scenario is named {arguments.scenario}; there are: {', '.join(every)}",
              file=sys.stderr)
        return 2
    return _run(every[arguments.scenario])


def _run(scenario) -> int:
    # A kill from outside ends as Ctrl-C does: in order.
    signal.signal(signal.SIGTERM, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
    # Past its limit every thread's place is printed and the process ends; the real processes end
    # with it.
    faulthandler.dump_traceback_later(scenario.limit_s, exit=True)
    try:
        made = (scenario.course or rehearsal.Rehearsal)(scenario, rehearsal.directory(scenario.name), rehearsal.say)
        return 0 if made.go() else 1
    except KeyboardInterrupt:
        print("stopped; everything that was started has ended", file=sys.stderr)
        return 130
    finally:
        faulthandler.cancel_dump_traceback_later()


if __name__ == "__main__":
    sys.exit(main())
