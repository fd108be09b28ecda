"""Commands of `manage.py` for whoever runs the installation."""
