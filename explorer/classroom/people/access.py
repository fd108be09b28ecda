"""Who may do what. Both views and websockets ask here, so both get the same answer.

Learners have no account: a signed session names them, or a pass (`embed_pass`) where another site embeds our page. Instructors
and operators are users in the group of that name. An instructor may do everything to their own classes and the sandboxes in
them; an operator may do it to all.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.models import User as Account
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.utils import timezone

from explorer.classroom.models import Class, Seat
from explorer.classroom.people.embed_pass import HEADER, read_pass
from explorer.classroom.people.rules import sits
from explorer.lessons.model import Lesson
from explorer.sandboxes import library
from explorer.sandboxes.models import AuthoredLesson, Comparison, Learner, Sandbox

User = Account | AnonymousUser

SESSION_KEY = "learner"
ALONE_KEY = "alone"  # the learner's id before taking a seat in a class; used again after leaving
INSTRUCTOR, OPERATOR = "instructor", "operator"  # also the names of the groups
SEEN_EVERY = timedelta(hours=1)  # a visit is noted at most this often: looking at a page is not worth a write


def learner_id(session: Mapping[str, Any], embed_pass: str = "") -> uuid.UUID | None:
    """The id of the asking learner: from the pass when there is one (and then only from it), else from the signed session.

    None for a stranger, for a pass that is not valid, and for anything that is not an id.
    """
    if embed_pass:
        embed = read_pass(embed_pass)
        return embed.learner if embed else None
    value = session.get(SESSION_KEY)
    try:
        return uuid.UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None


def requested_learner(request: HttpRequest) -> uuid.UUID | None:
    """The id from session or pass. A learner with this id need not exist."""
    return learner_id(request.session, request.headers.get(HEADER, ""))


def current_learner(request: HttpRequest) -> Learner | None:
    """The asking learner, read together with seat and class; None for a stranger. Use `asker.read_asker` where the class's
    rules matter. Notes at most once an hour that the learner was seen.
    """
    who = requested_learner(request)
    learner = Learner.objects.select_related("seat__klass").filter(pk=who).first() if who else None
    if learner and timezone.now() - learner.seen_at > SEEN_EVERY:
        learner.seen_at = timezone.now()
        learner.save(update_fields=["seen_at"])
    return learner


def ensure_learner(request: HttpRequest) -> Learner:
    """The asking learner; a stranger becomes a learner. Only for requests that do something: reading a page makes
    no learner.
    """
    return current_learner(request) or make_learner(request)


def make_learner(request: HttpRequest) -> Learner:
    """Makes a learner for this session or embedded page. Raises `PermissionDenied` when the page's pass is not valid."""
    if HEADER in request.headers:
        who = requested_learner(request)
        if who is None:
            raise PermissionDenied
        return Learner.objects.get_or_create(pk=who)[0]
    learner = Learner.objects.create()
    become_learner(request, learner)
    return learner


def draw_by(request: HttpRequest) -> str:
    """What belongs to this browser alone and stays the same, also when a stranger becomes a learner: the secret of its forms'
    tokens, or in an embedded page the learner of its pass. What is drawn by it needs neither a session nor a row."""
    if HEADER in request.headers:
        return str(requested_learner(request) or "")
    get_token(request)
    return str(request.META["CSRF_COOKIE"])


def become_learner(request: HttpRequest, learner: Learner) -> None:
    """Makes this session that learner's."""
    request.session[SESSION_KEY] = str(learner.pk)


def sit_down(request: HttpRequest, seat: Seat) -> None:
    """Makes this session the seat's learner's, and keeps who it was before, for the time after leaving."""
    if ALONE_KEY not in request.session:
        request.session[ALONE_KEY] = str(learner_id(request.session) or "")
    request.session[SESSION_KEY] = str(seat.learner_id)


def stand_up(request: HttpRequest) -> None:
    """Makes this session again what it was before it took a seat: a learner's or a stranger's."""
    alone = request.session.pop(ALONE_KEY, "")
    request.session.pop(SESSION_KEY, None)
    if alone:
        request.session[SESSION_KEY] = alone


@contextmanager
def keep_learner(request: HttpRequest) -> Iterator[None]:
    """Around a logout: the session loses its user but keeps its learner."""
    kept = {key: request.session[key] for key in (SESSION_KEY, ALONE_KEY) if key in request.session}
    yield
    request.session.update(kept)


def may_use_sandbox(learner: Learner | uuid.UUID | None, sandbox: Sandbox) -> bool:
    """Whether this learner may use the sandbox: only if it is the learner's own. A warm one and one of a comparison may not be
    used.
    """
    who = learner.pk if isinstance(learner, Learner) else learner
    return who is not None and sandbox.learner_id == who and sandbox.comparison_id is None


def find_sandbox(learner: Learner | uuid.UUID | None, sandbox_id: str) -> Sandbox | None:
    """The sandbox, with learner, seat and class, if this learner may use it. None when it does not exist or is somebody
    else's.
    """
    sandbox = Sandbox.objects.select_related("learner__seat__klass").filter(pk=sandbox_id[:32]).first()
    return sandbox if sandbox is not None and may_use_sandbox(learner, sandbox) else None


def find_comparison(learner: Learner | uuid.UUID | None, comparison_id: str) -> Comparison | None:
    """The comparison if it is this learner's. None when it does not exist or is somebody else's."""
    who = learner.pk if isinstance(learner, Learner) else learner
    return Comparison.objects.filter(pk=comparison_id[:32], learner=who).first() if who else None


# --- instructors and operators ---------------------------------------------------------------------------------------


def role_of(user: User) -> str | None:
    """`operator`, `instructor` or None. Superusers, and users in both groups, are operators."""
    if not user.is_authenticated or not user.is_active:
        return None
    groups = {group.name for group in user.groups.all()}
    if user.is_superuser or OPERATOR in groups:
        return OPERATOR
    return INSTRUCTOR if INSTRUCTOR in groups else None


def classes_of(user: User) -> QuerySet[Class]:
    """All classes for an operator, an instructor's own for an instructor, none for anybody else."""
    role = role_of(user)
    if role == OPERATOR:
        return Class.objects.all()
    return Class.objects.filter(instructor=user.pk) if role == INSTRUCTOR else Class.objects.none()


def find_class(user: User, class_id: str) -> Class | None:
    """The class if this user may run it. None when it does not exist or is somebody else's."""
    return classes_of(user).filter(pk=class_id[:16]).first()


def find_seat(user: User, class_id: str, seat_id: str) -> Seat | None:
    """A seat of a class that this user may run, also a removed one. None when there is none."""
    klass = find_class(user, class_id)
    return klass.seats.select_related("klass", "learner").filter(pk=seat_id[:16]).first() if klass else None


def sandboxes_of(user: User) -> QuerySet[Sandbox]:
    """The sandboxes that this user manages: those of learners who sit in their classes now, and those prepared for these
    classes. All for an operator. Whoever was removed, or whose class is over, works alone.
    """
    role = role_of(user)
    if role == OPERATOR:
        return Sandbox.objects.all()
    if role != INSTRUCTOR:
        return Sandbox.objects.none()
    own = Class.objects.filter(instructor=user.pk)
    going = own.filter(state=Class.State.OPEN, ends_at__gt=timezone.now())
    seated = Q(learner__seat__klass__in=going, learner__seat__removed_at=None)
    return Sandbox.objects.filter(seated | Q(class_id__in=own.values("pk"), learner=None))


def lesson_for(user: User, slug: str) -> Lesson | None:
    """A lesson that comes with the product or is published; a draft only for its author and operators. Else None."""
    if not slug.startswith(library.DRAFT):
        return library.find(slug)
    return library.find(slug) if find_authored(user, slug.removeprefix(library.DRAFT)) else None


def authored_by(user: User) -> QuerySet[AuthoredLesson]:
    """The lessons that an instructor brought; all of them for an operator."""
    role = role_of(user)
    if role == OPERATOR:
        return AuthoredLesson.objects.all()
    return AuthoredLesson.objects.filter(author=user.pk) if role == INSTRUCTOR else AuthoredLesson.objects.none()


def find_authored(user: User, slug: str) -> AuthoredLesson | None:
    """The lesson if this user may change it. None when it does not exist or is somebody else's."""
    return authored_by(user).filter(slug=slug[:64]).first()


def seat_of(learner: Learner | uuid.UUID | None) -> Seat | None:
    """The seat in which this learner sits now: not removed, in a class that is not over. Else None."""
    found = any_seat_of(learner)
    return found if sits(found) else None


def any_seat_of(learner: Learner | uuid.UUID | None) -> Seat | None:
    """The seat of this learner, also a removed one and one of a class that is over. None without any."""
    who = learner.pk if isinstance(learner, Learner) else learner
    return Seat.objects.select_related("klass").filter(learner=who).first() if who else None


def find_own_seat(learner: uuid.UUID | None) -> Seat | None:
    """The seat of this learner, also after the class is over, so that they can read their results. None when it was removed."""
    return Seat.objects.select_related("klass").filter(learner=learner, removed_at=None).first() if learner else None


def find_watched(user: User, sandbox_id: str) -> Sandbox | None:
    """The sandbox if this user may watch its map, views and timeline; else None. Terminals: see `seat_with_terminals`."""
    return sandboxes_of(user).filter(pk=sandbox_id[:16]).first()


def seat_with_terminals(sandbox: Sandbox) -> Seat | None:
    """The seat of the sandbox's learner, if watchers may read its terminals: the class allows it, or the learner invites them.

    None when there is no seat or the class is over, because then the learner could not be told.
    """
    seat = seat_of(sandbox.learner_id)
    return seat if seat and (seat.klass.watchable or may_type(seat)) else None


def may_type(seat: Seat) -> bool:
    """Whether watchers may type in the learner's terminals: only while the learner invites them."""
    return seat.invited_at is not None
