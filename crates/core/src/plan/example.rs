//! A plan for tests.

use serde_json::{Value, json};

/// The plan of the example `orders`, as JSON.
pub(crate) fn orders() -> Value {
    json!({
        "plan": "orders-region", "workload": "orders",
        "responds-to": [{"kind": "region-outage", "min-severity": "high"}],
        "enabled": true, "time-limit": "30m",
        "regions": {"primary": "us-east-1", "standby": "us-west-2", "control": "eu-west-1"},
        "strategy": "warm-standby", "objectives": {"rto": "15m", "rpo": "60s"},
        "detection": {"quorum": 2, "sustain": "2m", "voters": [
            {"id": "canary-west", "alarm": "w", "region": "us-west-2"},
            {"id": "canary-eu", "alarm": "e", "region": "eu-west-1"},
            {"id": "api-5xx", "alarm": "a", "region": "us-east-1"}]},
        "policy": {"approval": {"for": "none", "timeout": "10m", "on-timeout": "hold",
            "approvers": ["arn:aws:sts::123456789012:assumed-role/ops/*"]}},
        "databases": [{"id": "orders-db", "kind": "rds-replica", "services": ["api"],
            "engine": "postgres", "engine-version": "17.4", "instance": {"primary": "orders", "standby": "orders-west"}, "max-loss": "60s",
            "fences": [{"kind": "writer-lease", "table": "leases", "region": "eu-west-1",
                "ttl": "15s", "drift": "1s", "longest-statement": "10s", "heartbeat": "1s",
                "writers": ["api"]}],
            "probe": {"database": "orders", "user": "probe", "side": {
                "primary": {"function": "p", "region": "us-east-1", "host": "h1", "port": 5432},
                "standby": {"function": "p", "region": "us-west-2", "host": "h2", "port": 5432}}}}],
        "capacity": [{"id": "web", "kind": "auto-scaling-group", "services": ["web"],
            "group": {"primary": "web-e", "standby": "web-w"},
            "amount": {"percent-of-peak": 100, "at-least": 2}, "target-group": {
                "primary": "arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/a/b",
                "standby": "arn:aws:elasticloadbalancing:us-west-2:1:targetgroup/a/b"}}],
        "traffic": {"controls": [{"id": "edge", "kind": "stop-metric", "services": ["web"],
            "region": "eu-west-1", "namespace": "Traffic", "metric": "Stop", "name": "o.example.com",
            "answers": {"primary": ["192.0.2.1"], "standby": ["192.0.2.2"]}}]},
        "validation": {"passes": 3, "interval": "5s", "checks": [
            {"id": "home", "kind": "http", "url": "https://o.example.com/", "status": 200,
             "marker-header": "X-Side", "marker": {"primary": "e", "standby": "w"}},
            {"id": "write", "kind": "http-write", "url": "https://o.example.com/orders",
             "marker-header": "X-Side", "marker": {"primary": "e", "standby": "w"}},
            {"id": "db", "kind": "database"}, {"id": "targets", "kind": "target-health"}]},
        "notifications": {"topics": ["arn:aws:sns:us-west-2:123456789012:ops"]},
    })
}
