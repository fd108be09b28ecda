"""A learner's pages: home, drivers, lessons, the playground, and the sandbox beside them."""
