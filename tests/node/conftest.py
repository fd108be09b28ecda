from hypothesis import settings

from tests.one_node import *  # noqa: F403

settings.register_profile("explorer", deadline=None)  # the machine may be busy
settings.load_profile("explorer")
