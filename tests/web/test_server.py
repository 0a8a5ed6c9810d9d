"""A server as users start it, in a process of its own: many clients at once, hostile ones, and a graceful
end.
"""

from __future__ import annotations

import http.client
import json
import logging
import os
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import IO, Any

import numpy as np
import pytest

from phantoms import ellipse, speckled
from scans import png_of
from uniultra.backends.protocol import Backend
from uniultra.segmenter import Segmenter
from uniultra.types import Frame, Prompt
from uniultra.web.client import Client, RefusedError
from uniultra.web.server import quieten


@dataclass(frozen=True)
class Running:
    """A server: its process, its port, and the file of its log: a pipe that nobody empties would stop it."""

    process: subprocess.Popen[str]
    port: int
    log: IO[str]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def stop(self) -> tuple[int, str]:
        """Exit code, and what was logged."""
        self.process.send_signal(signal.SIGTERM)
        return self.ended()

    def ended(self) -> tuple[int, str]:
        code = self.process.wait(300)
        self.log.seek(0)
        return code, self.log.read()


@contextmanager
def running(*flags: str) -> Iterator[Running]:
    command = [sys.executable, "-m", "uniultra.cli.main", "serve", "--port", "0", "--processes", "1", *flags]
    with tempfile.TemporaryFile("w+", encoding="utf-8") as log:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=log, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"}
        )
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            found = re.match(r"http://127\.0\.0\.1:(\d+)/v1 \(uniultra-mini", line)
            started = Running(process, int(found[1]) if found else 0, log)
            assert found, line or started.ended()
            yield started
        finally:
            process.kill()
            process.communicate()


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running("--upload-mb", "1", "--connections", "20", "--queue", "40", "--stop-s", "300") as started:
        yield started


@pytest.fixture(scope="module")
def impatient() -> Iterator[Running]:
    """A server whose clients have a second for all that they send or take."""
    with running("--client-s", "1", "--upload-mb", "1") as started:
        yield started


def received(connection: socket.socket) -> bytes:
    """All that comes until the server closes."""
    parts = []
    try:
        while part := connection.recv(1 << 16):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)


def sent(connection: socket.socket, data: bytes) -> bool:
    """Whether the server still took it: a client that the machine holds up may find the connection closed."""
    try:
        connection.sendall(data)
    except OSError:
        return False
    return True


def status_and_problem(answer: bytes) -> tuple[int, str]:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"application/problem+json" in head
    return int(head.split()[1]), json.loads(body)["type"].rpartition(":")[2]


def test_answers_are_not_mixed(server: Running, backend: Backend) -> None:
    """Each of 8 clients has an image of its own, and gets the segmenter's answer for it."""
    insides = [ellipse((120, 160), (40 + 10 * i, 40 + 5 * i), (20 + i, 14 + i)) for i in range(8)]
    frames = [speckled(inside, seed=i) for i, inside in enumerate(insides)]
    prompts = [Prompt(points_xy=((40.0 + 10 * i, 40.0 + 5 * i),), point_labels=(1,)) for i in range(8)]

    def ask(index: int) -> list[np.ndarray]:
        client = Client(server.url)
        image = client.upload(png_of(frames[index].pixels_hw))
        answers = [client.segment(image, [prompts[index]])[0].mask_hw for _ in range(4)]
        client.delete(image)
        return answers

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(ask, range(8)))
    for index, answers in enumerate(found):
        [expected] = Segmenter(backend).segment(frames[index], [prompts[index]])
        for answer in answers:
            np.testing.assert_array_equal(answer, expected.mask_hw)
    assert Client(server.url).health()["images"] == 0


def test_a_slow_header_is_cut(impatient: Running) -> None:
    """A byte alone does not buy more time: who sends one now and then is cut as well."""
    with impatient.connect() as connection:
        connection.sendall(b"GET /v1/health?")
        for _ in range(120):
            ready, _, _ = select.select([connection], [], [], 0.15)
            if ready or not sent(connection, b"x"):
                break
        else:
            pytest.fail("18 s of single bytes were taken for one header of at most 1 s")
        assert status_and_problem(received(connection)) == (408, "slow-client")


def test_a_silent_connection_is_cut(impatient: Running) -> None:
    with impatient.connect() as connection:
        assert status_and_problem(received(connection)) == (408, "slow-client")


def test_a_second_slow_header_is_cut(impatient: Running) -> None:
    with impatient.connect() as connection:
        connection.sendall(b"GET /v1/health HTTP/1.1\r\nHost: localhost\r\n\r\nGET /v1/hea")
        assert received(connection).startswith(b"HTTP/1.1 200"), "and then the connection is closed"


def test_a_slow_body_is_cut(impatient: Running) -> None:
    with impatient.connect() as connection:
        connection.sendall(b"POST /v1/images HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(5):
            if not sent(connection, b"x"):
                break
            time.sleep(0.1)
        assert status_and_problem(received(connection)) == (408, "slow-client")


def test_an_oversize_upload_is_cut_while_it_comes(server: Running) -> None:
    with server.connect() as connection:
        connection.sendall(
            b"POST /v1/images HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        chunk, sent = b"10000\r\n" + bytes(65536) + b"\r\n", 0
        connection.settimeout(1)
        try:
            for _ in range(1000):
                connection.sendall(chunk)
                sent += 65536
        except OSError:  # the server reads no more
            pass
        connection.settimeout(20)
        assert status_and_problem(received(connection)) == (413, "too-large")
    assert sent < 30_000_000


def test_an_announced_oversize_upload_is_refused_at_once(server: Running) -> None:
    with server.connect() as connection:
        connection.sendall(
            b"POST /v1/images HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000001\r\nExpect: "
            b"100-continue\r\n\r\n"
        )
        assert status_and_problem(received(connection)) == (413, "too-large")


@pytest.mark.parametrize(
    "data",
    [
        b"nonsense\r\n\r\n",
        b"\x16\x03\x01\x02\x00",
        b"GET / HTTP/1.1\r\n" + b"X: " + b"y" * 50_000 + b"\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\n\r\n",
    ],
)
def test_what_is_no_http(impatient: Running, data: bytes) -> None:
    with impatient.connect() as connection:
        connection.sendall(data)
        assert status_and_problem(received(connection))[0] in (400, 408)


def test_a_client_that_takes_no_answers_is_cut(impatient: Running) -> None:
    requested = 2000
    with impatient.connect() as connection:
        connection.settimeout(0.5)
        with suppress(OSError):  # it no longer reads either
            connection.sendall(b"GET /v1/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n" * requested)
        time.sleep(2.5)
        connection.settimeout(20)
        assert received(connection).count(b"HTTP/1.1 200") < requested
    assert Client(impatient.url).health()["status"] == "ok"


def test_connections_are_bounded(server: Running) -> None:
    with ExitStack() as stack:
        connections = [stack.enter_context(server.connect()) for _ in range(21)]
        assert status_and_problem(received(connections[-1])) == (503, "stopping")
    time.sleep(0.2)
    assert Client(server.url).health()["status"] == "ok"


def until(condition: Callable[[], Any]) -> None:
    ends = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.005)


def test_stopping_finishes_answers_under_way(frame: Frame, picture: bytes) -> None:
    with running("--stop-s", "300") as server:
        client = Client(server.url)
        image = client.upload(picture)
        boxes = [Prompt(box_xyxy=(40 + i % 8, 20 + i // 8, 122, 82)) for i in range(64)]
        with ThreadPoolExecutor(2) as pool:
            requested = [
                pool.submit(client.segment, image, boxes) for _ in range(2)
            ]  # one is computed, one waits
            until(lambda: client.health()["waiting"] == 2)
            server.process.send_signal(signal.SIGTERM)
            answers = [job.result() for job in requested]
        assert [len(answer) for answer in answers] == [64, 64]
        code, logged = server.ended()
        assert code == 0
        with pytest.raises(ConnectionRefusedError, match="refused"):
            server.connect()
    assert logged.count("POST /v1/images/{image_id}/segment 200") == 2
    assert "Traceback" not in logged
    assert image.id not in logged


@pytest.mark.parametrize("said", ["Traceback (most recent call last):\n  secret", "it went wrong"])
def test_no_trace_is_logged_as_text_either(said: str, caplog: pytest.LogCaptureFixture) -> None:
    quieten()
    logger = logging.getLogger("uvicorn.error")
    logger.error(said)
    try:
        raise ValueError("secret")
    except ValueError:
        logger.exception("it failed")
    expected = [] if said.startswith("Traceback") else [said]
    assert [record.getMessage() for record in caplog.records] == [*expected, "it failed"]
    assert "secret" not in caplog.text


def test_what_takes_too_long_to_stop_is_told(picture: bytes) -> None:
    with running("--stop-s", "0") as server:
        client = Client(server.url)
        image = client.upload(picture)
        boxes = [Prompt(box_xyxy=(40 + i % 8, 20 + i // 8, 122, 82)) for i in range(64)]
        with ThreadPoolExecutor(1) as pool:
            requested = pool.submit(client.segment, image, boxes)
            until(lambda: client.health()["waiting"] == 1)
            code, logged = server.stop()
            with pytest.raises(RefusedError, match="503 stopping"):
                requested.result()
        assert code == 0
        assert "Traceback" not in logged


def test_a_client_that_goes_away_is_no_error(server: Running) -> None:
    with server.connect() as connection:
        connection.sendall(b"POST /v1/images HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nx")
    line = 'uniultra_requests_total{method="POST",route="/v1/images",status="499"} 1.0'
    until(lambda: line in urllib.request.urlopen(f"{server.url}/v1/metrics").read().decode())


def test_nothing_is_left_of_a_server_that_was_killed(picture: bytes) -> None:
    with running() as server:
        Client(server.url).upload(picture)
        children = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(server.process.pid)],
            capture_output=True,
            text=True,
            check=False,
        )
        server.process.kill()
        server.process.wait()
        pids = [int(pid) for pid in children.stdout.split()]
        assert pids
        until(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in pids))


def test_keep_alive_answers_come_in_order(server: Running) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    for path in ("/v1/health", "/v1/nothing", "/v1/models", "/v1/health"):
        connection.request("GET", path)
        answer = connection.getresponse()
        assert (answer.status == 404) == (path == "/v1/nothing")
        assert answer.read()
    connection.close()


def raw(server: Running, head: str) -> tuple[int, bytes]:
    with server.connect() as connection:
        connection.sendall(head.replace("\n", "\r\n").encode() + b"\r\n\r\n")
        answer = received(connection)
    return int(answer.split()[1]), answer


def test_a_target_in_absolute_form_is_what_its_path_is(server: Running) -> None:
    """RFC 9112 3.2.2: a server must take it, and its authority counts in place of Host."""
    close = "\nConnection: close"
    assert (
        raw(server, f"GET http://127.0.0.1:{server.port}/v1/health HTTP/1.1\nHost: 127.0.0.1{close}")[0]
        == 200
    )
    status, answer = raw(server, f"GET http://evil.example/v1/health HTTP/1.1\nHost: 127.0.0.1{close}")
    assert (status, status_and_problem(answer)[1]) == (403, "host")
    assert raw(server, f"GET http://127.0.0.1/v1/health HTTP/1.1\nHost: evil.example{close}")[0] == 200
    assert raw(server, f"GET http://127.0.0.1/v1/health?x=1 HTTP/1.1\nHost: 127.0.0.1{close}")[0] == 422
    assert raw(server, f"GET http://127.0.0.1 HTTP/1.1\nHost: 127.0.0.1{close}")[0] == 404


def test_a_client_that_goes_away_costs_no_more_computing(server: Running) -> None:
    """Three requests of 64 clicks each take some 15 s; when their clients have gone, the next one is answered
    soon.
    """
    client = Client(server.url)
    image = client.upload(png_of(speckled(ellipse((120, 160), (85, 55), (35, 25))).pixels_hw))
    box = [Prompt(box_xyxy=(48.0, 28.0, 122.0, 82.0))]
    began = time.monotonic()
    assert len(client.segment(image, box)) == 1
    alone = time.monotonic() - began
    clicks = json.dumps({"prompts": [{"points": [[80 + i % 8, 50 + i // 8]]} for i in range(64)]}).encode()
    head = (
        f"POST /v1/images/{image.id}/segment HTTP/1.1\nHost: 127.0.0.1\nContent-Type: "
        f"application/json\nContent-Length: {len(clicks)}"
    )
    gone = []
    for _ in range(3):
        connection = server.connect()
        connection.sendall(head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + clicks)
        gone.append(connection)
    time.sleep(0.5)
    for connection in gone:
        connection.close()
    began = time.monotonic()
    assert len(client.segment(image, box)) == 1
    assert time.monotonic() - began < 3.0 + 20 * alone
    for _ in range(50):
        if urllib.request.urlopen(f"{server.url}/v1/health").read().find(b'"waiting":0') > 0:
            return
        time.sleep(0.1)
    raise AssertionError("jobs of gone clients are still held")


def test_expensive_json_bodies_leave_the_server_answering(server: Running) -> None:
    client = Client(server.url)
    image = client.upload(png_of(speckled(ellipse((120, 160), (85, 55), (35, 25))).pixels_hw))
    body = b"{" + b",".join(b'"key%07d": 1' % i for i in range(400_000)) + b"}"

    def post(path: str) -> int:
        requested = urllib.request.Request(f"{server.url}{path}", body, {"Content-Type": "application/json"})
        try:
            return int(urllib.request.urlopen(requested, timeout=20).status)
        except urllib.error.HTTPError as error:
            return error.code

    with ThreadPoolExecutor(5) as pool:
        posts = [pool.submit(post, f"/v1/images/{image.id}/segment") for _ in range(3)] + [
            pool.submit(post, "/v1/images/none/segment")
        ]
        slowest = 0.0
        while not all(one.done() for one in posts):
            began = time.monotonic()
            urllib.request.urlopen(f"{server.url}/v1/health", timeout=20).read()
            slowest = max(slowest, time.monotonic() - began)
    assert sorted(one.result() for one in posts) == [404, 422, 422, 422]
    assert slowest < 3.0  # 10 s before; 100 ms on an idle machine
