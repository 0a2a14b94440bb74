"""The whole system on one machine, for `make up`."""
