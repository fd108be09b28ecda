"""The sweep that holds rows (what is wanted) and engine (what is there) against each other, every ten seconds."""
