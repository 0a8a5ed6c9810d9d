"""Masks as the polygons that label tools take: YOLO segmentation, LabelMe and CVAT.

A polygon is the outer edge of one connected part, at most `TOLERANCE` pixels from the mask's own; these
formats know no holes. Coordinates count from the CORNER of the first pixel, as these tools do, so the whole
of an image is 0 to its width and height.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from uniultra.types import mask_box

TOLERANCE = 0.5
"""Pixels."""
_FINER = 3
"""Edges are followed on a grid this much finer than pixels: the middles of its outermost cells lie 1/6 pixel
inside the edge.
"""
LABEL = "structure"


def polygons(mask_hw: np.ndarray) -> list[np.ndarray]:
    """The outer edge of each connected part of a bool mask (H, W): float (N, 2) of x, y, 3 points or more,
    largest part first.
    """
    box = mask_box(mask_hw)
    if box is None:
        return []
    left, top, right, bottom = (round(edge + 0.5) for edge in box)
    inside = np.ascontiguousarray(mask_hw[top:bottom, left:right]).astype(np.uint8)
    fine = inside.repeat(_FINER, axis=0).repeat(_FINER, axis=1)
    found, _ = cv2.findContours(fine, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    found = sorted(found, key=cv2.contourArea, reverse=True)
    close = _FINER * TOLERANCE - 0.5
    corners = [cv2.approxPolyDP(contour, close, closed=True)[:, 0].astype(np.float64) for contour in found]
    return [(points + 0.5) / _FINER + (left, top) for points in corners if len(points) > 2]


def labels_of(names: Sequence[str], count: int) -> list[str]:
    """A label for each of so many structures: its name, or "structure" where nobody named it."""
    return [" ".join(name.split()) or LABEL for name in names] if names else [LABEL] * count


def yolo(masks: Sequence[np.ndarray], names: Sequence[str] = ()) -> str:
    """The lines of YOLO segmentation, a polygon each: its class, then x and y as shares of the image's width
    and height. Classes are the different labels of `names`, from 0 in the order in which they come.
    """
    height, width = masks[0].shape
    labels = labels_of(names, len(masks))
    classes = list(dict.fromkeys(labels))
    lines = []
    for mask, label in zip(masks, labels, strict=True):
        for points in polygons(mask):
            shares = (points / (width, height)).clip(0.0, 1.0).ravel()
            lines.append(" ".join([f"{classes.index(label)}", *(f"{share:.6f}" for share in shares)]) + "\n")
    return "".join(lines)


def labelme(image: str, masks: Sequence[np.ndarray], names: Sequence[str] = ()) -> dict[str, Any]:
    """LabelMe's JSON of one image, which is named and not embedded. Parts of one structure share its number
    as `group_id`; their label is its name.
    """
    height, width = masks[0].shape
    labelled = zip(masks, labels_of(names, len(masks)), strict=True)
    shapes = [
        {
            "label": label,
            "points": points.round(3).tolist(),
            "group_id": number,
            "description": "",
            "shape_type": "polygon",
            "flags": {},
            "mask": None,
        }
        for number, (mask, label) in enumerate(labelled, start=1)
        for points in polygons(mask)
    ]
    about = {"imagePath": image, "imageData": None, "imageHeight": int(height), "imageWidth": int(width)}
    return {"version": "5.5.0", "flags": {}, "shapes": shapes} | about


def cvat(image: str, masks: Sequence[np.ndarray], names: Sequence[str] = ()) -> bytes:
    """ "CVAT for images 1.1" of one image; parts of one structure share its number as `group_id`, and have
    its name.
    """
    height, width = masks[0].shape
    root = ET.Element("annotations")
    ET.SubElement(root, "version").text = "1.1"
    held = ET.SubElement(root, "image", id="0", name=image, width=str(width), height=str(height))
    labelled = zip(masks, labels_of(names, len(masks)), strict=True)
    for number, (mask, label) in enumerate(labelled, start=1):
        for points in polygons(mask):
            said = ";".join(f"{x:.2f},{y:.2f}" for x, y in points)
            about = {"label": label, "source": "auto", "occluded": "0", "points": said, "z_order": "0"}
            ET.SubElement(held, "polygon", about | {"group_id": str(number)})
    ET.indent(root)
    return ET.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n"


def itksnap(names: Sequence[str], colours: Sequence[tuple[int, int, int]]) -> str:
    """ITK-SNAP's label descriptions for ids 1..N: what its "Import Label Descriptions" reads beside a label
    map.
    """
    lines = ["# ITK-SnAP Label Description File", "# IDX   -R-  -G-  -B-  -A--  VIS MSH  LABEL"]
    lines += ['    0     0    0    0        0  0  0    "Clear Label"']
    for number, (name, (red, green, blue)) in enumerate(zip(names, colours, strict=True), 1):
        said = " ".join(name.replace('"', "'").split())
        lines.append(f'{number:5d}   {red:3d}  {green:3d}  {blue:3d}        1  1  1    "{said}"')
    return "\n".join([*lines, ""])
