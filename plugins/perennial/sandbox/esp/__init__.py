"""A stand-in e-mail service provider for demos and tests: the SendGrid endpoints that Perennial uses.

Contacts, lists and suppressions come in over the provider's API; a marketer's campaigns come in under
`/sandbox/`; signed event webhooks about simulated recipients go out. It sends no e-mail to anyone.
"""
