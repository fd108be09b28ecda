"""A picture of every page, at three widths, light and dark: `make pictures`, to lay two versions side by side.

Starts an installation of its own, fills it (`picture_scene`), opens one real sandbox, and writes `PAGE-WIDTH-SCHEME.png`.
A new page needs a row in PAGES, or its reason in WITHOUT; `tests/web/test_pictures.py` says so.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, Page, expect, sync_playwright

from explorer.lessons.load import load_lessons
from tests.browser.conftest import EMBEDDING_SITE, ROOT, Learner, free_port, wait_for_address

WIDTHS = ((390, 844), (1280, 800), (1920, 1080))
Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
TABS = ("Interfaces", "Routes", "Rules", "Neighbours", "Journey", "Capture", "Reach", "Added", "Timeline")


def press(*names: str) -> Callable[[Page], None]:
    def act(page: Page) -> None:
        for name in names:
            page.get_by_role("button", name=name, exact=True).first.click()

    return act


def unfold(*selectors: str) -> Callable[[Page], None]:
    def act(page: Page) -> None:
        for selector in selectors:
            page.locator(selector).first.evaluate("it => { it.open = true }")

    return act


def send(selector: str, **fields: str) -> Callable[[Page], None]:
    """As a browser without JavaScript sends a form."""

    def act(page: Page) -> None:
        form = page.locator(selector).first
        with page.expect_navigation():
            form.evaluate(
                """(form, fields) => {
                    for (const [name, value] of Object.entries(fields)) {
                        const there = form.elements[name] ?? form.appendChild(document.createElement("input"));
                        Object.assign(there, { name, value });
                    }
                    HTMLFormElement.prototype.submit.call(form);
                }""",
                fields,
            )

    return act


def send_stale(page: Page) -> None:
    """The form of somebody whose browser keeps no cookies."""
    page.context.clear_cookies()
    send("main form", username="marie", password="x")(page)


def pane(name: str) -> Callable[[Page], None]:
    """On a phone a page with a sandbox shows one part at a time."""

    def act(page: Page) -> None:
        button = page.locator(f".pane-switch [data-pane={name}]")
        if button.is_visible():
            button.click()

    return act


def put_on_paper(page: Page) -> None:
    page.emulate_media(media="print")


def tab(name: str) -> Callable[[Page], None]:
    """The bar of the class makes room for what the tab shows."""

    def act(page: Page) -> None:
        page.locator("class-seat").evaluate("it => { it.hidden = true }")
        page.locator("live-views .view-tab", has_text=name).first.evaluate("it => it.click()")
        page.wait_for_timeout(300)

    return act


@dataclass(frozen=True)
class Picture:
    """`who` sits at the browser, by name of `Scene.cookies`; `path` is filled with the scene's facts; `names` are the URL names
    shown. `act` is done once the page is there, `fit` again at every width; `wait` is what has to be in sight."""

    name: str
    path: str
    names: str
    who: str = ""
    act: Callable[[Page], None] | None = None
    fit: Callable[[Page], None] | None = None
    wait: str = ""
    live: bool = False  # of a page whose sandbox is real


def panel(table: str, row: str, who: str = "operator") -> tuple[Picture, Picture]:
    word = table.rpartition("_")[2]
    return (
        Picture(f"panel-{word}s", f"/admin/{table.replace('_', '/')}/", f"admin:{table}_changelist", who),
        Picture(f"panel-{word}", f"/admin/{table.replace('_', '/')}/{{{row}}}/change/", f"admin:{table}_change", who),
    )


SEAT = "/teach/{klass}/seats/{live}/"
PAGES: tuple[Picture, ...] = (
    # learners
    Picture("home", "/", "home"),
    Picture("home-begun", "/", "home", "ben"),
    Picture("about", "/about/", "about"),
    Picture("lesson", "/learn/bridge/", "lesson"),
    Picture("lesson-print", "/learn/bridge/print/", "lesson-print", "comparer"),
    Picture("lesson-step", "/learn/bridge/?step=localhost", "lesson step", "comparer"),
    Picture("lesson-network", "/learn/bridge/", "lesson", fit=pane("network")),
    Picture("lesson-begin", "/learn/start-here/", "lesson"),
    Picture("lesson-overlay", "/learn/overlay/", "lesson"),
    Picture("lesson-lacking", "/learn/ipvlan/", "lesson", fit=pane("network")),
    Picture("lesson-opening", "/learn/bridge/", "lesson", "chiara", fit=pane("network")),
    Picture("lesson-waiting", "/learn/bridge/", "lesson", "dimitri", fit=pane("network")),
    Picture("lesson-failed", "/learn/bridge/", "lesson", "farid", fit=pane("network")),
    Picture("lesson-elsewhere", "/learn/host/", "lesson", "ben", fit=pane("network")),
    Picture("playground", "/playground/", "playground"),
    Picture("playground-wrong", "/playground/?hosts=99", "playground"),
    Picture("compare", "/compare/", "compare"),
    Picture("compare-wrong", "/compare/?columns=bridge", "compare"),
    Picture("comparison", "/compare/{comparison}/", "comparison", "comparer"),
    Picture("comparison-evidence", "/compare/{comparison}/bridge/by-address/", "comparison-evidence", "comparer"),
    Picture("case", "/compare/cases/shop/", "case"),
    Picture("embed", "/embed/bridge/", "embed"),
    Picture("embed-network", "/embed/bridge/", "embed", fit=pane("network")),
    Picture("error-404", "/no/such/page", ""),
    Picture("error-403", "/teach/login/", "", act=send_stale),
    # a learner in a class
    Picture("join", "/join/", "join"),
    Picture("join-wrong", "/join/", "join", act=send("main form", code="abcd-efgh", name="Ana")),
    Picture("join-code", "/join/{code}/", "join-code"),
    Picture("join-link", "/join/{code}/{signature}/", "join-link", "ben"),
    Picture("class", "/class/", "class", "ben"),
    Picture("class-helped", "/class/", "class", "elif"),
    Picture("class-link", "/class/", "class", "chiara", act=send("form[action$='class/link/']")),
    Picture("class-over", "/class/", "class", "over"),
    Picture("class-removed", "/class/", "class", "pavel"),
    Picture("class-back", "/class/back/{token}/", "class-back"),
    Picture("class-back-nowhere", "/class/back/nowhere/", "class-back"),
    Picture("class-summary", "/class/summary/", "class-summary", "ben"),
    Picture("class-summary-paper", "/class/summary/", "class-summary", "ben", act=put_on_paper),
    # instructors
    Picture("login", "/teach/login/", "login"),
    Picture("login-wrong", "/teach/login/", "login", act=send("main form", username="marie", password="wrong")),
    Picture("classes", "/teach/", "classes", "teacher"),
    Picture("class-new", "/teach/new/", "class-new", "teacher"),
    Picture("class-new-wrong", "/teach/new/", "class-new", "teacher", act=send("main form", seats_expected="0", title="Mine")),
    Picture("class-setup", "/teach/{klass}/setup/", "class-setup", "teacher"),
    Picture(
        "class-setup-open",
        "/teach/{klass}/setup/",
        "class-setup",
        "teacher",
        act=unfold(".setup-acts details", ".seat-list details"),
    ),
    Picture("class-setup-over", "/teach/{over}/setup/", "class-setup", "teacher"),
    Picture("class-show", "/teach/{klass}/setup/show/", "class-show", "teacher"),
    Picture("class-way-back", "/teach/{klass}/setup/", "seat-link", "teacher", act=send(".seat-list form[action$='/link/']")),
    Picture("wall", "/teach/{klass}/", "wall", "teacher"),
    Picture("wall-acts", "/teach/{klass}/", "wall class-answers prepared", "teacher", act=unfold(".acts-more")),
    Picture("wall-said", "/teach/{klass}/", "do-class", "teacher", act=send("#act-say", text="Look at step two.")),
    Picture("wall-dense", "/teach/{dense}/", "wall", "teacher"),
    Picture("wall-crowd", "/teach/{crowd}/", "wall", "teacher"),
    Picture("wall-empty", "/teach/{empty}/", "wall", "teacher"),
    Picture("wall-over", "/teach/{over}/", "wall", "teacher"),
    Picture("results", "/teach/{klass}/results/", "results", "teacher"),
    Picture("results-empty", "/teach/{empty}/results/", "results", "teacher"),
    Picture("results-unlike", "/teach/{over}/results/", "results class-forget", "teacher", act=send(".forget form", title="x")),
    Picture("seat", "/teach/{klass}/seats/{helped}/", "seat", "teacher"),
    Picture("seat-person", "/teach/{klass}/seats/{helped}/", "seat", "teacher", act=unfold(".acts-more"), fit=pane("lesson")),
    Picture("seat-summary", "/teach/{klass}/seats/{seat}/summary/", "seat-summary", "teacher"),
    Picture("watch", "/teach/sandboxes/{sandbox}/", "watch", "operator"),
    Picture("lessons", "/teach/lessons/", "lessons", "teacher"),
    *(
        Picture(f"authored-{slug}", f"/teach/lessons/{{lesson_{slug}}}/", "authored", "teacher")
        for slug in ("draft", "faulty", "unsolved", "solved", "published")
    ),
    Picture(
        "authored-open",
        "/teach/lessons/{lesson_solved}/",
        "authored",
        "teacher",
        act=unfold(".lesson-lines", "details:last-of-type"),
    ),
    Picture("lesson-draft", "/learn/_{lesson_draft}/", "lesson", "teacher"),
    # the panel
    Picture("panel", "/admin/", "admin:index", "operator"),
    Picture("panel-table", "/admin/", "admin:index", "operator", act=unfold(".panel-card details")),
    Picture("panel-instructor", "/admin/", "admin:index", "teacher"),
    Picture("panel-tables", "/admin/sandboxes/", "admin:app_list", "operator"),
    Picture("panel-history", "/admin/sandboxes/node/{node}/history/", "admin:sandboxes_node_history", "operator"),
    Picture("panel-password", "/admin/password_change/", "admin:password_change", "operator"),
    Picture("panel-password-done", "/admin/password_change/done/", "admin:password_change_done", "operator"),
    *panel("sandboxes_sandbox", "sandbox"),
    *panel("sandboxes_node", "node"),
    *panel("classroom_class", "klass"),
    *panel("classroom_seat", "seat"),
    *panel("sandboxes_authoredlesson", "lesson_draft"),
    *panel("classroom_auditentry", "entry"),
    *panel("auth_user", "account"),
    *panel("sandboxes_comparison", "comparison"),
    *panel("sandboxes_action", "action"),
    *panel("sandboxes_learner", "learner"),
    *panel("sandboxes_progress", "progress"),
    Picture("panel-confirm", "/admin/sandboxes/node/{node}/change/", "", "operator", act=press("Drain")),
    Picture("panel-done", "/admin/sandboxes/node/{node}/change/", "", "operator", act=press("Resume", "Yes, resume")),
    # a sandbox that lives: the learner's page, and the instructor's beside it
    Picture("live-lesson", "/learn/bridge/", "lesson", "ana", fit=pane("lesson"), live=True),
    Picture("live-terminal", "/learn/bridge/", "lesson", "ana", fit=pane("terminal"), live=True),
    *(
        Picture(f"live-{name.lower()}", "/learn/bridge/", "lesson", "ana", act=tab(name), fit=pane("network"), live=True)
        for name in TABS
    ),
    Picture("live-seat", SEAT, "seat", "teacher", fit=pane("network"), live=True),
    Picture("live-seat-person", SEAT, "seat", "teacher", fit=pane("lesson"), live=True),
    Picture("live-seat-terminal", SEAT, "seat", "teacher", fit=pane("terminal"), live=True),
    Picture("live-playground", "/playground/", "playground", "comparer", fit=pane("network"), live=True),
)
TABLES = sorted({name for picture in PAGES for name in picture.names.split() if name.endswith("_changelist")})
WITHOUT = {  # URL names, each with its reason
    name.replace("_changelist", "_history"): "all histories look like a node's"
    for name in TABLES
    if name != "admin:sandboxes_node_changelist"
}


@contextmanager
def installation() -> Iterator[str]:
    """The address of one of its own; this process's settings are its settings."""
    state = Path(tempfile.mkdtemp(prefix="explorer-pictures-"))
    state.chmod(0o755)
    for name in ("REDIS_URL", "DATABASE_URL", "EXPLORER_RUN", "EXPLORER_ENGINE_DIR"):
        os.environ.pop(name, None)
    os.environ |= {
        "EXPLORER_INSTALL": f"{os.environ.get('EXPLORER_INSTALL', 'test')[:12]}-pictures",
        "EXPLORER_STATE": str(state / "var"),
        "PORT": str(free_port()),
        "EXPLORER_EMBED_SITES": EMBEDDING_SITE,
        "DJANGO_SETTINGS_MODULE": "explorer.settings",
    }
    log = state / "up.log"
    with log.open("w") as out:
        words = [sys.executable, "manage.py", "up"]
        process = subprocess.Popen(words, cwd=ROOT, stdout=out, stderr=out, start_new_session=True)
    try:
        yield wait_for_address(process, log)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.wait(60)
        shutil.rmtree(state, ignore_errors=True)


def fill() -> Any:
    """Before Playwright starts: its loop and Django's rows do not share a thread."""
    os.environ["SECRET_KEY"] = (Path(os.environ["EXPLORER_STATE"]) / "secret-key").read_text().strip()
    import django  # the settings are read when this is imported, and they name the installation that was just started

    django.setup()
    from tests.browser.picture_scene import make_scene  # needs Django set up

    return make_scene()


class Studio:
    """Who sits at which browser, and where the pictures go."""

    def __init__(self, browser: Browser, site: str, scene: Any, folder: Path) -> None:
        self.browser, self.site, self.scene, self.folder = browser, site, scene, folder
        self.begun = False  # whether there are sandboxes that live

    def page_of(self, who: str) -> Page:
        """Of a browser of its own."""
        context = self.browser.new_context(base_url=self.site, reduced_motion="reduce")
        context.set_default_timeout(40_000)
        context.add_init_script("localStorage.setItem('terminal-webgl', '0')")
        if who:
            context.add_cookies([{"name": "sessionid", "value": self.scene.cookies[who], "url": self.site}])
        return context.new_page()

    def begin(self) -> None:
        """Ana works through the first step; somebody else plays."""
        self.begun = True
        page = self.page_of("ana")
        page.set_viewport_size({"width": 1400, "height": 1000})
        learner = Learner(page)
        try:
            learner.open("bridge")
            page.get_by_label("run it").check()
            learner.guess()
            learner.click_commands(load_lessons()["bridge"].steps[0])
            page.context.close()
            page = self.page_of("comparer")
            page.goto("/playground/")
            page.get_by_role("button", name="Open it").click()
            expect(page.locator("live-sandbox.seen[data-state=ready]")).to_be_attached(timeout=60_000)
        finally:
            page.screenshot(path=str(self.folder / "begun.png"))
            page.context.close()

    def take(self, picture: Picture) -> None:
        page = self.page_of(picture.who)
        page.set_viewport_size({"width": 1280, "height": 800})
        page.goto(picture.path.format(**self.scene.facts))
        if picture.live:
            expect(page.locator("live-sandbox.seen[data-state=ready]")).to_be_attached(timeout=60_000)
            page.wait_for_timeout(1500)
        if picture.act:
            picture.act(page)
        page.evaluate("document.fonts.ready")
        for width, height in WIDTHS:
            page.set_viewport_size({"width": width, "height": height})
            if picture.fit:
                picture.fit(page)
            for scheme in SCHEMES:
                show_in(page, scheme)
                page.wait_for_timeout(120)
                path = self.folder / f"{picture.name}-{width}-{scheme}.png"
                page.screenshot(path=str(path), full_page=True, animations="disabled")
        page.context.close()


def show_in(page: Page, scheme: Scheme) -> None:
    """Our pages have their theme in an attribute, the panel in a class; scripts write them when a page is opened."""
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.evaluate(
        """dark => {
            const page = document.documentElement;
            if (page.dataset.theme) page.dataset.theme = dark ? "night" : "day";
            else page.classList.toggle("dark", dark);
        }""",
        scheme == "dark",
    )


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):  # a background job of a shell begins with interrupts ignored
        signal.signal(number, signal.default_int_handler)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", default="var/pictures")
    parser.add_argument("--only", default="", help="pages whose name has one of these words in it")
    asked = parser.parse_args()
    wanted = [picture for picture in PAGES if not asked.only or any(word in picture.name for word in asked.only.split())]
    folder = Path(asked.folder)
    folder.mkdir(parents=True, exist_ok=True)
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    missed = []
    with installation() as site:
        scene = fill()
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
            studio = Studio(browser, site, scene, folder)
            for picture in wanted:
                if picture.live and not studio.begun:
                    missed += tried("what lives", studio.begin)
                missed += tried(picture.name, partial(studio.take, picture))
            browser.close()
    sys.stdout.write(f"{len(wanted)} pages are in {folder}" + (f", without {', '.join(missed)}\n" if missed else "\n"))
    sys.exit(bool(missed))


def tried(name: str, do: Callable[[], None]) -> list[str]:
    """The name of what failed: one page that cannot be shown keeps no other from being shown."""
    try:
        do()
    except Exception as error:
        sys.stderr.write(f"{name}: {error}\n")
        return [name]
    return []


if __name__ == "__main__":
    main()
