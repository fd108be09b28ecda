"""The relay: one asyncio process on each node that sees every running sandbox there.

`process` follows rows and orders, `sandbox_watch` is one sandbox as the relay sees it, `telling` makes events and a snapshot of
what was seen. The others each carry out one kind of order: terminals, captures, journeys, the reachability grid, a column of a
comparison, a lesson's checks.
"""
