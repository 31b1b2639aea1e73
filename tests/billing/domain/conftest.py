"""Property tests that do the same at every run, however busy the machine is."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("billing", deadline=None, derandomize=True)
settings.load_profile("billing")
