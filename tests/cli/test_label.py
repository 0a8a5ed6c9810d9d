"""`--label`: what a structure is called goes into every result, with its codes."""

from __future__ import annotations

import csv
import gzip
import json
import re
from pathlib import Path

import numpy as np
import pydicom
import pytest
from typer.testing import CliRunner

from dicoms import dataset, region, save
from phantoms import ellipse, speckled
from uniultra.cli.main import app
from uniultra.io.dicom.notices import NOTICE

hd = pytest.importorskip("highdicom", reason="highdicom is of the extra dicom")
HW = (240, 320)
BOX, OTHER = "105,65,235,155", "20,20,90,70"


def uniultra(*arguments: object) -> tuple[int, str, str]:
    found = CliRunner().invoke(app, [*map(str, arguments)])
    error = str(found.exception) if found.exception and not isinstance(found.exception, SystemExit) else ""
    return found.exit_code, found.stdout, found.stderr + error


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    frame = speckled(ellipse(HW, (170, 110), (60, 40)) | ellipse(HW, (55, 45), (30, 20)))
    regions = [region((0, 0, 319, 239), 0.05)]
    return save(dataset(frame.pixels_hw[None], SequenceOfUltrasoundRegions=regions), tmp_path / "scan.dcm")


@pytest.fixture
def cine(tmp_path: Path) -> Path:
    frames = np.stack([speckled(ellipse(HW, (170 + 2 * i, 110), (60, 40)), i).pixels_hw for i in range(3)])
    regions = [region((0, 0, 319, 239), 0.05)]
    return save(dataset(frames, SequenceOfUltrasoundRegions=regions, FrameTime=40), tmp_path / "cine.dcm")


def code(item: pydicom.Dataset) -> tuple[str, str]:
    return item.CodeValue, item.CodingSchemeDesignator


def test_one_name_each_in_every_file(scan: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    names = ("--label", "Thyroid nodule", "--label", "left kidney")
    kinds = "seg,sr,csv,coco,nrrd,labelme"
    done = uniultra("segment", scan, "--box", BOX, "--box", OTHER, *names, "--write", kinds, "--out", out)
    assert done[0] == 0, done
    segment, other = pydicom.dcmread(out / "scan.seg.dcm").SegmentSequence
    assert (segment.SegmentLabel, other.SegmentLabel) == ("thyroid nodule", "left kidney")
    assert code(segment.SegmentedPropertyCategoryCodeSequence[0]) == ("49755003", "SCT")
    assert code(segment.SegmentedPropertyTypeCodeSequence[0]) == ("237495005", "SCT")
    assert code(segment.AnatomicRegionSequence[0]) == ("69748006", "SCT")
    [kind] = other.SegmentedPropertyTypeCodeSequence
    assert code(kind) == ("64033007", "SCT")
    assert code(kind.SegmentedPropertyTypeModifierCodeSequence[0]) == ("7771000", "SCT")
    assert pydicom.dcmread(out / "scan.sr.dcm").SeriesDescription == NOTICE  # both names are too long
    objects = json.loads((out / "scan.json").read_text())["objects"]
    assert [one["name"] for one in objects] == ["thyroid nodule", "left kidney"]
    assert objects[1]["codes"]["laterality"]["value"] == "7771000"
    with open(out / "scan.csv") as file:
        assert {row["name"] for row in csv.DictReader(file)} == {"thyroid nodule", "left kidney"}
    assert [one["name"] for one in json.loads((out / "scan.coco.json").read_text())["categories"]] == [
        "thyroid nodule",
        "left kidney",
    ]
    head = (out / "scan.seg.nrrd").read_bytes().split(b"\n\n")[0].decode()
    [terms] = re.findall(r"Segment1_Tags:=.*TerminologyEntry:(.*)\|", head)
    assert terms.split("~")[1:4] == [
        "SCT^91723000^Anatomical Structure",
        "SCT^64033007^Kidney",
        "SCT^7771000^Left",
    ]


def test_the_report_names_finding_and_site(scan: Path, tmp_path: Path) -> None:
    done = uniultra(
        "segment", scan, "--box", BOX, "--label", "thyroid nodule", "--write", "sr,seg", "--out", tmp_path
    )
    assert done[0] == 0, done
    report = hd.sr.srread(tmp_path / "scan.sr.dcm")
    [group] = report.content.get_planar_roi_measurement_groups()
    assert (group.finding_type.value, group.finding_category.value) == ("237495005", "49755003")
    assert [site.value.value for site in group.finding_sites] == ["69748006"]
    assert group.tracking_identifier == "thyroid nodule"
    assert report.SeriesDescription == "thyroid nodule: AI-generated; not for diagnostic use"
    [described] = hd.seg.segread(tmp_path / "scan.seg.dcm").SegmentSequence
    assert described.segmented_property_type.value == "237495005"


def test_a_tracked_structure_keeps_its_name(cine: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = uniultra("track", cine, "--box", BOX, "--label", "left ventricle", "--write", "seg", "--out", out)
    assert done[0] == 0, done
    [segment] = pydicom.dcmread(out / "cine.track.seg.dcm").SegmentSequence
    assert code(segment.SegmentedPropertyTypeCodeSequence[0]) == ("87878005", "SCT")
    with open(out / "cine.track.csv") as file:
        assert [row["name"] for row in csv.DictReader(file)] == ["left ventricle"] * 3


def test_prompt_files_name_structures(scan: Path, tmp_path: Path) -> None:
    table = tmp_path / "prompts.csv"
    table.write_text(f"file,x0,y0,x1,y1,label\nscan.dcm,{BOX},Liver\n")
    assert uniultra("segment", scan, "--prompts", table, "--json")[0] == 0
    listed = tmp_path / "prompts.json"
    listed.write_text(json.dumps([{"box": [105, 65, 235, 155], "label": "liver"}]))
    status, told, _ = uniultra("segment", scan, "--prompts", listed, "--json")
    [found] = json.loads(told)["objects"]
    assert (status, found["name"], found["prompt"]["label"]) == (0, "liver", "liver")


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (["a\\b"], "can't name a structure"),
        (["liver", "spleen"], "2 labels for 1 structures"),
        (["x" * 65], "can't name a structure"),
    ],
)
def test_wrong_names_are_refused(scan: Path, tmp_path: Path, labels: list[str], said: str) -> None:
    options = [part for label in labels for part in ("--label", label)]
    status, _, told = uniultra("segment", scan, "--box", BOX, *options, "--out", tmp_path / "out")
    assert status != 0
    assert said in told
    assert not (tmp_path / "out").exists()


def test_a_name_without_a_code_is_told(scan: Path, tmp_path: Path) -> None:
    status, _, told = uniultra("segment", scan, "--box", BOX, "--label", "thyriod", "--out", tmp_path / "o")
    assert status == 0
    assert "did you mean thyroid?" in told
    [segment] = pydicom.dcmread(tmp_path / "o" / "scan.seg.dcm").SegmentSequence
    assert segment.SegmentLabel == "thyriod"
    assert code(segment.SegmentedPropertyTypeCodeSequence[0]) == ("91723000", "SCT")


def test_slicers_file_is_one_header(scan: Path, tmp_path: Path) -> None:
    done = uniultra(
        "segment", scan, "--box", BOX, "--label", "liver", "--write", "nrrd", "--out", tmp_path / "o"
    )
    assert done[0] == 0, done
    data = (tmp_path / "o" / "scan.seg.nrrd").read_bytes()
    assert len(gzip.decompress(data.split(b"\n\n", 1)[1])) == 240 * 320


def test_seg_and_sr_are_measured_again(scan: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    options = ("--box", BOX, "--label", "liver", "--write", "seg,sr", "--out", out)
    assert uniultra("segment", scan, *options)[0] == 0
    [made] = json.loads((out / "scan.json").read_text())["objects"]
    area = made["measures"]["area"]["value"]
    status, told, _ = uniultra("measure", out / "scan.seg.dcm", "--image", scan, "--json")
    [found] = json.loads(told)["objects"]
    assert (status, found["name"], found["area"]["value"]) == (0, "liver", area)
    assert f"{area:.2f}" in uniultra("measure", out / "scan.seg.dcm")[1]  # the scale is in the JSON beside it
    status, told, _ = uniultra("measure", out / "scan.sr.dcm")
    assert status == 0
    assert "liver; Liver; in Liver" in told
    assert re.search(rf"Area +{area:.2f} mm2", told)
    status, _, told = uniultra("measure", out / "scan.sr.dcm", "--spacing", "0.2")
    assert "a report holds its own numbers" in told


def test_a_seg_is_a_previous_mask(cine: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = ("--frame", "1", "--box", BOX, "--label", "liver", "--out", out)
    assert uniultra("segment", cine, *first)[0] == 0
    seg = out / "cine.frame1.seg.dcm"
    more = ("--mask", seg, "--point", "172,110", "--json")
    status, told, error = uniultra("segment", cine, "--frame", "1", *more)
    assert (status, error) == (0, "")
    [found] = json.loads(told)["objects"]
    assert (found["name"], found["prompt"]["previous_mask"]) == ("liver", True)
    status, _, told = uniultra("segment", cine, "--frame", "2", *more)
    assert "no mask on frame 2; there are masks on 1" in told
    status, _, told = uniultra("track", cine, "--frame", "1", "--mask", seg, "--out", tmp_path / "t")
    assert status == 0, told
    [segment] = pydicom.dcmread(tmp_path / "t" / "cine.track.seg.dcm").SegmentSequence
    assert segment.SegmentLabel == "liver"
