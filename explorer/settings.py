"""The settings file of the project. Every environment variable of the settings is read through `environment`, and README
lists them."""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import structlog
from csp.constants import NONCE, SELF
from django.templatetags.static import static

from explorer import environment as env
from explorer import log_lines

BASE_DIR = Path(__file__).resolve().parent.parent

PRODUCTION = env.flag("EXPLORER_PRODUCTION", False, "1 refuses development defaults and turns on HTTPS-only cookies")
DEBUG = env.flag("EXPLORER_DEBUG", False, "1 shows Django's error pages; refused in production")
STATE_DIR = env.path("EXPLORER_STATE", BASE_DIR / "var", "where the database, sockets and logs live")
INSTALL = env.text(
    "EXPLORER_INSTALL",
    hashlib.sha256(str(BASE_DIR).encode()).hexdigest()[:8],
    "names this installation: its labels, network namespace and engine data; default is derived from the checkout's place",
)
ENGINE_DIR = env.path(
    "EXPLORER_ENGINE_DIR",
    Path("/var/lib/docker-network-explorer") / INSTALL,
    "the node engine's data and images; every directory above it must be passable",
)
RUN_DIR = env.path(
    "EXPLORER_RUN",
    Path("/run/docker-network-explorer" if os.geteuid() == 0 else f"{tempfile.gettempdir()}/explorer-{os.getuid()}") / INSTALL,
    "sockets and pid files; short, because a socket's path has a limit; removed at stop",
)
CACHE_DIR = env.path(
    "EXPLORER_CACHE", Path("/var/cache/docker-network-explorer"), "image root file systems, shared by installations"
)
IMAGES_DIR = env.text(
    "EXPLORER_IMAGES",
    "",
    "a directory with host.tar, machine.tar and box.tar made elsewhere, maybe host28.tar, podman.tar; unset: all are built",
)
ENGINE_SOURCES = env.engine_sources(
    "EXPLORER_ENGINE_SOURCES",
    "where Docker's own packages of a version are: `29=/srv/docker-29` or `29=deb [signed-by=/KEY] URL SUITE COMPONENT`",
)
_DEBIAN_ENGINES = ("26", "28")
ENGINES = env.engines(
    "EXPLORER_ENGINES",
    tuple(dict.fromkeys([*_DEBIAN_ENGINES, *ENGINE_SOURCES, "podman"])),
    () if IMAGES_DIR else tuple(dict.fromkeys([*_DEBIAN_ENGINES, *ENGINE_SOURCES, "podman"])),
    "what hosts have: versions of Docker Engine, and podman; the node serves with the first, the others are made meanwhile",
)
IMAGE_MB = env.number("EXPLORER_IMAGE_MB", 2048, "limit of one image on the shelf, unpacked", 16)
SHELF_MB = env.number("EXPLORER_SHELF_MB", 10240, "limit of all images on the shelf together", 16)
PORT = env.number("PORT", 8000, "where the web page listens", 1, 65535)
BIND = env.text("EXPLORER_BIND", "127.0.0.1", "the address the web page listens on")
WEB_UID = env.number(
    "EXPLORER_WEB_UID", 64100, "the user id web runs under when started by root; needs no account", 1000, 2**31
)
WORKERS = env.number("EXPLORER_WORKERS", 0, "tasks a node works on at once; 0: two for each core, from 4 to 16", 0, 64)
WORKERS = WORKERS or min(max(2 * len(os.sched_getaffinity(0)), 4), 16)  # half of the time of a host's start is waiting

# --- who may come in ---
DEVELOPMENT_KEY = "development-only-key-that-production-mode-refuses"
SECRET_KEY = env.text("SECRET_KEY", DEVELOPMENT_KEY, "signs sessions; required in production (or SECRET_KEY_FILE)")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]", "host names the page is served under")
ORIGINS = env.words(
    "EXPLORER_ORIGINS",
    f"http://localhost:{PORT},http://127.0.0.1:{PORT}",
    "exact origins that may open websockets and post forms",
)
CSRF_TRUSTED_ORIGINS = ORIGINS
TRUSTED_PROXIES = env.networks(
    "EXPLORER_TRUSTED_PROXIES",
    "addresses or networks of proxies whose X-Forwarded-For and -Proto are believed, separated by commas; empty: none",
)
EMBED_SITES = env.origins(
    "EXPLORER_EMBED_SITES", "exact origins of sites that may embed lessons, separated by commas; empty: none may"
)
EMBED_OPENS_PER_ADDRESS = env.number(
    "EXPLORER_EMBED_OPENS_PER_ADDRESS",
    60,
    "sandboxes opened in embedded lessons in an hour from one network address",
    1,
    10_000,
)
EMBED_OPENS_PER_SITE = env.number(
    "EXPLORER_EMBED_OPENS_PER_SITE", 600, "sandboxes opened in embedded lessons in an hour on one listed site", 1, 100_000
)
if PRODUCTION and (SECRET_KEY == DEVELOPMENT_KEY or len(SECRET_KEY) < 40):
    raise env.SettingError("SECRET_KEY: production needs a secret of its own, at least 40 characters long")
if PRODUCTION and DEBUG:
    raise env.SettingError("EXPLORER_DEBUG=1 is refused with EXPLORER_PRODUCTION=1")

METRICS_TOKEN = env.text("EXPLORER_METRICS_TOKEN", "", "lets Prometheus read /metrics from elsewhere; empty: this machine only")

LOGIN_URL, LOGIN_REDIRECT_URL = "login", "classes"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}Validator"}
    for name in ("UserAttributeSimilarity", "MinimumLength", "CommonPassword", "NumericPassword")
]
SESSION_COOKIE_AGE = 180 * 24 * 3600
SESSION_ENGINE = "explorer.classroom.people.sessions"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
if PRODUCTION:  # with this prefix a browser takes a cookie only from this very host, over HTTPS
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31_536_000 if PRODUCTION else 0
# what the proxy in front does, or the owner of the whole domain decides: HSTS for subdomains, redirects to HTTPS, preloading
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W008", "security.W021"]
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "explorer.web.edge.errors.csrf_failure"
DATA_UPLOAD_MAX_MEMORY_SIZE = 64 * 1024
CONTENT_SECURITY_POLICY: dict[str, Any] = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "worker-src": [SELF],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": [SELF],
        "frame-ancestors": ["'none'"],
    },
}

# --- Django ---
INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "explorer.classroom.panel.apps.PanelConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "csp",
    "django_htmx",
    "django_structlog",
    "lucide",
    "explorer.sandboxes",
    "explorer.node",
    "explorer.classroom",
    "explorer.web",
    "explorer.launch",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "explorer.web.edge.cookies.TakeOverCookie",
    "explorer.web.edge.embedded.EmbeddedRequests",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "explorer.web.edge.headers.further_headers",
    "django_htmx.middleware.HtmxMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
]
ROOT_URLCONF = "explorer.urls"
ASGI_APPLICATION = "explorer.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "explorer.web.edge.context.describe_person",
            ],
        },
    }
]
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True
STATIC_URL = "/static/"
STATIC_ROOT = STATE_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static" / "build"]  # made by `npm run build`; sources are never served
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"},
}


def database(url: str) -> dict[str, Any]:
    """`sqlite:///PATH` or `postgresql://USER:PASSWORD@HOST:PORT/NAME` as a Django database setting."""
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return {
            "ENGINE": "explorer.database",  # Django's own, but root opens no file that the web's user owns
            "NAME": unquote(parts.path.removeprefix("/")) or ":memory:",
            "OPTIONS": {
                "timeout": 20,
                "transaction_mode": "IMMEDIATE",
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cell_size_check=ON;",
            },
            "TEST": {"NAME": ":memory:"},  # pytest-django knows Django's own engine only, and would write a file
        }
    if parts.scheme in {"postgres", "postgresql"}:
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": unquote(parts.path.removeprefix("/")),
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": parts.hostname or "",
            "PORT": str(parts.port or 5432),
            "CONN_MAX_AGE": 0,
        }
    raise env.SettingError(f"DATABASE_URL: unknown kind {parts.scheme!r}; expected sqlite or postgresql")


# The web's user must be able to pass to the database. When only root may pass to the state, as below /root, it is elsewhere.
_BESIDE, _APART = STATE_DIR / "database", Path("/var/lib/docker-network-explorer") / f"{INSTALL}.database"
DATABASE_DIR = _BESIDE if os.geteuid() != 0 or env.passable(STATE_DIR) else _APART
DATABASE_FORMER = tuple(place / "db.sqlite3" for place in (STATE_DIR, _BESIDE, _APART))  # it moves from there at a start
DATABASES = {
    "default": database(
        env.text(
            "DATABASE_URL",
            f"sqlite:///{DATABASE_DIR / 'db.sqlite3'}",
            "sqlite:///PATH, in a directory that holds nothing else, or postgresql://…",
        )
    )
}

# --- Redis: tasks, streams ---
REDIS_URL = env.text(
    "REDIS_URL", f"unix://{RUN_DIR / 'valkey' / 'socket'}", "redis://… or unix://PATH; unset starts an embedded Valkey"
)
NODE_NAME = env.text("EXPLORER_NODE", "node1", "this node's name, unique among nodes")


def broker(url: str) -> str:
    """A Redis URL in the form that Celery takes."""
    return "redis+socket://" + url.removeprefix("unix://") if url.startswith("unix://") else url


WORKER = f"worker@{NODE_NAME}"
NODE_QUEUE = f"node.{NODE_NAME}"  # everything later for a sandbox goes to the node that has it; see also changes.open_queue
CELERY_BROKER_URL = broker(REDIS_URL)
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_TIME_LIMIT = env.patient(120)
CELERY_TASK_SOFT_TIME_LIMIT = env.patient(100)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 600}
CELERY_TASK_DEFAULT_QUEUE = NODE_QUEUE
CELERY_WORKER_CONCURRENCY = WORKERS
CELERY_BEAT_SCHEDULE_FILENAME = str(RUN_DIR / "beat-schedule")
CELERY_BEAT_SCHEDULER = "explorer.celery:SteadyScheduler"
CELERY_BEAT_SCHEDULE = {
    "reconcile": {
        "task": "explorer.sandboxes.tasks.reconcile",
        "schedule": 10.0,
        "options": {"queue": NODE_QUEUE, "expires": 10},
    },
    "forget": {
        "task": "explorer.classroom.tasks.forget",
        "schedule": 3600.0,
        "options": {"queue": NODE_QUEUE, "expires": 3600},
    },
}

# --- the admin panel ---
UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Docker Network Explorer",
    "SITE_HEADER": "Docker Network Explorer",
    "SITE_SUBHEADER": "Sandboxes, nodes, classes",
    "SITE_URL": "/teach/",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("images/mark.svg")}],
    "STYLES": [lambda request: static("panel.css")],
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "DASHBOARD_CALLBACK": "explorer.classroom.panel.dashboard.describe",
    "SIDEBAR": {"navigation": "explorer.classroom.panel.site.list_pages"},
    "COLORS": {  # the colours of the other pages: hue 232 for backgrounds, 218 for what can be clicked
        "base": {
            "50": "oklch(98.4% 0.004 220)",
            "100": "oklch(96.9% 0.006 220)",
            "200": "oklch(91.5% 0.01 222)",
            "300": "oklch(85.5% 0.014 224)",
            "400": "oklch(70.5% 0.02 228)",
            "500": "oklch(53.5% 0.024 230)",
            "600": "oklch(43.5% 0.025 232)",
            "700": "oklch(36.5% 0.024 232)",
            "800": "oklch(28.5% 0.022 232)",
            "900": "oklch(23.5% 0.021 232)",
            "950": "oklch(17.5% 0.019 234)",
        },
        "primary": {
            "50": "oklch(97.5% 0.012 215)",
            "100": "oklch(94.5% 0.025 215)",
            "200": "oklch(89.5% 0.05 212)",
            "300": "oklch(82.5% 0.085 209)",
            "400": "oklch(73.5% 0.095 212)",
            "500": "oklch(55% 0.095 216)",
            "600": "oklch(45% 0.085 218)",
            "700": "oklch(40% 0.078 220)",
            "800": "oklch(34% 0.065 222)",
            "900": "oklch(29% 0.052 224)",
            "950": "oklch(23% 0.04 226)",
        },
    },
}

# --- sandboxes ---
SANDBOX_MINUTES = env.number("EXPLORER_SANDBOX_MINUTES", 60, "how long a sandbox lives", 1, 24 * 60)
SANDBOX_EXTENSIONS = env.number("EXPLORER_SANDBOX_EXTENSIONS", 3, "how often a learner may extend it", 0, 100)
SANDBOX_CAPACITY = env.number("EXPLORER_CAPACITY", 0, "sandboxes this node holds; 0 works it out from memory", 0, 500)
WARM_SANDBOXES = env.number("EXPLORER_WARM", 2, "sandboxes a node keeps ready before anybody asks", 0, 50)
HOST_MEMORY_MB = env.number("EXPLORER_HOST_MEMORY_MB", 512, "memory limit of one host", 192, 65536)
HOST_PIDS = env.number("EXPLORER_HOST_PIDS", 1024, "process limit of one host", 64, 65536)
HOST_DISK_MB = env.number(
    "EXPLORER_HOST_DISK_MB", 1024, "disk limit of one host: everything it writes; 64 files for each MB", 256, 65536
)
HOST_CPUS = env.number("EXPLORER_HOST_CPUS", 1, "processor limit of one host", 1, 64)
COMPARISONS_PER_HOUR = env.number(
    "EXPLORER_COMPARISONS_PER_HOUR", 20, "comparisons one learner may start in an hour", 1, 10_000
)
OPENS_PER_HOUR = env.number("EXPLORER_OPENS_PER_HOUR", 30, "sandboxes one learner may open in an hour", 1, 10_000)

# --- personal data ---
FORGET_DAYS = env.number(
    "EXPLORER_FORGET_DAYS",
    90,
    "days after which personal data of ended classes and of learners not seen is deleted; 0: never",
    0,
    36_500,
)

# --- logs ---
LOG = env.text("EXPLORER_LOG", "line", "how logs are written: line or json")
if LOG not in {"line", "json"}:
    raise env.SettingError(f"EXPLORER_LOG={LOG!r}: expected line or json")
LOG_LEVEL = env.text("EXPLORER_LOG_LEVEL", "INFO", "DEBUG, INFO, WARNING or ERROR")
if LOG_LEVEL not in logging.getLevelNamesMapping():
    raise env.SettingError(f"EXPLORER_LOG_LEVEL={LOG_LEVEL!r}: expected DEBUG, INFO, WARNING or ERROR")
_shared: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso"),
    log_lines.Whose(NODE_NAME),
]
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                log_lines.as_json if LOG == "json" else log_lines.as_line,
            ],
            "foreign_pre_chain": _shared,
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        "celery": {"level": "WARNING"},
        "django_structlog": {"level": "WARNING"},
        "uvicorn": {"level": "WARNING", "handlers": [], "propagate": True},
        "uvicorn.error": {"level": "WARNING", "handlers": [], "propagate": True},
    },
}
structlog.configure(
    processors=[
        *_shared,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.format_exc_info,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)
