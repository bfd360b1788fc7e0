"""Which process is which: identity of a process that outlives the reuse of its number."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict

_PROC: Final = Path("/proc")


class ProcessIdentity(BaseModel):
    """A process of some host.

    Attributes:
        pid: its number, which the system gives to another process after its end.
        start: clock ticks from the start of the system to that of the process; None where the system does not say.
        host: name of the host.
        boot: id of the running system; another after every start of the host; None where the system does not say.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    pid: int
    start: int | None
    host: str
    boot: str | None

    @classmethod
    def of_this_process(cls) -> ProcessIdentity:
        """Return the identity of the calling process."""
        pid = os.getpid()
        return cls(pid=pid, start=read_start(pid), host=socket.gethostname(), boot=read_boot())

    @property
    def is_visible(self) -> bool:
        """Whether this host can say if the process is running: it ran here, before or after a restart."""
        return self.host == socket.gethostname() or (self.boot is not None and self.boot == read_boot())

    def is_running(self) -> bool:
        """Return whether the process is running on this host; another one that got its number does not count."""
        if self.boot != read_boot():
            return False
        if self.boot is not None:
            return self.start is not None and read_start(self.pid) == self.start
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            pass
        return True


def read_boot() -> str | None:
    """Return the id of the running system, or None where the system does not say."""
    try:
        return (_PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return None


def read_start(pid: int) -> int | None:
    """Return when a process started, in clock ticks; None if it does not run, or where the system does not say."""
    try:
        content = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The second field is the name of the program, in parentheses, and may itself contain spaces and parentheses.
    state, *fields = content.rpartition(")")[2].split()
    has_ended = state in {"Z", "X", "x"}
    return None if has_ended else int(fields[18])
