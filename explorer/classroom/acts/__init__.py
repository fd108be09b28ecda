"""What an instructor does to a class or a seat, and the rules that follow from it (pause, locked steps)."""
