"""The title of a class stands on learners' pages, in the middle of other text."""

import pytest

from explorer.web.teach.class_form import ClassForm
from tests.attacks import attack


@attack("a class title with {sign!a}", origin="output", expected="harmless", held_by="hidden characters are left out")
@pytest.mark.parametrize("sign", ["\u202e", "\u2066", "\u200b", "\u2060", "\ufeff"])
@pytest.mark.django_db
def test_hidden_characters_are_left_out(sign):
    form = ClassForm({"title": f"Net{sign}works"})
    form.is_valid()
    assert form.cleaned_data["title"] == "Networks"
    form = ClassForm({"title": sign})
    form.is_valid()
    assert form.errors["title"] == ["Give the class a title: learners see it."]
