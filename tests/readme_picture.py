"""Write docs/lost-ack.svg, the picture in the README: what `run` of its ten lines draws of itself.

    python tests/readme_picture.py

A test holds that the file says what the code draws now.
"""

from __future__ import annotations

import re
from pathlib import Path

from handshake import show, sim
from handshake.show import theme

PICTURE = Path(__file__).parent.parent / "docs" / "lost-ack.svg"


def picture() -> str:
    """The picture as a file of its own: on a page of its own colour, for README pages are light or dark."""
    run = sim.tcp(seed=7, faults=[sim.drop("client", nth=2)])
    svg = show.timeline(run).svg("run")
    head, end, rest = svg.partition("</style>")
    return f'{head}{end}<rect width="100%" height="100%" fill="{theme.PAGE}"/>{rest}\n'


def words(svg: str) -> list[str]:
    """What a picture says, in its order, without where things stand."""
    return re.findall(r"<(?:text|title|desc)[^>]*>([^<]*)<", svg)


if __name__ == "__main__":
    PICTURE.write_text(picture(), encoding="utf-8")
