"""Docker Engine: what its versions are called."""

from __future__ import annotations

from explorer.network.engines.versions import DEFAULT_ENGINE, engine_of, in_order, in_words, is_engine, usual

__all__ = ["DEFAULT_ENGINE", "engine_of", "in_order", "in_words", "is_engine", "usual"]
