"""Fixtures of the fault suite: a mail server that outlives every node, and how many rounds are
run."""

import os
import pathlib
import random
import sys

import pytest

# The server of the Python suite serves here too.
sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "python"))

from mail_sink import MailSink  # noqa: E402


@pytest.fixture(scope="module")
def mail():
    with MailSink() as sink:
        yield sink


@pytest.fixture
def rounds():
    return int(os.environ.get("COGNATE_FAULT_ROUNDS", "20"))


@pytest.fixture(scope="module")
def chance():
    """What the run leaves to chance, by a seed that a failure shows and COGNATE_FAULT_SEED repeats
    (but for the clock's part in it)."""
    seed = os.environ.get("COGNATE_FAULT_SEED") or str(random.SystemRandom().randrange(10**9))
    print(f"COGNATE_FAULT_SEED={seed}")
    return random.Random(seed)
