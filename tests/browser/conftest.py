"""A whole installation of its own, started once; learners in Chromium, each a stranger to the others.

Run it apart from the other tests: Playwright's loop and ours cannot share a process.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from explorer.lessons.model import Command, Step

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 240  # a first start imports images
expect.set_options(timeout=30_000)


def pytest_collection_modifyitems(items):
    for item in items:
        if "tests/browser/" in item.nodeid:
            item.add_marker(pytest.mark.browser)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


EMBEDDING_SITE = os.environ.get("EXPLORER_EMBED_SITES") or f"http://localhost:{free_port()}"  # may show lessons in a frame


def wait_for_address(process: subprocess.Popen, log: Path) -> str:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        found = re.search(r"^http://\S+?/$", log.read_text(), re.M)
        if found:
            return found[0].replace("localhost", "127.0.0.1").rstrip("/")
        if process.poll() is not None:
            break
        time.sleep(0.2)
    pytest.fail(f"the installation did not start:\n{log.read_text()[-3000:]}")


def complaints_in(state: Path) -> list[str]:
    """The last of what the parts of an installation complained about; pytest shows it when a test failed."""
    told = []
    for log in sorted((state / "var" / "logs").glob("*.log")):
        lines = [line for line in log.read_text(errors="replace").splitlines() if re.search(r"\[(warning|error)|Error\b", line)]
        told += [f"{log.name}: {line[:300]}" for line in lines[-12:]]
    return told


@pytest.fixture(scope="session")
def site(installation):
    """Its address."""
    return installation[0]


@pytest.fixture(scope="session")
def installation():
    """Its address, and the environment in which `manage.py` speaks to it. Stopped as with Ctrl-C. `EXPLORER_BROWSER_SITE` names
    one that runs already, to write tests with; its EXPLORER_STATE is needed where a test makes users."""
    if os.environ.get("EXPLORER_BROWSER_SITE"):
        yield os.environ["EXPLORER_BROWSER_SITE"], dict(os.environ)
        return
    if os.geteuid() != 0:
        pytest.skip("a node needs root")
    state = Path(tempfile.mkdtemp(prefix="explorer-browser-"))
    log = state / "up.log"
    settings = {
        "EXPLORER_INSTALL": f"{os.environ.get('EXPLORER_INSTALL', 'test')[:12]}-browser",
        "EXPLORER_STATE": str(state / "var"),
        "PORT": str(free_port()),
        "EXPLORER_EMBED_SITES": EMBEDDING_SITE,
    }
    unset = {"REDIS_URL", "DATABASE_URL", "EXPLORER_RUN", "EXPLORER_ENGINE_DIR"}
    environment = {name: value for name, value in os.environ.items() if name not in unset} | settings
    state.chmod(0o755)
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "up"], cwd=ROOT, env=environment, stdout=out, stderr=out, start_new_session=True
        )
    try:
        yield wait_for_address(process, log), environment
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        try:
            process.wait(60)
        finally:
            print(log.read_text()[-500:], *complaints_in(state), sep="\n")  # noqa: T201
            shutil.rmtree(state, ignore_errors=True)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("no Chromium here; setup/debian-packages-test.txt names it")
    return {**browser_type_launch_args, "executable_path": path, "args": ["--no-sandbox", "--disable-gpu"]}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args, site):
    return {**browser_context_args, "base_url": site, "viewport": {"width": 1400, "height": 900}}


@pytest.fixture
def context(context):
    """Every page draws its terminals as text, so that tests can read them."""
    context.add_init_script("localStorage.setItem('terminal-webgl', '0')")
    return context


@pytest.fixture(scope="session")
def account(installation):
    """Makes an account in the running site's database: `account("--operator")` is (name, password) of an operator."""
    environment = installation[1]
    if "EXPLORER_STATE" not in environment:
        pytest.skip("EXPLORER_STATE has to name the state of the site that runs already")

    @cache
    def make(*options: str) -> tuple[str, str]:
        name, password = f"{(options or ('--teacher',))[0][2:]}-{os.getpid()}", "only-for-tests-9931"
        words = ["instructor", *options, "--renew", "--name", name, "--password-file", "-"]
        made = subprocess.run(
            [sys.executable, "manage.py", *words], cwd=ROOT, env=environment, input=password, capture_output=True, text=True
        )
        assert made.returncode == 0, made.stderr
        return name, password

    return make


@pytest.fixture
def logged_in(browser, browser_context_args):
    """Opens a page of a browser of its own at `path`, logged in as this account."""
    contexts = []

    def open_page(account: tuple[str, str], path: str) -> Page:
        contexts.append(browser.new_context(**browser_context_args))
        contexts[-1].add_init_script("localStorage.setItem('terminal-webgl', '0')")
        page = contexts[-1].new_page()
        page.goto(path)
        page.get_by_label("Name").fill(account[0])
        page.get_by_label("Password").fill(account[1])
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url(f"**{path}")
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def instructor_page(account, logged_in):
    """In which an instructor sees the list of their classes."""
    return logged_in(account(), "/teach/")


@pytest.fixture
def complaints(page):
    """What the browser complained about: errors of ours and broken policies. None, at the end of each test that asks."""
    found: list[str] = []
    page.on("pageerror", lambda error: found.append(str(error)))
    page.on("console", lambda message: found.append(message.text) if message.type == "error" else None)
    yield found
    assert found == []


# the newest open shell of a place: how many of its lines (wrapped ones joined) hold the command, and its last line
SHELL = """(place, command) => {
    const shells = [...document.querySelectorAll("lab-terminal")];
    const shell = shells.filter((one) => one.getAttribute("place") === place && !one.closed).pop();
    const buffer = shell?.term?.buffer.active;
    const lines = [];
    for (let at = 0; at < (buffer?.length ?? 0); at += 1) {
        const line = buffer.getLine(at);
        const text = line.translateToString();
        if (line.isWrapped && lines.length) lines[lines.length - 1] += text;
        else lines.push(text);
    }
    const said = lines.map((line) => line.trimEnd()).filter(Boolean);
    return { times: said.filter((line) => line.includes(command)).length, last: said.at(-1) ?? "" };
}"""


class Learner:
    """What a person at a lesson page does and sees."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def open(self, lesson: str = "bridge") -> None:
        self.page.goto(f"/learn/{lesson}/")
        self.page.get_by_role("button", name="Open your sandbox").click()
        self.wait_ready()

    def wait_ready(self) -> None:
        expect(self.page.locator("live-sandbox.seen[data-state=ready]")).to_be_attached(timeout=60_000)
        expect(self.screen).to_contain_text("#", timeout=20_000)

    @property
    def sandbox(self) -> str:
        return str(self.page.locator("live-sandbox").get_attribute("data-sandbox"))

    @property
    def screen(self):
        """The text of the terminal in front."""
        return self.page.locator("lab-terminal:not([hidden]) .xterm-rows")

    def shell(self, place: str) -> None:
        """Brings a shell in `place` to the front and puts the keyboard into it."""
        tab = self.page.locator("terminal-dock").get_by_role("tab", name=place, exact=True)
        if tab.count() == 0:
            self.page.get_by_role("button", name="Open another shell").click()
            self.page.locator("#shell-menu").get_by_role("button", name=place, exact=True).click()
        tab.click()
        expect(self.screen).to_contain_text("#")
        self.page.locator("lab-terminal:not([hidden]) .xterm-screen").click()

    def type(self, place: str, command: str) -> None:
        self.shell(place)
        self.page.keyboard.type(command)
        self.page.keyboard.press("Enter")

    def click_commands(self, step: Step) -> None:
        """Every command of the step in turn, waiting for the prompt to come back. A command of a part that comes after a
        question appears once the question is settled.
        """
        seen: Counter[Command] = Counter()
        for one in step.commands:
            which = f"#step button.run[data-place={json.dumps(one.place)}][data-command={json.dumps(one.command)}]"
            times = self.times(one.place, one.command)
            self.page.locator(which).nth(seen[one]).click()
            self.settle(one.place, one.command, times + 1)
            seen[one] += 1

    def run(self, place: str, command: str) -> None:
        """Types a command and waits for the prompt to come back."""
        times = self.times(place, command)
        self.type(place, command)
        self.settle(place, command, times + 1)

    def times(self, place: str, command: str) -> int:
        """How often the shell there shows this command."""
        return int(self.page.evaluate(f"([place, command]) => ({SHELL})(place, command).times", [place, command]))

    def settle(self, place: str, command: str, times: int = 1) -> None:
        """The shell there has shown the command so many times, and its prompt again after it."""
        asked = f"""([place, command, times]) => {{
            const shell = ({SHELL})(place, command);
            return shell.times >= times && /[#$]$/.test(shell.last) && !shell.last.includes(command);
        }}"""
        self.page.wait_for_function(asked, arg=[place, command, times], timeout=40_000)

    def guess(self) -> None:
        """The first option of every prediction that is still open."""
        forms = self.page.locator("form.prediction:not(.locked):not(.answered)")
        while forms.count():
            form = forms.first
            name = form.get_attribute("data-prediction")
            form.locator("input[type=radio]").first.check()
            form.get_by_role("button", name="I think so").click()
            locked = f"form.prediction[data-prediction='{name}']:is(.locked, .answered)"
            expect(self.page.locator(locked)).to_be_attached()

    def choose(self, place: str, tab: str = "Interfaces") -> None:
        self.page.get_by_role("radiogroup").get_by_text(place, exact=True).click()
        self.page.locator("live-views").get_by_role("tab", name=tab).click()


@pytest.fixture
def learner(page):
    """A learner whose sandbox is closed at the end, so that the next has room."""
    person = Learner(page)
    yield person
    page.evaluate(
        """async () => {
            const live = document.querySelector("live-sandbox");
            if (!live) return;
            const token = JSON.parse(document.body.getAttribute("hx-headers"));
            const headers = { ...token, "HX-Request": "true" };
            await fetch(`/sandboxes/${live.dataset.sandbox}/close/`, { method: "POST", headers });
        }"""
    )
