"""The web process must not carry the forecasting libraries: 200 MB that only the forecasting worker needs."""

from __future__ import annotations

import os
import subprocess
import sys

HEAVY = ("statsforecast", "pandas", "scipy", "statsmodels", "numpy")
PROGRAM = """
import sys
import django
django.setup()
import config.urls
print(*sorted(name for name in sys.argv[1:] if name in sys.modules), sep=",")
"""


def test_importing_every_url_leaves_the_forecasting_libraries_out() -> None:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings.test"}

    web = subprocess.run(
        [sys.executable, "-c", PROGRAM, *HEAVY], env=environment, capture_output=True, text=True, check=True
    )

    assert web.stdout.splitlines()[-1] == ""
