"""Streams: a client sends parts, and answers come as server-sent events."""

import json
import socket
import threading
import time

import httpx
import numpy as np
import pytest
from servers import serving

import keras_rnn_zoo as zoo


@pytest.fixture(scope="module")
def one_way(trained_once, shrink):
    with pytest.MonkeyPatch.context() as patch:
        shrink(patch)
        settings = {"dataset": "toy_reviews", "epochs": 1, "units": 4, "embedding_dim": 4, "bidirectional": False}
        return trained_once("one_way", "many_to_one", **settings)


@pytest.fixture(scope="module")
def server(one_way, small_run):
    with serving(one_way, small_run("tiny_shakespeare"), small_run("toy_reviews"), stream_idle_limit=2) as running:
        yield running


def events_of(text):
    """Returns the names and the data of events."""
    blocks = [block.split("\n") for block in text.strip().split("\n\n")]
    return [(name.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for name, data in blocks]


def send(server, model, lines, query=""):
    body = b"".join(line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n" for line in lines)
    answer = httpx.post(f"{server.url}/v1/models/{model}:stream{query}", content=body, timeout=60)
    assert answer.headers["content-type"].startswith("text/event-stream"), answer.text
    return events_of(answer.text)


def test_each_part_is_answered_as_a_stream_in_python_answers_it(server, one_way):
    parts = ["not only mov", "ing but also funny", ""]
    events = send(server, "one_way", [{"part": part} for part in parts])
    stream = zoo.stream(one_way)
    assert [name for name, _ in events] == ["answer"] * 3 + ["end"]
    for part, (_, answer) in zip(parts, events, strict=False):
        expected = stream.feed(part)
        assert answer["label"] == expected["label"]
        assert answer["probabilities"] == pytest.approx(expected["probabilities"], abs=1e-6)


def test_final_begins_anew_and_bytes_may_end_within_a_character(server):
    lines = [{"part": {"b64": "w6"}}, {"part": {"b64": "ww=="}, "final": True}, {"part": "dull"}, {"part": "dull"}]
    events = send(server, "one_way", lines)
    assert events[0][0] == "error"  # No Base64.
    events = send(server, "one_way", lines[1:])
    fresh = send(server, "one_way", lines[2:])
    assert events[1:3] == fresh[:2]


def test_answers_come_while_parts_are_still_sent(server):
    """The next part is sent once the answer to the one before is there."""
    with socket.create_connection(("127.0.0.1", server.port), 30) as connection:
        head = "POST /v1/models/one_way:stream HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        connection.sendall(head.encode())
        seen = b""
        for number in range(1, 4):
            line = b'{"part": "a film "}\n'
            connection.sendall(b"%x\r\n%s\r\n" % (len(line), line))
            while seen.count(b"event: answer") < number:
                more = connection.recv(65536)
                assert more
                seen += more
        connection.sendall(b"0\r\n\r\n")
        while b"event: end" not in seen:
            seen += connection.recv(65536)


def test_text_is_sampled_letter_by_letter(server, small_run):
    options = {"temperature": 0.7, "seed": 5, "max_new_tokens": 20}
    for prompt in ("To be", ""):
        events = send(server, "small_tiny_shakespeare", [{"prompt": prompt, **options}])
        assert len(events) == 21
        text = "".join(answer["text"] for name, answer in events if name == "answer")
        assert prompt + text == zoo.predict(small_run("tiny_shakespeare"), [prompt], **options)[0]["text"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"{", "not JSON"),
        (b"[]\n", "object is expected"),
        ({"part": 7}, "expected as a text"),
        ({"part": "a", "final": 1}, "true or false"),
        ({"part": "a", "x": 1}, "A part has no 'x'"),
        ({"prompt": "a"}, "language models of characters only"),
    ],
)
def test_an_invalid_part_is_the_last_event(server, line, words):
    events = send(server, "one_way", [{"part": "a"}, line])
    assert [name for name, _ in events] == ["answer", "error"]
    assert words in events[-1][1]["error"]


def test_options_of_sampling_are_checked(server):
    for options, words in (({"seed": -1}, "seed"), ({"max_new_tokens": 9999}, "up to 2,000"), ({"x": 1}, "'x'")):
        ((name, error),) = send(server, "small_tiny_shakespeare", [{"prompt": "a", **options}])
        assert name == "error"
        assert words in error["error"]


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("small_toy_reviews:stream", 400, "reads its input in both directions"),
        ("nothing:stream", 404, "There is no model"),
        ("one_way:stream?rate=8000", 400, "A rate is for recordings"),
        ("one_way:stream?rate=fast", 400, "samples per second"),
    ],
)
def test_a_stream_that_cannot_begin_is_an_error_of_the_request(server, path, status, words):
    answer = httpx.post(f"{server.url}/v1/models/{path}", content=b"", timeout=60)
    assert answer.status_code == status
    assert words in answer.json()["error"]


def test_a_stream_without_parts_is_given_up_and_a_lost_one_is_forgotten(server):
    head = b"POST /v1/models/one_way:stream HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), 30) as connection:
        connection.sendall(head)
        seen = b""
        while more := connection.recv(65536):
            seen += more
    assert b"No part came in for 2 seconds" in seen
    for _ in range(70):  # More than there may be at once.
        with socket.create_connection(("127.0.0.1", server.port), 30) as connection:
            connection.sendall(head)
            assert connection.recv(20).startswith(b"HTTP/1.1 200")
    deadline = time.monotonic() + 20
    while server.server.server_state.tasks and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not server.server.server_state.tasks


def test_streams_end_with_the_server(one_way):
    with serving(one_way) as server, socket.create_connection(("127.0.0.1", server.port), 30) as connection:
        connection.sendall(b"POST /v1/models/one_way:stream HTTP/1.1\r\nHost: localhost\r\n")
        connection.sendall(b'Transfer-Encoding: chunked\r\n\r\n10\r\n{"part": "a  "}\n\r\n')
        seen = b""
        while b"event: answer" not in seen:
            seen += connection.recv(65536)
        threading.Timer(0.1, lambda: setattr(server.server, "should_exit", True)).start()
        while more := connection.recv(65536):
            seen += more
    assert b'event: error\ndata: {"error":"The server ends.' in seen


def test_frames_of_a_series_are_streamed_as_numbers(small_run):
    run = small_run("adding")
    assert np.shape(zoo.load(run).task.reader.no_part()) == (0, 2)
