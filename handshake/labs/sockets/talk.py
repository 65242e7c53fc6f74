"""Notebook 05: the two-way chat, for real, with one who stalls."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

from handshake import live
from handshake.labs.lab import whole
from handshake.live.loopback import until


@dataclass(frozen=True)
class Talk:
    """What was said and heard.   heard: for each who listened, the messages in their order.

    gone: who was shown out, and why.
    """

    heard: dict[str, tuple[str, ...]]
    gone: tuple[str, ...]

    def __str__(self) -> str:
        lines = []
        for name, messages in self.heard.items():
            besides = "".join(f", besides that {each} is gone" for each in self.gone)
            lines.append(f"{name} heard {len(messages)}{besides}:")
            told = [f"  {message}" for message in messages]
            lines += told if len(told) <= 6 else [*told[:3], "  ...", *told[-2:]]
        return "\n".join([*lines, f"shown out: {', '.join(self.gone) or 'nobody'}"])

    def __repr__(self) -> str:
        return f"Talk({', '.join(f'{name} heard {len(each)}' for name, each in self.heard.items())})"


def chatting(messages: int = 600, patience: int = 20_000) -> Talk:
    """Ann and Bob talk over 127.0.0.1 while Sam reads nothing: each says so many messages of 1,000 letters.

    patience: so many bytes may wait for somebody who does not read.
    OSError where sockets are refused; ask `live.loopback` first.
    """
    messages = whole("messages", messages, 1, 1000)
    patience = whole("patience", patience, 4000, 1 << 24)  # a few messages, at least
    room = live.Room(patience=patience)
    with ExitStack() as opened:
        server = opened.enter_context(live.Server(room))
        people = {}
        for name in ("Ann", "Bob", "Sam"):
            people[name] = opened.enter_context(live.Client(server.address, name))
            until(partial(_named, room, name), f"{name} is in the room")
        ann, bob = people["Ann"], people["Bob"]
        heard: dict[str, list[str]] = {"Ann": ann.hear(2), "Bob": bob.hear(1)}
        for n in range(messages):
            for speaker, listener in ((ann, bob), (bob, ann)):
                speaker.say(f"{n + 1} {'.' * 1000}")
                _hears(listener, heard[listener.name], f"{speaker.name}: {n + 1} ")
        # (When it is that the others are told of somebody's leaving is not the same every time.)
        gone = tuple(name for name, _ in room.gone)
        leaving = {f"* {name} is gone" for name in gone}
        told = {
            name: tuple(_short(each) for each in found if each not in leaving)
            for name, found in heard.items()
        }
        return Talk(told, gone)


def _hears(listener: live.Client, heard: list[str], wanted: str) -> None:
    """Let somebody listen until a certain message has come."""
    known = max(0, len(heard) - 3)
    while not any(message.startswith(wanted) for message in heard[known:]):
        known = max(0, len(heard) - 1)
        news = listener.hear()
        if not news:
            raise TimeoutError(f"{listener.name} heard nothing for too long")
        heard += news


def _named(room: live.Room, name: str) -> bool:
    return any(member.name == name for member in list(room.members.values()))


def _short(message: str) -> str:
    return message if len(message) <= 40 else f"{message[:12].rstrip('. ')} ... ({len(message)} letters)"
