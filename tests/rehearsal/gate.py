"""Switches on TCP paths: what a partition, a dead Region or a hanging one looks like to its peers.

A gate listens where a service is looked for and carries bytes to where it really runs. Its mode:

pass    carries.
cut     silence: a new connection's SYN is dropped by the kernel (the accept queue is kept full), an
        open connection stays open and carries nothing. After healing, held bytes flow on, as TCP's
        retransmissions would make them.
hang    a new connection is accepted and never answered; an open one carries nothing.
refuse  the port is closed: open connections are reset, new ones are refused.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable

MODES = ("pass", "cut", "hang", "refuse")

# Enough for every client of a rehearsal at once; the kernel's own default is 128.
_BACKLOG = 128
_CHUNK = 65536
# A mode change is a few socket calls; more than this means that the loop is stuck.
_CALL_LIMIT_S = 10.0
# tcpi_state, the first byte of struct tcp_info, of a handshake that got no answer.
_TCP_SYN_SENT = 2
# Long enough for a loopback handshake to be over when it is going to be.
_HANDSHAKE_S = 0.01

# Prepares the client's side (say, TLS) and answers the bytes already read that belong upstream.
Greeting = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[bytes | None]]


class Board:
    """All gates of a rehearsal, on one event loop in one thread."""

    def __init__(self):
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(lambda _loop, _context: None)
        self._thread = threading.Thread(target=self._loop.run_forever, name="gates", daemon=True)
        self._thread.start()
        self._gates: list[Gate] = []

    def gate(self, listen: tuple[str, int], upstream: tuple[str, int],
             greeting: Greeting | None = None) -> Gate:
        """Opens a gate in mode `pass`."""
        gate = Gate(self, listen, upstream, greeting)
        self.call(gate.switch("pass"))
        self._gates.append(gate)
        return gate

    def call(self, coroutine: Awaitable):
        """Runs a coroutine on the gates' loop and waits for its end."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(_CALL_LIMIT_S)

    def close(self) -> None:
        """Closes every gate and ends the loop."""
        for gate in self._gates:
            self.call(gate.switch("refuse"))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_CALL_LIMIT_S)


class Gate:
    """One path. `set` changes its mode; the change is in force when it returns."""

    def __init__(self, board: Board, listen: tuple[str, int], upstream: tuple[str, int],
                 greeting: Greeting | None):
        self._board, self.listen, self.upstream, self._greeting = board, listen, upstream, greeting
        self.mode = "refuse"
        self._listener: socket.socket | None = None
        self._acceptor: asyncio.Task | None = None
        self._fillers: list[socket.socket] = []
        self._open: set[asyncio.BaseTransport] = set()
        self._flow: asyncio.Event | None = None

    def set(self, mode: str) -> None:
        """Switches to another mode."""
        self._board.call(self.switch(mode))

    async def switch(self, mode: str) -> None:
        """`set`, for callers on the gates' own loop."""
        if mode not in MODES:
            raise ValueError(f"a gate's mode is one of {', '.join(MODES)}, not '{mode}'")
        if self._flow is None:
            self._flow = asyncio.Event()
        if mode == self.mode:
            return
        self.mode = mode
        if mode == "pass":
            self._flow.set()
        else:
            self._flow.clear()
        if mode == "refuse":
            await self._shut()
            return
        if self._listener is None:
            self._listener = _listener(self.listen)
        if mode == "cut":
            await self._stop_accepting()
            await self._fill_queue()
        else:
            self._drain_fillers()
            if self._acceptor is None:
                self._acceptor = asyncio.ensure_future(self._accept())

    async def _stop_accepting(self) -> None:
        if self._acceptor is not None:
            self._acceptor.cancel()
            await asyncio.gather(self._acceptor, return_exceptions=True)
            self._acceptor = None

    async def _shut(self) -> None:
        await self._stop_accepting()
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        self._drain_fillers()
        for transport in list(self._open):
            transport.abort()

    async def _fill_queue(self) -> None:
        """Fills the accept queue with our own connections, so that the kernel drops further SYNs."""
        self._listener.listen(0)
        for _ in range(_BACKLOG):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(self.listen)
            await asyncio.sleep(_HANDSHAKE_S)
            state = filler.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
            if state == _TCP_SYN_SENT:
                filler.close()
                return
            self._fillers.append(filler)
        raise RuntimeError(f"the accept queue of {self.listen} does not fill: no silence to be had")

    def _drain_fillers(self) -> None:
        if self._listener is not None:
            self._listener.listen(_BACKLOG)
        for filler in self._fillers:
            filler.close()
        self._fillers = []

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            connection, _peer = await loop.sock_accept(self._listener)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            reader = asyncio.StreamReader(limit=_CHUNK)
            protocol = asyncio.StreamReaderProtocol(reader, self._serve)
            await loop.connect_accepted_socket(lambda p=protocol: p, connection)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raw = writer.transport
        self._open.add(raw)
        upstream: asyncio.StreamWriter | None = None
        try:
            await self._flow.wait()
            first = await self._greeting(reader, writer) if self._greeting else b""
            if first is None:
                return
            up_reader, upstream = await asyncio.open_connection(*self.upstream)
            upstream.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._open.add(upstream.transport)
            upstream.write(first)
            pumps = [asyncio.ensure_future(self._pump(reader, upstream)),
                     asyncio.ensure_future(self._pump(up_reader, writer))]
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
        except (OSError, ssl.SSLError, asyncio.IncompleteReadError):
            pass
        finally:
            for each in filter(None, (writer, upstream)):
                # What is written goes out first; a peer that never reads is not waited for.
                each.close()
            self._open.discard(raw)
            if upstream is not None:
                self._open.discard(upstream.transport)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while True:
            try:
                data = await source.read(_CHUNK)
            except OSError:
                data = b""
            # The end of a connection, too, is news that does not cross a gate that is shut.
            await self._flow.wait()
            if not data:
                return
            sink.write(data)
            await sink.drain()


def _listener(address: tuple[str, int]) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(address)
    listener.listen(_BACKLOG)
    listener.setblocking(False)
    return listener
