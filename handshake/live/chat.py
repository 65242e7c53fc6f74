"""The two-way chat that the article promises: two or more clients, one server, framed messages.

A `Room` is the chat itself.  It takes bytes and gives bytes, and knows no socket.  `Server` puts it on
127.0.0.1: one thread, no call that waits for a single client, so that a slow one holds up nobody.

Every message is framed by its length.  The first of a client is its name; each of the others is told to
everybody else in the room, with the name before it.
"""

from __future__ import annotations

import selectors
import socket
from collections.abc import Iterator
from contextlib import suppress
from threading import Thread
from types import TracebackType

from handshake.errors import Refused
from handshake.framing import FramingError, LengthPrefixed
from handshake.live.loopback import HERE

LIMIT = 4096
"""The longest message, in bytes."""

PATIENCE = 1 << 18
"""So many bytes may wait for somebody who does not read; then the room goes on without them."""

PORTION = 4096
"""So many bytes are read from one client before it is the next one's turn."""

SEATS = 64
"""So many may be in the room."""


LONGEST_NAME = 40
"""Longer names are cut, in characters."""


def told(limit: int) -> int:
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
    members: by whatever the caller knows them by.   gone: (name, why) of all who have left.
    """

    def __init__(self, *, limit: int = LIMIT, patience: int = PATIENCE, seats: int = SEATS) -> None:
        for name, value in (("patience", patience), ("seats", seats)):
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ValueError(f"{name} is a whole number, 1 or more; got {value!r}")
        self.limit = limit
        self.patience = patience
        self.seats = seats
        self.members: dict[object, Member] = {}
        self.gone: list[tuple[str, str]] = []
        self._frame = LengthPrefixed(told(limit)).encode

    def joins(self, key: object) -> None:
        """Somebody comes in.   Refused if there is no seat."""
        if key in self.members:
            raise ValueError(f"{key!r} is in the room already")
        if len(self.members) >= self.seats:
            raise Refused("the room", f"all of its {self.seats} seats are taken: come back later")
        self.members[key] = Member(self.limit)

    def hears(self, key: object, chunk: bytes) -> None:
        """Bytes of a member came.  What breaks the framing shows them out."""
        member = self.members[key]
        try:
            messages, why = member.framer.feed(chunk), ""
        except FramingError as error:
            messages, why = list(error.messages), f"sent what is no message: {error}"
        for message in messages:
            self._says(key, member, message.decode("utf-8", "replace"))
        if why:
            self.leaves(key, why)

    def ends(self, key: object) -> None:
        """A member has closed its side."""
        why = "left"
        try:
            self.members[key].framer.end()
        except FramingError as error:
            why = f"left in the middle of a message: {error}"
        self.leaves(key, why)

    def leaves(self, key: object, why: str) -> None:
        """A member is no longer there, and the others are told so."""
        member = self.members.pop(key, None)
        if member is None:
            return
        self.gone.append((member.name, why))
        if member.name:
            self._tells(key, f"* {member.name} is gone")

    def outgoing(self, key: object) -> bytes:
        """What a member is still to be sent."""
        return bytes(self.members[key].waiting[:PORTION])

    def sent(self, key: object, count: int) -> None:
        """So many bytes of it were taken."""
        del self.members[key].waiting[:count]

    def _says(self, key: object, member: Member, text: str) -> None:
        if not member.name:
            member.name = text[:LONGEST_NAME] or "nobody"
            self._tells(key, f"* {member.name} is here")
        else:
            self._tells(key, f"{member.name}: {text}")

    def _tells(self, key: object, text: str) -> None:
        """Put a message where it waits for everybody else who has a name."""
        framed = self._frame(text.encode())
        slow = []
        for other, member in self.members.items():
            if other == key or not member.name:
                continue
            member.waiting += framed
            if len(member.waiting) > self.patience:
                slow.append((other, len(member.waiting)))
        for other, count in slow:
            self.leaves(other, f"too slow: {count} bytes were waiting")


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
        self._listener = socket.create_server((HERE, port))
        self.address: tuple[str, int] = self._listener.getsockname()
        self._listener.setblocking(False)
        self._bell, self._rings = socket.socketpair()
        self._thread = Thread(target=self._run, name=f"chat on {self.address[1]}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop serving, and close every socket."""
        with suppress(OSError):
            self._rings.send(b"!")
        self._thread.join()
        self._rings.close()

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "serving" if self._thread.is_alive() else "closed"
        return f"Server({len(self.room.members)} in the room, {state})"

    def _run(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._listener, selectors.EVENT_READ)
            selector.register(self._bell, selectors.EVENT_READ)
            try:
                while self._turn(selector):
                    pass
            except Exception as error:  # whatever it is: whoever owns the server has to be able to see it
                self.failed = error
            finally:
                for key in list(selector.get_map().values()):
                    selector.unregister(key.fileobj)
                    key.fileobj.close()  # type: ignore[union-attr]

    def _turn(self, selector: selectors.BaseSelector) -> bool:
        """Whoever is ready has one turn: at most a portion is read, and a portion sent."""
        for key, ready in selector.select():
            if key.fileobj is self._bell:
                return False
            if key.fileobj is self._listener:
                self._welcome(selector)
                continue
            client: socket.socket = key.fileobj  # type: ignore[assignment]
            if client in self.room.members and ready & selectors.EVENT_READ:
                self._read(client)
            if client in self.room.members and ready & selectors.EVENT_WRITE:
                self._write(client)
        for client in self._clients(selector):
            member = self.room.members.get(client)
            if member is None:  # it has left, or was shown out
                selector.unregister(client)
                client.close()
                continue
            wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if member.waiting else 0)
            if selector.get_key(client).events != wanted:
                selector.modify(client, wanted)
        return True

    def _clients(self, selector: selectors.BaseSelector) -> Iterator[socket.socket]:
        for key in list(selector.get_map().values()):
            if key.fileobj is not self._listener and key.fileobj is not self._bell:
                yield key.fileobj  # type: ignore[misc]

    def _welcome(self, selector: selectors.BaseSelector) -> None:
        try:
            client, _ = self._listener.accept()
        except OSError:
            return  # whoever called has hung up again
        client.setblocking(False)
        # What waits for a slow client shall wait in the room, where it is counted, and not in the system.
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 16)
        try:
            self.room.joins(client)
        except Refused:
            client.close()
            return
        selector.register(client, selectors.EVENT_READ)

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
        self._framer = LengthPrefixed(told(limit))
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

        FramingError if it closes inside a message.
        """
        heard: list[str] = []
        while len(heard) < count:
            try:
                chunk = self.socket.recv(65536)
            except TimeoutError:
                break
            if not chunk:
                self._framer.end()
                break
            heard += [message.decode("utf-8", "replace") for message in self._framer.feed(chunk)]
        return heard

    def close(self) -> None:
        """Leave."""
        self.socket.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Client({self.name!r})"
