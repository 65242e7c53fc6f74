"""What students read of their marks: one HTML page each, which needs nothing else."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from hashlib import sha256
from html import escape
from pathlib import Path
from urllib.parse import quote

from handshake.exercises.shown import html_lines
from handshake.files import whole
from handshake.grade.marking import Mark

NAME_MOST = 200
"""A page's name is cut after so many characters: a file system takes 255 bytes."""

STYLE = (
    ":root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:50em;margin:2em auto;"
    "padding:0 1em}section{margin:1em 0}td,th{padding:.1em 1em .1em 0;text-align:left}"
)


def page(student: str, marks: Sequence[Mark], troubles: Sequence[str] = ()) -> str:
    """A student's page."""
    total, of = sum(mark.points for mark in marks), sum(mark.of for mark in marks)
    parts = [f"<h1>{escape(student)}</h1>", f"<p>{total} of {of} points.</p>"]
    parts += [f"<p>{escape(trouble)}</p>" for trouble in troubles]
    parts += [f"<section>{html_lines(mark.told, mark.points == mark.of)}</section>" for mark in marks]
    return (
        f'<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>{escape(student)}</title>'
        f"<style>{STYLE}</style><body>{''.join(parts)}</body></html>\n"
    )


def file_name(student: str) -> str:
    """What a student's page is called, without its ending: a name that every file system takes."""
    name = "".join(
        each if each.isalnum() or each in " -_." else quote(each, safe="", errors="surrogateescape")
        for each in student
    )
    name = f"%2E{name[1:]}" if name.startswith(".") else name
    if len(name.encode()) <= NAME_MOST:
        return name
    cut = name.encode()[:NAME_MOST].decode(errors="ignore")
    return f"{cut}-{sha256(os.fsencode(student)).hexdigest()[:16]}"


def write_pages(
    folder: Path, marks: Mapping[str, Sequence[Mark]], troubles: Mapping[str, Sequence[str]]
) -> None:
    """Every student's page, STUDENT.html; each is whole or not there."""
    folder.mkdir(parents=True, exist_ok=True)
    for student, each in marks.items():
        path = folder / f"{file_name(student)}.html"
        with whole(path) as beside:
            text = page(student, each, troubles.get(student, ()))
            beside.write_text(text, encoding="utf-8", errors="replace")
