"""The table and the plot say what was measured, and what is worth little."""

from __future__ import annotations

import copy
from typing import Any
from xml.etree import ElementTree

import pytest

from uniultra.bench.report import to_markdown, to_svg
from uniultra.evaluation.report.charts import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH

ACCURACY = {"dice": 0.91, "kind": "box", "split": "test", "model": "mini", "manifest_sha256": "0"}


def _contestant(name: str, weights: str, accuracy: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "name": name,
        "engine": "onnxruntime",
        "input_px": 256,
        "weights": weights,
        "disk_bytes": 10_500_000,
        "parameters": None,
        "steps": ["encoder", "file to first mask"],
        "accuracy": accuracy,
    }


def _time(name: str, step: str, threads: int, ms: float, ratio: float | None) -> dict[str, Any]:
    return {
        "contestant": name,
        "step": step,
        "threads": threads,
        "median_ms": ms,
        "p10_ms": ms,
        "p90_ms": ms,
        "calls": 9,
        "ratio": ratio,
    }


@pytest.fixture
def report() -> dict[str, Any]:
    return {
        "quick": False,
        "machine": {
            "processor": "P",
            "cores": 2,
            "system": "S",
            "python": "3.12",
            "onnxruntime": "1.30",
            "torch": None,
            "transformers": None,
        },
        "warnings": [],
        "settings": {"image": "a.jpg", "box_xyxy": [1.0, 2.0, 30.0, 40.0], "rounds": 9, "fresh_processes": 5},
        "compared_to": "mini",
        "contestants": [
            _contestant("mini", "its own", ACCURACY),
            _contestant("peer <x>", "random", ACCURACY | {"dice": 0.85}),
        ],
        "left_out": {"edgetam": "needs timm"},
        "times": [
            *(
                _time("mini", step, threads, 10.0 * threads, 1.0)
                for step in ("encoder", "file to first mask")
                for threads in (1, 2)
            ),
            _time("peer <x>", "file to first mask", 1, 1234.5, 123.45),
        ],
        "fresh": [
            {"contestant": "mini", "cold_ms": 400.4, "cold_ms_all": [400.4], "peak_mb": 150.2},
            {"contestant": "peer <x>", "cold_ms": None, "cold_ms_all": [], "peak_mb": 900.0},
        ],
    }


def test_the_tables(report: dict[str, Any]) -> None:
    text = to_markdown(report)
    assert "| mini | onnxruntime | 256 | 10.0 | - | 10.0 | - | - |" in text
    assert "| peer &lt;x> | onnxruntime | 256 | - | - | 1234.5 (123.5x) | - | - |" in text
    assert "| mini | 10.5 | 400 | 150 | 0.910 |" in text
    assert "| peer &lt;x> | 10.5 * | - | 900 | 0.850 |" in text
    assert "Dice (box, test)" in text
    assert "Left out: edgetam, which needs timm." in text
    assert "Warning" not in text
    assert "quick" not in text


def test_what_is_worth_little_comes_first(report: dict[str, Any]) -> None:
    report |= {"warnings": ["the machine was busy"], "quick": True}
    _, body = to_markdown(report).split("# Benchmark\n", 1)
    assert body.lstrip().startswith("**Warning: the machine was busy.**\n\n**A quick run (--quick)")
    assert "timings are unreliable" in str(to_svg(report))


def test_the_plot_has_a_point_for_each_with_an_accuracy(report: dict[str, Any]) -> None:
    plot = to_svg(report)
    assert plot is not None
    root = ElementTree.fromstring(plot)
    spots = [
        (float(c.attrib["cx"]), float(c.attrib["cy"]))
        for c in root.iter("{http://www.w3.org/2000/svg}circle")
    ]
    (mini_x, mini_y), (peer_x, peer_y) = spots
    assert mini_x < peer_x
    assert mini_y < peer_y  # a higher Dice is further up
    assert "peer <x>" in [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")]


def test_without_accuracies_there_is_no_plot(report: dict[str, Any]) -> None:
    bare = copy.deepcopy(report)
    for contestant in bare["contestants"]:
        contestant["accuracy"] = None
    assert to_svg(bare) is None


@pytest.mark.parametrize(("ms", "dice"), [(10.0, 1.0), (10.0, 0.0), (0.5, 0.9), (1000.0, 0.95)])
def test_a_lone_point_lies_within_the_plot(report: dict[str, Any], ms: float, dice: float) -> None:
    report["contestants"] = [_contestant("mini", "its own", ACCURACY | {"dice": dice})]
    report["times"] = [_time("mini", "file to first mask", 1, ms, 1.0)]
    [spot] = ElementTree.fromstring(str(to_svg(report))).iter("{http://www.w3.org/2000/svg}circle")
    assert LEFT <= float(spot.attrib["cx"]) <= WIDTH - RIGHT
    assert TOP <= float(spot.attrib["cy"]) <= HEIGHT - BOTTOM
