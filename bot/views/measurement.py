"""How far a measurement of the registry is."""

from datetime import timedelta

from bot.quay.models import RegistrySize
from bot.slack.messages import Message
from bot.views.blocks import actions, button, message, section
from bot.views.text import code, duration, exact_size, size


def going_on(how: str, since: timedelta) -> Message:
    """It is queued or running, for so long."""
    said = f"Measuring the registry: {how} for {duration(since)}."
    stop = button("Stop following", "measurement_stop", "measurement")
    return message(said, (section(f"⏳ {said}"), actions([stop], "measurement")))


def ended(measured: RegistrySize) -> Message:
    """Quay is done."""
    said = f"The registry holds {size(measured.size_bytes)}."
    return message(said, (section(f"✅ *{said}*\n{exact_size(measured.size_bytes)}"),))


def left(state: str, since: timedelta) -> Message:
    """It takes longer than it is followed."""
    said = f"The measurement is still {state} after {duration(since)}. I've stopped checking."
    return message(said, (section(f"⏳ {said} {code('registry size')} shows the result."),))


def stopped() -> Message:
    """Its owner no longer wants to know."""
    said = "No longer followed. Quay is still measuring."
    return message(said, (section(f"🚫 {said} {code('registry size')} shows the result."),))
