"""Results as files: JSON, CSV, id masks, overlays, movies, DICOM SEG and SR, NIfTI and COCO, all from
`results`.
"""
