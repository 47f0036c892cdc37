"""What a process costs: its own work and its children's, told apart from everybody else's."""

import os
import subprocess
import sys
from time import process_time

from services.operator.bench.cpu import cpu_seconds, spent

_WORK = "from time import process_time\nwhile process_time() < 0.3: pass"


def test_work_is_counted_where_it_was_done_by_the_process_or_a_child() -> None:
    pids = {"gateway": os.getpid(), "worker-1": os.getpid()}
    before = cpu_seconds(pids)
    until = process_time() + 0.2
    while process_time() < until:
        pass
    subprocess.run([sys.executable, "-c", _WORK], check=True)

    after = cpu_seconds(pids)

    assert after.keys() == {"gateway"}
    assert after["gateway"] - before["gateway"] > 0.4


def test_what_the_parent_does_is_not_the_child_s() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as idle:
        until = process_time() + 0.2
        while process_time() < until:
            pass
        assert cpu_seconds({"gateway": os.getpid(), "records": idle.pid})["records"] < process_time()
        idle.communicate(b"\n")


def test_a_process_that_is_gone_costs_nothing_more() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()

    assert cpu_seconds({"gateway": ended.pid}) == {"gateway": 0.0}


def test_what_requests_cost_is_told_of_each_process_and_of_all() -> None:
    used = [{"gateway": 0.002, "records": 0.010}, {"gateway": 0.004, "records": 0.030}]

    assert spent(used) == {"gateway": 3.0, "records": 20.0, "all": 23.0}
