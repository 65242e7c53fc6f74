"""Results as a reader sees them: what was tried, what was expected, what came, and one thing to do next."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from handshake.exercises.judging import Finding, Result

TEXT = "line-height:1.5;white-space:normal"


def lines(result: Result) -> list[tuple[str, str]]:
    """What is to be said, as (kind, words): "head", "good", "bad", "detail", "sign", "hint", "trouble"."""
    exercise = result.exercise
    if result.todo:
        head = f"{exercise.id} {exercise.title}: still to do, {exercise.points} points to win"
        return [("head", head), *_note(result)]
    found = [("head", f"{exercise.id} {exercise.title}: {result.points} of {exercise.points} points")]
    for group, points in exercise.groups.items():
        finding = result.findings.get(group)
        if finding is None:
            found.append(("bad", f"{group} ({points}): not judged to its end"))
        elif finding.good:
            found.append(("good", f"{group} ({points})"))
        else:
            found += _wrong(result, group, points, finding)
    if result.trouble:
        found.append(("trouble", result.trouble))
    found += _note(result)
    if not result.passed:
        found.append(("hint", f"{exercise.hint} Read again: {exercise.reread}."))
    return found


def _note(result: Result) -> list[tuple[str, str]]:
    return [("trouble", result.note)] if result.note else []


def _wrong(result: Result, group: str, points: int, finding: Finding) -> list[tuple[str, str]]:
    found = [("bad", f"{group} ({points}): {finding.case}" if finding.case else f"{group} ({points})")]
    if finding.expected or finding.got:
        told = not (result.exercise.literal and finding.compared)  # (else it would be the answer itself)
        found += [("detail", f"expected {finding.expected}")] if told else []
        found.append(("detail", f"came     {finding.got}"))
        differs = _difference(finding.expected, finding.got)
        found += [("detail", differs)] if differs and told else []
    if finding.key:
        found.append(("sign", result.exercise.signs[finding.key]))
    return found


def _difference(expected: str, got: str) -> str:
    """The first byte that differs, where both are bytes in hexadecimal."""
    one, other = expected.split(" ..."), got.split(" ...")
    left, right = one[0].split(), other[0].split()
    bytes_ = all(len(each) == 2 and set(each) <= set("0123456789abcdef") for each in (*left, *right))
    if not bytes_ or len(left) < 3:
        return ""
    at = next(
        (n for n, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right))
    )
    return f"the first difference is at byte {at}"


MARKS = {"good": "+ ", "bad": "- ", "detail": "    ", "sign": "  > ", "hint": "  ", "trouble": "! "}


def text(result: Result) -> str:
    """In lines."""
    return "\n".join(f"{MARKS.get(kind, '')}{words}" for kind, words in lines(result))


def html(result: Result) -> str:
    """As HTML, whose words say all that its colours do."""
    return html_lines(lines(result), result.passed, result.todo)


def html_lines(told: Sequence[tuple[str, str]], passed: bool, todo: bool = False) -> str:
    """Lines, see `lines`, as HTML."""
    colour = "0,158,115" if passed else "0,114,178" if todo else "213,94,0"
    style = f"border-left:4px solid rgb({colour});background:rgba({colour},.12);padding:.4em .8em;{TEXT}"
    rows = []
    for kind, words in told:
        shown = escape(words)
        if kind == "head":
            rows.append(f"<b>{shown}</b>")
        elif kind == "detail":
            rows.append(f'<code style="white-space:pre-wrap;margin-left:1.5em">{shown}</code>')
        else:
            rows.append(f"{escape(MARKS[kind].strip())} {shown}")
    return f'<div role="status" aria-live="polite" style="{style}">{"<br>".join(rows)}</div>'
