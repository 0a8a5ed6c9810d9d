"""The page without a server: its files, a model, onnxruntime-web and the examples, for any web server of
files.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from uniultra import __version__
from uniultra.atomic import staged_folder
from uniultra.errors import ModelError, OutputError
from uniultra.model_facts import MODEL_JSON
from uniultra.registry import exported_folder
from uniultra.structures import NAMES, PAIRED, SIDES, Structure, structure
from uniultra.text import printable
from uniultra.web.workspace.items import EXAMPLES
from uniultra.web.workspace.static_files import INDEX, static_files

if TYPE_CHECKING:
    from pydicom.sr.coding import Code

ENGINE = ("ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm")
"""What is taken of onnxruntime-web: its WebAssembly build with SIMD."""
MODEL = (MODEL_JSON, "encoder.onnx", "decoder.onnx")
SITE = "site.json"
"""What the page must know of this package: its version, and the codes of structures, measures and units."""
_HEAD = '<meta charset="utf-8">'
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
    )
)
"""The data stays in the tab: a page with this policy can ask nobody but where it came from."""


def build(out: Path, model: str, engine: Path) -> int:
    """Writes the page into a new folder; how many bytes it has.

    Args:
        model: a published model, or a folder that `uniultra export` wrote.
        engine: the folder `dist` of npm's onnxruntime-web.

    Raises:
        ModelError: the model is unknown, or lacks a file. OutputError: `engine` lacks a file, or `out`
            exists.
    """
    folder = exported_folder(model)
    for name in MODEL:
        if not (folder / name).is_file():
            raise ModelError(f"model '{printable(model)}' lacks {name}; export it again")
    for name in ENGINE:
        if not (engine / name).is_file():
            raise OutputError(
                f"--onnxruntime {printable(str(engine))} lacks {name}; run `npm install onnxruntime-web` "
                "and give node_modules/onnxruntime-web/dist"
            )
    with staged_folder(out) as part:
        _write_page(part)
        _copy(folder, MODEL, part / "model")
        _copy(engine, ENGINE, part / "ort")
        listed = json.loads((EXAMPLES / "examples.json").read_text(encoding="utf-8"))
        names = [str(example["image"]) for example in listed]
        (part / SITE).write_text(json.dumps(_site()), encoding="utf-8")
        _copy(EXAMPLES, [*names, "ATTRIBUTION.md"], part / "examples")
        (part / "examples" / "examples.json").write_text(json.dumps(names), encoding="utf-8")
        return sum(path.stat().st_size for path in part.rglob("*") if path.is_file())


def _site() -> dict[str, Any]:
    """The version; of each listed name its codes, a list of scheme, value and meaning each; and those of
    the SR's measures and units.
    """
    from uniultra.io.dicom.sr_codes import LENGTH, UNITS
    from uniultra.io.dicom.sr_codes import NAMES as MEASURES

    names = [*NAMES, *(f"{side} {name}" for side in SIDES for name in PAIRED)]
    tables = {"measures": MEASURES | {"length": LENGTH}, "units": UNITS}
    return {
        "uniultra": __version__,
        "structures": {name: _codes(structure(name)) for name in names},
        "codes": {
            key: {name: _listed(code) for name, code in table.items()} for key, table in tables.items()
        },
    }


def _listed(code: Code) -> list[str]:
    return [code.scheme_designator, code.value, code.meaning]


def _codes(one: Structure) -> dict[str, list[str] | None]:
    coded = {"category": one.category, "type": one.kind, "region": one.region, "side": one.side}
    return {
        key: None if code is None else [code.scheme, code.value, code.meaning] for key, code in coded.items()
    }


def _write_page(part: Path) -> None:
    for name, (data, _) in static_files().items():
        path = part / "static" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (part / "static" / INDEX).unlink()
    (part / "static" / "api.mjs").write_text('export * from "./local/api.mjs";\n', encoding="utf-8")
    page = static_files()[INDEX][0].decode("utf-8")
    assert page.count(_HEAD) == 1, "the page's head has changed"
    head = f'{_HEAD}\n  <meta http-equiv="Content-Security-Policy" content="{POLICY}">'
    (part / INDEX).write_text(page.replace(_HEAD, head), encoding="utf-8")


def _copy(source: Path, names: list[str] | tuple[str, ...], target: Path) -> None:
    target.mkdir()
    for name in names:
        shutil.copyfile(source / name, target / name)
