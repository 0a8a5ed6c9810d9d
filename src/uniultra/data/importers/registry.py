"""The sets that can be imported: adding one is adding a file and a row."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from uniultra.data.importers import (
    bus_bra,
    busi,
    camus,
    cca,
    coco,
    ddti,
    dicom_seg,
    echonet,
    folder,
    fugc,
    hc18,
    jnu_ifm,
    labelme,
    mmotu,
    muscle_apo,
    nnunet,
    results,
    tn3k,
)
from uniultra.data.importers.sample import Find
from uniultra.errors import DataError


@dataclass(frozen=True)
class Source:
    """A set: what it shows, the licence its publishers state ('unknown' where they state none), and how it is
    looked through.
    """

    name: str
    organ: str
    licence: str
    find: Find


OWN = ("folder", "coco", "nnunet", "labelme", "seg", "results")
"""Layouts of anyone's own images, which say nothing of the organ, the licence and the patients."""
SETS: dict[str, Source] = {
    source.name: source
    for source in (
        Source("busi", "breast", "CC BY 4.0 (unverified)", busi.find),
        Source("mmotu", "ovary", "unknown", mmotu.find),
        Source("hc18", "fetal head", "CC BY 4.0 (unverified)", hc18.find),
        Source("ddti", "thyroid", "unknown", ddti.find),
        Source("cca", "carotid artery", "CC BY 4.0 (unverified)", cca.find),
        Source("muscle_apo", "muscle", "Apache-2.0", muscle_apo.find),
        Source("camus", "heart", "CC BY-NC-SA 4.0 (unverified)", camus.find),
        Source("tn3k", "thyroid", "unknown", tn3k.find),
        Source("bus-bra", "breast", "CC BY 4.0 (unverified)", bus_bra.find),
        Source("fugc", "cervix", "unknown", fugc.find),
        Source("jnu-ifm", "pubic symphysis and fetal head", "unknown", jnu_ifm.find),
        Source(
            "echonet",
            "heart",
            "Stanford University Dataset Research Use Agreement (unverified)",
            echonet.find,
        ),
        Source("folder", "unknown", "unknown", folder.find),
        Source("coco", "unknown", "unknown", coco.find),
        Source("nnunet", "unknown", "unknown", nnunet.find),
        Source("labelme", "unknown", "unknown", labelme.find),
        Source("seg", "unknown", "unknown", dicom_seg.find),
        Source("results", "unknown", "unknown", results.find),
    )
}


def input_file(name: str, images: str = folder.IMAGES, masks: str = folder.MASKS) -> Source:
    """The row of a set; of one's own `folder`, with the names that its two folders have; of `results`, with
    the folder of the images. Raises DataError where there is none, or where another set is given such names.
    """
    if name not in SETS:
        raise DataError(f"set '{name}' can't be imported; use one of {', '.join(SETS)}")
    if (images, masks) == (folder.IMAGES, folder.MASKS):
        return SETS[name]
    if name == "results" and masks == folder.MASKS:
        return replace(SETS[name], find=partial(results.find, images=Path(images)))
    if name != "folder":
        raise DataError(
            "--images and --masks name the folders of set 'folder', and --images the images of 'results'; "
            f"leave them out for '{name}'"
        )
    folder.check_names(images, masks)
    return replace(SETS[name], find=partial(folder.find, images=images, masks=masks))
