"""A lock of a dead Snakemake is removed, one of a living Snakemake is not."""

import subprocess
import sys

HOLD = """
import sys
from hydronexus.locking import release_stale_lock
print(release_stale_lock(sys.argv[1]), flush=True)
if len(sys.argv) > 2:
    sys.stdin.read()
"""


def test_a_lock_left_by_a_dead_process_is_removed(tmp_path):
    lock = tmp_path / ".snakemake" / "locks" / "0.input.lock"
    lock.parent.mkdir(parents=True)
    lock.touch()
    done = subprocess.run([sys.executable, "-c", HOLD, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"
    assert not lock.exists()


def test_a_lock_of_a_living_process_stays(tmp_path):
    command = [sys.executable, "-c", HOLD, str(tmp_path), "wait"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline().strip() == "True"
        lock = tmp_path / ".snakemake" / "locks" / "0.input.lock"
        lock.parent.mkdir(parents=True)
        lock.touch()
        second = subprocess.run([sys.executable, "-c", HOLD, str(tmp_path)], capture_output=True, text=True, check=True)
        assert second.stdout.strip() == "False"
        assert lock.exists()
        holder.kill()
