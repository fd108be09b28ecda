"""When a learner counts as stuck, and that it is said why."""

from explorer.classroom.wall.stuck import Effort, usual_times, why_stuck


def test_many_commands_and_no_tick():
    assert why_stuck(Effort(commands=14), None) == "14 commands on this step and nothing ticked"
    assert why_stuck(Effort(commands=11), None) == ""


def test_many_hints_and_no_tick():
    assert why_stuck(Effort(hints=3), None) == "3 hints on this step and nothing ticked"


def test_much_longer_than_the_class_needed():
    assert why_stuck(Effort(on_step=12 * 60), 4 * 60) == "12 min on this step; the class needed 4 min"
    assert why_stuck(Effort(on_step=9 * 60), 4 * 60) == ""


def test_a_short_step_is_not_worth_a_word():
    assert why_stuck(Effort(on_step=4 * 60), 20) == ""
    assert why_stuck(Effort(on_step=6 * 60), 20) == "6 min on this step; the class needed 20 s"


def test_when_the_class_cannot_tell_a_long_time_is_one():
    assert why_stuck(Effort(on_step=19 * 60), None) == ""
    assert why_stuck(Effort(on_step=21 * 60), None) == "21 min on this step"


def test_idle_counts_only_for_who_is_here():
    assert why_stuck(Effort(idle=7 * 60), None) == "here, and no sign for 7 min"
    assert why_stuck(Effort(idle=7 * 60, here=False), None) == ""


def test_what_was_done_comes_before_how_long_it_took():
    assert why_stuck(Effort(commands=20, on_step=3600, idle=3600), 60.0).startswith("20 commands")


def times(*seconds):
    return [("bridge", {"publish": {"begun": 100.0, "done": 100.0 + took}}) for took in seconds]


def test_the_class_needs_its_median():
    assert usual_times(times(60, 240, 900)) == {("bridge", "publish"): 240.0}


def test_two_learners_are_not_a_class():
    assert usual_times(times(60, 240)) == {}


def test_a_step_that_is_not_done_tells_nothing():
    assert usual_times([("bridge", {"publish": {"begun": 1.0}})] * 5) == {}
