"""The form of a comparison's JSON as JSON Schema, made from the model. It is for programs that read the JSON."""

from __future__ import annotations

import json

from explorer.network.comparison.model import Comparison

TITLE = "A comparison of the Docker Network Explorer"


def schema() -> str:
    made = Comparison.model_json_schema(mode="serialization")
    made["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    made["title"] = TITLE
    return json.dumps(made, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
