"""Who asks and what they may do: roles, access, the audit log, limits on rates, the signed passes of embedded pages.

A view for a learner begins with an `Asker` (`asker.py`): it holds learner, seat and class, which are read together once and
used for the whole request. `rules.py` says what a class allows its learners.

Embedded pages: on another site, browsers may send no cookie of ours. So the page carries a signed pass (`embed_pass.py`) which
names a learner that was made for this page, and sends it as a header or as a websocket's subprotocol. `access.learner_id`
answers from the pass or from the session. A learner's row is made when the reader first does something.
"""
