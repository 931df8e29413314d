"""The store's files: how arrays lie on disk, which files must be there, and what their failures mean.

One folder per array; its chunks are the files ``c.<index>...`` in it. Zarr writes every file beside its place
and renames it, so a file is there whole or not at all; a killed writer leaves only ``*.partial`` files behind.
"""

import asyncio
import errno
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import zarr
from zarr.codecs import BloscCodec, Crc32cCodec, TransposeCodec
from zarr.core.array import Array
from zarr.core.array_spec import ArrayConfigParams
from zarr.core.sync import sync
from zarr.storage import LocalStore

from s2rm_sc2.errors import BadArgument, DiskFull, StoreBroken, StoreMissing
from s2rm_sc2.store.layout import FORMAT, FORMAT_VERSION, ArraySpec, StoreSettings

METADATA = "zarr.json"

_FORBIDDEN = {errno.ENOENT, errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR}
_FULL = {
    errno.ENOSPC: "no space left",
    errno.EDQUOT: "quota exceeded",
    errno.EFBIG: "file size limit reached",
}

# Every chunk gets a file, even one of zeros: a missing file is then always damage, never an empty chunk.
_CONFIG: ArrayConfigParams = {"write_empty_chunks": True}

ZarrArray: TypeAlias = Array[Any]


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Name the file system's refusal of a write.

    Raises:
        DiskFull: no room is left.
        BadArgument: this place cannot be written to.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _FORBIDDEN:
            raise BadArgument(
                f"Nothing can be written to {path} ({error.strerror}); choose another place with --out."
            ) from error
        if error.errno not in _FULL:
            raise
        raise DiskFull(
            f"The disk refuses to store more ({_FULL[error.errno]}) in {path}; every committed episode is "
            f"safe, so make room and run the same command again to continue."
        ) from error


def settle() -> None:
    """Wait for the writes that zarr began beside one that failed, so that none happens after the lock is let go."""

    async def others() -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.gather(*tasks, return_exceptions=True)

    sync(others())


def create_arrays(path: Path, specs: Iterable[ArraySpec]) -> None:
    """Create those arrays, and the groups they lie in, that a store without episodes lacks."""
    for spec in specs:
        group = Path(spec.name).parent
        if not (path / group / METADATA).exists():
            zarr.create_group(LocalStore(path), path=str(group))
        if not (path / spec.name / METADATA).exists():
            _create_array(path, spec)


def _create_array(path: Path, spec: ArraySpec) -> None:
    """Create an empty array of the store at ``path``.

    Columns lie one after the other, all of a chunk in one block: a column changes little from step to step, and
    many are equal (the distance from agent 1 to agent 2 is that from 2 to 1), which a compressor sees only so. It
    sees whole equal numbers, so bytes of numbers are not shuffled: that would cost time and space.
    """
    columns_first = tuple(range(len(spec.tail), -1, -1))
    zarr.create_array(
        LocalStore(path),
        name=spec.name,
        shape=(0, *spec.tail),
        dtype=spec.dtype,
        chunks=(spec.chunk_rows, *spec.tail),
        filters=[TransposeCodec(order=columns_first)] if spec.tail else [],
        compressors=[
            BloscCodec(
                cname="zstd",
                clevel=1,
                shuffle="bitshuffle" if spec.dtype == "bool" else "noshuffle",
                blocksize=spec.chunk_rows * spec.row_bytes,
            ),
            Crc32cCodec(),
        ],
        fill_value=0,
        chunk_key_encoding={"name": "default", "separator": "."},
        config=_CONFIG,
    )


def open_array(path: Path, spec: ArraySpec, rows: int, *, writable: bool = False) -> ZarrArray:
    """Open an array that must hold at least ``rows`` rows.

    Raises:
        StoreBroken: it is missing, unreadable, of another shape, type or chunking, or too short.
    """
    try:
        store = LocalStore(path, read_only=not writable)
        array = zarr.open_array(store, path=spec.name, mode="r+" if writable else "r").with_config(_CONFIG)
    except Exception as error:  # zarr raises many classes for damaged metadata
        raise StoreBroken(
            f"Array {spec.name!r} of store {path} cannot be opened ({_reason(error)}); "
            f"restore its {METADATA} from a copy or collect the store anew."
        ) from error
    found = (array.dtype.name, array.shape[1:], array.chunks[0])
    if found != (spec.dtype, spec.tail, spec.chunk_rows) or array.shape[0] < rows:
        raise StoreBroken(
            f"Array {spec.name!r} of store {path} is {array.dtype.name}{list(array.shape)}, but the store "
            f"promises {spec.dtype}{[rows, *spec.tail]}; restore its {METADATA} from a copy or collect the store anew."
        )
    return array


@contextmanager
def decoding(path: Path, name: str, start: int, stop: int) -> Iterator[None]:
    """Name the failure to decode a chunk.

    Raises:
        StoreBroken: a chunk of array ``name`` is truncated or altered.
    """
    try:
        yield
    except (OSError, MemoryError):
        raise
    except Exception as error:  # codecs raise RuntimeError, ValueError and their own
        raise StoreBroken(
            f"Array {name!r} of store {path} is damaged in rows {start} to {stop} ({_reason(error)}); "
            f"restore its files from a copy or collect the store anew."
        ) from error


def chunk_files(path: Path, spec: ArraySpec) -> dict[int, Path]:
    """The chunk files of an array by their index; empty where the array has no folder."""
    folder = path / spec.name
    return {int(file.name.split(".")[1]): file for file in folder.glob("c.*") if file.suffix != ".partial"}


def check_chunks(path: Path, spec: ArraySpec, rows: int) -> None:
    """Zarr reads a missing chunk as zeros, so look whether the files of the first ``rows`` rows are there.

    Raises:
        StoreBroken: a file is missing.
    """
    missing = set(range(-(-rows // spec.chunk_rows))) - set(chunk_files(path, spec))
    if missing:
        raise StoreBroken(
            f"Array {spec.name!r} of store {path} lacks chunk {min(missing)} "
            f"({len(missing)} missing in all); restore its files from a copy or collect the store anew."
        )


def read_attributes(path: Path) -> dict[str, Any]:
    """The attributes of the store at ``path``.

    Raises:
        StoreMissing: nothing lies there, or something that is no episode store.
        StoreBroken: its metadata are unreadable or of another format version.
    """
    try:
        text = (path / METADATA).read_text()
    except (FileNotFoundError, NotADirectoryError):
        what = "is no episode store" if path.exists() else "does not exist"
        raise StoreMissing(
            f"{path} {what} (no {METADATA} there); collect one with: s2rm-sc2 collect --map 3s5z."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise StoreBroken(f"{path / METADATA} cannot be read ({_reason(error)}).") from error
    try:
        attributes = json.loads(text)["attributes"]
        kind, version = attributes.get("format"), attributes.get("format_version")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StoreBroken(
            f"{path / METADATA} is damaged ({_reason(error)}); restore it from a copy or collect the store anew."
        ) from error
    if kind != FORMAT:
        raise StoreMissing(f"{path} is a zarr group but no episode store (its `format` is {kind!r}, not {FORMAT!r}).")
    if version != FORMAT_VERSION:
        raise StoreBroken(
            f"Store {path} has format version {version!r}, this program reads {FORMAT_VERSION}; "
            f"install the s2rm-sc2 version {attributes.get('package_version', 'it was collected with')}."
        )
    return dict(attributes)


def read_settings(path: Path, attributes: dict[str, Any]) -> tuple[StoreSettings, int, int]:
    """The settings, committed episodes and committed steps that the attributes describe.

    Raises:
        StoreBroken: they describe none.
    """
    try:
        settings = StoreSettings.from_attributes(attributes)
        episodes, steps = int(attributes["episodes"]), int(attributes["steps"])
        settings.arrays()
    except (KeyError, TypeError, ValueError) as error:
        raise StoreBroken(
            f"The attributes in {path / METADATA} are damaged ({_reason(error)}); "
            f"restore the file from a copy or collect the store anew."
        ) from error
    if episodes < 0 or steps < 0:
        raise StoreBroken(f"The commit record in {path / METADATA} is damaged ({episodes} episodes, {steps} steps).")
    return settings, episodes, steps


def _reason(error: Exception) -> str:
    text = " ".join(str(error).split()) or "no details"
    return f"{type(error).__name__}: {text[:160]}"
