"""Colours, sizes and fonts of every picture.

The colours are Okabe and Ito's, which colour-blind readers can tell apart; no meaning hangs on colour alone.
A picture is drawn in the light colours below, each of them a value that stands for one role.  Set inline in a
notebook, each value becomes a variable, so that the same drawing follows JupyterLab's light or dark theme.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Colour(NamedTuple):
    """One role: its value on a light page, on a dark one, and JupyterLab's own variable for it, if any."""

    light: str
    dark: str
    lab: str = ""


ROLES = {
    "page": Colour("#fefefe", "#111111", "--jp-layout-color0"),
    "ink": Colour("#1f2933", "#f2f4f6", "--jp-content-font-color1"),
    "muted": Colour("#5a6675", "#b3bcc6"),
    "grid": Colour("#e4e8ed", "#30353b"),
    "rail": Colour("#323e4b", "#d5dae0"),
    "client": Colour("#0072b2", "#56b4e9"),
    "server": Colour("#bb4f00", "#ff9a57"),
    "lost": Colour("#b3202c", "#ff8086"),
    "forged": Colour("#94467a", "#e79fc6"),
    # Families of states: what fills a bar, and what outlines it.
    "opening": Colour("#f7e0a0", "#5a4614"),
    "opening-edge": Colour("#c98b00", "#e6b13c"),
    "open": Colour("#9bd8bf", "#0f5a45"),
    "open-edge": Colour("#00936b", "#35c49b"),
    "closing": Colour("#e8c9dc", "#5c3350"),
    "closing-edge": Colour("#b5679a", "#dd94c2"),
    "closed": Colour("#dfe4e9", "#3b424a"),
    "closed-edge": Colour("#8793a0", "#97a2ae"),
    "failed": Colour("#f0c4be", "#5b2222"),
    "failed-edge": Colour("#b0303a", "#ff8f86"),
}

PAGE, INK, MUTED, GRID, RAIL, CLIENT, SERVER, LOST, FORGED = (
    ROLES[name].light
    for name in ("page", "ink", "muted", "grid", "rail", "client", "server", "lost", "forged")
)
END = {"client": CLIENT, "server": SERVER}

FAULT = {"lost": LOST, "forged": FORGED, "altered": FORGED, "old": FORGED}
"""Faults that change the colour of a transit; the others keep their end's."""

OFF = "off"
"""What stands in a trace for the state of a machine that is down: nobody is there to be in one."""

FAMILIES = {
    "failed": {"FAILED", "NO KEYS", "no key"},
    "closed": {"CLOSED", "LISTEN", "START", "idle"},
    "open": {"ESTABLISHED", "CONNECTED"},
    "closing": {"FIN-WAIT-1", "FIN-WAIT-2", "CLOSE-WAIT", "CLOSING", "LAST-ACK", "TIME-WAIT"},
}


def family(state: str) -> str:
    """Which family a state belongs to: failed, closed, opening, open or closing."""
    return next((name for name, states in FAMILIES.items() if state in states), "opening")


def fill(state: str) -> str:
    """The colour that fills the bar or box of a state."""
    return ROLES[family(state)].light


def edge(state: str) -> str:
    """The colour that outlines it."""
    return ROLES[f"{family(state)}-edge"].light


BROWSER_FONTS = (
    "var(--jp-content-font-family,system-ui,-apple-system,'Segoe UI','Helvetica Neue',Arial,sans-serif)"
)
"""In a notebook, its own text font: these are narrower than DejaVu Sans, by which labels are placed."""

VARIABLES = {colour.light: f"var(--hs-{name},{colour.light})" for name, colour in ROLES.items()}
"""What each colour of a drawing becomes when it is set inline."""


def variables(selector: str) -> str:
    """The style that gives the variables their values, in both of JupyterLab's themes."""

    light, dark = _values(dark=False), _values(dark=True)
    return f'{selector}{{{light}}}[data-jp-theme-light="false"] {selector}{{{dark}}}'


def _values(*, dark: bool) -> str:
    """Every role's variable with its value."""
    parts = []
    for name, colour in ROLES.items():
        value = colour.dark if dark else colour.light
        parts.append(f"--hs-{name}:" + (f"var({colour.lab},{value})" if colour.lab else value))
    return ";".join(parts)


def own_page() -> str:
    """The style of a page outside JupyterLab: dark where its reader's system is, as JupyterLab's dark.

    JupyterLab's own variables, which there have no values, get them; so do the roles of pictures.
    """
    lab = {colour.lab: colour.dark for colour in ROLES.values() if colour.lab}
    lab |= {
        "--jp-layout-color1": lab["--jp-layout-color0"],
        "--jp-content-font-color2": ROLES["muted"].dark,
        "--jp-border-color2": ROLES["closed"].dark,
        "--jp-brand-color1": ROLES["client"].dark,
    }
    own = ";".join(f"{name}:{value}" for name, value in lab.items())
    # A picture's own style names it by its id, which would win over its class.
    roles = _values(dark=True).replace(";", "!important;") + "!important"
    return f"@media(prefers-color-scheme:dark){{:root{{{own}}}.hs-picture{{{roles}}}}}"


@dataclass(frozen=True)
class Size:
    """The page of a timeline, in points.

    width: of the whole picture.   scale: of text and everything that goes with it.
    """

    width: float
    scale: float

    def __call__(self, points: float) -> float:
        """A length or a font size at this scale."""
        return points * self.scale


SIZES = {"laptop": Size(900, 1.0), "slide": Size(1280, 1.45), "panel": Size(660, 0.92)}
"""laptop: a notebook's cell.  slide: read from the last row.  panel: beside something else."""
