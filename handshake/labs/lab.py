"""Labs: controls, an experiment, and what comes of it.  A change of a control runs the experiment anew.

>>> def experiment(lost=1):
...     return Outcome(f"segment {lost} is lost")
>>> lab = Lab("One is lost", experiment, lost=slider("which segment", 1, 1, 3))
>>> lab.controls["lost"].value = 3
>>> lab.outcome.words
'segment 3 is lost'

The experiment is a plain function, which gives the same without any widget.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from ipywidgets import (
    HTML,
    Box,
    Checkbox,
    Dropdown,
    FloatSlider,
    IntProgress,
    IntSlider,
    Layout,
    SelectionSlider,
    ToggleButtons,
    VBox,
    Widget,
)

from handshake.errors import HandshakeError
from handshake.labs.bets import TEXT, html_of
from handshake.trace import Trace

DESCRIBED = {"description_width": "190px"}


def _wide() -> Layout:
    return Layout(flex="1 1 430px", max_width="620px")


@dataclass(frozen=True)
class Outcome:
    """What came of an experiment.

    words: in a sentence or a few.   views: pictures, widgets, or whatever shows itself in a notebook.
    trace: what happened, where it is one trace.
    """

    words: str
    views: Sequence[Any] = ()
    trace: Trace | None = None

    def __str__(self) -> str:
        return "\n\n".join([self.words, *(str(view) for view in self.views)])

    def __repr__(self) -> str:
        first, *_ = self.words.splitlines() or [""]
        return f"Outcome({first if len(first) <= 96 else first[:95] + '…'})"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": self.html()}

    def html(self) -> str:
        """The words and the views, one below the other."""
        return "".join([said(self.words), *map(html_of, self.views)])


def said(words: str, *, wrong: bool = False) -> str:
    """Words as a note in HTML, which a screen reader tells when it changes."""
    colour = "213,94,0" if wrong else "0,114,178"
    style = f"border-left:4px solid rgb({colour});background:rgba({colour},.12);padding:.4em .8em"
    lines = "<br>".join(escape(line) for line in words.splitlines())
    return f'<div role="status" aria-live="polite" style="{style};{TEXT}">{lines}</div>'


class Lab(VBox):  # type: ignore[misc]  # ipywidgets has no types
    """An experiment with controls.

    title: what it is about.   experiment: called with the values of the controls, by their names; gives an
    Outcome.  If it takes `progress`, it is given something to tell how far it is: progress(done, of).
    controls: the widgets, by name.   outcome: what came of the last run; None if that was refused.
    refusal: why it was, in words.
    """

    def __init__(self, title: str, experiment: Callable[..., Outcome], **controls: Widget) -> None:
        self.title = title
        self.experiment = experiment
        self.controls: Mapping[str, Widget] = controls
        self.outcome: Outcome | None = None
        self.refusal = ""
        full = {"width": "100%", "margin": "0"}  # (with a margin, it would be wider than the page)
        self._note = HTML(layout=Layout(**full))
        self._views = VBox(layout=Layout(**full))
        self._bar = IntProgress(0, 0, 1, layout=Layout(**full, visibility="hidden"))
        self._takes_progress = "progress" in inspect.signature(experiment).parameters
        head = HTML(f'<div style="{TEXT}"><b>{escape(title)}</b></div>')
        row = Box(list(controls.values()), layout=Layout(flex_flow="row wrap", **full))
        bar = [self._bar] if self._takes_progress else []
        super().__init__([head, row, *bar, self._note, self._views])
        self.add_class("hs-lab")
        for control in controls.values():
            control.observe(self._changed, "value")
        self.run()

    @property
    def values(self) -> dict[str, Any]:
        """What the controls are set to."""
        return {name: control.value for name, control in self.controls.items()}

    def set(self, **values: Any) -> Lab:
        """Set controls by their names, as a mouse would: lab.set(which=3, kind="late").

        Where there is a choice, its label or its value.  The answer is the lab itself, so that
        print(lab.set(which=3)) shows what comes of it.
        ValueError, with what there is, for a name or a value that is none.
        """
        for name, value in values.items():
            one_of("a control", name, list(self.controls))
            control = self.controls[name]
            if hasattr(control, "options"):
                labels = {option: option for option in control.options}
                if control.options and isinstance(control.options[0], tuple):
                    labels = dict(control.options)
                if value not in labels.values():
                    one_of(name, value, labels)
                    value = labels[value]
            elif isinstance(control.value, bool):
                one_of(name, value, (False, True))
            else:
                within(name, value, control.min, control.max)
            control.value = value
        return self

    def _changed(self, _: object) -> None:
        self.run()

    def run(self) -> None:
        """Run the experiment with the controls as they are, and show what came of it."""
        more = {"progress": self._progress} if self._takes_progress else {}
        try:
            self.outcome = self.experiment(**self.values, **more)
        except (ValueError, HandshakeError) as error:
            self.outcome, self.refusal = None, f"This cannot be run: {error}"
            self._note.value = said(self.refusal, wrong=True)
        else:
            self._note.value = said(self.outcome.words)
        self._show(self.outcome.views if self.outcome else ())
        self._bar.layout.visibility = "hidden"

    def _progress(self, done: int, of: int) -> None:
        self._bar.max, self._bar.value = max(of, 1), done
        self._bar.layout.visibility = "visible"

    def _show(self, views: Sequence[Any]) -> None:
        """Put the views below the note.  Widgets of the last run are closed: the browser may forget them."""
        old = self._views.children
        plain = not any(isinstance(view, Widget) for view in views)
        if plain and len(old) == len(views) and all(type(child) is HTML for child in old):
            for child, view in zip(old, views, strict=True):
                child.value = html_of(view)  # the same places, so that nothing below jumps
            return
        self._views.children = [view if isinstance(view, Widget) else HTML(html_of(view)) for view in views]
        for child in old:
            _close(child)

    def __str__(self) -> str:
        settings = [
            f"  {name:14} {_value(control):16}  {control.description}: {_allowed(control)}"
            for name, control in self.controls.items()
        ]
        return "\n".join([self.title, *settings, "", str(self.outcome or self.refusal)])

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={_value(control)}" for name, control in self.controls.items())
        text = f"Lab({self.title}: {values})"
        return text if len(text) <= 110 else text[:108] + "…)"

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        """The live widget, and for a page without Python what it shows at its start."""
        bundle: dict[str, Any] = dict(super()._repr_mimebundle_(**kwargs))
        heading = f'<div style="{TEXT}"><b>{escape(self.title)}</b></div>'
        bundle["text/html"] = heading + (self.outcome.html() if self.outcome else "")
        return bundle


def _close(widget: Widget) -> None:
    for child in getattr(widget, "children", ()):
        _close(child)
    widget.close()


def _value(control: Widget) -> str:
    """What a control is set to, as its reader sees it."""
    label = getattr(control, "label", None)
    return str(label if label is not None else control.value)


def _allowed(control: Widget) -> str:
    """What a control may be set to."""
    if hasattr(control, "options"):
        return " | ".join(option if isinstance(option, str) else option[0] for option in control.options)
    return "True | False" if isinstance(control.value, bool) else f"{control.min:,g} to {control.max:,g}"


# What an experiment takes.


def one_of(name: str, value: Any, known: Collection[Any]) -> None:
    """ValueError, with what there is, for a value that is none of these."""
    if not any(value == each for each in known):
        raise ValueError(f"{name} is one of {', '.join(map(repr, known))}; not {value!r}")


def within(name: str, value: float, low: float, high: float) -> None:
    """ValueError for a number outside these bounds."""
    if not isinstance(value, int | float) or not low <= value <= high:
        raise ValueError(f"{name} is a number, {low:g} to {high:g}, got {value!r}")


def whole(name: str, value: float, low: int, high: int) -> int:
    """A whole number within these bounds; ValueError for any other."""
    within(name, value, low, high)
    if value != int(value):
        raise ValueError(f"{name} is a whole number, {low} to {high}, got {value!r}")
    return int(value)


# The controls.


def slider(words: str, value: int, low: int, high: int, step: int = 1, tip: str = "") -> IntSlider:
    """A whole number."""
    return IntSlider(
        value, low, high, step, description=words, tooltip=tip or words, style=DESCRIBED, layout=_wide(),
        continuous_update=False,
    )  # fmt: skip


def amount(words: str, value: float, low: float, high: float, step: float, tip: str = "") -> FloatSlider:
    """A number."""
    return FloatSlider(
        value=value, min=low, max=high, step=step, description=words, tooltip=tip or words, style=DESCRIBED,
        layout=_wide(), continuous_update=False,
    )  # fmt: skip


def of_these(words: str, options: Sequence[tuple[str, Any]], value: Any, tip: str = "") -> SelectionSlider:
    """One of several values in order, each with its words: times from milliseconds to days, say."""
    return SelectionSlider(
        options=options, value=value, description=words, tooltip=tip or words, style=DESCRIBED,
        layout=_wide(), continuous_update=False,
    )  # fmt: skip


def choice(words: str, options: Sequence[str | tuple[str, Any]], value: Any, tip: str = "") -> Widget:
    """One of several: buttons side by side where there are few with short names, a list otherwise."""
    names = [option if isinstance(option, str) else option[0] for option in options]
    if len(names) <= 6 and sum(map(len, names)) <= 100:
        widest = max(map(len, names))
        style = {**DESCRIBED, "button_width": f"{max(5, 0.66 * widest + 2.2):.1f}em"}
        buttons = ToggleButtons(options=options, value=value, description=words, style=style)
        buttons.layout = Layout(
            width="max-content", max_width="100%", flex="0 1 auto", margin="2px 18px 2px 2px"
        )
        buttons.tooltips = [tip or f"{words}: {name}" for name in names]
        return buttons
    return Dropdown(options=options, value=value, description=words, tooltip=tip or words, style=DESCRIBED,
                    layout=_wide())  # fmt: skip


def switch(words: str, value: bool, tip: str = "", *, narrow: bool = False) -> Checkbox:
    """Yes or no.   narrow: several of them side by side."""
    layout = Layout(width="auto", flex="0 0 84px") if narrow else _wide()
    return Checkbox(value, description=words, tooltip=tip or words, indent=False, layout=layout)
