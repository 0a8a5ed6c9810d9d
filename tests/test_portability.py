"""What Windows lacks is used only where the system, or the call itself, is checked for; and text has its
encoding named, which there is by default not UTF-8.

This reads the code: nothing here was run on Windows.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SRC = ROOT / "src" / "uniultra"
POSIX_MODULES = frozenset({"fcntl", "resource", "pwd", "grp", "termios", "tty", "pty", "syslog", "posix"})
POSIX_NAMES = frozenset(
    {
        *("os.sched_getaffinity", "os.getloadavg", "os.sysconf", "os.nice", "os.memfd_create"),
        *("os.fork", "os.wait4", "os.waitid", "os.killpg", "os.setsid", "os.getpgid", "os.mkfifo"),
        *("os.getuid", "os.geteuid", "os.chown", "os.statvfs", "os.pread", "os.uname"),
        *("os.O_NOFOLLOW", "os.O_DIRECTORY", "os.O_NONBLOCK", "os.O_CLOEXEC"),
        *("signal.SIGHUP", "signal.SIGKILL", "signal.SIGUSR1", "signal.SIGUSR2", "signal.SIGQUIT"),
        *("signal.SIGPIPE", "signal.SIGALRM", "signal.alarm", "signal.setitimer", "signal.pthread_sigmask"),
    }
)
POSIX_PATHS = ("/dev/", "/proc/", "/tmp", "/sys/")
CHECKS = ("sys.platform", "os.name", "hasattr(os", "hasattr(signal", ".exists()", "find_spec(", "OSError")
"""A function, or a block of a module, that has one of these says what it does elsewhere."""
TEXT_CALLS = frozenset({"open", "read_text", "write_text", "fdopen", "NamedTemporaryFile", "TextIOWrapper"})


def unguarded(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, what) of each POSIX-only module, name or path outside of a function or block with a check."""
    for scope in tree.body:
        for part in scope.body if isinstance(scope, ast.ClassDef) else [scope]:
            if any(check in ast.unparse(part) for check in CHECKS):
                continue
            for node in ast.walk(part):
                if isinstance(node, ast.Import):
                    found = [alias.name for alias in node.names if alias.name in POSIX_MODULES]
                elif isinstance(node, ast.ImportFrom):
                    found = [node.module] if node.module in POSIX_MODULES else []
                elif isinstance(node, ast.Attribute):
                    found = [name for name in [ast.unparse(node)] if name in POSIX_NAMES]
                elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                    found = [node.value] if node.value.startswith(POSIX_PATHS) else []
                else:
                    continue
                yield from ((node.lineno, name) for name in found if name)


def unencoded(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, call) of text that is read or written in whatever encoding the system has."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        if name.split(".")[-1] not in TEXT_CALLS or name.split(".")[0] in {
            "os",
            "av",
            "Image",
            "gzip",
            "stack",
        }:
            continue
        modes = [
            value.value
            for value in (*node.args, *(k.value for k in node.keywords if k.arg == "mode"))
            if isinstance(value, ast.Constant) and isinstance(value.value, str) and len(value.value) <= 3
        ]
        is_binary = any("b" in mode for mode in modes)
        if name == "write_text":  # ours, of `io.output`: UTF-8
            continue
        is_text = name.endswith(("_text", "TextIOWrapper")) or name == "open" or bool(modes)
        if is_text and not is_binary and not any(k.arg == "encoding" for k in node.keywords):
            yield node.lineno, name


@pytest.mark.parametrize("check", [unguarded, unencoded])
def test_src_is_portable(check: object) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {what}"
        for path in sorted(SRC.rglob("*.py"))
        for line, what in check(ast.parse(path.read_text(encoding="utf-8")))  # type: ignore[operator]
    ]
    assert not found, "\n".join(["", *found])


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("import fcntl", ["fcntl"]),
        ("import sys\nif sys.platform != 'win32':\n    import fcntl", []),
        ("def f():\n    return os.getuid()", ["os.getuid"]),
        ("def f():\n    return os.getuid() if hasattr(os, 'getuid') else 0", []),
        ("class A:\n    def f(self):\n        signal.signal(signal.SIGHUP, g)", ["signal.SIGHUP"]),
        ("def f():\n    return open('/dev/null', 'wb')", ["/dev/null"]),
    ],
)
def test_what_windows_lacks_is_seen(code: str, found: list[str]) -> None:
    assert [what for _, what in unguarded(ast.parse(code))] == found


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("open(p)", ["open"]),
        ("open(p, 'w')", ["open"]),
        ("open(p, 'rb')", []),
        ("open(p, encoding='utf-8')", []),
        ("path.read_text()", ["path.read_text"]),
        ("path.open('a')", ["path.open"]),
        ("path.write_text(t, encoding='ascii')", []),
    ],
)
def test_text_without_an_encoding_is_seen(code: str, found: list[str]) -> None:
    assert [what for _, what in unencoded(ast.parse(code))] == found
