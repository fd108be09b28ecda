"""An instructor's pages: classes, the wall, actions, results, and lessons of their own."""
