"""An instructor's pages: classes, the wall, actions, results, lessons of their own."""
