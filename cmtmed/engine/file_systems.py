"""What kind of file system a path is on."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

NETWORK_TYPES: Final = frozenset(
    {
        "9p", "afs", "beegfs", "ceph", "cifs", "davfs", "fuse.ceph", "fuse.gcsfuse", "fuse.glusterfs", "fuse.rclone",
        "fuse.s3fs", "fuse.sshfs", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs", "nfs4", "orangefs", "smb3", "smbfs",
        "virtiofs",
    }
)  # fmt: skip
"""Types of file systems that several hosts may write to, and whose locks may hold on one of them only."""
_MOUNTS: Final = Path("/proc/self/mountinfo")


def find_type(path: Path, mounts: str | None = None) -> str | None:
    r"""Return the type of the file system that a path is on, such as ``ext4`` or ``nfs4``.

    Args:
        path: an absolute path without links; it need not exist.
        mounts: content of ``/proc/self/mountinfo``; read by default.

    Returns:
        The type; None where the system does not say.

    >>> find_type(Path("/data/out"), "1 0 8:1 / / rw - ext4 /dev/sda rw\n2 1 0:5 / /data rw - nfs4 nas:/data rw\n")
    'nfs4'
    """
    if mounts is None:
        try:
            mounts = _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
        except OSError:
            return None
    longest, file_system = -1, None
    for line in mounts.splitlines():
        fields, _, description = line.partition(" - ")
        point = Path(re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), fields.split()[4]))
        # Of two mounts at one point, the later one hides the earlier.
        if path.is_relative_to(point) and len(point.parts) >= longest:
            longest, file_system = len(point.parts), description.split()[0]
    return file_system
