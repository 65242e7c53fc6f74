"""The course in a real JupyterLab, in a real browser: what a reader sees and does.

JupyterLab and a headless Chromium are started once.  Each notebook is run from top to bottom; then its first
stepper is walked by keyboard and by its buttons.  Screenshots, light and dark, are left in a folder whose
name is printed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
import test_binder

ROOT = Path(__file__).parent.parent
TOKEN = "handshake"
SIZES = [(1280, 800), (1920, 1080)]
PATIENCE = 60_000  # milliseconds

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
OPTIONS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

pytestmark = pytest.mark.slow

SMALL = """
from handshake import show, sim
show.stepper(sim.tcp(seed=7))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the notebooks, and a small one that has only a stepper."""
    made = tmp_path_factory.mktemp("browser")
    shutil.copytree(ROOT / "notebooks", made / "notebooks", dirs_exist_ok=True)
    small = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(SMALL.strip(), id="stepper")])
    small.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(small, made / "notebooks" / "small.ipynb")
    return made


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    """Where JupyterLab answers; with settings of its own, and none of the user's."""
    settings = folder / "settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    quiet = {"fetchNews": "false", "checkForUpdates": False}
    (settings / "notification.jupyterlab-settings").write_text(json.dumps(quiet))
    environment = os.environ | {
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
    }
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable,
        "-P",
        "-m",
        "jupyterlab",
        "--no-browser",
        "--ip=127.0.0.1",
        f"--port={port}",
        "--ServerApp.port_retries=0",
        f"--IdentityProvider.token={TOKEN}",
        "--allow-root",
        f"--ServerApp.root_dir={folder}",
        "--expose-app-in-browser",
    ]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
        try:
            wait_for_answer(server, f"http://127.0.0.1:{port}/api", folder / "log")
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(timeout=30)


def wait_for_answer(server: subprocess.Popen[bytes], url: str, log: Path) -> None:
    """Come back when the server answers."""
    end = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, ConnectionError):
            assert server.poll() is None, log.read_text()
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.1)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium, without a window."""
    if CHROMIUM is None:
        pytest.skip("there is no Chromium on this machine")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield chromium
        chromium.close()


LABS = {
    "00-place-your-bets": 1,
    "01-layers": 5,
    "02-numbering": 4,
    "03-opening": 8,
    "04-closing": 6,
    "05-sockets": 5,
    "06-trust": 4,
    "07-one-way": 4,
    "08-mutual": 3,
    "09-forward": 6,
    "10-case-files": 2,
}
"""How many labs each notebook has."""


@pytest.fixture(params=["small", "03-opening"])
def page(request: pytest.FixtureRequest, browser: Any, address: str) -> Iterator[Any]:
    """A notebook that has a stepper, open and run from top to bottom."""
    yield from opened(request.param, browser, address)


@pytest.fixture(params=LABS)
def labs_page(request: pytest.FixtureRequest, browser: Any, address: str) -> Iterator[Any]:
    """A notebook that has labs, open and run from top to bottom."""
    yield from opened(request.param, browser, address)


def opened(name: str, browser: Any, address: str) -> Iterator[Any]:
    """A notebook, open and run from top to bottom."""
    width, height = SIZES[0]
    page = browser.new_page(viewport={"width": width, "height": height})
    page.set_default_timeout(PATIENCE)
    below = test_binder.start().rpartition("/")[0]  # the address that the README's badge opens on Binder
    page.goto(f"{address}/{below}/{name}.ipynb?token={TOKEN}&reset")
    page.wait_for_selector(".jp-CodeCell")
    # Not by the menu: it may be used before the kernel is ready, and then nothing runs.
    page.evaluate("""async () => {
        await jupyterapp.restored;
        const panel = jupyterapp.shell.currentWidget;
        await panel.context.ready;
        await panel.context.sessionContext.ready;
        await jupyterapp.commands.execute('notebook:run-all-cells');
    }""")
    page.wait_for_function(
        "() => jupyterapp.shell.currentWidget.context.sessionContext.session.kernel.status === 'idle'"
    )
    page.name = name
    yield page
    page.close()


def test_a_notebook_runs_and_its_stepper_walks(page: Any, folder: Path) -> None:
    assert errors(page) == []
    assert page.locator(".jp-RenderedText[data-mime-type='application/vnd.jupyter.stderr']").count() == 0

    stepper = Stepper(page)
    first, last = stepper.ends
    assert (first, stepper.position) == (0, 0)
    assert last > 3
    looks = [stepper.look]
    for k in range(1, 4):  # by keyboard
        stepper.press("ArrowRight")
        stepper.wait_for(k)
        looks.append(stepper.look)
    stepper.click("Next")
    stepper.wait_for(4)
    looks.append(stepper.look)
    notes = [note for note, _ in looks]
    assert len(set(notes)) == len(notes)  # each step says something of its own
    drawn = [visible for _, visible in looks]
    assert drawn == sorted(drawn)  # what was drawn stays
    assert drawn[0] < drawn[-1]
    stepper.click("Back")
    stepper.wait_for(3)
    assert stepper.look == looks[3]

    both = re.compile(r"client\s+ESTABLISHED\s+·\s+server\s+ESTABLISHED")
    while not both.search(stepper.note):
        assert stepper.position < last, "at no step are both ends ESTABLISHED"
        before = stepper.position
        stepper.press("ArrowRight")
        stepper.wait_for(before + 1)
    screenshots(page, folder)

    stepper.press("End")
    stepper.wait_for(last)
    assert stepper.look[1] >= drawn[-1]
    stepper.press("Home")
    stepper.wait_for(0)
    assert stepper.look == looks[0]


def test_every_lab_works_by_keyboard(labs_page: Any, folder: Path) -> None:
    """Each control that a Tab reaches is changed by a key, and what the lab says changes with one of them."""
    page = labs_page
    assert errors(page) == []
    found = 0
    count = page.evaluate("() => jupyterapp.shell.currentWidget.content.model.cells.length")
    for number in range(count):
        page.evaluate(
            """async number => {
                const notebook = jupyterapp.shell.currentWidget.content;
                notebook.activeCellIndex = number;
                await notebook.scrollToItem(number, 'start');
            }""",
            number,
        )
        lab = page.locator(".jp-Notebook .jp-Cell.jp-mod-active .hs-lab")
        if not lab.count():
            continue
        found += 1
        lab.locator("[role=status]").first.wait_for()
        changed = [words for words in (pressed(page, lab, k) for k in range(controls(lab).count())) if words]
        assert changed, f"no key changes what the lab in cell {number} says"
        lab.screenshot(path=str(folder / f"{page.name}-lab-{number}.png"))
    assert found == LABS[page.name]
    assert errors(page) == []


def controls(lab: Any) -> Any:
    """What the Tab key reaches among a lab's controls: handles of sliders, buttons, boxes to tick."""
    row = lab.locator("> .widget-box").first
    return row.locator(".noUi-handle, .widget-toggle-button, input[type=checkbox], select")


def pressed(page: Any, lab: Any, number: int) -> str:
    """Press a key on a control; what the lab says then, or "" if it says the same as before."""
    note = lab.locator("[role=status]").first
    before = note.inner_text()
    control = controls(lab).nth(number)
    control.focus()
    slides = "noUi-handle" in (control.get_attribute("class") or "")
    for key in ("ArrowLeft", "ArrowRight", "ArrowRight") if slides else ("Space",):
        page.keyboard.press(key)
        settle(page)
    after: str = note.inner_text()
    return after if after != before else ""


def settle(page: Any) -> None:
    """Come back when the kernel has answered what the page told it, and the page has drawn that.

    The kernel takes messages in their order: an empty run that is done has all before it done.  Widgets keep
    a change back while an earlier one is under way, hence several rounds.
    """
    page.evaluate("""async () => {
        const kernel = jupyterapp.shell.currentWidget.context.sessionContext.session.kernel;
        for (let round = 0; round < 4; round++) {
            await kernel.requestExecute({code: '', silent: true, store_history: false}).done;
            await new Promise(drawn => requestAnimationFrame(() => setTimeout(drawn)));
        }
    }""")


def errors(page: Any) -> list[str]:
    """What failed in the notebook, but for the cells that are meant to."""
    found: list[str] = page.evaluate("""() => {
        const found = [];
        for (const cell of jupyterapp.shell.currentWidget.content.model.cells) {
            const tags = cell.getMetadata('tags') || [];
            if (cell.type !== 'code' || tags.includes('raises-exception')) continue;
            for (const output of cell.outputs.toJSON())
                if (output.output_type === 'error')
                    found.push(`${cell.id}: ${output.ename}: ${output.evalue}`);
            if (cell.executionCount === null && cell.sharedModel.getSource().trim())
                found.push(`${cell.id}: was not run`);
        }
        return found;
    }""")
    return found


class Stepper:
    """The first stepper of a page: the box that has the buttons Back and Next, a slider and a note."""

    def __init__(self, page: Any) -> None:
        self.page = page
        boxes = page.locator(".widget-vbox").filter(has=page.locator(".hs-note"))
        self.box = boxes.filter(has=page.locator("button:has-text('Next')")).first
        self.box.scroll_into_view_if_needed()
        self.handle = self.box.locator(".noUi-handle").first
        self.handle.wait_for()

    @property
    def ends(self) -> tuple[int, int]:
        """The first and the last position."""
        first, last = (
            float(self.handle.get_attribute(f"aria-value{end}") or "nan") for end in ("min", "max")
        )
        return int(first), int(last)

    @property
    def position(self) -> int:
        """Where the slider stands."""
        return int(float(self.handle.get_attribute("aria-valuenow") or "nan"))

    @property
    def note(self) -> str:
        """What the step says."""
        text: str = self.box.locator(".hs-note").inner_text()
        return text

    @property
    def look(self) -> tuple[str, int]:
        """The note, and how many groups of the timeline are to be seen."""
        visible: int = self.box.locator("svg[id$='-line'], [id$='-line'] svg").first.evaluate(
            """svg => [...svg.querySelectorAll('g.st')]
                      .filter(each => getComputedStyle(each).visibility === 'visible').length"""
        )
        return self.note, visible

    def press(self, key: str) -> None:
        """Press a key on the slider's handle."""
        self.handle.focus()
        self.page.keyboard.press(key)

    def click(self, button: str) -> None:
        """Click a button by its word."""
        self.box.get_by_role("button", name=button).first.click()

    def wait_for(self, position: int) -> None:
        """Wait until Python has answered: the note begins with the number of its step."""
        begins = rf"^\s*{position}\. " if position else "steps to walk"
        self.box.locator(".hs-note", has_text=re.compile(begins)).wait_for()
        assert self.position == position


def screenshots(page: Any, folder: Path) -> None:
    """The page as it is, in both themes and sizes."""
    for theme in ("JupyterLab Light", "JupyterLab Dark"):
        light = str(theme.endswith("Light")).lower()
        page.evaluate("theme => jupyterapp.commands.execute('apputils:change-theme', {theme})", theme)
        page.wait_for_selector(f"body[data-jp-theme-light='{light}']", state="attached")
        for width, height in SIZES:
            page.set_viewport_size({"width": width, "height": height})
            Stepper(page)  # scrolls there
            name = f"{page.name}-{theme.split()[-1].lower()}-{width}x{height}.png"
            page.screenshot(path=str(folder / name))
    print(f"screenshots of {page.name}: {folder}")
    page.evaluate(
        "theme => jupyterapp.commands.execute('apputils:change-theme', {theme})", "JupyterLab Light"
    )
