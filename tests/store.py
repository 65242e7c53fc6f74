"""Run notebooks, and store what their cells show: as text alone, so that a change can be read.

    python tests/store.py notebooks/*.ipynb

What is stored is what the tests compare (see conftest.py): printed text, and `text/plain` of everything else.
No execution counts, times or widget states; cells keep their ids.  A notebook is written only if it ran to
its end and nothing in it varies from run to run.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
ADDRESS = re.compile(r"\bat 0x[0-9a-fA-F]{6,}")  # of an object that has no text of its own


def run(notebook: Any, folder: Path) -> None:
    """Run every cell, in the notebook's folder."""
    client = NotebookClient(
        notebook,
        timeout=60,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        record_timing=False,
        store_widget_state=False,
        coalesce_streams=True,
    )
    # nbclient plays the front end's part for `Output` widgets, nbval does not.  Store what nbval will see.
    client.comm_open_handlers = {"jupyter.widget": lambda message: None}
    client.execute()


def text_only(output: Any) -> Any | None:
    """An output as it is stored; None if nothing of it is."""
    if output.output_type in ("execute_result", "display_data"):
        if "text/plain" not in output.data:
            return None
        kept = {"output_type": output.output_type, "data": {"text/plain": output.data["text/plain"]}}
        kept["metadata"] = {}
        if output.output_type == "execute_result":
            kept["execution_count"] = None
        return nbformat.from_dict(kept)
    if output.output_type == "error":
        output.traceback = [f"{output.ename}: {output.evalue}"]  # a whole one names folders of this machine
    return output


def tidy(notebook: Any) -> list[str]:
    """Leave only what is stored; return complaints about what varies from run to run."""
    complaints = []
    notebook.metadata = nbformat.from_dict(METADATA)
    for number, cell in enumerate(notebook.cells):
        cell.setdefault("id", f"cell-{number:02}")
        kept = {name: cell.metadata[name] for name in ("tags", "nbgrader") if cell.metadata.get(name)}
        cell.metadata = nbformat.from_dict(kept)
        if cell.cell_type != "code":
            continue
        cell.execution_count = None
        cell.outputs = [kept for kept in map(text_only, cell.outputs) if kept is not None]
        if ADDRESS.search(str(cell.outputs)):
            complaints.append(f"cell {cell.id} shows a memory address: give what it shows a repr")
    return complaints


def store(path: Path) -> list[str]:
    """Run a notebook and write it back; return complaints, and write nothing if there are any."""
    notebook: Any = nbformat.read(path, as_version=4)
    try:
        run(notebook, path.parent)
    except CellExecutionError as error:
        return [f"{error.ename}: {error.evalue}"]
    complaints = tidy(notebook)
    if not complaints:
        nbformat.validate(notebook)
        nbformat.write(notebook, path)
    return complaints


def main() -> int:
    """Store the notebooks named on the command line."""
    failed = False
    for name in sys.argv[1:]:
        complaints = store(Path(name))
        failed = failed or bool(complaints)
        print(f"{name}: {'NOT stored' if complaints else 'stored'}", *complaints, sep="\n  ")
    return 1 if failed or not sys.argv[1:] else 0


if __name__ == "__main__":
    sys.exit(main())
