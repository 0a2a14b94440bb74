"""The model server, run as `python -m weighbridge_server`: one version of one model a process."""
