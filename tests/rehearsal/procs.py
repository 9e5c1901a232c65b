"""Child processes that never outlive the rehearsal: each dies with its parent, whatever ends it."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

# prctl(2) option: the signal a child gets when the thread that forked it ends.
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)

# The death signal is tied to the *thread* that forks, so every child is forked by this one thread,
# which lives as long as the interpreter.
_SPAWNER = ThreadPoolExecutor(max_workers=1, thread_name_prefix="spawner")

# A killed process is gone at once; this bounds the wait for the kernel to say so.
_REAP_LIMIT_S = 10.0


class Gone(RuntimeError):
    """A condition did not come true within its limit, or a process died while it was awaited."""


def wait_until(what: str, condition: Callable[[], object], limit_s: float, every_s: float = 0.02):
    """Waits for a condition's first true value and answers it; `Gone` names what never came."""
    deadline = time.monotonic() + limit_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= deadline:
            raise Gone(f"waited {limit_s:g} s for {what}: it did not happen")
        time.sleep(every_s)


def _die_with_parent() -> None:
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def spawn(
    argv: Sequence[str],
    log: Path,
    env: Mapping[str, str] | None = None,
    user: int | None = None,
    cwd: Path | None = None,
) -> subprocess.Popen:
    """Starts a process in a group of its own, its output in `log`; it is killed with this process."""
    log.parent.mkdir(parents=True, exist_ok=True)
    identity = {} if user is None else {"user": user, "group": user, "extra_groups": []}

    def fork() -> subprocess.Popen:
        with log.open("ab") as out:
            return subprocess.Popen(
                list(argv), stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, cwd=cwd,
                env=None if env is None else {**os.environ, **env}, start_new_session=True,
                preexec_fn=_die_with_parent, **identity)

    return _SPAWNER.submit(fork).result()


def descendants(pid: int) -> list[int]:
    """Every living descendant of a process, parents before children."""
    found, queue = [], [pid]
    while queue:
        parent = queue.pop()
        try:
            for task in os.listdir(f"/proc/{parent}/task"):
                text = Path(f"/proc/{parent}/task/{task}/children").read_text()
                queue.extend(int(child) for child in text.split())
        except (FileNotFoundError, ProcessLookupError):
            pass
        if parent != pid:
            found.append(parent)
    return found


def signal_tree(process: subprocess.Popen, number: signal.Signals) -> None:
    """Signals a process and all it has started (PostgreSQL's backends leave its process group)."""
    for pid in [process.pid, *descendants(process.pid)]:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass


def kill_tree(process: subprocess.Popen) -> None:
    """Kills a process and all it has started, without a last word, and reaps it."""
    if process.poll() is None:
        # Stopped first: a parent that lives on between two kills could start another child.
        signal_tree(process, signal.SIGSTOP)
        signal_tree(process, signal.SIGKILL)
    process.wait(_REAP_LIMIT_S)


class Processes:
    """The named processes of one place (a Region), killed or frozen together."""

    def __init__(self, log_dir: Path):
        self.log_dir = log_dir
        self._running: dict[str, subprocess.Popen] = {}

    def start(self, name: str, argv: Sequence[str], env: Mapping[str, str] | None = None) -> None:
        """Starts a process under a name; its output goes to `<log_dir>/<name>.log`."""
        self._running[name] = spawn(argv, self.log_dir / f"{name}.log", env)

    def died(self) -> list[str]:
        """Names of those that ended by themselves: in a rehearsal each of them is a fault."""
        return [name for name, process in self._running.items() if process.poll() is not None]

    def names(self) -> list[str]:
        """Names of those started and not yet killed."""
        return list(self._running)

    def freeze(self, name: str) -> None:
        """Stops the process where it is (SIGSTOP), as a hypervisor's pause would."""
        signal_tree(self._running[name], signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        """Lets a frozen process go on."""
        signal_tree(self._running[name], signal.SIGCONT)

    def end(self, name: str, limit_s: float) -> None:
        """Asks one process to end in order, and waits for it; one that does not is killed."""
        process = self._running[name]
        process.terminate()
        try:
            process.wait(limit_s)
        except subprocess.TimeoutExpired as error:
            raise Gone(f"{name} did not end within {limit_s:g} s") from error
        finally:
            self.kill(name)

    def kill(self, name: str) -> None:
        """Kills one process without a last word."""
        kill_tree(self._running.pop(name))

    def kill_all(self) -> None:
        """Kills them all: the place is gone."""
        for name in list(self._running):
            self.kill(name)


def free_port(*hosts: str) -> int:
    """A TCP port that is free on every one of these addresses at this moment."""
    for _ in range(50):
        sockets = [socket.socket() for _ in hosts]
        try:
            sockets[0].bind((hosts[0], 0))
            port = sockets[0].getsockname()[1]
            for other, host in zip(sockets[1:], hosts[1:], strict=True):
                other.bind((host, port))
            return port
        except OSError:
            continue
        finally:
            for each in sockets:
                each.close()
    raise Gone(f"no TCP port is free on all of {', '.join(hosts)}")
