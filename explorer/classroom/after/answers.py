"""How a class answered a prediction: how many chose each option, what the machines answered, and the most frequent wrong
answer. Learners who saw the outcome before they chose are not counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from explorer.classroom.models import Class
from explorer.lessons.model import Option, Prediction
from explorer.sandboxes.models import Progress
from explorer.sandboxes.progress import UnknownLesson, find_lesson


@dataclass(frozen=True)
class Bar:
    option: Option
    count: int
    share: int  # percent of those who answered, rounded
    right: bool
    machines: int  # learners' machines that answered with it


@dataclass(frozen=True)
class Answers:
    """`seats` is how many sit in the class, `answered` how many chose an option. `right` is None until a machine
    has answered.
    """

    key: str  # lesson/prediction
    lesson: str  # its title
    prediction: Prediction
    seats: int
    answered: int
    bars: tuple[Bar, ...]
    right: Option | None
    wrong: Bar | None  # the one most believed of those that are not right
    machines: int  # learners whose machine has answered

    @property
    def sentence(self) -> str:
        """The most frequent wrong answer, or why none is named."""
        if not self.answered:
            return f"Nobody of {self.seats} has guessed yet."
        if self.right is None:
            return f"{self.answered} of {self.seats} have guessed; no machine has answered yet."
        good = sum(bar.count for bar in self.bars if bar.right)
        if self.wrong is None or not self.wrong.count:
            return f"All {self.answered} who guessed were right."
        text = _plain(self.wrong.option)
        return f"{good} of {self.answered} were right. The commonest misconception, held by {self.wrong.count}: “{text}”"

    @property
    def machines_differ(self) -> str:
        """A sentence when the machines gave different answers; else empty."""
        told = [f"{bar.machines} “{_plain(bar.option)}”" for bar in self.bars if bar.machines]
        return f"The machines did not all answer alike: {', '.join(told)}." if len(told) > 1 else ""


def read_answers(klass: Class, key: str) -> Answers | None:
    """The answers to the prediction `lesson/prediction`; None when it no longer exists. Removed seats do not count."""
    slug, _, asked = key.partition("/")
    try:
        lesson = find_lesson(slug)
    except UnknownLesson:
        return None
    prediction = next((one for step in lesson.steps for one in step.predictions if one.id == asked), None)
    if prediction is None:
        return None
    rows = Progress.objects.filter(learner__seat__klass=klass, learner__seat__removed_at=None, lesson=slug)
    told = [(row.predictions, row.outcomes) for row in rows if asked not in row.looked]
    seats = klass.seats.filter(removed_at=None).count()
    return count_answers(key, lesson.title, prediction, seats, told)


def count_answers(
    key: str, title: str, prediction: Prediction, seats: int, told: list[tuple[dict[str, str], dict[str, str]]]
) -> Answers:
    """Counts the answers. `told` has for each learner {prediction: option chosen} and {prediction: option that proved true}."""
    known = {option.id for option in prediction.options}
    chosen = Counter(guess for guesses, _ in told if (guess := guesses.get(prediction.id)) in known)
    machines = Counter(answer for _, answers in told if (answer := answers.get(prediction.id)) in known)
    answered = chosen.total()
    true = machines.most_common(1)[0][0] if machines else None
    bars = tuple(
        Bar(one, chosen[one.id], round(100 * chosen[one.id] / answered) if answered else 0, one.id == true, machines[one.id])
        for one in prediction.options
    )
    wrong = [bar for bar in bars if not bar.right and bar.count] if true else []
    return Answers(
        key=key,
        lesson=title,
        prediction=prediction,
        seats=seats,
        answered=answered,
        bars=bars,
        right=next((one for one in prediction.options if one.id == true), None),
        wrong=max(wrong, key=lambda bar: bar.count, default=None),
        machines=machines.total(),
    )


def read_revealed(klass: Class) -> list[Answers]:
    """The answers that are shown to the class, newest first."""
    found = [read_answers(klass, key) for key in reversed(klass.revealed)]
    return [one for one in found if one is not None]


def _plain(option: Option) -> str:
    return option.text.replace("`", "").strip()
