"""Lessons on a real sandbox: playing one, solving what an instructor brought, previewing a folder."""
