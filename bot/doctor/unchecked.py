"""Why a check can't be made."""


class Unchecked(Exception):
    """A check needs something that isn't there, which another check reports. Says so in a sentence."""
