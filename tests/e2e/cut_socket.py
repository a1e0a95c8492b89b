"""A socket before the engine's that can be cut, as a network can."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

CHUNK = 65536


class CutSocket:
    """Passes everything on to the engine's socket, until it is cut for some seconds."""

    def __init__(self, path: Path, engine: str) -> None:
        self.path, self.was_cut = path, False
        self._engine = engine
        self._open: list[socket.socket] = []
        self._away = threading.Event()
        self._mended = threading.Event()
        self._listening = socket.socket(socket.AF_UNIX)

    def __enter__(self) -> CutSocket:
        self._listening.bind(str(self.path))
        self._listening.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._listening.close()
        self._close_all()

    def when(self, reached: Callable[[], bool], seconds: float) -> None:
        """Cut it for so long as soon as something is reached."""

        def cut() -> None:
            while not reached():
                time.sleep(0.05)
            self.was_cut = True
            self._away.set()
            self._close_all()
            time.sleep(seconds)
            self._away.clear()
            self._mended.set()

        threading.Thread(target=cut, daemon=True).start()

    def wait(self) -> None:
        """Return when it is no longer cut."""
        assert self._mended.wait(60)

    def _close_all(self) -> None:
        for row in list(self._open):
            try:
                row.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        self._open.clear()

    def _accept(self) -> None:
        while True:
            try:
                caller, _ = self._listening.accept()
            except OSError:
                return
            if self._away.is_set():
                caller.close()
                continue
            threading.Thread(target=self._serve, args=(caller,), daemon=True).start()

    def _serve(self, caller: socket.socket) -> None:
        with caller, socket.socket(socket.AF_UNIX) as engine:
            engine.connect(self._engine)
            self._open += [caller, engine]
            back = threading.Thread(target=_pass_on, args=(engine, caller), daemon=True)
            back.start()
            _pass_on(caller, engine)
            back.join()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    """Copy until one side ends; then say so to the other."""
    try:
        while data := source.recv(CHUNK):
            target.sendall(data)
    except OSError:
        pass
    finally:
        try:
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass
