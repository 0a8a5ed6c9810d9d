"""Engines that run a promptable model: one protocol (`protocol.py`), onnxruntime and torch behind it."""
