"""Names of structures and their codes: what `--label` knows, as DICOM and Slicer write it.

Codes are of SNOMED CT as DICOM PS3.16 (2024) lists them, in its context groups 7150 (categories), 7151 and
what it includes (property types), 4, 4030 and 4031 (anatomic regions) and 244 (laterality);
`tests/test_structures.py` looks each of them up in pydicom's copy of these groups.

DICOM lets a segment be called anything of up to 64 characters (SegmentLabel, PS3.3 C.8.20.4), but wants its
property coded (type 1). So a name that isn't listed stays the label, coded as an anatomical structure.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from uniultra.errors import PromptError

MOST_CHARACTERS = 64
"""Of a name, as attributes of VR LO hold it (PS3.5 6.2)."""


@dataclass(frozen=True)
class Coded:
    """A concept of SNOMED CT (coding scheme SCT)."""

    value: str
    meaning: str
    scheme: str = "SCT"


@dataclass(frozen=True)
class Structure:
    """What a structure is called, and its codes.

    Attributes:
        name: as the user gave it, or the listed name.
        category: SegmentedPropertyCategory.
        kind: SegmentedPropertyType.
        region: AnatomicRegion, where the property isn't one by itself; None for none.
        side: left or right, of what there are two; None where it wasn't given.
        listed: whether it is of the table; else its codes are general ones.
    """

    name: str
    category: Coded
    kind: Coded
    region: Coded | None = None
    side: Coded | None = None
    listed: bool = True


ANATOMY = Coded("91723000", "Anatomical Structure")
ABNORMAL = Coded("49755003", "Morphologically Abnormal Structure")
TISSUE = Coded("85756007", "Tissue")
SUBSTANCE = Coded("91720002", "Body Substance")
OBJECT = Coded("260787004", "Physical object")
SIDES = {"left": Coded("7771000", "Left"), "right": Coded("24028007", "Right")}

_THYROID, _BREAST = Coded("69748006", "Thyroid"), Coded("76752008", "Breast")
_HEAD, _ABDOMEN = Coded("69536005", "Head"), Coded("818981001", "Abdomen")
_PLEURA = Coded("3120008", "Pleura")
_PAIRED = frozenset(
    {
        "breast",
        "breast mass",
        "breast lesion",
        "kidney",
        "lung",
        "pleura",
        "pleural effusion",
        "ovary",
        "ovarian follicle",
        "testis",
        "femur",
        "eye",
        "carotid artery",
        "common carotid artery",
        "internal jugular vein",
        "brachial plexus",
        "parotid gland",
        "submandibular gland",
        "femoral artery",
        "femoral vein",
        "achilles tendon",
        "nerve",
        "peripheral nerve",
        "muscle",
        "skeletal muscle",
        "tendon",
        "lymph node",
    }
)
"""What there is a left and a right one of."""
_ROWS: dict[str, tuple[Coded, str, str, Coded | None]] = {
    "thyroid": (ANATOMY, "69748006", "Thyroid", None),
    "thyroid nodule": (ABNORMAL, "237495005", "Thyroid Nodule", _THYROID),
    "breast": (ANATOMY, "76752008", "Breast", None),
    "breast mass": (ABNORMAL, "4147007", "Mass", _BREAST),
    "breast lesion": (ABNORMAL, "52988006", "Lesion", _BREAST),
    "mass": (ABNORMAL, "4147007", "Mass", None),
    "lesion": (ABNORMAL, "52988006", "Lesion", None),
    "nodule": (ABNORMAL, "27925004", "Nodule", None),
    "cyst": (ABNORMAL, "367643001", "Cyst", None),
    "tumor": (ABNORMAL, "108369006", "Tumor", None),
    "hematoma": (ABNORMAL, "35566002", "Hematoma", None),
    "plaque": (ABNORMAL, "1522000", "Plaque", None),
    "thrombus": (ABNORMAL, "396339007", "Thrombus", None),
    "fetal head": (ANATOMY, "69536005", "Head", _HEAD),
    "fetal abdomen": (ANATOMY, "818981001", "Abdomen", _ABDOMEN),
    "femur": (ANATOMY, "71341001", "Femur", None),
    "placenta": (ANATOMY, "78067005", "Placenta", None),
    "umbilical cord": (ANATOMY, "29870000", "Umbilical cord", None),
    "amniotic fluid": (SUBSTANCE, "77012006", "Amniotic fluid", None),
    "cerebellum": (ANATOMY, "113305005", "Cerebellum", None),
    "brain": (ANATOMY, "12738006", "Brain", None),
    "pubic symphysis": (ANATOMY, "82561000", "Symphysis pubis", None),
    "uterus": (ANATOMY, "35039007", "Uterus", None),
    "endometrium": (ANATOMY, "2739003", "Endometrium", None),
    "cervix": (ANATOMY, "71252005", "Cervix", None),
    "ovary": (ANATOMY, "15497006", "Ovary", None),
    "ovarian follicle": (ANATOMY, "24162005", "Ovarian follicle structure", None),
    "heart": (ANATOMY, "80891009", "Heart", None),
    "left ventricle": (ANATOMY, "87878005", "Left ventricle", None),
    "right ventricle": (ANATOMY, "53085002", "Right ventricle", None),
    "left atrium": (ANATOMY, "82471001", "Left atrium", None),
    "right atrium": (ANATOMY, "73829009", "Right atrium", None),
    "left ventricular myocardium": (ANATOMY, "49848007", "Left Ventricle Myocardium", None),
    "mitral valve": (ANATOMY, "91134007", "Mitral Valve", None),
    "pericardial effusion": (SUBSTANCE, "373945007", "Pericardial effusion", None),
    "aorta": (ANATOMY, "15825003", "Aorta", None),
    "abdominal aorta": (ANATOMY, "7832008", "Abdominal aorta", None),
    "carotid artery": (ANATOMY, "69105007", "Carotid Artery", None),
    "common carotid artery": (ANATOMY, "32062004", "Common carotid artery", None),
    "internal jugular vein": (ANATOMY, "12123001", "Internal jugular vein", None),
    "femoral artery": (ANATOMY, "7657000", "Femoral artery", None),
    "femoral vein": (ANATOMY, "83419000", "Femoral vein", None),
    "inferior vena cava": (ANATOMY, "64131007", "Inferior vena cava", None),
    "portal vein": (ANATOMY, "32764006", "Portal vein", None),
    "artery": (ANATOMY, "51114001", "Artery", None),
    "vein": (ANATOMY, "29092000", "Vein", None),
    "blood vessel": (ANATOMY, "59820001", "Blood Vessel", None),
    "vessel lumen": (ANATOMY, "91747007", "Lumen of blood vessel", None),
    "liver": (ANATOMY, "10200004", "Liver", None),
    "gallbladder": (ANATOMY, "28231008", "Gallbladder", None),
    "common bile duct": (ANATOMY, "79741001", "Common bile duct", None),
    "spleen": (ANATOMY, "78961009", "Spleen", None),
    "pancreas": (ANATOMY, "15776009", "Pancreas", None),
    "kidney": (ANATOMY, "64033007", "Kidney", None),
    "bladder": (ANATOMY, "89837001", "Bladder", None),
    "prostate": (ANATOMY, "41216001", "Prostate", None),
    "testis": (ANATOMY, "40689003", "Testis", None),
    "stomach": (ANATOMY, "69695003", "Stomach", None),
    "appendix": (ANATOMY, "66754008", "Appendix", None),
    "ascites": (SUBSTANCE, "409615008", "Ascitic fluid", None),
    "lung": (ANATOMY, "39607008", "Lung", None),
    "pleura": (ANATOMY, "3120008", "Pleura", None),
    "pleural effusion": (SUBSTANCE, "60046008", "Pleural effusion", _PLEURA),
    "lymph node": (ANATOMY, "59441001", "Lymph node", None),
    "parotid gland": (ANATOMY, "45289007", "Parotid Gland", None),
    "submandibular gland": (ANATOMY, "54019009", "Submandibular Gland", None),
    "tongue": (ANATOMY, "21974007", "Tongue", None),
    "eye": (ANATOMY, "81745001", "Eye", None),
    "skin": (ANATOMY, "39937001", "Skin", None),
    "muscle": (TISSUE, "91727004", "Muscle tissue", None),
    "skeletal muscle": (ANATOMY, "127954009", "Skeletal muscle", None),
    "tendon": (ANATOMY, "13024002", "Tendon", None),
    "achilles tendon": (ANATOMY, "61352006", "Achilles Tendon", None),
    "nerve": (ANATOMY, "91728009", "Nerve", None),
    "peripheral nerve": (ANATOMY, "84782009", "Peripheral nerve", None),
    "brachial plexus": (ANATOMY, "36582005", "Brachial plexus", None),
    "bone": (ANATOMY, "272673000", "Bone", None),
    "needle": (OBJECT, "79068005", "Needle", None),
}
"""Name: category, code and meaning of the type, and region. `fetal head` is the code of a head, for SNOMED CT
as DICOM has it knows no other.
"""
NAMES = tuple(_ROWS)
"""The listed names; those in `PAIRED` also with left or right before them."""
PAIRED = tuple(name for name in NAMES if name in _PAIRED)


def structure(name: str) -> Structure:
    """The structure of a name: listed, where the name is (in any case, with one blank for each gap), else
    general.
    """
    words = " ".join(name.lower().replace("_", " ").split())
    side, _, rest = words.partition(" ")
    if words in _ROWS:
        return _of_row(words, None)
    if side in SIDES and rest in _PAIRED:
        return _of_row(rest, side)
    return Structure(name, ANATOMY, ANATOMY, listed=False)


def _of_row(name: str, side: str | None) -> Structure:
    category, value, meaning, region = _ROWS[name]
    called = name if side is None else f"{side} {name}"
    return Structure(called, category, Coded(value, meaning), region, SIDES[side] if side else None)


def legal_name(text: object) -> str:
    """A name as results carry it: the listed spelling where it is listed. Raises PromptError."""
    if not isinstance(text, str):
        raise PromptError(f"label {text!r:.40} is not text; give a name such as thyroid")
    said = text.strip()
    wrong = "\\" in said or not said.isprintable()
    if not said or wrong or len(said) > MOST_CHARACTERS:
        raise PromptError(
            f"label {said!r:.80} can't name a structure; give 1 to {MOST_CHARACTERS} characters without a "
            "backslash and control characters, as thyroid"
        )
    found = structure(said)
    return found.name if found.listed else said


def unlisted_note(name: str) -> str | None:
    """What to tell who named a structure that has no code of its own; None for a listed one."""
    if structure(name).listed:
        return None
    close = difflib.get_close_matches(name.lower(), NAMES, 1, 0.75)
    meant = f"; did you mean {close[0]}?" if close else "; docs/archive.md lists the names that have one"
    return f"label '{name}' has no code of its own, so DICOM codes it as an anatomical structure{meant}"
