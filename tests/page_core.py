"""The page's maths, `core/`, called through Node."""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np

from uniultra.web.workspace.static_files import STATIC

CLIENT = Path(__file__).parents[1] / "examples" / "node"
HEAD = f"""
import {{ readFileSync }} from "node:fs";
const given = JSON.parse(readFileSync(0)), core = "{(STATIC / "core").as_uri()}";
const client = "{CLIENT.as_uri()}";
const image = ({{ width, height, data }}) => ({{ width, height,
    pixels: new Uint8Array(Buffer.from(data, "base64")) }});
"""


def node(script: str, given: Any) -> Any:
    """What a script prints as JSON; it finds `given`, the folder `core`, and `image` for what was `sent`."""
    command = ["node", "--input-type=module", "-e", HEAD + script]
    done = subprocess.run(command, input=json.dumps(given), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def sent(pixels_hw: np.ndarray) -> dict[str, Any]:
    data = base64.b64encode(np.ascontiguousarray(pixels_hw).tobytes()).decode()
    return {"height": pixels_hw.shape[0], "width": pixels_hw.shape[1], "data": data}
