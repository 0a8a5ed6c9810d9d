"""npe2's manifest of napari's plugin: valid, complete, and of what can be read."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path

import pytest
import yaml

import uniultra.hosts.napari as plugin
from uniultra.io.images import IMAGE_SUFFIXES, VIDEO_SUFFIXES

MANIFEST = Path(plugin.__file__).with_name("napari.yaml")
NAPARIS_OWN = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".gif")
"""Kinds that napari's own reader opens: without millimetres in the file there is nothing to add."""


def test_npe2_takes_it() -> None:
    npe2 = pytest.importorskip("npe2")
    manifest = npe2.PluginManifest.from_file(MANIFEST)
    manifest.validate_imports() if importlib.util.find_spec("qtpy") else None
    assert manifest.contributions.readers[0].command == "uniultra.read"
    assert manifest.contributions.writers[0].filename_extensions == [".seg.dcm", ".seg.nrrd", ".png"]


def test_every_kind_of_file_is_offered() -> None:
    said = yaml.safe_load(MANIFEST.read_text())["contributions"]
    patterns = said["readers"][0]["filename_patterns"]
    known = {suffix for suffix in (*IMAGE_SUFFIXES, *VIDEO_SUFFIXES) if suffix not in NAPARIS_OWN}
    assert known <= {pattern.removeprefix("*") for pattern in patterns}


def test_commands_exist() -> None:
    for command in yaml.safe_load(MANIFEST.read_text())["contributions"]["commands"]:
        module, name = command["python_name"].split(":")
        if module.endswith("panel"):
            pytest.importorskip("qtpy", reason="Qt isn't installed")
        assert callable(getattr(importlib.import_module(module), name))
