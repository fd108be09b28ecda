"""What remains of a class: results, answers, and forgetting them."""
