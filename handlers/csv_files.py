"""Rows as a CSV file that no spreadsheet takes for formulas."""

import csv
import io
from collections.abc import Iterable, Sequence

from bot.views.text import spelt_out

_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")


def as_csv(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """A file in UTF-8 with a header; every cell is in quotes."""
    written = io.StringIO(newline="")
    writer = csv.writer(written, quoting=csv.QUOTE_ALL)
    writer.writerow(columns)
    writer.writerows([safe_cell(value) for value in row] for row in rows)
    return written.getvalue().encode("utf-8", errors="replace")


def safe_cell(value: str) -> str:
    """Text for a cell, without NUL and with hidden characters spelt out.

    What begins as a formula does, after any blanks, gets an apostrophe in front.
    """
    text = spelt_out(value.replace("\0", ""))
    return f"'{text}" if text.lstrip().startswith(_FORMULA) else text
