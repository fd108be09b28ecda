"""`manage.py instructor`: who it makes, and what it refuses in one sentence."""

import io

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import call_command

from explorer.classroom.management.commands import instructor
from explorer.classroom.people.access import role_of
from explorer.classroom.people.who import is_anybody_here

pytestmark = pytest.mark.django_db
GOOD = "a long walk to the harbour"


@pytest.fixture(autouse=True)
def _place(settings, tmp_path, monkeypatch):
    settings.STATE_DIR = tmp_path / "var"
    monkeypatch.setattr(instructor, "call_command", lambda *_, **__: None)  # the tests' database is migrated


@pytest.fixture
def make(tmp_path):
    def made(name, password=GOOD, *words):
        secret = tmp_path / "secret"
        secret.write_text(f"{password}\nsecond line\n")
        call_command("instructor", "--name", name, "--password-file", str(secret), *words)
        return User.objects.get(username=name)

    return made


@pytest.fixture
def terminal(monkeypatch):
    """Answers of a person at a terminal: a name, then passwords."""

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    def answers(name, *passwords):
        left = iter(passwords)
        monkeypatch.setattr("sys.stdin", Terminal())
        monkeypatch.setattr("builtins.input", lambda _: name)
        monkeypatch.setattr("getpass.getpass", lambda _: next(left))

    return answers


def test_an_instructor_is_made_and_told_where_to_log_in(make, capsys):
    assert not is_anybody_here()
    user = make("morgan")
    assert (role_of(user), user.is_staff, user.is_superuser, user.check_password(GOOD)) == ("instructor", True, False, True)
    assert "✓ instructor morgan; log in at http://localhost:" in capsys.readouterr().out
    assert is_anybody_here()


def test_both_groups_are_there_afterwards(make):
    make("morgan")
    assert set(Group.objects.values_list("name", flat=True)) == {"instructor", "operator"}


def test_an_operator(make):
    assert role_of(make("kim", GOOD, "--operator")) == "operator"


@pytest.mark.parametrize("password", ["", "short", "12345678901", "password1", "morgan77"])
def test_a_weak_password_is_refused(make, capsys, password):
    with pytest.raises(SystemExit):
        make("morgan", password)
    assert "password" in capsys.readouterr().err
    assert User.objects.count() == 0


@pytest.mark.parametrize("name", ["two words", "<b>", "x" * 200])
def test_a_name_that_cannot_be_is_refused(make, capsys, name):
    with pytest.raises(SystemExit):
        make(name)
    assert "nobody was made" in capsys.readouterr().err
    assert User.objects.count() == 0


def test_who_exists_is_not_changed_by_mistake(make, capsys):
    user = make("morgan")
    with pytest.raises(SystemExit):
        make("morgan", "another long walk somewhere")
    assert "--renew" in capsys.readouterr().err
    user.refresh_from_db()
    assert user.check_password(GOOD)


def test_renewed_with_another_role(make):
    make("morgan")
    user = make("morgan", "another long walk somewhere", "--operator", "--renew")
    assert user.check_password("another long walk somewhere")
    assert [group.name for group in user.groups.all()] == ["operator"]


def test_guided(terminal, capsys):
    terminal("morgan", GOOD, GOOD)
    call_command("instructor")
    assert role_of(User.objects.get()) == "instructor"
    assert GOOD not in capsys.readouterr().out


def test_guided_with_a_slip_and_a_weak_one_first(terminal, capsys):
    terminal("morgan", GOOD, "a slip", "12345", "12345", GOOD, GOOD)
    call_command("instructor")
    assert User.objects.get().check_password(GOOD)
    said = capsys.readouterr().err
    assert "These two differ" in said
    assert "too short" in said


def test_guided_but_never_good_enough(terminal):
    terminal("morgan", *["12345"] * 6)
    with pytest.raises(SystemExit):
        call_command("instructor")
    assert User.objects.count() == 0


def test_without_a_terminal_nothing_is_asked(capsys):
    with pytest.raises(SystemExit):
        call_command("instructor", "--name", "morgan")
    assert "--password-file" in capsys.readouterr().err


def test_a_password_file_that_is_not_there(capsys):
    with pytest.raises(SystemExit):
        call_command("instructor", "--name", "morgan", "--password-file", "/nowhere/secret")
    assert "could not be read" in capsys.readouterr().err
