import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from services.operator.locks import InheritedLock, LockHeldError, LockStuckError

StartScript = Callable[..., "subprocess.Popen[str]"]

# Takes the lock, hands it to a child that lives until our standard input ends, and tells its pid.
OWN_AND_BEQUEATH = """
import subprocess, sys
from pathlib import Path
from services.operator.locks import InheritedLock

lock = InheritedLock(Path(sys.argv[1]))
lock.acquire(0)
heir = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"],
                        pass_fds=(lock.descriptor,))
print(heir.pid, flush=True)
heir.wait()
"""


def test_a_lock_of_a_live_owner_is_refused_by_its_id(tmp_path: Path, start_script: StartScript) -> None:
    owner = start_script(OWN_AND_BEQUEATH, tmp_path / "lock")
    assert owner.stdout is not None
    owner.stdout.readline()

    with pytest.raises(LockHeldError, match=str(owner.pid)):
        InheritedLock(tmp_path / "lock").acquire(30)

    assert InheritedLock(tmp_path / "lock").owner() == owner.pid


def test_a_lock_outlives_its_owner_in_the_heir(
    tmp_path: Path, start_script: StartScript, wait_for_exit: Callable[[int], None]
) -> None:
    owner = start_script(OWN_AND_BEQUEATH, tmp_path / "lock")
    assert owner.stdout is not None
    assert owner.stdin is not None
    heir = int(owner.stdout.readline())
    owner.kill()
    owner.wait()
    lock = InheritedLock(tmp_path / "lock")

    assert lock.owner() == 0
    with pytest.raises(LockStuckError):
        lock.acquire(0)
    with pytest.raises(LockStuckError):
        lock.wait_until_free(0)

    owner.stdin.close()
    wait_for_exit(heir)
    lock.wait_until_free(0)
    lock.acquire(0)
    lock.release()


def test_a_lock_never_taken_has_no_owner_and_is_free(tmp_path: Path) -> None:
    lock = InheritedLock(tmp_path / "lock")

    assert lock.owner() == 0
    lock.wait_until_free(0)
