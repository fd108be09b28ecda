"""The node's commands of `manage.py`."""
