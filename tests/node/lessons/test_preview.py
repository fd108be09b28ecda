"""A folder as a draft that follows it, and a scenario made a lesson from the command line."""

import pytest
from django.core.management import CommandError, call_command

from explorer.node.lessons.preview import Preview, stamp_of
from explorer.sandboxes import library
from explorer.sandboxes.models import AuthoredLesson
from tests.lessons.conftest import GOOD, TEXT
from tests.people import make_user


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "mine"
    made.mkdir()
    for name, text in {"lesson.toml": GOOD, "1.md": TEXT, "2.md": "And now?\n", ".hidden": "x"}.items():
        (made / name).write_text(text)
    return made


@pytest.fixture
def following(db, folder):
    return Preview(folder, make_user("author", "operator"))


def test_a_folder_becomes_a_draft(following):
    assert following.take() == ""
    assert library.find("_mine").title == "A lesson"
    assert AuthoredLesson.objects.get().report == {"previewed": True, "error": ""}


def test_a_change_is_a_new_version(following, folder):
    following.take()
    before = stamp_of(folder)
    (folder / "2.md").write_text("Something else.\n")
    assert stamp_of(folder) != before
    following.take()
    assert AuthoredLesson.objects.get().version == 2


def test_what_is_wrong_is_said_and_the_draft_stays(following, folder):
    following.take()
    (folder / "2.md").write_text("\n<b>\n")
    assert following.take().startswith("2.md:2: raw HTML")
    row = AuthoredLesson.objects.get()
    assert (row.version, row.files["2.md"]) == (1, "And now?\n")
    assert row.report["error"].startswith("2.md:2: raw HTML")


def test_at_the_end_the_draft_stays_and_pages_rest(following):
    following.take()
    following.end()
    assert AuthoredLesson.objects.get().report == {}


def test_the_lesson_of_somebody_else_is_left_alone(following):
    AuthoredLesson.objects.create(slug="mine", author=make_user("other", "instructor"))
    assert "somebody else's lesson" in following.take()


def test_a_site_that_others_see_has_no_preview(folder, settings, db):
    settings.BIND = "0.0.0.0"  # noqa: S104
    with pytest.raises(CommandError, match="only this machine sees"):
        call_command("lesson", "preview", str(folder))


def test_a_scenario_is_written_as_a_lesson(tmp_path, capsys):
    call_command("lesson", "import", "docs/examples/killercoda/publish-a-port", "--out", str(tmp_path))
    assert (tmp_path / "publish-a-port" / "step-1.sh").read_text().startswith("curl")
    assert "not carried over  intro.md: raw HTML" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("README.md", "cannot be read"),
        ("docs", "publish-a-port/index.json: is a second lesson"),
        ("nosuch.zip", "No such file"),
    ],
)
def test_what_is_no_scenario_is_refused(source, told):
    with pytest.raises(CommandError, match=told):
        call_command("lesson", "import", source)
