"""An instructor's lessons through the page: sent, refused with file and line, seen, published, taken back, deleted."""

import io
import json
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from explorer.classroom.models import AuditEntry
from explorer.sandboxes import library
from explorer.sandboxes.models import AuthoredLesson, Node
from tests.attacks import attack
from tests.lessons.conftest import GOOD, TEXT
from tests.people import make_class, other_teacher, teacher

__all__ = ["other_teacher", "teacher"]
FILES = {"lesson.toml": GOOD, "1.md": TEXT, "2.md": "And now?\n"}


def packed(files, folder="my-lesson"):
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(f"{folder}/{name}", text)
    return SimpleUploadedFile("upload.zip", kept.getvalue())


def browser(user):
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def teachers(teacher):
    return browser(teacher)


@pytest.fixture
def node(db):
    return Node.objects.create(name="node1", seen_at=timezone.now(), capacity=4, health={"engines": ["26"]})


@pytest.fixture
def sent(monkeypatch):
    seen = []
    monkeypatch.setattr(
        "explorer.sandboxes.changes.app.send_task", lambda name, args=(), queue="", **_: seen.append((queue, *args))
    )
    return seen


@pytest.fixture
def row(teacher):
    return AuthoredLesson.objects.create(slug="my-lesson", title="A lesson", files=FILES, author=teacher)


def send(client, files=FILES, **more):
    return client.post("/teach/bring/", {"zip": packed(files), **more})


def test_a_good_zip_becomes_a_draft_of_its_author(teachers, teacher):
    assert send(teachers).url == "/teach/lessons/my-lesson/"
    row = AuthoredLesson.objects.get()
    assert (row.slug, row.title, row.state, row.author, row.version) == ("my-lesson", "A lesson", "draft", teacher, 1)
    assert row.files == FILES
    page = teachers.get("/teach/lessons/my-lesson/").content.decode()
    assert "Solve on a real sandbox" in page
    assert 'href="/learn/_my-lesson/"' in page
    assert [entry.action for entry in AuditEntry.objects.all()] == ["bring lesson"]


def test_a_folder_is_as_good_as_a_zip(teachers):
    files = [SimpleUploadedFile(name, text.encode()) for name, text in FILES.items()]
    paths = json.dumps([f"from-a-folder/{name}" for name in FILES])
    assert teachers.post("/teach/bring/", {"folder": files, "paths": paths}).url == "/teach/lessons/from-a-folder/"


def test_a_folder_without_our_script_has_its_name_from_its_lesson(teachers):
    main = f'slug = "named"\n{GOOD}'
    files = [SimpleUploadedFile(name, text.encode()) for name, text in {**FILES, "lesson.toml": main}.items()]
    assert teachers.post("/teach/bring/", {"folder": files}).url == "/teach/lessons/named/"


def test_what_is_wrong_is_shown_with_file_line_and_what_stands_there(teachers):
    answer = send(teachers, {**FILES, "1.md": "Fine.\n\n<b>bold</b> words\n"})
    page = answer.content.decode()
    assert answer.status_code == 400
    assert "<code>1.md</code>, line 3:" in page
    assert "&lt;b&gt;bold&lt;/b&gt; words" in page
    assert "raw HTML" in page
    assert not AuthoredLesson.objects.exists()


def test_a_sentence_that_may_give_a_question_away_is_shown_and_the_draft_kept(teachers):
    told = "The kernel wrote the host's address over the sender's."
    files = {**FILES, "lesson.toml": GOOD.replace("It **did**.", told)}
    send(teachers, {**files, "1.md": f"Start it.\n\n{told}\n"})
    page = teachers.get("/teach/lessons/my-lesson/").content.decode()
    assert "Sentences that may give a question away" in page
    assert "<code>1.md</code>, line 3: may give away &#x27;guess&#x27;: “The kernel wrote" in page
    assert "Solve on a real sandbox" in page
    send(teachers, {**files, "1.md": f"Start it.\n\n!!! after guess\n    {told}\n"})
    assert "may give" not in teachers.get("/teach/lessons/my-lesson/").content.decode()


@attack("a hostile zip, sent by the form", origin="page", expected="refused", held_by="names of entries are checked")
@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({**FILES, "../../etc/cron.md": "x"}, "leads out of its folder"),
        ({**FILES, "a.md": "\0" * 400_000}, "is no text"),
        ({"readme.md": "x"}, "is not there; a lesson is a folder that holds it"),
    ],
)
def test_a_hostile_zip_is_refused_with_its_entry(teachers, files, told):
    answer = send(teachers, files)
    assert answer.status_code == 400
    assert told in answer.content.decode()
    assert not AuthoredLesson.objects.exists()


def test_what_is_no_zip_and_nothing_are_refused(teachers):
    answer = teachers.post("/teach/bring/", {"zip": SimpleUploadedFile("x.zip", b"no zip")})
    assert "cannot be read" in answer.content.decode()
    assert "nothing was sent" in teachers.post("/teach/bring/").content.decode()


@attack("markup in a lesson's names", origin="output", expected="harmless", held_by="templates escape")
def test_markup_in_names_is_shown_as_text(teachers):
    page = send(teachers, {**FILES, "<img src=x onerror=alert(1)>.py": "x"}).content.decode()
    assert "&lt;img src=x" in page
    assert "<img src=x" not in page


def test_a_scenario_is_imported_and_what_was_lost_is_said(teachers):
    index = json.dumps({"title": "Ports", "details": {"steps": [{"title": "One", "text": "1.md"}]}, "difficulty": "easy"})
    send(teachers, {"index.json": index, "1.md": "Do `ls`{{exec}} <br>\n"})
    page = teachers.get("/teach/lessons/my-lesson/").content.decode()
    assert "Not carried over by the import" in page
    assert "1.md: raw HTML" in page


def test_the_same_again_is_no_new_version(teachers):
    send(teachers)
    send(teachers)
    assert AuthoredLesson.objects.get().version == 1


def test_a_newer_version_is_a_draft_and_the_published_one_stays(teachers, row):
    AuthoredLesson.objects.update(state="published", published_files=FILES)
    send(teachers, {**FILES, "2.md": "Something else.\n"})
    row.refresh_from_db()
    assert (row.state, row.version, row.published_files) == ("draft", 2, FILES)
    assert "Learners still see the version that was published" in teachers.get("/teach/lessons/my-lesson/").content.decode()


@attack("a lesson in the place of somebody else's", origin="page", expected="refused", held_by="names belong to authors")
def test_a_name_of_ours_or_of_somebody_else_is_refused(teachers, other_teacher, row):
    assert "comes with this site" in send(teachers, {**FILES, "lesson.toml": f'slug = "bridge"\n{GOOD}'}).content.decode()
    answer = send(browser(other_teacher))
    assert "Somebody else&#x27;s lesson is called" in answer.content.decode()
    assert AuthoredLesson.objects.get().author == row.author


def test_a_draft_is_seen_by_its_author_only(teachers, other_teacher, row, db):
    assert "Learners do not see this" in teachers.get("/learn/_my-lesson/").content.decode()
    assert browser(other_teacher).get("/learn/_my-lesson/").status_code == 404
    assert Client().get("/learn/_my-lesson/").status_code == 404
    assert Client().get("/learn/my-lesson/").status_code == 404
    assert Client().post("/sandboxes/open/", {"lesson": "_my-lesson"}).status_code == 404
    assert Client().post("/learn/_my-lesson/step/one/").status_code == 404


def test_a_draft_has_sandboxes_of_its_own(teachers, row, node, sent):
    assert teachers.post("/sandboxes/open/", {"lesson": "_my-lesson"}).url == "/learn/_my-lesson/"


def test_solving_is_asked_of_a_node_once(teachers, row, node, sent, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        for _ in range(2):
            teachers.post("/teach/lessons/my-lesson/solve/", {"engine": "26"})
    row.refresh_from_db()
    assert row.state == "solving"
    assert sent == [("node.node1", row.pk, 1)]
    assert 'hx-trigger="every 2s"' in teachers.get("/teach/lessons/my-lesson/").content.decode()


def test_without_a_machine_solving_is_refused_with_a_sentence(teachers, row, db):
    answer = teachers.post("/teach/lessons/my-lesson/solve/", {"engine": "26"}, follow=True)
    assert "No machine here can play it now" in answer.content.decode()


@pytest.mark.parametrize("state", ["draft", "solving"])
def test_only_what_is_solved_is_published(teachers, row, state):
    AuthoredLesson.objects.update(state=state)
    answer = teachers.post("/teach/lessons/my-lesson/publish/", follow=True)
    assert "Solve it first" in answer.content.decode()
    assert library.published() == {}


def test_a_published_lesson_is_on_the_home_page_and_playable(teachers, row):
    AuthoredLesson.objects.update(state="solved", solved_at=timezone.now())
    teachers.post("/teach/lessons/my-lesson/publish/")
    page = Client().get("/").content.decode()
    assert "From your instructors" in page
    assert 'href="/learn/my-lesson/"' in page
    assert Client().get("/learn/my-lesson/").status_code == 200
    assert AuditEntry.objects.first().detail == {"lesson": "my-lesson", "version": 1}


def test_taken_back_it_is_gone_for_learners_and_still_solved(teachers, row):
    AuthoredLesson.objects.update(state="published", published_files=FILES)
    teachers.post("/teach/lessons/my-lesson/unpublish/")
    row.refresh_from_db()
    assert (row.state, row.published_files) == ("solved", {})
    assert Client().get("/learn/my-lesson/").status_code == 404


@pytest.mark.parametrize("what", ["unpublish", "delete"])
def test_what_a_class_needs_stays(teachers, teacher, row, what):
    AuthoredLesson.objects.update(state="published", published_files=FILES)
    make_class(teacher, title="Networks I", lessons=["my-lesson"])
    answer = teachers.post(f"/teach/lessons/my-lesson/{what}/", follow=True)
    assert "“Networks I”" in answer.content.decode()
    assert AuthoredLesson.objects.get().published_files == FILES


def test_a_deleted_lesson_is_gone(teachers, row):
    assert teachers.post("/teach/lessons/my-lesson/delete/").url == "/teach/lessons/"
    assert not AuthoredLesson.objects.exists()
    assert teachers.get("/teach/lessons/my-lesson/").status_code == 404


def test_a_lesson_comes_back_as_the_zip_it_was(teachers, row):
    answer = teachers.get("/teach/lessons/my-lesson/zip/")
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert {name: archive.read(name).decode() for name in archive.namelist()} == {f"my-lesson/{n}": t for n, t in FILES.items()}


def test_a_report_shows_what_is_wrong_step_by_step(teachers, row):
    steps = [{"step": "one", "ok": False, "faults": ["check 'runs' did not turn green"], "seconds": 3}]
    AuthoredLesson.objects.update(report={"ok": False, "engine": "26", "steps": steps, "lines": ["<b>h1$ ls"]})
    page = teachers.get("/teach/lessons/my-lesson/").content.decode()
    assert "check &#x27;runs&#x27; did not turn green" in page
    assert "&lt;b&gt;h1$ ls" in page


def test_a_solve_with_a_version_that_is_no_more_is_said_to_be_old(teachers, row, node):
    AuthoredLesson.objects.update(
        state="published", published_files=FILES, report={"ok": True, "engine": "28", "docker": "28.5.2"}
    )
    assert "Docker Engine 28.5.2, which no machine here has now" in teachers.get("/teach/lessons/my-lesson/").content.decode()


def test_a_draft_that_is_no_lesson_any_more_is_shown_with_why(teachers, row):
    AuthoredLesson.objects.update(files={**FILES, "1.md": "<b>"})
    assert "<code>1.md</code>, line 1:" in teachers.get("/teach/lessons/my-lesson/").content.decode()


def test_a_preview_says_when_to_load_anew(teachers, row):
    same = teachers.get("/teach/lessons/my-lesson/follow/?version=1")
    assert "HX-Refresh" not in same
    AuthoredLesson.objects.update(version=2, report={"previewed": True, "error": "1.md:3: raw HTML"})
    later = teachers.get("/teach/lessons/my-lesson/follow/?version=1")
    assert later["HX-Refresh"] == "true"
    assert "1.md:3: raw HTML" in later.content.decode()
