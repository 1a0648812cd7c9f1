"""The JSON Schema of permissions.yaml, for editors. What it cannot say, `quaymaster check` does."""

from typing import Any

from bot.permissions.policy import Policy


def schema() -> dict[str, Any]:
    """The schema, with a description of every key."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "permissions.yaml of Quaymaster",
        **{key: value for key, value in Policy.model_json_schema(by_alias=True).items() if key != "title"},
    }
