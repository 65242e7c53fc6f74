"""A drawn figure with its text twin: how it shows itself in a notebook, and how it is saved.

In a notebook a picture is SVG set inline in HTML.  (As `image/svg+xml` JupyterLab would make an image of it,
which knows neither the theme nor the stepper's style.)  Files stand alone: a white page, letters as outlines.
"""

from __future__ import annotations

import io
import itertools
import os
import re
import secrets
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.text import Text

from handshake.files import whole
from handshake.show import theme

SUFFIXES = (".svg", ".png", ".pdf")

_SETTINGS: dict[str, Any] = {
    "svg.fonttype": "none",  # real characters: the browser's font, selectable, a third of the size
    "svg.hashsalt": "handshake",  # the same picture gives the same bytes
    "path.simplify": False,
    "path.sketch": None,
    "path.effects": [],
    "text.usetex": False,
    "savefig.bbox": None,
    "pdf.fonttype": 42,
    "pdf.compression": 6,
}

# The token keeps pictures of two kernels apart, when two notebooks are open in one browser page.
_TOKEN = secrets.token_hex(3)
_COUNT = itertools.count(1)

_AUTOMATIC_ID = re.compile(r' id="(?:figure|patch|line2d|text)_\d+"')
_CLASS = re.compile(r'id="class:([^"]*)"')
_ID = re.compile(r'\bid="([^"]+)"')
_REFERENCE = re.compile(r'url\(#([^)]+)\)|href="#([^"]+)"')
_COLOUR = re.compile(r"#[0-9a-f]{6}\b")
_FONT_FAMILY = re.compile(r"; font-family: [^;\"]*")
_STYLE = re.compile(r"<defs>\s*<style.*?</style>\s*</defs>\s*", re.DOTALL)
_METADATA = re.compile(r"<metadata>.*?</metadata>\s*", re.DOTALL)


class Position(NamedTuple):
    """One position of the stepper's cursor: a step's number (or None), and its transits' numbers."""

    step: int | None
    transits: tuple[int, ...]


class Picture:
    """A drawn figure with its text twin.

    `str(picture)` is the twin; `picture.save("slide.pdf")` writes a file.

    title, description: what a screen reader says.
    steps: what the stepper's cursor can stand on; things drawn for position k have the class `s{k}` in SVG.
    style: style rules of this picture, with "#uid" for its id.
    """

    def __init__(
        self,
        figure: Figure,
        text: str,
        title: str,
        *,
        description: str = "",
        steps: Sequence[Position] = (),
        style: str = "",
    ) -> None:
        self.figure = figure
        self.text = text
        self.title = title
        self.description = description
        self.steps = tuple(steps)
        self.style = style
        self._inner: str | None = None

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"Picture({self.title!r})"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": self.text, "text/html": self.svg()}

    def svg(self, uid: str | None = None) -> str:
        """The picture as SVG to be set inline in a page; each call has ids of its own, or those asked for."""
        if self._inner is None:
            self._inner = _inline(_raw(self.figure))
        uid = uid or new_uid()
        inner = _ID.sub(rf'id="{uid}-\1"', self._inner)
        inner = _REFERENCE.sub(lambda m: f"url(#{uid}-{m[1]})" if m[1] else f'href="#{uid}-{m[2]}"', inner)
        width, height = (72 * inches for inches in self.figure.get_size_inches())
        # A label may lie across a line: a stroke in the page's colour, under the letters, keeps it legible.
        halo = f"#{uid} .label text{{paint-order:stroke;stroke:var(--hs-page,#fff);stroke-width:3.5px}}"
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" id="{uid}" '
            f'class="hs-picture" role="img" aria-labelledby="{uid}-title {uid}-desc" '
            f'viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}" '
            f'style="max-width:100%;height:auto;fill:var(--hs-ink,#000);stroke-linejoin:round;'
            f'stroke-linecap:butt;font-family:{theme.BROWSER_FONTS}">'
            f'<title id="{uid}-title">{escape(self.title)}</title>'
            f'<desc id="{uid}-desc">{escape(self.description)}</desc>'
            f"<style>{theme.variables('#' + uid)}{halo}{self.style.replace('#uid', '#' + uid)}</style>"
            f"{inner}</svg>"
        )

    def save(self, path: str | os.PathLike[str], *, dpi: float = 200) -> Path:
        """Write an .svg, .png or .pdf file on a white page.  Nothing is left behind if writing fails."""
        path = Path(path)
        if path.suffix.lower() not in SUFFIXES:
            given = path.suffix or path.name
            raise ValueError(f"a picture is saved as {', '.join(SUFFIXES)}, not as {given!r}")
        with whole(path) as beside:
            beside.write_bytes(self._file(path.suffix.lower(), dpi))
        return path

    def _file(self, suffix: str, dpi: float) -> bytes:
        with _on_white(self.figure):
            if suffix == ".svg":
                svg = _METADATA.sub("", _raw(self.figure, fonts="path"))
                svg = _CLASS.sub(r'class="\1"', svg)
                words = f"<title>{escape(self.title)}</title><desc>{escape(self.description)}</desc>"
                return re.sub(r"(<svg[^>]*)>", lambda m: f'{m[1]} role="img">{words}', svg, count=1).encode()
            with settings():
                file = io.BytesIO()
                nothing = {"Creator": None, "Producer": None, "CreationDate": None}
                metadata: dict[str, Any] = {"Software": None} if suffix == ".png" else nothing
                metadata = {**metadata, "Title": self.title}
                self.figure.savefig(file, format=suffix[1:], dpi=dpi, metadata=metadata)
                return file.getvalue()


def new_uid() -> str:
    """An id that no other picture of this or another kernel has."""
    return f"hs{_TOKEN}-{next(_COUNT)}"


@contextmanager
def settings(**changes: Any) -> Iterator[None]:
    """Draw by our own settings, whatever the reader set for his own plots."""
    wanted: Any = {**_SETTINGS, **changes}
    with matplotlib.rc_context(wanted), warnings.catch_warnings():
        # Without a font for a script, boxes are drawn in files; the browser has its own fonts.
        warnings.filterwarnings("ignore", message=".*Glyph .* missing from")
        yield


def _raw(figure: Figure, fonts: str = "none") -> str:
    file = io.StringIO()
    with settings(**{"svg.fonttype": fonts}):
        none = dict.fromkeys(("Date", "Creator", "Type", "Format"))
        FigureCanvasSVG(figure).print_svg(file, metadata=none)  # type: ignore[no-untyped-call]
    return file.getvalue()


def _inline(svg: str) -> str:
    """The inside of a file's <svg> element, made fit to live in somebody else's page."""
    inner = svg[svg.index(">", svg.index("<svg")) + 1 : svg.rindex("</svg>")]
    inner = _METADATA.sub("", inner)
    inner = _STYLE.sub("", inner, count=1)  # matplotlib's own rules are for *, and would style the whole page
    inner = _AUTOMATIC_ID.sub("", inner)
    inner = _CLASS.sub(r'class="\1"', inner)
    inner = _FONT_FAMILY.sub("", inner)
    inner = re.sub(r' transform="rotate\(-0 [^"]*"', "", inner)
    inner = _COLOUR.sub(lambda m: theme.VARIABLES.get(m[0], m[0]), inner)
    return re.sub(r"\s*\n\s*", "\n", inner).strip()


@contextmanager
def _on_white(figure: Figure) -> Iterator[None]:
    """For a file: a white page, and labels with a white edge where they cross a line."""
    labels = [a for a in figure.findobj(Text) if "label" in str(a.get_gid()).split()]
    figure.set_facecolor("white")
    for label in labels:
        label.set_path_effects([withStroke(linewidth=3, foreground="white")])
    try:
        yield
    finally:
        figure.set_facecolor("none")
        for label in labels:
            label.set_path_effects([])
