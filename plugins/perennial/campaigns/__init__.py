"""Campaigns in, e-mails to the members of audiences out, each once, over any mail server.

`definition` says what is sent, `recipients` to whom, `rendering` and `message` make the e-mail, `ledger`
remembers every one of them before and after it is handed over, `smtp` hands it over, and `send` puts these
in order. `tokens` are what comes back in the links of an e-mail, `notifications` what mail servers report
later.
"""
