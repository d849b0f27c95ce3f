"""Who is answered: hosts, origins, and tokens."""

import pytest
import requests
from servers import exchange, serving

from keras_rnn_zoo.errors import ServingError
from keras_rnn_zoo.serving.serve import serve
from keras_rnn_zoo.serving.settings import ServingSettings

TOKEN = "correct-horse-battery"
PREDICT = "/v1/models/small_toy_reviews:predict"


@pytest.fixture(scope="module")
def local(small_run):
    with serving(small_run("toy_reviews")) as server:
        yield server


@pytest.fixture(scope="module")
def public(small_run):
    with serving(small_run("toy_reviews"), host="0.0.0.0", token=TOKEN) as server:
        yield server


def get(server, path, *headers):
    lines = "".join(f"{header}\r\n" for header in headers)
    return int(exchange(server.port, f"GET {path} HTTP/1.1\r\n{lines}\r\n".encode()).split()[1])


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("localhost:8501", 200),
        ("127.0.0.1:1", 200),
        ("[::1]:8501", 200),
        ("LOCALHOST", 200),
        ("evil.example", 421),
        ("localhost.evil.example", 421),
        ("127.0.0.1.evil.example:80", 421),
        ("192.168.1.7", 421),
        ("", 400),
        ("localhost@evil.example", 400),
        ("localhost/../x", 400),
    ],
)
def test_a_server_of_this_machine_has_only_its_own_names(local, host, status):
    """The name of another site that resolves to this machine is DNS rebinding."""
    assert get(local, "/v1/models/small_toy_reviews", f"Host: {host}") == status
    assert get(local, "/", f"Host: {host}") == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": "{url}"}, 200),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://localhost:1"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://["}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
    ],
)
def test_pages_of_other_sites_are_refused(local, headers, status):
    headers = {name: value.format(url=local.url) for name, value in headers.items()}
    answer = requests.post(f"{local.url}{PREDICT}", data='{"instances": ["a"]}', headers=headers, timeout=30)
    assert answer.status_code == status
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("path", ["/", "/v1/models/small_toy_reviews", "/v1/models/x", "/nowhere", "/metrics", "/v2"])
def test_every_response_has_the_headers_that_protect_a_browser(local, path):
    headers = requests.get(f"{local.url}{path}", timeout=30).headers
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self';")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "server" not in headers


@pytest.mark.parametrize(
    "path", ["/", "/v1/models/small_toy_reviews", "/v2/models/small_toy_reviews", "/metrics", "/x"]
)
def test_a_server_for_others_wants_its_token(public, path):
    expected = 404 if path == "/x" else 200
    url = f"{public.url}{path}"
    for refused in ("", "Bearer", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", f"Basic {TOKEN}", "Bearer \xe9"):
        headers = {"Authorization": refused.encode("latin-1")} if refused else {}
        assert requests.get(url, headers=headers, timeout=30).status_code == 401
    assert requests.get(url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=30).status_code == expected
    assert requests.get(url, headers={"Cookie": "zoo_token=x"}, timeout=30).status_code == 401
    assert requests.get(f"{url}?token=x", timeout=30).status_code == 401
    browser = requests.Session()
    answer = browser.get(f"{url}?token={TOKEN}", timeout=30)
    assert answer.status_code == expected
    assert "HttpOnly; SameSite=Strict" in answer.headers["set-cookie"]
    assert browser.get(url, timeout=30).status_code == expected  # With the cookie.


def test_a_token_in_the_address_is_for_reading_only(public):
    answer = requests.post(f"{public.url}{PREDICT}?token={TOKEN}", data='{"instances": ["a"]}', timeout=30)
    assert answer.status_code == 401


def test_a_server_for_others_has_any_name_but_checks_origins(public):
    allowed = f"Authorization: Bearer {TOKEN}"
    assert get(public, "/v2", "Host: models.example", allowed) == 200
    assert get(public, "/v2", "Host: models.example", allowed, "Origin: http://evil.example") == 403


def test_load_balancers_need_no_token_to_see_that_it_lives(public):
    assert get(public, "/v2/health/live", "Host: x") == get(public, "/v2/health/ready", "Host: x") == 200


@pytest.mark.parametrize(
    "token", ["short", "a" * 201, "with spaces in between", "semi;colon;semi;colon", "umlaut-äöü-äöü-äöü"]
)
def test_a_token_that_a_header_or_an_address_cannot_have_is_refused(token):
    with pytest.raises(ServingError, match="A token has 16 to 200") as caught:
        serve("toy_reviews", token=token)
    assert token not in str(caught.value)


@pytest.mark.parametrize(
    ("host", "alone"), [("127.0.0.1", 1), ("127.8.8.8", 1), ("::1", 1), ("localhost", 1), ("0.0.0.0", 0)]
)
def test_which_hosts_are_this_machine_alone(host, alone):
    assert ServingSettings(host=host).is_loopback == alone


@pytest.mark.parametrize("host", ["127.evil.example", "127.0.0.1.evil.example", "::", "192.168.0.1"])
def test_other_hosts_need_a_token(host):
    assert not ServingSettings(host=host).is_loopback


def test_an_address_with_many_fields_has_no_token(public, caplog):
    query = "&".join(["token=x"] * 30)
    assert get(public, f"/v2?{query}", "Host: models.example") == 401
    assert not caplog.records


@pytest.mark.parametrize("path", ["/v1/models/small_toy_reviews/versions/", "/v2/models/small_toy_reviews/versions/"])
def test_a_version_has_few_digits(local, path, caplog):
    """Python refuses to read an integer of more than 4,300 digits."""
    assert get(local, path + "9" * 5000, "Host: localhost") in (400, 404)
    assert not caplog.records
