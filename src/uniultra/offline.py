"""Nothing leaves the machine: what the libraries beneath would report by themselves is switched off.

`import uniultra` does it, before anything of the package can import one of them. It sets variables of the
process, which its children inherit, whatever they were before. What was seen of each library:

- onnxruntime 1.32 on Linux looks up a host of its maker while a session is held, and leaves a file in TMPDIR;
  `disable_telemetry_events()` comes too late for that. 1.22 does neither (findings/onnxruntime_telemetry.sh).
- Ray 2.60 reports how a cluster is used, by default, and asks for cloud providers' hosts even then where its
  dashboard runs: a cluster is somebody else's, and no Ray is started here.
- huggingface_hub 2.4 names libraries and versions in its requests; there is none unless a checkpoint is given
  by name.
- transformers' Trainer logs to every tracking service that is installed, by default: `training.loop`
  names none.
"""

from __future__ import annotations

import os
from collections.abc import MutableMapping

SILENT = {
    "ORT_DISABLE_TELEMETRY": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
    "HF_HUB_DISABLE_TELEMETRY": "1",
}
"""Variables and the values that keep their libraries silent."""


def keep_silent(environment: MutableMapping[str, str] = os.environ) -> None:
    """Sets every variable of `SILENT`, whatever it was."""
    environment.update(SILENT)
