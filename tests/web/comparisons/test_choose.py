"""The comparison pages: chosen, started, read while it fills and afterwards; refused in a sentence; nobody else's."""

import pytest

from explorer.network.comparison import Cell, Figures, Transcript
from explorer.network.comparison import Column as Result
from explorer.network.comparison import Comparison as Told
from explorer.network.comparison.spec import Spec
from explorer.sandboxes import comparisons
from explorer.sandboxes.models import Column, Comparison, Sandbox
from tests.asking import compare_for

SPEC = Spec(columns=("bridge", "macvlan"), throughput=False)


@pytest.fixture
def compared(ada, node) -> Comparison:
    return compare_for(ada, SPEC)


def fill(key: str, *cells: Cell, state: str = "running", **more: object) -> None:
    column = Column.objects.get(key=key)
    variant = next(variant for variant in SPEC.variants if variant.id == key)
    result = Result(variant=variant, state="running", cells=cells, **more)
    Column.objects.filter(pk=column.pk).update(state=state, result=result.model_dump_json())


def test_a_set_is_started_with_one_click(strangers, node):
    page = strangers.get("/compare/").content.decode()
    assert "Five drivers" in page
    answer = strangers.post("/compare/start/", {"set": "drivers"})
    made = Comparison.objects.get()
    assert answer.url == f"/compare/{made.pk}/"
    assert [column.key for column in made.columns.all()] == ["bridge", "host", "none", "macvlan", "overlay"]


def test_single_columns_with_an_engine_and_without_throughput(strangers, node):
    node.health = {"engines": ["26", "28"]}
    node.save()
    strangers.post("/compare/start/", {"columns": ["bridge", "host"], "engine": "28", "throughput": "0"})
    assert Comparison.objects.get().spec == {"columns": ["bridge@28", "host@28"], "throughput": False}


def test_its_link_reopens_the_same(adas, strangers, compared, node):
    page = adas.get(f"/compare/{compared.pk}/").content.decode()
    link = "/compare/?columns=bridge,macvlan&amp;throughput=0"
    assert link in page
    chosen = strangers.get(link.replace("&amp;", "&")).content.decode()
    assert "This one compares: <strong>bridge, macvlan</strong>, without throughput" in chosen
    assert Comparison.objects.count() == 1, "a link alone opens nothing"
    strangers.post("/compare/start/", {"query": "columns=bridge,macvlan&throughput=0"})
    assert Comparison.objects.exclude(pk=compared.pk).get().spec == compared.spec


@pytest.mark.parametrize("query", ["columns=bridge", "columns=bridge,<script>alert(1)</script>", "x=1", "set=none-such"])
def test_a_link_that_is_not_ours_is_refused_clearly(strangers, node, query):
    for answer in (strangers.get(f"/compare/?{query}"), strangers.post("/compare/start/", {"query": query})):
        assert answer.status_code == 400
        assert 'role="alert"' in answer.content.decode()
        assert "<script>alert" not in answer.content.decode()
    assert not Comparison.objects.exists()


def test_too_few_or_too_many_columns_are_refused(strangers, node):
    for columns in ([], ["bridge"], ["bridge", "host", "none", "macvlan", "overlay", "ipvlan"]):
        answer = strangers.post("/compare/start/", {"columns": columns})
        assert answer.status_code == 400
        assert "2 to 5 columns" in answer.content.decode()


def test_another_while_one_runs_offers_both(adas, compared):
    answer = adas.post("/compare/start/", {"set": "internal"})
    assert answer.status_code == 409
    page = answer.content.decode()
    assert f'href="/compare/{compared.pk}/"' in page
    assert "Stop that one and compare these" in page
    adas.post("/compare/start/", {"query": "columns=bridge,host", "instead": compared.pk})
    compared.refresh_from_db()
    assert compared.state == "ended"
    assert comparisons.current_comparison(compared.learner).spec["columns"] == ["bridge", "host"]


def test_twice_the_same_is_one(adas, compared):
    answer = adas.post("/compare/start/", {"query": "columns=bridge,macvlan&throughput=0"})
    assert answer.url == f"/compare/{compared.pk}/"
    assert Comparison.objects.count() == 1


def test_without_a_node_it_is_our_fault(strangers):
    answer = strangers.post("/compare/start/", {"set": "drivers"})
    assert answer.status_code == 503
    assert "ours to fix" in answer.content.decode()


def test_columns_say_how_far_they_are(adas, compared):
    page = adas.get(f"/compare/{compared.pk}/").content.decode()
    assert "Waiting, 1 in the queue" in page
    assert "Waiting, 2 in the queue" in page
    assert 'http-equiv="refresh"' in page, "and without a script, too"
    Column.objects.filter(key="bridge").update(state="running", phase="asking who reaches whom")
    assert "Measuring: asking who reaches whom" in adas.get(f"/compare/{compared.pk}/table/").content.decode()


def test_the_table_fills_with_words_and_evidence(adas, compared):
    told = Transcript(where="h1/client", command="wget -qO- http://server/", status=0, output="<b>hello</b>", cut=True)
    fill("bridge", Cell(row="by-name", mark="yes", word="yes", evidence=(told,), why="Docker's DNS knows it."))
    page = adas.get(f"/compare/{compared.pk}/table/").content.decode()
    assert 'data-mark="yes"' in page
    assert f'href="/compare/{compared.pk}/bridge/by-name/"' in page
    page = adas.get(f"/compare/{compared.pk}/bridge/by-name/").content.decode()
    assert "wget -qO- http://server/" in page
    assert "&lt;b&gt;hello&lt;/b&gt;" in page
    assert "cut here" in page
    assert "Ended with status 0." in page
    assert "<b>hello" not in page


def test_a_column_that_failed_says_where_and_the_other_stays(adas, compared):
    fill("bridge", Cell(row="netns", mark="yes", word="yes"), state="done")
    failure = Transcript(where="h1", command="docker network create", status=1, output="no such driver")
    fill("macvlan", state="failed", failure=failure)
    Column.objects.filter(key="macvlan").update(phase="making the network", reason="The daemon said no.")
    page = adas.get(f"/compare/{compared.pk}/table/").content.decode()
    assert "While making the network: The daemon said no." in page
    assert "no such driver" in page
    assert "not measured" in page
    assert "Complete" in page


def test_a_driver_the_kernel_lacks_says_so(adas, ada, node):
    node.health = {"kernel": "6.1.0", "drivers": {"macvlan": False}}
    node.save()
    assert "Linux 6.1.0, has no macvlan" in adas.get("/compare/").content.decode()
    made = compare_for(ada, SPEC)
    page = adas.get(f"/compare/{made.pk}/").content.decode()
    assert "Not possible here" in page
    assert "Nothing was opened for it" in page


def test_the_machines_own_noise_is_stated(adas, compared):
    fill("bridge", noise=Figures(unit="µs", median=12.34, low=10.0, high=99.9, samples=100))
    assert "took 12.3 µs, and from 10.0 to 99.9 µs" in adas.get(f"/compare/{compared.pk}/table/").content.decode()


def test_stopped_it_stays_readable(adas, compared):
    fill("bridge", Cell(row="netns", mark="yes", word="certainly"), state="done")
    answer = adas.post(f"/compare/{compared.pk}/end/")
    assert answer.url == f"/compare/{compared.pk}/"
    page = adas.get(f"/compare/{compared.pk}/").content.decode()
    assert "What was measured stays here" in page
    assert "certainly" in page
    assert not Sandbox.objects.exclude(state="closed").exists()
    assert f"/compare/{compared.pk}/" in adas.get("/compare/").content.decode(), "and is found again"


def test_it_is_nobody_elses(bens, strangers, compared):
    for browser in (bens, strangers):
        for path in ("", "table/"):
            assert browser.get(f"/compare/{compared.pk}/{path}").status_code == 404
        assert browser.post(f"/compare/{compared.pk}/end/").status_code == 404
    compared.refresh_from_db()
    assert compared.state == "running"


def test_looking_is_noted(adas, compared):
    Comparison.objects.update(seen_at="2020-01-01T00:00:00Z")
    adas.get(f"/compare/{compared.pk}/")
    compared.refresh_from_db()
    assert compared.seen_at.year > 2020


def test_a_question_changes_nothing(adas, compared):
    for path in ("/compare/start/", f"/compare/{compared.pk}/end/"):
        assert adas.get(path).status_code == 405


def test_its_sandboxes_are_no_page_of_ones_own(adas, compared):
    sandbox = Sandbox.objects.first()
    assert adas.get(f"/sandboxes/{sandbox.pk}/").status_code == 404
    assert "<live-sandbox" not in adas.get("/playground/").content.decode()


def test_everything_can_be_had_as_json(adas, bens, compared):
    fill("bridge", Cell(row="netns", mark="yes", word="yes"), state="done", engine="26.1.5")
    answer = adas.get(f"/compare/{compared.pk}/json/")
    told = Told.model_validate_json(answer.content)
    assert "compare-bridge-macvlan-" in answer["Content-Disposition"]
    assert [column.variant.id for column in told.columns] == ["bridge", "macvlan"]
    assert (told.columns[0].cells[0].word, told.versions.engines) == ("yes", {"bridge": "26.1.5"})
    assert bens.get(f"/compare/{compared.pk}/json/").status_code == 404
