"""Parsers of hostile input, given anything. `targets` lists them; see CONTRIBUTING for how to run and how to add one."""
