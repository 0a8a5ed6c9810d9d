"""A model as a repository folder of the Hugging Face Hub: what `Segmenter.load` opens, what transformers.js
opens as SAM 2, and a card.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import onnx

from uniultra.atomic import staged
from uniultra.backends.hub import SUMS, sums_of
from uniultra.backends.onnx import DECODER, ENCODER, OnnxBackend
from uniultra.export.graph_builder import Pair, check_pair
from uniultra.export.host_sam2 import IMAGENET_MEAN, IMAGENET_STD, sam2_decoder, sam2_encoder
from uniultra.hashes import file_sha256
from uniultra.model_facts import MODEL_JSON, UNKNOWN_LICENCE, ModelFacts, read_licence

NATIVE = (ENCODER, DECODER, MODEL_JSON, "config.json", "model.safetensors")
"""What is copied from the model folder; the last two where they are there."""
ONNX = {"onnx/vision_encoder.onnx": ENCODER, "onnx/prompt_encoder_mask_decoder.onnx": DECODER}
CREATIVE_COMMONS = ("cc-by-4.0", "cc-by-sa-4.0", "cc-by-nd-4.0", "cc-by-nc-4.0", "cc-by-nc-sa-4.0", "cc0-1.0")
SOFTWARE = ("apache-2.0", "mit", "bsd-2-clause", "bsd-3-clause", "mpl-2.0", "gpl-3.0", "lgpl-3.0", "agpl-3.0")
LICENCES = frozenset({UNKNOWN_LICENCE, "cc-by-nc-nd-4.0", *CREATIVE_COMMONS, *SOFTWARE})
"""What the Hub calls them, of those that weights commonly have."""
CARD, PROCESSOR = "README.md", "preprocessor_config.json"
PAPER = "2511.15771"


def write_hub_folder(folder: Path, out: Path, force: bool = False) -> dict[str, str]:
    """Writes the repository of a model folder; all files, or none.

    Returns:
        the SHA-256 of each file, as SHA256SUMS has them.

    Raises:
        ModelError: the folder's model can't be read. OutputError: files are there.
    """
    facts = OnnxBackend.open(folder, 1).facts
    native = [file for file in NATIVE if (folder / file).is_file()]
    source = {file: onnx.load(str(folder / file)) for file in (ENCODER, DECODER)}
    graphs: Pair = {
        ENCODER: sam2_encoder(source, facts, "pixel_values", [f"image_embeddings.{i}" for i in range(3)]),
        DECODER: sam2_decoder(source, facts),
    }
    (out / "onnx").mkdir(parents=True, exist_ok=True)
    files = [CARD, PROCESSOR, *ONNX, *native, SUMS]
    top = {file: out / file for file in files if file not in ONNX}
    with staged({file: out / file for file in ONNX}, force) as deep, staged(top, force) as parts:
        parts = {**deep, **parts}
        for file in native:
            shutil.copyfile(folder / file, parts[file])
        for file, half in ONNX.items():
            check_pair({half: graphs[half]}, facts)
            onnx.save(graphs[half], str(parts[file]))
        parts[PROCESSOR].write_text(json.dumps(_processor(facts), indent=2) + "\n", encoding="utf-8")
        parts[CARD].write_text(_card(folder, facts), encoding="utf-8")
        sums = {file: file_sha256(parts[file]) for file in files if file != SUMS}
        parts[SUMS].write_text(
            "".join(f"{found}  {file}\n" for file, found in sums.items()), encoding="utf-8"
        )
    return sums_of(out / SUMS)


def _processor(facts: ModelFacts) -> dict[str, Any]:
    """How an image becomes `pixel_values`: SAM 2's steps at this model's side."""
    side = {"height": facts.input_size, "width": facts.input_size}
    return {
        "processor_class": "Sam2Processor",
        "image_processor_type": "Sam2ImageProcessor",
        "do_convert_rgb": True,
        "do_resize": True,
        "size": side,
        "resample": 2,
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        "image_mean": list(IMAGENET_MEAN),
        "image_std": list(IMAGENET_STD),
        "do_pad": False,
    }


def _card(folder: Path, facts: ModelFacts) -> str:
    """The card's metadata, how to open it, and the model's own card where it has one."""
    own = folder / "CARD.md"
    metadata: Mapping[str, Any] = {
        **_licence(read_licence(folder)),
        "library_name": "uniultra",
        "pipeline_tag": "mask-generation",
        "tags": ["ultrasound", "medical", "segment-anything", "sam2", "onnx", f"arxiv:{PAPER}"],
        "metrics": ["dice"],
    }
    if own.is_file():
        sets = [
            line.split("|")[1].strip()
            for line in own.read_text(encoding="utf-8").splitlines()
            if _is_set(line)
        ]
        metadata = {**metadata, "datasets": sets}
    lines = [f"{key}: {json.dumps(value)}" for key, value in metadata.items()]
    text = own.read_text(encoding="utf-8") if own.is_file() else f"# {facts.name} {facts.version}\n"
    title, _, rest = text.partition("\n")
    return "\n".join(("---", *lines, "---", title, HOW_TO, rest.lstrip("\n")))


def _licence(said: str) -> dict[str, str]:
    """The card's licence: by the Hub's own name for it, else other with the name beside it, as the Hub
    refuses a name that it doesn't know (huggingface.co/docs/hub/repositories-licenses).
    """
    name = re.sub(r"[^a-z0-9.+]+", "-", said.lower()).strip("-")
    return {"license": name} if name in LICENCES else {"license": "other", "license_name": name}


def _is_set(line: str) -> bool:
    """A row of the card's table of training sets: its third column counts images."""
    cells = [cell.strip() for cell in line.split("|")]
    return len(cells) == 6 and cells[3].replace(",", "").isdigit() and cells[1].replace("_", "").isalnum()


HOW_TO = f"""
Paper: [arXiv {PAPER}](https://arxiv.org/abs/{PAPER}). Offline, from a copy of this repository:

```python
from uniultra import Prompt, Segmenter, read_frame

segmenter = Segmenter.load("FOLDER")  # or "hf://ORGANISATION/NAME", which fetches it once
[mask] = segmenter.segment(read_frame("image.png"), [Prompt(box_xyxy=(40, 60, 200, 190))])
```

In transformers.js, as SAM 2 (`Sam2Model`, `Sam2ImageProcessor`): one pass on the whole image, without a crop.
"""
