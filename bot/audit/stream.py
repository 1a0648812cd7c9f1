"""Where the record is kept in Redis, and how an entry gets into it."""

import re

from bot.audit.entry import BEGINNING, Head

STREAM = "quaymaster:audit"
HEAD = "quaymaster:audit:head"
PAGE = 500
"""Entries that are read in one go."""

APPEND = """
local function append(stream, at, before, after, body, hash, seal)
  local head = redis.call('GET', at) or ''
  if head ~= before then return head end
  redis.call('SET', at, after)
  redis.call('XADD', stream, '*', 'body', body, 'hash', hash, 'seal', seal)
  return after
end
"""
"""Lua that appends an entry where the head is as expected, and returns the head that there is then."""


def read_head(stored: bytes | None) -> Head:
    """Read what the head's key holds; whatever is not a head counts as none, and verifying will show it."""
    found = re.match(rb"(\d{1,18}) ([0-9a-f]{64})\b", stored or b"")
    return (int(found[1]), found[2].decode()) if found else BEGINNING
