"""A simulated Quay: a real HTTP server that answers the superuser API as a real Quay was recorded to answer.

It is an independent double, for trying the bot out and for testing it: nothing here knows the bot, nothing is
shared with its client, and its facts come from the recordings, not from the published documentation.

- `state` holds what a registry is made of, `seed` fills one with a believable population.
- `schema`, `answers` and `views` say things in Quay's words: validator texts, error shapes, JSON objects.
- `dispatch` finds the resource and does Quay's checks in Quay's order; each `routes_*` module is one noun.
- `enforcement` decides on pushes as Quay's quotas do.
- `faults` says what goes wrong, `gateway` makes it go wrong: slow, failing, silent, odd; `control` is the sandbox's
  own door.
- `app.create_app` puts them together.

Tokens of the seeded registry: `sandbox-superuser`, `sandbox-readonly` (a global read-only superuser),
`sandbox-noscope` (a superuser's token without the scope `super:user`), `sandbox-user` (an ordinary user).
Every other one is unknown or expired, `sandbox-expired` for example.
"""
