"""Who may do what: every permission question; later, classes and seats."""
