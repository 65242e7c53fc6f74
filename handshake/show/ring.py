"""The sequence numbers as what they are: a ring of 2^32, in which everybody is ahead of and behind everybody.

Whether one number comes before another can only be told from near: what lies in the half ring ahead is
later, what lies in the half ring behind is earlier (RFC 9293 section 3.4).
"""

from __future__ import annotations

from collections.abc import Mapping
from math import cos, pi, sin

from matplotlib.path import Path

from handshake.show import theme
from handshake.show.axes import page
from handshake.show.pen import Point, Sheet
from handshake.show.picture import Picture
from handshake.tcp import seq

SPACE = seq.MODULUS


def ring(numbers: Mapping[str, int], *, title: str = "A ring of 4,294,967,296 numbers") -> Picture:
    """Numbers by name, on the ring; the first is looked from.

    Those in the half ring ahead of it are later than it, those in the other half earlier.
    """
    if not numbers:
        raise ValueError('a ring needs a number to look from: show.ring({"SND.UNA": 4294967290})')
    names = list(numbers)
    first = numbers[names[0]] % SPACE
    words = [f"Seen from {names[0]}: ahead of it lies what is later, behind it what is earlier."]
    wide, tall = 900.0, 400.0
    sheet, top = page(title, words, wide, tall)
    centre, radius = (wide / 2, top + tall / 2 + 2), 128.0
    ahead = theme.fill("ESTABLISHED")
    behind = theme.fill("FIN-WAIT-1")
    sheet.path(_half(centre, radius, first, later=True), face=ahead, tags="half later")
    sheet.path(_half(centre, radius, first, later=False), face=behind, tags="half earlier")
    sheet.circle(centre, radius - 24, face=theme.PAGE)
    hands = [value % SPACE for value in numbers.values()]
    for turn, half in ((1, "later"), (-1, "earlier")):  # where no hand lies across the word
        places = [first + turn * n * SPACE // 16 for n in (4, 3, 5, 2, 6)]
        place = max(places, key=lambda place: min(_apart(place, hand, 2 * SPACE // 16) for hand in hands))
        sheet.middle(_at(centre, radius * 0.52, place), half, 12, theme.INK, bold=True, tags="half label")
    for n in range(16):
        inner, outer = (_at(centre, r, n * SPACE // 16) for r in (radius, radius + (8 if n % 4 == 0 else 4)))
        sheet.line([inner, outer], theme.RAIL, 1.2, tags="tick")
    for n, name in enumerate(("0", "2³⁰", "2³¹", "3·2³⁰")):
        sheet.middle(_at(centre, radius + 22, n * SPACE // 4), name, 10.5, theme.MUTED, tags="tick")
    _hands(sheet, centre, radius, {name: value % SPACE for name, value in numbers.items()})
    text = _text(numbers)
    return Picture(sheet.figure, text, title, description=text.splitlines()[0])


def _at(centre: Point, radius: float, number: int) -> Point:
    """The place of a number: 0 at the top, growing clockwise."""
    angle = 2 * pi * (number % SPACE) / SPACE
    return centre[0] + radius * sin(angle), centre[1] - radius * cos(angle)


def _apart(a: int, b: int, enough: int) -> int:
    """How far two numbers are apart, whichever way; beyond `enough` it does not matter."""
    return min(abs(seq.distance(a % SPACE, b % SPACE)), enough)


def _half(centre: Point, radius: float, number: int, *, later: bool) -> Path:
    """The sector of the numbers that are later (or earlier) than one."""
    turn = SPACE // 2 if later else -SPACE // 2
    arc = [_at(centre, radius, number + n * turn // 60) for n in range(61)]
    return Path([centre, *arc, centre], closed=True)


def _hands(sheet: Sheet, centre: Point, radius: float, numbers: Mapping[str, int]) -> None:
    """A hand for each number; names that would lie on one another move apart."""
    base = next(iter(numbers.values()))
    colours = dict(
        zip(numbers, (theme.INK, theme.CLIENT, theme.SERVER, theme.FORGED, theme.LOST), strict=False)
    )
    taken: dict[bool, list[float]] = {True: [centre[1]], False: [centre[1]]}  # where ticks have their words
    order = sorted(numbers, key=lambda name: seq.distance(base, numbers[name]))
    for name in order:
        number, colour = numbers[name], colours.get(name, theme.MUTED)
        tip = _at(centre, radius - 2, number)
        tags = f"hand h-{name.replace('.', '-').replace(' ', '-')}"
        sheet.line([centre, tip], colour, 2.2, tags=tags)
        sheet.circle(tip, 4.0, face=colour, tags=tags)
        right = tip[0] >= centre[0]
        wanted = tip[1]
        while any(abs(wanted - other) < 17 for other in taken[right]):
            wanted += 17
        taken[right].append(wanted)
        side = centre[0] + (radius + 62 if right else -radius - 62)
        sheet.line([tip, (side, wanted)], colour, 0.9, tags=tags)
        words = f"{name} {number:,}"
        x = side + 6 if right else side - 6
        sheet.text(
            (x, wanted + 4), words, 11, colour, align="left" if right else "right", tags=f"{tags} label"
        )
    sheet.circle(centre, 3.5, face=theme.INK)


def _text(numbers: Mapping[str, int]) -> str:
    """Each number, and where it lies seen from the first."""
    (name, first), *others = ((name, value % SPACE) for name, value in numbers.items())
    lines = [f"Seen from {name} = {first}:"]
    for other, value in others:
        away = seq.distance(first, value)
        if away == 0:
            where = "the same"
        elif away == -(SPACE // 2):
            where = "just opposite: nobody can tell"
        else:
            where = f"{abs(away):,} {'later' if away > 0 else 'earlier'}"
        plain = "larger" if value > first else "smaller" if value < first else "equal"
        lines.append(f"  {other} = {value}: {where} (as a plain number it is {plain})")
    return "\n".join(lines)
