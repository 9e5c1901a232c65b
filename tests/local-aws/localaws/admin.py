"""`/_local/…`: the local AWS's own controls, for tests and rehearsals in any language."""

import json
from urllib.parse import parse_qsl, urlsplit

from localaws.errors import Answer, Refusal

PREFIX = "/_local/"


class Admin:
    """Each path has a GET that shows, a POST that changes, a DELETE that clears."""

    def __init__(self, aws):
        self._aws = aws
        self._shows = {
            "health": lambda query: {"ok": True, "url": aws.url},
            "faults": lambda query: aws.faults.list(),
            "requests": self._requests,
            "hooks": lambda query: aws.hooks.list(),
            "invocations": lambda query: aws.lambdas.history(),
            "async": lambda query: {
                "pending": aws.asynchronous.pending(), "lost": aws.asynchronous.lost()
            },
            "deliveries": lambda query: {
                "lost": aws.delivery.lost(), "unruly": aws.delivery.unruly.count()
            },
            "places": lambda query: {
                "dead_zones": sorted(aws.services.places.dead_zones),
                "impaired": sorted(aws.services.places.impaired),
            },
            "notifications": lambda query: aws.topics.published(),
            "events": lambda query: aws.buses.seen(),
            "schedules": lambda query: aws.schedules.fired(),
            "clock": lambda query: aws.clock.skew(),
        }  # fmt: skip
        self._changes = {
            "faults": self._faults,
            "hooks": lambda body: aws.hooks.add(**body).__dict__,
            "functions": self._functions,
            "events": self._emit,
            "schedules": self._schedules,
            "clock": self._clock,
            "deliveries": lambda body: aws.delivery.unruly.set(**body) or {},
            "places": self._places,
            "notices": self._notices,
        }
        self._clears = {
            "faults": aws.faults.clear,
            "hooks": aws.hooks.clear,
            "requests": aws.log.clear,
        }

    def http(self, request):
        """One request below the prefix."""
        name = request.path[len(PREFIX) :].strip("/")
        query = dict(parse_qsl(urlsplit(request.target).query))
        known = {"GET": self._shows, "POST": self._changes, "DELETE": self._clears}
        handler = known.get(request.method, {}).get(name)
        if handler is None:
            listed = ", ".join(f"{m} {PREFIX}{n}" for m in known for n in known[m])
            return _answer(404, {"error": f"no such control; there are: {listed}"})
        try:
            if request.method == "GET":
                return _answer(200, handler(query))
            if request.method == "DELETE":
                return _answer(200, handler() or {})
            return _answer(200, handler(json.loads(request.body or b"{}")))
        except (ValueError, TypeError, KeyError, Refusal) as error:
            return _answer(400, {"error": f"{type(error).__name__}: {error}"})

    def _requests(self, query):
        since = int(query.pop("since", 0))
        return self._aws.log.find(since=since, **query)

    def _faults(self, body):
        """One of `add`, `clear`, `region_down`, `away`, `control_planes`."""
        faults = self._aws.faults
        if "clear" in body:
            faults.clear(None if body["clear"] is True else body["clear"])
            return {}
        for name in ("add", "region_down", "away", "control_planes"):
            if name in body:
                made = getattr(faults, name)(**body[name])
                return [rule.id for rule in made] if isinstance(made, list) else {"id": made.id}
        raise ValueError("say one of add, clear, region_down, away, control_planes")

    def _functions(self, body):
        if "thaw" in body:
            return {"thawed": self._aws.lambdas.thaw(body["thaw"])}
        if "kill" in body:
            return {"killed": self._aws.lambdas.kill(body["kill"])}
        raise ValueError("say thaw or kill, and which function ('' is all)")

    def _emit(self, body):
        event = self._aws.buses.emit(
            body["region"], body["source"], body["detail-type"], body["detail"],
            body.get("resources", ()), body.get("bus", "default"),
        )  # fmt: skip
        return event or {"heard": False}

    def _places(self, body):
        """`zone` or `instance`, and whether it is `dead`."""
        change, name = (
            (self._aws.set_zone, body["zone"]) if "zone" in body
            else (self._aws.set_impaired, body["instance"])
        )  # fmt: skip
        change(name, bool(body["dead"]))
        return {}

    def _notices(self, body):
        """`health` or `rds`, with what `Notices` takes."""
        if "health" in body:
            return {"eventArn": self._aws.notices.health(**body["health"])}
        return self._aws.notices.rds(**body["rds"]) or {"heard": False}

    def _schedules(self, body):
        self._aws.schedules.pause(bool(body["pause"]))
        return {}

    def _clock(self, body):
        self._aws.clock.set_skew(body["region"], body["skew"])
        return self._aws.clock.skew()


def _answer(status, body):
    text = json.dumps(body, indent=1, default=str).encode()
    return Answer(status, text, {"Content-Type": "application/json"})
