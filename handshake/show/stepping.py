"""Walking through a trace: timeline, states, reasons and bytes follow one cursor.

The pictures are drawn once.  Everything that belongs to position k of the cursor has the class `s{k}`, so
that a step changes one line of style, a note and the bytes, and draws nothing.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import lru_cache
from html import escape
from typing import Any

import ipywidgets
import traitlets

from handshake.show import rows, scene, theme
from handshake.show.picture import Picture, Position, new_uid
from handshake.show.states import ENDS, Walk, advance, everything, rules
from handshake.show.timeline import timeline
from handshake.trace import Step, Trace, by_transit, top
from handshake.trace.lazy import of_connection

_LOOK = """
#uid.hs-note{padding:6px 12px;line-height:1.5;border-left:4px solid var(--hs-rail);
 background:var(--jp-layout-color1,transparent);font-family:var(--jp-content-font-family,sans-serif)}
#uid.hs-note.client{border-color:var(--hs-client)}
#uid.hs-note.server{border-color:var(--hs-server)}
#uid .hs-client{color:var(--hs-client);font-weight:700}
#uid .hs-server{color:var(--hs-server);font-weight:700}
#uid .hs-muted{color:var(--hs-muted)}
#uid ul{margin:2px 0 0;padding-left:1.3em;columns:2 22em;column-gap:2.5em}
#uid li{break-inside:avoid}
#uid code{font-size:.92em;background:none;padding:0;color:inherit}
"""


@lru_cache(maxsize=4)
def _diagram() -> Picture:
    return everything()


class Stepper(ipywidgets.VBox):  # type: ignore[misc]
    """A walk through one connection of a trace.

    cursor: where it stands: 0 is before anything, then one position for each step (or each transit, of a
    trace without steps).  Set it, or use the buttons, or the arrow keys, Home and End on the slider.
    `note` and `text()` say where it stands in words; `story()` tells the whole walk; `state(end)` is a state.
    """

    cursor = traitlets.Int(0, min=0)

    def __init__(
        self, trace: Trace, *, connection: int | None = None, relative: bool = True, cursor: int = 0,
        octets: bool = True,
    ) -> None:  # fmt: skip
        scene.check_trace(trace)
        self.trace = trace
        self._with_octets = octets
        self._relative = relative
        self._chosen = trace.connections[0].number if trace.connections and connection is None else connection
        self._kept = None if self._chosen is None else trace.connection(self._chosen)
        steps = [] if self._kept is None else of_connection(trace.steps, self._kept.number)
        self._steps: list[Step] = sorted(steps, key=lambda step: (step.time, step.number))
        transits = self._kept.transits if self._kept else ()
        self._positions: list[Position] = scene.positions(self._steps, transits)
        self._words = {
            number: ", ".join(m.text(relative) for m in (top(messages) or messages[:1]))
            for number, messages in by_transit(
                of_connection(trace.messages, self._kept.number) if self._kept else ()
            ).items()
        }
        self._walks = self._walk()
        self._windows = self._window_of_each()
        # So that the pictures below the note stay where they are while the note changes.
        lines = max(len(self._lines(k)) for k in range(min(len(self._positions), 200)))
        self._tallest = 1.5 * min(3 + lines // 2, 5)
        self._styles: dict[int, str] = {}
        self._notes: dict[int, str] = {}
        self._bytes: dict[int, str] = {}
        self._pictures: dict[int, Picture] = {}
        self._pages: dict[int, tuple[str, list[int]]] = {}
        self._uid = new_uid()
        super().__init__(self._build())
        count = len(self._positions)
        if not -count <= cursor < count:
            raise ValueError(
                f"the cursor goes from 0 to {count - 1}, or back from -1, the last; got {cursor}"
            )
        self.cursor = cursor % count
        self._show()

    def _build(self) -> list[Any]:
        """The widgets: the controls, then the panes."""
        last = len(self._positions) - 1
        layout = ipywidgets.Layout
        full = layout(width="100%", margin="0")  # (with a margin, it would be wider than the page)
        self._slider = ipywidgets.IntSlider(0, 0, last, description="Step", layout=layout(flex="1 1 240px"))
        self._play = ipywidgets.Play(0, min=0, max=last, interval=1500, layout=layout(flex="0 0 auto"))
        ipywidgets.jslink((self._play, "value"), (self._slider, "value"))
        back, forth = (
            ipywidgets.Button(description=word, icon=icon, tooltip=tip, layout=layout(width="84px"))
            for word, icon, tip in (
                ("Back", "step-backward", "One step back"),
                ("Next", "step-forward", "One step on"),
            )
        )
        back.on_click(lambda _: self._move(-1))
        forth.on_click(lambda _: self._move(1))
        self._css = ipywidgets.HTML(layout=layout(display="none"))
        self._note = ipywidgets.HTML(layout=full)
        self._timeline = ipywidgets.HTML(layout=layout(flex="6 1 480px", min_width="0"))
        self._states = ipywidgets.HTML(layout=layout(flex="5 1 420px", min_width="0"))
        if any(way.box for ways in self._walks for way in ways.values()):
            self._states.value = _diagram().svg(f"{self._uid}-states")
        else:  # nothing to light: no steps, or states of another figure
            self._states.layout.display = "none"
        self._octets = ipywidgets.HTML(layout=full)
        traitlets.link((self._slider, "value"), (self, "cursor"))
        self.observe(lambda _: self._show(), "cursor")
        wrap = layout(flex_flow="row wrap", align_items="flex-start", width="100%", margin="0")
        buttons = [back, self._play, forth, self._slider]
        controls = ipywidgets.HBox(buttons, layout=layout(flex_flow="row wrap"))
        return [
            controls,
            self._note,
            self._css,
            ipywidgets.HBox([self._timeline, self._states], layout=wrap),
            self._octets,
        ]

    def _move(self, by: int) -> None:
        self.cursor = min(max(self.cursor + by, 0), len(self._positions) - 1)

    def _show(self) -> None:
        """Let every pane follow the cursor."""
        k = self.cursor
        page, _ = self._page(self._windows[k])
        if self._timeline.value is not page:
            self._timeline.value = page
        self._css.value = self._style(k)
        self._note.value = self._note_html(k)
        self._octets.value = self._bytes_html(k)

    # What each position looks like, worked out when it is first looked at.

    def _style(self, k: int) -> str:
        if k not in self._styles:
            _, drawn = self._page(self._windows[k])
            line = f"#{self._uid}-line"
            later = ",".join(f"{line} .s{n}" for n in drawn[bisect_right(drawn, k) :])
            parts = [f"{later}{{visibility:hidden}}"] if later else []
            if k:
                now = [f".t{number}" for number in self._positions[k].transits]
                parts += [f"{line} {one}.line path{{stroke-width:4px!important}}" for one in now]
                parts += [f"{line} {one}.label text{{fill:var(--hs-ink)!important}}" for one in now]
                bold = "stroke:var(--hs-ink)!important;stroke-width:2.4px!important"
                parts.append(f"{line} .s{k}.bar path{{{bold}}}")
            if self._steps:
                parts.append(rules(f"{self._uid}-states", self._walks[k]))
            self._styles[k] = f"<style>{''.join(parts)}</style>"
        return self._styles[k]

    def _note_html(self, k: int) -> str:
        if k not in self._notes:
            step = self._step(k)
            uid = f"{self._uid}-note"
            look = (theme.variables("#uid") + _LOOK).replace("#uid", f"#{uid}").replace("\n", "")
            head, *rest = self._lines(k)
            head = escape(head)
            for end in ENDS:
                head = head.replace(f" {end}:", f' <span class="hs-{end}">{end}</span>:')
            items = "".join(f"<li>{escape(line.strip())}</li>" for line in rest)
            states = " · ".join(
                f'<span class="hs-{end}">{end}</span> <code>{escape(self._walks[k][end].state or "?")}</code>'
                for end in ENDS
                if self._steps
            )
            self._notes[k] = (
                f'<style>{look}</style><div id="{uid}" class="hs-note {step.end if step else ""}" '
                f'role="status" aria-live="polite" style="min-height:{self._tallest}em">'
                f'<div>{head}</div><div class="hs-muted">{states}</div>'
                f"<ul>{items}</ul></div>"
            )
        return self._notes[k]

    def _bytes_html(self, k: int) -> str:
        parts = []
        for number in self._positions[k].transits[:3] if self._with_octets else ():
            if number not in self._bytes:
                self._bytes[number] = self._bytes_of(number)
            parts.append(self._bytes[number])
        return "".join(parts)

    def _bytes_of(self, number: int) -> str:
        from handshake.show.bytesview import view

        return view(self.trace[number]).html(uid=f"{self._uid}-bytes-{number}")

    def _page(self, window: int) -> tuple[str, list[int]]:
        """One window of the timeline, and the positions that have something in it."""
        if window not in self._pages:
            svg = self._picture(window).svg(f"{self._uid}-line")
            self._pages[window] = svg, sorted({int(n) for n in re.findall(r'class="st s(\d+) ', svg)})
        return self._pages[window]

    def _picture(self, window: int) -> Picture:
        if window in self._pictures:
            return self._pictures[window]
        transits = self._kept.transits if self._kept else ()
        part = transits[window * scene.MANY : (window + 1) * scene.MANY]
        bounds = (part[0], part[-1]) if len(transits) > scene.MANY else None
        self._pictures[window] = timeline(
            self.trace, connection=self._chosen, relative=self._relative, window=bounds, width="panel"
        )
        return self._pictures[window]

    # Following the steps.

    def _walk(self) -> list[dict[str, Walk]]:
        """Both ends' ways at every position."""
        walks = {end: Walk() for end in ENDS}
        for step in reversed(self._steps):  # before the first step of an end, it stands where that finds it
            walks[step.end] = Walk()
            advance(walks[step.end], str(step.before.get("state", "")), str(step.before.get("state", "")))
        found = [dict(walks)]
        for step in self._steps:
            way = walks[step.end]
            way = Walk(way.box, list(way.taken), list(way.off))
            advance(way, str(step.before.get("state", "")), str(step.after.get("state", "")))
            walks[step.end] = way
            found.append(dict(walks))
        return found

    def _window_of_each(self) -> list[int]:
        """Which window of the timeline each position looks at."""
        if self._kept is None or len(self._kept.transits) <= scene.MANY:
            return [0] * len(self._positions)
        place = {number: n // scene.MANY for n, number in enumerate(self._kept.transits)}
        windows = [0]
        for position in self._positions[1:]:
            windows.append(max((place[n] for n in position.transits if n in place), default=windows[-1]))
        return windows

    def _step(self, k: int) -> Step | None:
        return self._steps[k - 1] if self._steps and k else None

    # In words.

    @property
    def note(self) -> str:
        """What happened at this position, and why."""
        return "\n".join(self._lines(self.cursor))

    def state(self, end: str) -> str:
        """The state of "client" or "server" at this position."""
        if end not in ENDS:
            raise ValueError(f"an end is 'client' or 'server', not {end!r}")
        return self._states_at(self.cursor)[end]

    def text(self) -> str:
        """Where the walk stands: the step, and the states of both ends."""
        return self._text(self.cursor)

    def story(self) -> str:
        """The whole walk, step by step."""
        return "\n\n".join(self._text(k) for k in range(len(self._positions)))

    def _text(self, k: int) -> str:
        lines = self._lines(k)
        if self._steps:
            lines.append("   " + ", ".join(f"{end}: {state}" for end, state in self._states_at(k).items()))
        return "\n".join(lines)

    def _states_at(self, k: int) -> dict[str, str]:
        states = dict.fromkeys(ENDS, "")
        for step in reversed(self._steps[k:]):
            states[step.end] = str(step.before.get("state", ""))
        for step in self._steps[:k]:
            states[step.end] = str(step.after.get("state", ""))
        return states

    def _lines(self, k: int) -> list[str]:
        """A position in words: a head, then what there is to say of it."""
        last = len(self._positions) - 1
        if not k:
            title = self.trace.title or "Nothing yet"
            return [f"{title}: {last} steps to walk." if last else "Nothing happened."]
        step = self._step(k)
        if step is None:
            (number,) = self._positions[k].transits
            transit = self.trace[number]
            fate = f" ({transit.fault})" if transit.fault else ""
            words = self._words.get(number, "")
            when = rows.moment(transit.time)
            return [f"{k}. {when}, {transit.sender}: transit {number} {words}{fate}".rstrip()]
        lines = [f"{k}. {rows.moment(step.time)}, {step.end}: {step.cause}"]
        if step.transit is not None:
            lines.append(f"   received {step.transit}: {self._words.get(step.transit, '')}".rstrip(": "))
        lines += [f"   {note}" for note in step.notes]
        for name, after in step.after.items():
            before = step.before.get(name)
            if before != after:
                was = "" if before is None else f"{before} -> "
                lines.append(f"   {name}: {was}{after}")
        lines += [f"   sent {n}: {self._words.get(n, '')}".rstrip(": ") for n in step.sends]
        if step.certainty != "ran":
            lines.append("   inferred from the capture" if step.certainty == "inferred" else "   unknown")
        return lines

    def __str__(self) -> str:
        return self.story()

    def __repr__(self) -> str:
        start = f"Stepper(step {self.cursor} of {len(self._positions) - 1}: "
        title = self.trace.title or "untitled"
        room = 108 - len(start)
        return f"{start}{title if len(title) <= room else title[: room - 1] + '…'})"

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        """The live widget, and for a page without Python the whole timeline with its story."""
        bundle: dict[str, Any] = dict(super()._repr_mimebundle_(**kwargs))
        picture = self._picture(0)
        bundle["text/html"] = (
            f'{picture.svg()}<details><summary data-lm-suppress-shortcuts="true">The story, step by step'
            f'</summary><pre style="white-space:pre-wrap">{escape(self.story())}</pre></details>'
        )
        return bundle
