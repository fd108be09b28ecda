"""The tables of nodes, learners, sandboxes, comparisons, actions, progress and lessons that instructors brought.

A sandbox's row says what is wanted. The node's reconciler makes the Docker engine agree with it.
"""

from __future__ import annotations

import secrets
import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from explorer.network.engines import DEFAULT_ENGINE

ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


def new_sandbox_id() -> str:
    """Twelve characters that are not easily confused, beginning with a letter. It is also part of container names
    and of URLs.
    """
    return secrets.choice(ALPHABET[:23]) + "".join(secrets.choice(ALPHABET) for _ in range(11))


class Node(models.Model):
    """A machine that runs sandboxes. Its reconciler renews `seen_at`; a node not heard of for 30 s counts as away.

    `holder` is the machine that has this name (`this_node.identity`). `sweeps` counts the sweeps of its reconciler; the machine
    remembers the number, so it notices when the database is an older one.
    """

    name = models.CharField(max_length=64, primary_key=True)
    seen_at = models.DateTimeField(default=timezone.now)
    capacity = models.PositiveIntegerField(default=0)
    draining = models.BooleanField(default=False)
    health = models.JSONField(default=dict, blank=True)
    holder = models.CharField(max_length=32, blank=True, default="")
    sweeps = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return self.name

    @property
    def engines(self) -> list[str]:
        """The versions of Docker Engine that its hosts can have. Until a node has reported them, this is the
        default version.
        """
        return list(self.health.get("engines", [DEFAULT_ENGINE]))

    @property
    def engines_missing(self) -> dict[str, str]:
        """The versions that it is set to have and has not → why not; empty while that version is being made."""
        told = self.health.get("engines_missing")
        return {str(engine): str(why) for engine, why in told.items()} if isinstance(told, dict) else {}


class NodeSample(models.Model):
    """How full a node was at one moment. One row a minute, kept for a week, for the chart in the admin panel."""

    node = models.ForeignKey(Node, on_delete=models.CASCADE, related_name="samples")
    at = models.DateTimeField(default=timezone.now)
    capacity = models.PositiveIntegerField(default=0)
    live = models.PositiveIntegerField(default=0)  # sandboxes that are being opened, ready, being reset or being closed
    warm = models.PositiveIntegerField(default=0)
    load = models.FloatField(default=0)
    memory_free_mb = models.PositiveIntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["node", "at"])]

    def __str__(self) -> str:
        return f"{self.node_id} at {self.at:%F %T}"


class Learner(models.Model):
    """A person without an account, known by the id in a signed session cookie or in the signed pass of an embedded page."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    created_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"learner {str(self.id)[:8]}"


class Comparison(models.Model):
    """The same work done on two to five drivers. All columns run on one node, because two nodes would have different kernels.

    `spec` is what the comparison's link says (`network.comparison.Spec`). The open page renews `seen_at`; a running comparison
    that nobody looks at is ended.
    """

    class State(models.TextChoices):
        RUNNING = "running"  # at least one column is not complete
        DONE = "done"  # every column is complete, failed, or says what it lacks
        ENDED = "ended"  # stopped before all columns ended; what was measured stays readable

    id = models.CharField(max_length=16, primary_key=True, default=new_sandbox_id, editable=False)
    learner = models.ForeignKey(Learner, null=True, blank=True, on_delete=models.SET_NULL, related_name="comparisons")
    node = models.ForeignKey(Node, null=True, blank=True, on_delete=models.SET_NULL)
    spec = models.JSONField(default=dict)
    state = models.CharField(max_length=8, choices=State.choices, default=State.RUNNING)
    reason = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["learner"], condition=Q(state="running"), name="one_running_comparison_per_learner")
        ]
        indexes = [models.Index(fields=["learner", "created_at"])]

    def __str__(self) -> str:
        return f"{self.id} ({self.state})"


class Sandbox(models.Model):
    class State(models.TextChoices):
        QUEUED = "queued"  # asked for, no node has taken it
        OPENING = "opening"  # a node is building it
        WARM = "warm"  # built before anybody asked; it has no learner
        READY = "ready"  # usable
        RESETTING = "resetting"  # being rebuilt from its scenario; generation goes up
        CLOSING = "closing"  # being removed
        CLOSED = "closed"  # removed because somebody asked
        EXPIRED = "expired"  # removed because its time was over
        FAILED = "failed"  # could not be built or was lost; `reason` says why; nothing is left on the engine

    LIVE = (State.QUEUED, State.OPENING, State.READY, State.RESETTING, State.CLOSING)
    OVER = (State.CLOSED, State.EXPIRED, State.FAILED)
    # the learner "has one" in these states; not while it is closing
    USABLE = (State.QUEUED, State.OPENING, State.READY, State.RESETTING)
    # takes a place of the node and is not closed to make room
    ON_NODE = (State.OPENING, State.READY, State.RESETTING, State.CLOSING)
    UNCLAIMED = (State.WARM, State.OPENING, State.QUEUED)  # the states of a warm sandbox: built, being built, or not begun

    id = models.CharField(max_length=16, primary_key=True, default=new_sandbox_id, editable=False)
    learner = models.ForeignKey(Learner, null=True, blank=True, on_delete=models.SET_NULL, related_name="sandboxes")
    scenario = models.CharField(max_length=64, default="one-host")
    layout = models.JSONField(default=dict, blank=True)  # of scenario `free`: `network.layout.Layout`, validated
    engine = models.CharField(max_length=8, default=DEFAULT_ENGINE)  # the version of Docker Engine its hosts have
    lesson = models.CharField(max_length=64, blank=True, default="")
    # set for the sandbox of a comparison's column: no learner enters it, so it does not count as the learner's one sandbox
    comparison = models.ForeignKey(Comparison, null=True, blank=True, on_delete=models.CASCADE, related_name="sandboxes")
    state = models.CharField(max_length=12, choices=State.choices, default=State.QUEUED)
    phase = models.CharField(max_length=40, blank=True, default="")
    reason = models.TextField(blank=True, default="")
    generation = models.PositiveIntegerField(default=1)
    # the lease of the worker that opens, resets or closes it now: its number, the machine, and until when it holds
    lease = models.PositiveIntegerField(default=0)
    leased_by = models.CharField(max_length=32, blank=True, default="")
    leased_until = models.DateTimeField(null=True, blank=True)
    node = models.ForeignKey(Node, null=True, blank=True, on_delete=models.SET_NULL)
    # what was built: {"hosts": {"h1": {"container": …, "address": …}}, "machines": {"outside": {…}}, "subnet": …}
    facts = models.JSONField(default=dict, blank=True)
    # the class under whose terms it was opened; of a warm one, the class for whose learners it is prepared ("": for everybody)
    class_id = models.CharField(max_length=16, blank=True, default="")
    minutes = models.PositiveIntegerField(default=0)  # how long it lives; 0: as the settings say
    # how often it may be extended; None: as the settings say
    extensions_most = models.PositiveIntegerField(null=True, blank=True)
    # typed into the new sandbox: {"commands": [{"place": …, "command": …}], "left_out": [sentence, …], "of": sandbox id}
    replay = models.JSONField(default=dict, blank=True)
    # what it uses, as its node saw it last: {"memory_mb": …, "cpu_percent": …, "containers": …, "at": Unix seconds}
    usage = models.JSONField(default=dict, blank=True)
    marked_at = models.DateTimeField(null=True, blank=True)  # when an operator marked it for removal
    created_at = models.DateTimeField(default=timezone.now)
    moved_at = models.DateTimeField(default=timezone.now)  # the last change of state or phase
    ready_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    extensions = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name_plural = "sandboxes"
        constraints = [
            models.UniqueConstraint(
                fields=["learner"],
                condition=Q(state__in=["queued", "opening", "ready", "resetting"], comparison__isnull=True),
                name="one_live_sandbox_per_learner",
            )
        ]
        indexes = [models.Index(fields=["state", "node"])]

    def __str__(self) -> str:
        return f"{self.id} ({self.state})"


class Column(models.Model):
    """One driver of a comparison: its sandbox, its state, and its result.

    `result` is a `network.comparison.Column` as JSON, which grows while the column is measured. `version` counts all changes
    of the row.
    """

    class State(models.TextChoices):
        WAITING = "waiting"  # for its sandbox, which is queued or being opened
        RUNNING = "running"  # measured by the relay whose name `runner` is
        DONE = "done"
        FAILED = "failed"  # `phase` says where, `reason` why
        LACKS = "lacks"  # the node cannot do it

    UNFINISHED = (State.WAITING, State.RUNNING)

    comparison = models.ForeignKey(Comparison, on_delete=models.CASCADE, related_name="columns")
    position = models.PositiveSmallIntegerField()
    key = models.CharField(max_length=64)  # of its variant, unique in the comparison
    variant = models.JSONField(default=dict)
    sandbox = models.OneToOneField(Sandbox, null=True, blank=True, on_delete=models.SET_NULL, related_name="column")
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    phase = models.CharField(max_length=60, blank=True, default="")
    reason = models.TextField(blank=True, default="")
    runner = models.CharField(max_length=32, blank=True, default="")
    attempts = models.PositiveSmallIntegerField(default=0)
    version = models.PositiveIntegerField(default=0)
    cells = models.PositiveSmallIntegerField(default=0)  # how many the result has
    result = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now)
    moved_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["comparison", "position"]
        constraints = [models.UniqueConstraint(fields=["comparison", "key"], name="one_column_per_key")]

    def __str__(self) -> str:
        return f"{self.key} of {self.comparison_id} ({self.state})"


class Action(models.Model):
    """A request that was accepted. It ends as succeeded, as failed with a reason, or as expired. A task that gets lost is sent
    again by the reconciler, which after some minutes ends an action that cannot be done.
    """

    class Kind(models.TextChoices):
        OPEN = "open"
        RESET = "reset"
        CLOSE = "close"

    class State(models.TextChoices):
        ACCEPTED = "accepted"
        RUNNING = "running"
        SUCCEEDED = "succeeded"
        FAILED = "failed"
        EXPIRED = "expired"

    sandbox = models.ForeignKey(Sandbox, on_delete=models.CASCADE, related_name="actions")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    state = models.CharField(max_length=10, choices=State.choices, default=State.ACCEPTED)
    reason = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.kind} {self.sandbox_id} ({self.state})"


class Progress(models.Model):
    """What a learner has done in one lesson. It stays when the sandbox ends."""

    learner = models.ForeignKey(Learner, on_delete=models.CASCADE, related_name="progress")
    lesson = models.CharField(max_length=64)
    step = models.CharField(max_length=64, blank=True, default="")
    # {step id: [check id, …]} · {prediction id: option id chosen} · {prediction id: option id that proved true}
    passed = models.JSONField(default=dict, blank=True)
    predictions = models.JSONField(default=dict, blank=True)
    outcomes = models.JSONField(default=dict, blank=True)
    # {prediction id: how sure the learner was, 1 to 3} · {prediction id: how the learner saw the outcome before choosing:
    # "tried" it in the sandbox, or "asked" to be shown the text}
    sure = models.JSONField(default=dict, blank=True)
    looked = models.JSONField(default=dict, blank=True)
    helped = models.JSONField(default=dict, blank=True)  # {id of a challenge: how many levels of hints the learner asked for}
    # {step id: {"begun": Unix seconds, "done": Unix seconds}}; `done` once every check of the step has been green
    times = models.JSONField(default=dict, blank=True)
    moved_at = models.DateTimeField(default=timezone.now)  # last step, tick or answer: how long without progress
    started_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "progress"
        constraints = [models.UniqueConstraint(fields=["learner", "lesson"], name="one_progress_per_lesson")]

    def __str__(self) -> str:
        return f"{self.lesson} by {self.learner_id}"


class AuthoredLesson(models.Model):
    """A lesson that an instructor brought: its files, its state, and the reports of checking and playing it.

    `files` is {file name: text}, as in a lesson's folder, and `state` is about these files. `published_files` are what
    learners see: they stay the same while `files` holds a newer draft.
    """

    class State(models.TextChoices):
        DRAFT = "draft"  # its author may look at it
        SOLVING = "solving"  # a node plays it
        SOLVED = "solved"  # this version was played without a fault; it can be published
        PUBLISHED = "published"

    slug = models.CharField(max_length=64, unique=True)
    title = models.CharField(max_length=200, blank=True, default="")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="lessons")
    files = models.JSONField(default=dict)
    published_files = models.JSONField(default=dict, blank=True)  # the files that learners see; empty while it is not published
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    report = models.JSONField(default=dict, blank=True)  # of playing it last (`solve.LessonResult.as_json`), or {"error": …}
    left_out = models.JSONField(default=list, blank=True)  # sentences: what an import could not take over
    version = models.PositiveIntegerField(default=1)  # counts the changes of `files`
    created_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)  # the last change of files or state; caches of lessons compare it
    solved_at = models.DateTimeField(null=True, blank=True)
    published_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.slug} ({self.state})"
