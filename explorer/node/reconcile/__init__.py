"""The reconciler: every ten seconds it compares the rows (what is wanted) with the engine (what is there)."""
