"""All actions of an instructor, one row each: its form, for whom it is, its function, and its name in the audit log.

To add an action, add a row here and write its function, which gets `Asked` and the fields of the form by name (see `act.py`).
The views, the forms on the pages, the audit log and the test of rights read this table. The order is that of the page.
"""

from __future__ import annotations

from django.utils import timezone

from explorer.classroom.acts import pause, preparing, reveal, sandboxes, states, steps, words
from explorer.classroom.acts.act import Act, Field, For, Insist, Kind, Part
from explorer.classroom.models import Class
from explorer.classroom.people.access import current_learner, ensure_learner

TALK = Part("Say something", "say")
STEP = Part("Go to a step", "step")
PAUSE = Part("Pause", "pause")
BEFOREHAND = Part("Sandboxes beforehand", "prepare")
ANSWERS = Part("Reveal answers", "reveal")
LOCK = Part("Lock ahead", "lock")
COMMAND = Part("A command to click", "command")
RUNNING = Part("Running sandboxes", "time, reset, stop")
STATES = Part("Starting states", "states")


def is_paused(klass: Class) -> bool:
    return klass.paused_at is not None


def paused_since(klass: Class) -> str:
    return f"paused since {timezone.localtime(klass.paused_at):%H:%M}" if klass.paused_at else ""


def has_states(klass: Class) -> bool:
    return klass.states.exists()


ROWS = (
    Act(
        name="say",
        label="Say",
        do=words.say_word,
        audit="message",
        part=TALK,
        first=For.BOTH,
        fields=(Field("text", "Say to {whom}", most=500, quiet=True),),
        icon="megaphone",
        primary=True,
    ),
    Act(
        name="step",
        label="Offer step",
        do=steps.go_to_step,
        audit="go to step",
        part=STEP,
        first=For.CLASS,
        fields=(
            Field("step", "Step", Kind.STEP, quiet=True),
            Field("take", "Take there", Kind.BUTTON, title="Their place moves to this step"),
        ),
        title="Their pages offer this step",
    ),
    Act(
        name="pause",
        label="Pause",
        do=pause.pause_class,
        audit="pause",
        part=PAUSE,
        whom=For.CLASS,
        first=For.CLASS,
        icon="pause",
        title="Nobody types, and the time does not count",
        offered=lambda klass: not is_paused(klass),
        follows=True,
    ),
    Act(
        name="resume",
        label="Resume",
        do=pause.resume_class,
        audit="resume",
        part=PAUSE,
        whom=For.CLASS,
        first=For.CLASS,
        icon="play",
        title="Learners type again, and the time counts",
        offered=is_paused,
        aside=paused_since,
        primary=True,
        follows=True,
    ),
    Act(
        name="prepare",
        label="Prepare",
        do=preparing.prepare_sandboxes,
        audit="prepare",
        part=BEFOREHAND,
        whom=For.CLASS,
        fields=(Field("lesson", "For", Kind.LESSON),),
        fragment="teach/_prepare.html",
        insist=Insist("short", "anyway", "Prepare what there is room for"),
    ),
    Act(
        name="unprepare",
        label="Cancel",
        do=preparing.cancel_preparing,
        audit="cancel preparing",
        part=BEFOREHAND,
        whom=For.CLASS,
        within="prepare",
    ),
    Act(
        name="reveal",
        label="Show to all",
        do=reveal.reveal,
        audit="reveal",
        part=ANSWERS,
        whom=For.CLASS,
        fields=(Field("prediction", "Prediction", Kind.PREDICTION, most=130, quiet=True, size="wide"),),
        fragment="teach/_reveal.html",
    ),
    Act(
        name="hide",
        label="Hide",
        do=reveal.hide,
        audit="hide",
        part=ANSWERS,
        whom=For.CLASS,
        fields=(Field("prediction", "Prediction", Kind.PREDICTION, most=130),),
        within="reveal",
    ),
    Act(
        name="lock",
        label="Lock",
        do=steps.lock_ahead,
        audit="lock ahead",
        part=LOCK,
        whom=For.CLASS,
        fields=(Field("step", "Lock after", Kind.STEP),),
        icon="lock",
        follows=True,
    ),
    Act(
        name="unlock",
        label="Open all steps",
        do=steps.unlock,
        audit="unlock",
        part=LOCK,
        whom=For.CLASS,
        icon="lock-open",
        offered=lambda klass: bool(klass.open_until),
        follows=True,
    ),
    Act(
        name="command",
        label="Offer",
        do=words.offer_command,
        audit="command",
        part=COMMAND,
        fields=(
            Field("place", "In", most=64, begin="h1", size="narrow"),
            Field("command", "type", most=500, size="wide"),
        ),
    ),
    Act(
        name="extend",
        label="Extend",
        do=sandboxes.extend,
        audit="extend",
        part=RUNNING,
        first=For.SEAT,
        icon="timer-reset",
        title="{minutes} minutes from now",
    ),
    Act(
        name="reset",
        label="Reset",
        do=sandboxes.reset,
        audit="reset",
        part=RUNNING,
        icon="rotate-ccw",
        confirm="Reset {whose} sandbox? What they have made in it goes; progress stays.",
    ),
    Act(
        name="stop",
        label="Stop",
        do=sandboxes.stop,
        audit="stop",
        part=RUNNING,
        icon="square",
        confirm="Stop {whose} sandbox? What they have made in it goes; progress stays.",
    ),
    Act(
        name="clone",
        label="Copy for me",
        do=states.clone_state,
        audit="clone",
        part=STATES,
        whom=For.SEAT,
        first=For.SEAT,
        icon="copy",
        title="Networks and containers made again in a sandbox of your own",
        confirm="Open a copy of this sandbox as your own? If you have a sandbox open, it goes for it.",
        mine=ensure_learner,
    ),
    Act(
        name="keep",
        label="Keep",
        do=states.keep_state,
        audit="keep state",
        part=STATES,
        fields=(Field("title", "Keep where my own sandbox stands as", most=120, seat_label="Keep this state as"),),
        mine=current_learner,
    ),
    Act(
        name="hand-out",
        label="Hand out",
        do=states.hand_out,
        audit="hand out",
        part=STATES,
        fields=(Field("state", "Hand to {whom}", Kind.STATE),),
        confirm="Give {whom} a fresh sandbox that begins with this state? What they have made goes; progress stays.",
        offered=has_states,
        otherwise="No state is kept yet. Keep your own sandbox, or a learner's on their page.",
        follows=True,
    ),
)
ACTS = {row.name: row for row in ROWS}
