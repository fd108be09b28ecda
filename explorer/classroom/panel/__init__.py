"""The admin panel: one module per table. Whether something may be done is asked of `people.access`; it is done as elsewhere."""
