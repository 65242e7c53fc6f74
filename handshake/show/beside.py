"""Two views side by side, one below the other where the page is narrow."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any


@dataclass(frozen=True)
class Beside:
    """Several views with a heading each; prints as one after the other."""

    views: tuple[Any, ...]
    headings: tuple[str, ...]

    def __str__(self) -> str:
        parts = zip(self.headings, self.views, strict=True)
        return "\n\n".join(f"== {heading} ==\n{one}" for heading, one in parts)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        parts = zip(self.headings, self.views, strict=True)
        boxes = "".join(
            f'<section style="flex:1 1 42rem;min-width:0"><h4 style="margin:0 0 .3em">{escape(heading)}</h4>'
            f"{one._repr_mimebundle_()['text/html']}</section>"
            for heading, one in parts
        )
        page = f'<div style="display:flex;flex-wrap:wrap;gap:1.5rem;align-items:flex-start">{boxes}</div>'
        return {"text/plain": str(self), "text/html": page}


def beside(**views: Any) -> Beside:
    """Views side by side, each under its name: ``beside(recorded=one, simulated=other)``."""
    return Beside(tuple(views.values()), tuple(name.replace("_", " ") for name in views))
