"""Images in an archive that are looked at, measured and opened: `info`, `show`, `measure` and `open` of
dicomweb:// places.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from dicoms import PHI, dataset, region, save
from phantoms import ellipse, speckled
from uniultra.cli.main import app
from uniultra.cli.open import FETCHED, _found
from uniultra.errors import FileError, PromptError
from uniultra.io.dicomweb import store
from uniultra.web.workspace.workspace import Workspace
from web_archive import Archive, web_archive

pytest.importorskip("dicomweb_client", reason="dicomweb-client is of the extra dicomweb")
HW = (96, 128)
STUDY = "1.2.3.4"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An archive that holds two scans of one study; the tests run in an empty folder."""
    monkeypatch.chdir(tmp_path)
    with web_archive() as address:
        for seed in range(2):
            pixels = speckled(ellipse(HW, (64, 48), (30, 22)), seed).pixels_hw
            made = dataset(pixels[None], SequenceOfUltrasoundRegions=[region((0, 0, 127, 95), 0.05)])
            made.StudyInstanceUID = STUDY
            path = save(made, tmp_path / f"{seed}.dcm")
            store(address, [path])
            path.unlink()
        yield address


def run(*arguments: object) -> Result:
    done = CliRunner().invoke(app, list(map(str, arguments)))
    assert PHI not in done.output
    return done


def instance(server: str) -> str:
    """The place of the first scan."""
    uid, data = sorted(Archive.held.items())[0]
    series = pydicom.dcmread(pydicom.filebase.DicomBytesIO(data), stop_before_pixels=True).SeriesInstanceUID
    return f"{server}/studies/{STUDY}/series/{series}/instances/{uid}"


def test_info_says_what_each_image_of_a_study_is_by_its_place(server: str) -> None:
    done = run("info", f"{server}/studies/{STUDY}", "--json")
    assert done.exit_code == 0, done.output
    facts = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(one["width"], one["height"], one["frames"]) for one in facts] == [(128, 96, 1)] * 2
    assert {one["file"].rpartition("/")[2] for one in facts} == set(Archive.held)
    assert all(one["file"].startswith(f"{server}/studies/{STUDY}/series/") for one in facts)
    assert run("info", instance(server)).stdout.startswith(f"{instance(server)}: DICOM, US")


def test_show_draws_an_instance_and_refuses_a_study_of_several(server: str) -> None:
    done = run("show", instance(server))
    assert done.exit_code == 0, done.output
    written = Path(done.stdout.splitlines()[-1])
    assert written.name == f"{instance(server).rpartition('/')[2]}.grid.png"
    with Image.open(written) as picture:
        assert picture.width > 600
    refused = run("show", f"{server}/studies/{STUDY}").exception
    assert isinstance(refused, PromptError)
    assert str(refused).startswith("2 images are in that series or study; name one with /instances/UID")


def test_a_mask_is_measured_with_the_scale_of_an_image_in_the_archive(server: str, tmp_path: Path) -> None:
    mask = np.zeros(HW, np.uint8)
    mask[20:40, 30:70] = 1
    Image.fromarray(mask).save("a.mask.png")
    done = run("measure", "a.mask.png", "--image", instance(server), "--json")
    assert done.exit_code == 0, done.output
    [measured] = json.loads(done.stdout)["objects"]
    assert (measured["area"]["value"], measured["area"]["unit"]) == (200.0, "mm2")


def test_open_keeps_the_images_in_the_project_and_fetches_each_once(server: str, tmp_path: Path) -> None:
    kept, folder = _found(f"{server}/studies/{STUDY}", None)
    assert folder == tmp_path / "uniultra-project"
    assert kept == folder / FETCHED / STUDY
    assert {path.stem for path in kept.iterdir()} == set(Archive.held)
    workspace = Workspace.of(kept, folder)
    assert len(list(workspace.items)) == 2
    assert workspace.project.folder == folder
    fetched = [path for path, _ in Archive.asked if "/instances/" in path and "?" not in path]
    again, _ = _found(instance(server), None)
    assert again == kept / f"{instance(server).rpartition('/')[2]}.dcm"
    assert [path for path, _ in Archive.asked if "/instances/" in path and "?" not in path] == fetched


def test_open_leaves_nothing_half_fetched(server: str, tmp_path: Path) -> None:
    Archive.whole = 0.5
    try:
        with pytest.raises(FileError, match=r"^127\.0\.0\.1:"):
            _found(instance(server), tmp_path / "project")
    finally:
        Archive.whole = 1.0
    assert not list((tmp_path / "project").rglob("*.dcm"))


NO_PLACES = (
    (
        "dicomweb://127.0.0.1:9/x/studies/1.2/series/3/instances/4",
        "127.0.0.1:9: the archive can't be reached",
    ),
    ("dicomwebs://pacs.example/x", "not a study, series or instance"),
    ("dimse://AET@127.0.0.1:104", "dimse"),
)


@pytest.mark.parametrize("command", ["info", "show", "measure", "open"])
@pytest.mark.parametrize(("place", "said"), NO_PLACES)
def test_a_place_that_gives_nothing_is_refused_in_one_line(command: str, place: str, said: str) -> None:
    done = run(command, place)
    assert isinstance(done.exception, FileError | PromptError), done.output
    assert said in str(done.exception)
    assert "\n" not in str(done.exception)
