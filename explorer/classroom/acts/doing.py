"""What an instructor does for a whole class or for one seat of it.

Each is done once: asked again, by a second click or a second instructor, the answer is that it is done already. Each is noted
in the audit log, in the transaction that does it. Answers are sentences, with a line for the seats where it went otherwise.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from explorer.classroom.acts.rules import locked_in
from explorer.classroom.models import AuditEntry, Class, Seat, Word
from explorer.classroom.people.access import User
from explorer.classroom.people.audit import note
from explorer.classroom.tell import tell_class
from explorer.lessons.model import Lesson
from explorer.sandboxes import changes, library, services
from explorer.sandboxes.limits import Refused
from explorer.sandboxes.models import Learner, Progress, Sandbox
from explorer.sandboxes.progress import UnknownLesson, find_lesson, find_step

AGAIN = timedelta(seconds=10)  # the same asked again within it is the same wish
MOST_WORDS = 1_000  # in one class
MOST_TEXT = {"text": 500, "place": 64, "command": 500, "lesson": 64, "step": 64}  # characters, as the row holds them
NO_SANDBOX = "no running sandbox"


@dataclass(frozen=True)
class Done:
    """`new` is false when somebody had done it already. `lines` say what was different for whom."""

    sentence: str
    lines: tuple[str, ...] = ()
    new: bool = True


def hold_class(klass: Class) -> Class:
    """The class as it is now, for this transaction alone: a second instructor waits here."""
    held = Class.objects.select_for_update().get(pk=klass.pk)
    if not held.open:
        raise Refused("over", "This class is over. Open it again in its setup to do anything in it.", klass=klass.pk)
    return held


@transaction.atomic
def claim(user: User, klass: Class, seat: Seat | None, action: str, **detail: Any) -> AuditEntry | None:
    """Notes that this is done now and by whom; the earlier note instead when the same was done a moment ago, by anybody.
    Returns None to who may go on."""
    hold_class(klass)
    lately = AuditEntry.objects.filter(
        klass=klass.pk, seat=seat.pk if seat else "", action=action, detail=detail, at__gt=timezone.now() - AGAIN
    )
    if found := lately.first():
        return found
    note(user, action, klass=klass, seat=seat, **detail)
    return None


def already(entry: AuditEntry) -> Done:
    ago = max(1, round((timezone.now() - entry.at).total_seconds()))
    return Done(f"Already done {ago} s ago by {entry.actor}: nothing was done twice.", new=False)


def whose(seat: Seat | None) -> str:
    return seat.name if seat else "everybody"


def learner_of(seat: Seat) -> Learner:
    if seat.learner is None:
        raise Refused("nobody", "Nobody sits there any more.", seat=seat.pk)
    return seat.learner


def find_seats(klass: Class, seat: Seat | None) -> list[Seat]:
    """The one, or all that are taken. One that was removed is nobody's."""
    seats = Seat.objects.select_related("learner").filter(klass=klass, removed_at=None, learner__isnull=False)
    return list((seats.filter(pk=seat.pk) if seat else seats).order_by("name"))


# --- words -----------------------------------------------------------------------------------------------------------


@transaction.atomic
def say_word(user: User, klass: Class, seat: Seat | None = None, *, text: str) -> Done:
    said = " ".join(text.split())
    if not said:
        raise Refused("empty", "Write something first.")
    return _say(user, klass, seat, "message", text=said, sentence=f"Said to {whose(seat)}.")


@transaction.atomic
def offer_command(user: User, klass: Class, seat: Seat | None = None, *, place: str, command: str, text: str = "") -> Done:
    """A command learners can click. It is typed where it belongs, and nowhere before that."""
    command, place = command.strip(), place.strip()
    if not command or not place:
        raise Refused("empty", "A command needs a place to be typed in, such as h1, and its words.")
    if not command.isprintable() or not place.isprintable():
        raise Refused("unprintable", "One line, please: what a click types must hold no line ends or control characters.")
    words = {"place": place, "command": command, "text": " ".join(text.split())}
    return _say(user, klass, seat, "command", sentence=f"Offered to {whose(seat)}; a click types it.", **words)


def _say(user: User, klass: Class, seat: Seat | None, action: str, *, sentence: str, **words: str) -> Done:
    hold_class(klass)
    for name, value in words.items():
        most = MOST_TEXT[name]
        if len(value) > most:
            raise Refused("too_long", f"That is {len(value)} characters; {most} is the most.", field=name)
    if Word.objects.filter(klass=klass, seat=seat, at__gt=timezone.now() - AGAIN, **words).exists():
        return Done("That has just been said already: nothing was said twice.", new=False)
    if Word.objects.filter(klass=klass).count() >= MOST_WORDS:
        raise Refused("too_many", f"{MOST_WORDS} things have been said in this class, which is all it keeps.")
    word = Word.objects.create(klass=klass, seat=seat, **words)
    note(user, action, klass=klass, seat=seat, word=word.pk)
    tell_class(klass, seat or "")
    return Done(sentence)


# --- steps -----------------------------------------------------------------------------------------------------------


def split_step(klass: Class, told: str) -> tuple[Lesson, str]:
    """`lesson/step`, as a form sends it, of a lesson of this class."""
    slug, _, step = told.partition("/")
    try:
        lesson = find_lesson(slug)
        find_step(lesson, step)
    except UnknownLesson:
        raise Refused("unknown_step", "There is no such step.") from None
    if slug not in klass.lessons:
        raise Refused("not_in_class", f"“{lesson.title}” is not one of this class's lessons: add it in the setup.")
    return lesson, step


@transaction.atomic
def go_to_step(user: User, klass: Class, seat: Seat | None = None, *, step: str, take: str = "") -> Done:
    """Offers a step; with `take` their place moves there too, in what the checks judge and in what opens next."""
    held = hold_class(klass)
    lesson, there = split_step(held, step)
    if there in locked_in(held, lesson):
        raise Refused("locked", "That step is locked for this class. Open it first.")
    title = find_step(lesson, there).title
    moved = [one for one in find_seats(held, seat) if take and _stand(one, lesson.slug) != there]
    for one in moved:
        services.move_to_step(learner_of(one), lesson.slug, there)
    said = _say(user, held, seat, "go to step", sentence="", lesson=lesson.slug, step=there, text="")
    if not said.new and not moved:
        return Done("They have just been sent there already.", new=False)
    return Done(f"{whose(seat).capitalize()}: “{title}”{f', {len(moved)} taken there' if take else ' is offered'}.")


def _stand(seat: Seat, lesson: str) -> str:
    return Progress.objects.filter(learner=seat.learner, lesson=lesson).values_list("step", flat=True).first() or ""


@transaction.atomic
def lock_ahead(user: User, klass: Class, *, step: str) -> Done:
    """Nobody goes beyond this step. Who is beyond is brought back to it, so that nothing further is shown or judged."""
    held = hold_class(klass)
    lesson, there = split_step(held, step)
    until = {"lesson": lesson.slug, "step": there}
    title = find_step(lesson, there).title
    if held.open_until == until:
        return Done(f"It is locked after “{title}” already.", new=False)
    Class.objects.filter(pk=held.pk).update(open_until=until)
    held.open_until = until
    back = sum(_bring_back(held, one) for one in find_seats(held, None))
    note(user, "lock ahead", klass=held, lesson=lesson.slug, step=there)
    tell_class(held)
    return Done(f"Locked after “{title}”.", (f"{back} were further and are back.",) if back else ())


def _bring_back(klass: Class, seat: Seat) -> bool:
    """True when the learner was at a step that is locked now. What they have passed and answered stays."""
    known = {slug: lesson for slug in klass.lessons if (lesson := library.find(slug))}
    brought = False
    for progress in Progress.objects.filter(learner=seat.learner, lesson__in=known):
        lesson = known[progress.lesson]
        locked = locked_in(klass, lesson)
        if progress.step in locked:
            last = next((step.id for step in reversed(lesson.steps) if step.id not in locked), "")
            Progress.objects.filter(pk=progress.pk).update(step=last)
            brought = True
    sandbox = services.current_sandbox(seat.learner)
    if sandbox and sandbox.lesson in known:
        lesson = known[sandbox.lesson]
        if lesson.steps[0].id in locked_in(klass, lesson):  # no lesson, no checks: nobody judges what is not open yet
            changes.move(sandbox, services.USABLE, lesson="")
            brought = True
        services.look_again(sandbox)
    return brought


@transaction.atomic
def unlock(user: User, klass: Class) -> Done:
    held = hold_class(klass)
    if not held.open_until:
        return Done("Everything is open already.", new=False)
    Class.objects.filter(pk=held.pk).update(open_until={})
    note(user, "unlock", klass=held)
    tell_class(held)
    return Done("All steps are open.")


@transaction.atomic
def reveal(user: User, klass: Class, *, prediction: str) -> Done:
    """Shows the class's answers to everybody, whoever has guessed or not."""
    held = hold_class(klass)
    slug, _, asked = prediction.partition("/")
    known = _predictions(held, slug)
    if asked not in known:
        raise Refused("unknown_prediction", "There is no such prediction in the lessons of this class.")
    if prediction in held.revealed:
        return Done("It is shown already.", new=False)
    Class.objects.filter(pk=held.pk).update(revealed=[*held.revealed, prediction])
    note(user, "reveal", klass=held, prediction=prediction)
    tell_class(held)
    return Done("Everybody sees the class's answers now.")


def _predictions(klass: Class, slug: str) -> set[str]:
    if slug not in klass.lessons:
        return set()
    try:
        return {asked.id for step in find_lesson(slug).steps for asked in step.predictions}
    except UnknownLesson:
        return set()


@transaction.atomic
def hide(user: User, klass: Class, *, prediction: str) -> Done:
    held = hold_class(klass)
    if prediction not in held.revealed:
        return Done("It is not shown.", new=False)
    Class.objects.filter(pk=held.pk).update(revealed=[one for one in held.revealed if one != prediction])
    note(user, "hide", klass=held, prediction=prediction[:130])
    tell_class(held)
    return Done("Nobody is shown it any more.")


# --- time ------------------------------------------------------------------------------------------------------------


@transaction.atomic
def pause_class(user: User, klass: Class) -> Done:
    held = hold_class(klass)
    if held.paused_at:
        return Done("The class is paused already.", new=False)
    Class.objects.filter(pk=held.pk).update(paused_at=timezone.now())
    note(user, "pause", klass=held)
    _tell_all(held)
    return Done("Paused. Nobody types, and the time does not count.")


@transaction.atomic
def resume_class(user: User, klass: Class) -> Done:
    """The pause is added to what every sandbox of the class has left; one that came in the pause is given what it waited."""
    held = hold_class(klass)
    if held.paused_at is None:
        return Done("The class is not paused.", new=False)
    now = timezone.now()
    Class.objects.filter(pk=held.pk).update(paused_at=None)
    given = 0
    for sandbox in _running(held):
        begun = max(held.paused_at, sandbox.ready_at or held.paused_at)
        given += services.prolong_sandbox(sandbox, now - begun, "the class goes on; the pause was added to the time left")
    seconds = round((now - held.paused_at).total_seconds())
    note(user, "resume", klass=held, seconds=seconds, sandboxes=given)
    _tell_all(held)
    return Done(f"It goes on. {given} sandboxes have {in_words(seconds)} more.")


def in_words(seconds: int) -> str:
    return f"{seconds} s" if seconds < 90 else f"{round(seconds / 60)} min"


def _running(klass: Class) -> list[Sandbox]:
    states = [Sandbox.State.READY, Sandbox.State.RESETTING]
    seated = Sandbox.objects.filter(learner__seat__klass=klass, learner__seat__removed_at=None, comparison=None)
    return list(seated.filter(state__in=states, expires_at__isnull=False))


def _tell_all(klass: Class) -> None:
    """The pages of learners, and every socket into their sandboxes: those ask again what is allowed."""
    tell_class(klass)
    for sandbox in Sandbox.objects.filter(learner__seat__klass=klass, state__in=services.USABLE):
        transaction.on_commit(lambda sandbox=sandbox: changes.tell(sandbox.pk))  # type: ignore[misc]


# --- sandboxes -------------------------------------------------------------------------------------------------------


def extend(user: User, klass: Class, seat: Seat | None = None) -> Done:
    """A whole life from now on, or from the beginning of a pause. No extension of the learner's is used."""
    since = klass.paused_at or timezone.now()

    def do(_: Seat, sandbox: Sandbox) -> str:
        if sandbox.state != Sandbox.State.READY:
            return NO_SANDBOX
        minutes = changes.life(sandbox) // timedelta(minutes=1)
        given = services.renew_sandbox(sandbox, since, f"the instructor gave more time: {minutes} minutes from now")
        return "extended" if given else "had their whole time already"

    return for_each(user, klass, seat, "extend", do)


def reset(user: User, klass: Class, seat: Seat | None = None) -> Done:
    if found := claim(user, klass, seat, "reset all" if seat is None else "reset asked"):
        return already(found)

    def do(_: Seat, sandbox: Sandbox) -> str:
        if sandbox.state == Sandbox.State.RESETTING:
            return "being reset already"
        services.reset_sandbox(sandbox)
        return "being reset"

    return for_each(user, klass, seat, "reset", do)


def stop(user: User, klass: Class, seat: Seat | None = None) -> Done:
    def do(_: Seat, sandbox: Sandbox) -> str:
        services.close_sandbox(sandbox)
        return "stopped"

    return for_each(user, klass, seat, "stop", do)


def for_each(user: User, klass: Class, seat: Seat | None, action: str, do: Callable[[Seat, Sandbox], str]) -> Done:
    """Does it to the sandbox of each seat by itself, so that one refusal costs nobody else anything. `do` says how it went."""
    with transaction.atomic():
        hold_class(klass)
    told: dict[str, list[str]] = defaultdict(list)
    for one in find_seats(klass, seat):
        told[_do_one(user, one, action, do)].append(one.name)
    return Done(tallied(told), lines_of(told), new=bool(told))


def _do_one(user: User, seat: Seat, action: str, do: Callable[[Seat, Sandbox], str]) -> str:
    sandbox = services.current_sandbox(seat.learner)
    if sandbox is None:
        return NO_SANDBOX
    try:
        with transaction.atomic():
            went = do(seat, sandbox)
            if not went.endswith(("already", NO_SANDBOX)):
                note(user, action, seat=seat, sandbox=sandbox)
            return went
    except Refused as refused:
        return refused.sentence


def tallied(told: dict[str, list[str]]) -> str:
    if not told:
        return "Nobody sits in this class yet."
    return ", ".join(f"{len(names)} {how.rstrip('.')}" for how, names in told.items()) + "."


def lines_of(told: dict[str, list[str]]) -> tuple[str, ...]:
    """Who is meant, where not all went the same way."""
    return tuple(f"{how.rstrip('.').capitalize()}: {', '.join(names)}" for how, names in told.items()) if len(told) > 1 else ()
