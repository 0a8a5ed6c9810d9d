"""An archive of DICOMweb within a test: QIDO for instances, WADO for one, STOW."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import ClassVar

import pydicom


class Archive(BaseHTTPRequestHandler):
    """QIDO for instances, WADO for one, STOW."""

    held: ClassVar[dict[str, bytes]] = {}
    asked: ClassVar[list[tuple[str, str]]] = []
    answer: ClassVar[int] = 200
    most: ClassVar[int] = 1000
    """So many are held; further ones are answered with 503."""

    whole: ClassVar[float] = 1.0
    """What is sent of an answer before the connection ends; 0: not even its head."""

    def do_GET(self) -> None:
        self.asked.append((self.path, self.headers.get("Authorization", "")))
        found = re.search(
            r"/studies/([0-9.]+)(?:/series/([0-9.]+))?/instances(?:/([0-9.]+))?(?:\?|$)", self.path
        )
        if self.answer != 200 or found is None:
            self.send_error(self.answer if self.answer != 200 else 404)
        elif found[3] is None:
            self.reply(
                200, "application/dicom+json", json.dumps([about(d) for d in self.held.values()]).encode()
            )
        elif found[3] not in self.held:
            self.send_error(404)
        else:
            part = (
                b"--cut\r\nContent-Type: application/dicom\r\n\r\n" + self.held[found[3]] + b"\r\n--cut--\r\n"
            )
            self.reply(200, 'multipart/related; type="application/dicom"; boundary=cut', part)

    def do_POST(self) -> None:
        if len(self.held) >= self.most:
            Archive.answer = 503
        body = (
            self.rfile.read(int(self.headers["Content-Length"])) if "Content-Length" in self.headers else b""
        )
        if self.headers.get("Transfer-Encoding") == "chunked":
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        boundary = re.search(r"boundary=\"?([^\";]+)", self.headers["Content-Type"])[1].encode()  # type: ignore[index]
        for part in body.split(b"--" + boundary)[1:-1]:
            data = part.split(b"\r\n\r\n", 1)[1].removesuffix(b"\r\n")
            self.held[str(pydicom.dcmread(BytesIO(data)).SOPInstanceUID)] = data
        failed = {"00081198": {"vr": "SQ", "Value": [{"00081197": {"vr": "US", "Value": [0xA700]}}]}}
        told = failed if self.answer == 202 else {}
        self.reply(self.answer, "application/dicom+json", json.dumps(told).encode())

    def reply(self, status: int, kind: str, data: bytes) -> None:
        if not self.whole:
            return
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[: int(self.whole * len(data))])

    def log_message(self, *_: object) -> None:
        """Nothing."""


def about(data: bytes) -> dict[str, object]:
    read = pydicom.dcmread(BytesIO(data))
    pairs = (
        ("00080016", read.SOPClassUID),
        ("0020000E", read.SeriesInstanceUID),
        ("00080018", read.SOPInstanceUID),
    )
    return {tag: {"vr": "UI", "Value": [str(value)]} for tag, value in pairs}


@contextmanager
def web_archive() -> Iterator[str]:
    """The address of an empty one; what it holds is `Archive.held`."""
    Archive.held, Archive.asked, Archive.answer, Archive.most = {}, [], 200, 1000
    made = ThreadingHTTPServer(("127.0.0.1", 0), Archive)
    thread = threading.Thread(target=made.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"dicomweb://127.0.0.1:{made.server_port}/dicom-web"
    made.shutdown()
    made.server_close()
