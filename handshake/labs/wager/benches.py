"""Notebook 00: a timeline with one segment that can be lost or held back."""

from __future__ import annotations

from handshake import show, sim
from handshake.labs.lab import Lab, Outcome, amount, choice, one_of, slider, whole, within
from handshake.labs.misfortune import KINDS, befalls
from handshake.trace import Trace

WHAT = ("nothing", *KINDS)


def conversation(*faults: sim.faults.Fault) -> Trace:
    """A client opens, asks, is answered, and both close: eleven segments if nothing goes wrong."""
    return sim.tcp(seed=7, delay=0.03, faults=list(faults))


def one_packet(end: str = "client", nth: int = 2, befell: str = "nothing", late: float = 0.3) -> Outcome:
    """A whole conversation, in which something may befall one segment.

    end: who sends it.   nth: which of its segments, from 1.   befell: one of WHAT.
    late: how late the late one is, and the copy of the doubled one, in seconds.
    """
    one_of("end", end, ("client", "server"))
    one_of("befell", befell, WHAT)
    nth = whole("nth", nth, 1, 8)
    within("late", late, 0, 3)
    run = conversation(*([] if befell == "nothing" else [befalls(befell, end, nth, late)]))
    calm = conversation()
    same = run.plaintext() == calm.plaintext()
    words = f"{len(run.transits)} segments; both programs got {'all' if same else 'not all'} that was said. "
    if befell == "nothing":
        words += "Nothing went wrong."
    elif not any(fault.transit for fault in run.faults):
        words += f"Nothing happened to any: the {end} does not send so many."
    else:
        last = max(flight for t in run.transits if (flight := run.flight(t).landed) is not None)
        took = max(flight for t in calm.transits if (flight := calm.flight(t).landed) is not None)
        words += f"Without it there were {len(calm.transits)}. The last arrives {_later(last - took)}."
    return Outcome(words, (show.timeline(run),), run)


def _later(seconds: float) -> str:
    milliseconds = round(1000 * seconds)
    return f"{milliseconds} ms later" if milliseconds else "at the same time as then"


def one_packet_lab() -> Lab:
    """`one_packet`, with controls."""
    return Lab(
        "What happens to one segment?", one_packet,
        end=choice("sent by", ("client", "server"), "client"),
        nth=slider("which of its segments", 2, 1, 8),
        befell=choice("what happens to it", WHAT, "nothing"),
        late=amount("late by (s)", 0.3, 0.05, 3.0, 0.05),
    )  # fmt: skip
