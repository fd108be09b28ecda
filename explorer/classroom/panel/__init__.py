"""The admin panel: one module per table. What is changed here goes through services, and is asked of `classroom.access`."""
