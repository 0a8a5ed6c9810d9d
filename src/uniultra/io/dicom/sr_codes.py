"""The codes of what a DICOM SR measures, and of its units."""

from __future__ import annotations

from pydicom.sr.coding import Code

NAMES = {
    "area": Code("42798000", "SCT", "Area"),
    "perimeter": Code("131191004", "SCT", "Perimeter"),
    "long_diameter": Code("103339001", "SCT", "Long Axis"),
    "short_diameter": Code("103340004", "SCT", "Short Axis"),
    "ellipse_long_axis": Code("ellipse_long_axis", "99UNIULTRA", "Long axis of the fitted ellipse"),
    "ellipse_short_axis": Code("ellipse_short_axis", "99UNIULTRA", "Short axis of the fitted ellipse"),
    "ellipse_circumference": Code("74551000", "SCT", "Circumference"),
    "equivalent_diameter": Code("equivalent_diameter", "99UNIULTRA", "Diameter of the circle of equal area"),
}
"""Measures of `measure.report.named`: codes of SNOMED CT where it has one, else this project's own."""
UNITS = {
    "mm": Code("mm", "UCUM", "millimeter"),
    "ml": Code("ml", "UCUM", "milliliter"),
    "%": Code("%", "UCUM", "percent"),
    "mm2": Code("mm2", "UCUM", "square millimeter"),
    "px": Code("{pixels}", "UCUM", "pixels"),
    "px2": Code("{square_pixels}", "UCUM", "square pixels"),
}
VOLUMES = (
    Code("18026-5", "LN", "Left Ventricular End Diastolic Volume"),
    Code("18148-7", "LN", "Left Ventricular End Systolic Volume"),
)
LENGTH = Code("410668003", "SCT", "Length")
EJECTION = Code("18043-0", "LN", "Left Ventricular Ejection Fraction by US")
DISKS = Code("125208", "DCM", "Method of Disks, Single Plane")
"""Of PS3.16 CID 12202 and 12227, as echocardiography reports have them."""
ASSUMED = Code("scale_assumption", "99UNIULTRA", "Assumption about the size of pixels")
EQUAL_PIXELS = Code("equal_pixels", "99UNIULTRA", "Square unless stated, equally large on both frames")
"""Of an ejection fraction without millimetres."""
