"""Measurements of a DICOM SR, of any producer: what its measurement groups (PS3.16 TID 1410, 1411, 1501) say.

Every numeric item of the content tree is a row, with what the nearest measurement group around it names: its
tracking identifier, finding, site, and the frames that it refers to. Reports of scanners (TID 5000, 5200)
say the fetus, the site and the side of a section, the mode of a group, and of a number its derivation, flow
direction or equation: these come from all the containers around it, the innermost last. Nothing is computed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from pydicom.dataset import Dataset

from uniultra.errors import FileError
from uniultra.io.dicom.attributes import code, items, reals, text, uid
from uniultra.io.dicom.header import Header, read_header
from uniultra.io.paths import PathLike
from uniultra.io.silence import quiet

REPORTS = tuple(f"1.2.840.10008.5.1.4.1.1.88.{number}" for number in (11, 22, 33, 34))
"""Basic Text, Enhanced, Comprehensive and Comprehensive 3D SR."""
ATTRIBUTES = ("SOPClassUID", "SOPInstanceUID", "SpecificCharacterSet", "Modality", "ContentSequence")
MOST_BYTES, MOST_DEPTH, MOST_ROWS = 64_000_000, 32, 100_000
_TRACKING, _FINDING, _GROUP = ("112039", "DCM"), ("121071", "DCM"), ("125007", "DCM")
_SITES = (("363698007", "SCT"), ("G-C0E3", "SRT"))
_METHODS = (("370129005", "SCT"), ("G-C036", "SRT"))
_SUBJECT, _FETUS = ("121024", "DCM"), ("121026", "DCM")
_SUBJECT_IDS = (("11951-1", "LN"), ("121030", "DCM"))
_IDENTIFIER = ("125010", "DCM")
_SHOWN_ELSEWHERE = (*_SITES, *_METHODS, _TRACKING, _FINDING, ("121049", "DCM"))  # the last: language
_OF_CONTAINERS = ("HAS CONCEPT MOD", "HAS ACQ CONTEXT")
_OF_NUMBERS = (*_OF_CONTAINERS, "HAS PROPERTIES", "INFERRED FROM")
_CORNERSTONE, _ALWAYS_MM = "Cornerstone3DTools@", ("Length", "Perimeter")
UNIT_IN_DOUBT = (
    "OHIF (cornerstone) writes mm whatever the unit was; measured in an ultrasound region it is cm, "
    "ten times this"
)


@dataclass(frozen=True)
class Reported:
    """One number of a report.

    Attributes:
        measure: the meaning of its concept's code.
        code: value and scheme of it.
        value: None where the report says that there is none.
        unit: by UCUM, as mm2.
        structure: the tracking identifier of its group; "" for none.
        finding: what it is of, by the meaning of its code; "" for none.
        site: where, likewise.
        frames: of the image, from 0; () where the report names none.
        method: how it was measured, likewise.
        subject: "Fetus A" where a section says that it is about that; "" for the patient.
        qualifiers: what else is said of it, as pairs of meanings: ("Derivation", "Mean").
    """

    measure: str
    code: tuple[str, str]
    value: float | None
    unit: str
    structure: str = ""
    finding: str = ""
    site: str = ""
    frames: tuple[int, ...] = ()
    method: str = ""
    subject: str = ""
    qualifiers: tuple[tuple[str, str], ...] = ()


def doubt(row: Reported) -> str:
    """What is to be said of a number whose writer is known to state a unit that it didn't have; "" for none.

    cornerstone's adapters 5.14.0 write mm for every length and perimeter (findings/cornerstone_sr_units.sh).
    """
    theirs = row.structure.startswith(_CORNERSTONE) and row.unit == "mm"
    return UNIT_IN_DOUBT if theirs and row.measure in _ALWAYS_MM and row.value is not None else ""


def is_report(header: Header) -> bool:
    return uid(header.dataset, "SOPClassUID") in REPORTS


@quiet("pydicom")  # its warnings quote values
def read_report(path: PathLike) -> list[Reported]:
    """The numbers of a report in its order.

    Raises:
        FileError: not an SR, damaged, nested too deeply, or without a number.
    """
    header = read_header(path, ATTRIBUTES)
    if not is_report(header):
        raise FileError(f"{header.name}: a DICOM object of kind {header.sop_class}, not a report; give an SR")
    found: list[Reported] = []
    for row in _rows(header, header.dataset, Reported("", ("", ""), None, ""), 0):
        if len(found) == MOST_ROWS:
            raise FileError(f"{header.name}: over {MOST_ROWS} numbers; a report has fewer; export it again")
        found.append(row)
    if not found:
        raise FileError(f"{header.name}: a report without a single number; give one with measurements")
    return found


def _rows(header: Header, node: Dataset, about: Reported, depth: int) -> Iterator[Reported]:
    if depth > MOST_DEPTH:
        raise FileError(f"{header.name}: nested over {MOST_DEPTH} levels; export the report again")
    children = items(node, "ContentSequence", MOST_BYTES)
    if _concept(node, "ConceptNameCodeSequence")[1] == _GROUP:
        about = _of_group(children, about)
    if code(node, "ValueType") == "CONTAINER":
        about = _of_container(children, about, is_root=depth == 0)
    for child in children:
        if code(child, "ValueType") == "NUM":
            yield _number(child, about)
        yield from _rows(header, child, about, depth + 1)


def _of_group(children: list[Dataset], about: Reported) -> Reported:
    """What a measurement group says of all its numbers."""
    found = replace(about, structure="", finding="", frames=())
    for child in children:
        _, name = _concept(child, "ConceptNameCodeSequence")
        if name == _TRACKING or (name == _IDENTIFIER and not found.structure):
            found = replace(found, structure=text(child, "TextValue", 1024) or "")
        elif name == _FINDING:
            found = replace(found, finding=_concept(child, "ConceptCodeSequence")[0])
    return replace(found, frames=tuple(sorted(set(_frames(children, 0)))))


def _of_container(children: list[Dataset], about: Reported, is_root: bool) -> Reported:
    """What a section or a group says of all the numbers in it; the root's qualifiers aren't repeated."""
    kind, identity, unborn, found = ("", ("", "")), "", False, about
    for child in children:
        _, name = _concept(child, "ConceptNameCodeSequence")
        if name == _SUBJECT:
            kind = _concept(child, "ConceptCodeSequence")
        elif name in _SUBJECT_IDS:
            identity, unborn = text(child, "TextValue", 64) or "", name == _SUBJECT_IDS[0]
        elif name in _SITES:
            found = replace(found, site=_concept(child, "ConceptCodeSequence")[0])
    if kind[1] == _FETUS or (unborn and not kind[0]):
        found = replace(found, subject=f"{kind[0] or 'Fetus'} {identity}".strip())
    elif kind[0]:
        found = replace(found, subject="")
    said = () if is_root else _qualifiers(children, _OF_CONTAINERS)
    return replace(found, qualifiers=_joined(found.qualifiers, said))


def _qualifiers(children: list[Dataset], relations: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """What coded or written children say of their parent, and codes below its site, such as the side."""
    found: dict[str, str] = {}
    sites = [child for child in children if _concept(child, "ConceptNameCodeSequence")[1] in _SITES]
    for child in (*children, *(below for site in sites for below in items(site, "ContentSequence"))):
        meaning, name = _concept(child, "ConceptNameCodeSequence")
        if text(child, "RelationshipType") in relations and name not in _SHOWN_ELSEWHERE:
            said = _concept(child, "ConceptCodeSequence")[0] or text(child, "TextValue", 1024)
            found[meaning] = ", ".join(filter(None, (found.get(meaning), said)))
    return tuple((name, said) for name, said in found.items() if said)


def _joined(
    outer: tuple[tuple[str, str], ...], inner: tuple[tuple[str, str], ...]
) -> tuple[tuple[str, str], ...]:
    names = {name for name, _ in inner}
    return (*(pair for pair in outer if pair[0] not in names), *inner)


def _frames(nodes: list[Dataset], depth: int) -> Iterator[int]:
    """The frames, from 0, that image references among these items and below name."""
    for node in nodes if depth <= MOST_DEPTH else ():
        for reference in items(node, "ReferencedSOPSequence"):
            yield from (int(number) - 1 for number in reals(reference, "ReferencedFrameNumber") or ())
        if code(node, "ValueType") != "NUM":
            yield from _frames(items(node, "ContentSequence"), depth + 1)


def _number(node: Dataset, about: Reported) -> Reported:
    measure, concept = _concept(node, "ConceptNameCodeSequence")
    children = items(node, "ContentSequence")
    own = tuple(sorted(set(_frames(children, 0)))) or about.frames
    site, method = about.site, ""
    for child in children:
        _, name = _concept(child, "ConceptNameCodeSequence")
        if name in _SITES:
            site = _concept(child, "ConceptCodeSequence")[0]
        elif name in _METHODS:
            method = _concept(child, "ConceptCodeSequence")[0] or text(child, "TextValue", 1024) or ""
    measured = next(iter(items(node, "MeasuredValueSequence")), Dataset())
    value = reals(measured, "NumericValue")
    unit = _concept(measured, "MeasurementUnitsCodeSequence")[1][0]
    number = None if value is None else value[0]
    said = _joined(about.qualifiers, _qualifiers(children, _OF_NUMBERS))
    doubtful, _ = _concept(node, "NumericValueQualifierCodeSequence")  # why a number is missing or wrong
    said += (("Qualifier", doubtful),) if doubtful else ()
    shown = replace(about, frames=own, site=site, method=method, qualifiers=said)
    return replace(shown, measure=measure, code=concept, value=number, unit=unit)


def _concept(node: Dataset, keyword: str) -> tuple[str, tuple[str, str]]:
    """The meaning of a coded value, and its value and scheme; "" for what isn't there."""
    found: Any = next(iter(items(node, keyword)), Dataset())
    return text(found, "CodeMeaning") or "", (
        text(found, "CodeValue") or "",
        text(found, "CodingSchemeDesignator") or "",
    )
