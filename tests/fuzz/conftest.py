"""Property tests are not timed: two loaded cores would make them fail by themselves."""

from hypothesis import settings

settings.register_profile("explorer", deadline=None)
settings.load_profile("explorer")
