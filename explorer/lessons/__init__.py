"""What is taught: lessons as data, and predicates over a snapshot. Pure; no Docker, no Django."""
