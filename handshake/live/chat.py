"""The two-way chat that the article promises: two or more clients, one server, framed messages.

A `Room` is the chat itself.  It takes bytes and gives bytes, and knows no socket.  `Server` puts it on
127.0.0.1: one thread, no call that waits for a single client, so that a slow one holds up nobody.

Every message is framed by its length.  The first of a client is its name; each of the others is told to
everybody else in the room, with the name before it.
"""

from __future__ import annotations

import selectors
import socket
from collections import deque
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from threading import Thread

from handshake.errors import Refused
from handshake.framing import FramingError, LengthPrefixed
from handshake.live.loopback import HERE

LIMIT = 4096
"""The longest message, in bytes."""

PATIENCE = 1 << 18
"""So many bytes may wait for somebody who does not read; then the room goes on without them."""

PORTION = 4096
"""So many bytes are read from one client before it is the next one's turn."""

OUTGOING = 1 << 17
"""So many bytes are offered to the system at once for one client; it takes what it has room for."""

BREATH = 0.2
"""How long the server waits, in seconds, when the system lets it accept nobody."""

REMEMBERED = 1000
"""So many of those who have left are remembered."""

SEATS = 64
"""So many may be in the room."""


LONGEST_NAME = 40
"""Longer names are cut, in characters."""


def told_at_most(limit: int) -> int:
    """How many bytes what the server tells has at most: a name, and three for each byte that is no UTF-8."""
    return 3 * limit + 4 * LONGEST_NAME + 16


class Member:
    """Somebody in the room.   name: "" until it has been said.   waiting: what was not sent to them yet."""

    def __init__(self, limit: int) -> None:
        self.name = ""
        self.framer = LengthPrefixed(limit)
        self.waiting = bytearray()

    def __repr__(self) -> str:
        return f"Member({self.name!r}, {len(self.waiting)} bytes waiting)"


class Room:
    """Who is in the chat, and what each of them is still to be sent.

    limit: the longest message.   patience: how many bytes may wait for a member.   seats: how many fit in.
    members: by whatever the caller knows them by.   parting: who has said the last word, and has still to be
    sent what had been waiting.   gone: (name, why) of those who have left, the last REMEMBERED of them.
    """

    def __init__(self, *, limit: int = LIMIT, patience: int = PATIENCE, seats: int = SEATS) -> None:
        for name, value in (("limit", limit), ("patience", patience), ("seats", seats)):
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ValueError(f"{name} is a whole number, 1 or more; got {value!r}")
        self.limit = limit
        self.patience = patience
        self.seats = seats
        self.members: dict[object, Member] = {}
        self.parting: dict[object, Member] = {}
        self.gone: list[tuple[str, str]] = []
        self._frame = LengthPrefixed(told_at_most(limit)).encode

    def joins(self, key: object) -> None:
        """Somebody comes in.   Refused if there is no seat.

        Who has a seat and has not even said a name has to leave it to somebody else.
        """
        if key in self.members:
            raise ValueError(f"{key!r} is in the room already")
        if len(self.members) >= self.seats:
            silent = next((each for each, member in self.members.items() if not member.name), None)
            if silent is None:
                raise Refused("the room", f"all of its {self.seats} seats are taken: come back later")
            self.leaves(silent, "said no name, and the seat was wanted")
        self.members[key] = Member(self.limit)

    def hears(self, key: object, chunk: bytes) -> None:
        """Bytes of a member came.  What breaks the framing shows them out."""
        member = self.members[key]
        try:
            messages, why = member.framer.feed(chunk), ""
        except FramingError as error:
            messages, why = list(error.messages), f"sent what is no message: {error}"
        for message in messages:
            if key not in self.members:
                return  # shown out meanwhile: too slow to hear what others said
            self._says(key, member, message.decode("utf-8", "replace"))
        if why:
            self.leaves(key, why)

    def ends(self, key: object) -> None:
        """A member will say no more.  What waits for them is still sent: they may be listening."""
        member, why = self.members[key], "left"
        try:
            member.framer.end()
        except FramingError as error:
            why = f"left in the middle of a message: {error}"
        self.leaves(key, why)
        if member.waiting:
            self.parting[key] = member

    def leaves(self, key: object, why: str) -> None:
        """A member is no longer there, and the others are told so."""
        self.parting.pop(key, None)
        member = self._removed(key, why)
        if member is not None and member.name:
            self._tells(key, f"* {member.name} is gone")

    def outgoing(self, key: object) -> bytes:
        """What somebody is still to be sent, as much as a system may want to take at once."""
        return bytes(self._anybody(key).waiting[:OUTGOING])

    def sent(self, key: object, count: int) -> None:
        """So many bytes of it were taken."""
        member = self._anybody(key)
        del member.waiting[:count]
        if not member.waiting:
            self.parting.pop(key, None)

    def _anybody(self, key: object) -> Member:
        return self.members[key] if key in self.members else self.parting[key]

    def _removed(self, key: object, why: str) -> Member | None:
        member = self.members.pop(key, None)
        if member is not None:
            self.gone = [*self.gone[1 - REMEMBERED :], (member.name, why)]
        return member

    def _says(self, key: object, member: Member, text: str) -> None:
        if not member.name:
            member.name = text[:LONGEST_NAME] or "nobody"
            self._tells(key, f"* {member.name} is here")
        else:
            self._tells(key, f"{member.name}: {text}")

    def _tells(self, key: object, text: str) -> None:
        """Put a message where it waits for everybody else who has a name; and show out who is too slow."""
        news = deque([(key, text)])
        while news:
            about, text = news.popleft()
            framed = self._frame(text.encode())
            for other, member in list(self.members.items()):
                if other == about or not member.name:
                    continue
                member.waiting += framed
                if len(member.waiting) > self.patience:
                    self._removed(other, f"too slow: {len(member.waiting)} bytes were waiting")
                    news.append((other, f"* {member.name} is gone"))


class Server:
    """A Room on 127.0.0.1, in a thread of its own, until `close`.

    room: what it serves.   port: 0 lets the system choose.   address: where it listens.
    failed: what ended it, if that was not `close`.

    >>> with Server() as server, Client(server.address, "Ann") as ann:
    ...     ann.say("hello")
    """

    def __init__(self, room: Room | None = None, *, port: int = 0) -> None:
        self.room = room or Room()
        self.failed: Exception | None = None
        with ExitStack() as opened:
            self._listener = opened.enter_context(socket.create_server((HERE, port)))
            self._bell, self._rings = map(opened.enter_context, socket.socketpair())
            self._selector = opened.enter_context(selectors.DefaultSelector())
            self.address: tuple[str, int] = self._listener.getsockname()
            self._listener.setblocking(False)
            self._selector.register(self._listener, selectors.EVENT_READ)
            self._selector.register(self._bell, selectors.EVENT_READ)
            self._thread = Thread(target=self._run, name=f"chat on {self.address[1]}", daemon=True)
            self._thread.start()
            self._opened = opened.pop_all()  # from here on `close` closes them

    def close(self) -> None:
        """Stop serving, and close every socket."""
        with suppress(OSError):
            self._rings.send(b"!")
        self._thread.join()
        self._opened.close()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "serving" if self._thread.is_alive() else "closed"
        return f"Server({len(self.room.members)} in the room, {state})"

    def _run(self) -> None:
        try:
            while self._turn():
                pass
        except Exception as error:  # whatever it is: whoever owns the server has to be able to see it
            self.failed = error
        finally:
            for client in self._clients():
                self._selector.unregister(client)
                client.close()
            self._listener.close()  # so that nobody waits for a server that is no more

    def _turn(self) -> bool:
        """Whoever is ready has one turn: at most a portion is read, and what waits is sent."""
        deaf = self._listener not in self._selector.get_map()
        for key, ready in self._selector.select(BREATH if deaf else None):
            if key.fileobj is self._bell:
                return False
            if key.fileobj is self._listener:
                self._welcome()
                continue
            client: socket.socket = key.fileobj  # type: ignore[assignment]
            if client in self.room.members and ready & selectors.EVENT_READ:
                self._read(client)
            if self._waits(client) and ready & selectors.EVENT_WRITE:
                self._write(client)
        if deaf:
            self._selector.register(self._listener, selectors.EVENT_READ)
        for client in self._clients():
            reads = selectors.EVENT_READ if client in self.room.members else 0
            wanted = reads | (selectors.EVENT_WRITE if self._waits(client) else 0)
            if not wanted:  # it has left, or was shown out
                self._selector.unregister(client)
                client.close()
            elif self._selector.get_key(client).events != wanted:
                self._selector.modify(client, wanted)
        return True

    def _clients(self) -> list[socket.socket]:
        others = (self._listener, self._bell)
        found = [key.fileobj for key in self._selector.get_map().values() if key.fileobj not in others]
        return found  # type: ignore[return-value]

    def _waits(self, client: socket.socket) -> bool:
        member = self.room.members.get(client) or self.room.parting.get(client)
        return member is not None and bool(member.waiting)

    def _welcome(self) -> None:
        try:
            client, _ = self._listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return  # whoever called has hung up again
        except OSError:
            # Such as too many open files.  The caller still waits: try again after a while, and not at once.
            self._selector.unregister(self._listener)
            return
        try:
            client.setblocking(False)
            # What waits for a slow client shall wait in the room, where it is counted, and not in the system.
            client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 16)
            self.room.joins(client)
            self._selector.register(client, selectors.EVENT_READ)
        except (OSError, Refused):  # it has hung up, or there is no seat
            self.room.leaves(client, "hung up")
            client.close()

    def _read(self, client: socket.socket) -> None:
        try:
            chunk = client.recv(PORTION)
        except BlockingIOError:
            return
        except OSError as error:
            self.room.leaves(client, f"lost: {error.strerror or error}")
            return
        if chunk:
            self.room.hears(client, chunk)
        else:
            self.room.ends(client)

    def _write(self, client: socket.socket) -> None:
        try:
            count = client.send(self.room.outgoing(client))
        except BlockingIOError:
            return
        except OSError as error:
            self.room.leaves(client, f"lost: {error.strerror or error}")
            return
        self.room.sent(client, count)


class Client:
    """Somebody who takes part in the chat.

    address: of the server.   name: told to the others.   patience: how long it waits, in seconds.
    Errors of the socket, such as ConnectionRefusedError, are left as they are.
    """

    def __init__(
        self, address: tuple[str, int], name: str, *, limit: int = LIMIT, patience: float = 5.0
    ) -> None:
        self.name = name
        self._frame = LengthPrefixed(limit)
        self._framer = LengthPrefixed(told_at_most(limit))
        self._failed: Exception | None = None
        first = self._frame.encode(name.encode())
        self.socket = socket.create_connection(address, timeout=patience)
        try:
            self.socket.sendall(first)
        except OSError:
            self.socket.close()
            raise

    def say(self, text: str) -> None:
        """Send a message: all of it, though `send` may take less at once."""
        self.socket.sendall(self._frame.encode(text.encode()))

    def hear(self, count: int = 1) -> list[str]:
        """Wait for at least so many messages; fewer if the server closes, or is silent for too long.

        Whatever was heard is given first.  If the connection is lost (ConnectionResetError), or is closed
        inside a message (FramingError), the call after that says so.
        """
        heard: list[str] = []
        while len(heard) < count:
            if self._failed is not None:
                if not heard:
                    raise self._failed
                break
            messages: Sequence[bytes] = ()
            try:
                chunk = self.socket.recv(65536)
                if not chunk:
                    self._framer.end()
                    break
                messages = self._framer.feed(chunk)
            except TimeoutError:
                break
            except FramingError as error:
                messages, self._failed = error.messages, error
            except OSError as error:
                self._failed = error
            heard += [message.decode("utf-8", "replace") for message in messages]
        return heard

    def close(self) -> None:
        """Leave."""
        self.socket.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Client({self.name!r})"
