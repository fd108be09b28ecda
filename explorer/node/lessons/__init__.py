"""Lessons on a real sandbox: playing a lesson, checking an instructor's lesson by playing it, and previewing a folder."""
