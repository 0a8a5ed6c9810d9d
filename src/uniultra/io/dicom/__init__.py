"""DICOM in and out. Every file is taken to be hostile, and no value of a header but those named in
`header.ATTRIBUTES` is even read.
"""
