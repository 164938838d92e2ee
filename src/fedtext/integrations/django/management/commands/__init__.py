"""Commands of `manage.py`; Django finds them by their file's name."""
