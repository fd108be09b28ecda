"""When a line is called somebody else's: not before the daemon was asked again, and with the command if it is known."""

import pytest

from explorer.lab.watch.shown import Shown
from explorer.lab.watch.verdicts import NOT_KNOWN, SETTLED
from explorer.network.model import Place
from explorer.network.not_dockers import UNLIKE
from explorer.network.views import observe
from tests.network.captured import CAPTURES, FILES, docker, text

BEGAN, CAME = 1_000.0, 2_000.0
TYPED = "-A FORWARD -i docker0 -j ACCEPT"
FOLDER = CAPTURES / "bridge" / "3-published" / "h1"
DOCKERS = "-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.3:80"


def host(*more):
    shown = text(FOLDER, FILES["nat"][0])
    for line in more:
        shown = shown.replace("COMMIT", f"[0:0] {line}\nCOMMIT", 1)
    views = {view: observe(view, shown) for view in ("nat", "filter")}
    views["interfaces"] = observe("interfaces", text(FOLDER, FILES["interfaces"][0]))
    return Place(id="h1", kind="host", host="h1", name="h1", views=views)


@pytest.fixture
def shown():
    shown = Shown()
    take(shown, host(), now=BEGAN, asked=BEGAN)
    return shown


def take(shown, place, now, asked, names=None):
    return shown.take({"h1": place}, {"h1": names or docker("3-published")}, now, {"h1": asked})


def why(shown, line):
    return next(one.why for view in ("nat", "filter") for one in shown.places["h1"].views[view].lines if line in one.text)


def test_a_new_line_has_no_reason_until_the_daemon_was_asked_again(shown):
    take(shown, host(TYPED), now=CAME, asked=CAME - 1)
    assert why(shown, TYPED) == ""
    assert shown.verdicts.due() == {"h1": CAME + SETTLED}
    take(shown, host(TYPED), now=CAME + 1, asked=CAME + 1)
    assert why(shown, TYPED) == ""


def test_then_it_is_said_once_although_nothing_was_read_anew(shown):
    place = host(TYPED)
    take(shown, place, now=CAME, asked=CAME)
    news = take(shown, place, now=CAME + 4, asked=CAME + 3.5)
    assert [change.view for change in news.changes] == ["filter"]
    assert why(shown, TYPED) == f"{UNLIKE.text} {NOT_KNOWN}"
    assert shown.verdicts.due() == {}
    assert take(shown, place, now=CAME + 9, asked=CAME + 8).changes == []


def test_it_is_said_after_which_command_it_appeared(shown):
    for at, command in ((CAME - 60, "ls"), (CAME - 0.2, "iptables -I FORWARD -i docker0 -j ACCEPT"), (CAME + 1, "ip addr")):
        shown.verdicts.hear("h1", command, at)
    shown.verdicts.hear("h2", "reboot", CAME)
    take(shown, host(TYPED), now=CAME, asked=CAME)
    take(shown, host(TYPED), now=CAME + 4, asked=CAME + 4)
    assert why(shown, TYPED).endswith("It appeared after the command `iptables -I FORWARD -i docker0 -j ACCEPT`.")
    shown.verdicts.hear("h1", "iptables -I FORWARD -j DROP", CAME + 0.05)
    take(shown, host(TYPED), now=CAME + 5, asked=CAME + 5)
    assert why(shown, TYPED).endswith("-i docker0 -j ACCEPT`.")


def test_what_was_there_when_the_watching_began_is_judged_at_once():
    shown = Shown()
    take(shown, host(TYPED), now=BEGAN, asked=BEGAN)
    assert why(shown, TYPED) == UNLIKE.text


def test_the_daemons_answer_may_explain_it_in_the_meantime(shown):
    """A container's rules are there before the daemon tells of its port."""
    state = docker("3-published")
    unpublished = state.model_copy(
        update={"containers": tuple(one.model_copy(update={"ports": ()}) for one in state.containers)}
    )
    before = Shown()
    less = text(FOLDER, FILES["nat"][0]).replace(f"[0:0] {DOCKERS}\n", "")
    place = host().model_copy(update={"views": {**host().views, "nat": observe("nat", less)}})
    take(before, place, now=BEGAN, asked=BEGAN, names=unpublished)
    take(before, host(), now=CAME, asked=CAME, names=unpublished)
    assert why(before, DOCKERS) == ""
    take(before, host(), now=CAME + 1, asked=CAME + 1)
    assert why(before, DOCKERS).startswith("Because web publishes 8080:80")


def test_what_was_dockers_keeps_its_reason_for_a_while(shown):
    """The daemon tells that a container stopped before its last rule is gone."""
    state = docker("3-published")
    stopped = state.model_copy(
        update={"containers": tuple(one.model_copy(update={"state": "exited"}) for one in state.containers)}
    )
    take(shown, host(), now=CAME, asked=CAME, names=stopped)
    assert why(shown, DOCKERS).startswith("Because web publishes 8080:80")
    take(shown, host(), now=CAME + 4, asked=CAME + 4, names=stopped)
    assert why(shown, DOCKERS) == UNLIKE.text


def test_nothing_is_kept_of_what_is_gone(shown):
    take(shown, host(TYPED), now=CAME, asked=CAME)
    take(shown, host(), now=CAME + 1, asked=CAME + 1)
    assert shown.verdicts.due() == {}
    take(shown, host(TYPED), now=CAME + 2, asked=CAME + 2)
    shown.take({}, {}, CAME + 3)
    assert shown.verdicts._views == {}


@pytest.mark.parametrize("number", [10, 200])
def test_what_is_kept_is_bounded(shown, number):
    for at in range(number):
        shown.verdicts.hear("h1", "x" * 10_000, CAME + at)
    assert sum(len(one.text) for one in shown.verdicts._given["h1"]) <= 50 * 120
