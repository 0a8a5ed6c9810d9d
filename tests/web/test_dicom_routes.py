"""DICOM results over HTTP: SEG, SR and Secondary Capture of an uploaded DICOM, and what is refused."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from starlette.testclient import TestClient

from dicoms import PHI, dataset, region, save
from phantoms import ellipse, speckled
from replies import Reply, answering
from scans import refusal, uploaded
from uniultra.io.coco import compressed, run_lengths
from uniultra.io.dicom.seg_reader import masks_of, read_seg
from uniultra.types import Prompt
from uniultra.web.client import Client, RemoteImage

pytest.importorskip("highdicom", reason="highdicom is of the extra dicom")
HW = (96, 128)
COUNT = 4
BOX = [28, 27, 72, 69]
TRUTHS = [ellipse(HW, (50 + 2 * n, 48), (20, 18)) for n in range(COUNT)]
FRAMES = np.stack([speckled(truth, n).pixels_hw for n, truth in enumerate(TRUTHS)])
KINDS = {
    "seg": "1.2.840.10008.5.1.4.1.1.66.4",
    "sr": "1.2.840.10008.5.1.4.1.1.88.33",
    "sc": "1.2.840.10008.5.1.4.1.1.7",
}


def scan(folder: Path, frames: int = 1) -> pydicom.Dataset:
    """A DICOM of some frames, 0.5 mm a pixel."""
    about = {"StudyDate": "20200101", "StudyTime": "120000", "PatientSex": "F", "StudyID": "7"}
    regions = [region((0, 0, HW[1] - 1, HW[0] - 1), 0.05)]
    made = dataset(FRAMES[:frames], SequenceOfUltrasoundRegions=regions, **about)
    save(made, folder / "scan.dcm")
    return made


def rle(mask_hw: np.ndarray) -> dict[str, Any]:
    return {"rle": {"size": list(mask_hw.shape), "counts": compressed(run_lengths(mask_hw))}}


def got(response: Any) -> pydicom.Dataset:
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/dicom"
    found = pydicom.dcmread(BytesIO(response.content))
    assert f'"{found.SOPInstanceUID}.dcm"' in response.headers["content-disposition"]
    return found


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("keep", [False, True])
def test_an_uploaded_dicom_gets_its_results(
    client: TestClient, tmp_path: Path, kind: str, keep: bool
) -> None:
    source = scan(tmp_path)
    image = uploaded(client, (tmp_path / "scan.dcm").read_bytes())
    said = {"mask": rle(TRUTHS[0]), "label": "thyroid nodule"}
    answer = client.post(
        f"/v1/images/{image}/dicom", json={"kind": kind, "structures": [said], "keep_patient": keep}
    )
    found = got(answer)
    assert (found.SOPClassUID, json.loads(answer.headers["uniultra-notes"])) == (KINDS[kind], [])
    assert found.SeriesDescription == "thyroid nodule: AI-generated; not for diagnostic use"
    assert (str(found.PatientName) == PHI, found.StudyInstanceUID == source.StudyInstanceUID) == (keep, keep)
    assert (PHI.encode() in answer.content) == keep
    assert source.SOPInstanceUID in [
        item.value for item in found.iterall() if item.keyword == "ReferencedSOPInstanceUID"
    ]
    if kind == "seg":
        [segment] = found.SegmentSequence
        assert segment.SegmentLabel == "thyroid nodule"
        assert segment.SegmentedPropertyTypeCodeSequence[0].CodeValue == "237495005"
        assert segment.AnatomicRegionSequence[0].CodeValue == "69748006"
        [(_, masks)] = masks_of(read_seg(written(tmp_path, answer.content)), None, None)
        np.testing.assert_array_equal(masks[1], TRUTHS[0])
    if kind == "sr":
        values = {
            item.ConceptNameCodeSequence[0].CodeMeaning: item.MeasuredValueSequence[0].NumericValue
            for item in measured(found)
        }
        assert float(values["Area"]) == pytest.approx(0.25 * TRUTHS[0].sum(), rel=1e-5)


def written(folder: Path, data: bytes) -> Path:
    path = folder / "got.dcm"
    path.write_bytes(data)
    return path


def measured(report: pydicom.Dataset) -> list[pydicom.Dataset]:
    """All NUM items of a report."""
    found = []
    for item in report.get("ContentSequence", []):
        found += [item] * (item.ValueType == "NUM") + measured(item)
    return found


def test_a_frame_of_a_cine_and_a_mask_that_the_server_keeps(client: TestClient, tmp_path: Path) -> None:
    scan(tmp_path, COUNT)
    image = uploaded(client, (tmp_path / "scan.dcm").read_bytes(), params={"frame": 2})
    answer = client.post(f"/v1/images/{image}/segment", json={"prompts": [{"box": BOX}]}).json()
    kept = {"id": answer["masks"][0]["mask_id"]}
    others = [{"mask": kept, "label": "left kidney"}, {"mask": rle(~TRUTHS[0]), "label": "what I call it"}]
    found = got(client.post(f"/v1/images/{image}/dicom", json={"structures": others}))
    frames = [
        group.DerivationImageSequence[0].SourceImageSequence[0].ReferencedFrameNumber
        for group in found.PerFrameFunctionalGroupsSequence
    ]
    assert frames == [3, 3]
    assert [one.SegmentLabel for one in found.SegmentSequence] == ["left kidney", "what I call it"]


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_client_says_was_drawn_is_not_called_ai_generated(
    client: TestClient, tmp_path: Path, kind: str
) -> None:
    scan(tmp_path)
    image = uploaded(client, (tmp_path / "scan.dcm").read_bytes())

    def made(*by_hand: str | None) -> pydicom.Dataset:
        structures = [{"mask": rle(TRUTHS[0]), "label": "cyst", "by_hand": said} for said in by_hand]
        return got(client.post(f"/v1/images/{image}/dicom", json={"kind": kind, "structures": structures}))

    drawn = made("drawn", "drawn")
    assert drawn.SeriesDescription.endswith("Drawn by hand; not for diagnostic use")
    assert "uniultra-mini" not in str(drawn)
    for others in (("drawn", "corrected"), ("corrected",), (None,)):
        assert made(*others).SeriesDescription.endswith("AI-generated; not for diagnostic use")
    if kind == "seg":
        assert [one.SegmentAlgorithmType for one in made("drawn", "corrected", None).SegmentSequence] == [
            "MANUAL",
            "SEMIAUTOMATIC",
            "SEMIAUTOMATIC",
        ]


def test_a_capture_shows_the_quality_of_an_answer_and_none_of_a_mask_that_was_sent(
    client: TestClient, tmp_path: Path
) -> None:
    """It said "quality 0.00" of each."""
    scan(tmp_path)
    image = uploaded(client, (tmp_path / "scan.dcm").read_bytes())
    answer = client.post(f"/v1/images/{image}/segment", json={"prompts": [{"box": BOX}]}).json()["masks"][0]

    def picture(mask: dict[str, Any], **more: str) -> np.ndarray:
        said = {"kind": "sc", "structures": [{"mask": mask, "label": "cyst"} | more]}
        return got(client.post(f"/v1/images/{image}/dicom", json=said)).pixel_array

    sent = picture({"rle": answer["rle"]})
    assert np.array_equal(sent, picture({"rle": answer["rle"]}, by_hand="corrected"))
    assert not np.array_equal(sent, picture({"id": answer["mask_id"]}))


def test_a_track_with_its_corrections(client: TestClient, tmp_path: Path) -> None:
    source = scan(tmp_path, COUNT)
    cine = client.post("/v1/cines", content=(tmp_path / "scan.dcm").read_bytes()).json()["id"]
    begun = client.post(
        f"/v1/cines/{cine}/tracks", json={"prompts": [{"frame": 1, "object": 1, "box": BOX}]}
    ).json()
    track = f"/v1/cines/{cine}/tracks/{begun['id']}"
    corrected = {"frame": 2, "object": 1, "mask": rle(TRUTHS[2])}
    assert client.post(f"{track}/prompts", json=corrected).status_code == 200
    seen: dict[int, str] = {}
    for revision in (0, 1):
        stream = client.get(f"{track}/frames", params={"revision": revision}).text.splitlines()[:-1]
        seen |= {line["frame"]: line["objects"][0]["rle"]["counts"] for line in map(json.loads, stream)}
    asked = {"labels": [{"object": 1, "label": "left ventricle"}], "keep_patient": True}
    answer = client.post(f"{track}/dicom", json=asked)
    found = got(answer)
    assert (found.NumberOfFrames, found.StudyInstanceUID) == (COUNT, source.StudyInstanceUID)
    assert found.SegmentSequence[0].SegmentedPropertyTypeCodeSequence[0].CodeValue == "87878005"
    masks = dict(masks_of(read_seg(written(tmp_path, answer.content)), None, None))
    assert {frame: compressed(run_lengths(own[1])) for frame, own in masks.items()} == seen
    report = got(client.post(f"{track}/dicom", json={"kind": "sr"} | asked))
    assert len(measured(report)) == 16  # of the frames with the largest and the smallest area
    capture = got(client.post(f"{track}/dicom", json={"kind": "sc"} | asked))
    assert list(capture.FrameLabelVector) == [f"frame {number}" for number in range(COUNT)]
    assert {one.SeriesDescription for one in (found, report, capture)} == {found.SeriesDescription}
    wrong = client.post(f"{track}/dicom", json={"labels": [{"object": 2, "label": "liver"}]})
    assert "no structure 2" in refusal(wrong, "prompt")
    twice = client.post(f"{track}/dicom", json={"labels": [{"object": 1, "label": "a"}] * 2})
    assert "two labels" in refusal(twice, "prompt")


def test_what_is_refused(client: TestClient, tmp_path: Path, picture: bytes) -> None:
    plain = uploaded(client, picture)
    good = {"mask": rle(TRUTHS[0]), "label": "liver"}
    answer = client.post(f"/v1/images/{plain}/dicom", json={"structures": [good]})
    assert "isn't DICOM" in refusal(answer, "output")
    source = scan(tmp_path)
    image = uploaded(client, (tmp_path / "scan.dcm").read_bytes())
    cases: list[tuple[dict[str, Any], str, str]] = [
        ({"label": "liver", "mask": rle(np.zeros(HW, bool))}, "prompt", "structure 1: the mask is empty"),
        ({"label": "liver", "mask": rle(np.ones((3, 3), bool))}, "prompt", "the mask is 3x3 pixels"),
        ({"label": "li\\ver", "mask": rle(TRUTHS[0])}, "prompt", "can't name a structure"),
        ({"label": "liver", "mask": {"id": "x"}}, "prompt", "structure 1: the image keeps no mask"),
        ({"label": "liver", "mask": {"png": "abcde"}}, "prompt", "is not base64"),
        ({"label": "", "mask": rle(TRUTHS[0])}, "invalid", "label"),
        ({"label": "l" * 65, "mask": rle(TRUTHS[0])}, "invalid", "label"),
        ({"label": "liver"}, "invalid", "mask"),
        (good | {"by_hand": "painted"}, "invalid", "by_hand"),
        ({"label": "liver", "mask": {"id": "x"}, "by_hand": "drawn"}, "prompt", "nobody's by hand"),
    ]
    for structure, name, said in cases:
        answer = client.post(f"/v1/images/{image}/dicom", json={"structures": [structure]})
        assert said in refusal(answer, name)
    unknown = client.post(f"/v1/images/{image}/dicom", json={"kind": "fractional", "structures": [good]})
    assert "kind" in refusal(unknown, "invalid")
    refusal(client.post("/v1/images/nobody/dicom", json={"structures": [good]}), "no-image")
    del source.SeriesInstanceUID
    save(source, tmp_path / "scan.dcm")
    image = uploaded(client, (tmp_path / "scan.dcm").read_bytes())
    answer = client.post(f"/v1/images/{image}/dicom", json={"structures": [good]})
    assert "SeriesInstanceUID is missing" in refusal(answer, "output")


def test_a_cine_that_isnt_dicom(client: TestClient) -> None:
    from PIL import Image

    buffer = BytesIO()
    first, *rest = map(Image.fromarray, FRAMES)
    first.save(buffer, "GIF", save_all=True, append_images=rest, duration=100)
    cine = client.post("/v1/cines", content=buffer.getvalue()).json()["id"]
    prompts = {"prompts": [{"frame": 0, "object": 1, "box": BOX}]}
    track = client.post(f"/v1/cines/{cine}/tracks", json=prompts).json()["id"]
    answer = client.post(f"/v1/cines/{cine}/tracks/{track}/dicom", json={})
    assert "the cine isn't DICOM" in refusal(answer, "output")


def test_the_client_asks_so(client: TestClient, tmp_path: Path) -> None:
    scan(tmp_path)
    image = uploaded(client, (tmp_path / "scan.dcm").read_bytes())

    def reply(path: str, body: bytes) -> Reply:
        done = client.post(path, content=body, headers={"content-type": "application/json"})
        return done.status_code, dict(done.headers), done.content

    with answering(reply) as url:
        remote = RemoteImage(image, HW[1], HW[0], None, 60.0)
        [found] = Client(url).segment(remote, [Prompt(tuple(BOX))])  # type: ignore[arg-type]
        assert found.mask_id is not None
        named: list[tuple[str, Any]] = [("liver", found.mask_id), ("cyst", found.mask_hw)]
        data = Client(url).dicom(remote, named)
        drawn = Client(url).dicom(remote, [("cyst", found.mask_hw, "drawn")])
    assert pydicom.dcmread(BytesIO(drawn)).SegmentSequence[0].SegmentAlgorithmType == "MANUAL"
    read = pydicom.dcmread(BytesIO(data))
    assert [one.SegmentLabel for one in read.SegmentSequence] == ["liver", "cyst"]
