import pytest
from django.urls import reverse

from explorer.network.comparison.spec import Spec
from explorer.sandboxes import comparisons, operator
from explorer.sandboxes.management.commands.sandbox import row_line
from explorer.sandboxes.models import Progress, Sandbox

PLAIN = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
TABLES = ("sandbox", "node", "action", "learner", "progress", "comparison")


@pytest.fixture(autouse=True)
def no_manifest(settings):
    settings.STORAGES = {**settings.STORAGES, "staticfiles": PLAIN}


@pytest.mark.parametrize("table", TABLES)
def test_every_table_can_be_read(ready, alice, admin_client, table):
    Progress.objects.create(learner=alice, lesson="bridge")
    assert admin_client.get(reverse(f"admin:sandboxes_{table}_changelist")).status_code == 200


def test_one_sandbox_with_its_actions(ready, admin_client):
    page = admin_client.get(reverse("admin:sandboxes_sandbox_change", args=[ready.pk]))
    assert page.status_code == 200
    assert b"succeeded" in page.content


def test_closing_goes_through_the_services(ready, admin_client):
    chosen = {"action": "close", "_selected_action": [ready.pk]}
    admin_client.post(reverse("admin:sandboxes_sandbox_changelist"), chosen)
    ready.refresh_from_db()
    assert ready.state == Sandbox.State.CLOSING


def test_what_is_refused_is_said(ready, admin_client):
    Sandbox.objects.update(state=Sandbox.State.CLOSING)
    chosen = {"action": "reset", "_selected_action": [ready.pk]}
    page = admin_client.post(reverse("admin:sandboxes_sandbox_changelist"), chosen, follow=True)
    assert b"Only a running sandbox can be reset" in page.content


@pytest.fixture
def compared(engine, sent, node1, bob, redis):
    return comparisons.start_comparison(bob, Spec(columns=("bridge", "host")))


def test_a_comparison_with_its_columns_and_the_sandboxes_with_it(compared, admin_client):
    page = admin_client.get(reverse("admin:sandboxes_comparison_change", args=[compared.pk])).content.decode()
    assert "bridge" in page
    assert compared.columns.first().sandbox.pk in page
    assert compared.pk in admin_client.get(reverse("admin:sandboxes_sandbox_changelist")).content.decode()


def test_a_comparison_is_stopped_like_by_its_learner(compared, admin_client):
    chosen = {"action": "stop", "_selected_action": [compared.pk]}
    admin_client.post(reverse("admin:sandboxes_comparison_changelist"), chosen)
    compared.refresh_from_db()
    assert compared.state == "ended"
    assert not compared.sandboxes.exclude(state=Sandbox.State.CLOSED).exists()


def test_sandboxes_of_comparisons_are_listed_as_such(compared):
    listed = operator.list_sandboxes()
    assert [one["comparison"] for one in listed] == [compared.pk, compared.pk]
    assert f"of comparison {compared.pk}" in row_line(listed[0])


def test_rows_are_not_made_here(ready, admin_client):
    assert admin_client.get(reverse("admin:sandboxes_sandbox_add")).status_code == 403


def test_strangers_see_nothing(ready, client):
    assert client.get(reverse("admin:sandboxes_sandbox_changelist")).status_code == 302
