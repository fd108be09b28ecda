import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
CHILD = """
import time
from explorer.launch import parent
make = parent.make_above()
print("up" if make else "no make", flush=True)
while not parent.wants_us_to_stop(make):
    time.sleep(0.05)
print("heard", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_signal_to_make_alone_is_heard(tmp_path: Path, number):
    (tmp_path / "child.py").write_text(CHILD)
    (tmp_path / "Makefile").write_text(f"run:\n\t@{sys.executable} {tmp_path}/child.py\n")
    argv = ["make", "-C", str(tmp_path), "run"]
    make = subprocess.Popen(argv, env={"PYTHONPATH": str(TOP), "PATH": "/usr/bin:/bin"}, stdout=subprocess.PIPE, text=True)
    assert make.stdout
    lines = iter(make.stdout)
    assert any(line == "up\n" for line in lines)
    time.sleep(0.2)
    make.send_signal(number)
    assert any(line == "heard\n" for line in lines)
    make.wait(5)
    make.stdout.close()
