"""What `manage.py sandbox` and `manage.py compare` do. Both run on the node's own machine."""
