"""A diagnosis as one page of HTML that needs nothing else: stories, findings, timelines, bytes, secrets."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from handshake.diagnose import Diagnosis, Finding
from handshake.show import theme
from handshake.show.bytesview import view
from handshake.show.timeline import timeline
from handshake.trace import Trace
from handshake.trace.lazy import of_connection

DRAWN_MOST = 10
"""So many connections are drawn."""

TOLD_MOST = 300
"""So many are told."""

AROUND = 20
"""So many transits before the proof are drawn, and as many behind it."""

BYTES_MOST = 2
"""Of so many packets of a connection the bytes are shown: those that prove something."""

STYLE = (
    ":root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:72em;margin:2em auto;"
    "padding:0 1em}h2{margin-top:2em;border-top:1px solid;padding-top:.6em}table{border-collapse:collapse}"
    "td,th{padding:.15em 1em .15em 0;text-align:left;vertical-align:top}"
    ".finding{border-left:4px solid rgb(213,94,0);background:rgba(213,94,0,.1);margin:.8em 0}"
    ".fine{border-left:4px solid rgb(0,158,115);background:rgba(0,158,115,.1);padding:.4em .8em}"
    ".finding :is(th,td){padding:.25em .8em}p.finding{padding:.4em .8em}"
    "th{white-space:nowrap}code{overflow-wrap:anywhere}svg{max-width:100%;height:auto}"
)


def report(trace: Trace, diagnosis: Diagnosis) -> str:
    """The page.   trace: what was diagnosed."""
    return "".join([
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{escape(diagnosis.head)}</title>',
        f"<style>{STYLE}{theme.own_page()}</style></head><body>",
        *_body(trace, diagnosis), "</body></html>\n",
    ])  # fmt: skip


def _body(trace: Trace, diagnosis: Diagnosis) -> Iterator[str]:
    yield f"<h1>{escape(diagnosis.head)}</h1>"
    kind = "finding" if len(diagnosis) else "fine"
    yield f'<p class="{kind}">{escape(diagnosis.summary())}</p>'
    order = diagnosis.order
    if len(order) > 1:
        yield from _overview(diagnosis, order)
    for place, number in enumerate(order[:TOLD_MOST]):
        yield from _connection(trace, diagnosis, number, drawn=place < DRAWN_MOST)
    if len(order) > TOLD_MOST:
        yield f"<p>... and {len(order) - TOLD_MOST} more connections.</p>"
    for each in diagnosis.unread:
        yield f"<p>Not read: {escape(each)}</p>"


def _overview(diagnosis: Diagnosis, order: list[int]) -> Iterator[str]:
    yield "<table><tr><th>connection</th><th>between</th><th>what went wrong</th></tr>"
    for number in order[:TOLD_MOST]:
        causes = ", ".join(dict.fromkeys(each.cause for each in diagnosis.of(number))) or "nothing"
        title = escape(diagnosis.stories[number].title)
        yield f'<tr><td><a href="#c{number}">{number}</a></td><td>{title}</td><td>{escape(causes)}</td></tr>'
    yield "</table>"


def _connection(trace: Trace, diagnosis: Diagnosis, number: int, *, drawn: bool) -> Iterator[str]:
    story, findings = diagnosis.stories[number], diagnosis.of(number)
    yield f'<h2 id="c{number}">Connection {number}: {escape(story.title)}</h2>'
    yield "".join(f"<p>{escape(line)}</p>" for line in story.lines)
    yield "".join(f"<p>Not seen: {escape(line)}.</p>" for line in story.unseen)
    for each in findings:
        yield _finding(each)
    if not drawn:
        return
    yield _timeline(trace, number, findings)
    proofs = list(dict.fromkeys(each.transit for each in findings))[:BYTES_MOST]
    for proof in proofs:
        yield f"<h3>Packet {proof}, byte by byte</h3>{view(trace[proof]).html()}"
    yield from _secrets(trace, number)


def _finding(found: Finding) -> str:
    rows = "".join(
        f"<tr><th>{escape(label)}</th><td>{_words(words)}</td></tr>" for label, words in found.lines()
    )
    return f'<table class="finding">{rows}</table>'


def _words(text: str) -> str:
    """Words in HTML; what stands between backticks is a command."""
    return "".join(
        f"<code>{escape(part)}</code>" if n % 2 else escape(part) for n, part in enumerate(text.split("`"))
    )


def _timeline(trace: Trace, number: int, findings: tuple[Finding, ...]) -> str:
    """The connection drawn; of a long one, the part around what proves the first finding."""
    transits = list(trace.connection(number).transits)
    if not transits:
        return ""
    at = transits.index(findings[0].transit) if findings and findings[0].transit in transits else 0
    first = max(0, min(at - AROUND, len(transits) - 2 * AROUND))
    last = min(len(transits), first + 2 * AROUND) - 1
    more = ""
    if len(transits) > 2 * AROUND:
        more = f"<p>Packets {transits[first]} to {transits[last]} of {len(transits)} in this connection.</p>"
    picture = timeline(trace.only(number), window=(transits[first], transits[last]))
    return more + picture.svg()


def _secrets(trace: Trace, number: int) -> Iterator[str]:
    """The secrets of the connection, where there are any."""
    secrets = of_connection(trace.secrets, number)
    if not secrets:
        return
    yield "<details><summary>The secrets that opened it</summary><table>"
    for each in secrets:
        told = f"<th>{escape(each.label)}</th><td>{escape(each.formula)}</td>"
        yield f"<tr>{told}<td><code>{each.value.hex()}</code></td></tr>"
    yield "</table></details>"
