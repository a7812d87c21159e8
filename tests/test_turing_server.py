"""The server of the Turing test: whom it refuses, what it tells, and what it never tells."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.turing_pictures import draw_folder, names
from vidcolor.cli import main
from vidcolor.errors import TuringError
from vidcolor.turing.entries import Answer
from vidcolor.turing.material import Material, find_material, side_by_side
from vidcolor.turing.record import open_record, read_entries
from vidcolor.turing.sequence import TuringConfig
from vidcolor.turing.server import TuringServer
from vidcolor.turing.sittings import NotNowError, Sittings, tidy

CONFIG = TuringConfig(practice=2, test=4, seconds=0.1, side=24)


@pytest.fixture
def material(tmp_path: Path) -> Material:
    """Eight pictures, two models."""
    real = draw_folder(tmp_path / "real", names(8))
    fakes = [draw_folder(tmp_path / name, names(8), gain) for name, gain in (("dull", 0.2), ("loud", 1.6))]
    return find_material(real, fakes)


@pytest.fixture
def server(material: Material, tmp_path: Path) -> Iterator[TuringServer]:
    """A server at work."""
    with (
        open_record(tmp_path / "answers.jsonl") as record,
        TuringServer(Sittings(record, material, CONFIG), 0) as server,
    ):
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


Reply = tuple[int, dict[str, str], bytes]


def ask(server: TuringServer, method: str, path: str, body: Any = None, **headers: str) -> Reply:
    """One request as the page would send it, with headers changed or, where empty, left out."""
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    sent = {"Content-Type": "application/json"} if method == "POST" else {}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    try:
        connection.request(method, path, data, {name: value for name, value in sent.items() if value})
        reply = connection.getresponse()
        return reply.status, dict(reply.getheaders()), reply.read()
    finally:
        connection.close()


def told(reply: Reply) -> dict[str, Any]:
    assert reply[0] == 200, reply
    return dict(json.loads(reply[2]))


def place_of(server: TuringServer, rater: str = "Anna") -> dict[str, Any]:
    return dict(told(ask(server, "POST", "/begin", {"rater": rater}))["place"])


def see(server: TuringServer, place: dict[str, Any]) -> np.ndarray:
    """Fetch the pair and say that it was shown."""
    status, _, data = ask(server, "GET", f"/pair/{place['pair']}")
    assert status == 200
    values = {"rater": place["rater"], "trial": place["trial"], "milliseconds": 100}
    assert told(ask(server, "POST", "/shown", values))["place"]["phase"] == "ask"
    return np.asarray(Image.open(BytesIO(data)))


def answer(server: TuringServer, place: dict[str, Any], side: str) -> dict[str, Any]:
    values = {"rater": place["rater"], "trial": place["trial"], "side": side, "milliseconds": 900.04}
    return told(ask(server, "POST", "/answer", values))


def test_the_page_is_there_and_asks_no_other_site_for_anything(server: TuringServer) -> None:
    """Its parts, never cached, never framed."""
    for path, kind in (("/", "text/html"), ("/page.css", "text/css"), ("/page.js", "text/javascript")):
        status, headers, body = ask(server, "GET", path)
        assert status == 200
        assert headers["Content-Type"].startswith(kind)
        assert headers["Cache-Control"] == "no-store"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert b"http" not in body.replace(b"http-equiv", b"")


def test_it_listens_to_this_computer_alone(server: TuringServer) -> None:
    """On the loopback interface."""
    assert server.server_address[0] == "127.0.0.1"
    assert server.address == f"http://127.0.0.1:{server.server_port}/"


@pytest.mark.parametrize(
    ("host", "welcome"),
    [
        ("localhost", True), ("localhost:9000", True), ("127.0.0.1:8765", True), ("[::1]:8765", True),
        ("evil.example", False), ("127.0.0.1.evil.example:8765", False), ("localhost.evil.example", False),
        ("192.168.0.7:8765", False), ("localhost@evil.example", False), ("0.0.0.0:8765", False),
    ],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_only_loopback_names_are_answered(server: TuringServer, method: str, host: str, welcome: bool) -> None:
    """A stranger's name that points here is a stranger's page."""
    path, body = ("/", None) if method == "GET" else ("/begin", {"rater": "Anna"})
    assert ask(server, method, path, body, Host=host)[0] == (200 if welcome else 403)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "https://localhost:1", "Host": "localhost:1"}, 403),
        ({"Origin": "http://localhost:2", "Host": "localhost:1"}, 403),
        ({"Origin": "http://localhost:1", "Host": "localhost:1"}, 200),
        ({"Sec_Fetch_Site": "cross-site"}, 403),
        ({"Sec_Fetch_Site": "same-site"}, 403),
        ({"Sec_Fetch_Site": "same-origin"}, 200),
        ({"Content_Type": "text/plain"}, 415),
        ({"Content_Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content_Type": ""}, 415),
    ],
)
def test_posts_of_other_sites_are_refused(server: TuringServer, headers: dict[str, str], status: int) -> None:
    """By origin, by what the browser says of it, and by kinds of body that a form could send. Nobody has begun."""
    assert ask(server, "POST", "/begin", {"rater": "Eve"}, **headers)[0] == status
    begun = [entry.rater for entry in read_entries(server.sittings._record.path) if hasattr(entry, "rater")]
    assert begun == (["Eve"] if status == 200 else [])


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/begin", b"{", 400),
        ("/begin", b"[]", 400),
        ("/begin", b"[" * 4000, 400),
        ("/begin", b" " * 5000, 413),
        ("/begin", {"rater": 5}, 400),
        ("/begin", {"rater": "  "}, 409),
        ("/begin", {"rater": "a" * 61}, 409),
        ("/begin", {"rater": "\x07"}, 409),
        ("/elsewhere", {"rater": "Anna"}, 404),
        ("/shown", {"rater": "Nobody", "trial": 0, "milliseconds": 1}, 409),
        ("/shown", {"rater": "Anna", "trial": -1, "milliseconds": 1}, 400),
        ("/shown", {"rater": "Anna", "trial": 0, "milliseconds": "1"}, 400),
        ("/answer", {"rater": "Anna", "trial": 0, "side": "up", "milliseconds": 1}, 400),
        ("/answer", {"rater": "Anna", "trial": True, "side": "left", "milliseconds": 1}, 400),
        ("/answer", {"rater": "Anna", "trial": 0, "side": "left", "milliseconds": 1}, 409),
        ("/answer", {"rater": "Anna", "trial": 99, "side": "left", "milliseconds": 1}, 409),
    ],
)
def test_what_makes_no_sense_is_refused(server: TuringServer, path: str, body: Any, status: int) -> None:
    """With a sentence, and the server lives on: an answer before its pair was shown among them."""
    place_of(server)
    before = server.sittings._record.path.read_bytes()
    reply = ask(server, "POST", path, body)
    assert (reply[0], list(json.loads(reply[2]))) == (status, ["error"])
    assert server.sittings._record.path.read_bytes() == before
    assert place_of(server)["trial"] == 0


def test_unknown_addresses_and_files_outside_are_not_there(server: TuringServer) -> None:
    """Neither guessed pairs nor other files."""
    for path in (
        "/pair/",
        "/pair/0",
        "/real/set/000.png",
        "/../pyproject.toml",
        "/page.js/../../errors.py",
        "/%2e%2e/x",
    ):
        assert ask(server, "GET", path)[0] in (404, 409)


def test_nothing_that_is_sent_tells_which_side_is_false(server: TuringServer, material: Material) -> None:
    """Neither places nor headers nor the file: one picture of pixels alone, under a token never used again."""
    sent, tokens = [], set()
    for _ in range(6):
        place = place_of(server)
        tokens.add(place["pair"])
        status, headers, data = ask(server, "GET", f"/pair/{place['pair']}")
        assert status == 200
        assert set(headers) == {
            *("Server", "Date", "Cache-Control", "Content-Security-Policy", "Cross-Origin-Resource-Policy"),
            *("Referrer-Policy", "X-Content-Type-Options", "X-Frame-Options", "Content-Type", "Content-Length"),
        }
        assert png_chunks(data) == {b"IHDR", b"IDAT", b"IEND"}
        assert Image.open(BytesIO(data)).size == (72, 24)
        see(server, place)
        assert ask(server, "GET", f"/pair/{place['pair']}")[0] == 409  # its time is over
        sent.append(json.dumps(place))
        reply = answer(server, place, "left")
        if place["round"] == "test":
            assert reply["feedback"] is None
        sent.append(json.dumps(reply["place"]))
    assert len(tokens) == 6
    words = {*material.fakes, *material.pictures, "fake", "left", "right"}
    assert not any(word in text for word in words for text in sent)


def png_chunks(data: bytes) -> set[bytes]:
    kinds, at = set(), 8
    while at < len(data):
        length = int.from_bytes(data[at : at + 4])
        kinds.add(data[at + 4 : at + 8])
        at += 12 + length
    return kinds


def test_pictures_are_on_the_sides_that_the_sequence_says(server: TuringServer, material: Material) -> None:
    """And what is saved of the answer is true."""
    for number in range(6):
        place = place_of(server)
        pixels = see(server, place)
        trial = server.sittings._sittings[("anna", 0)].session.trials[number]
        real = np.asarray(Image.open(material.real[trial.picture]))
        left = np.abs(pixels[:, :36].mean((0, 1)) - real.mean((0, 1))).sum()
        right = np.abs(pixels[:, 36:].mean((0, 1)) - real.mean((0, 1))).sum()
        assert (left < right) == (trial.fake == "right")
        assert chroma(pixels[:, :36]) != pytest.approx(chroma(pixels[:, 36:]), rel=0.1)
        reply = answer(server, place, "left")
        if place["round"] == "practice":
            assert reply["feedback"] == {"right": trial.fake == "left", "fake": trial.fake}
    saved = [entry for entry in read_entries(server.sittings._record.path) if isinstance(entry, Answer)]
    assert [entry.fooled for entry in saved] == [entry.fake == "right" for entry in saved]
    assert {entry.milliseconds for entry in saved} == {900.0}
    place = place_of(server)
    assert (place["phase"], place["fooled"]) == ("end", sum(entry.fooled for entry in saved[2:]))


def chroma(pixels: np.ndarray) -> float:
    return float(pixels.astype(float).std(-1).mean())


def test_an_answer_told_twice_counts_once_and_the_first_stands(server: TuringServer) -> None:
    """Whatever the page repeats after a network failure, and whatever a second window says."""
    place = place_of(server)
    see(server, place)
    first = answer(server, place, "left")
    assert answer(server, place, "right") == {**first, "place": {**first["place"], "pair": answer_token(server)}}
    answers = [entry for entry in read_entries(server.sittings._record.path) if isinstance(entry, Answer)]
    assert [(entry.trial, entry.answer) for entry in answers] == [(0, "left")]


def answer_token(server: TuringServer) -> str:
    return server.sittings._sittings[("anna", 0)].token


def test_a_rater_comes_back_to_the_same_place_after_a_restart(material: Material, tmp_path: Path) -> None:
    """After any number of steps: same pair, same phase; by any spelling of the name; other raters and seeds apart."""
    path = tmp_path / "answers.jsonl"

    def again() -> Any:
        return open_record(path)

    for trial in range(6):
        with again() as record:
            place = Sittings(record, material, CONFIG).begin(" ANNA ")
            assert (place.trial, place.phase, place.rater) == (trial, "look", "Anna" if trial else "ANNA")
        with again() as record:
            sittings = Sittings(record, material, CONFIG)
            sittings.shown(sittings.begin("Anna").rater, trial, 100.0)
        if trial == 0:
            text = path.read_text(encoding="utf-8").replace('"rater": "ANNA"', '"rater": "Anna"')
            path.write_text(text, encoding="utf-8")
        with again() as record:
            sittings = Sittings(record, material, CONFIG)
            place = sittings.begin("anna")
            assert (place.trial, place.phase, place.pair) == (trial, "ask", None)
            assert sittings.begin("Ben").trial == 0
            sittings.answer("anna", trial, "right", 5.0)
    with again() as record:
        assert Sittings(record, material, CONFIG).begin("anna").phase == "end"
        assert Sittings(record, material, replace(CONFIG, seed=1)).begin("anna").trial == 0


def test_a_session_begun_with_other_pictures_gets_a_sentence(material: Material, tmp_path: Path) -> None:
    """The pairs are settled at the beginning: what they need must be there; what came since does not matter."""
    with open_record(tmp_path / "answers.jsonl") as record:
        Sittings(record, material, CONFIG).begin("Anna")
        more = replace(material, pictures=(*material.pictures, "new"))
        assert Sittings(record, more, CONFIG).begin("Anna").trial == 0
        less = replace(material, fakes={"dull": material.fakes["dull"]})
        with pytest.raises(TuringError, match=r"the session of Anna has set/00\d of loud, which is not in the folders"):
            Sittings(record, less, CONFIG).begin("Anna")


def test_a_picture_that_breaks_meanwhile_is_told_and_mended(server: TuringServer, material: Material) -> None:
    """The page hears of it and can go on."""
    place = place_of(server)
    trial = server.sittings._sittings[("anna", 0)].session.trials[0]
    path = material.real[trial.picture]
    data = path.read_bytes()
    path.write_bytes(data[:100])
    status, _, body = ask(server, "GET", f"/pair/{place['pair']}")
    assert (status, "broken" in json.loads(body)["error"]) == (500, True)
    path.write_bytes(data)
    see(server, place)


def test_names_are_tidied() -> None:
    """Spaces, and one form of each letter."""
    assert tidy("  Zoe\u0308 \t  X ") == "Zoë X"
    with pytest.raises(NotNowError):
        tidy("a\u202eb")


def test_sizes_are_brought_together(tmp_path: Path) -> None:
    """A sentence for another size; the same sharpness on both sides; a refusal for another shape."""
    real = draw_folder(tmp_path / "real", names(3), size=(96, 64))
    fake = draw_folder(tmp_path / "small", names(3), size=(48, 32))
    (notice,) = find_material(real, [fake]).notices
    assert notice.startswith("3 of 3 pictures of small are not as large as their originals (48×32 beside 96×64)")
    noise = np.random.default_rng(0).integers(0, 256, (64, 96, 3), np.uint8)
    pair = side_by_side(noise, np.full((32, 48, 3), 128, np.uint8), "right", 64)
    assert pair.shape == (64, 192, 3)
    assert pair[:, :96].std() < noise.std() / 1.5  # it went through 48 x 32
    draw_folder(fake, names(1), size=(32, 32))
    with pytest.raises(TuringError, match=r"000\.png \(32×32\) and .*000\.png \(96×64\) differ in shape"):
        find_material(real, [fake])


def test_what_only_some_have_is_not_shown(tmp_path: Path) -> None:
    """With a sentence; models in folders of one name are told apart by the folder above."""
    real = draw_folder(tmp_path / "real", names(5))
    fakes = [draw_folder(tmp_path / model / "out", names(number)) for model, number in (("a", 4), ("b", 3))]
    material = find_material(real, fakes)
    assert list(material.fakes) == ["a/out", "b/out"]
    assert material.pictures == tuple(names(3))
    assert material.notices[0].startswith("3 of the 5 pictures in ")
    with pytest.raises(TuringError, match="named twice"):
        find_material(real, [fakes[0], fakes[0]])
    with pytest.raises(TuringError, match="no picture is in all of"):
        find_material(real, [draw_folder(tmp_path / "c", ["else"])])


def test_a_port_that_is_taken_gets_a_sentence(server: TuringServer, tmp_path: Path, capsys: Any) -> None:
    """And exit status 1."""
    port, answers = str(server.server_port), str(tmp_path / "other.jsonl")
    words = ["turing", "--real", str(tmp_path / "real"), "--fake", str(tmp_path / "dull"), "--answers", answers]
    assert main([*words, "--port", port, "-q"]) == 1
    assert f"port {port} cannot be had: another program has it" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--real", "nowhere"], "there is nothing to compare with"),
        (["--real", "nowhere", "--fake", "nowhere"], "nowhere is no folder of pictures"),
        (["--results", "nowhere.jsonl"], "nowhere.jsonl cannot be read"),
        (["--results", "nowhere.jsonl", "-o", "x.svg"], "give a name that ends in .png"),
    ],
)
def test_mistakes_get_a_sentence(words: list[str], sentence: str, capsys: Any) -> None:
    """One line, status 1."""
    assert main(["turing", *words]) == 1
    error = capsys.readouterr().err
    assert sentence in error
    assert error.count("\n") == 1


def test_ctrl_c_ends_it_with_a_sentence(material: Material, tmp_path: Path) -> None:
    """As a process of its own, status 130; the address stands on stderr before."""
    import signal

    words = ["--real", tmp_path / "real", "--fake", tmp_path / "dull", "--answers", tmp_path / "a.jsonl", "--port", "0"]
    command = [sys.executable, "-m", "vidcolor", "turing", *map(str, words)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        lines = [process.stderr.readline()]
        while "http://127.0.0.1:" not in lines[-1]:
            assert lines[-1], lines
            lines.append(process.stderr.readline())
        process.send_signal(signal.SIGINT)
        assert process.stderr.read().strip() == "vidcolor: interrupted; the same command goes on from here"
    assert process.returncode == 130
