"""A simulated machine: an address, a cable, the sockets of its programs, and the ports on which they listen.

It can be killed, unplugged and rebooted.  Whatever it sends and does is recorded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from handshake.entropy import Entropy
from handshake.errors import Refused
from handshake.peel import Dissection
from handshake.sim.clock import Clock
from handshake.sim.network import Network, Packet
from handshake.sim.socket import Port, Program, Socket
from handshake.tcp import Arrives, Listener, Move, Segment, Settings, Tcb, step
from handshake.tcp.endpoint import ETHERNET_MSS, Machine
from handshake.tcp.figure import CLOSED, LISTEN, SYN_RECEIVED
from handshake.tcp.isn import TICKS, initial_number
from handshake.tcp.tcb import closed
from handshake.trace import OTHER, Address, Recorder

OFF = "off"
"""What stands in place of a state while a machine is down: there is nobody to be in one."""


class Host:
    """A machine.

    name: whose faults are its own ("client", "server").   address: its IP address.
    up, plugged: whether it runs, and whether its cable is in.   packets: how many it has sent.
    life: how often its programs have died or its power has failed.
    sockets: its connections by (own port, peer).   listening: its listening ports.
    arriving: the number of the transit that is just arriving, or None.
    time_wait: whether the end of TIME-WAIT, minutes later, is waited for.
    boot: what its system starts when the machine has come up again.
    """

    def __init__(
        self, name: str, address: str, clock: Clock, recorder: Recorder, network: Network, entropy: Entropy
    ) -> None:
        self.name = name
        self.address = address
        self.clock = clock
        self.recorder = recorder
        self.network = network
        self.mac = f"02:00:00:00:00:{0x0A + len(network.hosts):02x}"
        self.up = self.plugged = True
        self.life = 0
        self.packets = 0
        self.sockets: dict[tuple[int, Address], Socket] = {}
        self.listening: dict[int, Port] = {}
        self.arriving: int | None = None
        self.time_wait = False
        self.boot: Callable[[], object] | None = None
        self._entropy = entropy
        self._settings = self.settings()
        self._lost: list[Socket] = []
        self._draw_secrets()
        network.join(self)

    def __repr__(self) -> str:
        state = "" if self.up else ", off"
        return f"Host({self.name!r}, {self.address!r}, {len(self.sockets)} connections{state})"

    def _draw_secrets(self) -> None:
        """What a machine draws at its start: keys, and where its clock stands."""
        self._isn_secret = self._entropy(f"{self.name} ISN secret", 32)
        self._cookie_secret = self._entropy(f"{self.name} cookie secret", 32)
        self._started = self._entropy.number(f"{self.name} clock", 2**32) / TICKS

    # What a program may ask for.

    def socket(
        self, port: int, peer: Address, *, end: str = "client", program: Program | None = None,
        isn: int | None = None, settings: Settings | None = None, machine: Machine = step,
    ) -> Socket:  # fmt: skip
        """A socket for a connection with `peer`; it opens when its `open` or `listen` is called.

        end: which end it is, "client" if it calls.   isn: its first number, by RFC 6528 if None.
        """
        local = (self.address, port)
        tcb = closed(local, peer, settings or self._settings)
        number = (lambda: self.isn(local, peer)) if isn is None else isn
        client, server = (local, peer) if end == "client" else (peer, local)
        connection = self.recorder.connection("TCP", client, server)
        socket = Socket(self, tcb, peer, number, connection, end, program, machine=machine)
        self.sockets[port, peer] = socket
        return socket

    def listen(
        self, port: int, serve: Callable[[], Program | None] = lambda: None, *, pause: float | None = 0.0,
        reuse: bool = True, settings: Settings | None = None, machine: Machine = step, **choices: Any,
    ) -> Port:  # fmt: skip
        """Listen on a port for anybody.

        serve: makes the program for each connection.   pause: how long the program needs between two
        accepts, None if it never accepts.   reuse: whether the port may be taken although connections of an
        earlier program still hold it, as with SO_REUSEADDR.   Further choices are those of `tcp.Listener`:
        backlog, cookies ...   Refused if the port is in use.
        """
        local = (self.address, port)
        if port in self.listening:
            raise Refused(f"the {self.name}", f"address in use: a program listens on port {port} already")
        holds = [socket for (own, _), socket in self.sockets.items() if own == port]
        if holds and not reuse:
            state = holds[0].state
            raise Refused(f"the {self.name}", f"address in use: a connection in {state} holds port {port}")

        def child(source: Address, isn: int, tcb: Tcb) -> Socket:
            return self._child(self.listening[port], source, isn, tcb)

        listener = Listener(
            local,
            isn=lambda source, now: self.isn(local, source),
            secret=self._cookie_secret,
            settings=settings or self._settings,
            child=child,
            **choices,
        )
        found = self.listening[port] = Port(self, listener, serve, pause, machine)
        return found

    def settings(self, **choices: Any) -> Settings:
        """Settings with a segment size that fits this machine's link."""
        return Settings(**{"mss": ETHERNET_MSS[6 if ":" in self.address else 4], **choices})

    def isn(self, local: Address, remote: Address) -> int:
        """An initial sequence number for a connection between these two, by RFC 6528."""
        return initial_number(self._isn_secret, local, remote, self._started + self.clock.now)

    # What the network brings.

    def receive(self, packet: Packet) -> None:
        """A packet arrived."""
        if not self.up or not self.plugged:
            why = f"the {self.name}'s cable is pulled" if self.up else f"the {self.name} is down"
            self.network.lose(packet, why)
            return
        self.arriving = packet.number
        self.recorder.arrived(packet.number, self.clock.now)
        segment = packet.segment if packet.bits is None else self._read(packet)
        if segment is not None:
            meant = self.addressee(segment.destination_port, packet.source)
            if isinstance(meant, Socket):
                meant.receive(segment, self.clock.now, packet.source)
            else:
                self._called(packet, segment, meant)
        self.arriving = None

    def addressee(self, port: int, source: Address) -> Socket | Port | None:
        """For whom a segment is that comes from `source`, for this port.

        The connection with exactly these two ends; or else whoever listens on the port; or nobody.
        """
        socket = self.sockets.get((port, source))
        if socket is not None and (socket.port is None or socket.tcb.state is not SYN_RECEIVED):
            return socket
        return self.listening.get(port)

    def _read(self, packet: Packet) -> Segment | None:
        """Take apart bytes that the network has changed; None if their checksum is wrong."""
        dissection = Dissection(packet())
        segment = dissection.transport
        if isinstance(segment, Segment) and dissection.checksums["TCP"] == "good":
            return segment
        known = self.sockets.get((packet.destination[1], packet.source))
        plain = known.tcb.plain() if known else {"state": str(CLOSED)}
        fault = "checksum is wrong" if isinstance(segment, Segment) else "header makes no sense"
        why = f"the {fault}: the segment is dropped, as if it had been lost"
        self._told(packet.connection, OTHER[packet.end], "rcv damaged segment", plain, plain, why)
        return None

    def _called(self, packet: Packet, segment: Segment, port: Port | None) -> None:
        """No connection is complete that it could be for: it may be a call, or part of a handshake."""
        if port is None:
            nobody = closed((self.address, segment.destination_port), packet.source)
            move: Move | None = step(nobody, Arrives(segment, packet.source), self.clock.now)
        else:
            self._calling = packet
            move = port.listener.receive(segment, self.clock.now, packet.source)
        if move is not None:
            end = OTHER[packet.end]
            sends = tuple(
                self.network.carry(
                    Packet(self, packet.destination, packet.source, answer, packet.connection, end)
                )
                for answer in move.sends
            )
            self.recorder.step(self.clock.now, packet.connection, end, move, packet.number, sends)

    def _child(self, port: Port, source: Address, isn: int, tcb: Tcb) -> Socket:
        """A socket for a call to a listening port."""
        packet = self._calling
        end = OTHER[packet.end]
        socket = Socket(self, tcb, source, isn, packet.connection, end, port=port, machine=port.machine)
        self.sockets[tcb.local[1], source] = socket
        if tcb.state is not LISTEN:
            before = {"state": str(LISTEN)}
            why = "the cookie is good: the connection is made from it, as if the SYN had just come"
            self._told(packet.connection, end, "rcv ACK of cookie", before, tcb.plain(), why)
        return socket

    # For sockets.

    def send(self, socket: Socket, segment: Segment) -> int:
        """Send a segment of a socket; the answer is the number of its transit."""
        return self.network.carry(
            Packet(self, socket.tcb.local, socket.peer, segment, socket.connection, socket.end)
        )

    def forget(self, socket: Socket) -> None:
        """A connection is over: what still comes for it finds nobody."""
        key = (socket.tcb.local[1], socket.peer)
        if self.sockets.get(key) is socket:
            del self.sockets[key]

    def accepted(self, socket: Socket, program: Program | None) -> None:
        """A program has accepted a connection: from now on it is told of what happens to it."""
        plain = socket.tcb.plain()
        why = "the program takes the connection from the accept queue"
        self._told(socket.connection, socket.end, "accept", plain, plain, why)
        socket.program = program
        if program is not None:
            program(socket)

    # What can befall it.

    def kill(self) -> None:
        """Its programs die; the system closes what they had open."""
        self._happened("killed", f"the {self.name}'s program is killed: its system closes the connection")
        self.life += 1
        for port in self.listening.values():
            waiting = [*port.listener.syn_queue.values(), *port.listener.accept_queue]
            for call in waiting:  # nobody will ever accept them
                if isinstance(call, Socket):
                    call.port = None
                    call.abort()
        self.listening.clear()
        for socket in list(self.sockets.values()):
            socket.program = None
            try:
                socket.close(reading=False)
            except Refused:
                continue  # it was closing already

    def unplug(self) -> None:
        """Its cable is pulled: it notices nothing, and nothing gets through."""
        self.plugged = False
        self._happened("unplugged", f"the {self.name}'s cable is pulled")

    def plug(self) -> None:
        """Its cable is put back."""
        self.plugged = True
        self._happened("plugged in", f"the {self.name}'s cable is put back")

    def power_off(self) -> None:
        """It goes down, and forgets everything."""
        self.life += 1
        self._happened("down", f"the {self.name} loses power, and with it all that it remembered")
        self._lost = list(self.sockets.values())
        for socket in self._lost:
            socket.gone = True
            before, after = socket.tcb.plain(), {"state": OFF}
            self._told(
                socket.connection, socket.end, "power fails", before, after, "whatever it knew is lost"
            )
        self.up = False
        self.sockets.clear()
        self.listening.clear()

    def power_on(self) -> None:
        """It comes up again, and knows nothing of what was before."""
        self.up = True
        self._draw_secrets()
        why = "as far as it knows, there is no connection"
        for socket in self._lost:
            before, after = {"state": OFF}, {"state": str(CLOSED)}
            self._told(socket.connection, socket.end, "starts again", before, after, why)
        self._happened("up", f"the {self.name} is up again, and remembers nothing")
        self._lost = []
        if self.boot:
            self.boot()

    def _told(
        self, connection: int, end: str, cause: str, before: dict[str, Any], after: dict[str, Any], why: str
    ) -> None:
        """Record something that no machine does, but a system or its program."""
        self.recorder.told(
            self.clock.now, connection, end, transit=self.arriving, cause=cause,
            before=before, after=after, notes=(why,),
        )  # fmt: skip

    def _happened(self, kind: str, text: str) -> None:
        """Record an event, for each of its connections."""
        concerned = [*self.sockets.values(), *self._lost]
        for socket in concerned:
            self.recorder.happened(kind, text, self.clock.now, connection=socket.connection, end=socket.end)
        if not concerned:
            self.recorder.happened(kind, text, self.clock.now, connection=None, end=self.name)
