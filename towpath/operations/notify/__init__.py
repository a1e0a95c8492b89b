"""Messages about runs and deployments to people: Slack, Teams, Discord, e-mail and webhooks.

`slack_sdk` and `apprise` were looked at and not taken. slack_sdk 3.48 has no dependencies, serves
one of six kinds, writes the webhook's address to its debug log, and sleeps for as long as a
server's Retry-After says. apprise 2.3 brings ten packages, puts secrets into the addresses that it
is configured by, lets nobody choose the blocks of a message, and signs nothing. `requests` and
`smtplib`, which are here anyway, need one module each.
"""
