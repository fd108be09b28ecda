"""An instructor brings a lesson: refused with its line, refused for what it hides; imported, looked at, solved, published."""

import io
import zipfile
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.conftest import ROOT
from tests.browser.test_access import serious

SCENARIO = ROOT / "docs" / "examples" / "killercoda" / "publish-a-port"
MAIN = """\
title = "A lesson with a fault"
driver = "bridge"
summary = "s"
promise = "p"
minutes = 5
scenario = "one-host"
[[steps]]
id = "one"
title = "One"
file = "1.md"
"""


def packed(files):
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return {"name": "lesson.zip", "mimeType": "application/zip", "buffer": kept.getvalue()}


def send(page, files):
    page.goto("/teach/lessons/")
    page.get_by_label("A zip").set_input_files(packed(files))
    page.get_by_role("button", name="Send").click()


def test_what_is_wrong_is_shown_where_it_is(instructor_page):
    send(instructor_page, {"faulty/lesson.toml": MAIN, "faulty/1.md": "Fine.\n\nSee <img src=x>.\n"})
    alert = instructor_page.get_by_role("alert").filter(has_text="1.md")
    expect(alert).to_contain_text("line 3")
    expect(alert).to_contain_text("See <img src=x>.")
    assert serious(instructor_page) == []
    send(instructor_page, {"evil/lesson.toml": MAIN, "evil/../../etc/cron.md": "x"})
    expect(instructor_page.get_by_role("alert").filter(has_text="cron.md")).to_contain_text("leads out of its folder")


def test_a_scenario_is_imported_solved_and_published(instructor_page, page):
    teacher = instructor_page
    send(teacher, {f"publish-a-port/{path.relative_to(SCENARIO)}": path.read_text() for path in files_of(SCENARIO)})
    expect(teacher.get_by_role("heading", name="Not carried over by the import")).to_be_visible()
    assert serious(teacher) == []
    teacher.get_by_role("link", name="See it as a learner does").click()
    expect(teacher.get_by_text("Learners do not see this.")).to_be_visible()
    assert page.goto("/learn/publish-a-port/").status == 404
    teacher.get_by_role("link", name="Back to the lesson").click()
    teacher.get_by_role("button", name="Solve on a real sandbox").click()
    expect(teacher.get_by_text("every check was red before its step's commands")).to_be_visible(timeout=90_000)
    teacher.get_by_role("button", name="Publish").click()
    expect(teacher.get_by_text("published", exact=True)).to_be_visible()
    expect(page.goto("/") and page.get_by_role("link", name="Publish a port")).to_be_visible()
    teacher.get_by_role("button", name="Take it back").click()
    teacher.get_by_text("Delete this lesson").click()
    teacher.get_by_role("button", name="Delete it").click()
    teacher.wait_for_url("**/teach/lessons/")


def files_of(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
