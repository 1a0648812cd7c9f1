"""What is said of an execution: to Quay with it, to people after it."""

from typing import Literal

from bot.confirmations import Record
from bot.effects import Secret, Stamp
from bot.model.plans import Observation, Outcome, Verification

Keeping = Literal["none", "lost", "kept"]
"""What became of the secret in Quay's answer: there was none, Redis did not take it, or it waits for its owner."""


def still_fits(record: Record, observation: Observation) -> bool:
    """Whether the state is the one that was shown. Both offers of a record rest on the same state.

    An older version knew fewer facts, which its digest then is of; still nothing is done that its plan did not show.
    """
    first = record.offers[0]
    known = {name: value for name, value in observation.rests_on.items() if name in record.rests_on}
    basis = observation.model_copy(update={"operation": first.operation, "rests_on": known})
    return (
        observation.operation == record.offer.operation
        and basis.digest(first.arguments) == record.digest
        and set(observation.also) <= set(record.offer.also)
        and set(observation.plan.alarms) <= set(record.plan.alarms)
    )


def with_secret(verification: Verification, keeping: Keeping, secret: Secret | None) -> Verification:
    """What was found, and what became of the secret."""
    said = verification.sentence
    if keeping == "kept":
        said += " What is for the requester alone can be looked at once; 'pending' lists it until then."
    elif keeping == "lost" and secret:
        said += f" Quay took it, but {secret.label} could not be kept and is lost. The way out: {secret.way_out}"
    return verification.model_copy(update={"sentence": said})


def not_sent(reason: str) -> Verification:
    """That nothing was sent, and why."""
    return Verification(outcome=Outcome.FAILED, sentence=f"Nothing was changed. {reason}")


def stamp(record: Record) -> Stamp:
    """Who stands behind a change."""
    agreed = record.agreed(record.offer.operation)
    asked = record.requester_label
    return Stamp(
        change_id=record.id,
        approved_by=", ".join(f"{approval.label} ({approval.actor.user})" for approval in agreed),
        requested_by=f"{asked} ({record.requester.user})" if record.requester else asked,
    )
