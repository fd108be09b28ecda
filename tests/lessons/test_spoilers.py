"""Sentences that give a question away are found with file and line; our own lessons have none."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.lessons.load import CONTENT, InMemory, OnDisk, load_lessons, read_lesson
from explorer.lessons.spoilers import find_spoilers, sentences, words
from tests.lessons.conftest import GOOD

LESSONS = load_lessons()
MOST = {"bridge": 5, "third-party": 4}  # more two-option questions than a third: two results of one probe, and no third
ASKED = GOOD.replace("It **did**.", "The kernel wrote the host's address over the sender's.")


def spoilers(main=ASKED, text="Start it."):
    files = InMemory({"lesson.toml": main, "1.md": text, "2.md": "End it."})
    return find_spoilers(read_lesson("pages", files.files), files)


def texts_of(slug, **changed):
    """The lesson's files, with other texts in some."""
    files = OnDisk(CONTENT / slug)
    return {name: files.text(name) for name in files.names() if not name.endswith(".gz")} | changed


@pytest.mark.parametrize("slug", LESSONS)
def test_our_lessons_give_nothing_away(slug):
    assert find_spoilers(LESSONS[slug], OnDisk(CONTENT / slug)) == []


@pytest.mark.parametrize("slug", LESSONS)
def test_at_most_a_third_of_the_questions_have_two_options(slug):
    asked = [prediction for step in LESSONS[slug].steps for prediction in step.predictions]
    assert sum(len(one.options) == 2 for one in asked) <= MOST.get(slug, len(asked) / 3)


@pytest.mark.parametrize("slug", LESSONS)
def test_every_option_of_our_lessons_says_why_it_fails_or_what_it_means(slug):
    options = [option for step in LESSONS[slug].steps for asked in step.predictions for option in asked.options]
    assert [option.id for option in options if not (option.feedback or option.explain)] == []


@pytest.mark.parametrize("slug", LESSONS)
def test_every_check_beside_a_question_has_a_finding(slug):
    checks = [check for step in LESSONS[slug].steps if step.predictions for check in step.checks]
    assert [check.id for check in checks if not check.done or check.done == check.text] == []


@pytest.mark.parametrize("slug", LESSONS)
def test_titles_beside_a_question_are_questions(slug):
    assert [step.title for step in LESSONS[slug].steps if step.predictions and not step.title.endswith("?")] == []


# What these lessons said, before a learner had answered, until they were rewritten.
OLD = [
    (
        "bridge",
        "5-apart.md",
        """Predict, then send a ping across:

```run h1/web
ping -c 2 -W 1 172.18.0.2
```

Nothing comes back. One line ending in `-j DROP` has counted two packets; the number stands first in its brackets.
""",
        7,
        "across",
    ),
    (
        "macvlan",
        "3-untouched.md",
        """Let them talk.

The host does not forward what a macvlan container sends. Its frames leave through the card before the host's rules are asked.
""",
        3,
        "tracked",
    ),
    (
        "overlay",
        "5-out.md",
        """`client` has a second interface.
Its other end is a port of `docker_gwbridge` on the host, and the default route goes there.
""",
        2,
        "who-asked",
    ),
]


@pytest.mark.parametrize(("slug", "name", "said", "line", "asked"), OLD, ids=[one[0] for one in OLD])
def test_what_was_said_too_early_is_found(slug, name, said, line, asked):
    files = texts_of(slug)
    rest = files[name][files[name].index("!!! after") :]
    files[name] = f"{said}\n{rest}"
    [one, *_] = find_spoilers(read_lesson(slug, files), InMemory(files))
    assert (one.file, one.line) == (name, line)
    assert one.what.startswith(f"may give away {asked!r}: “")
    assert one.text


def test_an_early_sentence_is_named_with_its_line_and_the_later_one():
    [one] = spoilers(text="Start it.\n\nWait. On its way, the kernel wrote something over the sender's.")
    assert (one.file, one.line) == ("1.md", 3)
    assert one.what == "may give away 'guess': “On its way, the kernel wrote something over the sender's.”"
    assert one.text == "The kernel wrote the host's address over the sender's."


def test_a_check_whose_text_is_the_finding_is_named():
    [one] = spoilers(ASKED.replace('text = "`web` runs"', 'text = "The kernel wrote over the sender\'s address"'))
    assert (one.file, one.line) == ("lesson.toml", 15)


def test_a_title_that_is_the_answer_is_named_and_a_question_is_not():
    [one] = spoilers(ASKED.replace('title = "One"', 'title = "Kernel over sender"'))
    assert (one.file, one.line) == ("lesson.toml", 10)
    assert spoilers(ASKED.replace('title = "One"', 'title = "Kernel over sender?"')) == []


def test_what_comes_after_the_question_is_no_spoiler():
    told = "The kernel wrote the host's address over the sender's."
    assert spoilers(text=f"Start it.\n\n!!! after guess\n    {told}") == []
    assert spoilers(text=f"Start it.\n\n!!! after done\n    {told}") == []
    assert spoilers(text=told) != []


def test_a_step_without_questions_has_nothing_to_give_away():
    told = "The kernel wrote the host's address over the sender's."
    files = InMemory({"lesson.toml": ASKED, "1.md": "Start it.", "2.md": told})
    assert find_spoilers(read_lesson("pages", files.files), files) == []


def test_names_in_code_and_the_questions_own_words_do_not_count():
    assert spoilers(text="Look at `kernel`, `wrote` and `sender`.") == []
    asked = ASKED.replace("Will it?", "Will the kernel write over the sender?")
    assert spoilers(asked, "Let the kernel write over the sender.") == []


def test_words_are_compared_by_their_stems():
    assert words("It publishes names") == words("published: named") == {"publish", "nam"}


@given(st.text(max_size=400))
def test_a_text_is_cut_into_sentences_that_are_in_it(text):
    assert all(one in text and one == one.strip() for one in sentences(text))


@settings(deadline=None)  # a whole lesson is read each time
@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="<\x00\r"), min_size=1, max_size=300))
def test_any_text_has_warnings_with_lines_that_exist(text):
    said = f"The kernel wrote the address over the sender's. {text!r}"
    assert all(1 <= one.line <= said.count("\n") + 1 for one in spoilers(text=said))
