"""SQLite for processes with rights: Django's backend, which opens the database's files as the owner of their directory.

The web process owns the database and its directory. Whoever owns these can plant a journal or a link beside the database, and
SQLite in a process of root would then delete or make any file. So in such a process every call of SQLite has the file rights of
the directory's owner, and nothing more.
"""
