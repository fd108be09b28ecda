"""What Docker's own pages about networks say, a row for each command or statement: what is typed, what the page says, and where
this host is different, why. `tests/engine/test_docker_pages.py` types them; `table` writes what was seen."""
