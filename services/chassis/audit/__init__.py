"""The audit trail: append-only, chained by hash, sealed by a key and by checkpoints that the database does not hold.

An event is written in the transaction of what it tells of. Of each organization there are `LANES` chains: a transaction
links its events to one of them, and waits only for those few that chose the same (docs/adr/0012).
"""
