"""What the set-up and the checks need to look at the code: no server, nothing secret, no state."""

from __future__ import annotations

from typing import Any

from config.settings.base import *  # noqa: F403 - settings build on one another

SECRET_KEY = "the-set-up-signs-nothing-with-this-key-and-neither-does-anybody"  # noqa: S105 - protects nothing
DATABASES: dict[str, Any] = {}
