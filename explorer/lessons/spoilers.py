"""Finds sentences that a learner is sent at once and that tell the answer to a question of the same step.

Sent at once are the step's title, the texts of its checks, and its Markdown outside of blocks `!!! after`. Each of their
sentences is compared, word by word, with what is sent later: explanations, feedback, findings of checks, blocks `!!! after`.
Words of the question, names in code and words that say little do not count. This is a guess about words, so it finds reasons
for a second look, and no errors. A step without questions has nothing to give away.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from explorer.lessons import render
from explorer.lessons.lines import Lines
from explorer.lessons.load import MAIN, Files
from explorer.lessons.model import Lesson, Prediction, Step
from explorer.lessons.sent import Fault

END = re.compile(r"(?<=[.!?;])\s+|:\s+|:$")
CODE = re.compile(r"`[^`]*`|\*\*[^*]*\*\*")
WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./-]*[A-Za-z0-9]|[A-Za-z0-9]")
SUFFIX = re.compile(r"(?<=..)(?:ing|ed|es|(?<!s)s|e)$")
IDLE = """
a about after again all also an and answer any are as ask at be been before by can come could did do each for from get give
go got had has have here how if in into is it its itself leave let like look made make many may more most much of off on
once one or other out over page put question run say see seen show so some stand start step take tell than that the their
them then there these they thing this those time to too try two up use was were what when where which who whose will with
would you your docker container host network address tab line list track connection
"""
SHARED, TITLE = 3, 2  # so many words in common; of a title, all words
PART = 0.6  # of the words of the shorter sentence


@dataclass(frozen=True)
class Sentence:
    file: str
    line: int
    text: str
    title: bool = False

    @property
    def words(self) -> frozenset[str]:
        return words(self.text)


def find_spoilers(lesson: Lesson, files: Files) -> list[Fault]:
    """A warning for each sentence that may be sent too early, in the lesson's order. `files` are those that the lesson was read
    from. The `text` of a warning is the later sentence that it is like."""
    lines = Lines(files.text(MAIN))
    return [
        Fault(sentence.file, sentence.line, f"may give away {asked.id!r}: “{sentence.text}”", like)
        for number, step in enumerate(lesson.steps)
        for sentence in early(step, number, lines, files.text(step.file))
        for asked, like in told_by(sentence, step, files.text(step.file))
    ]


def told_by(sentence: Sentence, step: Step, text: str) -> Iterator[tuple[Prediction, str]]:
    """The first question of the step that the sentence answers, with the later sentence that it is like; or nothing."""
    for asked in step.predictions:
        known = words(asked.question)
        for later in late(asked, step, text):
            if alike(sentence, words(later), known):
                yield asked, later
                return


def alike(sentence: Sentence, later: frozenset[str], known: frozenset[str]) -> bool:
    shared = sentence.words & later
    telling = shared - known
    if sentence.title:
        return len(telling) >= 1 and len(shared) >= TITLE and sentence.words <= later
    return len(telling) >= SHARED and len(shared) >= PART * min(len(sentence.words), len(later))


def early(step: Step, number: int, lines: Lines, text: str) -> Iterator[Sentence]:
    if not step.title.endswith("?"):
        yield Sentence(MAIN, lines.find(("steps", number, "title")), step.title, title=True)
    for index, check in enumerate(step.checks):
        yield Sentence(MAIN, lines.find(("steps", number, "checks", index, "text")), check.text)
    for block in render.blocks(text):
        if not block.after:
            yield from (Sentence(step.file, line, told) for line, told in block_sentences(block))


def late(asked: Prediction, step: Step, text: str) -> Iterator[str]:
    told = [asked.explain]
    told += [text for option in asked.options for text in (option.explain, option.feedback)]
    told += [check.done for check in step.checks]
    for one in told:
        yield from sentences(one)
    for block in render.blocks(text):
        if block.after:
            yield from (told for _, told in block_sentences(block))


def block_sentences(block: render.Block) -> Iterator[tuple[int, str]]:
    """(line from 1, sentence) of each sentence of a block."""
    for token in block.tokens:
        if token.type == "inline" and token.map:
            at = 0
            for told in sentences(token.content):
                at = token.content.find(told, at)
                yield token.map[0] + 1 + token.content.count("\n", 0, max(at, 0)), told


def sentences(text: str) -> list[str]:
    ends = [0, *(match.end() for match in END.finditer(text)), len(text)]
    return [told for begin, end in pairwise(ends) if (told := text[begin:end].strip())]


def words(text: str) -> frozenset[str]:
    """The stems of the words that say something, in small letters. Commands and names in code say where to look."""
    plain = CODE.sub(" ", text).replace("'s", "")
    found = (SUFFIX.sub("", word.lower()) for word in WORD.findall(plain))
    return frozenset(found) - IDLE_STEMS


IDLE_STEMS = frozenset(SUFFIX.sub("", word) for word in IDLE.split())
