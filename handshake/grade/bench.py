"""A process of its own for an answer: limited, without the package, and asked from outside.

The process gets the answer's text and, call by call, the arguments.  It never gets what is expected: that is
compared here.  This is no sandbox.  What the answer may do to the machine is what the account may do that the
run has; the limits hold what they say, no more.
"""

from __future__ import annotations

import ctypes
import json
import marshal
import os
import selectors
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import gettempdir, mkdtemp
from typing import IO, Any

from handshake.exercises import desk
from handshake.exercises.asking import Ask, Stopped, value_of
from handshake.grade.definitions import statements

STARTED = """
import marshal, os
def read(size):
    data = b""
    while len(data) < size:
        data += os.read(0, size - len(data)) or os._exit(1)
    return data
names = {"__name__": "desk", "__file__": "desk"}
exec(marshal.loads(read(int(read(8)))), names)
names["work"]()
"""
"""What the process runs: `desk`, which it is sent.  No file of ours is in its reach."""

FOLDER = "handshake-answer-{}-"
"""How the folder begins that an answer works in, with the number of the process that asks."""

MARK = "HANDSHAKE_ANSWER"
"""In the environment of an answer's process: which one it is."""

PASSES = 50
"""So often it is looked for processes that were left behind."""

TALK_MOST = 4 << 20
"""So many bytes of one answer are read."""


@dataclass(frozen=True)
class Limits:
    """What one answer may use.

    seconds: on the clock, from start to end, and of computing.   memory, file: in bytes.
    files: open at a time.   processes: started by it.
    """

    seconds: float = 10.0
    memory: int = 1 << 29
    file: int = 1 << 20
    files: int = 32
    processes: int = 0

    def of_process(self) -> dict[str, int]:
        """As `desk.limit` takes them."""
        return {
            "seconds": max(1, round(self.seconds)), "memory": self.memory, "file": self.file,
            "files": self.files, "processes": self.processes, "core": 0,
        }  # fmt: skip


def compiled() -> bytes:
    """`desk`, compiled, with its size before it, as `STARTED` reads it."""
    text = Path(desk.__file__).read_text(encoding="utf-8")
    code = marshal.dumps(compile(text, "desk", "exec", dont_inherit=True))
    return b"%8d%s" % (len(code), code)


@dataclass
class Workshop:
    """What processes need.   limits: of each.   code: what each is sent first, see `compiled`."""

    limits: Limits = field(default_factory=Limits)
    code: bytes = field(default_factory=compiled, repr=False)

    def __post_init__(self) -> None:
        sweep()


class There(Ask):
    """An answer in a process of its own.

    source: its text.   workshop: where processes come from.
    mine: what `exercises.mine(...)` gives it, None for nothing.
    held: which limits hold, by name.   failed: statements that raised something as the cell ran, in words.
    Stopped is raised by whatever ends it before its time.
    """

    def __init__(self, source: str, workshop: Workshop, mine: Any = None) -> None:
        super().__init__(self)
        try:
            parts = statements(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise Stopped(f"the cell cannot be read: {getattr(error, 'msg', error)}") from None
        self.limits = workshop.limits
        self.folder = mkdtemp(prefix=FOLDER.format(os.getpid()))
        self.ends = time.monotonic() + self.limits.seconds
        self.held: dict[str, bool] = {}
        self.failed: tuple[str, ...] = ()
        self._read = bytearray()
        self._count = 0
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-B", "-c", STARTED],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=self.folder,
            env={"LANG": "C.UTF-8", MARK: self.folder}, start_new_session=True, close_fds=True,
        )  # fmt: skip
        try:
            first = {"parts": parts, "mine": desk.plain(mine), "limits": self.limits.of_process()}
            told = self._talk(first, workshop.code)
            held, failed = told.get("held"), told.get("failed")
            self.held = (
                {str(key): value is True for key, value in held.items()} if isinstance(held, dict) else {}
            )
            if isinstance(failed, list):
                self.failed = tuple(_failure(each) for each in failed[:5])
        except BaseException:
            self.close()
            raise

    def answer(self, asked: dict[str, Any], far: desk.Socket | None = None) -> dict[str, Any]:
        """Ask the process; its answer has to carry the number of what was asked.

        far: the socket that it is asked with; what the answer does with it is done here.
        """
        self._count += 1
        told = self._talk({**asked, "number": self._count})
        while far is not None and "socket" in told:
            call = told["socket"]
            if not isinstance(call, list) or len(call) != 2 or call[0] not in ("recv", "send"):
                raise Stopped("the answer's process calls a socket as none can be called")
            told = self._talk(far.do(*call))
        if told.get("number") != self._count:
            raise Stopped("the answer's process answers something else than it was asked")
        return told

    def close(self) -> None:
        """End it, whatever it is doing, and take its folder away."""
        with suppress(ProcessLookupError, PermissionError, OSError):
            os.killpg(self._process.pid, signal.SIGKILL)
        with suppress(OSError):
            self._process.kill()
        for stream in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                _close(stream)
        self._process.wait()
        if not self.held.get("processes"):
            end_all(self.folder)
        remove(self.folder)

    def __enter__(self) -> There:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _talk(self, asked: dict[str, Any], before: bytes = b"") -> dict[str, Any]:
        line = before + json.dumps(asked).encode() + b"\n"
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None or stdin.closed:
            raise Stopped("the process of the answer has ended")
        os.set_blocking(stdin.fileno(), False)
        os.set_blocking(stdout.fileno(), False)
        with selectors.DefaultSelector() as selector:
            selector.register(stdout, selectors.EVENT_READ)
            selector.register(stdin, selectors.EVENT_WRITE)
            while b"\n" not in self._read:
                self._exchange(selector, stdin, stdout, line)
                line = self._unsent
        whole, _, rest = bytes(self._read).partition(b"\n")
        self._read = bytearray(rest)
        try:
            told = json.loads(whole)
        except (ValueError, RecursionError):
            told = None
        if not isinstance(told, dict):
            raise Stopped("the answer's process says something that is no answer")
        return told

    def _exchange(
        self, selector: selectors.BaseSelector, stdin: IO[bytes], stdout: IO[bytes], line: bytes
    ) -> None:
        """Write and read what can be, until the deadline."""
        self._unsent = line
        left = self.ends - time.monotonic()
        if left <= 0:
            raise Stopped(f"it came to no end within {self.limits.seconds:g} seconds")
        for key, _ in selector.select(left):
            if key.fileobj is stdin:
                try:
                    self._unsent = self._unsent[os.write(stdin.fileno(), self._unsent[:65536]) :]
                except BlockingIOError:
                    pass
                except OSError:
                    raise Stopped(self._ended()) from None
                if not self._unsent:
                    selector.unregister(stdin)
            else:
                try:
                    came = os.read(stdout.fileno(), 1 << 16)
                except BlockingIOError:
                    continue
                if not came:
                    raise Stopped(self._ended())
                self._read += came
                if len(self._read) > TALK_MOST:
                    raise Stopped(f"its process says more than {TALK_MOST} bytes at a time")

    def _ended(self) -> str:
        """How the process has ended, in words."""
        try:
            code = self._process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            return "the process of the answer has closed its ears"
        if code == -signal.SIGXCPU or (code == -signal.SIGKILL and time.monotonic() >= self.ends - 1):
            return f"it came to no end within {self.limits.seconds:g} seconds"
        if code < 0:
            return f"its process was ended by the signal {signal.Signals(-code).name}"
        return f"its process has ended itself, with {code}"


def _failure(told: Any) -> str:
    line, error = told if isinstance(told, list) and len(told) == 2 else (0, {})
    words = value_of(error) if isinstance(error, dict) else ""
    return f"line {str(line)[:6]} does not run where answers are marked: {words}"


def _close(stream: IO[bytes] | None) -> None:
    if stream is not None:
        stream.close()


def end_all(mark: str) -> None:
    """End processes that an answer has left behind, where it was not kept from starting any (Linux).

    mark: what their environment says.
    """
    wanted = f"{MARK}={mark}".encode()
    for _ in range(PASSES):  # (while some are being ended, others may be started)
        found = False
        for path in Path("/proc").glob("[0-9]*/environ"):
            with suppress(OSError, ValueError):
                if wanted in path.read_bytes().split(b"\0"):
                    found = True
                    os.kill(int(path.parent.name), signal.SIGKILL)
        if not found:
            return
        time.sleep(0.02)


def remove(folder: str | Path) -> None:
    """Take a folder away, however deep it is; what cannot be taken away stays."""
    if _is_deep(Path(folder)):
        _flatten(Path(folder))
    for _ in range(3):
        try:
            shutil.rmtree(folder, ignore_errors=True)
        except RecursionError:
            _flatten(Path(folder))
        if not os.path.lexists(folder):
            return


def _inside(folder: Path) -> Path | None:
    """A folder that lies in this one, None if there is none."""
    with os.scandir(folder) as entries:
        return next((Path(each.path) for each in entries if each.is_dir(follow_symlinks=False)), None)


def _is_deep(folder: Path) -> bool:
    """Whether folders lie in folders there, deeper than a function may call itself."""
    deep: Path | None = folder
    with suppress(OSError):
        for _ in range(200):
            deep = _inside(deep) if deep is not None else None
        return deep is not None
    return False


def _flatten(folder: Path) -> None:
    """Bring what lies deep in a folder up to its top, step by step, so that it can be removed."""
    deep = folder
    for n in range(100_000):
        inside, moved = _inside(deep), folder / f"flat-{n}"
        if inside is None:
            return
        try:
            os.rename(inside, moved)
        except OSError:
            return
        if deep != folder:
            shutil.rmtree(deep, ignore_errors=True)
        deep = moved


def sweep() -> None:
    """Take away folders of answers whose run was ended before it could."""
    for path in Path(gettempdir()).glob(FOLDER.format("[0-9]*") + "*"):
        number = path.name.split("-")[2]
        if number.isdigit() and not _lives(int(number)):
            remove(path)


def _lives(number: int) -> bool:
    if sys.platform == "win32":
        return True  # (there, asking would end it)
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def hide() -> bool:
    """Let no other process of the same account look into the memory of this one (Linux); whether that holds.

    What is expected, and the salt, are in this process alone.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        hidden = ctypes.CDLL(None, use_errno=True).prctl(4, 0, 0, 0, 0) == 0  # PR_SET_DUMPABLE
    except (OSError, AttributeError):
        return False
    return hidden and os.geteuid() != 0
