"""Write docs/claims.md, the table of claims, from the table that the package has.

python tests/claims_page.py
"""

from __future__ import annotations

from pathlib import Path

from handshake.article.table import PARTS, Verdict, claims

PAGE = Path(__file__).parent.parent / "docs" / "claims.md"

HEAD = """# The article's 111 claims

Each statement of the article in our words, what is to be said of it, where the standards say so, and the
notebook whose cells show it (they are tagged with the number). What the wire does instead, and how to find
out, stands on the cards: `article.cards("S86")`.

The cited sections were opened and held against the claims on 2026-11-26; of POSIX and of ITU-T X.200, whose
texts are not free to keep, what is quoted of them.

This page is written by `python tests/claims_page.py` from `handshake/article/claims.toml`. Texts: CC BY 4.0.
"""


def page() -> str:
    """The page."""
    parts = [HEAD]
    counts = {verdict: sum(each.verdict is verdict for each in claims()) for verdict in Verdict}
    parts.append(
        "".join(f"- **{verdict}** ({count}): {verdict.meaning}\n" for verdict, count in counts.items())
    )
    for part, title in PARTS.items():
        rows = [f"## {title[0].upper()}{title[1:]}\n"]
        rows += ["| | the article tells | | in the standards | notebook |", "|---|---|---|---|---|"]
        for each in claims():
            if each.part == part:
                sections = "; ".join(each.sections) or "-"
                rows.append(f"| {each.id} | {each.text} | {each.verdict} | {sections} | {each.notebook} |")
        parts.append("\n".join(rows) + "\n")
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
