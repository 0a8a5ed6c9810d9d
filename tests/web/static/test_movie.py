"""The overlay movie of the page without a server: what the browser encodes, read back by FFmpeg."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from browsers import Visit
from exported import HW, MASKS, document, exported
from uniultra.io.cines import open_cine
from uniultra.web.workspace.static_files import STATIC

needs_browser = pytest.mark.browser
WRITE = f"""
import {{ readFileSync, writeFileSync }} from "node:fs";
import {{ written }} from "{(STATIC / "local/export/mp4_writer.mjs").as_uri()}";
const {{ out, chunks, description, ...of }} = JSON.parse(readFileSync(0));
const bytes = (text) => Uint8Array.from(Buffer.from(text, "hex"));
const own = chunks.map((chunk) => ({{ ...chunk, bytes: bytes(chunk.bytes) }}));
writeFileSync(out, written({{ ...of, colour: null, description: bytes(description), chunks: own }}));
"""


def check_pictures(path: Path, files: dict[str, bytes]) -> None:
    """Frames 0, 1 and 2 at 25 a second: 0 and 2 are the overlays, 1 says that the kidney is lost."""
    with av.open(str(path)) as held:
        pictures = [frame.to_ndarray(format="rgb24").astype(int) for frame in held.decode(video=0)]
        stream = held.streams.video[0]
        assert float(stream.average_rate) == pytest.approx(25)
        assert float(held.duration / av.time_base) == pytest.approx(3 / 25, abs=0.002)
    assert len(pictures) == 3
    for number in MASKS:
        png = files[f"cine.frame{number}.overlay.png"]
        overlay = np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)
        assert pictures[number].shape == overlay.shape == (4 * HW[0], 4 * HW[1], 3)
        off = np.abs(pictures[number] - overlay).mean()
        assert off < 12, f"frame {number}: speckle in few bits, but the same picture"
        assert off < 0.5 * np.abs(pictures[1] - overlay).mean()
    corner = pictures[1][8:24, 6:16].mean(axis=(0, 1))
    assert corner[2] > corner[0] + 60, "the label of the lost kidney is blue"
    cine = open_cine(path)
    assert cine.count == 3
    assert cine.rate_hz == pytest.approx(25, rel=0.01)


@needs_browser
def test_the_movie_is_h264_in_mp4(cine: dict[str, bytes], tmp_path: Path) -> None:
    path = tmp_path / "theirs.mp4"
    path.write_bytes(cine["cine.frames.overlay.mp4"])
    with av.open(str(path)) as held:
        assert held.streams.video[0].codec_context.name == "h264"
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat"), "a browser plays it while it loads"
    check_pictures(path, cine)


@needs_browser
def test_a_browser_without_h264_writes_webm_and_one_without_an_encoder_says_so(
    alone: Visit, scans: Path, tmp_path: Path
) -> None:
    page = alone.page
    page.evaluate(
        """() => {
            const asked = VideoEncoder.isConfigSupported.bind(VideoEncoder);
            VideoEncoder.isConfigSupported = async (config) =>
                config.codec.startsWith("avc") ? { supported: false } : asked(config);
        }"""
    )
    files = exported(alone, scans / "cine.dcm", document(MASKS))
    assert not [name for name in files if name.endswith("mp4")]
    path = tmp_path / "theirs.webm"
    path.write_bytes(files["cine.frames.overlay.webm"])
    with av.open(str(path)) as held:
        assert held.streams.video[0].codec_context.name == "vp9"
    check_pictures(path, files)
    for spoil, english, german in (
        ("VideoEncoder.isConfigSupported = async () => ({})", "neither H.264", "weder H.264"),
        ("delete window.VideoEncoder", "has no video encoder here", "kodiert hier kein Video"),
    ):
        page.evaluate(spoil)
        page.locator("#file-input").set_input_files(scans / "still.dcm")
        alone.wait("app.file.name === 'still.dcm' && !app.opening")
        page.locator("#file-input").set_input_files(scans / "cine.dcm")
        alone.wait("app.file.name === 'cine.dcm' && !app.opening")
        for language, words in (("en", english), ("de", german)):
            page.evaluate("async (code) => (await import('/static/texts.mjs')).speak(code, false)", language)
            page.locator("#export").click()
            choice = page.locator("#export-dialog label", has=page.locator("input[value=movie]"))
            assert choice.locator("input").is_disabled()
            assert words in choice.inner_text()
            page.keyboard.press("Escape")
    page.evaluate("async () => (await import('/static/texts.mjs')).speak('en', false)")


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_pictures_that_are_decoded_in_another_order_keep_their_times(tmp_path: Path) -> None:
    """Of x264 with pictures that refer to later ones, as WebCodecs may give them."""
    first = np.random.default_rng(0).integers(0, 255, (64, 96, 3), np.uint8)
    pictures = [np.roll(first, 3 * step, axis=1) for step in range(12)]
    source = tmp_path / "source.mp4"
    with av.open(str(source), "w") as held:
        stream = held.add_stream("libx264", rate=20, options={"bf": "2", "preset": "medium"})
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        for picture in pictures:
            held.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        held.mux(stream.encode())
    with av.open(str(source)) as held:
        stream = held.streams.video[0]
        packets = [one for one in held.demux(stream) if one.size]
        assert [one.pts for one in packets] != sorted(one.pts for one in packets), "none is out of order"
        chunks = [
            {
                "bytes": bytes(one).hex(),
                "key": one.is_keyframe,
                "at": round(1e6 * float(one.pts * one.time_base)),
            }
            for one in packets
        ]
        description = stream.codec_context.extradata.hex()
    about = {"codec": "avc1.640028", "width": 96, "height": 64, "rate": 20, "out": str(tmp_path / "o.mp4")}
    given = json.dumps(about | {"chunks": chunks, "description": description})
    command = ["node", "--input-type=module", "-e", WRITE]
    done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    with av.open(str(source)) as one, av.open(str(tmp_path / "o.mp4")) as two:
        ours, theirs = (list(held.decode(video=0)) for held in (one, two))
    assert len(theirs) == len(pictures)
    began = theirs[0].time
    for place, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        assert np.array_equal(a.to_ndarray(format="rgb24"), b.to_ndarray(format="rgb24"))
        assert b.time - began == pytest.approx(place / 20, abs=0.001)
