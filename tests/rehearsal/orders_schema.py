"""The tables of the orders workload, and of the heartbeat that Leeward reads."""

# `accepted_at` is the server's own clock: all servers of a rehearsal share one machine's clock, so
# the rows themselves can bear witness against two writers.
SCHEMA = """
CREATE TABLE orders (
    id text PRIMARY KEY,
    side text NOT NULL,
    epoch bigint NOT NULL,
    accepted_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TABLE leeward_heartbeat (
    id int PRIMARY KEY,
    at_ms bigint NOT NULL,
    region text NOT NULL
);
GRANT SELECT, INSERT ON orders TO orders;
GRANT SELECT, INSERT, UPDATE ON leeward_heartbeat TO orders;
GRANT SELECT ON leeward_heartbeat TO leeward_probe
"""
