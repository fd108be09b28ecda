"""Who gets what from every address: one row for each URL name and each websocket, a word or number for each person.

A new URL name needs a row in PAGES (its test fails until it has one), a new websocket one in SOCKETS. A row says what GET and
what POST are answered with, for everybody:

    page(everybody(200))                 GET as told, POST is 405
    form(class_staff(302), text="hi")    GET is 405, POST as told, sent with these fields
    Row(get=…, post=…, fields={…})       any other

    everybody(200)                       all people alike
    only_seated(302)                     whose the things are (sandbox, comparison, seat) gets this, all others 404
    class_staff(200)                     the class's instructor and operators; strangers and learners are sent to the login
    any_staff(200)                       every instructor and operator
    operators(200)                       operators
    … , teacher=409                      any of them with exceptions, by person

A number is a status; "login" is a redirect to the login page. What an address's parts are filled with is `walk.fill`; all
things in it (sandbox, comparison, seat) are those of `seated`, who sits in `teacher`'s class.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from explorer.classroom.acts.act import Act, For, Kind
from explorer.live.messages import GONE, NOT_YOURS

LEARNERS = (
    "stranger",  # no cookie
    "learner",  # somebody else, with a sandbox of their own
    "classmate",  # sits in the same class
    "elsewhere",  # sits in the other instructor's class
    "removed",  # was taken out of the class
    "seated",  # whose seat, sandbox and comparison these are
)
USERS = (
    "nobody",  # an account without any role
    "teacher",  # the instructor of the class
    "other_teacher",  # an instructor, of another class
    "operator",
)
PEOPLE = LEARNERS + USERS

Answer = int | str
Answers = dict[str, Answer]


def everybody(answer: Answer, **others: Answer) -> Answers:
    return {**dict.fromkeys(PEOPLE, answer), **others}


def only_seated(answer: Answer, otherwise: Answer = 404) -> Answers:
    return everybody(otherwise, seated=answer)


def class_staff(answer: Answer, **others: Answer) -> Answers:
    away: Answers = {**dict.fromkeys(LEARNERS, "login"), "nobody": 404, "other_teacher": 404}
    return everybody(answer, **{**away, **others})


def any_staff(answer: Answer, **others: Answer) -> Answers:
    return class_staff(answer, **{"other_teacher": answer, **others})


def operators(answer: Answer, **others: Answer) -> Answers:
    return class_staff(answer, **{"teacher": 404, **others})


@dataclass(frozen=True)
class Row:
    get: Answers
    post: Answers
    fields: dict[str, Any] = field(default_factory=dict)


def page(get: Answers) -> Row:
    return Row(get, everybody(405))


def form(post: Answers, **fields: Any) -> Row:
    return Row(everybody(405), post, fields)


# --- instructor's actions: every row of `explorer.classroom.acts.table`, for a class and for a seat ---

# what a form's field is sent with, by its kind
ACT_FIELDS = {
    Kind.TEXT: "hello",
    Kind.BUTTON: "1",
    Kind.STEP: "bridge/switch",
    Kind.PREDICTION: "bridge/docker0",
    Kind.LESSON: "bridge",
    Kind.STATE: "7",
}
# whoever may do it is answered 200 for it, and 409 where it cannot be done as things stand here
ACT_ANSWERS: dict[tuple[str, str], Answer] = {
    ("prepare", "class"): 409,  # 30 seats are expected, and there is room for fewer
    ("keep", "class"): 409,  # users have no sandbox of their own
    ("keep", "seat"): 409,  # nothing was seen of the sandbox since it is there
    ("clone", "seat"): 409,
}


def act_row(act: Act, whom: str) -> Row:
    """`whom` is "class" or "seat"; an action that is not for it is found by nobody."""
    answer = ACT_ANSWERS.get((act.name, whom), 200) if act.whom in (For.BOTH, For(whom)) else 404
    return form(class_staff(answer), **{field.name: ACT_FIELDS[field.kind] for field in act.fields})


ALREADY_OUT: Answers = dict.fromkeys(LEARNERS, 302)
OPEN = page(everybody(200))
OWN = page(only_seated(200))
WATCHED = page(everybody(404, seated=200, teacher=200, operator=200))  # also by who may watch the sandbox


def table(name: str, reads: Answers, lists: Answers | None = None) -> dict[str, Row]:
    """The five addresses of one table of the admin: what is there is read, and nothing made, changed or deleted by a form."""
    nobody_does, lists = any_staff(404), lists or reads
    return {
        f"admin:{name}_changelist": Row(lists, lists),
        f"admin:{name}_history": Row(reads, reads),
        f"admin:{name}_change": Row(reads, nobody_does),
        f"admin:{name}_add": Row(nobody_does, nobody_does),
        f"admin:{name}_delete": Row(nobody_does, nobody_does),
    }


PAGES: dict[str, Row] = {
    # --- for everybody ---
    "home": OPEN,
    "about": OPEN,
    "healthz": Row(everybody(200), everybody(200)),
    "readyz": Row(everybody(200), everybody(200)),
    "metrics": Row(everybody(200), everybody(200)),  # from this machine
    # --- lessons: everybody reads, who does something becomes a learner ---
    "lesson": OPEN,
    "summary": OPEN,
    "measured": OPEN,
    "recorded": page(everybody(404)),  # of a lesson that has a recording, where the kernel lacks its driver
    "lesson-print": page(everybody(200)),
    "step": form(everybody(302)),
    "predict": form(everybody(302), prediction="docker0", option="switch"),
    "help": form(everybody(404)),  # the step is no challenge; a challenge's hints are in tests/web/learn/test_step.py
    "look": form(everybody(302), prediction="docker0"),
    # --- lessons embedded on other sites: with no site listed there are none; without a pass nobody is their reader ---
    "embed": page(everybody(302)),
    "hand-over": form(everybody(403)),
    "take-over": form(everybody(403)),
    # --- playground ---
    "playground": OPEN,
    "playground-open": form(everybody(302), hosts=1, machines="outside"),
    "playground-link": OPEN,
    # --- comparisons ---
    "compare": OPEN,
    "compare-start": form(everybody(302), columns=["bridge", "host"]),
    "case": OPEN,
    "comparison": OWN,
    "comparison-table": OWN,
    "comparison-end": form(only_seated(302)),
    "comparison-json": OWN,
    "comparison-markdown": OWN,
    "comparison-picture": OWN,
    "comparison-evidence": OWN,
    # --- sandboxes ---
    "open": form(everybody(302), lesson="bridge"),
    "sandbox": page(only_seated(302)),
    "extend": form(only_seated(302)),
    "reset": form(only_seated(302)),
    "close": form(only_seated(302)),
    "past": WATCHED,
    "capture": WATCHED,
    "captured-frame": WATCHED,
    # --- instructors: classes ---
    "login": Row(everybody(200), everybody(200)),
    "logout": form(everybody(302)),
    "classes": page(any_staff(200)),
    "class-new": Row(any_staff(200), any_staff(400)),
    "class-setup": Row(class_staff(200), class_staff(400)),
    "class-code": form(class_staff(302)),
    "class-end": form(class_staff(302)),
    "class-show": page(class_staff(200)),
    "seat-link": form(class_staff(200)),
    "seat-remove": form(class_staff(302)),
    "seat-rename": form(class_staff(302), name="Anna"),
    "wall": page(class_staff(200)),
    "do-class": form(class_staff(200), text="hello"),  # and every action by `act_row`
    "do-seat": form(class_staff(200), text="hello"),
    "prepared": page(class_staff(200)),
    "class-answers": page(class_staff(200)),
    "seat": page(class_staff(200)),
    "seat-helped": form(class_staff(302)),
    "watch": page(class_staff(200)),
    # --- instructors: lessons of their own ---
    "lessons": page(any_staff(200)),
    "lesson-bring": form(any_staff(400)),
    "authored": page(class_staff(200)),
    "lesson-delete": form(class_staff(302)),
    "lesson-follow": page(class_staff(200)),
    "lesson-publish": form(class_staff(302)),
    "lesson-solve": form(class_staff(302), engine="26"),
    "lesson-unpublish": form(class_staff(302)),
    "lesson-zip": page(class_staff(200)),
    # --- learners: joining ---
    "join": Row(everybody(200), everybody(404)),
    "join-code": Row(everybody(200), everybody(302, removed=403), {"name": "Zoe"}),
    "join-link": Row(everybody(200), everybody(302, removed=403), {"name": "Zoe"}),
    # --- learners: in a class ---
    "class": page(everybody(302, seated=200, classmate=200, elsewhere=200, removed=200)),
    "class-back": Row(everybody(200), everybody(302)),  # whoever has the link may come back by it
    "class-bar": OPEN,
    "class-help": form(everybody(302), on="1"),
    "class-invite": form(everybody(302), on="1"),
    "class-leave": form(everybody(302)),
    "class-link": form(everybody(302)),
    # --- what became of a class ---
    "results": page(class_staff(200)),
    "results-csv": page(class_staff(200)),
    "results-json": page(class_staff(200)),
    "class-forget": form(class_staff(302), title="Networks"),
    "seat-summary": page(class_staff(200)),
    "class-summary": page(everybody(404, seated=200, classmate=200, elsewhere=200)),
    # --- the admin panel: whoever has no part in it finds nothing, and nobody makes rows by hand ---
    "admin:index": Row(any_staff(200), any_staff(200)),
    "admin:login": Row(everybody("login"), everybody("login")),
    "admin:logout": Row(any_staff(405, **ALREADY_OUT), any_staff(302, **ALREADY_OUT)),
    "admin:search": Row(any_staff(200), any_staff(200)),
    "admin:jsi18n": Row(any_staff(200), any_staff(405)),
    "admin:password_change": Row(any_staff(200), any_staff(200)),
    "admin:password_change_done": Row(any_staff(200), any_staff(405)),
    "admin:app_list": Row(any_staff(200), any_staff(200)),
    "admin:autocomplete": Row(any_staff(404), any_staff(405)),
    "admin:view_on_site": Row(any_staff(404), any_staff(404)),
    **table("sandboxes_sandbox", class_staff(200), any_staff(200)),
    **table("sandboxes_node", operators(200)),
    **table("sandboxes_action", operators(200)),
    **table("sandboxes_learner", operators(200)),
    **table("sandboxes_progress", operators(200)),
    **table("sandboxes_comparison", operators(200)),
    **table("sandboxes_authoredlesson", class_staff(200), any_staff(200)),
    **table("classroom_class", class_staff(200), any_staff(200)),
    **table("classroom_seat", class_staff(200), any_staff(200)),
    **table("classroom_auditentry", class_staff(200), any_staff(200)),
    **table("auth_user", operators(200)),
}

# what a websocket answers: "open", or the code it is closed with
SOCKETS: dict[str, Answers] = {
    "ws/sandbox/<slug:sandbox>/": only_seated("open", otherwise=NOT_YOURS),
    "ws/terminal/<slug:terminal>/": only_seated("open", otherwise=NOT_YOURS),
    "ws/capture/<slug:capture>/": only_seated("open", otherwise=NOT_YOURS),
    "ws/comparison/<slug:comparison>/": only_seated("open", otherwise=NOT_YOURS),
    "ws/seat/<slug:klass>/": everybody(NOT_YOURS, seated="open", classmate="open", removed=GONE),
    "ws/wall/<slug:class_id>/": everybody(NOT_YOURS, teacher="open", operator="open"),
    "ws/pcapng/": everybody(
        "refused"
    ),  # by a ticket only, whoever has which cookies; tickets: tests/live/test_pcapng_socket.py
}

# the same with `?watch=1`: somebody with rights looks at a learner's sandbox
WATCHING: dict[str, Answers] = {
    kind: everybody(NOT_YOURS, teacher="open", operator="open")
    for kind in ("ws/sandbox/<slug:sandbox>/", "ws/terminal/<slug:terminal>/", "ws/capture/<slug:capture>/")
}

# every message a browser may send, by its type, with what it needs to be one; users send it over the watching socket
TO_SANDBOX: dict[str, dict[str, Any]] = {
    "open_terminal": {"place": "h1"},
    "close_terminal": {"terminal": "t1"},
    "follow_journey": {"source": "h1", "target": "outside"},
    "start_capture": {"place": "h1", "interface": "eth0"},
    "stop_capture": {"capture": "c1"},
    "measure_grid": {},
    "set_weather": {"place": "h1", "interface": "eth0", "rate_kbit": 1000},
}
TO_TERMINAL: dict[str, dict[str, Any]] = {"resize_terminal": {"columns": 80, "rows": 24}, "acknowledge_terminal": {"offset": 2}}
# answered by the web process itself; a user asks over the watching socket
FOR_A_TICKET: dict[str, Any] = {"ask_ticket": {"terminal": "t1"}, "ask_capture_ticket": {"capture": "c1"}}
TICKET = everybody(NOT_YOURS, seated="ticket_given", teacher="ticket_given", operator="ticket_given")
# "ordered": the node was told. A refusal goes by its code; where the socket is not opened, by that
MESSAGE = everybody(NOT_YOURS, seated="ordered", teacher="only_watching", operator="only_watching")
