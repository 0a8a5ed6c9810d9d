"""Errors that a user can cause. The command line prints the one line and exits with 2.

Every message names the value, the legal range and the fix; `assert` is for what no caller can cause.
"""


class UniUltraError(Exception):
    """Base of everything that this package raises on purpose."""


class FileError(UniUltraError):
    """A file, or an array in its place, can't be read as what it should be (missing, empty, broken, too
    large, wrong kind).
    """


class UnreachableError(FileError):
    """The archive that a file lies in gives no answer at present; later it may."""


class PromptError(UniUltraError):
    """A box, point or previous mask is not usable on this frame."""


class ModelError(UniUltraError):
    """A model name, folder, or file is unknown, damaged, or doesn't fit."""


class DataError(UniUltraError):
    """A manifest or data set breaks its contract."""


class OutputError(UniUltraError):
    """A result can't be written where requested."""


class ServeError(UniUltraError):
    """The server can't start as it was configured, or a client was refused by one."""


class ClusterError(UniUltraError):
    """Workers can't be started or reached, or a job over many files was lost."""
