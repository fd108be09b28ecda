"""Django finds the node's commands here."""
