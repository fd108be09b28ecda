"""Sandboxes that open and close while parts are hit: `python -m bench.churn --minutes 60`. What leaks stands in its table."""
