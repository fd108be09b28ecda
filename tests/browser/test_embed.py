"""A lesson in a page of another site, in a browser that keeps third-party cookies from everybody."""

from __future__ import annotations

import http.server
import json
import threading
from pathlib import Path
from typing import ClassVar

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import EMBEDDING_SITE
from tests.browser.test_access import serious

DOCS = Path(__file__).resolve().parents[2] / "docs"
BLOCKED = {"profile": {"cookie_controls_mode": 1, "block_third_party_cookies": True}}
TEXT = "try { localStorage.setItem('terminal-webgl', '0') } catch {}"
HERE = "docker run -d --name web box"


class Handler(http.server.BaseHTTPRequestHandler):
    """`docs/embed.html` with the installation's address in it, as whoever embeds would write it; a page with a frame that must
    stay empty; and, for proof, a cookie that says whether it came back."""

    site = ""
    cookies: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.send_response(200)
        if self.path == "/cookie":
            self.cookies.append(self.headers.get("Cookie", ""))
            self.send_header("Set-Cookie", "third=party; SameSite=None; Secure")
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(self.text().encode())

    def text(self) -> str:
        if self.path == "/embed.html":
            return (DOCS / "embed.html").read_text().replace("http://127.0.0.1:8000", self.site)
        if self.path == "/shut":
            return f"<iframe src='{self.site}/learn/bridge/'></iframe>"
        if self.path == "/third":
            port = EMBEDDING_SITE.rpartition(":")[2]
            return f"<iframe src='http://127.0.0.1:{port}/cookie'></iframe>"
        return "words"

    def log_message(self, *_: object) -> None:
        """Not a word."""


@pytest.fixture(scope="module")
def other_site(site):
    """Answers on two addresses of this machine, and is listed under one name."""
    Handler.site = site
    port = int(EMBEDDING_SITE.rpartition(":")[2])
    servers = [http.server.ThreadingHTTPServer((address, port), Handler) for address in ("127.0.0.1", "127.0.0.2")]
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    yield EMBEDDING_SITE
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def dial(browser_type, browser_type_launch_args, tmp_path, request):
    """A page of a browser of its own, whose settings block third-party cookies. Playwright's browsers have storage in frames
    shut then; one as people have it, with storage kept apart by site, is asked for by `request.param`."""
    (tmp_path / "Default").mkdir()
    (tmp_path / "Default" / "Preferences").write_text(json.dumps(BLOCKED))
    own = {"ignore_default_args": True} if getattr(request, "param", "") == "as people have it" else {}
    args = [*browser_type_launch_args["args"], *(["--headless", "--remote-debugging-pipe", "--no-first-run"] if own else [])]
    launch = {**browser_type_launch_args, **own, "args": args}
    context = browser_type.launch_persistent_context(str(tmp_path), viewport={"width": 1100, "height": 800}, **launch)
    context.add_init_script(TEXT)
    yield context.new_page()
    context.close()


def framed(page):
    """The lesson's frame, once it is there."""
    expect(page.frame_locator("iframe").locator("#step")).to_be_visible()
    return next(frame for frame in page.frames if "/embed/" in frame.url)


def said_in(frame) -> str:
    """Everything the shell in front has said, wrapped lines joined."""
    return str(
        frame.evaluate(
            """() => {
                const buffer = document.querySelector("lab-terminal:not([hidden])")?.term?.buffer.active;
                let text = "";
                for (let at = 0; at < (buffer?.length ?? 0); at += 1) {
                    const line = buffer.getLine(at);
                    text += (line.isWrapped ? "" : "\\n") + line.translateToString(true);
                }
                return text;
            }"""
        )
    )


def until(page, true) -> None:
    for _ in range(300):
        if true():
            return
        page.wait_for_timeout(100)
    pytest.fail(f"it did not come true: {true}")


def test_third_party_cookies_are_blocked_here(dial, other_site):
    own = other_site.replace("localhost", "127.0.0.1")
    Handler.cookies.clear()
    for address in ("/cookie", "/cookie"):
        dial.goto(own + address)
    for _ in range(2):
        dial.goto(f"{other_site}/third")
        until(dial, lambda: dial.frames[1].url.endswith("/cookie"))
    assert Handler.cookies == ["", "third=party", "", ""]


def test_a_sandbox_in_a_frame_outlives_a_reload_and_goes_on_in_full(dial, other_site, site):
    sent: list[str] = []
    dial.on("request", lambda request: sent.append(request.all_headers().get("cookie", "")))
    dial.goto(f"{other_site}/embed.html")
    frame = framed(dial)
    frame.get_by_role("button", name="Open your sandbox").click()
    expect(frame.locator("live-sandbox.seen[data-state=ready]")).to_be_attached(timeout=60_000)
    sandbox = frame.locator("live-sandbox").get_attribute("data-sandbox")
    until(dial, lambda: "#" in said_in(frame))
    frame.locator("lab-terminal:not([hidden]) .xterm-screen").click()
    dial.keyboard.type(f"{HERE}\n")
    expect(frame.locator("[data-check=running].passed")).to_be_visible(timeout=30_000)
    expect(frame.locator("net-map").get_by_role("button", name="container web")).to_be_visible()
    assert serious(frame) == []

    dial.reload()
    frame = framed(dial)
    expect(frame.locator(f"live-sandbox.seen[data-sandbox='{sandbox}']")).to_be_attached()
    expect(frame.locator("[data-check=running].passed")).to_be_visible()
    until(dial, lambda: HERE in said_in(frame))
    assert not any("sessionid" in cookie or "csrftoken" in cookie for cookie in sent)

    with dial.expect_popup() as opened:
        frame.get_by_role("button", name="Open in full").click()
    full = opened.value
    expect(full.locator(f"live-sandbox.seen[data-sandbox='{sandbox}']")).to_be_attached()
    assert full.url == f"{site}/learn/bridge/?step=switch"
    full.on("dialog", lambda dialog: dialog.accept())
    full.get_by_role("button", name="Close", exact=True).click()
    expect(full.get_by_role("heading", name="Closed")).to_be_visible()


@pytest.mark.parametrize("dial", ["as people have it"], indirect=True)
def test_is_as_high_as_it_asks_to_be_and_remembers_the_step(dial, other_site):
    dial.goto(f"{other_site}/embed.html")
    frame = framed(dial)
    expect(frame.locator(".next")).to_be_visible()
    asked = "document.querySelector('#step').offsetHeight + document.querySelector('.embed-head').clientHeight"

    def fits():  # the frame asks for its height when its page is laid out
        height = dial.locator("iframe").evaluate("frame => frame.clientHeight")
        return abs(height - min(900, frame.evaluate(asked) + 24)) < 3

    until(dial, fits)
    frame.locator(".next").click()
    expect(frame.locator("#step[data-step=localhost]")).to_be_visible()
    dial.reload()
    expect(framed(dial).locator("#step[data-step=localhost]")).to_be_visible()
    assert "explorer-frame" in framed(dial).evaluate("Object.keys(sessionStorage)")


@pytest.mark.parametrize("path", ["/embed.html", "/shut"])
def test_the_browser_shows_nothing_on_a_site_that_is_not_listed_nor_any_other_page(dial, other_site, path):
    refused: list[str] = []
    dial.on("console", lambda message: refused.append(message.text))
    unlisted = other_site.replace("localhost", "127.0.0.2")
    dial.goto((other_site if path == "/shut" else unlisted) + path)
    until(dial, lambda: any("frame-ancestors" in text for text in refused))
    until(dial, lambda: dial.frames[1].url.startswith("chrome-error:"))
