"""A learner's pages: home, a driver, a lesson, the playground, the sandbox beside them."""
