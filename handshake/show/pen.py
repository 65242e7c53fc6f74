"""A sheet to draw on: points from the top left, text measured without drawing it.

Everything is a plain artist on a `matplotlib.figure.Figure`: no axes, no pyplot, no global state.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from math import cos, radians, sin
from typing import Any, Literal

import matplotlib
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, fontManager
from matplotlib.ft2font import FT2Font, LoadFlags
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, PathPatch
from matplotlib.path import Path
from matplotlib.text import Text
from matplotlib.transforms import Affine2D

from handshake.show import theme

Point = tuple[float, float]
Align = Literal["left", "center", "right"]

CHINESE = ("WenQuanYi Micro Hei", "Noto Sans CJK SC", "Microsoft YaHei", "PingFang SC", "SimHei")


@lru_cache(maxsize=1)
def families() -> tuple[str, ...]:
    """DejaVu Sans, which comes with matplotlib, and then a font with Chinese where there is one."""
    here = {font.name for font in fontManager.ttflist}
    return ("DejaVu Sans", *[name for name in CHINESE if name in here][:1])


@lru_cache(maxsize=256)
def _font(size: float, bold: bool, italic: bool, wide: bool) -> FontProperties:
    if wide:  # these fonts have one weight, and matplotlib grumbles when asked for another
        return FontProperties(family=list(families()), size=size)
    return FontProperties(
        family="DejaVu Sans",
        size=size,
        weight="bold" if bold else "normal",
        style="italic" if italic else "normal",
    )


@lru_cache(maxsize=2)
def _face(bold: bool) -> FT2Font:
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    face = FT2Font(f"{matplotlib.get_data_path()}/fonts/ttf/{name}")
    face.set_size(100, 72)
    return face


@lru_cache(maxsize=4096)
def _advance(character: str, bold: bool) -> float:
    face = _face(bold)
    if not face.get_char_index(ord(character)):
        return 1.0 if unicodedata.east_asian_width(character) in "WF" else 0.7
    return float(face.load_char(ord(character), flags=LoadFlags.NO_HINTING).linearHoriAdvance) / 6553600


def width(text: str, size: float, bold: bool = False) -> float:
    """How wide a text is, in points; the widths of characters are looked up once."""
    return size * sum(_advance(character, bold) for character in text)


def fitted(text: str, size: float, room: float, bold: bool = False) -> str:
    """The text, or as much of it as fits the room, with an ellipsis."""
    if width(text, size, bold) <= room:
        return text
    while text and width(text + "…", size, bold) > room:
        text = text[:-1]
    return text.rstrip(" ,") + "…" if text else ""


def along(start: Point, angle: float, right: float, down: float = 0.0) -> Point:
    """The point `right` along a line that leaves start at `angle` (clockwise), and `down` from it."""
    c, s = cos(radians(angle)), sin(radians(angle))
    return start[0] + right * c - down * s, start[1] + right * s + down * c


class Sheet:
    """A figure of width x height points; (0, 0) is its top left corner.

    `tags` of a drawn thing become its classes in SVG: "st s3 line".
    """

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self.figure = Figure(figsize=(width / 72, height / 72), dpi=72, facecolor="none")
        self._page = Affine2D.from_values(1 / 72, 0, 0, -1 / 72, 0, height / 72) + self.figure.dpi_scale_trans
        self._z = 0.0

    def _add(self, artist: Artist, tags: str) -> None:
        # What is drawn later lies on top, whatever kind of thing it is.
        self._z += 1
        artist.set(transform=self._page, zorder=self._z)
        if tags:
            artist.set_gid(f"class:{tags}")
        self.figure.add_artist(artist)

    def line(
        self, points: Sequence[Point], colour: str, width: float = 1.0, *,
        dash: tuple[float, float] | None = None, tags: str = "", alpha: float | None = None,
    ) -> None:  # fmt: skip
        """A line through the points."""
        x, y = zip(*points, strict=True)
        style: Any = (0, dash) if dash else "-"
        self._add(
            Line2D(
                x, y, color=colour, linewidth=width, linestyle=style, alpha=alpha, marker="",
                solid_capstyle="butt", solid_joinstyle="round", antialiased=True,
            ),
            tags,
        )  # fmt: skip

    def path(
        self, path: Path, *, face: str = "none", edge: str = "none", width: float = 1.0,
        dash: tuple[float, float] | None = None, tags: str = "",
    ) -> None:  # fmt: skip
        """Any outline."""
        style: Any = (0, dash) if dash else "-"
        self._add(
            PathPatch(
                path, facecolor=face, edgecolor=edge, linewidth=width if edge != "none" else 0,
                linestyle=style, joinstyle="round", capstyle="butt",
            ),
            tags,
        )  # fmt: skip

    def polygon(self, points: Sequence[Point], **style: Any) -> None:
        """A closed outline through the points."""
        self.path(Path([*points, points[0]], closed=True), **style)

    def circle(self, centre: Point, radius: float, *, face: str, edge: str = "none", tags: str = "") -> None:
        """A disc, or with another edge a ring."""
        rim = 1.6 if edge != "none" else 0
        self._add(Circle(centre, radius, facecolor=face, edgecolor=edge, linewidth=rim), tags)

    def box(
        self, left: float, top: float, right: float, bottom: float, radius: float = 4, **style: Any
    ) -> None:
        """A rectangle with round corners."""
        self.path(rounded(left, top, right, bottom, radius), **style)

    def text(
        self, at: Point, text: str, size: float, colour: str = theme.INK, *, bold: bool = False,
        italic: bool = False, align: Align = "left", angle: float = 0.0, tags: str = "",
    ) -> None:  # fmt: skip
        """A text whose baseline starts, is centred, or ends at a point.  angle: degrees, clockwise."""
        wide = not text.isascii() and any(unicodedata.east_asian_width(c) in "WF" for c in text)
        artist = Text(
            *at, text, color=colour, fontproperties=_font(size, bold, italic, wide), parse_math=False,
            horizontalalignment=align, verticalalignment="baseline", rotation=-angle, rotation_mode="anchor",
        )  # fmt: skip
        self._add(artist, tags)

    def middle(self, at: Point, text: str, size: float, colour: str = theme.INK, **style: Any) -> None:
        """A text centred on a point, both ways."""
        self.text((at[0], at[1] + 0.36 * size), text, size, colour, align="center", **style)


def rounded(left: float, top: float, right: float, bottom: float, radius: float) -> Path:
    """The outline of a rectangle with round corners."""
    r = max(0.0, min(radius, (right - left) / 2, (bottom - top) / 2))
    corners = [
        (left + r, top), (right - r, top), (right, top), (right, top + r),
        (right, bottom - r), (right, bottom), (right - r, bottom), (left + r, bottom),
        (left, bottom), (left, bottom - r), (left, top + r), (left, top), (left + r, top), (left + r, top),
    ]  # fmt: skip
    move, to, curve, close = Path.MOVETO, Path.LINETO, Path.CURVE3, Path.CLOSEPOLY
    return Path(
        corners,
        [move, to, curve, curve, to, curve, curve, to, curve, curve, to, curve, curve, close],
    )
