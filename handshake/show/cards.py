"""Claims of the article as cards: what it says on the left, what the wire does on the right.

`html` makes one fragment that needs nothing else: no script, no font, no file.  It takes its colours from
JupyterLab's theme where there is one, so it reads on light and on dark; the verdicts keep theirs, from the
Okabe-Ito palette, each with a word and a sign so that colour is never alone in saying it.  The text twin of
a card is `str(claim)`.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from handshake.article.table import Claim, Verdict

# Colour and sign of each verdict.  Near-black text on these colours has a contrast of 5 to 1 or better.
LOOKS = {
    Verdict.OK: ("#009e73", "✓"),
    Verdict.IMPRECISE: ("#e69f00", "≈"),
    Verdict.DATED: ("#56b4e9", "†"),
    Verdict.WRONG: ("#d55e00", "✗"),
    Verdict.CUT: ("#a6a6a6", "…"),
}

STYLE = """
.hs-cards {
  --hs-card-ink: var(--jp-content-font-color1, #1f2933);
  --hs-card-soft: var(--jp-content-font-color2, #52606d);
  --hs-card-paper: var(--jp-layout-color1, #ffffff);
  --hs-card-line: var(--jp-border-color2, #d5dae0);
  --hs-card-tint: color-mix(in srgb, var(--hs-card-ink) 5%, var(--hs-card-paper));
  display: grid; gap: 1rem; max-width: 68rem; padding: 0.25rem 0;
  color: var(--hs-card-ink); line-height: 1.5;
  font-family: var(--jp-content-font-family, system-ui, -apple-system, "Segoe UI", sans-serif);
  font-size: var(--jp-content-font-size1, 0.95rem);
}
.hs-card {
  background: var(--hs-card-paper); border: 1px solid var(--hs-card-line);
  border-left: 5px solid var(--hs-card-hue); border-radius: 6px; overflow: hidden;
}
.hs-card-head {
  display: flex; flex-wrap: wrap; align-items: center; gap: 0.35rem 0.7rem; padding: 0.55rem 1.1rem;
}
.hs-card-step {
  min-width: 1.5em; padding: 0 0.3em; border-radius: 2px; box-sizing: border-box; text-align: center;
  font-weight: 700; line-height: 1.5em; color: var(--hs-card-paper); background: var(--hs-card-ink);
}
.hs-card-id { font-weight: 700; font-size: 1.1em; }
.hs-card-place { color: var(--hs-card-soft); }
.hs-card-badge {
  margin-left: auto; padding: 0.1em 0.8em; border-radius: 1em; white-space: nowrap;
  color: #14181d; background: var(--hs-card-hue); font-size: 0.9em;
}
.hs-card-badge b { letter-spacing: 0.04em; }
.hs-card-lanes {
  display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 19rem), 1fr)); gap: 1px;
  border: solid var(--hs-card-line); border-width: 1px 0;
  background: var(--hs-card-line);            /* shows through the gap: the line between the lanes */
}
.hs-card-lane { padding: 0.55rem 1.1rem 0.8rem; font-size: 1.07em; background: var(--hs-card-paper); }
.hs-cards:has(.hs-card-open) { gap: 0.4rem; }
.hs-card-open { border-left-color: var(--hs-card-line); }
.hs-card-open .hs-card-lane { padding: 0.45rem 1.1rem; }
.hs-card-open .hs-card-id { display: inline-block; min-width: 3.2em; font-style: normal; }
.hs-card-told { background: var(--hs-card-tint); font-style: italic; }
.hs-card-label { color: var(--hs-card-soft); font-style: normal; }
.hs-card-lane .hs-card-label { margin-bottom: 0.2rem; font-weight: 600; font-size: 0.8em; }
.hs-card-foot {
  display: grid; grid-template-columns: max-content 1fr; gap: 0.15rem 0.8rem; padding: 0.5rem 1.1rem 0.6rem;
  font-size: 0.86em;
}
.hs-card-cited { white-space: nowrap; }
"""


def html(claims: Iterable[Claim], *, judged: bool = True) -> str:
    """The claims as cards, one below the other, in one HTML fragment; not judged, only the article's lane."""
    drawn = "".join(map(_card if judged else _told_card, claims))
    return f'<div class="hs-cards"><style>{STYLE}</style>{drawn}</div>'


def _told_card(claim: Claim) -> str:
    """What the article tells, and no verdict yet."""
    return (
        f'<div class="hs-card hs-card-open" role="group" aria-label="claim {claim.id}">'
        f'<div class="hs-card-lane hs-card-told"><span class="hs-card-id">{claim.id}</span> '
        f"{escape(claim.text)}</div></div>"
    )


def _card(claim: Claim) -> str:
    hue, sign = LOOKS[claim.verdict]
    step = f'<span class="hs-card-step" aria-hidden="true">{claim.step}</span>' if claim.step else ""
    foot = _row(f"break it (notebook {claim.notebook})", escape(claim.break_it))
    if claim.sections:
        cited = [f"{each};" for each in claim.sections[:-1]] + [claim.sections[-1]]
        unbroken = " ".join(f'<span class="hs-card-cited">{escape(each)}</span>' for each in cited)
        foot += _row("in the standards", unbroken)
    return (
        f'<div class="hs-card" role="group" aria-label="claim {claim.id}" style="--hs-card-hue: {hue}">'
        f'<div class="hs-card-head">{step}<span class="hs-card-id">{claim.id}</span>'
        f'<span class="hs-card-place">{escape(claim.place)}</span>'
        f'<span class="hs-card-badge"><span aria-hidden="true">{sign}</span> <b>{claim.verdict}</b> '
        f"{escape(claim.verdict.meaning)}</span></div>"
        f'<div class="hs-card-lanes">{_lane("as the article tells it", claim.text, "hs-card-told")}'
        f"{_lane('as the wire does it', claim.wire, 'hs-card-wire')}</div>"
        f'<div class="hs-card-foot">{foot}</div></div>'
    )


def _lane(label: str, text: str, kind: str) -> str:
    return (
        f'<div class="hs-card-lane {kind}"><div class="hs-card-label">{escape(label)}</div>'
        f"<div>{escape(text)}</div></div>"
    )


def _row(label: str, content: str) -> str:
    return f'<div class="hs-card-label">{escape(label)}</div><div>{content}</div>'
