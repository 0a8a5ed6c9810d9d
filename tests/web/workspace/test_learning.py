"""Lessons: their files, the process that works on one, and what a page is told."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

import uniultra
from phantoms import ellipse
from uniultra.data.manifest import read_manifest
from uniultra.io.coco import compressed, run_lengths
from uniultra.io.output import write_png
from uniultra.web.problems import Problem
from uniultra.web.workspace.learning import Learner
from uniultra.web.workspace.lessons import (
    STEPS,
    STEPS_A_SAMPLE,
    Sample,
    left_out,
    next_folder,
    read_lesson,
    write_lesson,
)
from uniultra.web.workspace.workspace import Workspace

FAKE = """
import json, pathlib, sys, time
out = pathlib.Path(sys.argv[sys.argv.index("--out") + 1])
go = out.parent.parent / "go"
log = out / "log.jsonl"
step = json.loads(log.read_text().splitlines()[-1])["step"] if log.is_file() else 0
if go.is_file() and go.read_text() == "fail":
    sys.exit(f"uniultra: '{out}' went wrong")
for at in range(step + 10, 121, 10):
    with log.open("a") as file: file.write(json.dumps({"step": at, "loss": 1.0}) + "\\n")
    while at == 10 and not go.is_file(): time.sleep(0.02)
pair = {"objects": 1, "other_dice": 0.5, "dice": 0.75}
(out / "adapter.safetensors").write_text("x")
own = {kind: {"mean over organs": pair} for kind in ("box", "click")}
(out / "gain.part").write_text(json.dumps({"own": own}))
(out / "gain.part").replace(out / "gain.json")  # whole or not at all, as the command writes it
"""
"""Stands for `uniultra adapt`: waits at step 10 until the project has a file `go`, which may say `fail`."""
HW = (40, 50)
TRUTH = ellipse((120, 160), (85, 55), (35, 25))


def samples(folder: Path, count: int) -> list[Sample]:
    found = []
    for number in range(count):
        name = f"{number:03}.frame0.png"
        for kind in ("images", "masks"):
            (folder / "data" / kind).mkdir(parents=True, exist_ok=True)
            write_png(folder / "data" / kind / name, ellipse(HW, (20, 20), (9 + number, 8)))
        found.append(Sample(f"{number}.png", f"images/{name}", f"masks/{name}"))
    return found


@pytest.fixture
def learner(tmp_path: Path) -> Learner:
    (tmp_path / "fake.py").write_text(FAKE)
    learner = Learner(tmp_path / "project", (sys.executable, str(tmp_path / "fake.py")))
    learner.unavailable = lambda: ""  # type: ignore[method-assign]
    return learner


@pytest.fixture
def place(learner: Learner) -> Path:
    folder = next_folder(learner.root, "cyst")
    write_lesson(folder, "cyst", "uniultra-mini", samples(folder, 5))
    return folder


def until(holds: Callable[[], bool]) -> None:
    ends = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.02)


def test_the_manifest_of_a_lesson_is_one_that_adapt_reads(place: Path) -> None:
    manifest = read_manifest(place / "data" / "manifest.csv")
    assert [row.split for row in manifest].count("val") == 1
    assert {row.organ for row in manifest} == {"cyst"}
    assert all(row.image.is_file() and row.mask.is_file() for row in manifest)


def test_more_images_take_more_steps_up_to_a_limit(tmp_path: Path) -> None:
    for count, steps in ((5, 4 * STEPS_A_SAMPLE), (10, 8 * STEPS_A_SAMPLE), (25, STEPS)):
        folder = tmp_path / f"cyst-{count}"
        write_lesson(folder, "cyst", "uniultra-mini", samples(folder, count))
        lesson = read_lesson(folder, running=False)
        assert lesson is not None
        assert lesson.steps == steps


def test_one_file_is_left_out_of_five_and_two_of_eight_whatever_their_order() -> None:
    names = [f"{letter}.png" for letter in "abcdefgh"]
    assert len(left_out(names[:5])) == 1
    assert len(left_out(names)) == 2
    assert left_out(names) == left_out([*names[::-1], *names])


def test_names_of_folders_are_safe_and_new(tmp_path: Path) -> None:
    assert next_folder(tmp_path, "../left <b>kidney").name == "left-_b_kidney-1"
    (tmp_path / "cyst-1").mkdir()
    assert next_folder(tmp_path, "cyst").name == "cyst-2"
    assert next_folder(tmp_path, "Zyste ä").parent == tmp_path
    assert next_folder(tmp_path, "肝").name == "structure-1"


def test_a_lesson_runs_to_its_end(learner: Learner, place: Path) -> None:
    learner.start(place)
    until(lambda: learner.lesson("cyst-1").step == 10)
    assert learner.lesson("cyst-1").status == "running"
    with pytest.raises(Problem, match="a lesson is under way"):
        learner.start(place)
    (learner.project / "go").write_text("")
    until(lambda: learner.lesson("cyst-1").status == "ready")
    found = learner.lesson("cyst-1")
    assert found.step == found.steps == 4 * STEPS_A_SAMPLE
    assert found.gained is not None
    assert found.gained.box == (0.5, 0.75)


def test_what_was_cancelled_is_resumed_from_where_it_was(learner: Learner, place: Path) -> None:
    learner.start(place)
    until(lambda: learner.lesson("cyst-1").step == 10)
    learner.cancel()
    found = learner.lesson("cyst-1")
    assert (found.status, found.step, found.problem) == ("stopped", 10, "")
    learner.start(place)
    until(lambda: learner.lesson("cyst-1").status == "ready")


def test_another_server_sees_that_a_lesson_runs_and_resumes_it_after_a_kill(
    learner: Learner, place: Path
) -> None:
    learner.start(place)
    until(lambda: learner.lesson("cyst-1").step == 10)
    second = Learner(learner.project, learner.command)
    second.unavailable = learner.unavailable  # type: ignore[method-assign]
    assert second.lesson("cyst-1").status == "running"
    with pytest.raises(Problem, match="a lesson is under way"):
        second.start(place)
    assert learner._process is not None
    learner._process.kill()
    learner._process.wait()
    assert second.lesson("cyst-1").status == "stopped"
    (learner.project / "go").write_text("")
    second.start(place)
    until(lambda: second.lesson("cyst-1").status == "ready")


def test_why_a_lesson_failed_is_said_without_folders(learner: Learner, place: Path) -> None:
    (learner.project / "go").write_text("fail")
    learner.start(place)
    until(lambda: learner.lesson("cyst-1").problem != "")
    assert learner.lesson("cyst-1").problem == "uniultra: 'learn/cyst-1' went wrong"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("lesson.json", "{"),
        ("lesson.json", '{"schema": "uniultra.lesson/2"}'),
        ("gain.json", '{"own": 3}'),
        ("gain.json", "[" * 10_000),
    ],
)
def test_a_damaged_lesson_is_none(learner: Learner, place: Path, name: str, text: str) -> None:
    assert read_lesson(place, False) is not None
    (place / name).write_text(text)
    assert learner.lessons() == []
    with pytest.raises(Problem, match="has no such lesson"):
        learner.lesson("cyst-1")
    with pytest.raises(Problem, match="has no such lesson"):
        learner.lesson("../cyst-1")


def test_a_log_that_a_kill_truncated_is_step_0(learner: Learner, place: Path) -> None:
    (place / "log.jsonl").write_text('{"step": 10}\n{"st')
    assert learner.lesson("cyst-1").step == 0


def accepted(page: TestClient, folder: Path, numbers: range, kind: str = "cyst") -> None:
    """Drops images and accepts each with a cyst on it."""
    for number in numbers:
        name = f"copy{number}.png"
        data = (folder / "a.png").read_bytes() + bytes(number)
        item = page.post(f"/v1/workspace/files?name={name}", content=data).json()["id"]
        mask = {"object": 1, "counts": compressed(run_lengths(TRUTH)), "quality": 0.9}
        tracked = {**mask, "source": "track"}
        doc = {
            "objects": [{"id": 1, "name": kind}],
            "frames": [{"number": 0, "masks": [tracked if number == 5 else mask]}],
            "done": True,
        }
        assert page.put(f"/v1/workspace/items/{item}", json={"revision": 0, "doc": doc}).status_code == 200


def scans(workspace: Workspace) -> Path:
    return workspace.project.folder.parent


def test_a_page_begins_watches_and_uses_a_lesson(
    page: TestClient, workspace: Workspace, learner: Learner
) -> None:
    at = "/v1/workspace/learning"
    workspace.learner.command = learner.command
    workspace.learner.unavailable = lambda: ""  # type: ignore[method-assign]
    accepted(page, scans(workspace), range(4))
    few = page.post(at, json={"kind": "cyst"})
    assert few.status_code == 422
    assert "4 accepted images have a structure of this name; learning takes 5" in few.json()["detail"]
    accepted(page, scans(workspace), range(4, 6))
    kinds = [item["kinds"] for item in page.get("/v1/workspace").json()["items"] if item["done"]]
    assert kinds.count(["cyst"]) == 5  # one was only tracked
    begun = page.post(at, json={"kind": "cyst"}).json()
    assert len(begun["lessons"][0]["images"]) == 5
    (workspace.project.folder / "go").write_text("")
    until(lambda: page.get(at).json()["lessons"][0]["status"] == "ready")
    assert (workspace.project.folder / "learn" / "cyst-1" / "data" / "manifest.csv").is_file()
    refused = page.post(at + "/use", json={"lesson": "cyst-1"})
    assert refused.json()["type"].endswith("model")  # the fake's adapter is none
    assert page.get(at).json()["using"] == ""
    assert page.post(at + "/use", json={"lesson": "../.."}).status_code == 404
    assert page.post(at + "/use", json={"lesson": ""}).json()["model"] == "uniultra-mini"


def test_without_torch_the_page_is_told_what_to_install(
    page: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert "pip install 'uniultra[train]'" in page.get("/v1/workspace/learning").json()["unavailable"]
    assert page.post("/v1/workspace/learning", json={"kind": "cyst"}).status_code == 422


@pytest.mark.slow
def test_five_images_adapt_the_model_which_then_answers(page: TestClient, workspace: Workspace) -> None:
    """The whole of it with torch: two minutes on two cores."""
    pytest.importorskip("peft")
    at = "/v1/workspace/learning"
    accepted(page, scans(workspace), range(5))
    assert page.post(at, json={"kind": "cyst"}).status_code == 202
    ends = time.monotonic() + 900
    while page.get(at).json()["lessons"][0]["status"] == "running":
        assert time.monotonic() < ends
        time.sleep(1)
    [lesson] = page.get(at).json()["lessons"]
    assert lesson["status"] == "ready", lesson["problem"]
    item = next(one["id"] for one in page.get("/v1/workspace").json()["items"] if one["name"] == "a.png")
    requested = {"box": [48, 28, 122, 82]}
    before = page.post(f"/v1/workspace/items/{item}/frames/0/segment", json=requested).json()
    assert page.post(at + "/use", json={"lesson": "cyst-1"}).json()["using"] == "cyst-1"
    after = page.post(f"/v1/workspace/items/{item}/frames/0/segment", json=requested).json()
    assert after["counts"] != before["counts"]
    assert page.post(at + "/use", json={"lesson": ""}).json()["using"] == ""
    again = page.post(f"/v1/workspace/items/{item}/frames/0/segment", json=requested).json()
    assert again["counts"] == before["counts"]
    config = json.loads((workspace.project.folder / "learn" / "cyst-1" / "config.json").read_text())
    assert config["config"]["optim"]["steps"] == 4 * STEPS_A_SAMPLE


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_name_that_nobody_gave_is_no_kind(page: TestClient, workspace: Workspace, language: str) -> None:
    """As the page calls structures, in any of its languages; earlier versions kept them in the work list."""
    words = (Path(uniultra.__file__).parent / f"web/static/languages/{language}.mjs").read_text("utf-8")
    [word] = re.findall(r'^  structure: "(.+)",$', words, re.MULTILINE)
    workspace.learner.unavailable = lambda: ""  # type: ignore[method-assign]
    accepted(page, scans(workspace), range(5), f"{word} 1")
    listed = workspace.project.folder / "worklist.json"
    assert f"{word} 1" not in listed.read_text("utf-8")
    listed.write_text(listed.read_text("utf-8").replace('"kinds": []', f'"kinds": ["{word} 1"]'), "utf-8")
    items = [item for item in page.get("/v1/workspace").json()["items"] if item["done"]]
    assert [item["kinds"] for item in items] == 5 * [[]]
    refused = page.post("/v1/workspace/learning", json={"kind": f"{word} 1"})
    assert refused.status_code == 422
    assert "0 accepted images have a structure of this name" in refused.json()["detail"]
