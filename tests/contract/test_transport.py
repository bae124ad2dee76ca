"""The transport against a peer that answers byte for byte as scripted."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import logging
import shutil
import socket
import ssl
import subprocess
import traceback
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
import structlog
from prometheus_client import REGISTRY

from cwbridge import errors
from cwbridge.connectors import trail, unclear, write_guard
from cwbridge.connectors import transport as transport_module
from cwbridge.connectors.calls import Address, Answer, Method, Request
from cwbridge.connectors.connectwise.client import CONNECTWISE
from cwbridge.connectors.profile import Bounds
from cwbridge.connectors.reading import Reader, nothing, reader
from cwbridge.connectors.retry import Policy
from cwbridge.connectors.session import open_session
from cwbridge.connectors.transport import Transport
from cwbridge.queue import arq_port

SECRET = "Basic c2VjcmV0LWtleS1vZi10aGUtdGVzdA=="
QUICK = Policy(backoff_base=0.001, backoff_max=0.002)
WRITES: list[Method] = ["POST", "PATCH", "PUT", "DELETE"]


class Thing(msgspec.Struct):
    id: int


class Turns:
    """A limiter that lets every call pass and keeps what it was told."""

    def __init__(self) -> None:
        self.holds: list[tuple[float, str]] = []
        self.slots = 0
        self.inside = 0
        self.second = asyncio.Event()

    @contextlib.asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        self.slots += 1
        self.inside += 1
        if self.slots == 2:
            self.second.set()
        try:
            yield
        finally:
            self.inside -= 1

    async def hold(self, seconds: float, *, reason: str) -> None:
        self.holds.append((seconds, reason))


class Bench:
    """A transport in front of the peer."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self.turns = Turns()
        self.address = Address.parse(url)
        self.session = session

    def transport(self, **changed: Any) -> Transport:
        bounds: dict[str, Any] = {"timeout_seconds": 5.0, "policy": QUICK}
        return Transport(
            CONNECTWISE, session=self.session, limiter=self.turns, bounds=Bounds(**(bounds | changed))
        )

    async def send(self, method: Method = "GET", *, path: str = "/things/1", **changed: Any) -> Answer[Any]:
        decode: Reader[Any] = nothing if method == "DELETE" else reader(Thing)
        body = b'{"id":1}' if method in {"POST", "PATCH", "PUT"} else None
        request = Request(method, self.address, "/things/{id}", path, decode, body=body)
        return await self.transport(**changed).send(request)


@pytest.fixture
async def bench(peer: Any) -> AsyncIterator[Bench]:
    async with open_session(headers={"Authorization": SECRET, "clientId": "secret-client"}) as session:
        yield Bench(session, f"{peer.url}/base")


@pytest.fixture
def good(reply: Callable[..., bytes]) -> bytes:
    return reply(200, b'{"id":7}', {"x-cw-request-id": "abc-1"})


def half(reply: Callable[..., bytes]) -> bytes:
    return reply(200, b'{"id"', announce=500)


def count(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


async def test_an_answer_comes_back_with_value_and_request_id(bench: Bench, peer: Any, good: bytes) -> None:
    peer.will(good)
    answer = await bench.send()
    assert (answer.status, answer.value.id, answer.request_id) == (200, 7, "abc-1")
    assert peer.seen[0].target == "/base/things/1"
    assert peer.seen[0].headers["user-agent"].startswith("cwbridge/")


async def test_path_and_query_are_sent_exactly_as_encoded(bench: Bench, peer: Any, good: bytes) -> None:
    peer.will(good)
    query = "conditions=a%3D%22x%2By%26%23%25%5B%5D%27%C3%A9%2F%22&fields=id%2Cname"
    await bench.transport().send(Request("GET", bench.address, "/t", "/t%20x", reader(Thing), query))
    assert peer.seen[0].target == f"/base/t%20x?{query}"


@pytest.mark.parametrize("kind", ["reset", "half", "garbled", "502", "500", "408"])
async def test_a_read_is_repeated_until_it_is_answered(
    bench: Bench, peer: Any, good: bytes, reply: Callable[..., bytes], kind: str
) -> None:
    failure = {"reset": "reset", "half": half(reply), "garbled": reply(200, b'{"id":')}
    step = failure.get(kind) or reply(int(kind), b"<html><title>Bad</title></html>")
    peer.will(step, step, good)
    assert (await bench.send()).value.id == 7
    assert len(peer.seen) == 3
    assert bench.turns.slots == 3, "every sending takes its own turn under the limits"


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("reset", (errors.Unreachable, "ConnectWise closed the connection without an answer")),
        ("half", (errors.ServerFailed, "ConnectWise sent half an answer")),
        ("garbled", (errors.ServerFailed, "ConnectWise sent an answer that cannot be read")),
        ("503", (errors.ServerFailed, "ConnectWise answered 503")),
    ],
)
async def test_a_read_gives_up_after_three_tries(
    bench: Bench,
    peer: Any,
    reply: Callable[..., bytes],
    kind: str,
    expected: tuple[type[errors.WorkError], str],
) -> None:
    failure = {"reset": "reset", "half": half(reply), "garbled": reply(200, b"\xff\xfe")}
    peer.will(*[failure.get(kind) or reply(503)] * 3)
    with pytest.raises(expected[0]) as caught:
        await bench.send()
    assert caught.value.cause == expected[1]
    assert "GET /things/1" in caught.value.detail
    assert len(peer.seen) == 3


@pytest.mark.parametrize("method", WRITES)
@pytest.mark.parametrize("kind", ["reset", "half", "500", "502", "504", "silence"])
async def test_a_write_whose_answer_is_lost_is_sent_exactly_once(
    bench: Bench, peer: Any, reply: Callable[..., bytes], method: Method, kind: str
) -> None:
    failure = {"reset": "reset", "silence": "silence", "half": half(reply)}
    step = failure.get(kind) or reply(int(kind), b'{"code":"Error","message":"no"}')
    peer.will(step)
    with pytest.raises(errors.OutcomeUnknown) as caught:
        await bench.send(method, timeout_seconds=1.0 if kind == "silence" else 5.0)
    assert len(peer.seen) == 1
    assert caught.value.work_class == "retry"


@pytest.mark.parametrize("method", WRITES)
async def test_a_write_on_a_kept_connection_that_dies_is_sent_exactly_once(
    bench: Bench, peer: Any, good: bytes, method: Method
) -> None:
    peer.will(good, "reset", good)
    await bench.send()
    with pytest.raises(errors.OutcomeUnknown):
        await bench.send(method)
    assert peer.connections == 1, "the second call went out on the connection of the first"
    assert [seen.method for seen in peer.seen] == ["GET", method]


@pytest.mark.parametrize("body", [b"{", b'{"id":"seven"}', b"", b"x" * 400])
async def test_a_write_with_an_unreadable_good_answer_has_an_unknown_outcome(
    bench: Bench, peer: Any, reply: Callable[..., bytes], body: bytes
) -> None:
    peer.will(reply(201, body))
    with pytest.raises(errors.OutcomeUnknown):
        await bench.send("POST", max_response_bytes=300)
    assert len(peer.seen) == 1


@pytest.mark.parametrize("method", ["GET", *WRITES])
async def test_what_was_never_sent_is_tried_again_and_then_unreachable(bench: Bench, method: Method) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        bench.address = Address.parse(f"http://127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(errors.Unreachable) as caught:
            await bench.send(method)
    assert caught.value.cause == "ConnectWise cannot be reached"
    assert bench.turns.slots == 3


async def test_a_write_goes_out_once_the_connection_comes_about(bench: Bench, peer: Any, good: bytes) -> None:
    async def come_up() -> None:
        await bench.turns.second.wait()
        server = await asyncio.start_server(peer.serve, "127.0.0.1", port)
        stack.push_async_callback(_closed, server)

    peer.will(good)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    bench.address = Address.parse(f"http://127.0.0.1:{port}")
    async with contextlib.AsyncExitStack() as stack:
        coming = asyncio.create_task(come_up())
        answer = await bench.send("POST", policy=Policy(tries=50, backoff_base=0.01, backoff_max=0.02))
        await coming
    assert answer.value.id == 7
    assert len(peer.seen) == 1


async def _closed(server: asyncio.Server) -> None:
    server.close()


@pytest.fixture
def self_signed(tmp_path: Path) -> ssl.SSLContext:
    if shutil.which("openssl") is None:
        pytest.skip("needs the openssl command to make a certificate")
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    made += ["-keyout", "key.pem", "-out", "cert.pem", "-subj", "/CN=localhost", "-days", "1"]
    subprocess.run(made, cwd=tmp_path, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    return context


async def test_an_untrusted_certificate_is_not_tried_again(
    bench: Bench, peer: Any, good: bytes, self_signed: ssl.SSLContext
) -> None:
    peer.will(good)
    server = await asyncio.start_server(peer.serve, "127.0.0.1", 0, ssl=self_signed)
    bench.address = Address.parse(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    with pytest.raises(errors.Unreachable) as caught:
        await bench.send("POST")
    server.close()
    assert "TLS" in caught.value.cause
    assert "certificate" in caught.value.remedy
    assert bench.turns.slots == 1
    assert not peer.seen


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_429_holds_the_limiter_and_is_sent_again(
    bench: Bench, peer: Any, good: bytes, reply: Callable[..., bytes], method: Method
) -> None:
    before = count("cwbridge_api_throttled_total", system="connectwise")
    odd = b'{"error":"ConnectWiseAPI","message":"Too many requests. Please try again in 9 seconds."}'
    peer.will(
        reply(429, odd, {"Retry-After": "9"}), reply(429), reply(429, b"", {"Retry-After": "soon"}), good
    )
    assert (await bench.send(method)).status == 200
    assert bench.turns.holds == [(9.0, "throttled"), (30.0, "throttled"), (30.0, "throttled")]
    assert len({(seen.method, seen.target, seen.body) for seen in peer.seen}) == 1
    assert count("cwbridge_api_throttled_total", system="connectwise") == before + 3


async def test_a_throttle_without_end_becomes_a_wait(
    bench: Bench, peer: Any, reply: Callable[..., bytes]
) -> None:
    peer.will(*[reply(429, b"", {"Retry-After": "40"})] * 6)
    with pytest.raises(errors.Throttled) as caught:
        await bench.send("POST")
    assert caught.value.seconds == 40
    assert len(peer.seen) == 6


async def test_refused_credentials_hold_every_process(
    bench: Bench, peer: Any, reply: Callable[..., bytes]
) -> None:
    peer.will(reply(401, b'{"code":"Unauthorized","message":"No"}'))
    with pytest.raises(errors.AuthenticationRefused):
        await bench.send()
    assert bench.turns.holds == [(60.0, "credentials_refused")]


async def test_a_refusal_names_cause_call_and_request_id(
    bench: Bench, peer: Any, reply: Callable[..., bytes]
) -> None:
    body = b'{"code":"NotFound","message":"Thing 1 not found"}'
    peer.will(reply(404, body, {"x-cw-request-id": "abc-2"}))
    with pytest.raises(errors.NotFound) as caught:
        await bench.send()
    assert caught.value.cause == "ConnectWise has no such record"
    assert caught.value.detail == "Thing 1 not found; GET /things/1, request abc-2"
    assert len(peer.seen) == 1


async def test_a_long_header_is_read(bench: Bench, peer: Any, reply: Callable[..., bytes]) -> None:
    link = ", ".join(
        f'<https://x/?c={"y" * 4_000}>; rel="{name}"' for name in ("next", "last", "first", "prev")
    )
    peer.will(reply(200, b'{"id":7}', {"Link": link}))
    assert (await bench.send()).headers["Link"] == link


PAGE = b"<html><head><title>Sign in</title></head></html>"
HTML = {"Content-Type": "text/html"}


FORMS = [(PAGE, HTML), (b"", {}), (b"Try later", {"Content-Type": "text/plain"})]


@pytest.mark.parametrize(
    ("status", "body", "headers"),
    [
        (status, body, headers)
        for status in (200, 302, 400, 401, 403, 405, 407, 409)
        for body, headers in FORMS
        # An API may refuse credentials with nothing.
        if body or status != 401
    ],
)
async def test_a_read_is_repeated_while_a_gateway_answers(
    bench: Bench, peer: Any, status: int, body: bytes, headers: dict[str, str]
) -> None:
    page, good = peer.reply(status, body, headers), peer.reply(200, b'{"id":7}')
    peer.will(page, page, good)
    assert (await bench.send()).value.id == 7
    peer.will(page, page, page)
    with pytest.raises(errors.ServerFailed) as caught:
        await bench.send()
    if body == PAGE or status != 200:
        assert caught.value.cause == (
            f"ConnectWise did not answer itself, a gateway or proxy sent status {status} instead"
        )
        assert "gateway" in caught.value.remedy
    assert not bench.turns.holds, "a gateway knows nothing of our credentials"


@pytest.mark.parametrize("method", WRITES)
@pytest.mark.parametrize("status", [200, 302, 400, 401, 403, 409])
async def test_a_write_that_a_gateway_answered_has_an_unknown_outcome(
    bench: Bench, peer: Any, reply: Callable[..., bytes], method: Method, status: int
) -> None:
    peer.will(reply(status, PAGE, HTML))
    with pytest.raises(errors.OutcomeUnknown) as caught:
        await bench.send(method)
    assert len(peer.seen) == 1
    assert "gateway" in caught.value.cause
    assert "gateway" in caught.value.remedy
    assert "Sign in" in caught.value.detail


async def test_a_redirect_is_not_followed(bench: Bench, peer: Any, reply: Callable[..., bytes]) -> None:
    peer.will(*[reply(302, b"", {"Location": f"{peer.url}/elsewhere?token=secret"})] * 3)
    with pytest.raises(errors.ServerFailed) as caught:
        await bench.send()
    assert len(peer.seen) == 3
    assert "redirect to 127.0.0.1" in caught.value.detail
    assert "secret" not in caught.value.detail


async def test_a_throttle_is_one_whatever_its_form(
    bench: Bench, peer: Any, good: bytes, reply: Callable[..., bytes]
) -> None:
    peer.will(reply(429, PAGE, HTML), good)
    assert (await bench.send("POST")).status == 200
    assert bench.turns.holds == [(30.0, "throttled")]


@pytest.mark.parametrize(
    ("header", "links"),
    [
        (
            '<https://evil.example/x?page=3&pageSize=25>; rel="next", <https://a/b?page=9,8>; title="a, b"; rel=last',
            {"next": {"page": "3", "pageSize": "25"}, "last": {"page": "9,8"}},
        ),
        ("nonsense; rel=next", {}),
        ("<http://[>; rel=next", {}),
    ],
)
async def test_links_give_parameters_and_never_an_address(
    bench: Bench, peer: Any, reply: Callable[..., bytes], header: str, links: dict[str, dict[str, str]]
) -> None:
    peer.will(reply(200, b'{"id":7}', {"Link": header}))
    assert (await bench.send()).links == links


async def test_an_answer_over_the_limit_is_not_read_to_its_end(
    bench: Bench, peer: Any, reply: Callable[..., bytes]
) -> None:
    peer.will(reply(200, b"[" + b" " * 5_000, announce=10_000_000_000))
    with pytest.raises(errors.Malformed) as caught:
        await bench.send(max_response_bytes=2_000)
    assert "2000 bytes" in caught.value.cause
    assert "CWBRIDGE_HTTP__MAX_RESPONSE_BYTES" in caught.value.remedy


async def test_a_compressed_answer_is_measured_unpacked(
    bench: Bench, peer: Any, reply: Callable[..., bytes]
) -> None:
    packed = gzip.compress(b"[" + b" " * 1_000_000)
    assert len(packed) < 2_000
    peer.will(reply(200, packed, {"Content-Encoding": "gzip"}))
    with pytest.raises(errors.Malformed):
        await bench.send(max_response_bytes=100_000)


async def test_a_long_refusal_is_still_understood(
    bench: Bench, peer: Any, reply: Callable[..., bytes]
) -> None:
    peer.will(*[reply(400, b"<html><title>Bad Request</title>" + b"x" * 500_000 + b"</html>")] * 3)
    with pytest.raises(errors.ServerFailed) as caught:
        await bench.send()
    assert caught.value.detail.startswith("Bad Request;")


async def test_another_form_of_answer_names_field_and_record(
    bench: Bench, peer: Any, reply: Callable[..., bytes]
) -> None:
    peer.will(reply(200, b'[{"id":3},{"id":"4"}]'))
    request = Request("GET", bench.address, "/things", "/things", reader(list[Thing]))
    with pytest.raises(errors.Malformed) as caught:
        await bench.transport().send(request)
    assert caught.value.cause == "ConnectWise answered /things in another form than documented: [].id"
    assert "record 4" in caught.value.detail


class Labelled(msgspec.Struct, frozen=True):
    id: int
    label: str | None = None
    size: int | None = None


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_field_of_another_form_stops_only_the_code_that_reads_it(
    bench: Bench, peer: Any, reply: Callable[..., bytes], method: Method
) -> None:
    peer.will(
        reply(
            200, b'[{"id":3,"label":"three"},{"id":4,"label":["four"],"size":9}]', {"x-cw-request-id": "r1"}
        )
    )
    request = Request(method, bench.address, "/things", "/things", reader(list[Labelled]))
    three, four = (await bench.transport().send(request)).value
    assert (three.label, four.id, four.size) == ("three", 4, 9)
    for _ in range(2):
        with pytest.raises(errors.Malformed) as caught:
            _ = four.label
        assert caught.value.cause == "ConnectWise answered /things in another form than documented: [].label"
        assert caught.value.detail == f"Expected `str`, got `array`; record 4; {method} /things, request r1"
    assert unclear.left_out(four) == Labelled(4, None, 9)
    assert len(peer.seen) == 1


@pytest.mark.parametrize("times", [1, 2, 3, 4])
async def test_the_guard_is_asked_before_every_sending_of_a_write(
    bench: Bench, peer: Any, good: bytes, reply: Callable[..., bytes], times: int
) -> None:
    asked: list[int] = []

    class Lease:
        def ensure(self) -> None:
            asked.append(bench.turns.inside)
            if len(asked) == times:
                raise errors.LeaseLost("The lease is gone")

        async def confirm(self) -> None:
            raise AssertionError("asked for before creates of the flow only")

    peer.will(reply(429, b"", {"Retry-After": "0"}), good)
    token = write_guard.CURRENT.set(Lease())
    try:
        with pytest.raises(errors.LeaseLost):
            await bench.send("POST")
        assert asked == [1] * times, "after the limiter's wait, and again when there is a connection"
        assert len(peer.seen) == (times - 1) // 2
        assert (await bench.send("GET")).value.id == 7, "reads are not asked about"
    finally:
        write_guard.CURRENT.reset(token)


async def test_the_trail_holds_the_newest_calls_and_counts_all(
    bench: Bench, peer: Any, good: bytes, reply: Callable[..., bytes]
) -> None:
    peer.will(reply(500), good, good, "reset")
    with trail.recording(limit=3) as calls:
        await bench.send()
        await asyncio.create_task(bench.send(path="/things/2"))
        with pytest.raises(errors.OutcomeUnknown):
            await bench.send("DELETE")
    assert calls.total == 4
    assert [(call.method, call.path, call.status, call.note) for call in calls] == [
        ("GET", "/things/1", 200, ""),
        ("GET", "/things/2", 200, ""),
        ("DELETE", "/things/1", 0, "lost"),
    ]
    first = calls.last(3)[0]
    assert (first.system, first.endpoint, first.request_id) == ("connectwise", "/things/{id}", "abc-1")


async def test_calls_are_counted_by_template_and_class_of_answer(
    bench: Bench, peer: Any, good: bytes, reply: Callable[..., bytes]
) -> None:
    def counted(status_class: str) -> float:
        return count(
            "cwbridge_api_requests_total",
            system="connectwise",
            method="GET",
            endpoint="/things/{id}",
            status_class=status_class,
        )

    before = {kind: counted(kind) for kind in ("2xx", "5xx", "lost")}
    peer.will(reply(502), "reset", good)
    await bench.send()
    assert {kind: counted(kind) - before[kind] for kind in before} == {"2xx": 1, "5xx": 1, "lost": 1}


async def test_every_call_is_one_debug_line(
    bench: Bench, peer: Any, good: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    peer.will(good)
    with structlog.testing.capture_logs() as lines:
        await bench.send()
    (line,) = [line for line in lines if line["event"] == "api_call"]
    assert {
        name: line[name] for name in ("system", "method", "endpoint", "status", "request_id", "tries")
    } == {
        "system": "connectwise",
        "method": "GET",
        "endpoint": "/things/{id}",
        "status": 200,
        "request_id": "abc-1",
        "tries": 1,
    }


@pytest.mark.parametrize("kind", ["reset", "half", "500", "400", "nonsense", "unreachable"])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_credentials_are_in_no_error_no_log_and_no_repr(
    bench: Bench, peer: Any, caplog: pytest.LogCaptureFixture, kind: str, method: Method
) -> None:
    caplog.set_level(logging.DEBUG)
    reply = peer.reply
    failure = {"reset": "reset", "half": half(reply), "nonsense": b"NONSENSE\r\ncontent-length: 0\r\n\r\n"}
    peer.will(*[failure.get(kind) or reply(int(kind) if kind.isdigit() else 500)] * 3)
    if kind == "unreachable":
        bench.address = Address.parse("http://127.0.0.1:1")
    transport = bench.transport()
    with structlog.testing.capture_logs() as lines, pytest.raises(errors.WorkError) as caught:
        await bench.send(method)
    error: BaseException | None = caught.value
    shown = [repr(transport), repr(lines), caplog.text]
    while error is not None:
        shown += [repr(error), str(error), repr(vars(error))]
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    printed = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    shown.append("".join(printed.format()))
    assert peer.seen == [] or peer.seen[0].headers["authorization"] == SECRET
    assert not [text for text in shown if SECRET.split()[1] in text or "secret-client" in text]


async def test_cancelling_a_caller_is_no_error_of_ours(bench: Bench, peer: Any) -> None:
    peer.will("silence")
    with trail.recording() as calls:
        task = asyncio.create_task(bench.send("GET"))
        await peer.arrived.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert calls.total == 1
    assert bench.turns.inside == 0


@pytest.mark.parametrize("method", WRITES)
async def test_a_cancelled_caller_of_a_write_waits_for_its_answer(
    bench: Bench, peer: Any, good: bytes, method: Method
) -> None:
    peer.will("wait", good)
    with trail.recording() as calls:
        task = asyncio.create_task(bench.send(method))
        await peer.arrived.wait()
        for _ in range(3):
            task.cancel()
            await asyncio.wait({task}, timeout=0.01)
        assert not task.done()
        assert bench.turns.inside == 1
        peer.go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert [call.status for call in calls.newest] == [200]
    assert bench.turns.inside == 0


async def test_a_cancelled_caller_waits_for_an_answer_no_longer_than_a_worker_that_stops(
    bench: Bench, peer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport_module, "ANSWER_SECONDS", 0.05)
    peer.will("silence")
    task = asyncio.create_task(bench.send("POST"))
    await peer.arrived.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        async with asyncio.timeout(5):
            await task
    assert transport_module.ANSWER_SECONDS < arq_port.GOODBYE_SECONDS
