"""Seeing a sandbox from outside: which namespaces there are, what is in each, and what changed."""
