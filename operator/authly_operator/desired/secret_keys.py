"""The keys of a client's Secret: those that its secretTemplate names, and ours behind them.

The Secret itself says by which keys it was written, so that its client secret is found again after
secretTemplate.keys was edited, and no client is given a new one for that.
"""

import dataclasses
import json
from collections.abc import Iterable, Mapping
from typing import Any

from authly_operator import naming
from authly_operator.api.secret_template import SecretTemplate
from authly_operator.observed import Manifest, SecretData
from authly_operator.observed_clients import SecretSeen


def named(secret: Manifest, template: SecretTemplate) -> Manifest:
    """The Secret by the template's keys, and nothing that it does not name."""
    if template.keys is None:
        return secret
    names: Mapping[str, str] = template.keys.model_dump(exclude_none=True)
    data = {names[key]: text for key, text in secret["data"].items() if key in names}
    metadata = secret["metadata"]
    noted = {naming.SECRET_KEYS_ANNOTATION: json.dumps(names, sort_keys=True)}
    annotations = {**metadata.get("annotations", {}), **noted}
    return {**secret, "metadata": {**metadata, "annotations": annotations}, "data": data}


def canonical(found: SecretSeen | None) -> SecretSeen | None:
    """A Secret that was written by other keys as if it had ours; any other as it is."""
    names = _noted(found)
    if found is None or names is None:
        return found
    data = {ours: found.data.data[key] for ours, key in names.items() if key in found.data.data}
    return dataclasses.replace(found, data=SecretData(data))


def by_name(found: SecretSeen, ours: Iterable[str]) -> frozenset[str]:
    """By which keys a Secret has what goes by these keys of ours."""
    names = _noted(found) or {}
    return frozenset(names.get(key, key) for key in ours)


def _noted(found: SecretSeen | None) -> Mapping[str, str] | None:
    """By which keys the Secret was written; None where somebody has spoilt the annotation."""
    text = found.annotations.get(naming.SECRET_KEYS_ANNOTATION) if found is not None else None
    if text is None:
        return None
    try:
        names: Any = json.loads(text)
    except (ValueError, RecursionError):
        return None
    texts = isinstance(names, dict) and all(isinstance(key, str) for key in names.values())
    return names if texts else None
