"""DICOM results of what the server holds: of masks on an image, and of a whole track."""

from __future__ import annotations

from uniultra.web.cine_service import CineService
from uniultra.web.dicom_messages import Derive, DeriveCine, Derived
from uniultra.web.dicom_schemas import DicomIn, TrackDicomIn
from uniultra.web.held_cines import HeldCine, HeldTrack
from uniultra.web.problems import Problem
from uniultra.web.prompt_requests import held_mask
from uniultra.web.service import Service
from uniultra.web.worker_dicom import NOT_DICOM


async def image_dicom(service: Service, image_id: str, requested: DicomIn) -> Derived:
    """One object of masks on an uploaded image. Raises Problem."""
    image = service.store.get(image_id)
    if image.origin is None:
        raise Problem("output", NOT_DICOM.format("image"))
    if image.origin.refused:
        raise Problem("output", image.origin.refused)
    structures = tuple(
        (one.label, held_mask(f"structure {place}", one.mask, image))
        for place, one in enumerate(requested.structures, start=1)
    )
    job = Derive(image.frame, image.origin, requested.kind, structures, requested.keep_patient)
    answer = await service.lanes[image.lane].run(job)
    assert isinstance(answer.value, Derived)
    return answer.value


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
    found: dict[int, dict[int, tuple[str, str]]] = {}
    for revision in range(len(track.revisions)):
        async for frame in cines.follow(cine, track, revision, -1):
            own = found.setdefault(frame.frame, {})
            own |= {one.number: (one.status, one.counts) for one in frame.objects}
    readable = {frame: own for frame, own in found.items() if own}
    job = DeriveCine(cines.file_of(cine), requested.kind, names, readable, requested.keep_patient)
    return await cines.derive(cine, job)
