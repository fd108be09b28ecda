"""The Docker Network Explorer: learn Docker's network drivers on real Docker hosts of one's own."""
