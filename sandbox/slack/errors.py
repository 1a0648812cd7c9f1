"""How Slack says no."""

from collections.abc import Sequence
from dataclasses import asdict

from sandbox.slack.blocks import Problem
from sandbox.slack.model import Json


class SlackError(Exception):
    """A refusal: Slack's word for it, and what else the answer holds.

    An exception of its own since Slack refuses with status 200; the word is all that a caller can go by.
    """

    def __init__(self, code: str, **extra: object) -> None:
        super().__init__(code)
        self.code = code
        self.extra = extra

    def answer(self) -> Json:
        """The body of the answer."""
        return {"ok": False, "error": self.code, **self.extra}


def refusal(code: str, problems: Sequence[Problem]) -> SlackError:
    """Refuse blocks: the problems as blocks.validate tells them, and as sentences in response_metadata."""
    sentences = [f"[ERROR] {problem.message} [json-pointer:{problem.pointer}]" for problem in problems]
    return SlackError(code, errors=[asdict(one) for one in problems], response_metadata={"messages": sentences})
