"""The command line as a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command line with nothing in the environment but this."""
    clean = {"PATH": os.environ["PATH"], **environment}
    command = [sys.executable, "-m", "bot.cli", *arguments]
    return subprocess.run(command, capture_output=True, env=clean, cwd=ROOT, text=True, check=False, timeout=30)
