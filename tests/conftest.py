"""What several test files begin with."""

import os
from collections.abc import Iterator

import pytest

from errata.sandbox import tiers
from errata.sandbox.worker import Worker


@pytest.fixture(scope="module", params=[1, 2], ids=["tier 1", "tier 2"])
def tier(request: pytest.FixtureRequest) -> int:
    """Each tier in turn; skipped where the machine refuses it, but for CI, where that is a failure."""
    lacking = [m.reason for m in tiers.probe().missing if m.tier == request.param]
    if lacking:
        assert not os.environ.get("CI"), lacking[0]
        pytest.skip(f"this machine refuses tier {request.param}: {lacking[0]}")
    return request.param


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    """One judge of the best tier that this machine holds, for the tests of a module one after the other."""
    made = Worker()
    yield made
    made.close()
