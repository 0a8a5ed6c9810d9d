"""A client of `uniultra serve`, for programs that don't want the model in their own process. Needs nothing
but the core. Cines are in `cine_client`.

client = Client("http://127.0.0.1:8008")
image = client.upload("scan.png")
[answer] = client.segment(image, [Prompt(box_xyxy=(120, 80, 310, 240))])
answer.mask_hw, answer.quality
client.delete(image)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from uniultra.io.paths import PathLike
from uniultra.pixel_scale import PixelSize
from uniultra.types import Prompt
from uniultra.web.cine_client import CineCalls
from uniultra.web.client_calls import RefusedError as RefusedError
from uniultra.web.client_calls import mask_and_box, mask_json, prompt_json, size_numbers


@dataclass(frozen=True)
class RemoteImage:
    """An image held by the server until it has been unused for `expires_in_s` seconds."""

    id: str
    width: int
    height: int
    spacing_mm_yx: tuple[float, float] | None
    expires_in_s: float


@dataclass(frozen=True)
class Answer:
    """The answer to one prompt: the mask, bool (H, W); its box by outer edges; its area; the predicted IoU;
    what was changed about the prompt.

    `mask_id` names it in a later prompt (`Client.segment`, `previous`) for as long as the server keeps it;
    None where it doesn't.
    """

    mask_hw: np.ndarray = field(repr=False)
    mask_id: str | None
    box_xyxy: tuple[float, float, float, float] | None
    area_px: int
    area_mm2: float | None
    quality: float
    measures: dict[str, Any] | None = field(default=None, repr=False)
    alternatives: tuple[Answer, ...] = field(default=(), repr=False)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Client(CineCalls):
    """Talks to the server at one address. Holds no connection, so one client serves any number of threads.

    Attributes:
        url: of the server, such as http://127.0.0.1:8008.
        token: where the server wants one.
        timeout_s: for each answer.
        patience_s: how long to go on asking where the server says that it is busy (429); 0 to be refused at
            once.
    """

    def upload(
        self, image: PathLike | bytes, spacing_mm_yx: PixelSize | None = None, frame: int | None = None
    ) -> RemoteImage:
        """Sends an image file, by its path or as its bytes; `frame` picks one of a cine, from 0. Raises
        FileError, ServeError.
        """
        return _image(self._upload("/v1/images", image, spacing_mm_yx, frame))

    def reference(
        self, path: str, spacing_mm_yx: PixelSize | None = None, frame: int | None = None
    ) -> RemoteImage:
        """Names a file on the server's machine, below a folder that its operator allows. Raises
        ServeError.
        """
        return _image(
            self._send_json(
                "POST",
                "/v1/files",
                {"path": path, "spacing_mm_yx": size_numbers(spacing_mm_yx), "frame": frame},
            )
        )

    def segment(
        self,
        image: RemoteImage,
        prompts: Sequence[Prompt],
        previous: Mapping[int, str] | None = None,
        measures: bool = False,
        alternatives: int = 1,
    ) -> list[Answer]:
        """An answer to each prompt, in order, as `Segmenter.segment` gives on the same image.

        `measures` asks for perimeter, diameters and ellipse too. `previous` gives, for the index of a prompt,
        the `mask_id` of an earlier answer on this image, in place of a mask of its own. `alternatives` up to
        3 asks for what clicks may mean instead.

        Raises:
            ServeError: the server can't be reached; RefusedError, where it says why it doesn't answer.
        """
        named = previous or {}
        requested = [prompt_json(prompt, named.get(index)) for index, prompt in enumerate(prompts)]
        found = self._send_json(
            "POST",
            f"/v1/images/{image.id}/segment",
            {"prompts": requested, "measures": measures}
            | ({"alternatives": alternatives} if alternatives != 1 else {}),
        )
        return [_answer(item) for item in found["masks"]]

    def dicom(
        self,
        image: RemoteImage,
        structures: Sequence[tuple[str, np.ndarray | str] | tuple[str, np.ndarray | str, str]],
        kind: str = "seg",
        keep_patient: bool = False,
    ) -> bytes:
        """A DICOM file of masks on an image that was uploaded as DICOM.

        Args:
            structures: the name of each, such as "thyroid", its mask: bool (H, W), or a `mask_id`; and, where
                a person did something to it, "drawn" or "corrected".
            kind: seg, sr (with measurements) or sc (Secondary Capture).
            keep_patient: copies the patient's identity; the file then lies in the study of its source.

        Raises:
            ServeError: as `segment`.
        """
        said = [
            {"label": label, "mask": mask_json(mask)} | ({"by_hand": by_hand[0]} if by_hand else {})
            for label, mask, *by_hand in structures
        ]
        path = f"/v1/images/{image.id}/dicom"
        return self._dicom(path, kind=kind, structures=said, keep_patient=keep_patient)

    def delete(self, image: RemoteImage) -> None:
        """Drops an image. Raises ServeError."""
        self._send("DELETE", f"/v1/images/{image.id}")

    def models(self) -> list[dict[str, Any]]:
        """Name, version and input size of the server's models. Raises ServeError."""
        return list(self._send("GET", "/v1/models")["models"])

    def health(self) -> dict[str, Any]:
        """The server's state. Raises ServeError."""
        return self._send("GET", "/v1/health")


def _image(found: dict[str, Any]) -> RemoteImage:
    spacing = found["spacing_mm_yx"]
    return RemoteImage(
        found["id"],
        found["width"],
        found["height"],
        None if spacing is None else (spacing[0], spacing[1]),
        found["expires_in_s"],
    )


def _answer(item: dict[str, Any]) -> Answer:
    mask_hw, box = mask_and_box(item)
    return Answer(
        mask_hw,
        item["mask_id"],
        box,
        item["area_px"],
        item["area_mm2"],
        item["quality"],
        item.get("measures"),
        tuple(_answer(other) for other in item.get("alternatives", ())),
        tuple(item.get("notes", ())),
    )
