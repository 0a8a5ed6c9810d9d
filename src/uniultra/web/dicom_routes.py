"""The routes of DICOM results: SEG, SR and Secondary Capture of what was uploaded as DICOM, of masks on an
image or of a whole track, as the file's bytes.
"""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from fastapi import FastAPI, Request, Response

from uniultra.web.cine_routes import TRACK
from uniultra.web.cine_service import CineService
from uniultra.web.held_cines import HeldCine, HeldTrack
from uniultra.web.held_images import HeldImage
from uniultra.web.messages import NOT_DICOM, Derive, DeriveCine, Derived, GivenStructure
from uniultra.web.problems import Problem
from uniultra.web.prompt_requests import held_mask
from uniultra.web.route_parts import BYTES, COMPUTES, disconnected, json_body
from uniultra.web.schemas import DicomIn, MaskById, StructureIn, TrackDicomIn
from uniultra.web.service import Service, while_there

DICOM, NOTES = "application/dicom", "uniultra-notes"
"""The media type (RFC 3240), and the header with a JSON list of notes."""
_FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {DICOM: {"schema": BYTES}},
        "headers": {
            NOTES: {
                "description": "what of the patient's identity isn't kept, as a JSON list",
                "schema": {"type": "string"},
            }
        },
    }
}


def add_dicom(app: FastAPI, service: Service, cines: CineService) -> None:
    """Adds what gives DICOM results."""

    @app.post(
        "/v1/images/{image_id}/dicom",
        tags=["images"],
        response_class=Response,
        responses=_FILE | COMPUTES,
        openapi_extra=json_body(DicomIn),
    )
    async def dicom_of_image(image_id: str, request: Request) -> Response:
        """A DICOM SEG, SR or Secondary Capture of masks on an image that was uploaded as DICOM."""
        service.store.get(image_id)  # before the body is read
        requested = await service.bodies.read(request, DicomIn)
        return _response(
            await while_there(image_dicom(service, image_id, requested), partial(disconnected, request))
        )

    @app.post(
        TRACK + "/dicom",
        tags=["cines"],
        response_class=Response,
        responses=_FILE | COMPUTES,
        openapi_extra=json_body(TrackDicomIn),
    )
    async def dicom_of_track(cine_id: str, track_id: str, request: Request) -> Response:
        """The same of a track through a cine that was uploaded as DICOM, with its corrections."""
        held = cines.store.get(cine_id)
        track = held.track(track_id)
        requested = await service.bodies.read(request, TrackDicomIn)
        return _response(
            await while_there(track_dicom(cines, held, track, requested), partial(disconnected, request))
        )


def _response(made: Derived) -> Response:
    headers = {"content-disposition": f'attachment; filename="{made.uid}.dcm"'}
    return Response(made.data, media_type=DICOM, headers=headers | {NOTES: json.dumps(list(made.notes))})


async def image_dicom(service: Service, image_id: str, requested: DicomIn) -> Derived:
    """One object of masks on an uploaded image. Raises Problem."""
    image = service.store.get(image_id)
    if image.origin is None:
        raise Problem("output", NOT_DICOM.format("image"))
    if image.origin.refused:
        raise Problem("output", image.origin.refused)
    structures = tuple(
        _given(f"structure {place}", one, image) for place, one in enumerate(requested.structures, start=1)
    )
    job = Derive(image.frame, image.origin, requested.kind, structures, requested.keep_patient)
    answer = await service.lanes[image.lane].run(job)
    assert isinstance(answer.value, Derived)
    return answer.value


def _given(place: str, one: StructureIn, image: HeldImage) -> GivenStructure:
    """Raises Problem."""
    if isinstance(one.mask, MaskById) and one.by_hand is not None:
        raise Problem(
            "prompt",
            f"{place}: the server's own mask is nobody's by hand; leave out by_hand, or send the mask itself",
        )
    mask = held_mask(place, one.mask, image)
    quality = image.masks[one.mask.id].quality if isinstance(one.mask, MaskById) else None
    return GivenStructure(one.label, mask, one.by_hand, quality)


async def track_dicom(
    cines: CineService, cine: HeldCine, track: HeldTrack, requested: TrackDicomIn
) -> Derived:
    """One object of all that a track finds, its corrections included; what isn't known is computed. Raises
    Problem.
    """
    names: dict[int, str] = {}
    for one in requested.labels:
        if one.object in names:
            raise Problem("prompt", f"structure {one.object} has two labels; give it one")
        names[one.object] = one.label
    found: dict[int, dict[int, tuple[str, str, float]]] = {}
    for revision in range(len(track.revisions)):
        async for frame in cines.follow(cine, track, revision, -1):
            own = found.setdefault(frame.frame or 0, {})
            own |= {one.object: (one.status, one.rle.counts, one.quality) for one in frame.objects or ()}
    readable = {frame: own for frame, own in found.items() if own}
    job = DeriveCine(cines.file_of(cine), requested.kind, names, readable, requested.keep_patient)
    return await cines.derive(cine, job)
