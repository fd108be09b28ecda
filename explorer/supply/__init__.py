"""What the product is made of: its Python, npm and Debian parts, and which of these have known vulnerabilities.

Pure: everything is read from files. No network is used, and no package manager is called.
"""
