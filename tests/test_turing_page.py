"""The Turing test in a real browser: a rater goes all the way by keys and mouse, through reloads and a dead server."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser import browser, missing, resize
from tests.turing_pictures import draw_folder, names
from vidcolor.turing.entries import Answer
from vidcolor.turing.record import read_entries
from vidcolor.turing.results import read_results

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing() or "")

SECONDS = 0.8  # long enough to do something while a pair is shown, on a busy machine too
PRACTICE, TEST = 2, 4

ASKING = "document.querySelector('.pair.asking') !== null"
SHOWN = "document.querySelector('.pair.shown') !== null"
FEEDBACK = "!document.getElementById('next').hidden"


class Server:
    """`vidcolor turing` as a person starts it; it can be killed and started again on the same port."""

    def __init__(self, folder: Path) -> None:
        draw_folder(folder / "real", names(8), size=(320, 256))
        for name, gain in (("dull", 0.3), ("loud", 1.5)):
            draw_folder(folder / name, names(8), gain, size=(320, 256))
        self.folder, self.answers, self.port = folder, folder / "answers.jsonl", "0"
        self.start()

    def start(self) -> None:
        words = ["--real", self.folder / "real", "--fake", self.folder / "dull", self.folder / "loud", "-q"]
        protocol = ["--practice", PRACTICE, "--test", TEST, "--seconds", SECONDS]
        asked = [*words, *protocol, "--answers", self.answers, "--port", self.port]
        command = [sys.executable, "-m", "vidcolor", "turing", *map(str, asked)]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        assert self.process.stderr is not None
        line = self.process.stderr.readline()
        found = re.search(r"http://127\.0\.0\.1:(\d+)/", line)
        assert found, line + self.process.stderr.read()
        self.address, self.port = found[0], found[1]

    def kill(self) -> None:
        """As a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate()

    def saved(self, rater: str) -> list[Answer]:
        return [one for one in read_entries(self.answers) if isinstance(one, Answer) and one.rater == rater]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One for all tests; each has a rater of its own."""
    server = Server(tmp_path_factory.mktemp("turing"))
    yield server
    server.kill()


@pytest.fixture(scope="module")
def window() -> Iterator[Any]:
    """One browser for all tests."""
    with browser(1280, 900) as driver:
        yield driver


@pytest.fixture
def page(window: Any, server: Server) -> Any:
    """The page as a new rater finds it."""
    window.get(server.address)
    until(window, "document.querySelector('section:not([hidden])') !== null")
    if not js(window, sees("welcome")):
        js(window, "sessionStorage.clear()")
        window.get(server.address)
    window.get_log("browser")
    return window


def js(driver: Any, code: str) -> Any:
    return driver.execute_script(f"return {code}")


def until(driver: Any, code: str) -> None:
    """Wait until it is so, twenty seconds at most."""
    from selenium.webdriver.support.wait import WebDriverWait

    WebDriverWait(driver, 20, 0.02).until(lambda _: js(driver, code))


def press(driver: Any, key: str) -> None:
    from selenium.webdriver import ActionChains
    from selenium.webdriver.common.keys import Keys

    ActionChains(driver).send_keys(getattr(Keys, key)).perform()


def sees(section: str) -> str:
    return f"!document.getElementById('{section}').hidden"


def begin(driver: Any, rater: str) -> None:
    driver.find_element("id", "rater").send_keys(rater)
    press(driver, "ENTER")
    until(driver, sees("intro"))


def where(driver: Any) -> str:
    return str(js(driver, "document.getElementById('where').textContent"))


def test_a_whole_session_through_reloads_and_a_dead_server(page: Any, server: Server) -> None:
    """By keys and mouse: nothing lost, nothing twice, nobody anywhere else than where they were."""
    begin(page, "Anna")
    said = []
    press(page, "ENTER")  # begin practice
    until(page, ASKING)
    assert where(page) == "Practice · pair 1 of 2 · Anna"
    press(page, "ARROW_LEFT")
    said.append("left")
    until(page, FEEDBACK)
    shown = js(page, "[...document.querySelectorAll('.word')].map(word => word.textContent)")
    assert sorted(shown) == ["false colours", "photograph"]
    truth = server.saved("Anna")[0]
    assert shown[["left", "right"].index(truth.fake)] == "false colours"
    assert page.find_element("id", "message").text.startswith("No." if truth.fooled else "Right.")

    press(page, "ENTER")  # next pair
    until(page, ASKING)
    page.refresh()  # it was shown: it waits for its answer
    until(page, ASKING)
    assert where(page) == "Practice · pair 2 of 2 · Anna"
    page.find_element("id", "right").click()
    said.append("right")
    until(page, FEEDBACK)
    page.find_element("id", "next").click()

    until(page, sees("intro"))
    assert page.find_element("id", "intro-title").text == "Now the test"
    page.find_element("id", "go").click()
    until(page, ASKING)
    server.kill()  # between question and answer
    press(page, "ARROW_DOWN")
    said.append("right")
    until(page, sees("note"))
    assert "nothing is lost" in page.find_element("id", "note").text
    server.start()
    until(page, "document.getElementById('where').textContent.includes('pair 2 of 4')")
    until(page, SHOWN)
    server.kill()  # while a pair is shown
    server.start()
    until(page, ASKING)
    assert not js(page, sees("note"))
    page.find_element("id", "left").click()
    said.append("left")

    until(page, "document.getElementById('where').textContent.includes('pair 3 of 4')")
    page.refresh()  # before it was shown: a word of welcome first
    until(page, sees("intro"))
    assert page.find_element("id", "intro-title").text == "Welcome back, Anna"
    assert "pair 3 of 4 of the test" in page.find_element("id", "intro-words").text
    press(page, "ENTER")
    until(page, ASKING)
    page.find_element("id", "left").click()
    said.append("left")
    until(page, "document.getElementById('where').textContent.includes('pair 4 of 4')")
    until(page, ASKING)
    press(page, "ARROW_UP")
    said.append("left")
    until(page, sees("end"))

    saved = server.saved("Anna")
    assert [one.trial for one in saved] == list(range(PRACTICE + TEST))
    assert [one.answer for one in saved] == said
    fooled = sum(one.fooled for one in saved[PRACTICE:])
    assert (
        f"You took {fooled} of {TEST} coloured pictures for photographs." in page.find_element("id", "end-words").text
    )
    page.refresh()
    until(page, sees("end"))
    assert server.saved("Anna") == saved
    (rater,) = (one for one in read_results(server.answers).raters if one.rater == "Anna")
    assert (rater.answers, rater.pairs, rater.fooled) == (TEST, TEST, fooled / TEST)


def test_a_pair_is_shown_for_its_time_and_keys_wait_until_it_has_gone(page: Any, server: Server) -> None:
    """Measured by watching the page; what is pressed meanwhile is no answer; no pixel of the pair stays."""
    begin(page, "Ben")
    watch = (
        "window.seen = []; new MutationObserver(() => { const on = document.querySelector('.pair.shown') !== null;"
        "if (on !== (window.seen.length % 2 === 1)) window.seen.push(performance.now()); })"
        ".observe(document.querySelector('.pair'), { attributes: true })"
    )
    page.execute_script(watch)
    press(page, "ENTER")
    until(page, SHOWN)
    press(page, "ARROW_LEFT")
    until(page, ASKING)
    assert server.saved("Ben") == []
    start, stop = js(page, "window.seen")
    assert 1000 * SECONDS - 20 <= stop - start <= 1000 * SECONDS + 5000  # the machine may be busy; never less
    assert js(page, "[...document.querySelectorAll('canvas')].every(canvas => canvas.width === 0)")
    assert js(page, "document.images.length") == 0


def test_a_pair_that_was_hidden_is_shown_again_in_full(page: Any, server: Server) -> None:
    """The tab is left in the middle: the pair goes at once, and comes back whole when the tab does."""
    begin(page, "Cleo")
    press(page, "ENTER")
    until(page, SHOWN)
    hide = "Object.defineProperty(document, 'hidden', { value: %s, configurable: true });"
    page.execute_script(hide % "true" + "document.dispatchEvent(new Event('visibilitychange'))")
    assert not js(page, SHOWN)
    assert not js(page, ASKING)
    page.execute_script(hide % "false" + "document.dispatchEvent(new Event('visibilitychange'))")
    until(page, SHOWN)
    until(page, ASKING)
    press(page, "ARROW_LEFT")
    until(page, FEEDBACK)
    assert len(server.saved("Cleo")) == 1


def test_two_windows_of_one_rater_count_once(page: Any, server: Server) -> None:
    """The second window finds itself where the first one has gone."""
    begin(page, "Dora")
    press(page, "ENTER")
    until(page, ASKING)
    first = page.current_window_handle
    page.switch_to.new_window("tab")
    try:
        page.get(server.address)
        page.find_element("id", "rater").send_keys("dora")
        press(page, "ENTER")
        until(page, ASKING)
        press(page, "ARROW_LEFT")
        until(page, FEEDBACK)
        page.close()
    finally:
        page.switch_to.window(first)
    press(page, "ARROW_RIGHT")
    until(page, FEEDBACK)
    assert Counter(one.trial for one in server.saved("Dora")) == {0: 1}
    assert server.saved("Dora")[0].answer == "left"


def test_a_name_that_will_not_do_is_told_and_another_rater_follows(page: Any) -> None:
    """At the field, which keeps the cursor."""
    page.find_element("id", "rater").send_keys("   ")
    press(page, "ENTER")
    until(page, "document.getElementById('problem').textContent !== ''")
    assert "1 to 60 letters" in page.find_element("id", "problem").text
    assert js(page, "document.activeElement.id") == "rater"


def test_the_page_says_nothing_of_sides_models_or_names(page: Any, server: Server) -> None:
    """Neither in what it holds while it waits for an answer, nor in what it asks for."""
    import json

    page.get_log("performance")
    begin(page, "Emil")
    press(page, "ENTER")
    until(page, ASKING)
    held = page.execute_script("return document.documentElement.outerHTML")
    messages = [json.loads(entry["message"])["message"] for entry in page.get_log("performance")]
    asked = [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]
    assert {url.split(":")[0] for url in asked} <= {"http", "blob", "data"}
    assert all(url.startswith(server.address) for url in asked if url.startswith("http:"))
    for word in ("dull", "loud", "set/0", "fake"):
        assert word not in held
        assert not any(word in url for url in asked)
    assert [entry for entry in page.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")] == []


@pytest.mark.parametrize(("width", "height"), [(360, 640), (640, 360), (1280, 720), (1280, 560)])
def test_the_pair_fits_every_screen(page: Any, width: int, height: int) -> None:
    """A phone upright and lying, a laptop, a low window: no scrolling, both alike, in their own shape."""
    resize(page, width, height, mobile=width < 700)
    try:
        begin(page, f"{width} by {height}")
        assert js(page, "document.documentElement.scrollWidth") <= width
        page.execute_script("document.getElementById('go').click()")
        until(page, ASKING)
        left, right = js(
            page, "['left', 'right'].map(id => document.getElementById(id).getBoundingClientRect().toJSON())"
        )
        for box in (left, right):
            assert box["top"] >= 0
            assert box["left"] >= 0
            assert box["right"] <= width
            assert box["bottom"] <= height
            assert box["width"] / box["height"] == pytest.approx(320 / 256, rel=0.02)
            assert box["width"] >= min(150, width / 2)
        assert (left["width"], left["height"]) == pytest.approx((right["width"], right["height"]), abs=0.5)
        page.execute_script("document.getElementById('left').click()")
        until(page, FEEDBACK)
        assert js(page, "document.getElementById('next').getBoundingClientRect().height") >= 44
    finally:
        resize(page, 1280, 900)


def test_everything_has_a_name_for_those_who_do_not_see_it(page: Any) -> None:
    """Chromium's own accessibility tree: no button or field without a name, in every part of a session."""
    found = nameless(page)
    begin(page, "Fay")
    found += nameless(page)
    press(page, "ENTER")
    until(page, ASKING)
    found += nameless(page)
    assert found == []


def nameless(page: Any) -> list[Any]:
    nodes = page.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    roles = ("button", "textbox", "progressbar", "image")
    seen = [node for node in nodes if node.get("role", {}).get("value") in roles and not node["ignored"]]
    assert seen
    return [node for node in seen if not node.get("name", {}).get("value")]
