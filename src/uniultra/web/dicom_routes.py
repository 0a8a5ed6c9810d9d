"""The routes of DICOM results: SEG, SR and Secondary Capture of what was uploaded as DICOM, as the file's
bytes.
"""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from fastapi import FastAPI, Request, Response

from uniultra.web.cine_routes import TRACK
from uniultra.web.cine_service import CineService
from uniultra.web.dicom_messages import Derived
from uniultra.web.dicom_schemas import DicomIn, TrackDicomIn
from uniultra.web.dicom_service import image_dicom, track_dicom
from uniultra.web.route_parts import BYTES, COMPUTES, disconnected, json_body
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
