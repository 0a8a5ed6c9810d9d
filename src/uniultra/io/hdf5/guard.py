"""HDF5 under limits, by h5py (extra `hdf5`): what a file may hold is checked before anything is decoded.

A hostile file may point into other files (external links, external storage, virtual datasets), promise sizes
that fill the memory, or need native code that nobody requested. None of that is followed.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from uniultra.errors import FileError
from uniultra.io.paths import MAX_CINE_BYTES, PathLike, check_file, shown
from uniultra.io.silence import quiet

MAX_CHUNK_BYTES = 256_000_000
"""The most that one chunk, which is decoded whole, may unpack to."""
MAX_MEMBERS = 10_000
MAX_TEXT = 200
_BUILT_IN = range(7)
_PLUGINS = {
    32000: "LZF",
    32001: "Blosc",
    32004: "LZ4",
    32008: "bitshuffle",
    32015: "Zstandard",
    32026: "Blosc2",
}
"""Numbers of HDF5's registered filters that writers of this field use."""
INSTALL = "install with: pip install 'uniultra[hdf5]'"


@contextmanager
def opened(path: PathLike) -> Iterator[Any]:
    """The open h5py.File. Raises FileError: no h5py, no such readable file, not HDF5, damaged; also for all
    that fails inside.
    """
    name = shown(path)
    check_file(path, MAX_CINE_BYTES)
    if importlib.util.find_spec("h5py") is None:
        raise FileError(f"{name}: HDF5 needs h5py; {INSTALL}")
    import h5py

    with quiet():
        try:
            with h5py.File(path, "r", locking=False) as file:
                yield file
        except FileError:
            raise
        except Exception as error:  # hostile bytes make h5py raise almost anything
            raise FileError(
                f"{name}: damaged, or not an HDF5 file ({type(error).__name__}); copy or export it again"
            ) from error


def member(group: Any, path: str, name: str) -> Any:
    """What lies at a path within a group: a group or a dataset; None where nothing does. Raises FileError for
    links into other places.
    """
    import h5py

    found = group
    for part in path.split("/"):
        if not isinstance(found, h5py.Group) or part not in found:
            return None
        if not isinstance(found.get(part, getlink=True), h5py.HardLink):
            raise FileError(f"{name}: '{shown(part)}' is a link to somewhere else; copy it into the file")
        found = found[part]
    return found


def dataset(group: Any, path: str, name: str) -> Any:
    """The dataset of numbers at a path; None where there is none. Raises FileError where it isn't plain: see
    the module.
    """
    import h5py

    found = member(group, path, name)
    if not isinstance(found, h5py.Dataset):
        return None
    if found.is_virtual or found.external:
        raise FileError(f"{name}: the data of '{shown(path)}' are in another file; copy them into this one")
    if found.dtype.kind not in "uif" or found.ndim > 6:
        said = f"{found.dtype} of {found.ndim} axes"
        raise FileError(f"{name}: '{shown(path)}' is {shown(said)}, not an array of numbers; export it again")
    if found.chunks and int(np.prod(found.chunks, dtype=object)) * found.dtype.itemsize > MAX_CHUNK_BYTES:
        raise FileError(
            f"{name}: a chunk of '{shown(path)}' is {found.chunks}; the limit is "
            f"{MAX_CHUNK_BYTES // 1_000_000} MB; write smaller chunks"
        )
    _check_filters(found, path, name)
    return found


def vector(group: Any, path: str, name: str, most: int) -> np.ndarray | None:
    """All values of a small dataset, float64 (N,), flat; None where there is none. Raises FileError: more
    than `most`, or not finite.
    """
    found = dataset(group, path, name)
    if found is None:
        return None
    if not 1 <= found.size <= most:
        raise FileError(
            f"{name}: '{shown(path)}' has {found.size} values; legal are 1 to {most}; resample it"
        )
    values = np.asarray(found[()], np.float64).ravel()
    if not np.isfinite(values).all():
        raise FileError(f"{name}: '{shown(path)}' holds NaN or infinite values; export it again")
    return values


def scalar(group: Any, path: str, name: str) -> float | None:
    """One finite number; None where there is none, or not one."""
    found = dataset(group, path, name)
    if found is None or found.size != 1:
        return None
    value = float(np.asarray(found[()]).ravel()[0])
    return value if np.isfinite(value) else None


def names(group: Any) -> list[str]:
    """The members of a group, the first `MAX_MEMBERS` of them, in order of their names."""
    found = []
    for name in group:
        found.append(str(name))
        if len(found) == MAX_MEMBERS:
            break
    return sorted(found)


def has_text(item: Any, key: str) -> bool:
    """Whether there is an attribute of text, also of one that `text` doesn't read."""
    return _attribute(item, key) is not None


def text(item: Any, key: str) -> str:
    """A short attribute as text; "" where there is none, and for one of variable length: in a damaged file
    the HDF5 library can look for that without an end.
    """
    found = _attribute(item, key)
    if found is None or found.dtype.kind == "O":
        return ""
    if found.get_storage_size() > MAX_TEXT or int(np.prod(found.shape, dtype=object)) > 1:
        return ""
    value = np.asarray(item.attrs[key]).ravel()
    said = value[0] if value.size else ""
    return said.decode("utf-8", errors="replace") if isinstance(said, bytes) else str(said)


def _attribute(item: Any, key: str) -> Any:
    """The attribute, of which nothing is read yet; None where there is none."""
    import h5py

    return h5py.h5a.open(item.id, key.encode()) if item.attrs.__contains__(key) else None


def _check_filters(found: Any, path: str, name: str) -> None:
    """Makes the filters of a dataset available. Raises FileError where that can't be."""
    import h5py

    plan = found.id.get_create_plist()
    for code in (plan.get_filter(at)[0] for at in range(plan.get_nfilters())):
        if code in _BUILT_IN or h5py.h5z.filter_avail(code):
            continue
        if code not in _PLUGINS:
            raise FileError(f"{name}: '{shown(path)}' is packed by filter {code}; write it with gzip")
        if importlib.util.find_spec("hdf5plugin") is None:
            raise FileError(f"{name}: '{shown(path)}' is packed with {_PLUGINS[code]}; {INSTALL}")
        import hdf5plugin  # noqa: F401 registers the filters
