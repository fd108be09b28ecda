"""What `manage.py sandbox` and `manage.py compare` do, on the node's own machine."""
