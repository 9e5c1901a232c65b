"""The local AWS: one account, all Regions, on one port, with real Lambda processes and faults on demand.

moto keeps the state of each service. This package stands in front of it and adds what a
recovery must be able to meet: late signatures are refused, conditional writes are atomic,
functions are real processes that can be killed or frozen, events travel, and any call can be
refused, delayed, lost or left hanging.
"""

ACCOUNT = "123456789012"
"""The one account. It is moto's own default, so its resources and ours bear the same number."""
