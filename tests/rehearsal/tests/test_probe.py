"""The db-probe function over real PostgreSQL: whose heartbeat it is, and what it says when nobody can tell."""

import json
import os
import re
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from rehearsal import front, postgres, procs

from .conftest import EAST, WEST

ROOT = Path(__file__).resolve().parents[3]
BINARY = ROOT / "target" / "debug" / "db-probe"
# Where people are told what to do.
WORDS = ROOT / "crates" / "ports" / "src" / "probe_wire.rs"
# The function limits its own round to a few seconds; a start on a busy machine comes on top.
LIMIT_S = 20


class Runtime(BaseHTTPRequestHandler):
    """Lambda's Runtime API for one invocation."""

    event, answered = b"", None

    def do_GET(self):
        """The next invocation; after the first there is none."""
        if self.server.given:
            self.server.ended.wait(LIMIT_S)
            return
        self.server.given = True
        self.send_response(200)
        for name, value in {"Lambda-Runtime-Aws-Request-Id": "1",
                            "Lambda-Runtime-Deadline-Ms": "9999999999999",
                            "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:x:1:function:probe",
                            "Content-Length": str(len(self.server.event))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(self.server.event)

    def do_POST(self):
        """What the function answers, or its error."""
        length = int(self.headers.get("Content-Length", "0"))
        self.server.answer = json.loads(self.rfile.read(length))
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()
        self.server.ended.set()

    def log_message(self, *_args):
        """Nothing to say."""


@pytest.fixture
def ask(board, pair, tmp_path):
    """Asks one server of the pair as the function would be asked, over TLS."""
    assert BINARY.exists(), "`make build` builds the functions"
    authority = front.Authority(tmp_path / "tls")

    def fronted(server, host):
        return front.open_front(board, (host, procs.free_port(host)), (server.host, server.port),
                                authority.server_context([host])).listen

    def asked(server) -> dict:
        host, port = fronted(server, WEST if server is pair.replica else EAST)
        runtime = ThreadingHTTPServer(("127.0.0.1", 0), Runtime)
        runtime.daemon_threads = True
        runtime.given, runtime.answer, runtime.ended = False, None, threading.Event()
        runtime.event = json.dumps({
            "leeward": "probe", "schema": 1, "host": host, "port": port, "database": "orders",
            "user": postgres.PROBE_ROLE, "sessions_of": None}).encode()
        threading.Thread(target=runtime.serve_forever, daemon=True).start()
        process = subprocess.Popen([BINARY], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env={
            **{name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ},
            "AWS_LAMBDA_RUNTIME_API": f"http://127.0.0.1:{runtime.server_address[1]}",
            "AWS_LAMBDA_FUNCTION_NAME": "leeward-db-probe", "AWS_LAMBDA_FUNCTION_VERSION": "1",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256", "AWS_LAMBDA_LOG_GROUP_NAME": "probe",
            "AWS_LAMBDA_LOG_STREAM_NAME": "probe", "AWS_REGION": "us-west-2",
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_SESSION_TOKEN": "test", "LEEWARD_DATABASE_CA": str(authority.ca_file)})
        try:
            assert runtime.ended.wait(LIMIT_S), "no answer"
        finally:
            process.kill()
            process.wait()
            runtime.shutdown()
            runtime.server_close()
        return runtime.answer

    return asked


def test_it_tells_who_wrote_the_heartbeat_on_either_side(ask, pair):
    assert ask(pair.primary)["heartbeat"] is None, "no row"
    pair.primary.query("INSERT INTO leeward_heartbeat VALUES (1, 1700000000123, 'us-east-1')")
    written = {"written": {"at_ms": 1700000000123, "region": "us-east-1"}}
    answer = ask(pair.primary)
    assert (answer["heartbeat"], answer["in_recovery"], answer["writable"]) == (written, False, True)
    procs.wait_until("the row on the replica", lambda: pair.replica.query(
        "SELECT 1 FROM leeward_heartbeat") == [[1]], LIMIT_S)
    answer = ask(pair.replica)
    assert (answer["heartbeat"], answer["in_recovery"], answer["writable"]) == (written, True, False)


def test_a_row_that_names_nobody_is_told_as_such(ask, pair):
    pair.primary.query("ALTER TABLE leeward_heartbeat ALTER COLUMN region DROP NOT NULL")
    pair.primary.query("INSERT INTO leeward_heartbeat VALUES (1, 1700000000123, NULL)")
    answer = ask(pair.primary)
    assert answer["heartbeat"] == {"written": {"at_ms": 1700000000123, "region": None}}
    assert answer["writable"]


def test_a_table_without_the_column_is_told_and_mended_by_what_is_advised(ask, pair):
    pair.primary.query("ALTER TABLE leeward_heartbeat DROP COLUMN region")
    pair.primary.query("INSERT INTO leeward_heartbeat VALUES (1, 1700000000123)")
    answer = ask(pair.primary)
    assert answer["heartbeat"] == {"lacks_column": 'column "region" does not exist'}
    assert answer["writable"], "everything else is answered all the same"
    (advised,) = re.findall(r"`(BEGIN;.*?COMMIT;)`", WORDS.read_text())
    pair.primary.query(advised)
    assert ask(pair.primary)["heartbeat"] is None, "until its holder writes the next"


def test_without_the_table_there_is_no_heartbeat(ask, pair):
    pair.primary.query("DROP TABLE leeward_heartbeat")
    answer = ask(pair.primary)
    assert (answer["heartbeat"], answer["writable"]) == (None, True)


def test_an_engine_in_recovery_is_asked_for_no_write(ask, pair):
    """As far as one engine can show an Aurora secondary with write forwarding: it says that it is in
    recovery, takes the UPDATE, and the answer of the far writer does not come."""
    pair.primary.query("INSERT INTO leeward_heartbeat VALUES (1, 1700000000123, 'us-east-1')")
    for statement in (
            "CREATE FUNCTION public.pg_is_in_recovery() RETURNS bool LANGUAGE sql AS 'SELECT true'",
            "CREATE FUNCTION far() RETURNS trigger LANGUAGE plpgsql AS "
            "$$BEGIN PERFORM pg_sleep(60); RETURN NEW; END$$",
            "CREATE TRIGGER far BEFORE UPDATE ON leeward_heartbeat FOR EACH ROW EXECUTE FUNCTION far()",
            f"ALTER ROLE {postgres.PROBE_ROLE} SET search_path = public, pg_catalog"):
        pair.primary.query(statement)
    answer = ask(pair.primary)
    assert (answer.get("in_recovery"), answer.get("writable")) == (True, False), answer
    assert answer["heartbeat"]["written"]["region"] == "us-east-1"
