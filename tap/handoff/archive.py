"""A bundle on disk: a folder, and a zip file of the same, byte for byte the same wherever and whenever it is made."""

from __future__ import annotations

import hashlib
import io
import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tap.errors import TapError

CHECKSUMS = "checksums.sha256"
MANIFEST = "manifest.json"

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip file can hold."""


class OccupiedError(TapError):
    """A folder that is no bundle is where the bundle is to be."""


@dataclass(frozen=True)
class File:
    """A file of a bundle."""

    text: str
    executable: bool = False

    @property
    def mode(self) -> int:
        """Its permissions."""
        return 0o755 if self.executable else 0o644


Files = Mapping[str, File]
"""Path within the bundle → file."""


def checksums(files: Files) -> str:
    """The checksums of files, as ``sha256sum -c`` takes them, sorted by path."""
    return "".join(f"{hashlib.sha256(files[path].text.encode()).hexdigest()}  {path}\n" for path in sorted(files))


def zipped(files: Files, name: str) -> bytes:
    """A zip file of a bundle, in which all is below the folder ``name``.

    Times, order, permissions and the system that it says to be made on (Unix) are fixed. The files are stored as they
    are: what deflate makes of them differs between the libraries that do it.
    """
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for path in sorted(files):
            entry = zipfile.ZipInfo(f"{name}/{path}", _EPOCH)
            entry.create_system = 3
            entry.external_attr = (0o100000 | files[path].mode) << 16
            archive.writestr(entry, files[path].text.encode())
    return target.getvalue()


def write(files: Files, output: Path, name: str) -> tuple[Path, Path]:
    """Write the folder ``output/name`` and ``output/name.zip``; gives both.

    Both are made beside and put in place whole; a bundle of the same name is replaced. Raises OccupiedError for a
    folder of that name that is no bundle, OSError for what cannot be written.
    """
    folder, archive = output / name, output / f"{name}.zip"
    if folder.exists() and not (folder / MANIFEST).is_file():
        raise OccupiedError(f"{folder} is there and is no bundle: it has no {MANIFEST}. Move it away, or name another.")
    output.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=".bundle-", dir=output))
    try:
        for path, file in files.items():
            target = made / "folder" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.text.encode())
            target.chmod(file.mode)
        (made / "zip").write_bytes(zipped(files, name))
        (made / "zip").chmod(0o644)
        if folder.exists():
            folder.rename(made / "old")
        (made / "folder").rename(folder)
        (made / "zip").replace(archive)
    finally:
        shutil.rmtree(made)
    return folder, archive
