"""What a hostile or broken client may try: others are answered, and no response tells about the server."""

import base64
import json
import socket
import struct
import threading
import time
import zlib

import pytest
import requests
from servers import exchange, post, read_answer, serving

PREDICT = "/v1/models/small_toy_reviews:predict"
SECONDS = 0.5


@pytest.fixture(scope="module")
def server(small_run):
    limits = {
        "header_time_limit": SECONDS,
        "body_time_limit": SECONDS,
        "max_body_bytes": 100_000,
        "max_connections": 20,
    }
    with serving(small_run("toy_reviews"), small_run("digits"), **limits) as running:
        yield running


@pytest.fixture(autouse=True)
def still_answers(server):
    """Whatever a test does, others are answered after it, and nothing is left running."""
    yield
    answer = requests.post(f"{server.url}{PREDICT}", json={"instances": ["a fine film"]}, timeout=30)
    assert answer.status_code == 200
    deadline = time.monotonic() + 10
    while server.server.server_state.tasks and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not server.server.server_state.tasks


def status_of(answer):
    return int(answer.split(b" ", 2)[1])


def document_of(answer):
    return json.loads(answer.partition(b"\r\n\r\n")[2])


DEEP = b'{"instances": ' + b"[" * 40_000 + b"]" * 40_000 + b"}"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "not JSON"),
        (b"[]", "object is expected"),
        (b'{"instances": ["a"]', "not JSON"),
        (b'{"instances": ["a"], "instances": ["b"]}', "'instances' twice"),
        (b'{"inputs": {"text": ["a"], "text": ["b"]}}', "'text' twice"),
        (b'{"instances": [NaN]}', "NaN is not JSON"),
        (b'{"instances": [-Infinity]}', "-Infinity is not JSON"),
        (b'{"instances": ["\xff"]}', "not UTF-8"),
        (b'{"instances": ["\\ud800"]}', "surrogate"),
        (b'{"instances": [' + b"9" * 9000 + b"]}", "not JSON"),
        (b'{"instances": [{"b64": "%%%"}]}', "expected in Base64; received '%%%'"),
        (b'{"instances": [{"b64": 7}]}', "expected in Base64; received 7"),
        (b'{"instances": [["a", ["b"]]]}', "no shape"),
        (b'{"instances": ["a"], "x": 1}', "has no 'x'"),
        (DEEP, "nested too deep"),
        (b'{"inputs": {"text": ' + b"[" * 20 + b'"a"' + b"]" * 20 + b"}}", "no shape"),
    ],
)
def test_a_document_that_is_not_valid_is_refused(server, body, words):
    answer = exchange(server.port, post(PREDICT, body))
    assert status_of(answer) == 400
    assert words in document_of(answer)["error"]


@pytest.mark.parametrize("values", ["1e39", "1e999", "[1, 2], [3", str(10**400), "true, false", '"1", "2"'])
def test_numbers_that_are_none_are_refused(server, values):
    body = f'{{"signature_name": "logits", "inputs": [[{values}]]}}'.encode()
    assert status_of(exchange(server.port, post(PREDICT, body))) == 400


def test_too_many_values_are_refused_before_they_are_read(server, monkeypatch):
    monkeypatch.setattr("keras_rnn_zoo.serving.json_body.MAX_VALUES", 1000)
    answer = exchange(server.port, post(PREDICT, b'{"inputs": [' + b"[]," * 1000 + b"[]]}"))
    assert status_of(answer) == 413


@pytest.mark.parametrize("path", ["/etc/passwd", "~/.bashrc", "../../etc/passwd", "file:///etc/passwd"])
def test_a_text_is_never_the_path_of_a_file(server, path):
    """An image is bytes; these bytes are no image, whatever a file of this name has."""
    for body in ({"instances": [path]}, {"instances": [{"image": path}]}):
        answer = requests.post(f"{server.url}/v1/models/small_digits:predict", json=body, timeout=30)
        assert answer.status_code == 200
        assert [row["label"] for row in answer.json()["predictions"]] == [""]
        assert set(answer.json()["predictions"][0]["probabilities"]) == {None}
    for target in (
        "/../../../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/static/../../../../etc/passwd",
        "//etc/passwd",
    ):
        answer = exchange(server.port, f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        assert status_of(answer) in (400, 404)
        assert b"root:" not in answer


def test_an_image_that_is_a_bomb_is_not_decoded(server):
    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    chunk = b"IHDR" + head
    huge = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    body = {"instances": [{"b64": base64.b64encode(huge).decode()}]}
    answer = requests.post(f"{server.url}/v1/models/small_digits:predict", json=body, timeout=30)
    assert answer.status_code == 400
    assert "3,600,000,000 pixels" in answer.json()["error"]


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_that_is_too_large_is_refused(server, chunked):
    body = b'{"instances": ["' + b"a" * 150_000 + b'"]}'
    if chunked:
        head = f"POST {PREDICT} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
        parts = [
            b"%x\r\n%s\r\n" % (len(body[i : i + 10_000]), body[i : i + 10_000]) for i in range(0, len(body), 10_000)
        ]
        answer = exchange(server.port, head, *parts, b"0\r\n\r\n")
    else:
        answer = exchange(server.port, post(PREDICT, body))
    assert status_of(answer) == 413
    assert "up to 100,000 bytes" in document_of(answer)["error"]
    assert b"connection: close" in answer


def test_an_endless_body_is_cut_off(server):
    with socket.create_connection(("127.0.0.1", server.port), 30) as connection:
        connection.sendall(f"POST {PREDICT} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        sent = 0
        with pytest.raises(OSError):  # A reset, or a broken pipe.
            while sent < 50_000_000:
                connection.sendall(b"10000\r\n" + b" " * 65536 + b"\r\n")
                sent += 65536


@pytest.mark.parametrize(
    "start",
    [
        b"",
        b"POST ",
        f"POST {PREDICT} HTTP/1.1\r\nHost: localhost\r\nX-Slow: ".encode(),
        post(PREDICT, b'{"instances": ["a"]}')[:-5],
        f"POST {PREDICT} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n".encode(),
    ],
    ids=["nothing", "a method", "a head", "a body", "a chunk"],
)
def test_a_slow_client_is_given_up(server, start):
    """It may send some of its request again and again: the time is for all of it."""
    with socket.create_connection(("127.0.0.1", server.port), 30) as connection:
        connection.sendall(start)
        answer = read_answer(connection)
    assert answer == b"" or status_of(answer) == 408


def test_many_slow_clients_do_not_keep_others_out(server):
    """There are 20 connections; one that is new takes the place of the slowest."""
    held = [socket.create_connection(("127.0.0.1", server.port), 30) for _ in range(60)]
    try:
        for connection in held:
            connection.sendall(b"POST ")
        for _ in range(5):
            answer = exchange(server.port, post(PREDICT, b'{"instances": ["a"]}'))
            assert status_of(answer) == 200
    finally:
        for connection in held:
            connection.close()


def test_a_client_that_goes_away_leaves_nothing_behind(server):
    for cut in (10, 80, 150, None):
        with socket.create_connection(("127.0.0.1", server.port), 30) as connection:
            connection.sendall(post(PREDICT, b'{"instances": ["a"]}')[:cut])
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # A reset.


def test_a_client_that_does_not_read_stops_nobody(server):
    with socket.create_connection(("127.0.0.1", server.port), 30) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        body = json.dumps({"signature_name": "encode", "inputs": ["a film"] * 1000}).encode()
        connection.sendall(post(PREDICT, body))
        answer = exchange(server.port, post(PREDICT, b'{"instances": ["a"]}'))
        assert status_of(answer) == 200
        time.sleep(0.1)


@pytest.mark.parametrize(
    "request_",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"POST /v2/models/x/infer HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n"
        b"Inference-Header-Content-Length: \xb2\r\n\r\n",
    ],
)
def test_what_is_not_http_is_refused(server, request_):
    answer = exchange(server.port, request_)
    assert answer == b"" or status_of(answer) in (400, 404, 431)
    assert b"Traceback" not in answer


@pytest.mark.parametrize(
    "binary",
    [b"\xff\xff\xff\xff", b"\0", b"\1\0\0\0", b"\0\0\0\0\0", b"\5\0\0\0hello\5\0\0\0hello"],
)
def test_binary_tensors_that_are_damaged_are_refused(server, binary):
    tensor = {"name": "text", "shape": [1], "datatype": "BYTES", "parameters": {"binary_data_size": len(binary)}}
    head = json.dumps({"inputs": [tensor]}).encode()
    for size in (len(head), len(head) + len(binary) + 1, 0, 10**19):
        headers = f"Inference-Header-Content-Length: {size}\r\n"
        answer = exchange(server.port, post("/v2/models/small_toy_reviews/infer", head + binary, headers))
        assert status_of(answer) == 400


def test_compressed_bodies_are_refused(server):
    answer = exchange(server.port, post(PREDICT, b"\x1f\x8b", "Content-Encoding: gzip\r\n"))
    assert status_of(answer) == 415


def test_no_response_names_a_path_or_a_module(server, monkeypatch, caplog):
    """Also where the server itself is at fault: the log has what the client does not see."""
    model = server.server._application.state.models.get("small_toy_reviews")
    monkeypatch.setattr(type(model), "infer", lambda *args: 1 / 0)
    answer = requests.post(f"{server.url}{PREDICT}", json={"instances": ["a"]}, timeout=30)
    monkeypatch.undo()
    assert (answer.status_code, answer.json()) == (500, {"error": "The server failed to answer. Its log says why."})
    assert "ZeroDivisionError" in caplog.text


def test_a_request_that_is_not_complete_does_not_delay_the_end(small_run):
    with serving(small_run("toy_reviews")) as server:
        held = [socket.create_connection(("127.0.0.1", server.port), 30) for _ in range(3)]
        for connection, start in zip(held, (b"", b"POST ", post(PREDICT, b"{}")[:-1]), strict=True):
            connection.sendall(start)
        time.sleep(0.2)
        server.server.should_exit = True
        assert [connection.recv(100) for connection in held[:1]] == [b""]
        for connection in held:
            connection.close()


def test_a_full_queue_is_answered_at_once(small_run):
    with serving(small_run("toy_reviews"), max_queue=2, max_batch=1, time_limit=20) as server:
        model = server.server._application.state.models.get("small_toy_reviews")
        begun, release = threading.Event(), threading.Event()
        run = model.loaded.run_graph
        object.__setattr__(model.loaded, "run_graph", lambda call: (begun.set(), release.wait(30), run(call))[2])
        answers = []

        def ask():
            answers.append(requests.post(f"{server.url}{PREDICT}", json={"instances": ["a"]}, timeout=60))

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        assert begun.wait(30)
        deadline = time.monotonic() + 30
        while len(answers) < 5 and time.monotonic() < deadline:
            time.sleep(0.02)
        assert [answer.status_code for answer in answers] == [503] * 5
        assert {answer.headers["retry-after"] for answer in answers} == {"1"}
        release.set()
        for thread in threads:
            thread.join(60)
        assert sorted(answer.status_code for answer in answers) == [200] * 3 + [503] * 5


def test_an_answer_that_takes_too_long_is_given_up(small_run):
    with serving(small_run("toy_reviews"), time_limit=0.3) as server:
        model = server.server._application.state.models.get("small_toy_reviews")
        release = threading.Event()
        run = model.loaded.run_graph
        object.__setattr__(model.loaded, "run_graph", lambda call: (release.wait(30), run(call))[1])
        answer = requests.post(f"{server.url}{PREDICT}", json={"instances": ["a"]}, timeout=60)
        release.set()
        assert answer.status_code == 504
        assert "longer than 0.3 seconds" in answer.json()["error"]
