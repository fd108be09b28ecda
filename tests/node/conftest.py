from tests.one_node import *  # noqa: F403
