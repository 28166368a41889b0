"""The stages of the round trip: each reads its documents and the lake, computes, and commits its tables.

Operators and tests call these. A stage is a function of the documents, the lake and `as_of` (a day: all that
was before its midnight, UTC, is seen); run again, it leaves the same tables. Each stands in a module of its
own, so that a task imports no more than it needs.
"""
