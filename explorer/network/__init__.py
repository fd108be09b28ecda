"""What there is to see: the typed picture of a sandbox, and how text from the kernel's tools becomes it. Pure; no I/O."""
