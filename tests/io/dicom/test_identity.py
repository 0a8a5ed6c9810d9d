"""The patient's identity in SEG and SR: any writing of it, no trace of it elsewhere, and whose study it
is.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pydicom
import pytest

from derived import BOTH, Make, again, sr
from dicoms import dataset, picture, save
from uniultra.io.dicom.source import read_source


def with_raw(path: Path, **values: str) -> Path:
    """A file with values as they are, which pydicom's checks would refuse to set."""
    data = dataset(picture())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pydicom.config.disable_value_validation():
            for keyword, value in values.items():
                setattr(data, keyword, "" if keyword.endswith(("Date", "Time")) else value)
                data[keyword]._value = value if keyword.endswith(("Date", "Time")) else data[keyword].value
            return save(data, path)


@BOTH
@pytest.mark.parametrize(
    ("charset", "name"),
    [
        (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎=やまだ^たろう"),  # PS3.5 H.3.1
        (["ISO_IR 13", "ISO 2022 IR 87"], "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう"),  # PS3.5 H.3.2
        (["", "ISO 2022 IR 149"], "Hong^Gildong=洪^吉洞=홍^길동"),  # PS3.5 I.2
        ("ISO_IR 6", "Smith^Anna"),
        ("ISO_IR 100", "Müller^Jörg"),
        ("ISO_IR 144", "Люкceмбypг"),  # PS3.5 K.3's example of Cyrillic
        ("ISO_IR 166", "สมชาย"),
        ("ISO_IR 192", "Wang^XiaoDong=王^小东"),
        ("GB18030", "Wang^XiaoDong=王^小东"),  # PS3.5 J.3
        ("ISO_IR 192", "Yamada^Tarou=山田\u3000太郎"),  # a blank of the width of an ideograph
    ],
)
def test_names_of_any_character_set_are_kept(tmp_path: Path, make: Make, charset: Any, name: str) -> None:
    path = save(dataset(picture(), SpecificCharacterSet=charset, PatientName=name), tmp_path / "a.dcm")
    made = again(make(read_source(path, keep_patient=True)))
    assert str(made.PatientName) == str(pydicom.dcmread(path).PatientName)
    assert made.SpecificCharacterSet == "ISO_IR 192"
    assert made.StudyInstanceUID == pydicom.dcmread(path).StudyInstanceUID


@BOTH
@pytest.mark.parametrize("charset", ["ISO_IR 999", ["ISO_IR 100", "nonsense"], "latin-1"])
def test_an_unknown_character_set_is_no_traceback(tmp_path: Path, make: Make, charset: Any) -> None:
    path = with_raw(tmp_path / "a.dcm", SpecificCharacterSet=charset, PatientName="Smith^Anna")
    assert str(again(make(read_source(path, keep_patient=True))).PatientName) == "Smith^Anna"


@BOTH
def test_dates_and_times_of_acr_nema_become_todays(tmp_path: Path, make: Make) -> None:
    values = {"StudyDate": "1997.04.24", "StudyTime": "14:04:38", "PatientBirthDate": "1950.01.02"}
    source = read_source(with_raw(tmp_path / "a.dcm", **values), keep_patient=True)
    made = again(make(source))
    assert (made.StudyDate, made.StudyTime, made.PatientBirthDate) == ("19970424", "140438", "19500102")
    assert source.notes == ()


@BOTH
@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("StudyDate", "last week"),
        ("StudyDate", "19971332"),
        ("StudyDate", "1997.0424"),
        ("StudyTime", "25:00:00"),
        ("StudyTime", "14:0438"),
        ("PatientBirthDate", "1950"),
        ("PatientSex", "UNKNOWN"),
        ("AccessionNumber", "A\x1b[31m"),
    ],
)
def test_what_is_no_legal_value_is_left_empty_and_said(
    tmp_path: Path, make: Make, keyword: str, value: str
) -> None:
    source = read_source(with_raw(tmp_path / "a.dcm", **{keyword: value}), keep_patient=True)
    assert not again(make(source)).get(keyword)
    [note] = source.notes
    assert (
        note == f"{tmp_path / 'a.dcm'}: its {keyword} is not a legal value and is left empty in what is "
        "derived "
        f"from it"
    )
    assert source.derived_study == source.StudyInstanceUID


def test_blanks_are_no_value_and_no_fault(tmp_path: Path) -> None:
    source = read_source(
        with_raw(tmp_path / "a.dcm", StudyDate="        ", PatientSex="  "), keep_patient=True
    )
    assert (source.StudyDate, source.PatientSex, source.notes) == ("", "", ())


@BOTH
def test_nothing_of_the_patient_is_warned_about_or_logged(
    tmp_path: Path, make: Make, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    values = {
        "PatientID": "SECRET" * 10,
        "AccessionNumber": "SECRET" * 8,
        "PatientName": "SECRET=" * 5,
        "StudyTime": "SECRET",
    }
    path = with_raw(tmp_path / "a.dcm", **values)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        from uniultra.io.dicom.source import write_dataset

        write_dataset(tmp_path / "made.dcm", make(read_source(path, keep_patient=True)))
    assert not [str(warning.message) for warning in caught]
    out = capfd.readouterr()
    assert "SECRET" not in caplog.text + out.out + out.err


@BOTH
def test_without_identity_it_lies_in_a_study_of_its_own(tmp_path: Path, make: Make) -> None:
    path = save(dataset(picture()), tmp_path / "a.dcm")
    data = pydicom.dcmread(path)
    made = again(make(read_source(path)))
    assert made.StudyInstanceUID != data.StudyInstanceUID
    assert (
        made.StudyInstanceUID == read_source(path).derived_study
    )  # one for all that is derived from a study
    studies = (
        "PertinentOtherEvidenceSequence"
        if make is sr
        else "StudiesContainingOtherReferencedInstancesSequence"
    )
    [study] = made[studies]
    [series] = study.ReferencedSeriesSequence
    assert (study.StudyInstanceUID, series.SeriesInstanceUID) == (
        data.StudyInstanceUID,
        data.SeriesInstanceUID,
    )
    assert "ReferencedSeriesSequence" not in made
    assert "CurrentRequestedProcedureEvidenceSequence" not in made


@BOTH
def test_a_patient_id_that_cannot_be_kept_is_another_patient(tmp_path: Path, make: Make) -> None:
    path = with_raw(tmp_path / "a.dcm", PatientID="A\\B", PatientName="Smith^Anna")
    source = read_source(path, keep_patient=True)
    assert again(make(source)).StudyInstanceUID == source.derived_study != source.StudyInstanceUID
