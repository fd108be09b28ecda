"""Lessons as data, and the questions (predicates) that a lesson asks of a snapshot. This package uses
neither Docker nor Django; it reads and writes files of lessons only.

A lesson is a folder: `lesson.toml` and one Markdown file per step (`model` has each field, `content/` the lessons themselves,
`docs/authoring.md` the form for authors). `load` reads and checks a lesson completely; an error names file and line.

- `conditions` turns the conditions of authors into one full form; `checks` evaluates them with the questions in `predicates`.
- `render` makes sanitised HTML of Markdown, with a button for each command in a block `run PLACE`.
- `summary` is the closing card of a lesson; `recording` is what was seen when a lesson was played, for nodes that cannot play
  it.
- `choices` are the cases of “Which one would you choose?”, with reasons that name a row of a comparison.
- `bundle` takes a zip or a folder that a person sent, within limits; `killercoda` makes a lesson of a Killercoda scenario;
  `sent` does both and reports what is wrong with file and line. Their input is hostile, so all three are fuzzed (`tests/fuzz`).
"""
