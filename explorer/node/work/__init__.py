"""What a task does on the node: opening, resetting and closing a sandbox, and typing kept commands into it."""
