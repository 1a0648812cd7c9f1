"""The memory of quota alerts: one hash in Redis that holds only namespaces with an active alert."""

from collections.abc import Iterator, Mapping

from pydantic import TypeAdapter, ValidationError
from redis.asyncio import Redis

from bot.alerts.quotas import Standing

STANDINGS_KEY = "quaymaster:alerts:quotas"

_standing = TypeAdapter(Standing)


class Standings(Mapping[str, Standing]):
    """The standings by namespace, as one sweep has seen them.

    A sweep changes only what nobody else has changed since: of several at once, one gets each change.
    """

    def __init__(self, redis: Redis, seen: Mapping[str, str]) -> None:
        self._swap = redis.register_script(_SWAP)
        self._seen = dict(seen)
        self._standings = {namespace: standing for namespace, text in seen.items() if (standing := _read(text))}

    @classmethod
    async def load(cls, redis: Redis) -> "Standings":
        """Read all of them at once."""
        seen: dict[bytes, bytes] = await redis.hgetall(STANDINGS_KEY)  # type: ignore[misc]  # typed for both clients
        return cls(redis, {namespace.decode(): value.decode() for namespace, value in seen.items()})

    def __getitem__(self, namespace: str) -> Standing:
        return self._standings[namespace]

    def __iter__(self) -> Iterator[str]:
        return iter(self._standings)

    def __len__(self) -> int:
        return len(self._standings)

    async def swap(self, changes: Mapping[str, Standing | None]) -> frozenset[str]:
        """Write (or, for None, forget) standings in one atomic step.

        Returns the namespaces for which it was done; the others were changed meanwhile, and stay untouched.
        """
        if not changes:
            return frozenset()
        new = {ns: _standing.dump_json(standing).decode() if standing else "" for ns, standing in changes.items()}
        triples = [part for ns, text in new.items() for part in (ns, self._seen.get(ns, ""), text)]
        done = frozenset(ns.decode() for ns in await self._swap(keys=[STANDINGS_KEY], args=triples))
        for namespace in done:
            self._remember(namespace, new[namespace], changes[namespace])
        return done

    def _remember(self, namespace: str, text: str, standing: Standing | None) -> None:
        self._seen[namespace] = text
        if standing:
            self._standings[namespace] = standing
        else:
            self._standings.pop(namespace, None)


def _read(text: str) -> Standing | None:
    """A standing that cannot be read (written by another version) counts as none, and is written anew."""
    try:
        return _standing.validate_json(text)
    except ValidationError:
        return None


_SWAP = """
local done = {}
for i = 1, #ARGV, 3 do
  local namespace, old, new = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  if (redis.call('HGET', KEYS[1], namespace) or '') == old then
    if new == '' then
      redis.call('HDEL', KEYS[1], namespace)
    else
      redis.call('HSET', KEYS[1], namespace, new)
    end
    done[#done + 1] = namespace
  end
end
return done
"""
