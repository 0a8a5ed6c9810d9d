"""Files that appear whole and on the disk, all of them or none, and never in the place of one that is there
unasked.

What is being written lies in a hidden folder beside its target. A lock in that folder ends with its process,
however that ends; the next process that writes to the same place removes what nobody holds any more.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from uniultra.durable import sync_file, sync_folder, sync_tree
from uniultra.errors import OutputError
from uniultra.stages import is_stage, stage_in
from uniultra.text import printable

PathLike = str | os.PathLike[str]
_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK)
"""How a file system says that it has no hard links: FAT, exFAT, some network shares."""


def check_free(paths: Iterable[PathLike], force: bool = False) -> None:
    """Passes where every one of `paths` can be written: call it before anything is computed.

    Raises:
        OutputError: a path is given twice, is a folder, exists (without `force`), or can't be created where
            it lies.
    """
    seen: set[str] = set()
    for path in paths:
        real = os.path.realpath(path)
        if real in seen:
            raise OutputError(
                f"{_shown(path)}: two results would be written to this file; give each its own name"
            )
        seen.add(real)
        _check_target(path, force)
        _check_parent(path)


def check_new(folder: Path) -> None:
    """Raises OutputError where there is something already."""
    if os.path.lexists(folder):
        raise OutputError(f"{_shown(folder)} exists; give the name of a new folder")


@contextlib.contextmanager
def staged(targets: Mapping[str, Path], force: bool = False) -> Iterator[dict[str, Path]]:
    """For results of one folder: a path for each to write to, under its own name. What is taken out of them
    again is not expected.

    At the end all of them take their places; on any error or interruption none does, what `force` replaced is
    there again, and nothing is left behind, folders that were made for them included.

    Raises:
        OutputError: as `check_free` does; one of them has appeared in the meantime (without `force`); or they
            can't be written.
    """
    check_free(targets.values(), force)
    folder, *others = dict.fromkeys(target.parent for target in targets.values())
    assert not others, f"results of one folder, not of {folder} and {others}"
    name = folder if len(targets) > 1 else next(iter(targets.values()))
    with _os_errors_of(name), stage_in(folder) as stage:
        parts = {kind: stage / target.name for kind, target in targets.items()}
        yield parts
        _place([(parts[kind], target) for kind, target in targets.items() if kind in parts], force)


@contextlib.contextmanager
def whole(path: PathLike, force: bool = False) -> Iterator[Path]:
    """As `staged`, for one file.

    A path that `staged` gave is given back: its turn comes with the others. Raises OutputError.
    """
    if is_stage(Path(path).parent):
        yield Path(path)
        return
    with staged({"": Path(path)}, force) as parts:
        yield parts[""]


@contextlib.contextmanager
def staged_files(folder: Path) -> Iterator[Path]:
    """For results of one folder whose names nobody knows yet: a folder to put them into. At the end all of
    them take their places, also those of files of the same names; on any error none does, as of `staged`.

    Raises:
        OutputError: they can't be written, in terms of their places.
    """
    hidden = ""
    try:
        with _os_errors_of(folder), stage_in(folder) as stage:
            hidden = f"{stage.name}{os.sep}"
            yield stage
            parts = [part for part in sorted(stage.iterdir()) if not part.name.startswith(".uniultra")]
            check_free([folder / part.name for part in parts], force=True)
            _place([(part, folder / part.name) for part in parts], force=True)
    except OutputError as error:
        if hidden and hidden in str(error):
            raise OutputError(str(error).replace(hidden, "")) from error
        raise


@contextlib.contextmanager
def staged_folder(out: Path) -> Iterator[Path]:
    """A new folder to fill, which becomes `out` at the end, unless it was removed again; on any error nothing
    is left behind.

    Raises:
        OutputError: `out` exists or has appeared in the meantime, or it can't be written.
    """
    check_new(out)
    with _os_errors_of(out), stage_in(out.parent) as stage:
        part = stage / out.name
        part.mkdir()
        yield part
        if part.exists():
            _place_folder(part, out)


def _place_folder(part: Path, out: Path) -> None:
    sync_tree(part)
    try:
        os.rename(part, out)
        sync_folder(out.parent)
    except OSError as error:
        if os.path.lexists(out):
            raise OutputError(
                f"{_shown(out)} has appeared in the meantime; give the name of a new folder"
            ) from error
        raise


@contextlib.contextmanager
def _os_errors_of(path: PathLike) -> Iterator[None]:
    """What the system refuses as an OutputError of `path`."""
    try:
        yield
    except BrokenPipeError:  # of the one who reads our output, not of a file
        raise
    except OSError as error:
        raise _unwritable(path, error.strerror or "error") from error


def _place(pairs: Sequence[tuple[Path, Path]], force: bool) -> None:
    """Puts every part in its target's place, or, where one of them fails, leaves all targets as they were."""
    for part, _ in pairs:
        sync_file(part)
    ours = [_identity(part) for part, _ in pairs]
    olds = [part.with_name(f".uniultra.old.{number}") for number, (part, _) in enumerate(pairs)]
    try:
        for (part, target), old in zip(pairs, olds, strict=True):
            if force:
                _keep_old(target, old)
                os.replace(part, target)
            else:
                _put_new(part, target)
    except BaseException:
        for (_, target), own, old in zip(pairs, ours, olds, strict=True):
            if os.path.lexists(target) and _identity(target) == own:
                _take_back(target, old)
        raise
    for folder in dict.fromkeys(target.parent for _, target in pairs):
        sync_folder(folder)


def _put_new(part: Path, target: Path) -> None:
    """Raises OutputError where there is a target: a link is made only where nothing is, however close two
    processes are."""
    try:
        if os.name == "nt":
            os.rename(part, target)  # which replaces nothing there
        else:
            os.link(part, target)
    except FileExistsError:
        raise _appeared(target) from None
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        _put_without_links(part, target)


def _put_without_links(part: Path, target: Path) -> None:
    """Takes the name with an empty file, which it then replaces."""
    try:
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
    except FileExistsError:
        raise _appeared(target) from None
    try:
        os.replace(part, target)
    except BaseException:
        os.unlink(target)
        raise


def _keep_old(target: Path, old: Path) -> None:
    if not os.path.lexists(target):
        return
    try:
        os.link(target, old, follow_symlinks=False)
    except (OSError, NotImplementedError):
        shutil.copy2(target, old, follow_symlinks=False)


def _take_back(target: Path, old: Path) -> None:
    if os.path.lexists(old):
        os.replace(old, target)
    else:
        os.unlink(target)


def _identity(path: Path) -> tuple[int, int]:
    found = os.lstat(path)
    return found.st_dev, found.st_ino


def _check_target(path: PathLike, force: bool) -> None:
    if os.path.isdir(path) or not os.path.basename(path):
        raise OutputError(f"{_shown(path)}: a folder, not a file; give the name of a file in it")
    if os.path.lexists(path) and not force:
        raise OutputError(f"{_shown(path)} exists; pass --force to overwrite")


def _check_parent(path: PathLike) -> None:
    """The nearest folder that exists must take new files; the ones below it are made on writing."""
    folder = Path(path).absolute().parent
    while not os.path.lexists(folder):
        folder = folder.parent
    if not folder.is_dir():
        raise _unwritable(path, f"{printable(folder.name)} is not a folder")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise _unwritable(path, "permission denied")


def _appeared(path: Path) -> OutputError:
    return OutputError(
        f"{_shown(path)} has appeared in the meantime; nothing was written; pass --force to overwrite"
    )


_FIXES = {
    os.strerror(errno.ENOSPC): "free some space, or choose another folder",
    os.strerror(errno.EDQUOT): "free some space, or choose another folder",
    os.strerror(errno.EFBIG): "choose a disk that takes larger files, or raise the limit (ulimit -f)",
    os.strerror(errno.ENAMETOOLONG): "give it a shorter name",
}
"""What helps, by the system's reason; for any other, another folder."""


def _unwritable(path: PathLike, reason: str) -> OutputError:
    fix = _FIXES.get(reason, "choose a folder that you may write to")
    return OutputError(f"{_shown(path)}: can't be written ({reason}); {fix}")


def _shown(path: PathLike) -> str:
    return printable(os.fspath(path)) or "(empty path)"
