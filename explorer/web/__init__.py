"""The pages of the site, as function views: one folder for each group of pages.

- `learn`: home, lessons, playground and the sandbox beside them. `comparisons`: choosing, the table, its parts and files.
- `seat`: a learner's pages of a class. `teach`: an instructor's pages. `edge`: what every request meets.

A view begins with who asks (`classroom.people.asker`, or a decorator of `teach.teaching`), calls a service of `sandboxes` or
`classroom`, and draws a template: a fragment when htmx asks, a whole page otherwise. Views write no rows of sandboxes and
never speak to a Docker engine; nodes do that work.

The page of a comparison is drawn by the server from the columns' rows and from what the link says: `show` (which columns, in
which order) and `predict` (questions in place of answers). When its stream has news, the page fetches the table again and
replaces what differs.

Embedded pages: `/embed/<lesson>/` is the page that listed sites may show in a frame (`edge.embedded.embeddable`). There no
cookie of ours can be relied on, so the page carries a signed pass. A middleware takes the cookies off its requests, lets them
reach only the views that a lesson needs, and asks for a valid pass.
"""
