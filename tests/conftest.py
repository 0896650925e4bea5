"""What holds for all tests: laws are not timed, as machines are shared and some are slow; garbage is sought less often.

What is imported and collected lives until the end. Looking through all of it again and again took a third of the time of
the screens' tests.
"""

import gc

from hypothesis import HealthCheck, settings

settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

gc.set_threshold(50_000, 5, 4)


def pytest_collection_finish() -> None:
    """Leave out of later searches what all tests share."""
    gc.collect()
    gc.freeze()
