"""Video in the page without a server: containers against FFmpeg, and frames in Chromium against Python's."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from browsers import Visit
from phantoms import ellipse, speckled
from uniultra.io.cines import open_cine
from uniultra.io.coco import mask_of
from uniultra.web.workspace.static_files import STATIC
from videos import save_video

needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
HW = (120, 160)
UNEVEN = [0, 40, 70, 140, 180, 220, 230, 300, 340, 400, 440, 490]
KINDS: list[tuple[str, str, dict[str, Any]]] = [
    ("b.mp4", "libx264", {"bf": "3", "g": "6"}),
    ("long.mp4", "libx264", {"bf": "2", "g": "250"}),
    ("end.mov", "libx264", {"bf": "0", "g": "5"}),
    ("b.mkv", "libx264", {"bf": "2", "g": "6"}),
    ("nine.webm", "libvpx-vp9", {"g": "5", "cpu-used": "8"}),
    ("eight.webm", "libvpx", {"g": "5"}),
    ("one.mp4", "libsvtav1", {"preset": "12", "g": "6"}),
    ("jpeg.avi", "mjpeg", {}),
    ("jpeg.mov", "mjpeg", {}),
]
SCRIPT = f"""
import {{ readFileSync }} from "node:fs";
import {{ containerOf }} from "{(STATIC / "local/video.mjs").as_uri()}";
console.log(JSON.stringify(JSON.parse(readFileSync(0)).map((path) => {{
    const bytes = new Uint8Array(readFileSync(path));
    try {{
        const {{ samples, ...facts }} = containerOf(bytes)(bytes);
        const shown = samples.filter((one) => one.shown).sort((a, b) => a.time - b.time);
        const keys = shown.map((one) => one.key);
        return {{ ...facts, times: shown.map((one) => one.time - shown[0].time), keys }};
    }} catch (error) {{
        return {{ refused: error.message }};
    }}
}})));
"""


def frames() -> list[np.ndarray]:
    """Moving, and different at each moment."""
    return [speckled(ellipse(HW, (60 + 3 * i, 60), (34, 22)), seed=i).pixels_hw for i in range(len(UNEVEN))]


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("videos")
    made = {}
    for name, codec, options in KINDS:
        path, steady = folder / name, name.endswith(".avi")
        made[name] = save_video(path, frames(), None if steady else UNEVEN, codec, **options)
    made["plain.avi"] = uncompressed(folder / "plain.avi")
    return made


def uncompressed(path: Path) -> Path:
    """An AVI of device-independent bitmaps, as older scanners export."""
    import av

    with av.open(str(path), "w") as file:
        stream = file.add_stream("rawvideo", rate=25)
        stream.height, stream.width = HW
        stream.pix_fmt = "bgr24"
        for pixels in frames():
            file.mux(stream.encode(av.VideoFrame.from_ndarray(np.stack([pixels] * 3, -1), "bgr24")))
        file.mux(stream.encode())
    return path


def read(paths: list[Path]) -> list[dict[str, Any]]:
    command = ["node", "--input-type=module", "-e", SCRIPT]
    given = json.dumps([str(path) for path in paths])
    done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)  # type: ignore[no-any-return]


@needs_node
def test_frames_and_times_are_those_of_ffmpeg(videos: dict[str, Path]) -> None:
    import av

    for (name, path), found in zip(videos.items(), read(list(videos.values())), strict=True):
        cine = open_cine(path)
        assert "refused" not in found, (name, found)
        assert (found["height"], found["width"]) == cine.frame_hw, name
        assert found["times"] == pytest.approx(cine.times_s, abs=1e-3), name
        with av.open(str(path)) as file:
            assert found["keys"] == [frame.key_frame for frame in file.decode(video=0)], name


@needs_node
def test_what_this_page_cannot_read_is_said(videos: dict[str, Path], tmp_path: Path) -> None:
    import av

    whole = videos["b.mp4"].read_bytes()
    cut, fragmented = tmp_path / "cut.mp4", tmp_path / "fragmented.mp4"
    cut.write_bytes(whole[: len(whole) // 2])
    options = {"movflags": "frag_keyframe+empty_moov"}
    with av.open(str(videos["b.mp4"])) as source, av.open(str(fragmented), "w", options=options) as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    said = [found["refused"] for found in read([cut, fragmented])]
    assert said == ["its box 'moov' is missing; it may be truncated", "it is a fragmented MP4"]
    old = save_video(tmp_path / "old.avi", frames(), codec="mpeg4")
    assert read([old])[0]["codec"] in ("FMP4", "XVID", "DIVX")


def shown(tab: Visit, path: Path, order: list[int]) -> dict[str, Any]:
    """What the page's reader makes of a file: facts, and grey pixels of frames, requested in an order."""
    script = """async ([name, order]) => {
        const { read } = await import("/static/local/images.mjs");
        const image = await read(Uint8Array.from(atob(window[name]), (sign) => sign.charCodeAt(0)));
        const frames = [];
        for (const number of order) {
            frames.push(btoa(String.fromCharCode(...(await image.grey(number)).pixels)));
        }
        const { width, height, count, times_s, kind } = image;
        return { width, height, count, times_s, kind, frames };
    }"""
    tab.page.evaluate("(data) => { window.given = data; }", base64.b64encode(path.read_bytes()).decode())
    return tab.page.evaluate(script, ["given", order])  # type: ignore[no-any-return]


@pytest.mark.browser
def test_frames_in_the_tab_are_those_of_python(alone: Visit, videos: dict[str, Path]) -> None:
    """Whatever order they are requested in."""
    order = [0, 1, 2, 11, 10, 3, 4, 7, 0, 5]
    for name, path in videos.items():
        cine, found = open_cine(path), shown(alone, path, order)
        assert (found["kind"], found["count"]) == ("video", cine.count), name
        assert (found["height"], found["width"]) == cine.frame_hw, name
        assert found["times_s"] == pytest.approx(cine.times_s, abs=1e-3), name
        truth = [frame.pixels_hw.astype(int).ravel() for frame in cine]
        for number, data in zip(order, found["frames"], strict=True):
            grey = np.frombuffer(base64.b64decode(data), np.uint8)
            off = [np.abs(grey - one).mean() for one in truth]
            assert int(np.argmin(off)) == number, (name, number)
            assert off[number] < 2, (name, number, off[number])


@pytest.mark.browser
def test_a_video_is_tracked(alone: Visit, videos: dict[str, Path]) -> None:
    alone.page.locator("#file-input").set_input_files(videos["b.mp4"])
    alone.wait("app.file.name === 'b.mp4' && app.file.count === 12 && !app.opening")
    alone.page.keyboard.press("s")
    alone.drag((24, 36), (96, 84))
    alone.wait("doc.frames.length === 1 && app.saving === 'saved'")
    alone.page.keyboard.press("t")
    alone.wait("doc.frames.length === 12 && app.saving === 'saved'")
    masks = [frame["masks"][0]["counts"] for frame in alone.state()["doc"]["frames"]]
    for number, counts in enumerate(masks):
        mask, truth = mask_of(counts, HW), ellipse(HW, (60 + 3 * number, 60), (34, 22))
        assert 2 * (mask & truth).sum() / (mask.sum() + truth.sum()) > 0.85, number
