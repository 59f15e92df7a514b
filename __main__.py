"""``python -m makegood`` is the command ``makegood``."""

from .cli.main import run

run()
