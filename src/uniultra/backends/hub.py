"""Models of the Hugging Face Hub, by a name that says so: `hf://organisation/name`, with `@revision` for one.

Nothing else asks the network: a folder that isn't there is an error, not a name to look up elsewhere. What
was fetched once is taken from the library's cache, without a request.
"""

from __future__ import annotations

import importlib.util
import os
import re
from pathlib import Path

from uniultra.errors import ModelError
from uniultra.hashes import file_sha256
from uniultra.text import first_line, printable

SCHEME = "hf://"
SUMS = "SHA256SUMS"
FILES = ("encoder.onnx", "decoder.onnx", "model.json", "config.json", "model.safetensors", SUMS, "README.md")
"""What is fetched; never code."""
_NAME = re.compile(r"hf://([\w.-]+/[\w.-]+)(?:@([\w./-]+))?", re.ASCII)


def is_hub_name(model: str | Path) -> bool:
    return str(model).startswith(SCHEME)


def hub_folder(model: str) -> Path:
    """The folder of a model of the hub, fetched where it isn't there yet; every file is as SHA256SUMS has it.

    Raises:
        ModelError: not such a name; huggingface_hub isn't installed; it can't be fetched; a file differs.
    """
    found = _NAME.fullmatch(model)
    if found is None:
        raise ModelError(
            f"'{printable(model)}' is not a name on the hub; write hf://ORGANISATION/NAME[@REVISION]"
        )
    if importlib.util.find_spec("huggingface_hub") is None:
        raise ModelError(f"'{model}' needs huggingface_hub; install with: pip install 'uniultra[hub]'")
    folder = _fetched(found[1], found[2])
    check_sums(folder, model)
    return folder


def check_sums(folder: Path, model: str) -> None:
    """Raises ModelError where the folder has no SHA256SUMS, lacks a graph, or has a file that differs."""
    try:
        sums = sums_of(folder / SUMS)
    except OSError as error:
        raise ModelError(f"'{model}' has no {SUMS}; `uniultra export --for huggingface` writes it") from error
    for file in FILES:
        path = folder / file
        if file in sums and path.is_file() and file_sha256(path) != sums[file]:
            raise ModelError(f"'{model}': {file} is not the one that {SUMS} names; fetch it again")
        if file in FILES[:3] and (file not in sums or not path.is_file()):
            raise ModelError(f"'{model}' lacks {file}, or {SUMS} does; export it again")


def sums_of(path: Path) -> dict[str, str]:
    """The hashes of a SHA256SUMS file by their files' names."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return {file: found for found, _, file in (line.partition("  ") for line in lines) if file}


def _fetched(name: str, revision: str | None) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    def folder(local: bool) -> Path:
        place = None if local else os.environ.get("HF_ENDPOINT")
        kept = list(FILES)
        return Path(
            snapshot_download(
                name, revision=revision, allow_patterns=kept, local_files_only=local, endpoint=place
            )
        )

    try:
        return folder(local=True)
    except LocalEntryNotFoundError:
        pass
    except ValueError as error:  # a name that the hub couldn't have
        raise ModelError(f"'hf://{name}' is not a name on the hub: {printable(first_line(error))}") from error
    try:
        return folder(local=False)
    except Exception as error:  # its own kinds, and those of the client beneath
        raise ModelError(f"'hf://{name}' can't be fetched: {printable(first_line(error))}") from error
