"""The wall of a class: a tile for each seat, who is stuck, who watches whom."""
