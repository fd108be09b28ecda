"""A learner's pages of a class: joining it, the bar on every page, and links as QR codes."""
